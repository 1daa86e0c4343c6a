/* journal_list.h - what `moonline journal ls` prints: a line per output, then
 * a line per segment, in columns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct survey;

enum journal_standing {
    JOURNAL_NAMED,   /* the configuration has this output */
    JOURNAL_UNNAMED, /* it no longer has */
    JOURNAL_MISSING  /* it has, but nothing was journalled yet: no survey */
};

void journal_list_begin_outputs(void);
void journal_list_output(const char *name, enum journal_standing standing,
                         struct survey *survey);
void journal_list_begin_segments(void);
void journal_list_segments(const char *name, const struct survey *survey);
