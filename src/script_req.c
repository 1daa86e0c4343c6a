/* script_req.c - see script_req.h.
 *
 * req is an empty table; its __index looks the key up in a list of getters,
 * calls the one it finds and keeps what that pushed in the table. So the
 * second read is a plain one. A key that is not in the list is an error, since
 * a nil would only show later, as a missing field.
 *
 * form, query, headers and params are plain tables with the last value of each
 * name; all() finds the others in the request itself, and knows which list is
 * meant by which table it was given.
 *
 * JSON is decoded without counting against the script's time.
 */
#include "script_req.h"

#include <ctype.h>
#include <string.h>

#include <lauxlib.h>

#include "clock.h"
#include "csv.h"
#include "form.h"
#include "near.h"
#include "notes.h"
#include "point.h"
#include "request.h"
#include "route.h"
#include "scan.h"
#include "script_csv.h"
#include "script_json.h"
#include "script_lua.h"
#include "script_whole.h"

enum { NAME_BYTES = 256, UNCOUNTED_BYTES = 4096 };

static const char metatable_key, headers_key, params_key, current_key;

static void push_text(lua_State *L, struct text text)
{
    lua_pushlstring(L, text.at ? text.at : "", text.len);
}

static void push_pairs(lua_State *L, const struct pairs *pairs)
{
    lua_createtable(L, 0, (int)pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        push_text(L, pairs->items[i].name);
        push_text(L, pairs->items[i].value);
        lua_rawset(L, -3);
    }
}

/* A header's name in lower case; a longer one than any is cut. */
static void push_lower(lua_State *L, struct text name)
{
    char lower[NAME_BYTES];
    size_t len = name.len < sizeof lower ? name.len : sizeof lower;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)(name.at[i] >= 'A' && name.at[i] <= 'Z'
                              ? name.at[i] + ('a' - 'A')
                              : name.at[i]);
    lua_pushlstring(L, lower, len);
}

static int header_in_any_case(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    push_lower(L, script_lua_string(L, 2));
    lua_rawget(L, 1);
    return 1;
}

static void push_lower_pairs(lua_State *L, const struct pairs *headers)
{
    lua_createtable(L, 0, (int)headers->count);
    for (size_t i = 0; i < headers->count; i++) {
        push_lower(L, headers->items[i].name);
        push_text(L, headers->items[i].value);
        lua_rawset(L, -3);
    }
    if (script_lua_metatable(L, &headers_key, "headers")) {
        lua_pushcfunction(L, header_in_any_case);
        lua_setfield(L, -2, "__index");
    }
    lua_setmetatable(L, -2);
}

static void push_headers(lua_State *L, struct script_call *call)
{
    push_lower_pairs(L, &call->request->headers);
}

static void push_method(lua_State *L, struct script_call *call)
{
    push_text(L, call->request->method);
}

static void push_path(lua_State *L, struct script_call *call)
{
    push_text(L, call->request->path);
}

static void push_remote(lua_State *L, struct script_call *call)
{
    push_text(L, call->request->remote);
}

static void push_route(lua_State *L, struct script_call *call)
{
    if (call->route && call->route->pattern)
        lua_pushstring(L, call->route->pattern);
    else
        lua_pushnil(L);
}

static void push_time(lua_State *L, struct script_call *call)
{
    lua_pushinteger(L, call->request->time_ns);
}

static void push_id(lua_State *L, struct script_call *call)
{
    lua_pushstring(L, call->request->id);
}

/* A name that the route does not have; most often the tag that is not there. */
static int missing_param(lua_State *L)
{
    const struct script_call *call = script_lua_call(L);
    if (call && call->route && lua_type(L, 2) == LUA_TSTRING)
        script_lua_note(L, NOTE_NIL,
                        "req.params.%.60s is nil (the route is %s)",
                        lua_tostring(L, 2), call->route->pattern);
    return 0;
}

static void push_params(lua_State *L, struct script_call *call)
{
    push_pairs(L, &call->request->params);
    if (!call->notes)
        return;
    if (script_lua_metatable(L, &params_key, "params")) {
        lua_pushcfunction(L, missing_param);
        lua_setfield(L, -2, "__index");
    }
    lua_setmetatable(L, -2);
}

static void push_query(lua_State *L, struct script_call *call)
{
    push_pairs(L, &call->request->query);
}

static void push_form(lua_State *L, struct script_call *call)
{
    push_pairs(L, &call->request->form);
}

static void push_body(lua_State *L, struct script_call *call)
{
    push_text(L, call->request->body);
}

static void push_plain_text(lua_State *L, struct script_call *call)
{
    push_text(L, call->request->text);
}

/* Decoded for each request that asks: what a script writes into a table that it
 * is given must not be there for the next sender's. */
static void push_vars(lua_State *L, struct script_call *call)
{
    const struct route *route = call->route;
    if (!route || !route->vars_json) {
        lua_newtable(L);
        return;
    }
    script_json_decode(L, text_of(route->vars_json), false);
}

static bool is_json_type(struct text type)
{
    return text_equal(type, TEXT("application/json"))
           || text_equal(type, TEXT("text/json"))
           || text_equal(type, TEXT("application/x-json"))
           || text_ends_with(type, TEXT("+json"));
}

