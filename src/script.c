/* script.c - see script.h.
 *
 * A state is built from the text of the script: libraries, the file, which
 * runs once and leaves its function in the registry. Each request is one
 * protected call of run(): it makes req, calls the function and takes what it
 * returned. Whatever goes wrong in there, in Lua or in C, ends at that call,
 * and ending() says which of the four endings it was.
 *
 * A script that ran out of memory gets a new state at once: after a refused
 * allocation Lua has run collections at moments of its choosing, and whatever
 * filled the memory may sit in a variable of the file.
 */
#include "script.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "point.h"
#include "pulse.h"
#include "route.h"
#include "script_api.h"
#include "script_chunk.h"
#include "script_explain.h"
#include "script_lua.h"
#include "script_req.h"
#include "script_results.h"
#include "script_sandbox.h"
#include "script_taken.h"
#include "stats.h"

enum {
    SCRATCH_BYTES = 64 << 20,
    KEPT_SCRATCH_BYTES = 1 << 20,
    COLLECT_BYTES = 1 << 20,  /* left by a request: collect them at once */
    BODY_STEP_BYTES = 100000, /* each buys another BODY_STEP_NS */
};

#define LOAD_BUDGET_NS (UINT64_C(1000) * NS_PER_MS)
#define BODY_STEP_NS (UINT64_C(10) * NS_PER_MS)

static const char handler_key;

struct script {
    lua_State *L; /* NULL: it could not be rebuilt */
    struct script_lua lua;
    size_t loaded_bytes; /* of memory, after loading */
    bool was_stopped;    /* see script_was_stopped */
};

static struct text without_bom(const struct script_source *source)
{
    struct text text = {source->text, source->len};
    return text_starts_with(text, TEXT("\xef\xbb\xbf")) ? text_skip(text, 3)
                                                        : text;
}

/* Runs the file; its function goes to the registry. */
static int load_file(lua_State *L)
{
    const struct script_source *source = script_lua_of(L)->source;
    struct text text = without_bom(source);
    script_sandbox_open(L);
    script_api_open(L);
    script_json_open(L);
    script_time_open(L);
    script_codec_open(L);
    script_digest_open(L);
    script_store_open(L);
    script_sandbox_close(L);

    lua_pushfstring(L, "@%s", source->name);
    script_chunk_load(L, text, lua_tostring(L, -1));
    lua_call(L, 0, 1);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        return luaL_error(L,
                          "the file returns %s; it must end with a function:"
                          " return function(req) ... end",
                          script_lua_kind(L, -1));
    script_sandbox_lock(L);
    lua_Debug ar;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &ar);
    script_lua_of(L)->first_line = ar.linedefined;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &handler_key);
    return 0;
}

static void close_state(struct script *script)
{
    if (script->L)
        lua_close(script->L);
    script->L = NULL;
}

/* Fills *err from the error on top of the stack. Nothing here can raise. */
static bool ending(struct script *script, int status, struct error *err)
{
    lua_State *L = script->L;
    const struct script_lua *lua = &script->lua;
    const struct error *typed = script_lua_error(L, -1);
    bool is_out_of_memory = status == LUA_ERRMEM || lua->ran_out;
    stats_add(&stats.script_out_of_memory, is_out_of_memory);
    stats_add(&stats.script_timeouts, !is_out_of_memory && lua->has_expired);
    if (is_out_of_memory)
        return fail(err, ERR_SCRIPT, "%s: memory limit of %zu bytes reached",
                    lua->source->name, lua->limits.memory_bytes);
    if (typed) {
        *err = *typed;
        return false;
    }
    return fail(err, ERR_SCRIPT, "%s",
                lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                               : "an error without a text");
}

static bool open_state(struct script *script, struct error *err)
{
    struct script_lua *lua = &script->lua;
    lua->memory_bytes = 0;
    lua->null = lua->whole = NULL;
    lua->has_expired = lua->is_spoiled = false;
    lua->first_line = 1;
    lua->call = NULL;
    script->L = script_lua_new_state(lua);
    if (!script->L)
        return fail(err, ERR_SCRIPT, "%s: memory limit of %zu bytes is too low",
                    lua->source->name, lua->limits.memory_bytes);
    script_lua_limit(script->L, LOAD_BUDGET_NS, false);
    lua_pushcfunction(script->L, script_explain);
    lua_pushcfunction(script->L, load_file);
    int status = script_lua_pcall(script->L, 0, 0, 1);
    if (status != LUA_OK) {
        ending(script, status, err);
        close_state(script);
        return false;
    }
    lua_settop(script->L, 0);
    script->loaded_bytes = lua->memory_bytes;
    return true;
}

