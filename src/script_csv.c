/* script_csv.c - see script_csv.h.
 *
 * Fields go from the text straight into Lua strings; only those with doubled
 * quotes are copied in between, in memory that is Lua's. What can go wrong: a
 * bad quote, more fields than the ceiling (the sender's fault, both), options
 * that nobody knows (the script's), a record with more or fewer fields than
 * there are names: 3,25 without quotes is two. Which of its fields has which
 * name nobody can say, so it is left out and the request kept.
 */
#include "script_csv.h"

#include <stdio.h>

#include <lauxlib.h>

#include "csv.h"
#include "script_keep.h"
#include "script_lua.h"

enum { BAD_RECORD_STEPS = 500 };

struct options {
    char separator; /* '\0': by looks */
    size_t skip_lines;
    int names; /* where on the stack the list of names is; 0: no such */
};

static struct text without_bom(struct text text)
{
    return text_starts_with(text, TEXT("\xef\xbb\xbf")) ? text_skip(text, 3)
                                                        : text;
}

/* A text of one byte, on top of the stack. */
static char check_separator(lua_State *L)
{
    size_t len = 0;
    const char *text =
        lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    if (len != 1 || strchr("\"\r\n", *text))
        luaL_argerror(L, 2, "separator is one byte, and no quote or line end");
    return *text;
}

static size_t check_skip(lua_State *L)
{
    int is_whole;
    lua_Integer lines = lua_tointegerx(L, -1, &is_whole);
    if (!is_whole || lines < 0)
        luaL_argerror(L, 2, "skip is a number of lines");
    return (size_t)lines;
}

static int check_names(lua_State *L)
{
    if (!lua_istable(L, -1))
        luaL_argerror(L, 2, "header is a list of names");
    int names = lua_gettop(L);
    for (lua_Unsigned i = 1; i <= lua_rawlen(L, names); i++, lua_pop(L, 1))
        if (lua_rawgeti(L, names, (lua_Integer)i) != LUA_TSTRING)
            luaL_argerror(L, 2, "header is a list of names");
    return names;
}

static void check_keys(lua_State *L, bool may_have_header)
{
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        struct text key = {NULL, 0};
        if (lua_type(L, -2) == LUA_TSTRING)
            key = script_lua_string(L, -2);
        if (text_equal(key, TEXT("separator")) || text_equal(key, TEXT("skip"))
            || (may_have_header && text_equal(key, TEXT("header"))))
            continue;
        luaL_argerror(L, 2,
                      may_have_header
                          ? "the options are separator, skip and header"
                          : "the options are separator and skip");
    }
}

/* The table at 2, or nothing there. */
static struct options read_options(lua_State *L, bool may_have_header)
{
    struct options options = {.names = 0};
    lua_settop(L, 2);
    if (lua_isnil(L, 2))
        return options;
    luaL_checktype(L, 2, LUA_TTABLE);
    check_keys(L, may_have_header);
    if (lua_getfield(L, 2, "separator") != LUA_TNIL)
        options.separator = check_separator(L);
    if (lua_getfield(L, 2, "skip") != LUA_TNIL)
        options.skip_lines = check_skip(L);
    if (may_have_header && lua_getfield(L, 2, "header") != LUA_TNIL)
        options.names = check_names(L);
    return options;
}

static void start(struct csv *csv, struct text text,
                  const struct options *options)
{
    struct text rest = csv_skip_lines(text, options->skip_lines);
    char separator =
        options->separator ? options->separator : csv_separator_of(rest);
    csv_init(csv, text, text.len - rest.len, separator ? separator : ',');
}

/* What one read has counted. */
struct reading {
    struct csv csv;
    struct csv_field field;
    size_t fields;
};

