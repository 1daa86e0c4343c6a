/* pairs.h - names with values, in the order they came.
 *
 * Headers, a query, a form, the params of a path. The array lives in an arena,
 * the texts belong to whoever added them. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct arena;

struct pair {
    struct text name;
    struct text value;
};

struct pairs {
    struct pair *items; /* in the arena, in the order they came */
    size_t count;
    size_t capacity;
};

/* False: the arena is full. The texts are not copied. */
bool pairs_add(struct pairs *pairs, struct arena *arena, struct text name,
               struct text value);
/* The last value of that name, or an empty text with at == NULL. */
struct text pairs_get(const struct pairs *pairs, struct text name);
struct text pairs_get_nocase(const struct pairs *pairs, struct text name);
