/* recorder.h - live requests as recorded tests in a folder, the newest only.
 *
 * A file a request, mode 0600, named by time and route, secrets taken out, with
 * the answer and the points that came of it as what is expected. A thread
 * writes them; who hands one over never waits for a disk. It takes at most 4 %
 * of a core for that (some hundred files a second): when more requests come,
 * some are left out, and counted; so is what the disk does not take. Nothing is
 * synced: this is for people, not a promise.
 *
 * Only files with such names are counted and deleted; others in the folder are
 * left alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct error;
struct file_system;
struct request;
struct route;
struct recorder;

struct recorder_options {
    const char *dir; /* made if missing */
    const struct file_system *fs;
    size_t max_files;   /* 0: RECORDER_FILES */
    uint64_t max_bytes; /* all files together; 0: RECORDER_BYTES */
};

enum { RECORDER_FILES = 1000, RECORDER_BYTES = 64 << 20 };

/* Starts the thread. ERR_IO if dir cannot be made, read or written to. */
struct recorder *recorder_open(const struct recorder_options *options,
                               struct error *err);
/* Writes what was handed over and ends the thread; what comes later is left
 * out. NULL is fine. */
void recorder_stop(struct recorder *recorder);
/* The same, then frees: nobody else may be inside any more. NULL is fine. */
void recorder_close(struct recorder *recorder);

/* What became of a request. */
struct recorder_outcome {
    int status;
    struct text message; /* the answer's body, or the error */
    struct text reason;  /* why it failed; empty: it did not */
    struct text points;  /* whole lines */
};

/* False: there are more than can be written, this one is left out (and counted
 * as such). Cheap, so ask before making the points. Any thread. */
bool recorder_has_room(struct recorder *recorder);
/* Copies what it needs. Any thread. */
void recorder_take(struct recorder *recorder, const struct request *request,
                   const struct route *route,
                   const struct recorder_outcome *outcome);
