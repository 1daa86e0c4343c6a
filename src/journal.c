/* journal.c - see journal.h.
 *
 * Every output has two buffers: the open one, which workers append to under the
 * one mutex, and the busy one, which the committer writes. A commit swaps them,
 * hands each busy buffer to its writer (writer.c), then publishes under the
 * mutex what is durable, and tells everyone who waits. A ticket is the number
 * of the group and the set of outputs that the request went to; so what became
 * of it follows from the last group that is done and a short list of groups
 * that failed.
 *
 * Riders are the same with a row of copies in place of a buffer, and a sink in
 * place of a writer; they are copied before the lock is taken, for they may be
 * large. A group in which nothing rides costs a look at a few counts. Where
 * letters ride, the lines are published before those are written: who sent good
 * lines does not wait for the sync of somebody else's letter.
 *
 * What can go wrong: a commit fails. Then the tickets of that group and those
 * outputs are FAILED (nobody knows what is on disk), and for a while, 0.1 s at
 * first, 5 s at last, appends are refused at once; the next one after that is
 * the try. The journal is full, or its file system is: appends are refused
 * until the relay has delivered, or space is back, looked up twice a second.
 */
#include "journal.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "committer.h"
#include "error.h"
#include "file.h"
#include "log.h"
#include "meter.h"
#include "quota.h"
#include "riders.h"
#include "space.h"
#include "stats.h"
#include "thread.h"
#include "ticket.h"
#include "wakers.h"
#include "writer.h"

#define FIRST_BACK_OFF_NS (100 * NS_PER_MS)
#define LAST_BACK_OFF_NS (5 * NS_PER_S)
#define FULL_BACK_OFF_NS (800 * NS_PER_MS) /* back within 1 s */

struct output {
    char *name;
    char *dir;

    struct writer writer; /* the committer's, like the busy buffer */
    struct buf busy;

    /* The rest is guarded by the journal's lock. */
    struct buf open;
    uint64_t next_seq; /* after the last durable point */
    uint64_t open_points;
    uint64_t busy_points;
    uint64_t failures;
    uint64_t readable_seq;
    uint64_t segments;
    int64_t back_off_ns; /* 0: the last commit went well */
    int64_t retry_at_ns;
};

struct journal {
    struct output *outputs;
    size_t output_count;
    char *dir;
    const struct file_system *fs;
    uint64_t segment_bytes;
    bool is_unsynced;
    int64_t (*mono_ns)(void);

    pthread_mutex_t lock;   /* guards all below, and the outputs' parts */
    pthread_cond_t changed; /* readers: more is durable, or stop */
    bool waiters_stop;
    uint64_t open_group;  /* its number; it may be empty */
    struct riders riders; /* the open ones; the busy ones the committer's */
    bool is_awaited;      /* the open group, by somebody who put nothing in */
    struct wakers wakers;
    struct journal_status status;
    struct meter syncs;
    struct quota quota;

    struct tickets tickets;
    struct space space;

    struct wakers busy_wakers; /* the committer's */
    int64_t sync_ns;           /* all syncs of the last commit */
    struct committer committer;
};

static uint64_t get(struct journal *journal, const uint64_t *number)
{
    pthread_mutex_lock(&journal->lock);
    uint64_t value = *number;
    pthread_mutex_unlock(&journal->lock);
    return value;
}

/* ---- room ---- */

/* Under the lock. */
static bool has_room(const struct journal *journal, size_t output,
                     size_t more_bytes, struct error *err)
{
    const struct quota *quota = &journal->quota;
    const struct output *of = &journal->outputs[output];
    if (of->open.len + more_bytes <= quota_left(quota, output))
        return true;
    return fail(err, ERR_FULL,
                "the journal is full for output %s, which holds %" PRIu64
                " of %" PRIu64 " bytes",
                of->name, quota_held(quota, output), quota->max_bytes);
}

