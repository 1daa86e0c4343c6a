/* replay.h - dead letters are tried again, or dropped.
 *
 * A kept request runs through the present script and route, with the id and the
 * receipt time that it had; a refused point goes back through the journal of
 * its output. A letter is dropped once its points are durable, not before: a
 * crash in between makes duplicates, which change nothing. What fails again
 * stays, with the new reason.
 *
 * Only by the thread that made it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ingest.h"
#include "text.h"

struct dead;
struct error;
struct file_system;

struct replay_options {
    struct dead *dead;
    const char *dir;              /* its folder */
    const struct file_system *fs; /* NULL: the real one */
    struct ingest_options ingest; /* with its journal, which has a committer;
                                   * waker and is_replay are set here */
};

struct replay;

/* Loads the scripts. NULL: an error with file and line. */
struct replay *replay_new(const struct replay_options *options,
                          struct error *err);
void replay_free(struct replay *replay);

/* What became of one letter: done with, still there, or there was none. */
struct replay_result {
    struct text id;
    bool is_done;
    bool is_absent;
    struct text what; /* "2 points", or why not; one line */
};

enum { REPLAY_MOST = 1000 }; /* letters at once */

/* Calls tell for each id, in their order. True: all are done. */
bool replay_letters(struct replay *replay, const struct text *ids, size_t count,
                    void (*tell)(void *context,
                                 const struct replay_result *result),
                    void *context);

/* The same for dropping, which needs neither journal nor scripts. */
bool replay_drop(struct dead *dead, const struct text *ids, size_t count,
                 void (*tell)(void *context,
                              const struct replay_result *result),
                 void *context);
