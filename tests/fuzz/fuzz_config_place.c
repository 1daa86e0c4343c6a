/* The walk beside a configuration, over any bytes: it ends, and every line that
 * it names is one of the text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "config_place.h"
#include "config_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct setting *setting, size_t lines)
{
    if (setting->line < 1 || setting->line > lines)
        abort();
    for (size_t i = 0; i < setting->count; i++)
        check(&setting->items[i], lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char a[] = "a", b[] = "b", c[] = "c";
    struct setting inner[] = {{.key = c, .type = SETTING_INT},
                              {.index = 1, .type = SETTING_TABLE}};
    struct setting items[] = {
        {.key = a, .type = SETTING_TABLE, .items = inner, .count = 2},
        {.key = b, .type = SETTING_TEXT},
        {.index = 1, .type = SETTING_BOOL}};
    struct setting root = {.type = SETTING_TABLE, .items = items, .count = 3};
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    config_place(&root, (struct text){(const char *)data, size});
    check(&root, lines);
    return 0;
}
