/* intake.h - the frames of one output's journal, as parcels to deliver, and how
 * far they are settled.
 *
 * A parcel is as large as what waits, within limits. Several hands may each
 * have one; they take turns, so each parcel follows the one before it, and
 * settled is what is before the first line that some hand still has.
 *
 * Threads: any, each with a hand of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "tail.h"

struct error;
struct halt;
struct intake;

struct intake_options {
    struct tail_options tail;
    struct batch_options batch;
    struct halt *halt; /* set: nobody waits any more */
};

/* NULL and *err as tail_open. */
struct intake *intake_open(const struct intake_options *options,
                           struct error *err);
/* Writes the cursor. No hand is inside any more. */
void intake_close(struct intake *intake);

/* Waits for lines and moves them to *parcel, which must be settled. False with
 * err->kind ERR_NONE: halted, or nothing came for a while; else the disk fails.
 * Ask again. */
bool intake_take(struct intake *intake, unsigned hand, struct parcel *parcel,
                 struct error *err);
/* Of the parcel that it took, everything before this line is settled. */
void intake_settle(struct intake *intake, unsigned hand,
                   const struct parcel *parcel, size_t line);

/* Everything before it is settled. */
uint64_t intake_settled(struct intake *intake);
