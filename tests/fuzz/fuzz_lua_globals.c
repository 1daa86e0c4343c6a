/* Any bytes as a Lua text: read to the end, and every name that is told stands
 * in it. */
#include <stdint.h>
#include <stdlib.h>

#include "lua_globals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct lua_use *use, void *context)
{
    const struct text *whole = context;
    if (use->name.len > 0
        && (use->name.at < whole->at
            || use->name.at + use->name.len > whole->at + whole->len))
        abort();
    if (use->line == 0 || use->line > whole->len + 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {(const char *)data, size};
    lua_globals_find(text, check, &text);
    return 0;
}
