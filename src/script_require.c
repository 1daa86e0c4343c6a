/* script_require.c - see script_require.h.
 *
 * A name is letters, digits, _ and -, so it cannot leave the two folders. The
 * text is read into a Lua string within the read call's own frame: nothing is
 * held when Lua runs. A module that requires itself finds the mark that it is
 * being loaded.
 */
#include "script_require.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <lauxlib.h>

#include "script_lua.h"

enum { PATH_BYTES = 4096 };

static const char loaded_key, loading_key;

static bool is_module_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return name.len > 0;
}

/* False: there is no such file. */
static bool find_in(const char *dir, const char *name, char path[PATH_BYTES])
{
    if (!dir)
        return false;
    int len = snprintf(path, PATH_BYTES, "%s/%s.lua", dir, name);
    return len > 0 && len < PATH_BYTES && access(path, R_OK) == 0;
}

/* Reads the file into the scratch buffer, which no error leaves open. */
static void load_module(lua_State *L, const char *path)
{
    struct script_lua *lua = script_lua_of(L);
    struct script_source source;
    struct error err;
    if (!script_source_load(&source, path, NULL, &err)) {
        err.kind = ERR_SCRIPT;
        script_lua_raise(L, &err);
    }
    buf_clear(&lua->scratch);
    bool fits = buf_append(&lua->scratch, source.text, source.len);
    char name[PATH_BYTES];
    snprintf(name, sizeof name, "@%s", source.name);
    script_source_deinit(&source);
    if (!fits)
        luaL_error(L, "%s: too long", path);
    if (luaL_loadbufferx(L, lua->scratch.data, lua->scratch.len, name, "t")
        != LUA_OK)
        lua_error(L);
}

static void find_module(lua_State *L, const char *name, char path[PATH_BYTES])
{
    const struct script_source *source = script_lua_of(L)->source;
    if (find_in(source->dir, name, path)
        || find_in(source->shipped_dir, name, path))
        return;
    luaL_error(L, "there is no module %s: looked for %s.lua in %s%s%s", name,
               name, source->dir ? source->dir : "nowhere",
               source->shipped_dir ? " and " : "",
               source->shipped_dir ? source->shipped_dir : "");
}

/* Pushes what the module's file returns, true if that is nothing. */
static void run_module(lua_State *L, const char *name)
{
    char path[PATH_BYTES];
    find_module(L, name, path);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&loading_key);
    lua_setfield(L, 2, name);
    load_module(L, path);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
}

static int api_require(lua_State *L)
{
    struct text name = script_lua_text(L, 1);
    lua_settop(L, 1);
    script_lua_metatable(L, &loaded_key, "modules");
    if (!is_module_name(name))
        return luaL_error(L,
                          "a module's name is letters, digits, _ and -,"
                          " not \"%s\"",
                          name.at);
    lua_getfield(L, 2, name.at);
    if (lua_touserdata(L, -1) == (void *)(uintptr_t)&loading_key)
        return luaL_error(L, "module %s requires itself", name.at);
    if (!lua_isnil(L, -1))
        return 1;
    if (script_lua_call(L))
        return luaL_error(L,
                          "require(\"%s\") belongs at the top of the file,"
                          " not inside the function",
                          name.at);
    run_module(L, name.at);
    return 1;
}

void script_require_open(lua_State *L)
{
    script_lua_metatable(L, &loaded_key, "modules");
    lua_pushnil(L); /* no __name: a module may have that name */
    lua_setfield(L, -2, "__name");
    lua_pop(L, 1);
    lua_pushcfunction(L, api_require);
    lua_setglobal(L, "require");
}