static bool have_room(const struct journal *journal,
                      const struct journal_entry *entry, struct error *err)
{
    for (size_t i = 0; i < entry->line_count; i++)
        if (!has_room(journal, entry->lines[i].output,
                      entry->lines[i].lines.len, err))
            return false;
    return space_is_left(&journal->space, err);
}

/* Under the lock. */
static bool is_backing_off(const struct journal *journal,
                           const struct output *output, struct error *err)
{
    if (output->back_off_ns == 0 || journal->mono_ns() >= output->retry_at_ns)
        return false;
    fail(err, ERR_FULL, "the journal of output %s cannot be written",
         output->name);
    return true;
}

bool journal_has_room(struct journal *journal, uint64_t outputs,
                      struct error *err)
{
    space_look(&journal->space);
    pthread_mutex_lock(&journal->lock);
    bool is_free = space_is_left(&journal->space, err);
    for (size_t i = 0; is_free && i < journal->output_count; i++)
        is_free = !(outputs >> i & 1)
                  || (has_room(journal, i, 0, err)
                      && !is_backing_off(journal, &journal->outputs[i], err));
    pthread_mutex_unlock(&journal->lock);
    return is_free;
}

/* ---- append ---- */

/* Under the lock. On false all is as before. */
static bool copy_lines(struct journal *journal,
                       const struct journal_lines *lines, size_t count,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct output *output = &journal->outputs[lines[i].output];
        if (!is_backing_off(journal, output, err)) {
            if (buf_append_text(&output->open, lines[i].lines))
                continue;
            fail(err, ERR_FULL,
                 "%zu bytes wait for the disk of output %s, the limit is %d",
                 output->open.len, output->name, (int)LIMIT_GROUP_BYTES);
            output->open.has_overflowed = false;
        }
        while (i-- > 0) {
            struct buf *open = &journal->outputs[lines[i].output].open;
            buf_truncate(open, open->len - lines[i].lines.len);
        }
        return false;
    }
    return true;
}

/* Under the lock: the lines are in the open groups. */
static void count_points(struct journal *journal,
                         const struct journal_entry *entry)
{
    for (size_t i = 0; i < entry->line_count; i++) {
        const struct journal_lines *lines = &entry->lines[i];
        struct output *output = &journal->outputs[lines->output];
        if (entry->places)
            entry->places[i] = (struct journal_place){
                output->next_seq + output->busy_points + output->open_points,
                output->failures};
        output->open_points += lines->points;
        journal->status.appended_points += lines->points;
    }
}

static bool append(struct journal *journal, const struct journal_entry *entry,
                   struct rider_row *riders, int waker, uint64_t *ticket,
                   struct error *err)
{
    uint64_t parts = 0;
    for (size_t i = 0; i < entry->line_count; i++) {
        const struct journal_lines *lines = &entry->lines[i];
        assert(lines->output < journal->output_count);
        if (!segment_takes(lines->lines, err))
            return false;
        parts |= UINT64_C(1) << lines->output;
    }
    space_look(&journal->space);

    pthread_mutex_lock(&journal->lock);
    bool is_copied =
        have_room(journal, entry, err)
        && riders_have_room(&journal->riders, riders, err)
        && copy_lines(journal, entry->lines, entry->line_count, err);
    if (is_copied) {
        parts |= riders_take(&journal->riders, riders);
        count_points(journal, entry);
        if (waker >= 0)
            wakers_add(&journal->wakers, waker);
        journal->is_awaited |= parts == 0;
        *ticket = ticket_of(journal->open_group, parts);
    }
    pthread_mutex_unlock(&journal->lock);
    return is_copied;
}

bool journal_append(struct journal *journal, const struct journal_entry *entry,
                    int waker, uint64_t *ticket, struct error *err)
{
    if (entry->rider_count == 0)
        return append(journal, entry, NULL, waker, ticket, err);
    struct rider_row rows[LIMIT_SINKS] = {0};
    bool is_appended =
        rider_rows_copy(rows, entry->riders, entry->rider_count, err)
        && append(journal, entry, rows, waker, ticket, err);
    rider_rows_deinit(rows);
    return is_appended;
}

