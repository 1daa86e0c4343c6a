/* script_store.c - store.get, set, add, incr, delete: what scripts share.
 *
 *   store.get(name)                     the value, or nil
 *   store.set(name, value [, ttl])      nil as the value deletes
 *   store.add(name [, ttl])             true if there was none: dedupe
 *   store.add(name, value, ttl)         the same with a value
 *   store.incr(name [, by [, ttl]])     the sum; ttl counts from the first
 *   store.delete(name)                  true if there was one
 *
 * A value is text, a number or a boolean; what int() gave is kept as a number.
 * ttl is in seconds, or text with a unit. Now is the receipt of the request, so
 * that a recorded test has the times it says.
 *
 * What add was first with is forgotten again if the request (or the element of
 * each) is not stored after all: else its second copy, or its replay, would be
 * taken for a double and dropped.
 *
 * One that is not first may be told so to its sender, who then forgets it; so
 * that must wait until what the first one stored is on disk.
 *
 * No call into Lua is made while the store is locked: store.h copies texts out,
 * into the state's scratch buffer.
 */
#include <lauxlib.h>

#include "script_lua.h"
#include "script_whole.h"
#include "store.h"
#include "ticket.h"
#include "units.h"

static struct store *store_of(lua_State *L)
{
    struct script_call *call = script_lua_need_call(L, "store");
    if (!call->store)
        luaL_error(L, "there is no store here");
    script_lua_check_time(L);
    return call->store;
}

static int64_t now_ns(lua_State *L)
{
    return script_lua_call(L)->request->time_ns;
}

static void push_value(lua_State *L, const struct store_value *value)
{
    switch (value->type) {
    case STORE_TEXT:
        lua_pushlstring(L, value->as.text.at ? value->as.text.at : "",
                        value->as.text.len);
        break;
    case STORE_INTEGER:
        lua_pushinteger(L, value->as.integer);
        break;
    case STORE_FLOAT:
        lua_pushnumber(L, value->as.number);
        break;
    case STORE_BOOLEAN:
        lua_pushboolean(L, value->as.truth);
        break;
    }
}

static struct store_value number_at(lua_State *L, int index)
{
    if (lua_isinteger(L, index))
        return (struct store_value){STORE_INTEGER,
                                    .as.integer = lua_tointeger(L, index)};
    return (struct store_value){STORE_FLOAT,
                                .as.number = lua_tonumber(L, index)};
}

static struct store_value whole_at(lua_State *L, int index)
{
    const struct value *whole = script_whole(L, index);
    if (whole->type == VALUE_UINT && whole->as.natural > INT64_MAX)
        luaL_argerror(L, index, "beyond 64 bits; keep it as text");
    return (struct store_value){STORE_INTEGER, .as.integer = whole->as.integer};
}

static struct store_value value_at(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return (struct store_value){STORE_TEXT,
                                    .as.text = script_lua_string(L, index)};
    case LUA_TNUMBER:
        return number_at(L, index);
    case LUA_TBOOLEAN:
        return (struct store_value){STORE_BOOLEAN,
                                    .as.truth = lua_toboolean(L, index)};
    default:
        break;
    }
    if (script_whole(L, index))
        return whole_at(L, index);
    lua_pushfstring(L, "a value is text, a number or a boolean, not %s",
                    script_lua_kind(L, index));
    luaL_argerror(L, index, lua_tostring(L, -1));
    return (struct store_value){.type = STORE_BOOLEAN};
}

/* Seconds, or "24h"; nothing: 0, for ever. */
static uint64_t ttl_at(lua_State *L, int index)
{
    uint64_t ns = 0;
    if (lua_isnoneornil(L, index))
        return 0;
    if (lua_type(L, index) == LUA_TNUMBER) {
        double seconds = lua_tonumber(L, index);
        if (!(seconds > 0 && seconds < 9e9))
            luaL_argerror(L, index, "the time is more than 0 seconds");
        ns = (uint64_t)(seconds * 1e9);
    } else if (lua_type(L, index) != LUA_TSTRING
               || !units_time(script_lua_string(L, index), &ns)) {
        luaL_argerror(L, index, "the time is in seconds, or text as \"24h\"");
    }
    luaL_argcheck(L, ns > 0, index, "the time is more than 0 seconds");
    return ns;
}

static int api_get(lua_State *L)
{
    struct store *store = store_of(L);
    struct store_value value;
    struct text name = script_lua_text(L, 1);
    if (store_get(store, name, now_ns(L), &script_lua_of(L)->scratch, &value))
        push_value(L, &value);
    else
        lua_pushnil(L);
    return 1;
}

static int api_delete(lua_State *L)
{
    struct store *store = store_of(L);
    lua_pushboolean(L, store_delete(store, script_lua_text(L, 1), now_ns(L)));
    return 1;
}

static int api_set(lua_State *L)
{
    struct store *store = store_of(L);
    struct text name = script_lua_text(L, 1);
    struct error err;
    luaL_checkany(L, 2);
    uint64_t ttl_ns = ttl_at(L, 3);
    if (lua_isnil(L, 2)) {
        store_delete(store, name, now_ns(L));
        return 0;
    }
    struct store_value value = value_at(L, 2);
    if (!store_set(store, name, &value, now_ns(L), ttl_ns, &err))
        script_lua_raise(L, &err);
    return 0;
}

static int api_add(lua_State *L)
{
    struct store *store = store_of(L);
    struct store_value value = {STORE_BOOLEAN, .as.truth = true};
    struct text name = script_lua_text(L, 1);
    bool has_value = lua_gettop(L) > 2, added = false;
    struct error err;
    uint64_t ttl_ns = ttl_at(L, has_value ? 3 : 2);
    struct script_call *call = script_lua_call(L);
    if (!call->mark)
        call->mark = store_mark(store);
    uint64_t ticket = call->mark;
    if (has_value)
        value = value_at(L, 2);
    if (!store_add(store, name, &value, now_ns(L), ttl_ns, &added, &ticket,
                   &err))
        script_lua_raise(L, &err);
    ticket_add(call->first_tickets, ticket);
    if (added && !script_call_note_added(call, name)) {
        store_delete(store, name, now_ns(L));
        luaL_error(L, "store.add: no room to note the name");
    }
    lua_pushboolean(L, added);
    return 1;
}

static int api_incr(lua_State *L)
{
    struct store *store = store_of(L);
    struct store_value by = {STORE_INTEGER, .as.integer = 1}, sum;
    struct text name = script_lua_text(L, 1);
    struct error err;
    if (!lua_isnoneornil(L, 2))
        by = value_at(L, 2);
    luaL_argcheck(L, by.type == STORE_INTEGER || by.type == STORE_FLOAT, 2,
                  "a number is wanted");
    if (!store_incr(store, name, &by, now_ns(L), ttl_at(L, 3), &sum, &err))
        script_lua_raise(L, &err);
    push_value(L, &sum);
    return 1;
}

void script_store_open(lua_State *L)
{
    static const struct script_function functions[] = {
        {"get", api_get},   {"set", api_set},       {"add", api_add},
        {"incr", api_incr}, {"delete", api_delete}, {NULL, NULL}};
    lua_newtable(L);
    script_lua_set_functions(L, functions);
    lua_setglobal(L, "store");
}
