/* script_point.c - see script_point.h.
 *
 * point.c checks names and values; here Lua's values become C's, and what has
 * no meaning as a tag or a field raises with its key. Errors of both name the
 * line that called point().
 */
#include "script_point.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include <lauxlib.h>

#include "clock.h"
#include "near.h"
#include "notes.h"
#include "number.h"
#include "point.h"
#include "route.h"
#include "script_lua.h"
#include "script_taken.h"
#include "script_whole.h"

/* Where the arguments of a point stand on the stack; 0: left out. */
struct form {
    int measurement, tags, fields, time, output;
};

static struct text name_of(lua_State *L, int index, const char *what)
{
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "a %s's name is %s, not text", what,
                   script_lua_kind(L, index));
    return script_lua_string(L, index);
}

static struct text number_text(lua_State *L, int index,
                               char out[NUMBER_TEXT_BYTES])
{
    double number = lua_tonumber(L, index);
    size_t len = 0;
    if (lua_isinteger(L, index))
        len = number_format_int(lua_tointeger(L, index), out);
    else if (isfinite(number))
        len = number_format(number, out);
    return (struct text){out, len};
}

/* The value at the top of the stack as a tag's; NULL at.at: none. */
static struct text tag_text(lua_State *L, struct text key,
                            char out[NUMBER_TEXT_BYTES])
{
    const struct value *whole;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        return script_lua_string(L, -1);
    case LUA_TNUMBER:
        return number_text(L, -1, out);
    case LUA_TBOOLEAN:
        return lua_toboolean(L, -1) ? TEXT("true") : TEXT("false");
    case LUA_TUSERDATA:
        whole = script_whole(L, -1);
        if (whole)
            return (struct text){out, script_whole_format(whole, out)};
        if (script_lua_is_null(L, -1))
            return (struct text){NULL, 0};
        break;
    default:
        break;
    }
    luaL_error(L, "tag %s is %s", key.at, script_lua_kind(L, -1));
    return (struct text){NULL, 0};
}

static void warn_tag(struct notes *notes, struct text key, struct text value)
{
    double number;
    if (notes && value.len > 0 && memchr(value.at, '.', value.len)
        && number_read(value, &number))
        note(notes, NOTE_WARNING, "tag %.*s=%.*s looks like a value",
             TEXT_ARG(key), TEXT_ARG(value));
}

static void add_tags(lua_State *L, struct script_call *call, int tags)
{
    struct error err;
    char number[NUMBER_TEXT_BYTES];
    for (lua_pushnil(L); lua_next(L, tags); lua_pop(L, 1)) {
        struct text key = name_of(L, -2, "tag");
        struct text value = tag_text(L, key, number);
        warn_tag(call->notes, key, value);
        if (!point_add_tag(call->points, key, value, &err))
            script_lua_raise(L, &err);
    }
}

/* The value at the top of the stack as a field's; false: none (null). */
static bool field_value(lua_State *L, struct text key, struct value *value)
{
    const struct value *whole;
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        value->type = VALUE_FLOAT;
        value->as.number = lua_tonumber(L, -1);
        return true;
    case LUA_TSTRING:
        value->type = VALUE_STRING;
        value->as.string = script_lua_string(L, -1);
        return true;
    case LUA_TBOOLEAN:
        value->type = VALUE_BOOL;
        value->as.truth = lua_toboolean(L, -1);
        return true;
    case LUA_TUSERDATA:
        whole = script_whole(L, -1);
        if (whole)
            *value = *whole;
        if (whole || script_lua_is_null(L, -1))
            return whole != NULL;
        break;
    default:
        break;
    }
    luaL_error(L, "field %s is %s%s", key.at, script_lua_kind(L, -1),
               lua_istable(L, -1) ? ": take a value of it, or flatten it" : "");
    return false;
}

