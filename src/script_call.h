/* script_call.h - what goes into a script and what comes out of one run.
 *
 * Open structs that their users fill: the text of a script, the names of the
 * outputs, and the call with its results. No Lua in here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kept.h"
#include "request.h"
#include "text.h"
#include "ticket.h"

struct buf;
struct error;
struct modules;
struct notes;
struct points;
struct pulse;
struct route;
struct store;

/* The text of a script and where it came from; owned by the configuration and
 * alive as long as any script made of it. */
struct script_source {
    char *name; /* as messages show it: "ecowitt.lua" */
    char *path; /* the file it was read from */
    char *text;
    size_t len;
    char *dir;               /* its folder: `require` looks here first */
    char *shipped_dir;       /* then here */
    struct modules *modules; /* not owned: what was read for `require` */
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

/* What one run of the function gets and gives. Everything but the results is
 * the caller's and must stay alive during the call. */
struct script_call {
    const struct request *request;
    const struct route *route;
    struct points *native_points; /* req.points; NULL: no native route */
    struct store *store;          /* what scripts share; NULL: nothing */
    struct pulse *pulse;          /* NULL: nobody looks */
    struct notes *notes;          /* NULL: nobody asks */
    struct buf *traceback;        /* filled after ERR_SCRIPT; may be NULL */

    struct points *points; /* made: all the script built */
    size_t *stored;        /* malloc'ed: indices into points, in the order */
    size_t stored_count;   /* they were returned or emitted */
    size_t stored_capacity;
    struct text *added;    /* malloc'ed: names that store.add was first with, */
    size_t added_count;    /* to be forgotten if the request is not stored; */
    size_t added_capacity; /* they live in the arena of points */
    uint64_t mark;         /* see store_mark; 0: it added nothing */
    uint64_t first_tickets[TICKET_GROUPS]; /* of who was before it there */
    struct reply reply; /* status 0 unless the script called reply() */
    struct kept kept;   /* why to keep the request too; also without an error */
};

void script_call_init(struct script_call *call);
void script_call_deinit(struct script_call *call);
/* As if no script had run. */
void script_call_reset(struct script_call *call);

/* Notes a name that store.add was first with. False: no memory. */
bool script_call_note_added(struct script_call *call, struct text name);
/* Makes the store forget all but the first count of them. */
void script_call_forget_added(struct script_call *call, size_t count);
