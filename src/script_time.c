/* script_time.c - time.* in scripts: texts and numbers made nanoseconds.
 *
 * A number from JSON is a float that stands for a decimal the sender wrote, so
 * floats are turned back into their shortest decimal first: 1710408847.1 is
 * then exactly that, not 99 ns less. nil in is nil out, so that a key that is
 * missing means the receipt time.
 *
 * What can go wrong: a time that cannot be read raises, with the script's file
 * and line. It is the script that must say what to do then, since a wrong time
 * would be stored silently and never be found.
 */
#include <lauxlib.h>

#include "clock.h"
#include "error.h"
#include "number.h"
#include "script_lua.h"
#include "timeformat.h"
#include "timestamp.h"

/* Room for a number's digits is the caller's. */
static struct text number_or_text(lua_State *L, int index,
                                  char room[NUMBER_TEXT_BYTES])
{
    if (lua_isinteger(L, index)) {
        lua_Integer value = lua_tointeger(L, index);
        return (struct text){room, number_format_int(value, room)};
    }
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_Number value = lua_tonumber(L, index);
        luaL_argcheck(L, value - value == 0, index, "it is not finite");
        return (struct text){room, number_format(value, room)};
    }
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_typeerror(L, index, "number or text");
    struct text text = script_lua_text(L, index);
    script_lua_spend(L, text.len);
    return text;
}

static struct text optional_text(lua_State *L, int index)
{
    return lua_isnoneornil(L, index) ? (struct text){NULL, 0}
                                     : script_lua_text(L, index);
}

static int push_ns(lua_State *L, int64_t ns)
{
    lua_pushinteger(L, ns);
    return 1;
}

/* Then the nil is on top, to be returned. The argument must be there. */
static bool is_nil(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_isnil(L, 1))
        return false;
    lua_settop(L, 1);
    return true;
}

static int time_parse(lua_State *L)
{
    char room[NUMBER_TEXT_BYTES];
    struct error err;
    int64_t ns;
    if (is_nil(L))
        return 1;
    struct text zone = optional_text(L, 2);
    if (!timestamp_parse(number_or_text(L, 1, room), zone, &ns, &err))
        return luaL_error(L, "time.parse: %s", err.text);
    return push_ns(L, ns);
}

static int time_strptime(lua_State *L)
{
    struct error err;
    int64_t ns;
    if (is_nil(L))
        return 1;
    struct text text = script_lua_text(L, 1);
    struct text format = script_lua_text(L, 2);
    struct text zone = optional_text(L, 3);
    script_lua_spend(L, text.len + format.len);
    if (!timeformat_read(text, format, zone, &ns, &err))
        return luaL_error(L, "time.strptime: %s", err.text);
    return push_ns(L, ns);
}

static int scale(lua_State *L, const char *name, int64_t ns_per_unit)
{
    char room[NUMBER_TEXT_BYTES];
    struct error err;
    int64_t ns;
    if (is_nil(L))
        return 1;
    if (!timestamp_scale(number_or_text(L, 1, room), ns_per_unit, &ns, &err))
        return luaL_error(L, "time.%s: %s", name, err.text);
    return push_ns(L, ns);
}

static int time_s(lua_State *L)
{
    return scale(L, "s", NS_PER_S);
}

static int time_ms(lua_State *L)
{
    return scale(L, "ms", NS_PER_MS);
}

static int time_us(lua_State *L)
{
    return scale(L, "us", NS_PER_US);
}

void script_time_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"parse", time_parse}, {"strptime", time_strptime},
        {"s", time_s},         {"ms", time_ms},
        {"us", time_us},       {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_setglobal(L, "time");
}