static void warn_field(struct notes *notes, struct text key,
                       const struct value *value)
{
    double number;
    if (notes && value->type == VALUE_STRING
        && number_read(value->as.string, &number))
        note(notes, NOTE_WARNING, "field %.*s=\"%.*s\" is text", TEXT_ARG(key),
             TEXT_ARG(value->as.string));
}

static void add_fields(lua_State *L, struct script_call *call, int fields)
{
    struct error err;
    struct value value;
    for (lua_pushnil(L); lua_next(L, fields); lua_pop(L, 1)) {
        struct text key = name_of(L, -2, "field");
        if (!field_value(L, key, &value)) {
            note(call->notes, NOTE_LEFT_OUT, "field %.*s null", TEXT_ARG(key));
            continue;
        }
        warn_field(call->notes, key, &value);
        if (!point_add_field(call->points, key, value, &err))
            script_lua_raise(L, &err);
    }
}

/* Lua's tables have an order of their own in every process; sorted, the same
 * payload gives the same line always, and batches compress better. */
static void sort_fields(struct point *draft)
{
    for (unsigned i = 1; i < draft->field_count; i++) {
        struct field field = draft->fields[i];
        unsigned to = i;
        for (; to > 0 && text_compare(draft->fields[to - 1].key, field.key) > 0;
             to--)
            draft->fields[to] = draft->fields[to - 1];
        draft->fields[to] = field;
    }
}

static void warn_time(struct notes *notes, int64_t time_ns)
{
    const int64_t least = INT64_C(315532800) * NS_PER_S; /* 1980 */
    const int64_t most = INT64_C(4102444800) * NS_PER_S; /* 2100 */
    char date[CLOCK_TEXT_BYTES];
    if (!notes || (time_ns >= least && time_ns < most))
        return;
    clock_format(time_ns, date);
    static const char *const units[] = {"time.us", "time.ms", "time.s"};
    int64_t unit_ns = NS_PER_US;
    for (int i = 0; i < 3; i++, unit_ns *= 1000)
        if (time_ns >= least / unit_ns && time_ns < most / unit_ns) {
            static const char *const names[] = {"microseconds", "milliseconds",
                                                "seconds"};
            note(notes, NOTE_WARNING, "time %" PRId64 " is %.10s: %s? use %s%s",
                 time_ns, date, names[i], units[i],
                 i < 2 ? ", or time.parse, which goes by the digits" : "");
            return;
        }
    note(notes, NOTE_WARNING, "time %" PRId64 " is %.10s", time_ns, date);
}

static void set_time(lua_State *L, struct script_call *call, int index)
{
    if (index == 0 || lua_isnoneornil(L, index))
        return;
    int is_exact;
    lua_Integer time_ns = lua_tointegerx(L, index, &is_exact);
    if (lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "time is %s: use time.parse, time.s, time.ms ...",
                   script_lua_kind(L, index));
    if (!is_exact)
        luaL_error(L, "time is %f, not whole nanoseconds: use time.s",
                   lua_tonumber(L, index));
    warn_time(call->notes, time_ns);
    point_set_time(call->points, time_ns);
}

static uint64_t output_bit(lua_State *L, int index)
{
    const struct script_outputs *outputs = script_lua_of(L)->outputs;
    struct text name = name_of(L, index, "output");
    struct near near;
    near_init(&near, name);
    for (size_t i = 0; outputs && i < outputs->count; i++) {
        if (text_equal(name, text_of(outputs->names[i])))
            return UINT64_C(1) << i;
        near_offer(&near, outputs->names[i]);
    }
    char hint[NEAR_BYTES * 2];
    luaL_error(L, "there is no output %s%s", name.at, near_hint(&near, hint));
    return 0;
}

static uint64_t output_bits(lua_State *L, int index)
{
    if (index == 0 || lua_isnoneornil(L, index))
        return 0;
    if (lua_type(L, index) != LUA_TTABLE)
        return output_bit(L, index);
    uint64_t bits = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        bits |= output_bit(L, lua_gettop(L));
    if (bits == 0)
        luaL_error(L, "output is an empty list");
    return bits;
}

