/* trial_compare.h - expected points against made ones, by meaning.
 *
 * Tags and fields may stand in any order, 21.50 is 21.5, and an expected line
 * without a time means the receipt time. Points match in any order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct buf;
struct error;

/* What became of an expected line. */
struct trial_fate {
    bool was_made;       /* by meaning */
    bool has_time;       /* the expected line says one */
    struct text instead; /* else the line that was probably meant; at NULL: no
                          * such point was made */
};

/* The texts point into the lines that were made. */
struct trial_difference {
    bool is_equal;
    struct trial_fate *fates; /* of the expected lines, in their order */
    size_t fate_count;
    struct text *unforeseen; /* lines that nobody expected */
    size_t unforeseen_count;
};

/* Both are whole lines of line protocol. Appends to report: lines that begin
 * with "-" (expected, not made), "+" (made, not expected) or two blanks (an
 * explanation). ERR_USAGE for an expected line that is none; the text says
 * which, counted from 1. *difference is to be deinited in any case. */
bool trial_compare(struct text expected, struct text made, int64_t receipt_ns,
                   struct buf *report, struct trial_difference *difference,
                   struct error *err);
void trial_difference_deinit(struct trial_difference *difference);

/* wanted: a part of a reason why a request is kept, a line each. Takes each one
 * off *made, whose lines are the reasons; what nobody expected is left there.
 * Appends to report as above, and to fates a '+' for a wanted one that was
 * among them, else a '-'. */
void trial_compare_kept(struct text wanted, struct buf *made,
                        struct buf *report, struct buf *fates);
