/* script_each.c - see script_each.h.
 *
 * Each element is a protected call. What ends it is the element's own: an error
 * of the script, bytes that a decoder cannot read. What concerns the request
 * ends the request: time, memory, a ceiling; for nothing that comes after it
 * could be trusted to be whole.
 *
 * What it was first with in store.add is forgotten. What it set there, or in a
 * local of the script, stays: others may have built on it.
 */
#include "script_each.h"

#include <lauxlib.h>

#include "script_encode.h"
#include "script_explain.h"
#include "script_keep.h"
#include "script_lua.h"
#include "script_taken.h"

enum { ELEMENT_STEPS = 20, FAILURE_STEPS = 500 };

/* Upvalues: the array, the last index. Skips null. */
static int next_element(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    do {
        lua_settop(L, 0);
        if (lua_rawgeti(L, lua_upvalueindex(1), ++i) == LUA_TNIL)
            return 1;
    } while (script_lua_is_null(L, -1));
    lua_pushinteger(L, i);
    lua_copy(L, -1, lua_upvalueindex(2));
    return 2;
}

static bool is_nothing(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index) || script_lua_is_null(L, index))
        return true;
    if (lua_type(L, index) != LUA_TTABLE)
        return false;
    lua_pushnil(L);
    if (!lua_next(L, index))
        return true;
    lua_pop(L, 2);
    return false;
}

/* What each() goes through, as an array on top: x, { x } or { }. */
static void push_array(lua_State *L)
{
    if (is_nothing(L, 1)) {
        lua_newtable(L);
    } else if (script_encode_is_array(L, 1)) {
        lua_pushvalue(L, 1);
    } else {
        lua_createtable(L, 1, 0);
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, 1);
    }
}

/* The error on top ends the request, or is a reason to keep the element. */
static void fail_element(lua_State *L, int status,
                         const struct script_element *element)
{
    struct script_lua *lua = script_lua_of(L);
    const struct error *typed = script_lua_error(L, -1);
    lua->is_spoiled |= status == LUA_ERRERR;
    lua->is_traced = lua->has_expired || lua->is_spoiled;
    script_lua_rethrow(L, status);
    if (lua->is_spoiled || (typed && typed->kind != ERR_BAD_REQUEST))
        lua_error(L);
    lua->element = element;
    if (typed)
        script_keep(L, lua->place, text_of(typed->text));
    else
        script_keep(L, "", script_lua_string(L, -1));
    lua->element = element->outer;
}

/* f(element, index), the three on top, as element i; leaves its first result,
 * nil if it failed. */
static void call_element(lua_State *L, lua_Integer i)
{
    struct script_lua *lua = script_lua_of(L);
    const struct script_element element = {i, lua->element};
    struct script_taken_mark mark = script_taken_mark(L);
    size_t added_count = lua->call->added_count;
    int base = lua_gettop(L) - 2;
    lua_pushcfunction(L, script_explain);
    lua_insert(L, base);
    lua->element = &element;
    int status = script_lua_pcall(L, 2, 1, base);
    lua->element = element.outer;
    if (status == LUA_OK)
        return;
    fail_element(L, status, &element);
    script_taken_back(L, mark);
    script_call_forget_added(lua->call, added_count);
    script_lua_spend(L, FAILURE_STEPS);
    lua_pushnil(L);
}

/* each(x, f): f(element, index) for each; its results as a list */
static int each_call(lua_State *L, int array)
{
    bool is_loading = !script_lua_call(L);
    bool is_c = lua_iscfunction(L, 2); /* then no hook counts */
    lua_newtable(L);
    script_encode_push_empty(L); /* so that JSON has it as [] */
    lua_setmetatable(L, -2);
    int results = lua_gettop(L);
    lua_Integer count = 0;
    for (lua_Integer i = 1;; i++) {
        lua_settop(L, results);
        script_lua_spend(L, ELEMENT_STEPS);
        if (is_c)
            script_lua_check_time(L);
        lua_pushvalue(L, 2);
        if (lua_rawgeti(L, array, i) == LUA_TNIL)
            break;
        if (script_lua_is_null(L, -1))
            continue;
        lua_pushinteger(L, i);
        if (is_loading)
            lua_call(L, 2, 1);
        else
            call_element(L, i);
        if (lua_toboolean(L, -1))
            lua_rawseti(L, results, ++count);
    }
    lua_settop(L, results);
    return 1;
}

/* each(x [, f]): for element, index in each(x) */
static int api_each(lua_State *L)
{
    lua_settop(L, 2);
    push_array(L);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
        return each_call(L, 3);
    }
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_element, 2);
    return 1;
}

void script_each_open(lua_State *L)
{
    lua_pushcfunction(L, api_each);
    lua_setglobal(L, "each");
}
