/* intake.c - see intake.h.
 *
 * Whoever reads has the tail and the batch to itself, and the lock is free
 * meanwhile: frames are appended to the batch until it is full or due, then its
 * lines go to the reader's hand. What a hand settles reaches the tail at once
 * if nobody reads, or with the next look.
 *
 * What can go wrong is the disk: the tail says so, and the frames come later.
 */
#include "intake.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "halt.h"
#include "journal.h"
#include "thread.h"

#define IDLE_NS (500 * NS_PER_MS) /* between looks at the cursor */
#define NAP_NS (10 * NS_PER_MS)   /* for lines to add up */

enum { KEPT_BYTES = 256 << 10 }; /* of memory, when nothing comes */

struct intake {
    struct halt *halt;
    atomic_uint_least64_t settled_seq;

    struct tail *tail; /* this and the next two are the reader's */
    struct batch batch;
    uint64_t told_seq; /* what the tail was told is settled */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t turn;  /* is_reading became false */
    bool is_reading;
    uint64_t taken_seq; /* everything before it went to a hand, sometime */
    struct hand {
        bool is_full;
        uint64_t settled_seq; /* everything before it that it had is settled */
    } hands[LIMIT_PARALLEL];
};

struct intake *intake_open(const struct intake_options *options,
                           struct error *err)
{
    const struct tail_options *from = &options->tail;
    struct tail *tail = tail_open(from, err);
    if (!tail)
        return NULL;
    struct intake *intake = xcalloc(1, sizeof *intake);
    uint64_t durable = journal_durable(from->journal, from->output, 0, 0);
    uint64_t settled_seq = durable - tail_pending(tail);
    intake->halt = options->halt;
    intake->tail = tail;
    intake->told_seq = intake->taken_seq = settled_seq;
    atomic_init(&intake->settled_seq, settled_seq);
    batch_init(&intake->batch, &options->batch);
    pthread_mutex_init(&intake->lock, NULL);
    thread_init_condition(&intake->turn);
    return intake;
}

uint64_t intake_settled(struct intake *intake)
{
    return atomic_load(&intake->settled_seq);
}

/* By the reader. */
static void tell_tail(struct intake *intake)
{
    uint64_t seq = intake_settled(intake);
    if (seq != intake->told_seq)
        tail_settle(intake->tail, seq);
    intake->told_seq = seq;
}

void intake_close(struct intake *intake)
{
    if (!intake)
        return;
    tell_tail(intake);
    tail_close(intake->tail);
    batch_deinit(&intake->batch);
    pthread_cond_destroy(&intake->turn);
    pthread_mutex_destroy(&intake->lock);
    free(intake);
}

/* ---- frames to a batch, by the reader ---- */

static bool take_frame(struct intake *intake, int64_t wait_ns,
                       struct error *err)
{
    struct batch *batch = &intake->batch;
    uint64_t first_seq;
    uint32_t points;
    int wait_ms = (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS);
    tell_tail(intake);
    bool is_taken = tail_next(intake->tail, wait_ms, &batch->held.lines,
                              &first_seq, &points, err);
    if (is_taken)
        batch_add(batch, first_seq, points, clock_mono_ns());
    return is_taken;
}

/* Lines become durable in small groups, on a busy gateway thousands of times a
 * second, and to be woken for each costs more than to read it. A batch that is
 * not due yet lets them add up. */
static void let_add_up(struct intake *intake, int64_t wait_ns)
{
    halt_sleep(intake->halt,
               clock_mono_ns() + (wait_ns < NAP_NS ? wait_ns : NAP_NS));
}

static void give_memory_back(struct batch *batch)
{
    if (batch->held.lines.capacity > KEPT_BYTES)
        parcel_deinit(&batch->held);
}

/* True when there is something to send now. Also a batch that is due takes
 * what is there already: a backlog makes full batches. */
static bool fill(struct intake *intake, struct error *err)
{
    struct batch *batch = &intake->batch;
    while (!halt_is_set(intake->halt)) {
        int64_t wait_ns = batch_wait_ns(batch, clock_mono_ns());
        bool is_empty = batch->held.count == 0;
        if (batch_is_full(batch))
            return true;
        if (take_frame(intake, is_empty ? IDLE_NS : 0, err))
            continue;
        if (err->kind != ERR_NONE)
            return false;
        if (is_empty) {
            give_memory_back(batch);
            return false;
        }
        if (wait_ns == 0)
            return true;
        let_add_up(intake, wait_ns);
    }
    return false;
}

/* ---- turns ---- */

static bool begin_reading(struct intake *intake)
{
    int64_t until_ns = clock_mono_ns() + IDLE_NS;
    bool has_time = true;
    pthread_mutex_lock(&intake->lock);
    while (intake->is_reading && has_time)
        has_time = thread_wait_until(&intake->turn, &intake->lock, until_ns);
    bool has_turn = !intake->is_reading;
    intake->is_reading = true;
    pthread_mutex_unlock(&intake->lock);
    return has_turn;
}

static void end_reading(struct intake *intake)
{
    pthread_mutex_lock(&intake->lock);
    intake->is_reading = false;
    pthread_cond_signal(&intake->turn);
    pthread_mutex_unlock(&intake->lock);
}

bool intake_take(struct intake *intake, unsigned hand, struct parcel *parcel,
                 struct error *err)
{
    *err = (struct error){0};
    if (!begin_reading(intake))
        return false;
    bool has_lines = fill(intake, err);
    if (has_lines) {
        batch_take(&intake->batch, parcel);
        pthread_mutex_lock(&intake->lock);
        intake->hands[hand] = (struct hand){true, parcel->first_seq};
        intake->taken_seq = parcel->end_seq;
        pthread_mutex_unlock(&intake->lock);
    }
    end_reading(intake);
    return has_lines;
}

/* The lock is held. */
static void publish_settled(struct intake *intake)
{
    uint64_t seq = intake->taken_seq;
    for (size_t i = 0; i < LIMIT_PARALLEL; i++) {
        const struct hand *hand = &intake->hands[i];
        if (hand->is_full && hand->settled_seq < seq)
            seq = hand->settled_seq;
    }
    if (seq > intake_settled(intake))
        atomic_store(&intake->settled_seq, seq);
}

void intake_settle(struct intake *intake, unsigned hand,
                   const struct parcel *parcel, size_t line)
{
    bool is_last = line == parcel->count;
    pthread_mutex_lock(&intake->lock);
    intake->hands[hand] = (struct hand){!is_last, parcel_seq(parcel, line)};
    publish_settled(intake);
    bool has_turn = !intake->is_reading;
    intake->is_reading = true;
    pthread_mutex_unlock(&intake->lock);
    if (!has_turn)
        return; /* whoever reads tells the tail */
    tell_tail(intake);
    end_reading(intake);
}
