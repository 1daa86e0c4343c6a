/* script_results.c - see script_results.h.
 *
 * A list may hold points, elements of req.points (which then become the points
 * that they say), and false or nil, which are skipped. Anything else is an
 * error: what a script meant to store must not vanish without a word.
 */
#include "script_results.h"

#include <lauxlib.h>

#include "script_lua.h"
#include "script_point.h"
#include "script_taken.h"

enum { STATUS_LEAST = 400, STATUS_MOST = 599, MOST_GAPS = 1 << 20 };

static _Noreturn void refuse(lua_State *L, int first)
{
    struct error err;
    int status = 0;
    if (lua_type(L, first + 1) != LUA_TSTRING)
        luaL_error(L, "returned nil and %s, where the reason should be text",
                   script_lua_kind(L, first + 1));
    if (!lua_isnoneornil(L, first + 2)) {
        int is_whole;
        lua_Integer given = lua_tointegerx(L, first + 2, &is_whole);
        if (!is_whole || given < STATUS_LEAST || given > STATUS_MOST)
            luaL_error(L, "returned nil, why and a status that is none of 400"
                          " to 599");
        status = (int)given;
    }
    fail(&err, ERR_REFUSED, "%s", lua_tostring(L, first + 1));
    err.status = status;
    script_lua_raise(L, &err);
}

/* An element of req.points, or one like it, becomes the point that it says. */
static void make_point(lua_State *L)
{
    lua_pushcfunction(L, script_point_make);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
}

static bool is_like_a_point(lua_State *L)
{
    if (lua_type(L, -1) != LUA_TTABLE)
        return false;
    lua_pushliteral(L, "measurement");
    bool has_name = lua_rawget(L, -2) == LUA_TSTRING;
    lua_pop(L, 1);
    return has_name;
}

/* As each(x, f) gives it, also without an element. */
static bool is_list(lua_State *L)
{
    if (lua_type(L, -1) != LUA_TTABLE)
        return false;
    lua_pushnil(L);
    bool is_empty = lua_next(L, -2) == 0;
    bool is_list = is_empty || lua_isinteger(L, -2);
    lua_pop(L, is_empty ? 0 : 2);
    return is_list;
}

static void take_element(lua_State *L, lua_Integer i)
{
    if (is_like_a_point(L))
        make_point(L);
    if (lua_isnil(L, -1) || (lua_isboolean(L, -1) && !lua_toboolean(L, -1)))
        return;
    if (is_list(L))
        luaL_error(L,
                   "element %d of the returned list is a list: return one flat"
                   " list, and emit(...) the points beside it",
                   (int)i);
    if (!lua_islightuserdata(L, -1))
        luaL_error(L, "element %d of the returned list is %s, not a point",
                   (int)i, script_lua_kind(L, -1));
    script_taken_add(L, -1);
}

/* The last index of a list that may have gaps. */
static lua_Integer last_index(lua_State *L, int list)
{
    lua_Integer last = 0, count = 0;
    for (lua_pushnil(L); lua_next(L, list); lua_pop(L, 1), count++) {
        if (!lua_isinteger(L, -2))
            luaL_error(L,
                       "returned a table with %s in it, not a list of"
                       " points: is point{...} meant?",
                       lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2)
                                                      : script_lua_kind(L, -2));
        if (lua_tointeger(L, -2) < 1)
            luaL_error(L,
                       "returned a list with an element %I: lists begin at 1,"
                       " and the rest would be lost",
                       (LUAI_UACINT)lua_tointeger(L, -2));
        if (lua_tointeger(L, -2) > last)
            last = lua_tointeger(L, -2);
    }
    if (last > count + MOST_GAPS)
        luaL_error(L, "returned a list whose gaps are too wide");
    return last;
}

static void take_list(lua_State *L, int list)
{
    lua_Integer last = last_index(L, list);
    for (lua_Integer i = 1; i <= last; i++) {
        lua_rawgeti(L, list, i);
        take_element(L, i);
        lua_pop(L, 1);
    }
}

void script_results_take(lua_State *L, int first)
{
    int count = lua_gettop(L) - first + 1;
    if (count > 1 && lua_isnil(L, first) && !lua_isnil(L, first + 1))
        refuse(L, first);
    if (count > 1 && !lua_isnil(L, first + 1))
        luaL_error(L, "returned %d values: return one list of points, { a, b }",
                   count);
    if (count == 0 || !lua_toboolean(L, first))
        return;
    if (lua_islightuserdata(L, first)) {
        script_taken_add(L, first);
    } else if (lua_type(L, first) == LUA_TTABLE) {
        take_list(L, first);
    } else {
        luaL_error(L, "returned %s, not a point or a list of points",
                   script_lua_kind(L, first));
    }
}