static bool is_line_json_type(struct text type)
{
    return text_ends_with(type, TEXT("ndjson"))
           || text_ends_with(type, TEXT("jsonl"))
           || text_ends_with(type, TEXT("json-seq"));
}

/* The sender chose how long the text is, not the script: a long one stops the
 * script's clock. */
static void decode_uncounted(lua_State *L, struct text text,
                             void (*decode)(lua_State *L, struct text text))
{
    struct script_lua *lua = script_lua_of(L);
    bool is_long = text.len >= UNCOUNTED_BYTES && lua->wall_start_ns != 0;
    int64_t from = is_long ? clock_thread_cpu_ns() : 0;
    decode(L, text);
    if (is_long)
        lua->cpu_start_ns += clock_thread_cpu_ns() - from;
}

static void decode_json(lua_State *L, struct text text)
{
    script_json_decode(L, text, false);
}

static void push_json(lua_State *L, struct script_call *call)
{
    const struct request *request = call->request;
    struct text type = request->media_type;
    if (request->text.len > 0
        && (is_json_type(type)
            || (!is_line_json_type(type)
                && form_looks_like_json(request->text))))
        decode_uncounted(L, request->text, decode_json);
    else
        lua_pushnil(L);
}

/* Types that say nothing about what the text is. */
static bool is_any_type(struct text type)
{
    return type.len == 0 || text_equal(type, TEXT("text/plain"))
           || text_equal(type, TEXT("application/octet-stream"));
}

/* What curl says of anything that it was not told the type of. */
static bool is_form_type(struct text type)
{
    return text_equal(type, TEXT("application/x-www-form-urlencoded"));
}

/* True if the first line is an object or array from end to end: what is spread
 * over several lines is one document. */
static bool looks_like_json_lines(struct text text)
{
    struct text line = {NULL, 0};
    while (text.len > 0 && line.len == 0)
        line = scan_trim(text_cut(&text, '\n'));
    return form_looks_like_json(line)
           && (text_ends_with(line, TEXT("}"))
               || text_ends_with(line, TEXT("]")));
}

static void push_ndjson(lua_State *L, struct script_call *call)
{
    const struct request *request = call->request;
    struct text type = request->media_type;
    if (request->text.len > 0
        && (is_line_json_type(type)
            || ((is_json_type(type) || is_any_type(type) || is_form_type(type))
                && looks_like_json_lines(request->text))))
        decode_uncounted(L, request->text, script_json_decode_lines);
    else
        lua_pushnil(L);
}

static bool is_csv_type(struct text type)
{
    return text_equal(type, TEXT("text/csv"))
           || text_equal(type, TEXT("application/csv"))
           || text_equal(type, TEXT("text/comma-separated-values"))
           || text_equal(type, TEXT("text/tab-separated-values"));
}

static void push_csv(lua_State *L, struct script_call *call)
{
    const struct request *request = call->request;
    struct text text = request->text;
    if (text.len > 0
        && (is_csv_type(request->media_type)
            || (is_any_type(request->media_type) && request->form.count == 0
                && !form_looks_like_json(text)
                && csv_separator_of(text) != '\0')))
        decode_uncounted(L, text, script_csv_push);
    else
        lua_pushnil(L);
}

static void push_data(lua_State *L, struct script_call *call)
{
    const struct request *request = call->request;
    if (lua_getfield(L, 1, "json") != LUA_TNIL)
        return;
    lua_pop(L, 1);
    if (request->form.count > 0)
        lua_getfield(L, 1, "form");
    else if (request->query.count > 0)
        lua_getfield(L, 1, "query");
    else
        lua_pushnil(L);
}

static void push_lines(lua_State *L, struct script_call *call)
{
    struct text rest = call->request->text;
    if (rest.len == 0) {
        lua_pushnil(L);
        return;
    }
    lua_newtable(L);
    for (lua_Integer i = 1; rest.len > 0; i++) {
        struct text line = text_cut(&rest, '\n');
        if (text_ends_with(line, TEXT("\r")))
            line.len--;
        push_text(L, line);
        lua_rawseti(L, -2, i);
    }
}

static void push_value(lua_State *L, const struct value *value)
{
    switch (value->type) {
    case VALUE_FLOAT:
        lua_pushnumber(L, value->as.number);
        break;
    case VALUE_INT:
    case VALUE_UINT:
        script_whole_push(L, *value);
        break;
    case VALUE_BOOL:
        lua_pushboolean(L, value->as.truth);
        break;
    case VALUE_STRING:
        push_text(L, value->as.string);
        break;
    }
}

/* A native point as the table that point{} takes. */
static void push_point(lua_State *L, const struct point *point)
{
    lua_createtable(L, 0, 4);
    push_text(L, point->measurement);
    lua_setfield(L, -2, "measurement");
    lua_createtable(L, 0, (int)point->tag_count);
    for (unsigned i = 0; i < point->tag_count; i++) {
        push_text(L, point->tags[i].key);
        push_text(L, point->tags[i].value);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "tags");
    lua_createtable(L, 0, (int)point->field_count);
    for (unsigned i = 0; i < point->field_count; i++) {
        push_text(L, point->fields[i].key);
        push_value(L, &point->fields[i].value);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "fields");
    if (point->has_time) {
        lua_pushinteger(L, point->time_ns);
        lua_setfield(L, -2, "time");
    }
}

