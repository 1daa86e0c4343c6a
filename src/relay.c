/* relay.c - see relay.h.
 *
 * The story is run(): frames from the journal become a batch, the batch
 * is posted until it is accepted, and then it is settled in the journal. Lines
 * are read from disk and never queued here, so a backlog of any size costs one
 * batch of memory; a batch grows with the backlog up to its limits, which is
 * how a slow server is still caught up with.
 *
 * What can go wrong is that the other side does not accept. Whatever the reason
 * the same lines are tried again, after a wait that grows to a minute. A minute
 * is too long for a server that is back, so meanwhile it is asked, once a
 * second, whether a write would do; when that changes from no to yes the wait
 * is over. (A server that says yes all along, and no to our lines, is left in
 * peace.) What is told of it, outage.c decides.
 */
#include "relay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "batch.h"
#include "buf.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "outage.h"
#include "outfile.h"
#include "stats.h"
#include "tail.h"
#include "thread.h"

#define IDLE_NS (500 * NS_PER_MS)       /* between looks at the cursor */
#define NAP_NS (10 * NS_PER_MS)         /* for lines to add up */
#define DISK_PAUSE_NS NS_PER_S          /* after the journal was unreadable */
#define FIRST_WAIT_NS (100 * NS_PER_MS) /* of the back-off, which doubles */
#define SERVER_CAP_NS (60 * NS_PER_S)   /* of the back-off */
#define FILE_CAP_NS NS_PER_S            /* trying a file costs nothing */
#define PROBE_NS NS_PER_S               /* for a server that is away */
#define HELD_PROBE_NS (5 * NS_PER_S)    /* for one that says 4xx */

enum { UNREADABLE = -1 }; /* for a status: not the server, the journal */

struct relay {
    struct relay_options options;
    char who[80]; /* for the log */
    struct tail *tail;
    struct batch batch;
    struct influx *influx; /* one of these two */
    struct outfile *outfile;
    struct backoff backoff;
    struct outage outage;

    pthread_t thread;
    bool has_thread;
    atomic_bool stopping;
    atomic_uint_least64_t settled_seq;
    pthread_cond_t wake;  /* stopping was set */
    pthread_cond_t moved; /* settled_seq or outage changed */
    pthread_mutex_t lock; /* of the two conditions */
};

static bool fill(struct relay *relay);
static bool deliver(struct relay *relay, struct text lines);
static void settle(struct relay *relay, size_t points, size_t bytes);

static void *run(void *context)
{
    struct relay *relay = context;
    while (fill(relay)) {
        size_t points;
        struct text lines = batch_window(&relay->batch, &points);
        if (deliver(relay, lines))
            settle(relay, points, lines.len);
    }
    return NULL;
}

/* ---- what all steps need ---- */

static bool is_stopping(struct relay *relay)
{
    return atomic_load(&relay->stopping);
}

static struct output_stats *counters(const struct relay *relay)
{
    return &stats.outputs[relay->options.output];
}

static uint64_t pending_points(struct relay *relay)
{
    uint64_t durable =
        journal_durable(relay->options.journal, relay->options.output, 0, 0);
    uint64_t settled = atomic_load(&relay->settled_seq);
    return durable > settled ? durable - settled : 0;
}

/* Sleeps, unless it is to stop. */
static void sleep_until(struct relay *relay, int64_t until_ns)
{
    bool has_time = true;
    pthread_mutex_lock(&relay->lock);
    while (!is_stopping(relay) && has_time)
        has_time = thread_wait_until(&relay->wake, &relay->lock, until_ns);
    pthread_mutex_unlock(&relay->lock);
}

static void report_failure(struct relay *relay, int status, const char *reason,
                           int64_t wait_ns)
{
    outage_report(&relay->outage, status, reason, wait_ns,
                  pending_points(relay));
    pthread_mutex_lock(&relay->lock);
    pthread_cond_broadcast(&relay->moved);
    pthread_mutex_unlock(&relay->lock);
}

static void report_success(struct relay *relay)
{
    relay->backoff.failures = 0;
    outage_end(&relay->outage, pending_points(relay));
}

/* ---- frames to a batch ---- */

