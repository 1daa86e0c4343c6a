/* typecheck.h - the points of a request held against the contracts of their
 * outputs: what fits goes on, what does not becomes a dead letter.
 *
 * One per ingest. A point that goes to two outputs may fit one only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "riders.h"
#include "text.h"

struct arena;
struct contracts;
struct error;
struct point;
struct typecheck;

/* What never changes. */
struct typecheck_options {
    struct contracts *contracts; /* NULL: nothing is ever checked */
    char *const *outputs;        /* their names */
    size_t output_count;
    unsigned letters; /* the sink for dead points */
    unsigned news;    /* the sink of contracts */
};

/* NULL: no output has a contract, and nothing else here need be called. */
struct typecheck *typecheck_new(const struct typecheck_options *options);
void typecheck_free(struct typecheck *typecheck);

/* Another request: its arena, its id, its receipt time. */
void typecheck_begin(struct typecheck *typecheck, struct arena *arena,
                     const char *id, int64_t time_ns);

/* The point as this output takes it, until the next call. NULL: it does not,
 * for *why, and is to be buried. */
const struct point *typecheck_point(struct typecheck *typecheck,
                                    unsigned output, const struct point *point,
                                    const char **why);
/* The point that was just refused becomes a letter. line: without its newline;
 * number: of the point in its request, from 1. ERR_TOO_LARGE. */
bool typecheck_bury(struct typecheck *typecheck, unsigned output,
                    struct text line, size_t number, struct error *err);

/* Letters and news of each output. */
enum { TYPECHECK_RIDERS = 2 * LIMIT_OUTPUTS };

/* What has to be stored with the lines; valid until typecheck_begin.
 * ERR_TOO_LARGE. */
bool typecheck_riders(struct typecheck *typecheck,
                      struct journal_rider riders[TYPECHECK_RIDERS],
                      size_t *count, struct error *err);
/* Why the first point that became a letter did; empty: none has. Lives in the
 * request's arena. */
struct text typecheck_refusal(const struct typecheck *typecheck);
/* They are on their way to the disk: counts and logs. */
void typecheck_say(const struct typecheck *typecheck);
