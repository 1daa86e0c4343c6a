/* scripts.c - what one run of a script costs, without a server around it.
 *
 *   scripts SCRIPT BODY RUNS inc|gen limits|none
 *
 * Runs the script on the body (JSON) again and again; prints the nanoseconds of
 * CPU time that one run takes, and its points. inc or gen: Lua's garbage
 * collector, incremental as in the gateway, or generational. none: without the
 * hook that ends a loop and without the cap on memory. For that, and not to
 * have a switch for it in the program, the linker puts our functions in front
 * of four of Lua's (ld --wrap).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "modules.h"
#include "point.h"
#include "pulse.h"
#include "route.h"
#include "script.h"
#include "store.h"

static bool is_generational, has_limits;

/* What the state was made with, for those who know it by its allocator. */
static lua_Alloc state_alloc;
static void *state_context;

lua_State *__real_lua_newstate(lua_Alloc alloc, void *context);
lua_State *__wrap_lua_newstate(lua_Alloc alloc, void *context);
lua_Alloc __wrap_lua_getallocf(lua_State *L, void **context);
void __real_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count);
void __wrap_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count);

static void *plain_alloc(void *context, void *old, size_t old_size, size_t size)
{
    (void)context;
    (void)old_size;
    if (size > 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

lua_State *__wrap_lua_newstate(lua_Alloc alloc, void *context)
{
    lua_State *L =
        __real_lua_newstate(has_limits ? alloc : plain_alloc, context);
    state_alloc = alloc;
    state_context = context;
    if (L && is_generational)
        lua_gc(L, LUA_GCGEN, 0, 0);
    return L;
}

lua_Alloc __wrap_lua_getallocf(lua_State *L, void **context)
{
    (void)L;
    *context = state_context;
    return state_alloc;
}

void __wrap_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count)
{
    if (has_limits)
        __real_lua_sethook(L, hook, mask, count);
}

static void stop(const char *why)
{
    fprintf(stderr, "scripts: %s\n", why);
    exit(1);
}

static void run_once(struct script *script, struct script_call *call)
{
    struct error err;
    points_reset(call->points);
    if (!script_handle(script, call, &err))
        stop(err.text);
    if (call->stored_count == 0)
        stop("no points");
}

int main(int argc, char **argv)
{
    if (argc != 6)
        stop("usage: scripts SCRIPT BODY RUNS inc|gen limits|none");
    is_generational = strcmp(argv[4], "gen") == 0;
    has_limits = strcmp(argv[5], "limits") == 0;
    struct error err;
    struct script_source source;
    struct buf body;
    buf_init(&body, 64 << 20);
    if (!script_source_load(&source, argv[1], NULL, &err)
        || !file_read(&file_real, argv[2], &body, &err))
        stop(err.text);
    source.modules = modules_new();
    struct limits limits = LIMITS_DEFAULT;
    struct route route = {.pattern = (char *)"/x", .limits = limits};
    struct request request;
    request_init(&request);
    request.method = TEXT("POST");
    request.path = TEXT("/x");
    request.media_type = TEXT("application/json");
    request.body = request.text = buf_text(&body);
    request.time_ns = clock_wall_ns();
    struct points points;
    points_init(&points, &request.arena, limits.points);
    struct script_call call;
    script_call_init(&call);
    call.request = &request;
    call.route = &route;
    call.points = &points;
    call.store = store_new(1000, 1 << 20);
    struct pulse pulse = {.beats = false};
    call.pulse = &pulse;
    pulse_start(&pulse);
    struct script *script = script_new(&source, &limits, NULL, &err);
    if (!script)
        stop(err.text);
    long runs = strtol(argv[3], NULL, 10);
    for (long i = 0; i < runs / 10; i++)
        run_once(script, &call);
    int64_t from_ns = clock_thread_cpu_ns();
    for (long i = 0; i < runs; i++) {
        arena_reset(&request.arena);
        run_once(script, &call);
    }
    printf("%.1f %zu\n",
           (double)(clock_thread_cpu_ns() - from_ns) / (double)runs,
           call.stored_count);
    return 0;
}
