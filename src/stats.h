/* stats.h - counters that any thread may add to; /metrics prints them.
 *
 * The lists below are the only place that knows a counter: its name here, its
 * name for Prometheus, its meaning.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "ceilings.h"
#include "error.h"

#define STATS_COUNTERS(X)                                                      \
    X(requests, "moonline_requests_total", "Requests that a sender made")      \
    X(accepted, "moonline_requests_accepted_total", "Requests answered 2xx")   \
    X(acked_points, "moonline_points_acked_total",                             \
      "Points in requests that were answered 2xx")                             \
    X(empty_points, "moonline_points_empty_total",                             \
      "Points dropped because no field had a value")                           \
    X(script_timeouts, "moonline_script_timeouts_total",                       \
      "Scripts ended by their time limit")                                     \
    X(script_out_of_memory, "moonline_script_out_of_memory_total",             \
      "Scripts ended by their memory limit")                                   \
    X(reloads, "moonline_reloads_total",                                       \
      "Times that configuration and scripts were read again")                  \
    X(reload_failures, "moonline_reload_failures_total",                       \
      "Reloads that failed, and left everything as it was")                    \
    X(syncs, "moonline_journal_syncs_total", "fdatasync calls")                \
    X(sync_errors, "moonline_journal_sync_errors_total",                       \
      "Writes or syncs of the journal that failed")                            \
    X(corrupt_frames, "moonline_journal_corrupt_frames_total",                 \
      "Places in the journal that could not be read")                          \
    X(quarantined_bytes, "moonline_journal_quarantined_bytes_total",           \
      "Unreadable bytes of the journal that were set aside")                   \
    X(lost_points, "moonline_points_lost_total",                               \
      "Acknowledged points that the journal could not read back")              \
    X(kept_requests, "moonline_kept_requests_total",                           \
      "Requests kept as dead letters, equal ones each time")                   \
    X(dead_points_dropped, "moonline_dead_points_dropped_total",               \
      "Refused points thrown out, too old or too many")

#define STATS_OUTPUT_COUNTERS(X)                                               \
    X(journalled_points, "moonline_output_journalled_points_total",            \
      "Points made durable for this output")                                   \
    X(delivered_points, "moonline_output_delivered_points_total",              \
      "Points that the output accepted")                                       \
    X(dead_points, "moonline_dead_points_total",                               \
      "Points that the output refused, kept as dead letters")                  \
    X(misfit_points, "moonline_output_misfit_points_total",                    \
      "Points that its types did not take, kept as dead letters at once")      \
    X(unlearnt_fields, "moonline_output_unlearnt_fields_total",                \
      "Points with a field that its types had no room for")                    \
    X(batches, "moonline_output_batches_total", "Batches that were accepted")  \
    X(retries, "moonline_output_retries_total", "Batches tried again")         \
    X(sent_bytes, "moonline_output_sent_bytes_total",                          \
      "Bytes of accepted batches, before compression")                         \
    X(isolated_batches, "moonline_output_isolated_batches_total",              \
      "Batches of which some points were refused")                             \
    X(isolating_requests, "moonline_output_isolating_requests_total",          \
      "Requests more that it took to find these points")

#define STATS_FIELD(name, metric, help) atomic_uint_least64_t name;

struct output_stats {
    STATS_OUTPUT_COUNTERS(STATS_FIELD)
};

struct stats {
    STATS_COUNTERS(STATS_FIELD)
    /* Requests that were refused, by the kind of error. */
    atomic_uint_least64_t rejected[ERR_KINDS];
    struct output_stats outputs[LIMIT_OUTPUTS];
};

extern struct stats stats;

static inline void stats_add(atomic_uint_least64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline uint64_t stats_get(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}
