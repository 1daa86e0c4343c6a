/* script_require.c - see script_require.h.
 *
 * A name is letters, digits, _ and -, so it cannot leave the two folders. The
 * text comes from modules.h, which has read each file once. A module that
 * requires itself finds the mark that it is being loaded.
 */
#include "script_require.h"

#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "modules.h"
#include "script_chunk.h"
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

/* NULL: there is no such file. */
static const struct script_source *find_in(lua_State *L, const char *dir,
                                           const char *name)
{
    char path[PATH_BYTES];
    struct error err;
    struct modules *modules = script_lua_of(L)->source->modules;
    if (!dir || !modules)
        return NULL;
    int len = snprintf(path, PATH_BYTES, "%s/%s.lua", dir, name);
    if (len < 0 || len >= PATH_BYTES)
        return NULL;
    const struct script_source *found = modules_get(modules, path, &err);
    if (!found && err.kind != ERR_NOT_FOUND) {
        err.kind = ERR_SCRIPT;
        script_lua_raise(L, &err);
    }
    return found;
}

static const struct script_source *find_module(lua_State *L, const char *name)
{
    const struct script_source *source = script_lua_of(L)->source;
    const struct script_source *found = find_in(L, source->dir, name);
    if (!found)
        found = find_in(L, source->shipped_dir, name);
    if (!found)
        luaL_error(L, "there is no module %s: looked for %s.lua in %s%s%s",
                   name, name, source->dir ? source->dir : "nowhere",
                   source->shipped_dir ? " and " : "",
                   source->shipped_dir ? source->shipped_dir : "");
    return found;
}

static void load_module(lua_State *L, const struct script_source *module)
{
    char name[PATH_BYTES];
    snprintf(name, sizeof name, "@%s", module->name);
    script_chunk_load(L, (struct text){module->text, module->len}, name);
}

/* Pushes what the module's file returns, true if that is nothing. */
static void run_module(lua_State *L, const char *name)
{
    const struct script_source *module = find_module(L, name);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&loading_key);
    lua_setfield(L, 2, name);
    load_module(L, module);
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
