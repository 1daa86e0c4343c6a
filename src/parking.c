/* parking.c - see parking.h.
 *
 * A parked connection has a timeout of its own (any but the default):
 * libmicrohttpd then handles it before it reads, so that a sender which has
 * closed its half gets its answer all the same.
 *
 * Those who wait for the disk stand in the order of their tickets, so the first
 * without a result ends the walk. There are two rows of them, for lines are on
 * disk before the letters of their group, and maybe long before. Those who wait
 * for InfluxDB, maybe thousands, are walked only when a relay has settled
 * something, or a wait is over.
 */
#include "parking.h"

#include <microhttpd.h>

#include "clock.h"
#include "error.h"
#include "ingest.h"
#include "journal.h"
#include "progress.h"

enum { TIMEOUT_S = 10 /* any but the default: see above */ };

void parking_suspend(struct parked *parked)
{
    parked->is_resumed = false;
    MHD_suspend_connection(parked->connection);
    MHD_set_connection_option(parked->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              (unsigned)TIMEOUT_S);
}

static struct parked_row *row_of(struct parking *parking,
                                 const struct receipt *receipt)
{
    bool is_lines =
        ticket_is_lines(receipt->ticket) && !first_must_wait(&receipt->firsts);
    return is_lines ? &parking->lines : &parking->rest;
}

void parking_wait(struct parking *parking, struct parked *parked,
                  int64_t now_ns)
{
    parked->since_ns = now_ns;
    parked->next = NULL;
    struct parked_row *row = row_of(parking, parked->receipt);
    if (row->last)
        row->last->next = parked;
    else
        row->first = parked;
    row->last = parked;
    parking->has_new = true;
}

void parking_end(struct parked *parked)
{
    parked->is_resumed = true;
    MHD_resume_connection(parked->connection);
}

/* ---- for the disk ---- */

/* True: there is a result, or no more time for one. */
static bool is_stored(struct parking *parking, struct parked *parked,
                      int64_t now_ns, bool all)
{
    const struct receipt *receipt = parked->receipt;
    switch (first_state(&receipt->firsts, parking->journal, receipt->ticket)) {
    case TICKET_DURABLE:
        return true;
    case TICKET_FAILED:
        fail(parked->err, ERR_IO,
             "the journal could not be synced; whether this was stored is"
             " unknown, send it again");
        return true;
    case TICKET_WAITS:
        break;
    }
    if (!all && now_ns - parked->since_ns < parking->commit_ns)
        return false;
    fail(parked->err, ERR_IO,
         "the journal was not synced in time; whether this was stored is"
         " unknown, send it again");
    return true;
}

/* ---- for InfluxDB ---- */

static int64_t end_of_wait_ns(const struct parked *parked)
{
    return parked->since_ns + parked->written_wait_ns;
}

/* It is safe, and nobody knows more: 504. */
static void tell_stored_only(struct error *err, const char *why)
{
    fail(err, ERR_IO,
         "%s; the points are in the journal and on their way, sending them"
         " again is harmless",
         why);
    err->status = MHD_HTTP_GATEWAY_TIMEOUT;
}

/* A commit that failed while these points waited for theirs has moved them to
 * other numbers; nobody can tell any more when those are settled. */
static bool is_where_it_was(struct parking *parking, struct parked *parked)
{
    const struct receipt *receipt = parked->receipt;
    for (size_t i = 0; i < receipt->stretch_count; i++) {
        const struct stretch *stretch = &receipt->stretches[i];
        if (journal_failures(parking->journal, stretch->output)
            == stretch->failures)
            continue;
        tell_stored_only(parked->err, "a disk failed, and nobody knows whether"
                                      " these are written");
        return false;
    }
    return true;
}

static bool waits_on(struct parking *parking, struct parked *parked)
{
    return parking->progress && parked->written_wait_ns > 0
           && parked->receipt->stretch_count > 0
           && parked->err->kind == ERR_NONE && is_where_it_was(parking, parked);
}

/* True: every output has settled its points, or there is no more time. */
static bool is_written(struct parking *parking, struct parked *parked,
                       int64_t now_ns, bool all)
{
    const struct receipt *receipt = parked->receipt;
    bool is_settled = true;
    for (size_t i = 0; is_settled && i < receipt->stretch_count; i++) {
        struct error refused;
        is_settled =
            progress_look(parking->progress, &receipt->stretches[i], &refused);
        if (refused.kind != ERR_NONE && parked->err->kind == ERR_NONE)
            *parked->err = refused;
    }
    if (is_settled)
        return true;
    bool is_stopping = all || atomic_load(parking->is_stopping);
    if (!is_stopping && now_ns < end_of_wait_ns(parked)) {
        parked->err->kind = ERR_NONE;
        return false;
    }
    tell_stored_only(parked->err, is_stopping
                                      ? "the gateway is stopping"
                                      : "not written to the output in time");
    return true;
}

static void walk_writing(struct parking *parking, int64_t now_ns, bool all)
{
    struct parked **at = &parking->writing;
    parking->next_writing_ns = INT64_MAX;
    while (*at) {
        struct parked *parked = *at;
        if (is_written(parking, parked, now_ns, all)) {
            *at = parked->next;
            parking_end(parked);
            continue;
        }
        if (end_of_wait_ns(parked) < parking->next_writing_ns)
            parking->next_writing_ns = end_of_wait_ns(parked);
        at = &parked->next;
    }
}

/* ---- both ---- */

/* True: somebody waits for InfluxDB now who did not before. */
static bool walk_row(struct parking *parking, struct parked_row *row,
                     int64_t now_ns, bool all)
{
    struct parked *parked;
    bool has_more = false;
    while ((parked = row->first) && is_stored(parking, parked, now_ns, all)) {
        row->first = parked->next;
        if (!row->first)
            row->last = NULL;
        if (!waits_on(parking, parked)) {
            parking_end(parked);
            continue;
        }
        parked->next = parking->writing;
        parking->writing = parked;
        has_more = true;
    }
    return has_more;
}

void parking_resume(struct parking *parking, int64_t now_ns, bool all)
{
    bool is_due = walk_row(parking, &parking->lines, now_ns, all);
    is_due |= walk_row(parking, &parking->rest, now_ns, all);
    if (!parking->writing)
        return;
    is_due = is_due || all || atomic_load(parking->is_stopping)
             || now_ns >= parking->next_writing_ns
             || progress_version(parking->progress) != parking->seen_version;
    if (!is_due)
        return;
    /* First, so that what is settled from here on is told. */
    progress_wake_me(parking->progress, parking->waker);
    parking->seen_version = progress_version(parking->progress);
    walk_writing(parking, now_ns, all);
}

bool parking_is_empty(const struct parking *parking)
{
    return !parking->lines.first && !parking->rest.first && !parking->writing;
}

int64_t parking_deadline_ns(const struct parking *parking)
{
    const struct parked *oldest[] = {parking->lines.first, parking->rest.first};
    int64_t next_ns = INT64_MAX;
    for (int i = 0; i < 2; i++)
        if (oldest[i] && oldest[i]->since_ns + parking->commit_ns < next_ns)
            next_ns = oldest[i]->since_ns + parking->commit_ns;
    if (parking->writing && parking->next_writing_ns < next_ns)
        next_ns = parking->next_writing_ns;
    return next_ns;
}
