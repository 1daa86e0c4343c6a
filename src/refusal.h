/* refusal.h - the lines that an answer names as refused, and why.
 *
 * A line is named only if there is no doubt which one is meant; equal lines are
 * named together. What is kept is bounded by the answer's size and
 * LIMIT_REFUSALS. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "claims.h"
#include "text.h"

struct words;

struct refusal {
    size_t line;        /* counted from 0, of those that were sent */
    struct text reason; /* the server's words: one line of printable UTF-8 */
};

struct refusals {
    struct refusal *items; /* by line, each line once; until the next read */
    size_t count;
    size_t line_count;  /* of those that were sent */
    size_t unclear;     /* complaints that fit no line, or several */
    bool is_incomplete; /* there may be more complaints than we could read */

    /* For refusal.c alone. */
    struct claims claims;
    struct refusal_match *matches;
    size_t match_count;
    size_t match_capacity;
    uint32_t *heads;    /* of the lists of claims */
    unsigned *readings; /* of each entry: how many of its claims fit */
    struct buf texts;
};

void refusals_init(struct refusals *refusals);
void refusals_deinit(struct refusals *refusals);
/* None is named. */
void refusals_clear(struct refusals *refusals);
/* lines: as sent, each with its newline. */
void refusals_read(struct refusals *refusals, const struct words *words,
                   struct text body, struct text lines);
/* Names the only line that was sent, for what the words say. */
void refusals_name_only(struct refusals *refusals, const struct words *words);