uint64_t journal_failures(struct journal *journal, unsigned output)
{
    return get(journal, &journal->outputs[output].failures);
}

enum ticket_state journal_ticket(struct journal *journal, uint64_t ticket)
{
    return tickets_state(&journal->tickets, ticket);
}

/* ---- commit ---- */

/* Under the lock. */
static void swap_outputs(struct journal *journal)
{
    for (size_t i = 0; i < journal->output_count; i++) {
        struct output *output = &journal->outputs[i];
        struct buf buf = output->busy;
        output->busy = output->open;
        output->open = buf;
        output->busy_points = output->open_points;
        output->open_points = 0;
    }
}

/* Under the lock. */
static bool has_open_lines(const struct journal *journal)
{
    for (size_t i = 0; i < journal->output_count; i++)
        if (journal->outputs[i].open.len > 0)
            return true;
    return false;
}

/* Takes the open group; its number, or 0 if it is empty. */
static uint64_t take_group(struct journal *journal)
{
    uint64_t group = 0;
    pthread_mutex_lock(&journal->lock);
    if (has_open_lines(journal) || journal->riders.open_count > 0
        || journal->is_awaited) {
        group = journal->open_group++;
        journal->is_awaited = false;
        swap_outputs(journal);
        riders_swap(&journal->riders);
        struct wakers wakers = journal->busy_wakers;
        journal->busy_wakers = journal->wakers;
        journal->wakers = wakers;
    }
    pthread_mutex_unlock(&journal->lock);
    return group;
}

/* Under the lock. */
static void back_off(struct journal *journal, struct output *output)
{
    int64_t longest =
        output->writer.is_out_of_space ? FULL_BACK_OFF_NS : LAST_BACK_OFF_NS;
    output->back_off_ns =
        output->back_off_ns ? 2 * output->back_off_ns : FIRST_BACK_OFF_NS;
    if (output->back_off_ns > longest)
        output->back_off_ns = longest;
    output->retry_at_ns = journal->mono_ns() + output->back_off_ns;
}

/* Under the lock: what became of one output's part of the group. */
static void publish_output(struct journal *journal, struct output *output,
                           bool has_failed_now)
{
    struct writer *writer = &output->writer;
    uint64_t points = writer->next_seq - output->next_seq;
    size_t number = (size_t)(output - journal->outputs);
    output->next_seq = writer->next_seq;
    output->busy_points = 0;
    output->failures += has_failed_now;
    output->readable_seq = writer->readable_seq;
    output->segments = writer->segments;
    journal->quota.written_bytes[number] = writer->total_bytes;
    journal->status.durable_points += points;
    stats_add(&stats.outputs[number].journalled_points, points);
    meter_add(&journal->syncs, writer->sync_ns);
    if (has_failed_now) {
        back_off(journal, output);
        journal->status.sync_errors++;
    } else {
        output->back_off_ns = 0;
    }
}

/* Of the whole group, or of its lines, while riders still follow. */
static void publish(struct journal *journal, uint64_t group, uint64_t written,
                    uint64_t failed, bool is_whole)
{
    pthread_mutex_lock(&journal->lock);
    for (size_t i = 0; i < journal->output_count; i++)
        if (written >> i & 1)
            publish_output(journal, &journal->outputs[i], failed >> i & 1);
    if (written)
        journal->status.is_failing = (failed & written) != 0;
    if (is_whole) {
        riders_publish(&journal->riders);
        tickets_publish(&journal->tickets, group, failed);
    } else {
        tickets_publish_lines(&journal->tickets, group, failed);
    }
    pthread_cond_broadcast(&journal->changed);
    pthread_mutex_unlock(&journal->lock);
}

static bool commit_output(struct journal *journal, struct output *output,
                          struct error *err)
{
    struct error why = {.kind = ERR_NONE};
    bool is_durable =
        writer_commit(&output->writer, buf_text(&output->busy), &why);
    journal->sync_ns += output->writer.sync_ns;
    buf_clear(&output->busy);
    if (is_durable)
        return true;
    log_line(LOG_ERROR, "journal", "output %s: %s; its senders get 503",
             output->name, why.text);
    return fail(err, why.kind, "%s", why.text);
}

