/* pairs.c - see pairs.h. The array doubles inside the arena; what it leaves
 * behind goes when the arena is reset. Look-ups walk from the end, since the
 * last of equal names counts and requests have few. */
#include "pairs.h"

#include <string.h>

#include "arena.h"

enum { FIRST_CAPACITY = 16 };

static bool grow(struct pairs *pairs, struct arena *arena)
{
    size_t capacity = pairs->capacity ? pairs->capacity * 2 : FIRST_CAPACITY;
    struct pair *items = arena_alloc(arena, capacity * sizeof *items);
    if (!items)
        return false;
    if (pairs->count > 0)
        memcpy(items, pairs->items, pairs->count * sizeof *items);
    pairs->items = items;
    pairs->capacity = capacity;
    return true;
}

bool pairs_add(struct pairs *pairs, struct arena *arena, struct text name,
               struct text value)
{
    if (pairs->count == pairs->capacity && !grow(pairs, arena))
        return false;
    pairs->items[pairs->count++] = (struct pair){name, value};
    return true;
}

/* A value that is there but empty must differ from one that is not. */
static struct text present(struct text value)
{
    return value.at ? value : TEXT("");
}

struct text pairs_get(const struct pairs *pairs, struct text name)
{
    for (size_t i = pairs->count; i > 0; i--)
        if (text_equal(pairs->items[i - 1].name, name))
            return present(pairs->items[i - 1].value);
    return (struct text){NULL, 0};
}

struct text pairs_get_nocase(const struct pairs *pairs, struct text name)
{
    for (size_t i = pairs->count; i > 0; i--)
        if (text_equal_nocase(pairs->items[i - 1].name, name))
            return present(pairs->items[i - 1].value);
    return (struct text){NULL, 0};
}
