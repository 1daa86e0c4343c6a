/* progress.c - see progress.h.
 *
 * Of what was refused the last thousand per output are kept, while somebody
 * waits: many more than come between a settle and the look of the worker that
 * it wakes. A stretch that reaches back behind them is told so, not guessed.
 */
#include "progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "wakers.h"

enum { REFUSED_KEPT = 1024, REASON_BYTES = 300 };

struct refused {
    uint64_t seq;
    int status;
    char reason[REASON_BYTES];
};

struct standing {
    _Atomic uint64_t settled_seq;
    /* Under the lock. */
    struct refused *refused; /* a ring; NULL: there was none yet */
    uint64_t count;          /* ever */
    uint64_t forgotten_seq;  /* the highest that is in the ring no more */
};

struct progress {
    struct standing outputs[LIMIT_OUTPUTS];
    _Atomic uint64_t version;
    atomic_size_t waiting;
    pthread_mutex_t lock;
    struct wakers wakers; /* under the lock */
};

struct progress *progress_new(void)
{
    struct progress *progress = xcalloc(1, sizeof *progress);
    pthread_mutex_init(&progress->lock, NULL);
    return progress;
}

void progress_free(struct progress *progress)
{
    if (!progress)
        return;
    for (size_t i = 0; i < LIMIT_OUTPUTS; i++)
        free(progress->outputs[i].refused);
    wakers_deinit(&progress->wakers);
    pthread_mutex_destroy(&progress->lock);
    free(progress);
}

/* ---- the relay's side ---- */

void progress_refuse(struct progress *progress, unsigned output, uint64_t seq,
                     int status, struct text reason)
{
    if (!progress || atomic_load(&progress->waiting) == 0)
        return;
    struct standing *standing = &progress->outputs[output];
    pthread_mutex_lock(&progress->lock);
    if (!standing->refused)
        standing->refused = xcalloc(REFUSED_KEPT, sizeof *standing->refused);
    struct refused *refused =
        &standing->refused[standing->count++ % REFUSED_KEPT];
    if (refused->seq > standing->forgotten_seq)
        standing->forgotten_seq = refused->seq;
    refused->seq = seq;
    refused->status = status;
    snprintf(refused->reason, sizeof refused->reason, "%.*s", TEXT_ARG(reason));
    pthread_mutex_unlock(&progress->lock);
}

void progress_settle(struct progress *progress, unsigned output, uint64_t seq)
{
    if (!progress)
        return;
    atomic_store(&progress->outputs[output].settled_seq, seq);
    atomic_fetch_add(&progress->version, 1);
    if (atomic_load(&progress->waiting) == 0)
        return;
    pthread_mutex_lock(&progress->lock);
    wakers_wake(&progress->wakers);
    pthread_mutex_unlock(&progress->lock);
}

/* ---- the worker's side ---- */

void progress_begin_wait(struct progress *progress)
{
    atomic_fetch_add(&progress->waiting, 1);
}

void progress_end_wait(struct progress *progress)
{
    atomic_fetch_sub(&progress->waiting, 1);
}

void progress_wake_me(struct progress *progress, int waker)
{
    pthread_mutex_lock(&progress->lock);
    wakers_add(&progress->wakers, waker);
    pthread_mutex_unlock(&progress->lock);
}

uint64_t progress_version(const struct progress *progress)
{
    return atomic_load(&progress->version);
}

/* A 4xx is the server's own word; what else it said of a point is a no, too. */
static int status_for(int status)
{
    return status >= 400 && status < 500 ? status : 422;
}

/* Under the lock. The first that was refused, and how many. */
static const struct refused *find(const struct standing *standing,
                                  const struct stretch *stretch,
                                  uint32_t *count)
{
    const struct refused *first = NULL;
    size_t kept =
        standing->count < REFUSED_KEPT ? (size_t)standing->count : REFUSED_KEPT;
    *count = 0;
    for (size_t i = 0; i < kept; i++) {
        const struct refused *refused = &standing->refused[i];
        if (refused->seq - stretch->first_seq >= stretch->points)
            continue;
        if (!first || refused->seq < first->seq)
            first = refused;
        ++*count;
    }
    return first;
}

/* Under the lock. */
static void tell_refused(const struct standing *standing,
                         const struct stretch *stretch, struct error *err)
{
    uint32_t count;
    const struct refused *refused = find(standing, stretch, &count);
    if (refused) {
        fail(err, ERR_REFUSED,
             "%" PRIu32 " of %" PRIu32 " points refused and kept as dead"
             " letters, the others are written: %s",
             count, stretch->points, refused->reason);
        err->status = status_for(refused->status);
    } else if (standing->forgotten_seq >= stretch->first_seq) {
        fail(err, ERR_REFUSED,
             "so many points are being refused that nobody knows whether these"
             " are among them; `moonline dead ls` shows the dead letters");
        err->status = 504;
    }
}

bool progress_look(struct progress *progress, const struct stretch *stretch,
                   struct error *err)
{
    struct standing *standing = &progress->outputs[stretch->output];
    err->kind = ERR_NONE;
    if (atomic_load(&standing->settled_seq)
        < stretch->first_seq + stretch->points)
        return false;
    pthread_mutex_lock(&progress->lock);
    tell_refused(standing, stretch, err);
    pthread_mutex_unlock(&progress->lock);
    return true;
}
