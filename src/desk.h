/* desk.h - what may take seconds is done in turn by a thread beside the one
 * that answers, so that a look at /health waits for nobody's letters.
 *
 * Jobs are the caller's: he hands one over, and has it back when it is done, or
 * when the desk is closed. Threads: work runs in the desk's; all else is for
 * the owner.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct error;

struct desk_job {
    void (*work)(struct desk_job *job);
    bool is_done; /* false once it is back: the desk was closed before */
    struct desk_job *next; /* the desk's */
};

struct desk {
    pthread_t thread;
    bool is_open;
    int waker;            /* an eventfd, written when a job is done */
    pthread_mutex_t lock; /* guards what is below */
    pthread_cond_t wake;
    struct desk_job *waiting; /* oldest first */
    struct desk_job *done;
    bool is_closing;
};

/* ERR_IO: there is no thread to be had. */
bool desk_open(struct desk *desk, int waker, struct error *err);
/* Waits for the job that is under way; what still waits is taken back as it is.
 * A zeroed one is fine. */
void desk_close(struct desk *desk);

void desk_put(struct desk *desk, struct desk_job *job);
/* The next that is done, or NULL; also once it is closed. */
struct desk_job *desk_take(struct desk *desk);
