/* try_report.h - what `try` says on stderr about a request. */
#pragma once

struct attempt;
struct ingest;

/* The status, what the mapping left behind, warnings, why the request is kept,
 * with the script's traceback. ingest is what ran it. */
void try_report(const struct attempt *attempt, const struct ingest *ingest);