struct script *script_new(const struct script_source *source,
                          const struct limits *limits,
                          const struct script_outputs *outputs,
                          struct error *err)
{
    struct script *script = xcalloc(1, sizeof *script);
    script->lua = (struct script_lua){
        .source = source, .outputs = outputs, .limits = *limits};
    buf_init(&script->lua.scratch, SCRATCH_BYTES);
    buf_init(&script->lua.taken, 1);
    struct error why;
    if (open_state(script, &why))
        return script;
    fail(err, ERR_CONFIG, "%s", why.text);
    script_free(script);
    return NULL;
}

void script_free(struct script *script)
{
    if (!script)
        return;
    close_state(script);
    buf_deinit(&script->lua.scratch);
    buf_deinit(&script->lua.taken);
    free(script);
}

struct listing {
    const char *library;
    void (*each)(const char *name, void *context);
    void *context;
};

static int list_names(lua_State *L)
{
    const struct listing *listing = lua_touserdata(L, 1);
    script_sandbox_push_globals(L);
    if (listing->library) {
        lua_pushstring(L, listing->library);
        lua_rawget(L, -2);
    }
    if (!lua_istable(L, -1))
        return 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            listing->each(lua_tostring(L, -2), listing->context);
    return 0;
}

void script_each_name(struct script *script, const char *library,
                      void (*each)(const char *name, void *context),
                      void *context)
{
    struct listing listing = {library, each, context};
    if (library && strcmp(library, "req") == 0) {
        script_req_each_name(each, context);
        return;
    }
    lua_pushcfunction(script->L, list_names);
    lua_pushlightuserdata(script->L, &listing);
    script_lua_pcall(script->L, 1, 0, 0);
    lua_settop(script->L, 0);
}

bool script_was_stopped(const struct script *script)
{
    return script->was_stopped;
}

size_t script_memory_bytes(const struct script *script)
{
    return script->lua.memory_bytes;
}

/* One request, within the protected call. */
static int run(lua_State *L)
{
    script_taken_begin(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &handler_key);
    script_req_push(L);
    lua_call(L, 1, LUA_MULTRET);
    script_results_take(L, 1);
    script_taken_finish(L);
    return 0;
}

static uint64_t budget_of(const struct limits *limits,
                          const struct request *request)
{
    return limits->time_ns + request->body.len / BODY_STEP_BYTES * BODY_STEP_NS;
}

static void begin_call(struct script *script, struct script_call *call)
{
    struct script_lua *lua = &script->lua;
    const struct limits *limits = call->route && call->route->limits.time_ns
                                      ? &call->route->limits
                                      : &lua->limits;
    uint64_t budget = budget_of(limits, call->request);
    if (limits->depth)
        lua->limits.depth = limits->depth;
    lua->generation++;
    lua->absent = NULL;
    call->stored_count = 0;
    script_call_reset(call);
    script_lua_set_call(script->L, call);
    script_lua_limit(script->L, budget,
                     call->pulse && call->pulse->beats
                         && budget >= 2 * PULSE_BEAT_NS);
    pulse_begin(call->pulse,
                &(struct pulse_run){lua->source->name, call->request->id,
                                    budget, script->L, script_lua_beat});
}

/* Leaves the state as the next request should find it. */
static void end_call(struct script *script, int status)
{
    struct script_lua *lua = &script->lua;
    struct error ignored;
    lua_settop(script->L, 0);
    script_lua_set_call(script->L, NULL);
    bool has_no_memory = lua->ran_out || status == LUA_ERRMEM;
    script->was_stopped = lua->has_expired || (has_no_memory && lua->hit_cap);
    if (lua->scratch.capacity > KEPT_SCRATCH_BYTES)
        buf_deinit(&lua->scratch);
    lua->is_spoiled |= lua->ran_out || status == LUA_ERRMEM
                       || status == LUA_ERRERR
                       || !script_chunks_are_intact(script->L);
    if (lua->is_spoiled) {
        close_state(script);
        open_state(script, &ignored);
    } else if (lua->memory_bytes > script->loaded_bytes + COLLECT_BYTES) {
        lua_gc(script->L, LUA_GCCOLLECT);
    }
}

bool script_handle(struct script *script, struct script_call *call,
                   struct error *err)
{
    assert(call->request && call->points);
    if (!script->L && !open_state(script, err))
        return false;
    begin_call(script, call);
    lua_pushcfunction(script->L, script_explain);
    lua_pushcfunction(script->L, run);
    int status = script_lua_pcall(script->L, 0, 0, 1);
    pulse_end(call->pulse);
    if (status != LUA_OK) {
        call->stored_count = 0;
        script_call_forget_added(call, 0);
        ending(script, status, err);
    }
    end_call(script, status);
    return status == LUA_OK;
}

const char *script_library(void)
{
    return LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE;
}
