/* recorded.h - a request as a recorded test (see trial_file.h), without its
 * secrets (see secrets.h).
 *
 * What is written reads back as the same request: method, path, query, headers
 * and every byte of the body. A compressed body is written as what was in it;
 * one that could not be unpacked as it came, with its Content-Encoding. What
 * the wire needs alone (Content-Length and the like) is left out. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct buf;
struct error;
struct request;
struct route;

/* A line "# @name value"; control bytes in value become blanks, each further
 * line of it a comment of its own. */
struct recorded_note {
    const char *name; /* "reason" */
    struct text value;
};

struct recorded_options {
    const char *title; /* behind ###; NULL: the method and the pattern */
    const struct recorded_note *notes; /* besides @time @remote @id @route */
    size_t note_count;
};

/* Appends to out: title, annotations, request line, headers, body, newline.
 * The request is one that came through a door (method known, path from '/'),
 * and request_decode has seen it, though it may have failed. route, and what it
 * says of secrets, may be NULL; so may options. ERR_TOO_LARGE past the ceiling
 * of out, ERR_BAD_REQUEST for a method or path that no route can have; out is
 * then as before. */
bool recorded_write(struct buf *out, const struct request *request,
                    const struct route *route,
                    const struct recorded_options *options, struct error *err);

/* What can stand behind "### expect 204 " of an answer: a part of its first
 * line, at most 500 bytes. */
struct text recorded_message(struct text answer);

/* What is expected, behind recorded_write: an empty line, "### expect STATUS
 * MESSAGE" (of message what recorded_message makes of it), then lines, which
 * are whole lines. */
bool recorded_write_expect(struct buf *out, int status, struct text message,
                           struct text lines, struct error *err);
