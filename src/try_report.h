/* try_report.h - what `try` says on stderr about a request. */
#pragma once

struct attempt;
struct text;

/* The status, what the mapping left behind, warnings, the script's error with
 * its traceback. */
void try_report(const struct attempt *attempt, struct text traceback);
