/* script_lua.c - see script_lua.h.
 *
 * The struct script_lua of a state is what its allocator was given, so finding
 * it is one load, and a state that is not ours is known by its allocator.
 *
 * Memory: the allocator refuses what would go past the cap; Lua then collects
 * and asks again, and only if that fails too raises LUA_ERRMEM.
 *
 * Time: a count hook looks at the clock every 1,000 instructions. It makes each
 * instruction dearer, 5 to 10 % of a usual mapping; so with a pulse it is there
 * only once a run has gone on for some milliseconds. Wall time
 * first, which costs no system call: as long as less of it than the budget has
 * gone by, so has CPU time. Once the budget is spent the hook fires at every
 * instruction, so a script that catches the error gets no further. A thousand
 * instructions may be as many calls of a function in C that takes milliseconds
 * each; so at each beat the clock is looked at before the next instruction.
 *
 * An error that is not the script's is a userdata with a struct error in it;
 * strings are errors of the script.
 */
#include "script_lua.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "clock.h"
#include "memory.h"
#include "notes.h"
#include "pulse.h"

enum {
    HOOK_INSTRUCTIONS = 1000,
    FREE_CHECKS = 16,
    STEPS_PER_CHECK = 20000,
    NOTE_BYTES = 512
};

static const char error_key, null_key, null_metatable_key;

static void *capped_alloc(void *context, void *old, size_t old_size,
                          size_t size)
{
    struct script_lua *lua = context;
    if (!old)
        old_size = 0; /* then it is a type, not a size */
    if (size == 0) {
        free(old);
        lua->memory_bytes -= old_size;
        return NULL;
    }
    if (size > old_size
        && size - old_size > lua->limits.memory_bytes - lua->memory_bytes) {
        lua->hit_cap = true;
        return NULL;
    }
    void *memory = realloc(old, size);
    if (!memory && size <= old_size)
        return old; /* Lua relies on it that shrinking works */
    if (memory)
        lua->memory_bytes += size - old_size;
    else
        memory_was_refused();
    return memory;
}

lua_State *script_lua_new_state(struct script_lua *lua)
{
    return lua_newstate(capped_alloc, lua);
}

struct script_lua *script_lua_of(lua_State *L)
{
    void *context;
    return lua_getallocf(L, &context) == capped_alloc ? context : NULL;
}

struct script_call *script_lua_call(lua_State *L)
{
    struct script_lua *lua = script_lua_of(L);
    return lua ? lua->call : NULL;
}

void script_lua_set_call(lua_State *L, struct script_call *call)
{
    struct script_lua *lua = script_lua_of(L);
    if (lua)
        lua->call = call;
}

struct script_call *script_lua_need_call(lua_State *L, const char *what)
{
    struct script_call *call = script_lua_call(L);
    if (!call)
        luaL_error(L,
                   "%s works only inside the function that the file"
                   " returns, once there is a request",
                   what);
    return call;
}

int script_lua_pcall(lua_State *L, int args, int results, int handler)
{
    return lua_pcall(L, args, results, handler);
}

void script_lua_rethrow(lua_State *L, int status)
{
    struct script_lua *lua = script_lua_of(L);
    lua->ran_out |= status == LUA_ERRMEM;
    if (lua->has_expired || lua->ran_out)
        lua_error(L);
}

static bool is_over(struct script_lua *lua)
{
    int64_t wall = clock_mono_ns();
    if (lua->wall_start_ns == 0) {
        int64_t before = lua->beats > 1 ? PULSE_BEAT_NS : 0;
        lua->wall_start_ns = wall - before;
        lua->cpu_start_ns = clock_thread_cpu_ns() - before;
    }
    return (uint64_t)(wall - lua->wall_start_ns) >= lua->budget_ns
           && (uint64_t)(clock_thread_cpu_ns() - lua->cpu_start_ns)
                  >= lua->budget_ns;
}

static void stop_hook(lua_State *L, lua_Debug *ar);

/* Raises the end; place is "file:line: " on top of the stack. */
static void expire(lua_State *L, struct script_lua *lua)
{
    lua->has_expired = true;
    lua_sethook(L, stop_hook, LUA_MASKCOUNT, 1);
    lua_pushfstring(L, "time limit of %d ms reached",
                    (int)(lua->budget_ns / NS_PER_MS));
    lua_concat(L, 2);
    lua_error(L);
}

