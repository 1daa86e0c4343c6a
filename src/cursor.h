/* cursor.h - how far an output is settled: one line of text in a file.
 *
 *   <seq> <segment name> <crc>
 *
 * seq is the first number that is not settled, the segment the one that it
 * stands in. The line is written beside and renamed, never synced: an old or a
 * lost cursor costs duplicates, and those are legal. One thread per folder.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "segment.h"

struct error;
struct file_system;

struct cursor {
    uint64_t seq;
    struct segment_name segment;
};

/* False: there is none, or it cannot be read. */
bool cursor_read(const struct file_system *fs, const char *dir,
                 struct cursor *cursor);
bool cursor_write(const struct file_system *fs, const char *dir,
                  const struct cursor *cursor, struct error *err);

/* The line itself; true if text is exactly one. */
bool cursor_parse(struct text line, struct cursor *cursor);
