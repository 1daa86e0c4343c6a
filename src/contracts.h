/* contracts.h - the types of all outputs, and the files of what was learnt.
 *
 *   <data>/types/<output>    a line for each field (type_line.h)
 *
 * What was learnt must be on disk before the first point that relies on it, or
 * a crash would let the next value decide otherwise. So it rides in the
 * journal's groups, to a sink that is written before the lines.
 *
 * Threads: any, but for open and close.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "riders.h"
#include "types.h"

struct contracts;
struct error;
struct file_system;

/* Of one output; its types' options and what is written down. */
struct contract_options {
    struct types_options types; /* output is set by contracts_open */
    const struct type_rule *rules;
    size_t rule_count;
};

struct contracts_options {
    const char *dir;              /* <data>/types; made when first needed */
    const struct file_system *fs; /* NULL: the real one */
    const char *const *outputs;   /* their names */
    const struct contract_options *const *items; /* NULL: has no contract */
    size_t count;
};

/* Reads what was learnt; what cannot be read of it is logged and left out. What
 * is written down stands over it. Writes nothing. NULL: a file that is there
 * cannot be opened (ERR_IO), or is too large. */
struct contracts *contracts_open(const struct contracts_options *options,
                                 struct error *err);
/* NULL is fine. No journal may still have its sink. */
void contracts_close(struct contracts *contracts);

/* Of one output, NULL: any type goes. contracts may be NULL. */
struct types *contracts_of(const struct contracts *contracts, unsigned output);

/* For journal_options.sinks. */
void contracts_sink(struct contracts *contracts, struct journal_sink *sink);

/* The bytes of a rider are a uint32_t for the output, then the numbers of
 * entries; see fitter_news. Those that are on disk by then are left out. */
