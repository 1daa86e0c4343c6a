/* multipart.h - a multipart body (RFC 2046, RFC 7578) as a list of its parts.
 *
 * Parts point into the body, the list lives in an arena: nothing is copied but
 * a name with an escaped quote. Lines may end with LF alone. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "pairs.h"
#include "text.h"

struct arena;
struct error;

struct part {
    struct text name;     /* at NULL: none was said */
    struct text filename; /* at NULL: none was said */
    struct text type;     /* its Content-Type as written; at NULL: none */
    struct pairs headers;
    struct text body;
};

struct parts {
    struct part *items; /* in the order they came */
    size_t count;
    size_t capacity;
};

/* The boundary that a Content-Type names. ERR_BAD_REQUEST if it does not. */
bool multipart_boundary(struct text content_type, struct arena *arena,
                        struct text *boundary, struct error *err);

/* Adds the parts of body. ERR_BAD_REQUEST "offset 12: ..." for a body without
 * the boundary, a part that never ends, a header that is none; ERR_TOO_LARGE
 * past LIMIT_PARTS, LIMIT_PART_HEADERS or the arena. */
bool multipart_read(struct text body, struct text boundary, struct parts *parts,
                    struct arena *arena, struct error *err);
