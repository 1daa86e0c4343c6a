/* match.h - Lua's patterns over bytes, in steps that are counted.
 *
 * The patterns are those of the Lua 5.4 reference manual, 6.4.1. A pattern is
 * compiled once, which finds every fault in it; matching then cannot fail, only
 * take too long, and it can pause. Depth is no matter: there is no recursion.
 * Nothing here knows Lua, and nothing allocates: the caller gives the room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "match_program.h"
#include "text.h"

enum {
    MATCH_STEPS = 1000000,    /* of one search, and: */
    MATCH_STEPS_PER_BYTE = 64 /* of its subject: honest work is linear */
};

/* Offsets in the subject. A position capture has to == MATCH_POSITION. */
#define MATCH_POSITION SIZE_MAX
struct match_range {
    size_t from, to;
};

enum match_end { MATCH_NONE, MATCH_FOUND, MATCH_PAUSED, MATCH_TOO_LONG };

/* A search, and what it found: filled here, for others to read. */
struct match {
    struct match_program *pattern;
    struct text subject;
    uint64_t steps;  /* used by this search so far */
    uint64_t budget; /* of steps */
    struct match_range whole;
    struct match_range captures[MATCH_CAPTURES];
    size_t ended;        /* where the match before ended: none is empty there */
    uint64_t stop_at;    /* steps at which to pause */
    struct match_op *op; /* where the search goes on */
    const uint8_t *at;
    const uint8_t *start;
};

/* Finds nothing until match_start. The three must live as long as it does. */
void match_init(struct match *match, struct match_program *pattern,
                struct text subject);

/* Starts a search at that offset, at most the subject's length, with a budget
 * of its own. After a match was found, another from its end does not find an
 * empty one at that very place. */
void match_start(struct match *match, size_t from);

/* Searches. MATCH_PAUSED after about that many steps: call again to go on. A
 * step is a few nanoseconds. */
enum match_end match_run(struct match *match, uint64_t steps);
