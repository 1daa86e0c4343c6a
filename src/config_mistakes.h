/* config_mistakes.h - all that is wrong with a configuration file, and the
 * texts that no message about it may quote.
 *
 * One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum { CONFIG_MISTAKES = 20 };

struct config_mistake {
    unsigned line;
    char *text; /* "file:line: message" */
};

struct config_mistakes {
    bool goes_on;    /* collects them; else the first is the end */
    bool looks_only; /* what env and file cannot give is no mistake */
    struct config_mistake items[CONFIG_MISTAKES];
    size_t count;
    unsigned *unset_lines; /* where a value is missing: what follows from that
                            * on the same line is not told */
    size_t unset_count;
    char **hidden; /* what env and file gave */
    size_t hidden_count;
};

/* A zeroed struct is an empty one. */
void config_mistakes_deinit(struct config_mistakes *mistakes);

/* False: it is the last that is told. The same one twice is one. */
bool config_mistakes_add(struct config_mistakes *mistakes, unsigned line,
                         const char *text);
/* A value that is not there: told, and nothing else of that line is. */
bool config_mistakes_add_unset(struct config_mistakes *mistakes, unsigned line,
                               const char *text);
/* By their lines. */
void config_mistakes_sort(struct config_mistakes *mistakes);

/* From now on text is not to be quoted. */
void config_mistakes_hide(struct config_mistakes *mistakes, struct text text);
/* Writes *** over what is hidden, also where it was cut. */
void config_mistakes_blank(const struct config_mistakes *mistakes,
                           char *sentence);