/* Pushes the next field; false at the end. */
static bool push_next(lua_State *L, struct reading *reading)
{
    struct error err;
    luaL_Buffer memory;
    const struct text *text = &reading->field.text;
    switch (csv_next(&reading->csv, &reading->field, &err)) {
    case CSV_END:
        return false;
    case CSV_BAD:
        script_lua_bad_input(L, &err);
    case CSV_FIELD:
        break;
    }
    if (++reading->fields > LIMIT_CSV_FIELDS) {
        fail(&err, ERR_BAD_REQUEST, "more than %d fields, the limit",
             LIMIT_CSV_FIELDS);
        script_lua_bad_input(L, &err);
    }
    if (reading->field.has_doubled_quotes) {
        char *room = luaL_buffinitsize(L, &memory, text->len);
        luaL_pushresultsize(&memory, csv_unquote(*text, room));
    } else {
        lua_pushlstring(L, text->at, text->len);
    }
    return true;
}

/* Pushes the next row as a list with room for that many; false at the end. */
static bool push_row(lua_State *L, struct reading *reading, int *columns)
{
    int column = 0;
    lua_createtable(L, *columns, 0);
    while (push_next(L, reading)) {
        lua_rawseti(L, -2, ++column);
        if (reading->field.is_last)
            break;
    }
    *columns = column;
    if (column == 0)
        lua_pop(L, 1);
    return column > 0;
}

static void push_rows(lua_State *L, struct reading *reading)
{
    int columns = 0;
    lua_newtable(L);
    for (lua_Integer i = 1; push_row(L, reading, &columns); i++)
        lua_rawseti(L, -2, i);
}

/* Pushes what a column's values are found by: its name, else its number. */
static void push_key(lua_State *L, int names, lua_Integer column)
{
    if (lua_rawgeti(L, names, column) == LUA_TSTRING && lua_rawlen(L, -1) > 0)
        return;
    lua_pop(L, 1);
    lua_pushinteger(L, column);
}

static void keep_bad_record(lua_State *L, lua_Integer record,
                            lua_Integer fields, lua_Integer names)
{
    char reason[120];
    script_lua_need_call(L, "csv.records() of records that are no such");
    snprintf(reason, sizeof reason,
             "record %lld has %lld fields, and there are %lld names",
             (long long)record, (long long)fields, (long long)names);
    script_keep(L, "", text_of(reason));
    script_lua_spend(L, BAD_RECORD_STEPS);
}

static void push_records(lua_State *L, struct reading *reading, int names)
{
    lua_Integer record = 0, good = 0, column = 0;
    lua_Integer count = (lua_Integer)lua_rawlen(L, names);
    lua_newtable(L);
    while (push_next(L, reading)) {
        if (column == 0) {
            lua_createtable(L, 0, (int)count);
            lua_insert(L, -2);
        }
        push_key(L, names, ++column);
        lua_insert(L, -2);
        lua_rawset(L, -3);
        if (!reading->field.is_last)
            continue;
        record++;
        if (column == count || count == 0) {
            lua_rawseti(L, -2, ++good);
        } else {
            lua_pop(L, 1);
            keep_bad_record(L, record, column, count);
        }
        column = 0;
    }
}

void script_csv_push(lua_State *L, struct text text)
{
    const struct options none = {.names = 0};
    struct reading reading = {.fields = 0};
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    start(&reading.csv, without_bom(text), &none);
    push_rows(L, &reading);
}

/* csv.rows(text [, options]) */
static int api_rows(lua_State *L)
{
    struct text text = without_bom(script_lua_text(L, 1));
    struct reading reading = {.fields = 0};
    script_lua_spend(L, text.len);
    struct options options = read_options(L, false);
    start(&reading.csv, text, &options);
    push_rows(L, &reading);
    return 1;
}

/* csv.records(text [, options]) */
static int api_records(lua_State *L)
{
    struct text text = without_bom(script_lua_text(L, 1));
    struct reading reading = {.fields = 0};
    int columns = 0;
    script_lua_spend(L, text.len);
    struct options options = read_options(L, true);
    start(&reading.csv, text, &options);
    if (options.names == 0) {
        if (!push_row(L, &reading, &columns))
            lua_newtable(L);
        options.names = lua_gettop(L);
    }
    push_records(L, &reading, options.names);
    return 1;
}

void script_csv_open(lua_State *L)
{
    static const struct script_function functions[] = {
        {"rows", api_rows}, {"records", api_records}, {NULL, NULL}};
    lua_newtable(L);
    script_lua_set_functions(L, functions);
    lua_setglobal(L, "csv");
}
