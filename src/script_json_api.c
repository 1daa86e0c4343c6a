/* script_json_api.c - the table `json` of scripts: decode, encode, array,
 * is_array, null. What decodes is script_json.c, what encodes
 * script_encode.c. */
#include <lauxlib.h>

#include "script_encode.h"
#include "script_json.h"
#include "script_lua.h"

/* json.decode(text [, { null = true }]) */
static int api_decode(lua_State *L)
{
    struct text text = script_lua_text(L, 1);
    bool keep_null = false;
    script_lua_spend(L, text.len);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        keep_null =
            lua_getfield(L, 2, "null") != LUA_TNIL && lua_toboolean(L, -1);
    }
    script_json_decode(L, text, keep_null);
    return 1;
}

/* json.encode(value) */
static int api_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct buf *out = &script_lua_of(L)->scratch;
    buf_clear(out);
    script_encode(L, 1, out);
    script_lua_spend(L, out->len);
    lua_pushlstring(L, out->data ? out->data : "", out->len);
    return 1;
}

/* json.array([t]): t, or a new table, that is an array though it be empty */
static int api_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    bool is_ours = lua_getmetatable(L, 1); /* req, _ENV, string */
    script_encode_push_empty(L);
    if (is_ours && !lua_rawequal(L, -1, -2))
        return luaL_argerror(L, 1, "a table with a meaning of its own");
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int api_is_array(lua_State *L)
{
    lua_pushboolean(L, script_encode_is_array(L, 1));
    return 1;
}

void script_json_open(lua_State *L)
{
    static const struct script_function functions[] = {
        {"decode", api_decode}, {"encode", api_encode},
        {"array", api_array},   {"is_array", api_is_array},
        {NULL, NULL},
    };
    lua_newtable(L);
    script_lua_set_functions(L, functions);
    script_lua_push_null(L);
    lua_setfield(L, -2, "null");
    lua_setglobal(L, "json");
}
