/* committer.h - the thread that commits: one call for all kicks since the last.
 *
 * On a slow disk (the last commit synced for 1 ms or more) it waits an eighth
 * of that before the next call, at most 5 ms: the senders that the last group
 * answered are then back with their next request, instead of missing every
 * other group. A fast disk never waits.
 *
 * Threads: kick from any thread; start and stop from the owner.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct error;

struct committer {
    /* Commits what is open; how long its syncs took. */
    int64_t (*commit)(void *context);
    void *context;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* guards the two below */
    pthread_cond_t kicked;
    bool is_kicked;
    bool is_stopping;
};

void committer_init(struct committer *committer,
                    int64_t (*commit)(void *context), void *context);
void committer_deinit(struct committer *committer);

bool committer_start(struct committer *committer, struct error *err);
void committer_kick(struct committer *committer);
/* Waits for the commit that is under way; what was kicked since is not
 * committed. Not started is fine. */
void committer_stop(struct committer *committer);
