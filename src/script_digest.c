/* script_digest.c - hash, hmac, equal and gunzip in scripts.
 *
 * A digest is raw bytes: hex.encode makes it what most senders write. gunzip
 * inflates into the state's scratch buffer, whose ceiling for that time is what
 * the script's memory has left: so a bomb ends where the script would.
 *
 * What can go wrong: bytes that are no gzip are the sender's fault (400), and
 * so is what inflates to more than there is room for (413); an algorithm that
 * nobody knows is the script's.
 */
#include <lauxlib.h>

#include "digest.h"
#include "gzip.h"
#include "script_lua.h"

static enum digest_algorithm algorithm_at(lua_State *L, int index)
{
    struct text name = script_lua_text(L, index);
    enum digest_algorithm algorithm = digest_find(name);
    if (algorithm < DIGEST_ALGORITHMS)
        return algorithm;
    lua_pushliteral(L, "there is none of that name, but");
    for (int i = 0; i < DIGEST_ALGORITHMS; i++)
        lua_pushfstring(L, " %s", digest_name((enum digest_algorithm)i));
    lua_concat(L, DIGEST_ALGORITHMS + 1);
    luaL_argerror(L, index, lua_tostring(L, -1));
    return algorithm;
}

static int push_digest(lua_State *L, bool is_made, const struct digest *digest)
{
    if (!is_made)
        return luaL_error(L, "this system does not allow %s",
                          lua_tostring(L, 1));
    lua_pushlstring(L, (const char *)digest->bytes, digest->len);
    return 1;
}

/* hash(algorithm, bytes) */
static int api_hash(lua_State *L)
{
    struct digest digest;
    enum digest_algorithm algorithm = algorithm_at(L, 1);
    struct text bytes = script_lua_text(L, 2);
    script_lua_spend(L, bytes.len);
    return push_digest(L, digest_of(algorithm, bytes, &digest), &digest);
}

/* hmac(algorithm, key, bytes) */
static int api_hmac(lua_State *L)
{
    struct digest digest;
    enum digest_algorithm algorithm = algorithm_at(L, 1);
    struct text key = script_lua_text(L, 2), bytes = script_lua_text(L, 3);
    script_lua_spend(L, key.len + bytes.len);
    return push_digest(L, digest_keyed(algorithm, key, bytes, &digest),
                       &digest);
}

/* equal(a, b): whether both are the same text. What a sender left out (nil) is
 * equal to nothing. */
static int api_equal(lua_State *L)
{
    bool are_equal = false;
    luaL_checkany(L, 2);
    if (!lua_isnil(L, 1) && !lua_isnil(L, 2)) {
        struct text a = script_lua_text(L, 1), b = script_lua_text(L, 2);
        script_lua_spend(L, a.len + b.len);
        are_equal = digest_equal(a, b);
    }
    lua_pushboolean(L, are_equal);
    return 1;
}

/* gunzip(bytes) */
static int api_gunzip(lua_State *L)
{
    struct script_lua *lua = script_lua_of(L);
    struct buf *out = &lua->scratch;
    struct text in = script_lua_text(L, 1);
    size_t most_bytes = out->max_bytes;
    size_t room = lua->limits.memory_bytes - lua->memory_bytes;
    struct error err;
    buf_clear(out);
    out->max_bytes = room < most_bytes ? room : most_bytes;
    bool done = gzip_inflate(in, GZIP_GZIP, out, &err);
    out->max_bytes = most_bytes;
    script_lua_spend(L, in.len + out->len); /* a bomb's, too */
    if (!done)
        script_lua_raise(L, &err);
    lua_pushlstring(L, out->data ? out->data : "", out->len);
    return 1;
}

void script_digest_open(lua_State *L)
{
    static const struct script_function functions[] = {{"hash", api_hash},
                                                       {"hmac", api_hmac},
                                                       {"equal", api_equal},
                                                       {"gunzip", api_gunzip},
                                                       {NULL, NULL}};
    lua_pushglobaltable(L);
    script_lua_set_functions(L, functions);
    lua_pop(L, 1);
}