static void push_points(lua_State *L, struct script_call *call)
{
    const struct points *points = call->native_points;
    if (!points) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, (int)points->count, 0);
    for (size_t i = 0; i < points->count; i++) {
        push_point(L, &points->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void set_text(lua_State *L, const char *key, struct text text)
{
    if (!text.at)
        return;
    push_text(L, text);
    lua_setfield(L, -2, key);
}

static void push_parts(lua_State *L, struct script_call *call)
{
    const struct parts *parts = &call->request->parts;
    if (parts->count == 0) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, (int)parts->count, 0);
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->items[i];
        lua_createtable(L, 0, 5);
        set_text(L, "name", part->name);
        set_text(L, "filename", part->filename);
        set_text(L, "type", part->type);
        push_text(L, part->body);
        lua_setfield(L, -2, "body");
        push_lower_pairs(L, &part->headers);
        lua_setfield(L, -2, "headers");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static const struct getter {
    const char *name;
    void (*push)(lua_State *L, struct script_call *call);
} getters[] = {
    {"method", push_method},   {"path", push_path},
    {"params", push_params},   {"route", push_route},
    {"remote", push_remote},   {"time", push_time},
    {"id", push_id},           {"vars", push_vars},
    {"headers", push_headers}, {"query", push_query},
    {"form", push_form},       {"body", push_body},
    {"text", push_plain_text}, {"json", push_json},
    {"ndjson", push_ndjson},   {"csv", push_csv},
    {"lines", push_lines},     {"parts", push_parts},
    {"data", push_data},       {"points", push_points},
};

enum { GETTERS = sizeof getters / sizeof *getters };

static void unknown_key(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "req has no entry that is %s", script_lua_kind(L, 2));
    struct near near;
    char hint[NEAR_BYTES * 2];
    near_init(&near, script_lua_string(L, 2));
    for (int i = 0; i < GETTERS; i++)
        near_offer(&near, getters[i].name);
    luaL_error(L, "req has no %s%s", lua_tostring(L, 2),
               near_hint(&near, hint));
}

void script_req_each_name(void (*each)(const char *name, void *context),
                          void *context)
{
    for (int i = 0; i < GETTERS; i++)
        each(getters[i].name, context);
}

/* __index(req, key); upvalue: a table from key to place in getters. */
static int get_entry(lua_State *L)
{
    struct script_call *call = script_lua_need_call(L, "req");
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNUMBER)
        unknown_key(L);
    const struct getter *getter = &getters[lua_tointeger(L, -1)];
    getter->push(L, call);
    if (lua_isnil(L, -1))
        script_lua_of(L)->absent = getter->name;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

void script_req_push(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &current_key);
}

/* Which list of the request the table at 1 shows; NULL: none. */
static const struct pairs *pairs_of(lua_State *L, struct script_call *call,
                                    bool *in_any_case)
{
    const struct request *request = call->request;
    const struct {
        const char *name;
        const struct pairs *pairs;
    } lists[] = {{"form", &request->form},
                 {"query", &request->query},
                 {"params", &request->params},
                 {"headers", &request->headers}};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &current_key);
    for (int i = 0; i < 4; i++) {
        lua_pushstring(L, lists[i].name);
        lua_rawget(L, -2);
        bool is_it = lua_rawequal(L, -1, 1);
        lua_pop(L, 1);
        *in_any_case = i == 3;
        if (is_it)
            return lists[i].pairs;
    }
    return NULL;
}

static int all_pairs(lua_State *L, const struct pairs *pairs, bool in_any_case)
{
    struct text name = script_lua_text(L, 2);
    lua_Integer count = 0;
    script_lua_spend(L, pairs->count);
    lua_newtable(L);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *pair = &pairs->items[i];
        if (!(in_any_case ? text_equal_nocase(pair->name, name)
                          : text_equal(pair->name, name)))
            continue;
        push_text(L, pair->value);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* all(t, name): every value of that name; of a plain table, t[name] as a list
 */
static int api_all(lua_State *L)
{
    struct script_call *call = script_lua_call(L);
    bool in_any_case;
    lua_settop(L, 2);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    const struct pairs *pairs = call ? pairs_of(L, call, &in_any_case) : NULL;
    if (pairs)
        return all_pairs(L, pairs, in_any_case);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    if (lua_istable(L, -1))
        return 1;
    lua_newtable(L);
    if (lua_isnil(L, -2) || script_lua_is_null(L, -2))
        return 1;
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    return 1;
}

void script_req_open(lua_State *L)
{
    script_lua_metatable(L, &metatable_key, "req");
    lua_createtable(L, 0, GETTERS);
    for (int i = 0; i < GETTERS; i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, getters[i].name);
    }
    lua_pushcclosure(L, get_entry, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, api_all);
    lua_setglobal(L, "all");
}
