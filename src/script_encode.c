/* script_encode.c - see script_encode.h.
 *
 * The text goes to a buf that outlives any error. The names of an object are
 * gathered in a userdata, which Lua frees whatever happens, and sorted there;
 * the strings themselves stay alive in the table that is being written.
 */
#include "script_encode.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "number.h"
#include "script_lua.h"
#include "script_whole.h"
#include "utf8.h"

enum { MAX_DEPTH = 64, SLOTS = 6, TABLE_STEPS = 40, ENTRY_STEPS = 10 };

static const char empty_key;

struct name {
    struct text text; /* at is NULL: number counts */
    lua_Integer number;
};

void script_encode_push_empty(lua_State *L)
{
    script_lua_metatable(L, &empty_key, "array");
}

static bool is_marked(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    script_encode_push_empty(L);
    bool is_mine = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is_mine;
}

bool script_encode_is_array(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE)
        return false;
    bool has_first = lua_rawgeti(L, index, 1) != LUA_TNIL;
    lua_pop(L, 1);
    return has_first || is_marked(L, index);
}

static void put(lua_State *L, struct buf *out, const char *bytes, size_t len)
{
    if (!buf_append(out, bytes, len))
        luaL_error(L, "JSON text longer than %d bytes", (int)out->max_bytes);
}

static void put_escaped(lua_State *L, struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *known = c ? strchr(from, c) : NULL;
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    if (known)
        text[1] = to[known - from];
    put(L, out, text, known ? 2 : 6);
}

static void put_string(lua_State *L, struct buf *out, struct text text)
{
    put(L, out, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        size_t valid =
            c < 0x80 ? 1 : utf8_sequence(text.at + i, text.at + text.len);
        if (c >= ' ' && c != '"' && c != '\\' && valid > 0) {
            i += valid - 1;
            continue;
        }
        put(L, out, text.at + from, i - from);
        if (valid == 0)
            put(L, out, "\xef\xbf\xbd", 3);
        else
            put_escaped(L, out, c);
        from = i + 1;
    }
    put(L, out, text.at + from, text.len - from);
    put(L, out, "\"", 1);
}

static void put_integer(lua_State *L, struct buf *out, lua_Integer integer)
{
    char text[NUMBER_TEXT_BYTES];
    put(L, out, text, number_format_int(integer, text));
}

static void put_number(lua_State *L, int index, struct buf *out)
{
    char text[NUMBER_TEXT_BYTES];
    double value = lua_tonumber(L, index);
    if (lua_isinteger(L, index))
        put_integer(L, out, lua_tointeger(L, index));
    else if (value == 0 && signbit(value))
        put(L, out, "-0.0", 4); /* "-0" would be read as the integer 0 */
    else if (isfinite(value))
        put(L, out, text, number_format(value, text));
    else
        put(L, out, "null", 4);
}

static void put_value(lua_State *L, int index, struct buf *out, int depth);

static void put_array(lua_State *L, int index, struct buf *out, int depth)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    lua_Integer seen = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        seen++;
    if (seen != count)
        luaL_error(L, "JSON has no list with gaps or with names in it");
    script_lua_spend(L, (uint64_t)count * ENTRY_STEPS);
    put(L, out, "[", 1);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1)
            put(L, out, ",", 1);
        lua_rawgeti(L, index, i);
        put_value(L, lua_gettop(L), out, depth + 1);
        lua_pop(L, 1);
    }
    put(L, out, "]", 1);
}

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left, *b = right;
    if (!a->text.at || !b->text.at)
        return a->text.at   ? 1
               : b->text.at ? -1
                            : (a->number > b->number) - (a->number < b->number);
    return text_compare(a->text, b->text);
}

static struct name name_at(lua_State *L, int index)
{
    struct name name = {.text = {NULL, 0}};
    if (lua_type(L, index) == LUA_TSTRING)
        name.text = script_lua_string(L, index);
    else if (lua_isinteger(L, index))
        name.number = lua_tointeger(L, index);
    else
        luaL_error(L, "JSON has no name that is %s", script_lua_kind(L, index));
    return name;
}

/* Pushes a userdata with the names of the table, sorted. */
static struct name *push_names(lua_State *L, int index, size_t *count)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        n++;
    struct name *names = lua_newuserdatauv(L, n * sizeof *names + 1, 0);
    *count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        assert(*count < n);
        names[(*count)++] = name_at(L, -2);
    }
    qsort(names, n, sizeof *names, compare_names);
    return names;
}

static void put_object(lua_State *L, int index, struct buf *out, int depth)
{
    size_t count;
    struct name *names = push_names(L, index, &count);
    script_lua_spend(L, count * ENTRY_STEPS);
    put(L, out, "{", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put(L, out, ",", 1);
        if (names[i].text.at) {
            put_string(L, out, names[i].text);
            lua_pushlstring(L, names[i].text.at, names[i].text.len);
        } else {
            put(L, out, "\"", 1);
            put_integer(L, out, names[i].number);
            put(L, out, "\"", 1);
            lua_pushinteger(L, names[i].number);
        }
        lua_rawget(L, index);
        put(L, out, ":", 1);
        put_value(L, lua_gettop(L), out, depth + 1);
        lua_pop(L, 1);
    }
    put(L, out, "}", 1);
    lua_pop(L, 1);
}

/* The text counts as the script's own memory. */
static void check_room(lua_State *L, const struct buf *out)
{
    size_t most_bytes = script_lua_of(L)->limits.memory_bytes;
    if (out->len > most_bytes)
        luaL_error(L, "JSON text longer than %I bytes (limits.memory)",
                   (LUAI_UACINT)most_bytes);
}

static void put_table(lua_State *L, int index, struct buf *out, int depth)
{
    if (depth > MAX_DEPTH)
        luaL_error(L, "JSON nested deeper than %d: does a table hold itself?",
                   MAX_DEPTH);
    luaL_checkstack(L, SLOTS, NULL);
    check_room(L, out);
    script_lua_spend(L, TABLE_STEPS); /* one table may come a million times */
    if (script_encode_is_array(L, index))
        put_array(L, index, out, depth);
    else
        put_object(L, index, out, depth);
}

static void put_userdata(lua_State *L, int index, struct buf *out)
{
    char text[NUMBER_TEXT_BYTES];
    const struct value *whole = script_whole(L, index);
    if (script_lua_is_null(L, index))
        put(L, out, "null", 4);
    else if (whole)
        put(L, out, text, script_whole_format(whole, text));
    else
        luaL_error(L, "JSON has no userdata");
}

static void put_value(lua_State *L, int index, struct buf *out, int depth)
{
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        put(L, out, "null", 4);
        break;
    case LUA_TBOOLEAN:
        put(L, out, lua_toboolean(L, index) ? "true" : "false",
            lua_toboolean(L, index) ? 4 : 5);
        break;
    case LUA_TNUMBER:
        put_number(L, index, out);
        break;
    case LUA_TSTRING:
        put_string(L, out, script_lua_string(L, index));
        break;
    case LUA_TTABLE:
        put_table(L, index, out, depth);
        break;
    case LUA_TUSERDATA:
        put_userdata(L, index, out);
        break;
    default:
        luaL_error(L, "JSON has no value that is %s",
                   script_lua_kind(L, index));
    }
}

void script_encode(lua_State *L, int index, struct buf *out)
{
    put_value(L, lua_absindex(L, index), out, 1);
}
