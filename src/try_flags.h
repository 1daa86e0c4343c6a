/* try_flags.h - the command line of `try`: its own flags and curl's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attempt.h"

struct error;

struct try_flags {
    const char *config; /* -c */
    const char *script; /* -s */
    const char *file;   /* the x.http that was given, or NULL */
    size_t further;     /* requests in it, beside the first */
    bool has_target;    /* a path or URL was given */
    bool is_joined;     /* -d took newlines out between other bytes */
    struct attempt_request request;
};

/* Reads the body too. ERR_USAGE; *flags is to be deinited in any case. */
bool try_flags_read(int argc, char **argv, struct try_flags *flags,
                    struct error *err);
void try_flags_deinit(struct try_flags *flags);