static bool take_frame(struct relay *relay, int64_t wait_ns)
{
    struct error err = {0};
    uint64_t first_seq;
    uint32_t points;
    if (wait_ns > IDLE_NS)
        wait_ns = IDLE_NS;
    int wait_ms = (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS);
    bool is_taken = tail_next(relay->tail, wait_ms, &relay->batch.lines,
                              &first_seq, &points, &err);
    if (is_taken)
        batch_add(&relay->batch, first_seq, points, clock_mono_ns());
    if (!is_taken && err.kind != ERR_NONE) {
        report_failure(relay, UNREADABLE, err.text, DISK_PAUSE_NS);
        sleep_until(relay, clock_mono_ns() + DISK_PAUSE_NS);
    } else if (outage_is_about(&relay->outage, UNREADABLE)) {
        report_success(relay);
    }
    return is_taken;
}

/* Lines become durable in small groups, on a busy gateway thousands of times a
 * second, and to be woken for each costs more than to read it. A batch that is
 * not due yet lets them add up. */
static void let_add_up(struct relay *relay, int64_t wait_ns)
{
    sleep_until(relay, clock_mono_ns() + (wait_ns < NAP_NS ? wait_ns : NAP_NS));
}

/* True when there is something to send now; false: stopping. Also a batch that
 * is due takes what is there already: a backlog makes full batches. */
static bool fill(struct relay *relay)
{
    while (!is_stopping(relay)) {
        int64_t wait_ns = batch_wait_ns(&relay->batch, clock_mono_ns());
        bool is_empty = relay->batch.lines.len == 0;
        if (batch_is_full(&relay->batch))
            return true;
        if (take_frame(relay, is_empty ? wait_ns : 0))
            continue;
        if (wait_ns == 0)
            return true;
        if (!is_empty)
            let_add_up(relay, wait_ns);
    }
    return false;
}

/* ---- a batch to the output ---- */

static void post(struct relay *relay, struct text lines,
                 struct influx_answer *answer)
{
    struct error err = {0};
    if (relay->influx) {
        influx_write(relay->influx, lines, answer);
        return;
    }
    *answer = (struct influx_answer){.verdict = VERDICT_ACCEPTED};
    if (!outfile_write(relay->outfile, lines, &err)) {
        answer->verdict = VERDICT_RETRY;
        snprintf(answer->reason, sizeof answer->reason, "%.500s", err.text);
    }
}

/* Waits so long, or until a server that was away is back. */
static void wait_for_server(struct relay *relay,
                            const struct influx_answer *answer, int64_t wait_ns)
{
    bool may_probe = relay->influx && answer->retry_after_ns == 0;
    bool is_held = answer->verdict == VERDICT_HOLD;
    int64_t probe_ns = is_held ? HELD_PROBE_NS : PROBE_NS;
    int64_t until_ns = clock_mono_ns() + wait_ns;
    bool was_away = false;
    for (int64_t now_ns; (now_ns = clock_mono_ns()) < until_ns;) {
        bool is_long = until_ns - now_ns > probe_ns;
        if (may_probe && is_long) {
            bool is_back = influx_probe(relay->influx);
            if (is_back && was_away)
                return;
            was_away = !is_back;
        }
        if (is_stopping(relay))
            return;
        sleep_until(relay, is_long ? now_ns + probe_ns : until_ns);
    }
}

/* True: accepted. False: stopping, and not known to be accepted. */
static bool deliver(struct relay *relay, struct text lines)
{
    const struct file_system *fs = relay->options.fs;
    for (;;) {
        struct influx_answer answer;
        post(relay, lines, &answer);
        switch (answer.verdict) {
        case VERDICT_ACCEPTED:
            report_success(relay);
            return true;
        case VERDICT_PARTLY:
        case VERDICT_REFUSED:
        case VERDICT_TOO_LARGE:
        case VERDICT_WAIT:
        case VERDICT_RETRY:
        case VERDICT_RETRY_BOUNDED:
        case VERDICT_HOLD:
            break;
        }
        if (is_stopping(relay))
            return false;
        int64_t wait_ns = backoff_next_ns(
            &relay->backoff, answer.retry_after_ns, fs->random(fs));
        report_failure(relay, answer.status, answer.reason, wait_ns);
        wait_for_server(relay, &answer, wait_ns);
        if (is_stopping(relay))
            return false;
        stats_add(&counters(relay)->retries, 1);
    }
}

/* ---- delivered: the journal may forget it ---- */

