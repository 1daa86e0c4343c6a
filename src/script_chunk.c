/* script_chunk.c - see script_chunk.h.
 *
 * All functions of a file share the upvalue _ENV of its chunk. So the chunks
 * are held on to, and one look at each tells.
 */
#include "script_chunk.h"

#include <lauxlib.h>

#include "script_lua.h"

static const char chunks_key;

/* What Lua says of two slips that all make who come from elsewhere. */
static const char *hint(struct text said)
{
    if (text_ends_with(said, TEXT("<name> expected near '('")))
        return ": a function without a name is a value, return function(req)"
               " ... end";
    if (text_ends_with(said, TEXT(" near '!'")))
        return ": unequal is ~=, and the opposite is not";
    return "";
}

void script_chunk_load(lua_State *L, struct text text, const char *name)
{
    if (luaL_loadbufferx(L, text.at, text.len, name, "t") != LUA_OK) {
        lua_pushstring(L, hint(script_lua_string(L, -1)));
        lua_concat(L, 2);
        lua_error(L);
    }
    script_lua_metatable(L, &chunks_key, "chunks");
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

bool script_chunks_are_intact(lua_State *L)
{
    int base = lua_gettop(L);
    bool is_intact = true;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &chunks_key) == LUA_TTABLE)
        for (lua_Integer i = 1;
             is_intact && lua_rawgeti(L, base + 2, i) == LUA_TFUNCTION; i++) {
            lua_getupvalue(L, -1, 1);
            is_intact = lua_rawequal(L, -1, base + 1);
            lua_pop(L, 2);
        }
    lua_settop(L, base);
    return is_intact;
}
