/* relay.c - see relay.h.
 *
 * The story is run(): frames from the journal become a parcel of lines, each
 * line is delivered, and then it is settled in the journal. Lines are read from
 * disk and never queued here, so a backlog of any size costs one batch of
 * memory; a batch grows with the backlog up to its limits, which is how a slow
 * server is still caught up with.
 *
 * What can go wrong is that the other side does not accept. What it says of the
 * lines is delivery's business. All else ends in a wait that grows to a minute,
 * and the same lines again. A minute is too long for a server that is back, so
 * meanwhile it is asked, once a second, whether a write would do; when that
 * changes from no to yes the wait is over. (A server that says yes all along,
 * and no to our lines, is left in peace.) What is told of it, outage decides.
 *
 * A hand is a thread that runs the story with a request in flight. There is
 * one, so lines arrive in order; there are more for an output where that does
 * not matter.
 */
#include "relay.h"

#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "dead.h"
#include "delivery.h"
#include "error.h"
#include "file.h"
#include "halt.h"
#include "intake.h"
#include "journal.h"
#include "log.h"
#include "outage.h"
#include "outfile.h"
#include "progress.h"
#include "stats.h"
#include "thread.h"

#define DISK_PAUSE_NS NS_PER_S          /* after the disk failed */
#define FIRST_WAIT_NS (100 * NS_PER_MS) /* of the back-off, which doubles */
#define SERVER_CAP_NS (60 * NS_PER_S)   /* of the back-off */
#define FILE_CAP_NS NS_PER_S            /* trying a file costs nothing */
#define PROBE_NS NS_PER_S               /* for a server that is away */
#define HELD_PROBE_NS (5 * NS_PER_S)    /* for one that says 4xx */

enum {
    UNREADABLE = -11,        /* for a status: not the server, the journal */
    LARGE_BYTES = 128 << 10, /* a write that leaves memory to give back */
    TELL_REFUSED_MS = 60000
};

struct hand {
    struct relay *relay;
    unsigned number;
    pthread_t thread;
    bool has_thread;
    struct delivery delivery;
    struct influx *influx;
    struct backoff backoff;
    bool is_failing;
    bool was_large; /* a write, since memory was given back */
    size_t counted; /* lines of the parcel that are in the stats */
};

struct relay {
    struct relay_options options;
    char who[80]; /* for the log */
    struct halt halt;
    struct intake *intake;
    struct outfile *outfile; /* NULL: to influx */
    struct hand hands[LIMIT_PARALLEL];
    size_t hand_count;
    struct log_limit refused_limit;
    atomic_size_t write_bytes;
    atomic_size_t write_limit_bytes;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t moved; /* what is settled, or outage, changed */
    struct outage outage;
    size_t failing_hands;
};

static bool take(struct hand *hand);
static void deliver(struct hand *hand);

static void *run(void *context)
{
    struct hand *hand = context;
    while (take(hand))
        deliver(hand);
    return NULL;
}

/* ---- what all steps need ---- */

static bool is_stopping(struct relay *relay)
{
    return halt_is_set(&relay->halt);
}

static struct output_stats *counters(const struct relay *relay)
{
    return &stats.outputs[relay->options.output];
}

static uint64_t pending_points(struct relay *relay)
{
    uint64_t durable =
        journal_durable(relay->options.journal, relay->options.output, 0, 0);
    uint64_t settled = intake_settled(relay->intake);
    return durable > settled ? durable - settled : 0;
}

static void report_failure(struct hand *hand, int status, const char *reason,
                           int64_t wait_ns)
{
    struct relay *relay = hand->relay;
    uint64_t pending = pending_points(relay);
    pthread_mutex_lock(&relay->lock);
    relay->failing_hands += !hand->is_failing;
    hand->is_failing = true;
    outage_report(&relay->outage, status, reason, wait_ns, pending);
    pthread_cond_broadcast(&relay->moved);
    pthread_mutex_unlock(&relay->lock);
}

static void report_success(struct hand *hand)
{
    struct relay *relay = hand->relay;
    hand->backoff.failures = 0;
    if (!hand->is_failing)
        return;
    uint64_t pending = pending_points(relay);
    pthread_mutex_lock(&relay->lock);
    hand->is_failing = false;
    if (--relay->failing_hands == 0)
        outage_end(&relay->outage, pending);
    pthread_mutex_unlock(&relay->lock);
}

/* ---- the next parcel ---- */

/* After a burst: what is not needed for the next line. */
static void give_memory_back(struct hand *hand)
{
    if (!hand->was_large)
        return;
    hand->was_large = false;
    delivery_deinit(&hand->delivery);
    if (hand->influx)
        influx_trim(hand->influx);
    malloc_trim(0);
}

/* False: stopping. */
static bool take(struct hand *hand)
{
    struct relay *relay = hand->relay;
    struct delivery *delivery = &hand->delivery;
    struct error err = {0};
    while (!intake_take(relay->intake, hand->number, &delivery->parcel, &err)) {
        if (is_stopping(relay))
            return false;
        if (err.kind != ERR_NONE) {
            report_failure(hand, UNREADABLE, err.text, DISK_PAUSE_NS);
            halt_sleep(&relay->halt, clock_mono_ns() + DISK_PAUSE_NS);
        } else {
            report_success(hand);
            give_memory_back(hand);
        }
    }
    report_success(hand);
    hand->counted = 0;
    delivery_begin(delivery);
    return true;
}

