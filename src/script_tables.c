/* script_tables.c - see script_tables.h.
 *
 * A path is walked without making anything but the names in it. flatten builds
 * its names in the state's scratch buffer: each level appends its part and cuts
 * it off again. All table access is raw: metatables here are only ours.
 */
#include "script_tables.h"

#include <lauxlib.h>

#include "number.h"
#include "script_lua.h"
#include "script_whole.h"

enum {
    MAX_DEPTH = 64,
    SLOTS = 6,
    LONG_PATH = 1000,
    STEPS_PER_NAME = 10, /* of a path, or an entry of a table */
};

static bool is_all_digits(struct text text, lua_Integer *index)
{
    int64_t value;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    if (!number_read_int(text, &value))
        return false;
    *index = value;
    return true;
}

/* Replaces the table on top by its entry, nil if there is none. */
static void step_name(lua_State *L, struct text name)
{
    lua_Integer index;
    if (lua_type(L, -1) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_pushnil(L);
        return;
    }
    lua_pushlstring(L, name.at, name.len);
    if (lua_rawget(L, -2) == LUA_TNIL && is_all_digits(name, &index)) {
        lua_pop(L, 1);
        lua_rawgeti(L, -1, index);
    }
    lua_remove(L, -2);
}

static void walk_path(lua_State *L, struct text path)
{
    bool is_long = path.len > LONG_PATH;
    for (;;) {
        if (is_long)
            script_lua_spend(L, STEPS_PER_NAME);
        const char *dot = memchr(path.at, '.', path.len);
        size_t len = dot ? (size_t)(dot - path.at) : path.len;
        step_name(L, (struct text){path.at, len});
        if (!dot)
            return;
        path = text_skip(path, len + 1);
    }
}

/* A key that is not a path: any Lua value. */
static void step_key(lua_State *L, int key)
{
    if (lua_type(L, key) == LUA_TSTRING) {
        step_name(L, script_lua_string(L, key));
        return;
    }
    bool is_table = lua_type(L, -1) == LUA_TTABLE;
    if (is_table && !lua_isnil(L, key)) {
        lua_pushvalue(L, key);
        lua_rawget(L, -2);
    } else {
        lua_pushnil(L);
    }
    lua_remove(L, -2);
}

/* get(t, "a.b.1.c") or get(t, "a", "b.with.dots", 1) */
static int api_get(lua_State *L)
{
    int keys = lua_gettop(L);
    luaL_checkany(L, 2);
    lua_pushvalue(L, 1);
    if (keys == 2 && lua_type(L, 2) == LUA_TSTRING)
        walk_path(L, script_lua_string(L, 2));
    else
        for (int key = 2; key <= keys; key++)
            step_key(L, key);
    if (script_lua_is_null(L, -1))
        lua_pushnil(L);
    return 1;
}

struct flattening {
    struct buf *name;
    struct text separator;
    int result; /* the table on the stack */
};

static void append_name(lua_State *L, struct flattening *f, int key)
{
    char number[NUMBER_TEXT_BYTES];
    bool fits = f->name->len == 0 || buf_append_text(f->name, f->separator);
    if (lua_type(L, key) == LUA_TSTRING)
        fits = fits && buf_append_text(f->name, script_lua_string(L, key));
    else if (lua_isinteger(L, key))
        fits = fits
               && buf_append(f->name, number,
                             number_format_int(lua_tointeger(L, key), number));
    else
        luaL_error(L, "flatten: a key is %s", script_lua_kind(L, key));
    if (!fits)
        luaL_error(L, "flatten: a name is too long");
}

static void flatten_table(lua_State *L, struct flattening *f, int table,
                          int depth);

/* The entry whose key and value are on top. */
static void flatten_entry(lua_State *L, struct flattening *f, int depth)
{
    int type = lua_type(L, -1);
    bool is_scalar = type == LUA_TNUMBER || type == LUA_TSTRING
                     || type == LUA_TBOOLEAN || script_whole(L, -1);
    size_t parent = f->name->len;
    if (is_scalar && parent == 0 && lua_type(L, -2) == LUA_TSTRING) {
        lua_pushvalue(L, -2);
    } else if (is_scalar) {
        append_name(L, f, lua_gettop(L) - 1);
        lua_pushlstring(L, f->name->data, f->name->len);
    } else {
        if (type == LUA_TTABLE) {
            append_name(L, f, lua_gettop(L) - 1);
            flatten_table(L, f, lua_gettop(L), depth + 1);
        }
        buf_truncate(f->name, parent);
        return;
    }
    lua_pushvalue(L, -2);
    lua_rawset(L, f->result);
    buf_truncate(f->name, parent);
}

static void flatten_table(lua_State *L, struct flattening *f, int table,
                          int depth)
{
    if (depth > MAX_DEPTH)
        luaL_error(L, "flatten: nested deeper than %d", MAX_DEPTH);
    luaL_checkstack(L, SLOTS, NULL);
    unsigned entries = 1;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1), entries++)
        flatten_entry(L, f, depth);
    script_lua_spend(L, entries * STEPS_PER_NAME); /* a table may come twice */
}

/* flatten(t [, sep]): scalars of nested tables by a_b_1 */
static int api_flatten(lua_State *L)
{
    struct flattening f = {.name = &script_lua_of(L)->scratch,
                           .separator = TEXT("_"),
                           .result = 3};
    script_lua_check_time(L);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        f.separator = script_lua_text(L, 2);
    lua_createtable(L, 0, 4);
    if (lua_isnil(L, 1) || script_lua_is_null(L, 1))
        return 1;
    luaL_checktype(L, 1, LUA_TTABLE);
    buf_clear(f.name);
    flatten_table(L, &f, 1, 1);
    return 1;
}

/* merge(t, ...): a new table; later entries win */
static int api_merge(lua_State *L)
{
    int count = lua_gettop(L);
    unsigned entries = 1;
    script_lua_check_time(L);
    lua_newtable(L);
    for (int i = 1; i <= count; i++) {
        script_lua_spend(L, entries * STEPS_PER_NAME);
        entries = 1;
        if (lua_isnil(L, i) || script_lua_is_null(L, i))
            continue;
        luaL_checktype(L, i, LUA_TTABLE);
        for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1)) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, count + 1);
            entries++;
        }
    }
    return 1;
}

void script_tables_open(lua_State *L)
{
    static const struct script_function functions[] = {
        {"get", api_get},
        {"flatten", api_flatten},
        {"merge", api_merge},
        {NULL, NULL},
    };
    lua_pushglobaltable(L);
    script_lua_set_functions(L, functions);
    lua_pop(L, 1);
}
