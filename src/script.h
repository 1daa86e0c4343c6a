/* script.h - runs a user's Lua function within its limits on time and memory.
 *
 * A struct script is one script file in a Lua state of its own: it belongs to
 * one thread, shares nothing with other scripts, and is rebuilt by itself after
 * it ran out of memory. Lua's heap is capped, a count hook ends a loop, and no
 * function of Lua's libraries that reaches the system is there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "request.h"
#include "text.h"

struct buf;
struct error;
struct notes;
struct points;
struct route;
struct script;

/* The text of a script and where it came from; owned by the configuration and
 * alive as long as any script made of it. */
struct script_source {
    char *name; /* as messages show it: "ecowitt.lua" */
    char *path; /* the file it was read from */
    char *text;
    size_t len;
    char *dir;         /* its folder: `require` looks here first */
    char *shipped_dir; /* then here */
};

/* Reads a script file. shipped_dir may be NULL. ERR_CONFIG if it cannot be
 * read, or may be written by everybody. */
bool script_source_load(struct script_source *source, const char *path,
                        const char *shipped_dir, struct error *err);
void script_source_deinit(struct script_source *source);

/* Which names point{ output = } may use: bit i of a point's outputs is
 * names[i]. */
struct script_outputs {
    char **names;
    size_t count;
};

/* Loads and runs the file up to the function it returns. ERR_CONFIG with
 * "file:line: message" if it does not compile, raises, or returns no function.
 * outputs may be NULL and must outlive the script. */
struct script *script_new(const struct script_source *source,
                          const struct limits *limits,
                          const struct script_outputs *outputs,
                          struct error *err);
void script_free(struct script *script);

/* What one run of the function gets and gives. Everything but the results is
 * the caller's and must stay alive during the call. */
struct script_call {
    const struct request *request;
    const struct route *route;
    struct points *native_points; /* req.points; NULL: no native route */
    struct notes *notes;          /* NULL: nobody asks */
    struct buf *traceback;        /* filled after ERR_SCRIPT; may be NULL */

    struct points *points; /* made: all the script built */
    size_t *stored;        /* malloc'ed: indices into points, in the order */
    size_t stored_count;   /* they were returned or emitted */
    size_t stored_capacity;
    struct reply reply; /* status 0 unless the script called reply() */
};

void script_call_init(struct script_call *call);
void script_call_deinit(struct script_call *call);

/* True: the points that call->stored names are to be stored. False, and none
 * is: ERR_REFUSED (`return nil, why, status`), ERR_BAD_REQUEST (a decoder
 * refused the sender's bytes; text with offset, line, column), ERR_SCRIPT
 * ("file:line: message", time and memory limits too), ERR_TOO_LARGE. */
bool script_handle(struct script *script, struct script_call *call,
                   struct error *err);

/* Bytes of Lua heap in use, for metrics. */
size_t script_memory_bytes(const struct script *script);