static void warn_of_full(struct journal *journal)
{
    enum { EVERY_MS = 60000 };
    static struct log_limit limit;
    size_t i = 0;
    pthread_mutex_lock(&journal->lock);
    const struct quota quota = journal->quota;
    pthread_mutex_unlock(&journal->lock);
    while (i < quota.count && !quota_is_nearly_full(&quota, i))
        i++;
    if (i < quota.count && log_may_say(&limit, EVERY_MS, NULL))
        log_line(LOG_WARN, "journal",
                 "output %s holds %" PRIu64 " bytes, over 90 %% of its room;"
                 " when it is full, its senders get 503",
                 journal->outputs[i].name, quota_held(&quota, i));
}

bool journal_commit(struct journal *journal, struct error *err)
{
    uint64_t group = take_group(journal);
    uint64_t written = 0, failed = 0;
    if (group == 0)
        return true;
    journal->sync_ns = 0;
    failed |= riders_write(&journal->riders, true, err);
    for (size_t i = 0; i < journal->output_count; i++) {
        struct output *output = &journal->outputs[i];
        if (output->busy.len == 0)
            continue;
        written |= UINT64_C(1) << i;
        if (!commit_output(journal, output, err))
            failed |= UINT64_C(1) << i;
    }
    bool is_whole = !riders_follow(&journal->riders);
    publish(journal, group, written, failed, is_whole);
    if (!is_whole) {
        wakers_call(&journal->busy_wakers);
        failed |= riders_write(&journal->riders, false, err);
        publish(journal, group, 0, failed, true);
    }
    wakers_wake(&journal->busy_wakers);
    if (!journal->is_unsynced)
        meter_judge(&journal->syncs, journal->dir);
    warn_of_full(journal);
    return failed == 0;
}

/* ---- the committer ---- */

static int64_t commit_for_committer(void *context)
{
    struct journal *journal = context;
    journal_commit(journal, NULL);
    return journal->sync_ns;
}

bool journal_start(struct journal *journal, struct error *err)
{
    return committer_start(&journal->committer, err);
}

void journal_kick(struct journal *journal)
{
    committer_kick(&journal->committer);
}

/* ---- readers ---- */

uint64_t journal_durable(struct journal *journal, unsigned output,
                         uint64_t seen, int wait_ms)
{
    assert(output < journal->output_count);
    const uint64_t *next_seq = &journal->outputs[output].next_seq;
    pthread_mutex_lock(&journal->lock);
    if (wait_ms > 0 && *next_seq <= seen) {
        int64_t until_ns = clock_mono_ns() + wait_ms * NS_PER_MS;
        bool has_time = true;
        while (*next_seq <= seen && !journal->waiters_stop && has_time)
            has_time =
                thread_wait_until(&journal->changed, &journal->lock, until_ns);
    }
    uint64_t durable = *next_seq;
    pthread_mutex_unlock(&journal->lock);
    return durable;
}

void journal_stop_waiters(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    journal->waiters_stop = true;
    pthread_cond_broadcast(&journal->changed);
    pthread_mutex_unlock(&journal->lock);
}

const char *journal_output_dir(const struct journal *journal, unsigned output)
{
    assert(output < journal->output_count);
    return journal->outputs[output].dir;
}

uint64_t journal_segments(struct journal *journal, unsigned output)
{
    return get(journal, &journal->outputs[output].segments);
}

uint64_t journal_readable(struct journal *journal, unsigned output)
{
    return get(journal, &journal->outputs[output].readable_seq);
}

void journal_released(struct journal *journal, unsigned output, uint64_t bytes)
{
    pthread_mutex_lock(&journal->lock);
    quota_release(&journal->quota, output, bytes);
    pthread_mutex_unlock(&journal->lock);
}

