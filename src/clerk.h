/* clerk.h - what may take seconds is done in turn by a thread beside the one
 * that answers, so that a look at /health waits for nobody's letters.
 *
 * Jobs are the caller's: he hands one over, and has it back when it is done, or
 * when the clerk is closed. Threads: work runs in the clerk's; all else is for
 * the owner.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct error;

struct clerk_job {
    void (*work)(struct clerk_job *job);
    bool is_done; /* false once it is back: the clerk was closed before */
    struct clerk_job *next; /* the clerk's */
};

struct clerk {
    pthread_t thread;
    bool is_open;
    int waker;            /* an eventfd, written when a job is done */
    pthread_mutex_t lock; /* guards what is below */
    pthread_cond_t wake;
    struct clerk_job *waiting; /* oldest first */
    struct clerk_job *done;
    bool is_closing;
};

/* ERR_IO: there is no thread to be had. */
bool clerk_open(struct clerk *clerk, int waker, struct error *err);
/* Waits for the job that is under way; what still waits is taken back as it is.
 * A zeroed one is fine. */
void clerk_close(struct clerk *clerk);

void clerk_put(struct clerk *clerk, struct clerk_job *job);
/* The next that is done, or NULL; also once it is closed. */
struct clerk_job *clerk_take(struct clerk *clerk);
