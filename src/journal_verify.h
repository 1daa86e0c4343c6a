/* journal_verify.h - what `moonline journal verify` and `cat` find in one
 * journal: every frame, in order, and the acknowledged numbers that are
 * missing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct survey;

/* Prints a line per segment, and below it what is wrong with it. True if all
 * that was acknowledged, and is not deleted, can be read. */
bool journal_verify(const char *name, struct survey *survey);

enum journal_written {
    JOURNAL_WRITTEN,
    JOURNAL_DAMAGED, /* all that can be read was written; said on stderr */
    JOURNAL_CLOSED   /* whoever reads our stdout has gone, or the disk fails */
};
/* Writes the lines from number seq on to stdout. */
enum journal_written journal_write(const char *name, struct survey *survey,
                                   uint64_t seq);
