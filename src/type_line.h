/* type_line.h - what was learnt of one field, as a line that people read and
 * edit:
 *
 *   soil temperature float 2026-01-02T03:04:05.678Z
 *   weather\ station rain.24h int
 *
 * Measurement, field, type, and since when, which may be left out. A blank in a
 * name has a backslash before it, as in line protocol. Reentrant.
 */
#pragma once

#include <stdbool.h>

#include "text.h"
#include "types.h"

struct buf;
struct error;

/* The line and its newline; false: out is full. */
bool type_line_write(struct buf *out, const struct type_rule *rule);

/* A line without its newline, with no where. The names of the rule are in room,
 * which is cleared. True with an empty measurement: a comment, or nothing.
 * ERR_CONFIG: what is wrong with it. */
bool type_line_read(struct text line, struct buf *room, struct type_rule *rule,
                    struct error *err);
