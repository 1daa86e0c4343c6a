/* script_taken.c - see script_taken.h.
 *
 * A handle is a light userdata: the number of the call in the upper bits, the
 * index + 1 in the lower ones (0: dropped). So making one allocates nothing,
 * and a handle that a script kept from an earlier request is known.
 *
 * A byte for each point says what became of it. Points are not unmade: a script
 * may still hold a handle to one, and take it later after all.
 */
#include "script_taken.h"

#include <stdint.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "memory.h"
#include "notes.h"
#include "point.h"
#include "script_lua.h"

enum { INDEX_BITS = 20, FIRST_STORED = 16 };

#define INDEX_MASK (((uintptr_t)1 << INDEX_BITS) - 1)

/* What became of a point. */
enum fate {
    MADE,
    TAKEN,
    GIVEN_UP, /* made by an element that failed: no note is due */
};

static const char handle_key, places_key;

static uintptr_t call_bits(lua_State *L)
{
    return (uintptr_t)script_lua_of(L)->generation << INDEX_BITS;
}

/* Remembers where the point was made, if somebody asks for notes. */
static void remember_place(lua_State *L, size_t index)
{
    if (!script_lua_call(L)->notes || index == SIZE_MAX)
        return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &places_key);
    luaL_where(L, 1);
    lua_rawseti(L, -2, (lua_Integer)index + 1);
    lua_pop(L, 1);
}

static void note_new(lua_State *L, size_t index)
{
    if (index != SIZE_MAX && index >= INDEX_MASK)
        luaL_error(L, "more than %d points", (int)INDEX_MASK);
    remember_place(L, index);
}

void script_taken_push(lua_State *L, size_t index)
{
    uintptr_t low = index == SIZE_MAX ? 0 : index + 1;
    note_new(L, index);
    lua_pushlightuserdata(L, (void *)(call_bits(L) | low));
}

/* False: dropped. */
static bool read_handle(lua_State *L, int at, size_t *index)
{
    uintptr_t handle = (uintptr_t)lua_touserdata(L, at);
    if ((handle & ~INDEX_MASK) != call_bits(L))
        luaL_error(L, "this point belongs to an earlier request");
    *index = (handle & INDEX_MASK) - 1;
    return (handle & INDEX_MASK) != 0;
}

static bool grow_stored(struct script_call *call)
{
    if (call->stored_count < call->stored_capacity)
        return true;
    size_t capacity =
        call->stored_capacity ? call->stored_capacity * 2 : FIRST_STORED;
    size_t *stored = realloc(call->stored, capacity * sizeof *stored);
    if (!stored) {
        memory_was_refused();
        return false;
    }
    call->stored = stored;
    call->stored_capacity = capacity;
    return true;
}

/* The fate of a point, to be read and set; NULL: there is no memory. */
static char *fate_of(struct script_lua *lua, size_t index)
{
    while (lua->taken.len <= index)
        if (!buf_append_char(&lua->taken, MADE))
            return NULL;
    return &lua->taken.data[index];
}

static void take(lua_State *L, size_t index)
{
    struct script_lua *lua = script_lua_of(L);
    struct script_call *call = lua->call;
    char *fate = fate_of(lua, index);
    if (fate && *fate == TAKEN)
        return;
    if (!fate || !grow_stored(call))
        luaL_error(L, "no memory for %d points", (int)call->stored_count);
    *fate = TAKEN;
    call->stored[call->stored_count++] = index;
}

void script_taken_new(lua_State *L, size_t index)
{
    note_new(L, index);
    if (index != SIZE_MAX)
        take(L, index);
}

void script_taken_add(lua_State *L, int at)
{
    size_t index;
    if (read_handle(L, at, &index))
        take(L, index);
}

struct script_taken_mark script_taken_mark(lua_State *L)
{
    const struct script_call *call = script_lua_call(L);
    return (struct script_taken_mark){call->stored_count, call->points->count};
}

void script_taken_back(lua_State *L, struct script_taken_mark mark)
{
    struct script_lua *lua = script_lua_of(L);
    struct script_call *call = lua->call;
    for (size_t i = mark.stored; i < call->stored_count; i++)
        lua->taken.data[call->stored[i]] = MADE;
    call->stored_count = mark.stored;
    for (size_t i = mark.made; call->notes && i < call->points->count; i++) {
        char *fate = fate_of(lua, i);
        if (fate)
            *fate = GIVEN_UP;
    }
}

void script_taken_open(lua_State *L)
{
    lua_pushlightuserdata(L, NULL); /* all light userdata share one metatable */
    script_lua_metatable(L, &handle_key, "point");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void script_taken_begin(lua_State *L)
{
    struct script_lua *lua = script_lua_of(L);
    buf_clear(&lua->taken);
    lua->taken.max_bytes = INDEX_MASK + 1;
    if (lua->call->notes) {
        lua_newtable(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &places_key);
    }
}

void script_taken_finish(lua_State *L)
{
    struct script_lua *lua = script_lua_of(L);
    struct script_call *call = lua->call;
    if (!call->notes)
        return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &places_key);
    for (size_t i = 0; i < call->points->count; i++) {
        if (i < lua->taken.len && lua->taken.data[i] != MADE)
            continue;
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        note(call->notes, NOTE_WARNING,
             "%sthis point was made but neither returned nor emitted",
             lua_isnil(L, -1) ? "" : lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}
