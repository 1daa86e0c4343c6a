/* match_program.h - one of Lua's patterns, compiled to a list of operations.
 *
 * The patterns are those of the Lua 5.4 reference manual, 6.4.1. Compiling
 * finds every fault there can be; nothing allocates, the caller gives the room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "charset.h"
#include "error.h"
#include "text.h"

enum { MATCH_CAPTURES = 32 };

enum match_kind {
    OP_START,   /* there is no way back any more */
    OP_LITERAL, /* the bytes from low to high, in the pattern */
    OP_ONE,     /* of set */
    OP_MAYBE,   /* of set, as the next three; low to high: ends left to try */
    OP_STAR,
    OP_PLUS,
    OP_LAZY,     /* low: its end */
    OP_OPEN,     /* the capture number first */
    OP_CLOSE,    /* the same */
    OP_POSITION, /* the same */
    OP_AGAIN,    /* what the capture number first holds */
    OP_BALANCED, /* from the byte first to the byte last */
    OP_FRONTIER, /* between a byte not of set and one of set */
    OP_END,      /* of the subject */
    OP_FOUND
};

struct match_op {
    uint8_t kind;
    uint8_t first, last;
    bool is_last;  /* repeats up to the end of the subject, or in vain */
    uint32_t back; /* the index of the nearest choice before it */
    const struct charset *set;
    const uint8_t *low, *high;
};

struct match_program {
    unsigned op_count, set_count, capture_count;
    bool is_anchored;
    const struct match_op *begin; /* what a match must begin with, or NULL */
    struct charset *sets;         /* behind the operations */
    struct match_op ops[];
};

/* Room for a pattern of that many bytes, aligned as for any object. */
size_t match_program_bytes(size_t len);

/* False: a fault in the text (ERR_SCRIPT), with the byte where it is. The text
 * must outlive the pattern. Without has_anchor a '^' at its begin is a byte. */
bool match_program_compile(struct match_program *pattern, struct text text,
                           bool has_anchor, struct error *err);
