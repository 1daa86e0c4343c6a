/* isolate.h - of lines that a server refuses, which are the bad ones: found in
 * few requests, while all others are written in their order.
 *
 * It posts nothing: it says which lines go out next, and is told what came of
 * it. The struct is open to read. A value; one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"

struct isolate {
    size_t count;        /* lines, numbered from 0 */
    size_t done;         /* those before it are written or dead; it is live */
    size_t suspect_end;  /* a bad one is before it and not before done; or 0 */
    size_t group;        /* how many go out together while none is suspected */
    size_t run;          /* lines written since the last dead one */
    size_t named_before; /* answers that named a line, and not all, in a row */
    bool is_counted;     /* by a server that counts what it does not name */

    bool *is_dead;         /* by line; NULL: none is */
    struct refusal *fresh; /* what the last answer condemned, by line */
    size_t fresh_count;
    size_t fresh_room;
};

/* What came of the live lines from done up to end. refusals say which of them
 * are refused, counted among those that were posted; unnamed: at least so many
 * more are, 0 if that is not known. */
struct isolate_answer {
    size_t end;
    enum isolate_outcome {
        ISOLATE_WRITTEN, /* all */
        ISOLATE_PARTLY,  /* all but the refused ones */
        ISOLATE_REFUSED  /* none */
    } outcome;
    const struct refusal *refusals;
    size_t refusal_count;
    size_t unnamed;
    struct text reason; /* for those that it does not name */
};

/* count is at least 1. */
void isolate_init(struct isolate *isolate, size_t count);
void isolate_deinit(struct isolate *isolate);

/* The live lines from done up to this one are to be posted next, or fewer of
 * them, but at least one. done itself: all is settled. */
size_t isolate_next(const struct isolate *isolate);

bool isolate_is_live(const struct isolate *isolate, size_t line);
/* How many live lines there are from done up to end. */
size_t isolate_live(const struct isolate *isolate, size_t end);

/* Fills fresh; the texts of the reasons are those of the answer. */
void isolate_tell(struct isolate *isolate, const struct isolate_answer *answer);
