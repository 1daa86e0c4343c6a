/* progress.h - how far each output is written, for senders that wait for it.
 *
 * Between the relays, which tell, and the workers, which ask: neither knows the
 * other. While nobody waits, telling costs an atomic store and nothing is kept.
 *
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct error;
struct progress;

/* The points of one request in the journal of one output. */
struct stretch {
    unsigned output;
    uint32_t points;
    uint64_t first_seq;
    uint64_t failures; /* of the journal's commits when it was appended */
};

struct progress *progress_new(void);
/* NULL is fine. */
void progress_free(struct progress *progress);

/* A relay, NULL is fine: this point is refused; before it is settled. */
void progress_refuse(struct progress *progress, unsigned output, uint64_t seq,
                     int status, struct text reason);
/* A relay, NULL is fine: every point before seq is written or refused. */
void progress_settle(struct progress *progress, unsigned output, uint64_t seq);

/* A worker: from before its points are appended to the end of the wait. */
void progress_begin_wait(struct progress *progress);
void progress_end_wait(struct progress *progress);
/* A worker, before it looks: the next settle writes this eventfd. */
void progress_wake_me(struct progress *progress, int waker);

/* Another number after each settle. */
uint64_t progress_version(const struct progress *progress);

/* False: not all of it is settled yet. True: it is, and err->kind is ERR_NONE,
 * or ERR_REFUSED for points of it that the server refused, with its 4xx and its
 * reason. */
bool progress_look(struct progress *progress, const struct stretch *stretch,
                   struct error *err);