/* ---- settled lines: the journal may forget them ---- */

static void count(struct hand *hand, size_t settled)
{
    struct delivery *delivery = &hand->delivery;
    struct output_stats *to = counters(hand->relay);
    size_t dead = delivery_dead(delivery, hand->counted, settled);
    stats_add(&to->delivered_points, settled - hand->counted - dead);
    stats_add(&to->dead_points, dead);
    stats_add(&to->batches, delivery->taken_writes);
    stats_add(&to->sent_bytes, delivery->taken_bytes);
    stats_add(&to->isolated_batches, delivery->isolated_parcels);
    stats_add(&to->isolating_requests, delivery->isolating_requests);
    delivery->taken_writes = delivery->taken_bytes = 0;
    delivery->isolated_parcels = delivery->isolating_requests = 0;
    hand->counted = settled;
}

static void settle(struct hand *hand)
{
    struct relay *relay = hand->relay;
    struct delivery *delivery = &hand->delivery;
    size_t settled = delivery_settled(delivery);
    /* Counted first: who reads that nothing waits finds it all counted. */
    count(hand, settled);
    intake_settle(relay->intake, hand->number, &delivery->parcel, settled);
    atomic_store(&relay->write_limit_bytes, delivery->portion.now_bytes);
    pthread_mutex_lock(&relay->lock);
    /* Under the lock, so that of two hands the later number comes last. */
    progress_settle(relay->options.progress, relay->options.output,
                    intake_settled(relay->intake));
    pthread_cond_broadcast(&relay->moved);
    pthread_mutex_unlock(&relay->lock);
}

/* ---- a parcel to the output ---- */

/* Waits so long, or until a server that was away is back. */
static void wait_for_server(struct hand *hand,
                            const struct influx_answer *answer, int64_t wait_ns)
{
    struct relay *relay = hand->relay;
    bool may_probe = hand->influx && answer->retry_after_ns == 0
                     && answer->status != DELIVERY_DISK;
    bool is_held = answer->verdict == VERDICT_HOLD;
    int64_t probe_ns = is_held ? HELD_PROBE_NS : PROBE_NS;
    int64_t until_ns = clock_mono_ns() + wait_ns;
    bool was_away = false;
    for (int64_t now_ns; (now_ns = clock_mono_ns()) < until_ns;) {
        bool is_long = until_ns - now_ns > probe_ns;
        if (may_probe && is_long) {
            bool is_back = influx_probe(hand->influx);
            if (is_back && was_away)
                return;
            was_away = !is_back;
        }
        if (is_stopping(relay))
            return;
        halt_sleep(&relay->halt, is_long ? now_ns + probe_ns : until_ns);
    }
}

static void wait_and_tell(struct hand *hand, const struct influx_answer *answer)
{
    struct relay *relay = hand->relay;
    const struct file_system *fs = relay->options.fs;
    int64_t wait_ns =
        backoff_next_ns(&hand->backoff, answer->retry_after_ns, fs->random(fs));
    if (answer->status == DELIVERY_DISK && wait_ns > DISK_PAUSE_NS)
        wait_ns = DISK_PAUSE_NS;
    report_failure(hand, answer->status, answer->reason, wait_ns);
    wait_for_server(hand, answer, wait_ns);
    if (!is_stopping(relay))
        stats_add(&counters(relay)->retries, 1);
}

/* Until all is settled, or it is to stop. */
static void deliver(struct hand *hand)
{
    struct relay *relay = hand->relay;
    struct delivery *delivery = &hand->delivery;
    while (!delivery_is_done(delivery) && !is_stopping(relay)) {
        struct influx_answer answer;
        bool goes_on = delivery_step(delivery, &answer);
        settle(hand);
        if (goes_on)
            report_success(hand);
        else if (!is_stopping(relay))
            wait_and_tell(hand, &answer);
    }
    if (!delivery_is_done(delivery) && delivery_bury(delivery, NULL))
        settle(hand);
}

/* ---- the outlet of a hand ---- */

static void post(void *self, struct text lines, struct influx_answer *answer)
{
    struct hand *hand = self;
    struct relay *relay = hand->relay;
    struct error err = {0};
    atomic_store(&relay->write_bytes, lines.len);
    hand->was_large |= lines.len > LARGE_BYTES;
    if (hand->influx) {
        influx_write(hand->influx, lines, answer);
        return;
    }
    *answer = (struct influx_answer){.verdict = VERDICT_ACCEPTED};
    if (!outfile_write(relay->outfile, lines, &err)) {
        answer->verdict = VERDICT_RETRY;
        snprintf(answer->reason, sizeof answer->reason, "%.500s", err.text);
    }
}

static bool probe(void *self)
{
    struct hand *hand = self;
    return hand->influx && influx_probe(hand->influx);
}

