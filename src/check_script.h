/* check_script.h - what the first request would find in a script: names that
 * are not there, and what is not allowed while a request runs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct script;

struct check_script {
    const char *path;              /* for messages */
    struct text text;              /* which compiles */
    struct script *const *scripts; /* that the file was loaded into: a name that
                                    * one of them has is known */
    size_t script_count;
    bool is_module; /* what it returns is no handler of requests */
    /* Called for each mistake with "path:line: message". */
    void (*tell)(const char *mistake, void *context);
    void *context;
};

void check_script(const struct check_script *check);
