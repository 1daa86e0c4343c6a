/* script_codec.c - hex.*, base64.* and url.* in scripts.
 *
 * The codecs write into memory that Lua owns: a luaL_Buffer of the largest size
 * the result can have, lent to them as a buf that is full at that size. So
 * nothing leaks when Lua raises, and the script's memory limit counts it.
 *
 * Each byte is paid for, so a script cannot spend its time unseen in here.
 *
 * What can go wrong: bytes that are no hex or base64 came from the sender, so
 * the sender is told (400), not the writer of the script. url.decode cannot
 * fail: what is no %xx stays as it is.
 */
#include <lauxlib.h>

#include "buf.h"
#include "codec.h"
#include "error.h"
#include "script_lua.h"

enum { PIECE_STEPS = 10 };

static struct buf lend(lua_State *L, luaL_Buffer *memory, size_t len)
{
    return (struct buf){.data = luaL_buffinitsize(L, memory, len),
                        .capacity = len,
                        .max_bytes = len};
}

static int push_decoded(lua_State *L, size_t most_bytes,
                        bool (*decode)(struct text in, struct buf *out,
                                       struct error *err))
{
    luaL_Buffer memory;
    struct error err;
    struct text in = script_lua_text(L, 1);
    script_lua_spend(L, in.len);
    struct buf out = lend(L, &memory, most_bytes);
    if (!decode(in, &out, &err))
        script_lua_bad_input(L, &err);
    luaL_pushresultsize(&memory, out.len);
    return 1;
}

static int push_encoded(lua_State *L, size_t most_bytes,
                        bool (*encode)(struct text in, struct buf *out))
{
    luaL_Buffer memory;
    struct text in = script_lua_text(L, 1);
    script_lua_spend(L, in.len);
    struct buf out = lend(L, &memory, most_bytes);
    if (!encode(in, &out))
        return luaL_error(L, "a text of %I bytes is too long to encode",
                          (LUAI_UACINT)in.len);
    luaL_pushresultsize(&memory, out.len);
    return 1;
}

static int hex_decode(lua_State *L)
{
    return push_decoded(L, script_lua_text(L, 1).len / 2, codec_hex_decode);
}

static int hex_encode(lua_State *L)
{
    return push_encoded(L, script_lua_text(L, 1).len * 2, codec_hex_encode);
}

static int base64_decode(lua_State *L)
{
    return push_decoded(L, script_lua_text(L, 1).len / 4 * 3 + 3,
                        codec_base64_decode);
}

static int base64_encode(lua_State *L)
{
    return push_encoded(L, (script_lua_text(L, 1).len + 2) / 3 * 4,
                        codec_base64_encode);
}

static int url_encode(lua_State *L)
{
    return push_encoded(L, script_lua_text(L, 1).len * 3, codec_url_encode);
}

static void push_url_decoded(lua_State *L, struct text in, bool plus_is_space)
{
    luaL_Buffer memory;
    script_lua_spend(L, in.len + PIECE_STEPS);
    char *room = luaL_buffinitsize(L, &memory, in.len);
    luaL_pushresultsize(&memory, codec_url_decode(in, plus_is_space, room));
}

/* '+' stays: in a path, or in JSON behind a percent-encoding, it is a plus. */
static int url_decode(lua_State *L)
{
    push_url_decoded(L, script_lua_text(L, 1), false);
    return 1;
}

/* "a=1&b=2" as a table, the last of equal names; as forms have it, '+' is a
 * blank. Empty pieces ("a=1&&b=2") are nothing. */
static int url_query(lua_State *L)
{
    struct text rest = script_lua_text(L, 1);
    if (text_starts_with(rest, TEXT("?")))
        rest = text_skip(rest, 1);
    lua_newtable(L);
    while (rest.len > 0) {
        struct text value = text_cut(&rest, '&');
        if (value.len == 0)
            continue;
        struct text name = text_cut(&value, '=');
        push_url_decoded(L, name, true);
        push_url_decoded(L, value, true);
        lua_rawset(L, -3);
    }
    return 1;
}

void script_codec_open(lua_State *L)
{
    static const luaL_Reg hex[] = {
        {"decode", hex_decode}, {"encode", hex_encode}, {NULL, NULL}};
    static const luaL_Reg base64[] = {
        {"decode", base64_decode}, {"encode", base64_encode}, {NULL, NULL}};
    static const luaL_Reg url[] = {{"decode", url_decode},
                                   {"encode", url_encode},
                                   {"query", url_query},
                                   {NULL, NULL}};
    luaL_newlib(L, hex);
    lua_setglobal(L, "hex");
    luaL_newlib(L, base64);
    lua_setglobal(L, "base64");
    luaL_newlib(L, url);
    lua_setglobal(L, "url");
}