static bool bury(void *self, const struct dead_point *points, size_t count,
                 struct error *err)
{
    struct hand *hand = self;
    struct relay *relay = hand->relay;
    const char *name = relay->options.name;
    if (!dead_refuse(relay->options.dead, name, points, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        progress_refuse(relay->options.progress, relay->options.output,
                        points[i].seq, points[i].status, points[i].reason);
    if (log_may_say(&relay->refused_limit, TELL_REFUSED_MS, NULL))
        log_line(LOG_WARN, relay->who,
                 "%zu point%s refused and kept as dead letters, %s/%020" PRIu64
                 " first: %.*s",
                 count, count == 1 ? "" : "s", name, points[0].seq,
                 TEXT_ARG(points[0].reason));
    return true;
}

/* ---- start and stop ---- */

static bool open_file(struct relay *relay, struct error *err)
{
    struct outfile_options options = {.path = relay->options.file,
                                      .stopping = &relay->halt.is_set,
                                      .fs = relay->options.fs};
    relay->outfile = outfile_open(&options, err);
    return relay->outfile != NULL;
}

static bool open_hand(struct relay *relay, unsigned number, struct error *err)
{
    struct hand *hand = &relay->hands[number];
    const struct relay_options *options = &relay->options;
    const struct outlet outlet = {post, probe, bury, hand, NULL};
    int64_t first_ns = options->first_wait_ns;
    hand->relay = relay;
    hand->number = number;
    hand->backoff.first_ns = first_ns ? first_ns : FIRST_WAIT_NS;
    hand->backoff.cap_ns = options->file ? FILE_CAP_NS : SERVER_CAP_NS;
    delivery_init(&hand->delivery, &outlet, options->batch_bytes);
    if (options->file)
        return open_file(relay, err);
    struct influx_options influx = options->influx;
    influx.stopping = &relay->halt.is_set;
    hand->influx = influx_new(&influx, err);
    return hand->influx != NULL;
}

static bool open_hands(struct relay *relay, struct error *err)
{
    const struct relay_options *options = &relay->options;
    relay->hand_count =
        options->parallel > 1 && !options->file ? options->parallel : 1;
    for (unsigned i = 0; i < relay->hand_count; i++)
        if (!open_hand(relay, i, err))
            return false;
    return true;
}

static bool open_intake(struct relay *relay, struct error *err)
{
    const struct relay_options *options = &relay->options;
    const struct intake_options intake = {
        .tail = {.journal = options->journal,
                 .output = options->output,
                 .keep_ns = options->keep_ns,
                 .fs = options->fs},
        .batch = {.max_lines = options->batch_lines,
                  .max_bytes = options->batch_bytes,
                  .flush_ns = options->flush_ns},
        .halt = &relay->halt};
    relay->intake = intake_open(&intake, err);
    return relay->intake != NULL;
}

static bool start_threads(struct relay *relay, struct error *err)
{
    for (size_t i = 0; i < relay->hand_count; i++) {
        struct hand *hand = &relay->hands[i];
        hand->has_thread =
            thread_start(&hand->thread, run, hand, relay->who, err);
        if (!hand->has_thread)
            return false;
    }
    return true;
}

struct relay *relay_start(const struct relay_options *options,
                          struct error *err)
{
    struct relay *relay = xcalloc(1, sizeof *relay);
    relay->options = *options;
    if (!options->fs)
        relay->options.fs = &file_real;
    if (options->batch_bytes < LIMIT_FRAME_BYTES)
        relay->options.batch_bytes = LIMIT_FRAME_BYTES;
    atomic_init(&relay->write_limit_bytes, relay->options.batch_bytes);
    snprintf(relay->who, sizeof relay->who, "relay %.60s", options->name);
    halt_init(&relay->halt);
    outage_init(&relay->outage, relay->who);
    thread_init_condition(&relay->moved);
    pthread_mutex_init(&relay->lock, NULL);
    if (open_hands(relay, err) && open_intake(relay, err)
        && start_threads(relay, err))
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
    halt_set(&relay->halt);
    for (size_t i = 0; i < relay->hand_count; i++)
        if (relay->hands[i].has_thread)
            pthread_join(relay->hands[i].thread, NULL);
    intake_close(relay->intake);
    for (size_t i = 0; i < relay->hand_count; i++) {
        influx_free(relay->hands[i].influx);
        delivery_deinit(&relay->hands[i].delivery);
    }
    outfile_close(relay->outfile);
    outage_deinit(&relay->outage);
    pthread_cond_destroy(&relay->moved);
    pthread_mutex_destroy(&relay->lock);
    halt_deinit(&relay->halt);
    free(relay);
}

void relay_token_changed(struct relay *relay)
{
    for (size_t i = 0; i < relay->hand_count; i++)
        if (relay->hands[i].influx)
            influx_secret_changed(relay->hands[i].influx);
}

void relay_status(struct relay *relay, struct relay_status *status)
{
    outage_look(&relay->outage, &status->failing_since_ns, status->reason);
    status->pending_points = pending_points(relay);
    status->write_bytes = atomic_load(&relay->write_bytes);
    status->write_limit_bytes = atomic_load(&relay->write_limit_bytes);
}
