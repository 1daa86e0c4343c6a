/* script_sandbox.c - see script_sandbox.h.
 *
 * The environment of a script's code is an empty table. Its __index is the
 * table with the functions and the script's own globals; so a write, which
 * never finds its name in the empty table, always meets __newindex: the same
 * table while the file loads, an error afterwards. Reading a name that is in
 * neither meets the second table's __index, which raises.
 *
 * Scripts have neither setmetatable nor getmetatable, so all of this stands.
 */
#include "script_sandbox.h"

#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "near.h"
#include "notes.h"
#include "script_lua.h"

static const char environment_key;

static int undeclared(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "there is no global that is %s", script_lua_kind(L, 2));
    struct near near;
    char hint[NEAR_BYTES * 2];
    near_init(&near, script_lua_string(L, 2));
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            near_offer(&near, lua_tostring(L, -2));
    near_offer_elsewhere(&near);
    return luaL_error(L, "there is no global %s%s", lua_tostring(L, 2),
                      near_hint(&near, hint));
}

static int locked(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    return luaL_error(L,
                      "global %s is set while a request runs: it would be"
                      " seen by the next one; write local %s",
                      name, name);
}

/* An error of ours becomes its text for the script that catches it. */
static void error_as_text(lua_State *L)
{
    const struct error *err = script_lua_error(L, -1);
    if (!err)
        return;
    lua_pushstring(L, err->text);
    lua_remove(L, -2);
}

/* pcall(f, ...): true and the results, or false and the error */
static int api_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = script_lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
    if (status == LUA_OK)
        return lua_gettop(L);
    script_lua_rethrow(L, status);
    error_as_text(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* try(f, ...): f's results, or nil and the reason */
static int api_try(lua_State *L)
{
    luaL_checkany(L, 1);
    int status = script_lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (status == LUA_OK)
        return lua_gettop(L);
    script_lua_rethrow(L, status);
    error_as_text(L);
    if (lua_type(L, -1) == LUA_TSTRING)
        script_lua_note(L, NOTE_NIL, "try: %s", lua_tostring(L, -1));
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* json.decod and the like; upvalue: the name of the library. */
static int no_member(lua_State *L)
{
    const char *library = lua_tostring(L, lua_upvalueindex(1));
    struct near near;
    char hint[NEAR_BYTES * 2];
    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "%s has no entry that is %s", library,
                   script_lua_kind(L, 2));
    near_init(&near, script_lua_string(L, 2));
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            near_offer(&near, lua_tostring(L, -2));
    return luaL_error(L, "there is no %s.%s%s", library, lua_tostring(L, 2),
                      near_hint(&near, hint));
}

/* Of the libraries in the table on top; `string`, where methods of texts are
 * looked up too, has said it in its own words. */
static void close_libraries(lua_State *L)
{
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (!lua_istable(L, -1) || strcmp(lua_tostring(L, -2), "string") == 0)
            continue;
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, -3);
        lua_pushcclosure(L, no_member, 1);
        lua_setfield(L, -2, "__index");
        lua_setmetatable(L, -2);
    }
}

static void remove_names(lua_State *L, const char *const *names)
{
    for (; *names; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
}

void script_sandbox_open(lua_State *L)
{
    static const luaL_Reg libraries[] = {
        {LUA_GNAME, luaopen_base},       {LUA_STRLIBNAME, luaopen_string},
        {LUA_TABLIBNAME, luaopen_table}, {LUA_MATHLIBNAME, luaopen_math},
        {LUA_UTF8LIBNAME, luaopen_utf8}, {NULL, NULL}};
    static const char *const removed[] = {"collectgarbage",
                                          "dofile",
                                          "getmetatable",
                                          "load",
                                          "loadfile",
                                          "rawset",
                                          "setmetatable",
                                          "warn",
                                          "xpcall",
                                          "_G",
                                          NULL};
    for (const luaL_Reg *library = libraries; library->name; library++) {
        luaL_requiref(L, library->name, library->func, 1);
        lua_pop(L, 1);
    }
    lua_pushglobaltable(L);
    remove_names(L, removed);
    lua_pushcfunction(L, api_pcall);
    lua_setfield(L, -2, "pcall");
    lua_pushcfunction(L, api_try);
    lua_setfield(L, -2, "try");
    lua_pop(L, 1);
}

void script_sandbox_close(lua_State *L)
{
    lua_pushglobaltable(L);
    close_libraries(L);
    lua_newtable(L);
    lua_pushcfunction(L, undeclared);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);

    lua_newtable(L);
    if (script_lua_metatable(L, &environment_key, "globals")) {
        lua_pushvalue(L, -3);
        lua_setfield(L, -2, "__index");
        lua_pushvalue(L, -3);
        lua_setfield(L, -2, "__newindex");
    }
    lua_setmetatable(L, -2);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pop(L, 1);
}

void script_sandbox_lock(lua_State *L)
{
    script_lua_metatable(L, &environment_key, "globals");
    lua_pushcfunction(L, locked);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}

void script_sandbox_push_globals(lua_State *L)
{
    script_lua_metatable(L, &environment_key, "globals");
    lua_getfield(L, -1, "__index");
    lua_remove(L, -2);
}
