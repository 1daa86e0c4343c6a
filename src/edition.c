/* edition.c - see edition.h. */
#include "edition.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "buf.h"

struct reading {
    struct reading_options options;
    struct networks trusted_proxies;
    atomic_int_least64_t *stops_ns; /* see ingest_options */
    atomic_uint holders;
};

struct reading *reading_new(const struct reading_options *options,
                            struct error *err)
{
    struct reading *reading = xcalloc(1, sizeof *reading);
    reading->options = *options;
    reading->stops_ns =
        xcalloc(options->ingest.script_count, sizeof *reading->stops_ns);
    atomic_init(&reading->holders, 1);
    if (networks_init(&reading->trusted_proxies,
                      (const char *const *)options->trusted_proxies, err))
        return reading;
    reading_release(reading);
    return NULL;
}

void reading_release(struct reading *reading)
{
    if (!reading || atomic_fetch_sub(&reading->holders, 1) > 1)
        return;
    if (reading->options.release)
        reading->options.release(reading->options.owner);
    networks_deinit(&reading->trusted_proxies);
    free(reading->stops_ns);
    free(reading);
}

struct reading *reading_hold(struct reading *reading)
{
    atomic_fetch_add(&reading->holders, 1);
    return reading;
}

const struct ingest_options *reading_ingest(const struct reading *reading)
{
    return &reading->options.ingest;
}

static struct ingest_options options_of(const struct reading *reading,
                                        int waker, struct pulse *pulse)
{
    struct ingest_options ingest = reading->options.ingest;
    ingest.waker = waker;
    ingest.pulse = pulse;
    ingest.stops_ns = reading->stops_ns;
    return ingest;
}

struct ingest *edition_slow(struct edition *edition, int waker,
                            struct pulse *pulse, struct error *err)
{
    const struct ingest_options ingest =
        options_of(edition->reading, waker, pulse);
    if (!edition->slow)
        edition->slow = ingest_new(&ingest, err);
    return edition->slow;
}

struct edition *edition_new(struct reading *reading, int waker,
                            struct pulse *pulse, struct error *err)
{
    struct edition *edition = xcalloc(1, sizeof *edition);
    const struct ingest_options ingest = options_of(reading, waker, pulse);
    edition->reading = reading_hold(reading);
    edition->gate = (struct gate){ingest.routes, ingest.journal};
    edition->trusted_proxies = &reading->trusted_proxies;
    edition->ingest = ingest_new(&ingest, err);
    if (edition->ingest)
        return edition;
    edition_free(edition);
    return NULL;
}

void edition_free(struct edition *edition)
{
    if (!edition)
        return;
    ingest_free(edition->ingest);
    ingest_free(edition->slow);
    reading_release(edition->reading);
    free(edition);
}