static void stop_hook(lua_State *L, lua_Debug *ar)
{
    struct script_lua *lua = script_lua_of(L);
    if (!lua->has_expired && !is_over(lua)) {
        if (lua_gethookcount(L) != HOOK_INSTRUCTIONS) /* a beat was here */
            lua_sethook(L, stop_hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
        return;
    }
    lua_getinfo(L, "Sl", ar);
    lua_pushfstring(L, "%s:%d: ", ar->short_src, ar->currentline);
    expire(L, lua);
}

void script_lua_check_time(lua_State *L)
{
    struct script_lua *lua = script_lua_of(L);
    /* A few calls are free: most scripts never need the clock. */
    if (lua->wall_start_ns == 0 && ++lua->checks < FREE_CHECKS)
        return;
    if (!lua->has_expired && !is_over(lua))
        return;
    luaL_where(L, 1);
    expire(L, lua);
}

void script_lua_spend(lua_State *L, uint64_t steps)
{
    struct script_lua *lua = script_lua_of(L);
    lua->steps += steps;
    if (lua->steps < STEPS_PER_CHECK)
        return;
    lua->steps = 0;
    lua->checks = FREE_CHECKS;
    script_lua_check_time(L);
}

/* The first beat may come when the run has just begun; at the second it has
 * gone on for at least one. lua_sethook is made for this: it only sets fields.
 */
void script_lua_beat(void *L)
{
    if (++script_lua_of(L)->beats > 1)
        lua_sethook(L, stop_hook, LUA_MASKCOUNT, 1);
}

void script_lua_limit(lua_State *L, uint64_t budget_ns, bool has_pulse)
{
    struct script_lua *lua = script_lua_of(L);
    lua->budget_ns = budget_ns;
    lua->wall_start_ns = 0;
    lua->checks = 0;
    lua->steps = 0;
    lua->beats = 0;
    if (has_pulse && lua_gethook(L))
        lua_sethook(L, NULL, 0, 0);
    else if (!has_pulse && (lua->has_expired || !lua_gethook(L)))
        lua_sethook(L, stop_hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    lua->has_expired = false;
    lua->ran_out = lua->hit_cap = false;
    lua->is_traced = false;
    lua->element = NULL;
}

static int error_text(lua_State *L)
{
    const struct error *err = lua_touserdata(L, 1);
    lua_pushstring(L, err ? err->text : "error");
    return 1;
}

static _Noreturn void raise_typed(lua_State *L, const struct error *err)
{
    struct error *copy = lua_newuserdatauv(L, sizeof *copy, 0);
    *copy = *err;
    if (script_lua_metatable(L, &error_key, "error")) {
        lua_pushcfunction(L, error_text);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
    lua_error(L);
    abort(); /* lua_error does not return, but is not declared so */
}

_Noreturn void script_lua_bad_input(lua_State *L, const struct error *err)
{
    struct error blamed = *err;
    blamed.kind = ERR_BAD_REQUEST;
    raise_typed(L, &blamed);
}

_Noreturn void script_lua_raise(lua_State *L, const struct error *err)
{
    if (err->kind != ERR_SCRIPT)
        raise_typed(L, err);
    luaL_error(L, "%s", err->text);
    abort();
}

const struct error *script_lua_error(lua_State *L, int index)
{
    const struct error *err = NULL;
    if (lua_type(L, index) == LUA_TUSERDATA && lua_getmetatable(L, index)) {
        const void *mine = lua_topointer(L, -1);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &error_key);
        if (lua_topointer(L, -1) == mine)
            err = lua_touserdata(L, index < 0 ? index - 2 : index);
        lua_pop(L, 2);
    }
    return err;
}

struct text script_lua_text(lua_State *L, int index)
{
    struct text text;
    text.at = luaL_checklstring(L, index, &text.len);
    return text;
}

struct text script_lua_string(lua_State *L, int index)
{
    struct text text;
    text.at = lua_tolstring(L, index, &text.len);
    return text;
}

const char *script_lua_kind(lua_State *L, int index)
{
    static const char *const kinds[] = {"nil",        "a boolean", "a point",
                                        "a number",   "text",      "a table",
                                        "a function", "a userdata"};
    int type = lua_type(L, index);
    if (type == LUA_TNONE)
        return "nothing";
    if (type == LUA_TUSERDATA && script_lua_is_null(L, index))
        return "null";
    return type <= LUA_TUSERDATA ? kinds[type] : lua_typename(L, type);
}

void script_lua_push_null(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    script_lua_of(L)->null = lua_newuserdatauv(L, 0, 0);
    script_lua_metatable(L, &null_metatable_key, "null");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
}

bool script_lua_is_null(lua_State *L, int index)
{
    const struct script_lua *lua = script_lua_of(L);
    return lua_type(L, index) == LUA_TUSERDATA && lua
           && lua_touserdata(L, index) == lua->null;
}

bool script_lua_metatable(lua_State *L, const void *key, const char *name)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) != LUA_TNIL)
        return false;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    return true;
}

void script_lua_note(lua_State *L, int kind, const char *format, ...)
{
    struct script_call *call = script_lua_call(L);
    if (!call || !call->notes)
        return;
    char text[NOTE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    luaL_where(L, 1);
    note(call->notes, (enum note_kind)kind, "%s%s", lua_tostring(L, -1), text);
    lua_pop(L, 1);
}

void script_lua_set_functions(lua_State *L,
                              const struct script_function *functions)
{
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->call);
        lua_setfield(L, -2, functions->name);
    }
}
