/* config_tree.h - what a configuration file returned, as plain C: values, each
 * with the line it stands on.
 *
 * The tree owns its texts and wipes them when freed, since any of them may be
 * a secret. Nothing here prints a value. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct config_mistakes;
struct error;

enum setting_type {
    SETTING_BOOL,
    SETTING_INT,
    SETTING_FLOAT,
    SETTING_TEXT,
    SETTING_TABLE,
    SETTING_OTHER /* a function: never what an option wants */
};

struct setting {
    char *key;        /* NULL: an element of a list, or the whole */
    int64_t index;    /* of that element, from 1 */
    const char *file; /* for messages; outlives the tree */
    unsigned line;
    enum setting_type type;
    bool truth;
    int64_t integer;
    double number; /* of SETTING_INT too */
    char *text;    /* a NUL stands behind it; len may count others */
    size_t len;
    char *source; /* of a text: the file that it was read from, or NULL */
    struct setting *items; /* of a table, in the order of the file */
    size_t count;
    struct config_mistakes *mistakes; /* of the whole tree; may be NULL */
};

void config_tree_deinit(struct setting *setting);

/* The value called name or at index, or NULL. */
struct setting *config_tree_get(const struct setting *table, struct text name);
struct setting *config_tree_at(const struct setting *table, int64_t index);

/* True for a table without names whose indices are 1, 2, 3 ... */
bool config_tree_is_list(const struct setting *setting);

/* "a number", "text", for "... must be text, not a number". */
const char *config_tree_type_name(const struct setting *setting);

/* "`body`", or "element 3". Valid until the next call of the same thread. */
const char *config_tree_name(const struct setting *setting);

/* ERR_CONFIG, "file:line: " and the sentence, in which what the mistakes of the
 * tree hide is blanked; it is added to those. */
bool config_tree_fail(struct error *err, const struct setting *setting,
                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* After a mistake: true if the next ones are wanted too. */
bool config_tree_goes_on(const struct setting *setting);

/* Puts "file:line: " before an error that another module told; false. */
bool config_tree_blame(struct error *err, const struct setting *setting);