/* ---- status ---- */

void journal_status(struct journal *journal, struct journal_status *status)
{
    space_look(&journal->space);
    pthread_mutex_lock(&journal->lock);
    *status = journal->status;
    status->bytes = quota_held_by_all(&journal->quota);
    status->max_bytes = journal->quota.max_bytes;
    size_t full_count = 0;
    for (size_t i = 0; i < journal->output_count; i++)
        if (!has_room(journal, i, 1, NULL)) {
            status->full_output = journal->outputs[i].name;
            full_count++;
        }
    status->is_full = full_count == journal->output_count
                      || !space_is_left(&journal->space, NULL);
    status->syncs = journal->syncs.count;
    struct meter syncs = journal->syncs;
    pthread_mutex_unlock(&journal->lock);
    status->sync_p50_ms = (double)meter_percentile_ns(&syncs, 50) / 1e6;
    status->sync_p99_ms = (double)meter_percentile_ns(&syncs, 99) / 1e6;
}

/* ---- open and close ---- */

static bool open_output(struct journal *journal, size_t number,
                        const char *name, struct error *err)
{
    struct output *output = &journal->outputs[number];
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/%s", journal->dir, name);
    output->name = xstrdup(name);
    output->dir = xstrdup(dir);
    buf_init(&output->open, LIMIT_GROUP_BYTES);
    buf_init(&output->busy, LIMIT_GROUP_BYTES);
    struct writer_options writer = {
        .fs = journal->fs,
        .dir = dir,
        .is_unsynced = journal->is_unsynced,
        .segment_bytes = journal->segment_bytes,
    };
    if (!writer_open(&output->writer, &writer, err))
        return false;
    output->next_seq = output->writer.next_seq;
    output->readable_seq = output->writer.readable_seq;
    journal->quota.written_bytes[number] = output->writer.total_bytes;
    return true;
}

struct journal *journal_open(const struct journal_options *options,
                             struct error *err)
{
    assert(options->output_count <= LIMIT_OUTPUTS);
    struct journal *journal = xcalloc(1, sizeof *journal);
    journal->dir = xstrdup(options->dir);
    journal->fs = options->fs ? options->fs : &file_real;
    journal->quota = (struct quota){.max_bytes = options->max_bytes,
                                    .count = options->output_count};
    journal->is_unsynced = options->is_unsynced;
    journal->segment_bytes =
        options->segment_bytes
            ? options->segment_bytes
            : quota_segment_bytes(options->max_bytes, options->output_count);
    journal->mono_ns = options->mono_ns ? options->mono_ns : clock_mono_ns;
    journal->open_group = 1;
    space_init(&journal->space, journal->fs, journal->dir,
               options->min_free_bytes, journal->mono_ns);
    pthread_mutex_init(&journal->lock, NULL);
    committer_init(&journal->committer, commit_for_committer, journal);
    thread_init_condition(&journal->changed);
    journal->tickets.lock = &journal->lock;
    riders_init(&journal->riders, options->sinks, options->sink_count);
    journal->output_count = options->output_count;
    journal->outputs = xcalloc(options->output_count, sizeof(struct output));
    for (size_t i = 0; i < options->output_count; i++)
        if (!open_output(journal, i, options->outputs[i], err)) {
            journal_close(journal);
            return NULL;
        }
    return journal;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    committer_stop(&journal->committer);
    journal_commit(journal, NULL);
    for (size_t i = 0; i < journal->output_count; i++) {
        struct output *output = &journal->outputs[i];
        writer_close(&output->writer);
        buf_deinit(&output->open);
        buf_deinit(&output->busy);
        free(output->name);
        free(output->dir);
    }
    riders_deinit(&journal->riders);
    committer_deinit(&journal->committer);
    pthread_cond_destroy(&journal->changed);
    pthread_mutex_destroy(&journal->lock);
    wakers_deinit(&journal->wakers);
    wakers_deinit(&journal->busy_wakers);
    free(journal->outputs);
    free(journal->dir);
    free(journal);
}
