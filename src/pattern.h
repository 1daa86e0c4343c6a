/* pattern.h - Lua's patterns, matched within a bounded number of steps.
 *
 * What the manual says of patterns (6.4.1), by a matcher that counts what it
 * does: one that tries too many ways to match ends with a problem, where Lua's
 * own goes on for hours on some texts of a few thousand bytes. Nothing is
 * allocated, and the texts belong to the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum {
    PATTERN_CAPTURES = 32,
    PATTERN_STEPS = 2000000, /* some 10 ms: a step is a byte looked at */
};

struct pattern_capture {
    size_t start;
    size_t len;
    bool is_open;     /* its parenthesis is not closed yet */
    bool is_position; /* "()": start is what was asked for */
};

struct pattern {
    struct text text;
    struct text subject;
    size_t at;       /* where the next search begins */
    size_t last_end; /* of the match before; SIZE_MAX: none */
    bool is_anchored;
    uint32_t steps_left;
    int depth;
    const char *problem; /* why there was no answer; NULL: there was */
    size_t capture_count;
    struct pattern_capture captures[PATTERN_CAPTURES];
};

/* Searches begin at offset at, at most subject.len. A ^ in front binds the
 * search to that place, unless ignores_anchor. */
void pattern_init(struct pattern *pattern, struct text text,
                  struct text subject, size_t at, bool ignores_anchor);

/* The next match, its captures in pattern->captures. False: none, or a
 * problem. Matches do not overlap, and an empty one does not follow on the
 * heels of another. */
bool pattern_next(struct pattern *pattern, struct text *whole);
