/* trial_file.h - a *.http file, read: requests, and what is expected of each.
 *
 *   ### any title                    starts a request
 *   # @time 2026-01-02T03:04:05Z     also @remote, @script, @route, @vars,
 *                                    @id, and @bytes: the exact length of a
 *                                    body, which may then hold anything;
 *                                    @follows in the first: what is in the
 *                                    store is what the file before left there
 *   POST /path?query HTTP/1.1        the version may be left out
 *   Name: value
 *                                    an empty line, then the body, or
 *   < ./file                         the bytes of a file beside this one
 *   ### expect 204 text              the status, and a part of the answer
 *   measurement,tag=x field=1        a point a line, in any order
 *   kept: text                       a part of a reason why it is kept
 *
 * The newline before a ### is not body, nor is an empty line before it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attempt.h"
#include "buf.h"

struct error;

struct trial_case {
    char *title;
    unsigned line;     /* of its title or request line */
    bool has_expect;   /* else it is only sent */
    int status;        /* expected; default 204 */
    char *message;     /* a part of the answer, "" if nothing was said */
    struct buf lines;  /* expected points, a line each */
    struct buf kept;   /* of each `kept:` line the text behind it */
    size_t expect_at;  /* where "### expect" stands in the file, in bytes */
    size_t expect_end; /* where what is expected ends */
    struct attempt_request request;
};

struct trial_file {
    struct trial_case *cases;
    size_t count;
    bool follows;    /* its requests share the store of the file before */
    struct buf text; /* of the whole file, if trial_file_read read it */
};

/* ERR_USAGE with "file:line: " for what is no such file; *file is to be
 * deinited in any case. */
bool trial_file_read(const char *path, struct trial_file *file,
                     struct error *err);
/* The same from text; path is for messages, and for files named in it. */
bool trial_file_parse(const char *path, struct text text,
                      struct trial_file *file, struct error *err);
void trial_file_deinit(struct trial_file *file);