/* Spreads point{ ... } out on the stack. */
static struct form named_form(lua_State *L)
{
    static const char *const keys[] = {"measurement", "tags", "fields", "time",
                                       "output"};
    enum { KEYS = sizeof keys / sizeof *keys };
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (lua_isinteger(L, -2))
            luaL_error(L, "a list where one point belongs: return the list, or"
                          " emit its points one by one");
        struct text key = name_of(L, -2, "point{}'s entry");
        struct near near;
        near_init(&near, key);
        int i = 0;
        while (i < KEYS && !text_equal(key, text_of(keys[i])))
            near_offer(&near, keys[i++]);
        char hint[NEAR_BYTES * 2];
        if (i == KEYS)
            luaL_error(L, "point{} has no %s%s", key.at,
                       near_hint(&near, hint));
    }
    for (int i = 0; i < KEYS; i++) {
        lua_pushstring(L, keys[i]);
        lua_rawget(L, 1);
    }
    int top = lua_gettop(L);
    return (struct form){top - 4, top - 3, top - 2, top - 1, top};
}

static struct form read_form(lua_State *L)
{
    int args = lua_gettop(L);
    if (args == 1 && lua_type(L, 1) == LUA_TTABLE)
        return named_form(L);
    if (args > 4)
        luaL_error(L, "point takes measurement, tags, fields, time; %d given",
                   args);
    lua_settop(L, 4);
    return (struct form){1, 2, 3, 4, 0};
}

static void check_table(lua_State *L, int index, const char *what,
                        bool may_be_nil)
{
    if (lua_type(L, index) == LUA_TTABLE
        || (may_be_nil && lua_isnoneornil(L, index)))
        return;
    luaL_error(L,
               "%s is %s, not a table: point(measurement, tags, fields"
               " [, time])",
               what, script_lua_kind(L, index));
}

static void add_route_tags(lua_State *L, struct script_call *call)
{
    const struct route *route = call->route;
    struct error err;
    for (size_t i = 0; route && i < route->tag_count; i++)
        if (!point_add_default_tag(call->points, text_of(route->tags[i].key),
                                   text_of(route->tags[i].value), &err))
            script_lua_raise(L, &err);
}

/* Makes a point of the arguments. SIZE_MAX: dropped. */
static size_t build(lua_State *L, struct script_call *call)
{
    struct form form = read_form(L);
    struct error err;
    size_t index;
    if (lua_type(L, form.measurement) != LUA_TSTRING)
        luaL_error(L, "measurement is %s, not text",
                   script_lua_kind(L, form.measurement));
    check_table(L, form.tags, "tags", true);
    check_table(L, form.fields, "fields", false);
    if (!point_begin(call->points, script_lua_string(L, form.measurement),
                     &err))
        script_lua_raise(L, &err);
    if (!lua_isnil(L, form.tags))
        add_tags(L, call, form.tags);
    add_route_tags(L, call);
    add_fields(L, call, form.fields);
    sort_fields(&call->points->draft);
    set_time(L, call, form.time);
    call->points->draft.outputs = output_bits(L, form.output);
    if (!point_end(call->points, &index, &err))
        script_lua_raise(L, &err);
    return index;
}

int script_point_make(lua_State *L)
{
    struct script_call *call = script_lua_need_call(L, "point()");
    script_taken_push(L, build(L, call));
    return 1;
}

static int api_emit(lua_State *L)
{
    struct script_call *call = script_lua_need_call(L, "emit()");
    if (lua_islightuserdata(L, 1))
        script_taken_add(L, 1);
    else
        script_taken_new(L, build(L, call));
    return 0;
}

void script_point_open(lua_State *L)
{
    script_taken_open(L);
    lua_pushcfunction(L, script_point_make);
    lua_setglobal(L, "point");
    lua_pushcfunction(L, api_emit);
    lua_setglobal(L, "emit");
}
