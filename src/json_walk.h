/* json_walk.h - goes through JSON that somebody else wrote, value by value,
 * also when its end is missing.
 *
 * No tree and no memory: what comes out points into the text. It is not strict:
 * what is no JSON ends the walk. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct json_walk {
    struct text rest;
    unsigned depth; /* how many objects and arrays are open */
};

enum json_kind {
    JSON_OPEN,   /* of an object or array: its members follow */
    JSON_CLOSE,  /* of the last one opened */
    JSON_STRING, /* raw is what stands between the quotes */
    JSON_OTHER   /* a number, true, false, null: raw is as written */
};

struct json_value {
    enum json_kind kind;
    unsigned depth;  /* 0: the document itself, 1: a member of it ... */
    struct text key; /* raw; empty outside of objects */
    struct text raw;
    bool is_cut; /* the text ends within it */
};

/* False: there is nothing more. */
bool json_walk_next(struct json_walk *walk, struct json_value *value);

/* A string's raw bytes as what they mean, written to out, which has room for
 * raw.len bytes; returns how many it took. A lone surrogate becomes U+FFFD, an
 * escape that there is not stays as it is. */
size_t json_walk_unescape(struct text raw, char *out);
