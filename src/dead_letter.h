/* dead_letter.h - the text of a dead letter: written, and read again.
 *
 * Two kinds, see dead.h: a whole request as a recorded test, and the two lines
 * of a point. All texts that a reader hands out are views of what it was given.
 * Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct buf;

/* ---- requests ---- */

struct dead_request {
    struct text title; /* the first line, with its newline, if it begins ### */
    struct text id;    /* of the annotations; empty: not there */
    struct text time;
    struct text remote;
    struct text route;
    struct text reason;
    struct text key;     /* ours: what it is compared by, 16 hex digits */
    struct text line;    /* the request line, "POST /x?y HTTP/1.1" */
    struct text headers; /* their lines */
    struct text body;    /* all behind the empty line */
    bool has_body;       /* the empty line was there; else the text was cut */
};

/* 16 hex digits, as a request's id has them. */
bool dead_is_id(struct text text);

/* False: there is no request line. A text that is cut behind it will do. */
bool dead_request_read(struct text text, struct dead_request *request);

/* The same sender, method, path, query, headers, body, route and reason: all
 * that a script can look at, but for the time. */
bool dead_request_equal(const struct dead_request *a,
                        const struct dead_request *b);
/* Equal ones have equal keys. */
uint64_t dead_request_key(const struct dead_request *request);

/* The same text with another reason: what was said of the failure before is
 * gone. details, which may be empty, become comments below it. */
bool dead_request_rewrite(struct buf *out, struct text text, struct text reason,
                          struct text details);
/* The same text without our key: as it was recorded. */
bool dead_request_plain(struct buf *out, struct text text);

/* ---- points ---- */

enum { DEAD_NAME_BYTES = 40 };

/* A point that was refused. */
struct dead_point {
    uint64_t seq;           /* in the output's journal; 0: see name */
    struct text line;       /* without its newline */
    int status;             /* the server's; 0: none */
    const char *request_id; /* the server's; NULL: none */
    struct text reason;     /* kept as one line of at most 500 bytes */
    const char *name;       /* if seq is 0: "<request id>.<n>" */
};

/* The same, read. */
struct dead_letter {
    struct text name;
    struct text time;
    int status;
    struct text request_id; /* "-": none */
    struct text reason;
    struct text line;  /* the point, without its newline */
    struct text whole; /* both lines */
};

/* The two lines; false: out is full. */
bool dead_letter_write(struct buf *out, const struct dead_point *point,
                       int64_t wall_ns);
/* Takes the next one off *rest; false: there is none. What is no letter is
 * skipped. */
bool dead_letter_next(struct text *rest, struct dead_letter *letter);

/* When a letter came again: a line of <id>.again, all of one length. */
struct dead_again {
    struct text id; /* 16 hex digits, what that sender was told */
    struct text time;
};
enum {
    DEAD_AGAIN_BYTES = 48,
    DEAD_AGAIN_MOST = 1000,
    DEAD_AGAIN_FILE_BYTES = DEAD_AGAIN_BYTES * (DEAD_AGAIN_MOST + 1)
};
void dead_again_write(const struct dead_request *request,
                      char out[DEAD_AGAIN_BYTES + 1]);
/* Takes the next one off *rest; false: there is none. What a crash left of a
 * line is skipped. */
bool dead_again_next(struct text *rest, struct dead_again *again);

/* The first line of a file of letters: how many there are, and the time of the
 * latest. */
bool dead_head_write(struct buf *out, uint64_t count, int64_t wall_ns);
bool dead_head_read(struct text text, uint64_t *count, int64_t *wall_ns);
