/* script_text.c - see script_text.h.
 *
 * Each bounded function is a closure with the library's own as its upvalue: it
 * checks its arguments and goes on as that. Patterns are not bounded by looking
 * at arguments; their functions are our own (script_match.h). The methods of
 * strings ("x"):rep(3) come from the same table, so they are bounded too. What
 * is not in that table raises.
 */
#include "script_text.h"

#include <lauxlib.h>

#include "script_lua.h"
#include "script_match.h"

enum {
    MAX_RANGE = 100000,
    MAX_REPEATED_BYTES = 1 << 20,
    BYTES_PER_STEP = 16, /* of a few nanoseconds: the pages are new, too */
    LONG_BYTES = 256,    /* a text that takes time to compare */
    ORDER_STEPS = 20,
};

/* Goes on as the library's function, which is the upvalue and has none itself:
 * in the same frame, so that its errors have the name that the script called.
 */
static int call_on(lua_State *L)
{
    script_lua_check_time(L);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static void check_range(lua_State *L, lua_Integer from, lua_Integer to,
                        const char *function)
{
    if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= MAX_RANGE)
        luaL_error(L, "%s: more than %d elements", function, MAX_RANGE);
}

static lua_Integer length(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    return (lua_Integer)lua_rawlen(L, index);
}

static int table_insert(lua_State *L)
{
    check_range(L, 1, length(L, 1), "table.insert");
    return call_on(L);
}

static int table_remove(lua_State *L)
{
    check_range(L, 1, length(L, 1), "table.remove");
    return call_on(L);
}

/* The order of a sort where comparing may take long, and no instruction of Lua
 * runs in between; upvalue: a function in C, or nil for a < b. */
static int paid_order(lua_State *L)
{
    script_lua_spend(L, ORDER_STEPS + lua_rawlen(L, 1) / BYTES_PER_STEP);
    if (lua_isnil(L, lua_upvalueindex(1))) {
        lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
        return 1;
    }
    script_lua_check_time(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

static bool has_long_text(lua_State *L, lua_Integer len)
{
    bool is_long = false;
    for (lua_Integer i = 1; i <= len && !is_long; i++, lua_pop(L, 1))
        is_long = lua_rawgeti(L, 1, i) == LUA_TSTRING
                  && lua_rawlen(L, -1) > LONG_BYTES;
    return is_long;
}

static int table_sort(lua_State *L)
{
    lua_Integer len = length(L, 1);
    check_range(L, 1, len, "table.sort");
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    if (lua_isnil(L, 2) ? has_long_text(L, len) : lua_iscfunction(L, 2))
        lua_pushcclosure(L, paid_order, 1);
    return call_on(L);
}

static int table_concat(lua_State *L)
{
    lua_Integer len = length(L, 1);
    check_range(L, luaL_optinteger(L, 3, 1), luaL_optinteger(L, 4, len),
                "table.concat");
    return call_on(L);
}

static int table_unpack(lua_State *L)
{
    lua_Integer len = length(L, 1);
    check_range(L, luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, len),
                "table.unpack");
    return call_on(L);
}

static int table_move(lua_State *L)
{
    check_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3),
                "table.move");
    return call_on(L);
}

static int string_rep(lua_State *L)
{
    size_t len = script_lua_text(L, 1).len;
    lua_Integer times = luaL_checkinteger(L, 2);
    if (!lua_isnoneornil(L, 3))
        len += script_lua_text(L, 3).len;
    if (len == 0 || times <= 0) {
        lua_pushliteral(L, ""); /* Lua would count to times all the same */
        return 1;
    }
    if ((lua_Unsigned)times > (lua_Unsigned)MAX_REPEATED_BYTES / len)
        luaL_error(L, "string.rep: more than %d bytes", MAX_REPEATED_BYTES);
    script_lua_spend(L, len * (size_t)times / BYTES_PER_STEP);
    return call_on(L);
}

/* ("a text").name: Lua would give nil, and a script take what a sender wrote
 * in place of an object for an object with nothing in it. */
static int no_such_method(lua_State *L)
{
    const char *shown = luaL_tolstring(L, 2, NULL);
    return luaL_error(L,
                      "there is no string.%s (does a text stand where a"
                      " table is meant?)",
                      shown);
}

/* Wraps entries of the table on top. */
static void bound(lua_State *L, const struct script_function *functions)
{
    for (; functions->name; functions++) {
        lua_getfield(L, -1, functions->name);
        lua_pushcclosure(L, functions->call, 1);
        lua_setfield(L, -2, functions->name);
    }
}

void script_text_open(lua_State *L)
{
    static const struct script_function tables[] = {
        {"insert", table_insert},
        {"remove", table_remove},
        {"sort", table_sort},
        {"concat", table_concat},
        {"unpack", table_unpack},
        {"move", table_move},
        {NULL, NULL},
    };
    static const struct script_function strings[] = {
        {"rep", string_rep},
        {NULL, NULL},
    };
    lua_getglobal(L, "table");
    bound(L, tables);
    lua_getglobal(L, "string");
    bound(L, strings);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, no_such_method);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 2);
    script_match_open(L);
}
