/* script_keep.c - see script_keep.h. */
#include "script_keep.h"

#include <lauxlib.h>

#include "kept.h"
#include "script_encode.h"
#include "script_lua.h"

enum { PREFIX_BYTES = 256 };

/* "element 2: element 5: ", the outer first. */
static void append_elements(struct buf *out,
                            const struct script_element *element)
{
    if (!element)
        return;
    append_elements(out, element->outer);
    buf_printf(out, "element %lld: ", (long long)element->index);
}

void script_keep(lua_State *L, const char *place, struct text reason)
{
    const struct script_lua *lua = script_lua_of(L);
    struct buf prefix;
    buf_init(&prefix, PREFIX_BYTES);
    append_elements(&prefix, lua->element);
    buf_append_text(&prefix, text_of(place));
    kept_add(&lua->call->kept, buf_text(&prefix), reason);
    buf_deinit(&prefix);
}

/* keep(reason); a table is shown as JSON */
static int api_keep(lua_State *L)
{
    script_lua_need_call(L, "keep()");
    lua_settop(L, 1);
    luaL_where(L, 1);
    if (lua_type(L, 1) == LUA_TTABLE) {
        struct buf *scratch = &script_lua_of(L)->scratch;
        buf_clear(scratch);
        script_encode(L, 1, scratch);
        lua_pushlstring(L, scratch->data, scratch->len);
    } else if (lua_isnil(L, 1) || script_lua_is_null(L, 1)) {
        lua_pushliteral(L, "keep() without a reason");
    } else {
        luaL_tolstring(L, 1, NULL);
    }
    lua_concat(L, 2);
    script_keep(L, "", script_lua_string(L, -1));
    return 0;
}

void script_keep_open(lua_State *L)
{
    lua_pushcfunction(L, api_keep);
    lua_setglobal(L, "keep");
}
