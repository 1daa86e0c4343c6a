/* metrics.c - see metrics.h. The counters come from the lists in stats.h, so a
 * new one shows up here by itself; what journal and relays know of their
 * present state is added as gauges. */
#include "metrics.h"

#include <inttypes.h>

#include "buf.h"
#include "dead.h"
#include "health.h"
#include "journal.h"
#include "relay.h"
#include "reload_status.h"
#include "stats.h"

static const char *const reason_of[ERR_KINDS] = {
    [ERR_NONE] = "none",
    [ERR_BAD_REQUEST] = "bad_request",
    [ERR_UNAUTHORIZED] = "unauthorized",
    [ERR_FORBIDDEN] = "forbidden",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_METHOD] = "method",
    [ERR_TIMEOUT] = "timeout",
    [ERR_TOO_LARGE] = "too_large",
    [ERR_MEDIA_TYPE] = "media_type",
    [ERR_HEADERS] = "headers",
    [ERR_REFUSED] = "refused",
    [ERR_SCRIPT] = "script",
    [ERR_FULL] = "full",
    [ERR_IO] = "io",
    [ERR_CONFIG] = "config",
    [ERR_USAGE] = "usage",
};

static void head(struct buf *out, const char *name, const char *type,
                 const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label(struct buf *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_append_char(out, '\\');
        buf_append_char(out, *value == '\n' ? ' ' : *value);
    }
}

static void for_output(struct buf *out, const char *metric, const char *output,
                       uint64_t value)
{
    buf_printf(out, "%s{output=\"", metric);
    label(out, output);
    buf_printf(out, "\"} %" PRIu64 "\n", value);
}

static void gauge(struct buf *out, const char *name, const char *help,
                  double value)
{
    head(out, name, "gauge", help);
    buf_printf(out, "%s %.17g\n", name, value);
}

static void write_counters(struct buf *out)
{
#define WRITE_COUNTER(name, metric, help)                                      \
    head(out, metric, "counter", help);                                        \
    buf_printf(out, "%s %" PRIu64 "\n", metric, stats_get(&stats.name));
    STATS_COUNTERS(WRITE_COUNTER)
#undef WRITE_COUNTER
}

static void write_rejected(struct buf *out)
{
    static const char name[] = "moonline_requests_rejected_total";
    head(out, name, "counter", "Requests that were refused, by reason");
    for (int kind = ERR_NONE + 1; kind < ERR_KINDS; kind++)
        buf_printf(out, "%s{reason=\"%s\"} %" PRIu64 "\n", name,
                   reason_of[kind], stats_get(&stats.rejected[kind]));
}

static void write_output_counters(const struct watched *watched,
                                  struct buf *out)
{
#define WRITE_OUTPUT_COUNTER(name, metric, help)                               \
    head(out, metric, "counter", help);                                        \
    for (size_t i = 0; i < watched->relay_count; i++)                          \
        for_output(out, metric, watched->relay_names[i],                       \
                   stats_get(&stats.outputs[i].name));
    STATS_OUTPUT_COUNTERS(WRITE_OUTPUT_COUNTER)
#undef WRITE_OUTPUT_COUNTER
}

enum { RELAY_GAUGES = 4 };

static const char *const relay_gauges[RELAY_GAUGES][2] = {
    {"moonline_output_pending_points",
     "Durable points that wait for the output"},
    {"moonline_output_failing", "1 while the output does not accept"},
    {"moonline_output_write_bytes", "Bytes of lines in the last write"},
    {"moonline_output_write_limit_bytes",
     "What one write may have now; less than batch_bytes after a 413"},
};

static void write_relays(const struct watched *watched, struct buf *out)
{
    for (size_t g = 0; g < RELAY_GAUGES; g++) {
        head(out, relay_gauges[g][0], "gauge", relay_gauges[g][1]);
        for (size_t i = 0; i < watched->relay_count; i++) {
            struct relay_status status;
            relay_status(watched->relays[i], &status);
            const uint64_t values[RELAY_GAUGES] = {
                status.pending_points, status.failing_since_ns != 0,
                status.write_bytes, status.write_limit_bytes};
            for_output(out, relay_gauges[g][0], watched->relay_names[i],
                       values[g]);
        }
    }
}

static void write_dead(const struct watched *watched, struct buf *out)
{
    static const char letters[] = "moonline_dead_letters";
    struct dead_status status;
    if (!watched->dead)
        return;
    dead_status(watched->dead, &status);
    head(out, letters, "gauge", "Dead letters that are kept, by kind");
    buf_printf(out, "%s{kind=\"request\"} %" PRIu64 "\n", letters,
               status.requests);
    for (size_t i = 0; i < watched->relay_count; i++) {
        const char *output = watched->relay_names[i];
        buf_printf(out, "%s{kind=\"point\",output=\"", letters);
        label(out, output);
        buf_printf(out, "\"} %" PRIu64 "\n",
                   dead_points(watched->dead, output));
    }
    gauge(out, "moonline_dead_request_bytes", "Bytes of all kept requests",
          (double)status.request_bytes);
    gauge(out, "moonline_dead_requests_limit",
          "Requests that may be kept; beyond that senders get 503",
          (double)status.max_requests);
}

static void write_journal(struct journal *journal, struct buf *out)
{
    static const char seconds[] = "moonline_journal_sync_seconds";
    struct journal_status status;
    if (!journal)
        return;
    journal_status(journal, &status);
    gauge(out, "moonline_journal_bytes", "Bytes of all segments",
          (double)status.bytes);
    gauge(out, "moonline_journal_limit_bytes", "Bytes it may have",
          (double)status.max_bytes);
    gauge(out, "moonline_journal_full", "1 while senders get 503 for it",
          status.is_full);
    gauge(out, "moonline_journal_failing", "1 if the last commit failed",
          status.is_failing);
    gauge(out, "moonline_journal_waiting_points",
          "Points appended and not yet durable, in all outputs",
          (double)(status.appended_points - status.durable_points));
    head(out, seconds, "gauge", "How long a commit takes");
    buf_printf(out, "%s{quantile=\"0.5\"} %.9g\n%s{quantile=\"0.99\"} %.9g\n",
               seconds, status.sync_p50_ms / 1e3, seconds,
               status.sync_p99_ms / 1e3);
}

static void write_reload(struct buf *out)
{
    char reason[RELOAD_REASON_BYTES];
    int64_t since_ns;
    gauge(out, "moonline_config_last_reload_successful",
          "0 while the last reload failed",
          reload_status_look(&since_ns, reason));
}

bool metrics_write(const struct watched *watched, struct buf *out)
{
    head(out, "moonline_build_info", "gauge", "The version that runs");
    buf_printf(out, "moonline_build_info{version=\"%s\"} 1\n",
               MOONLINE_VERSION);
    write_counters(out);
    write_rejected(out);
    write_output_counters(watched, out);
    write_relays(watched, out);
    write_dead(watched, out);
    write_journal(watched->journal, out);
    write_reload(out);
    return !out->has_overflowed;
}
