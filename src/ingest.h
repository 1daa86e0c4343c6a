/* ingest.h - a request becomes lines in the journal's open group, or an error,
 * or it is kept as a dead letter; nothing in between.
 *
 * The server, `try`, recorded tests and replay all come through here. One
 * struct ingest per thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "first.h"
#include "kept.h"
#include "request.h"
#include "script.h"

struct contracts;
struct error;
struct journal;
struct notes;
struct pulse;
struct route;
struct route_match;
struct route_table;
struct store;
struct stretch;

struct ingest;

/* All of it immutable and alive as long as the ingest. */
struct ingest_options {
    const struct route_table *routes;
    const struct script_source *scripts; /* route->script is an index */
    size_t script_count;
    struct script_outputs outputs;
    struct journal *journal; /* NULL: lines are made, nothing is stored */
    struct store *store;     /* what scripts share; NULL: one of its own */
    int waker;               /* for journal_append; -1: none */
    bool has_letters;        /* the journal takes what is kept, as a rider */
    unsigned letters;        /* its sink for them */
    struct contracts *contracts; /* types that outputs take; NULL: any */
    unsigned point_letters;      /* the journal's sink for points that are not
                                  * taken, */
    unsigned type_news;          /* and for what was learnt */
    bool is_replay; /* requests come out of dead letters: of what fails again,
                     * wholly or in part, no second letter is made */
    struct pulse *pulse; /* of the scripts; NULL: nobody looks */
    /* When each script last ran into its limits, on the monotonic clock; for
     * every thread that runs them. NULL: nobody asks ingest_is_slow. */
    atomic_int_least64_t *stops_ns;
};

/* Loads every script. ERR_CONFIG names file and line. */
struct ingest *ingest_new(const struct ingest_options *options,
                          struct error *err);
void ingest_free(struct ingest *ingest);

/* What became of a request. Valid until the next ingest_request. */
struct receipt {
    struct reply reply; /* status is set in any case of success */
    bool must_wait;     /* for the ticket; false: nothing was to be stored */
    uint64_t ticket;
    /* Where its points went, on a route with ack = "written". */
    const struct stretch *stretches;
    size_t stretch_count;
    size_t point_count;
    size_t empty_count; /* points without a field that has a value */
    size_t kept_count;  /* reasons why the request is kept too; 0: it is not */
    struct text misfit; /* why a point is a dead letter already; mostly empty */
    struct firsts firsts; /* whoever waits for the ticket settles them */
};

/* request: filled by the door and stamped, or rebuilt with the id and time that
 * it had; match: from route_find. False: nothing is stored or kept and *err
 * says what to answer. True with a kept_count: the points there are, maybe
 * none, are stored and the request is kept. Without a journal it is as it would
 * be with one. notes may be NULL. */
bool ingest_request(struct ingest *ingest, struct request *request,
                    const struct route_match *match, struct notes *notes,
                    struct receipt *receipt, struct error *err);

/* True: the script of this route has lately run into its limits, so this
 * request may take as long, and is better run where nobody else waits. */
bool ingest_is_slow(const struct ingest *ingest, const struct route *route,
                    int64_t now_ns);

/* The lines of the last request for one output. */
struct text ingest_lines(const struct ingest *ingest, unsigned output);
/* The points of the last request that was stored, each once and in their order,
 * whatever outputs they go to. Reads what the request owns. */
bool ingest_points(const struct ingest *ingest, int64_t receipt_ns,
                   struct buf *lines, struct error *err);
/* The reasons why the last request is kept. */
const struct kept *ingest_kept(const struct ingest *ingest);
/* The traceback of the last script error, maybe empty. */
struct text ingest_traceback(const struct ingest *ingest);
