/* health.c - see health.h. */
#include "health.h"

#include <inttypes.h>

#include "buf.h"
#include "clock.h"
#include "dead.h"
#include "journal.h"
#include "json_text.h"
#include "relay.h"
#include "reload_status.h"
#include "stats.h"

enum { REASON_BYTES = 2048 };

/* What was found so far; reasons holds the inside of the JSON array. */
struct findings {
    struct buf reasons;
    unsigned count;
    unsigned warnings; /* of them; what cannot get better by itself */
};

static void add_reason(struct findings *findings, const struct buf *reason)
{
    buf_append_text(&findings->reasons,
                    findings->count++ ? TEXT(",\"") : TEXT("\""));
    json_text_append(&findings->reasons, buf_text(reason));
    buf_append_char(&findings->reasons, '"');
}

/* for_all: one output that has no room is worth telling. */
static void look_at_journal(struct findings *findings, struct journal *journal,
                            bool for_all)
{
    struct journal_status status;
    struct buf reason;
    if (!journal)
        return;
    journal_status(journal, &status);
    buf_init(&reason, REASON_BYTES);
    if (status.is_full || (status.full_output && for_all)) {
        buf_printf(&reason,
                   "the journal is full%s%s: it holds %" PRIu64 " bytes, its"
                   " limit is %" PRIu64 "%s; senders get 503",
                   status.full_output ? " for output " : "",
                   status.full_output ? status.full_output : "", status.bytes,
                   status.max_bytes,
                   status.full_output ? ""
                                      : ", and too little is free on the disk");
        add_reason(findings, &reason);
    }
    buf_clear(&reason);
    if (status.is_failing) {
        buf_printf(&reason,
                   "the journal is failing: the last write to the disk did not"
                   " succeed, %" PRIu64 " so far; senders get 503",
                   status.sync_errors);
        add_reason(findings, &reason);
    }
    buf_deinit(&reason);
}

/* It goes on, with all that can be read; but somebody should look at the disk.
 */
static void look_at_damage(struct findings *findings)
{
    uint64_t lost = stats_get(&stats.lost_points);
    uint64_t bytes = stats_get(&stats.quarantined_bytes);
    struct buf reason;
    if (lost == 0 && bytes == 0)
        return;
    buf_init(&reason, REASON_BYTES);
    buf_printf(&reason,
               "the journal was damaged on its disk: %" PRIu64 " acknowledged"
               " points cannot be read, %" PRIu64 " bytes are in quarantine/;"
               " see `moonline journal verify`",
               lost, bytes);
    add_reason(findings, &reason);
    findings->warnings++;
    buf_deinit(&reason);
}

static void look_at_dead(struct findings *findings, struct dead *dead)
{
    struct dead_status status;
    struct buf reason;
    if (!dead)
        return;
    dead_status(dead, &status);
    if (!status.is_nearly_full)
        return;
    buf_init(&reason, REASON_BYTES);
    buf_printf(&reason,
               "%" PRIu64 " of at most %" PRIu64 " requests are kept as dead"
               " letters, in %" PRIu64 " of %" PRIu64 " bytes; beyond that the"
               " senders of failing scripts get 503; see `moonline dead ls`",
               status.requests, status.max_requests, status.request_bytes,
               status.max_request_bytes);
    add_reason(findings, &reason);
    buf_deinit(&reason);
}

static void look_at_relay(struct findings *findings, struct relay *relay,
                          const char *name)
{
    struct relay_status status;
    struct buf reason;
    char since[CLOCK_TEXT_BYTES];
    relay_status(relay, &status);
    if (status.failing_since_ns == 0)
        return;
    buf_init(&reason, REASON_BYTES);
    clock_format(status.failing_since_ns, since);
    buf_printf(&reason,
               "output %s has been failing since %s: %s; points waiting:"
               " %" PRIu64,
               name, since, status.reason, status.pending_points);
    add_reason(findings, &reason);
    buf_deinit(&reason);
}

static void look_at_reload(struct findings *findings)
{
    char why[RELOAD_REASON_BYTES], since[CLOCK_TEXT_BYTES];
    int64_t since_ns;
    struct buf reason;
    if (reload_status_look(&since_ns, why))
        return;
    buf_init(&reason, REASON_BYTES);
    clock_format(since_ns, since);
    buf_printf(&reason,
               "the reload at %s failed, what was there before is in use: %s",
               since, why);
    add_reason(findings, &reason);
    buf_deinit(&reason);
}

static bool tell(struct findings *findings, struct buf *out)
{
    bool is_well = findings->count == findings->warnings;
    buf_printf(out, "{\"status\":\"%s\",\"reasons\":[",
               findings->count == 0 ? "pass"
               : is_well            ? "warn"
                                    : "fail");
    buf_append_text(out, buf_text(&findings->reasons));
    buf_append_text(out, TEXT("]}\n"));
    buf_deinit(&findings->reasons);
    return is_well;
}

bool health_write(const struct watched *watched, struct buf *out)
{
    struct findings findings = {.count = 0};
    buf_init(&findings.reasons, out->max_bytes);
    look_at_journal(&findings, watched->journal, true);
    look_at_damage(&findings);
    look_at_dead(&findings, watched->dead);
    for (size_t i = 0; i < watched->relay_count; i++)
        look_at_relay(&findings, watched->relays[i], watched->relay_names[i]);
    look_at_reload(&findings);
    return tell(&findings, out);
}

bool health_write_ready(const struct watched *watched, struct buf *out)
{
    struct findings findings = {.count = 0};
    buf_init(&findings.reasons, out->max_bytes);
    look_at_journal(&findings, watched->journal, false);
    return tell(&findings, out);
}
