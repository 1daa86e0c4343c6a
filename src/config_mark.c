/* config_mark.c - see config_mark.h. */
#include "config_mark.h"

#include <string.h>

#include "config_tree.h"
#include "siphash.h"

/* One step: what came before, and some bytes. The key is fixed, since marks are
 * compared within one process and nobody is to be kept from colliding. */
static uint64_t mix(uint64_t mark, const void *bytes, size_t len)
{
    const struct siphash_key key = {{mark, len}};
    return siphash(&key, (struct text){bytes, len});
}

static uint64_t mark_value(const struct setting *setting)
{
    uint64_t mark = mix(1, &setting->type, sizeof setting->type);
    switch (setting->type) {
    case SETTING_BOOL:
        return mix(mark, &setting->truth, sizeof setting->truth);
    case SETTING_INT:
        return mix(mark, &setting->integer, sizeof setting->integer);
    case SETTING_FLOAT:
        return mix(mark, &setting->number, sizeof setting->number);
    case SETTING_TEXT:
        return mix(mark, setting->text, setting->len);
    case SETTING_TABLE:
    case SETTING_OTHER:
        break;
    }
    return mark;
}

static bool is_secret(const struct setting *setting)
{
    return setting->key
           && (strcmp(setting->key, "token") == 0
               || strcmp(setting->key, "password") == 0);
}

/* Lua gives the names of a table in any order, so items are added up. */
uint64_t config_mark(const struct setting *setting)
{
    if (!setting)
        return 0;
    uint64_t mark = mark_value(setting), sum = 0;
    for (size_t i = 0; i < setting->count; i++) {
        const struct setting *item = &setting->items[i];
        uint64_t name = item->key ? mix(2, item->key, strlen(item->key))
                                  : mix(3, &item->index, sizeof item->index);
        uint64_t inner = is_secret(item) ? 1 : config_mark(item);
        sum += mix(name, &inner, sizeof inner);
    }
    return mix(mark, &sum, sizeof sum);
}
