/* script_whole.c - see script_whole.h. The metatable is found by its address,
 * which struct script_lua keeps; it gives tostring() and ==, but no
 * arithmetic: int() belongs around the result. */
#include "script_whole.h"

#include <lauxlib.h>

#include "script_lua.h"

static const char metatable_key;

size_t script_whole_format(const struct value *value,
                           char out[NUMBER_TEXT_BYTES])
{
    return value->type == VALUE_UINT
               ? number_format_uint(value->as.natural, out)
               : number_format_int(value->as.integer, out);
}

const struct value *script_whole(lua_State *L, int index)
{
    const struct script_lua *lua = script_lua_of(L);
    if (lua_type(L, index) != LUA_TUSERDATA || !lua->whole
        || !lua_getmetatable(L, index))
        return NULL;
    bool is_whole = lua_topointer(L, -1) == lua->whole;
    lua_pop(L, 1);
    return is_whole ? lua_touserdata(L, index) : NULL;
}

static int to_string(lua_State *L)
{
    char text[NUMBER_TEXT_BYTES];
    const struct value *value = script_whole(L, 1);
    if (!value)
        luaL_argerror(L, 1, "a whole number expected");
    else
        lua_pushlstring(L, text, script_whole_format(value, text));
    return 1;
}

static int is_equal(lua_State *L)
{
    const struct value *a = script_whole(L, 1), *b = script_whole(L, 2);
    lua_pushboolean(L,
                    a && b && a->as.natural == b->as.natural
                        && (a->type == b->type || a->as.natural <= INT64_MAX));
    return 1;
}

void script_whole_push(lua_State *L, struct value value)
{
    struct value *copy = lua_newuserdatauv(L, sizeof *copy, 0);
    *copy = value;
    if (script_lua_metatable(L, &metatable_key, "whole number")) {
        lua_pushcfunction(L, to_string);
        lua_setfield(L, -2, "__tostring");
        lua_pushcfunction(L, is_equal);
        lua_setfield(L, -2, "__eq");
        script_lua_of(L)->whole = lua_topointer(L, -1);
    }
    lua_setmetatable(L, -2);
}
