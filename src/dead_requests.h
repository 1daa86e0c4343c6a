/* dead_requests.h - the folder of kept requests: written, counted, dropped.
 *
 * One process has it open. The struct is dead.c's; one thread at a time, but
 * has_room and the two counts are for any.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct error;
struct file_system;

struct dead_entry;

struct dead_requests {
    const struct file_system *fs;
    char *dir; /* <dead>/requests */
    uint64_t max_count;
    uint64_t max_bytes;

    struct dead_entry *entries;
    uint64_t *keys; /* beside the entries, for a quick search */
    size_t entry_count;
    size_t capacity;
    atomic_uint_least64_t count;
    atomic_uint_least64_t bytes;
};

/* fs, dir and the limits are set. Reads the beginning of each file. */
bool dead_requests_open(struct dead_requests *requests, struct error *err);
/* A zeroed one is fine. */
void dead_requests_close(struct dead_requests *requests);

/* ERR_FULL if so many more would be too many. Never waits. */
bool dead_requests_have_room(struct dead_requests *requests, size_t count,
                             size_t bytes, struct error *err);
/* All on disk for good, or false: those that were new are gone again, as far
 * as the disk lets us. */
bool dead_requests_add(struct dead_requests *requests, const struct text *items,
                       size_t count, struct error *err);
/* The letter of that id has another text from now on. */
bool dead_requests_replace(struct dead_requests *requests, const char *id,
                           struct text text, struct error *err);
/* See dead_repetitions. */
size_t dead_requests_repetitions(const struct dead_requests *requests,
                                 const char *id);
/* See dead_drop_request. ERR_NOT_FOUND: there is none. The caller syncs, once
 * for many: what comes back after a power cut is a copy, no loss. */
bool dead_requests_drop(struct dead_requests *requests, const char *id,
                        size_t again, struct error *err);
