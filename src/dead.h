/* dead.h - what could not go on is kept, with the reason: requests whose script
 * failed, and points that an output refused.
 *
 *   <dir>/requests/<id>.http        a request as a recorded test; see below
 *   <dir>/requests/<id>.again       who sent the same once more (dead_letter.h)
 *   <dir>/points/<output>/<name>.lp letters, oldest first; each is two lines:
 *       #dead <name> <RFC 3339 time> <status> <request id or -> <reason>
 *       <the line>
 *
 * A file appears whole or not at all, whenever the power fails: it is written
 * under another name, synced, renamed. What those names left is removed at
 * open. Only one process has the folder open (a lock); it may be read at any
 * time by another (dead_list.h).
 *
 * A letter's ID for people: the request's id, 16 hex digits, or
 * <output>/<name>; the name of a point is its number in the output's journal,
 * 20 digits, or <request id>.<n> if it never got there.
 *
 * Bounds: kept requests are never thrown away; when there is no room for one
 * more, ERR_FULL. Of an output's points the oldest go, by size and by age;
 * counted, and logged at most once a minute.
 *
 * Threads: any, unless said otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dead_letter.h"
#include "riders.h"
#include "text.h"

struct buf;
struct dead;
struct error;
struct file_system;

struct dead_options {
    const char *dir;              /* <data>/dead; made if missing */
    const struct file_system *fs; /* NULL: the real one */
    int64_t (*wall_ns)(void);     /* NULL: clock_wall_ns */
    /* 0 means the ceiling of that name in ceilings.h. */
    uint64_t max_requests;
    uint64_t max_request_bytes;
    uint64_t max_point_bytes; /* of each output */
    int64_t max_point_age_ns;
};

/* NULL and ERR_IO, or ERR_CONFIG: another process has it. */
struct dead *dead_open(const struct dead_options *options, struct error *err);
/* NULL is fine. No journal may still have its sinks. */
void dead_close(struct dead *dead);

/* ---- requests and points that ride in the journal's groups ---- */

/* The numbers of the sinks, for journal_rider.sink. */
enum { DEAD_REQUESTS, DEAD_POINTS, DEAD_SINKS };

/* For journal_options.sinks, in that order. */
void dead_sinks(struct dead *dead, struct journal_sink sinks[DEAD_SINKS]);

/* A rider for DEAD_REQUESTS is the whole file, as recorded_write makes it. In
 * the comments before its request line stand
 *   # @id <16 hex>      its name; needed
 *   # @time, @route, @reason and others, each at most once
 * Of one equal to a letter that is there (sender, method, path with query,
 * headers, body, route and reason) only id and time are kept, in <id>.again,
 * and a replay runs it once for each. */

/* Appends points of one output as one rider for DEAD_POINTS. False: out is
 * full. */
bool dead_write_rider(struct buf *out, const char *output,
                      const struct dead_point *points, size_t count,
                      int64_t wall_ns);

/* ---- points that an output refused ---- */

/* On disk for good when it returns true. False: unknown, try again later; a
 * letter of the same name is then replaced, not doubled. */
bool dead_refuse(struct dead *dead, const char *output,
                 const struct dead_point *points, size_t count,
                 struct error *err);

/* ---- letters that are done with ---- */

/* How many repetitions of that letter are on disk for good; what is read of
 * them afterwards has all of these, and maybe one whose group failed. */
size_t dead_repetitions(struct dead *dead, const char *id);
/* again: of so many repetitions the caller knows; ERR_REFUSED: it came once
 * more meanwhile. ERR_NOT_FOUND: there is none of that id. It is gone for good
 * once dead_sync_drops was called, once for many. */
bool dead_drop_request(struct dead *dead, const char *id, size_t again,
                       struct error *err);
bool dead_sync_drops(struct dead *dead, struct error *err);
/* It failed again: the letter has another text from now on. */
bool dead_replace_request(struct dead *dead, const char *id, struct text text,
                          struct error *err);
/* Those of these names, the oldest of each; found[i]: there was one. */
bool dead_drop_points(struct dead *dead, const char *output,
                      const struct text *names, size_t count, bool *found,
                      struct error *err);

/* ---- for metrics and /health ---- */

struct dead_status {
    uint64_t requests;
    uint64_t request_bytes;
    uint64_t max_requests;
    uint64_t max_request_bytes;
    bool is_nearly_full; /* of requests; when it is full, senders get 503 */
};
void dead_status(struct dead *dead, struct dead_status *status);
/* How many points of one output are kept. */
uint64_t dead_points(struct dead *dead, const char *output);
