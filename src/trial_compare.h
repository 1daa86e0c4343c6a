/* trial_compare.h - expected points against made ones, by meaning.
 *
 * Tags and fields may stand in any order, 21.50 is 21.5, and an expected line
 * without a time means the receipt time. Points match in any order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct buf;
struct error;

struct trial_difference {
    struct buf
        *report; /* lines that begin with "-" (expected, not made), "+"
                    (made, not expected) or two blanks (an explanation) */
    bool is_equal;
};

/* Both are whole lines of line protocol. ERR_USAGE for an expected line that
 * is none; the text says which, counted from 1. */
bool trial_compare(struct text expected, struct text made, int64_t receipt_ns,
                   struct trial_difference *difference, struct error *err);