static void settle(struct relay *relay, size_t points, size_t bytes)
{
    uint64_t seq = batch_drop(&relay->batch, points);
    tail_settle(relay->tail, seq);
    stats_add(&counters(relay)->delivered_points, points);
    stats_add(&counters(relay)->sent_bytes, bytes);
    stats_add(&counters(relay)->batches, 1);
    pthread_mutex_lock(&relay->lock);
    atomic_store(&relay->settled_seq, seq);
    pthread_cond_broadcast(&relay->moved);
    pthread_mutex_unlock(&relay->lock);
}

/* ---- start and stop ---- */

static bool open_output(struct relay *relay, struct error *err)
{
    const struct relay_options *options = &relay->options;
    relay->backoff.first_ns =
        options->first_wait_ns ? options->first_wait_ns : FIRST_WAIT_NS;
    relay->backoff.cap_ns = options->file ? FILE_CAP_NS : SERVER_CAP_NS;
    if (options->file) {
        struct outfile_options outfile = {.path = options->file,
                                          .stopping = &relay->stopping,
                                          .fs = options->fs};
        relay->outfile = outfile_open(&outfile, err);
        return relay->outfile != NULL;
    }
    struct influx_options influx = options->influx;
    influx.stopping = &relay->stopping;
    relay->influx = influx_new(&influx, err);
    return relay->influx != NULL;
}

static bool open_tail(struct relay *relay, struct error *err)
{
    const struct relay_options *options = &relay->options;
    struct tail_options tail = {.journal = options->journal,
                                .output = options->output,
                                .keep_ns = options->keep_ns,
                                .fs = options->fs};
    relay->tail = tail_open(&tail, err);
    if (!relay->tail)
        return false;
    uint64_t durable = journal_durable(options->journal, options->output, 0, 0);
    atomic_store(&relay->settled_seq, durable - tail_pending(relay->tail));
    return true;
}

static bool start_thread(struct relay *relay, struct error *err)
{
    relay->has_thread =
        thread_start(&relay->thread, run, relay, relay->who, err);
    return relay->has_thread;
}

struct relay *relay_start(const struct relay_options *options,
                          struct error *err)
{
    struct relay *relay = xcalloc(1, sizeof *relay);
    relay->options = *options;
    if (!options->fs)
        relay->options.fs = &file_real;
    snprintf(relay->who, sizeof relay->who, "relay %.60s", options->name);
    batch_init(&relay->batch,
               &(struct batch_options){.max_lines = options->batch_lines,
                                       .max_bytes = options->batch_bytes,
                                       .flush_ns = options->flush_ns});
    outage_init(&relay->outage, relay->who);
    thread_init_condition(&relay->wake);
    thread_init_condition(&relay->moved);
    pthread_mutex_init(&relay->lock, NULL);
    if (open_output(relay, err) && open_tail(relay, err)
        && start_thread(relay, err))
        return relay;
    relay_stop(relay);
    return NULL;
}

bool relay_await_settled(struct relay *relay, int wait_ms)
{
    int64_t until_ns = clock_mono_ns() + wait_ms * NS_PER_MS;
    int64_t since_ns;
    bool has_time = true;
    pthread_mutex_lock(&relay->lock);
    while (pending_points(relay) > 0 && has_time
           && !outage_look(&relay->outage, &since_ns, NULL))
        has_time = thread_wait_until(&relay->moved, &relay->lock, until_ns);
    pthread_mutex_unlock(&relay->lock);
    return pending_points(relay) == 0;
}

void relay_stop(struct relay *relay)
{
    if (!relay)
        return;
    pthread_mutex_lock(&relay->lock);
    atomic_store(&relay->stopping, true);
    pthread_cond_broadcast(&relay->wake);
    pthread_mutex_unlock(&relay->lock);
    if (relay->has_thread)
        pthread_join(relay->thread, NULL);
    tail_close(relay->tail);
    influx_free(relay->influx);
    outfile_close(relay->outfile);
    batch_deinit(&relay->batch);
    pthread_cond_destroy(&relay->wake);
    pthread_cond_destroy(&relay->moved);
    pthread_mutex_destroy(&relay->lock);
    outage_deinit(&relay->outage);
    free(relay);
}

void relay_status(struct relay *relay, struct relay_status *status)
{
    outage_look(&relay->outage, &status->failing_since_ns, status->reason);
    status->pending_points = pending_points(relay);
}
