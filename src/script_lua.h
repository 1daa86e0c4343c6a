/* script_lua.h - what the files that touch Lua share: the state of a script,
 * the call that is under way, and the one way to blame the sender's bytes.
 *
 * A function whose first parameter is a lua_State may not return. None of them
 * holds a lock, a file or heap memory across a call into Lua.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "script_call.h"
#include "text.h"

/* The element of an each(x, f) that is under way, and the one around it. */
struct script_element {
    lua_Integer index;
    const struct script_element *outer;
};

/* How many lines a script may still write to the log. */
struct script_voice {
    unsigned left;
    int64_t from_ns; /* when left was last made more */
    uint64_t hidden; /* lines that were too many, since the last one said */
};

/* What belongs to one lua_State. script.c owns it. */
struct script_lua {
    const struct script_source *source;
    const struct script_outputs *outputs; /* may be NULL */
    struct limits limits;
    struct script_call *call; /* NULL while the file is being loaded */

    size_t memory_bytes; /* in Lua's heap now */
    bool ran_out;        /* of memory, and a script tried to survive it */
    bool hit_cap;        /* in this run: it was its own limit */
    bool is_spoiled;     /* not fit for another request: to be rebuilt */
    int first_line;      /* of the function that handles requests */

    /* Time: counted from the first run of the hook, so that a short script
     * costs no look at the clock. Thread CPU time. */
    uint64_t budget_ns;
    int64_t wall_start_ns; /* 0: the hook has not run yet */
    int64_t cpu_start_ns;
    bool has_expired;
    volatile sig_atomic_t beats; /* of the pulse, in this run */
    unsigned checks; /* calls of script_lua_check_time before that */
    uint64_t steps;  /* spent since the last of those */

    const struct script_element *element; /* NULL: not in an each(x, f) */
    bool is_traced;     /* the error under way has its traceback already */
    char place[80];     /* of the last error in one that is not the script's */
    const char *absent; /* the last entry of req that was nil; NULL: none */

    struct script_voice voice;

    uint64_t generation; /* counts the calls; never 0 in one */
    struct buf taken;    /* a byte per point: 1 once it is to be stored */
    struct buf scratch;  /* for unescaping and encoding: kept, never in a C
                          * frame, since an error leaves those by longjmp */
    const void *null;    /* where the userdata of json.null is */
    const void *whole;   /* the metatable of what int() and uint() give */
};

/* A state whose heap lua->limits.memory_bytes bounds; NULL: not even that. */
lua_State *script_lua_new_state(struct script_lua *lua);

/* NULL if L was not made by script_lua_new_state. */
struct script_lua *script_lua_of(lua_State *L);

/* The call under way, or NULL while the script's file is being loaded. */
struct script_call *script_lua_call(lua_State *L);
void script_lua_set_call(lua_State *L, struct script_call *call);
/* The same, where there must be one: what is done only within a request. Else
 * an error that says so; what is "point()". */
struct script_call *script_lua_need_call(lua_State *L, const char *what);

/* lua_pcall: the one place where it stands. */
int script_lua_pcall(lua_State *L, int args, int results, int handler);

/* After a pcall that failed, with its error on top: raises it again if it is
 * one that ends the request whoever catches it, by time or memory. */
void script_lua_rethrow(lua_State *L, int status);

/* Ends the run that begins here after budget_ns of thread CPU time, with an
 * error that pcall does not stop. has_pulse: script_lua_beat is called every
 * few milliseconds, and nothing needs to be looked at before that. */
void script_lua_limit(lua_State *L, uint64_t budget_ns, bool has_pulse);

/* The run has gone on for a while: from now on it is looked at. May be called
 * within a signal of the same thread. */
void script_lua_beat(void *L);

/* For C functions that may work for long: the hook counts Lua's instructions
 * only. Ends the run as the hook would. */
void script_lua_check_time(lua_State *L);

/* The same, for what does little most of the time: looks at the clock only
 * after some 20,000 steps of a few nanoseconds, of however many calls. */
void script_lua_spend(lua_State *L, uint64_t steps);

/* Raises an error that is the sender's fault (a decoder could not read its
 * bytes): unless the script catches it, script_handle ends with
 * ERR_BAD_REQUEST and err->text. */
_Noreturn void script_lua_bad_input(lua_State *L, const struct error *err);
/* Raises what a function of ours reported: ERR_SCRIPT with the place in the
 * script, any other kind such that script_handle ends with it. */
_Noreturn void script_lua_raise(lua_State *L, const struct error *err);
/* The error object on the stack, if it is one of those two; else NULL. */
const struct error *script_lua_error(lua_State *L, int index);

/* A string argument as text, with the usual Lua error if it is none. */
struct text script_lua_text(lua_State *L, int index);
/* The string at index, which must be one, as text. */
struct text script_lua_string(lua_State *L, int index);

/* What a value is, in the words of error messages: "a table", "null". */
const char *script_lua_kind(lua_State *L, int index);

void script_lua_push_null(lua_State *L);
bool script_lua_is_null(lua_State *L, int index);

/* Pushes the metatable kept under key in the registry; the first time it is
 * an empty table, and true is returned. */
bool script_lua_metatable(lua_State *L, const void *key, const char *name);

/* A note that begins with the place in the script: "ecowitt.lua:14: ...". Costs
 * nothing when nobody asked for notes. kind is an enum note_kind. */
void script_lua_note(lua_State *L, int kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A function of a library table. */
struct script_function {
    const char *name;
    lua_CFunction call;
};
/* Sets each (up to a NULL name) in the table on top of the stack. */
void script_lua_set_functions(lua_State *L,
                              const struct script_function *functions);

/* Each file's functions, put into the globals of a new state. */
void script_api_open(lua_State *L);
void script_json_open(lua_State *L);
void script_time_open(lua_State *L);
void script_codec_open(lua_State *L);
void script_digest_open(lua_State *L);
void script_store_open(lua_State *L);
