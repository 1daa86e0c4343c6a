/* exchange.c - see exchange.h.
 *
 * libmicrohttpd calls five times: with the request line (exchange_begin), with
 * the headers (first_call), with each piece of the body, at the body's end,
 * and when the request is over (exchange_end). A request is refused as early
 * as possible, but told so where it does least harm: a response in the first
 * call costs the sender its connection, so a small body is swallowed and the
 * answer comes at its end. What is stored is parked (parking.c) until the
 * journal has synced its ticket, and the last call answers.
 *
 * What can go wrong: the sender goes away while parked (its answer is lost,
 * its points are not), a chunked body passes the limit (swallowed up to twice
 * of it, then 413), the journal does not sync in time (503: unknown).
 */
#include "exchange.h"

#include <stdlib.h>

#include "answer.h"
#include "body.h"
#include "edition.h"
#include "error.h"
#include "ingest.h"
#include "journal.h"
#include "log.h"
#include "memory.h"
#include "parking.h"
#include "progress.h"
#include "recording.h"
#include "remote.h"
#include "request.h"
#include "route.h"
#include "stats.h"
#include "verify.h"

enum {
    SWALLOWED_BYTES = 64 << 10, /* of a body whose sender is told no */
    MAX_SPARE = 512,            /* exchanges */
};

enum step {
    STEP_BEGUN,   /* the request line is there */
    STEP_BODY,    /* it may come in */
    STEP_REFUSED, /* err says why; its body is swallowed */
    STEP_KNOWN,   /* answer is made already; there is no body to speak of */
    STEP_PARKED,  /* until there is a result, or it waited too long */
    STEP_ANSWERED,
};

struct exchange {
    struct exchange *next; /* spare, too */
    struct desk *desk;
    struct edition *edition;
    struct sender *sender;
    struct MHD_Connection *connection;
    struct request request;
    struct route_match match;
    struct gate_body announced;
    struct body body;
    uint64_t refusals; /* of memory, before it began */
    struct error err;
    struct answer answer;
    enum step step;
    bool has_own_timeout;
    struct receipt receipt;
    struct parked parked;
    struct lane_job job;
    bool is_stored;        /* what came of the job */
    bool waits_for_output; /* progress knows of it */
};

/* ---------------------------------------------------- taken and given --- */

static struct exchange *take(struct desk *desk)
{
    struct exchange *x = desk->spare;
    if (!x) {
        x = xcalloc(1, sizeof *x);
        request_init(&x->request);
        body_init(&x->body, &desk->shared->body_bytes);
        x->desk = desk;
        return x;
    }
    desk->spare = x->next;
    desk->spare_count--;
    x->next = NULL;
    return x;
}

static void free_exchange(struct exchange *x)
{
    request_deinit(&x->request);
    body_deinit(&x->body);
    free(x);
}

static void give_back(struct exchange *x)
{
    struct desk *desk = x->desk;
    if (desk->spare_count >= MAX_SPARE) {
        desk->freed_count++;
        free_exchange(x);
        return;
    }
    request_reset(&x->request);
    body_reset(&x->body);
    x->next = desk->spare;
    desk->spare = x;
    desk->spare_count++;
}

static void leave_edition(struct desk *desk, struct edition *edition)
{
    edition->under_way--;
    if (edition->under_way == 0 && edition != desk->edition)
        edition_free(edition);
}

void desk_change(struct desk *desk, struct edition *edition)
{
    struct edition *before = desk->edition;
    desk->edition = edition;
    if (before && before->under_way == 0)
        edition_free(before);
}

void desk_deinit(struct desk *desk)
{
    edition_free(desk->edition);
    while (desk->spare) {
        struct exchange *x = desk->spare;
        desk->spare = x->next;
        free_exchange(x);
    }
    senders_deinit(&desk->senders);
}

/* ------------------------------------------------------------- answers --- */

static bool speaks_v1(const struct exchange *x)
{
    return x->match.route && x->match.route->line_protocol
           && text_equal(x->request.path, TEXT("/write"));
}

static void log_refusal(const struct exchange *x)
{
    static struct log_limit limits[ERR_KINDS];
    uint64_t hidden;
    if (!log_may_say_some(&limits[x->err.kind], LOG_AT_ONCE, 1000, &hidden))
        return;
    char more[LOG_MORE_BYTES];
    struct text trace = {NULL, 0};
    if (x->err.kind == ERR_SCRIPT && !x->job.context)
        trace = ingest_traceback(x->edition->ingest);
    log_line(x->answer.status < 500 ? LOG_INFO : LOG_WARN, "server",
             "%u to %.*s for %.*s %.*s (%s): %s%s%.*s%s", x->answer.status,
             TEXT_ARG(x->request.remote), TEXT_ARG(x->request.method),
             TEXT_ARG(x->request.path), x->request.id, x->err.text,
             trace.len ? "\n" : "", TEXT_ARG(trace), log_more(hidden, more));
}

/* Without memory bodies look too large, and texts broken. Whatever it was, the
 * sender may send it again. */
static void blame_memory(struct exchange *x)
{
    if (memory_refusals() == x->refusals || x->err.kind == ERR_IO)
        return;
    fail(&x->err, ERR_FULL, "there is no memory");
    x->err.status = 0;
}

static void answer_error(struct exchange *x)
{
    const struct route *route = x->match.route;
    blame_memory(x);
    answer_from_error(&x->answer, &x->err, speaks_v1(x), &x->request.arena);
    if (x->err.kind == ERR_METHOD)
        x->answer.allowed = x->match.allowed;
    if (x->answer.status == 401 && route && route->verify)
        x->answer.challenge = verify_challenge(route->verify);
    stats_add(&stats.rejected[x->err.kind], 1);
    log_refusal(x);
}

static enum MHD_Result send_answer(struct exchange *x)
{
    x->step = STEP_ANSWERED;
    x->answer.id = x->request.id;
    x->answer.closes |= atomic_load_explicit(&x->desk->shared->is_stopping,
                                             memory_order_relaxed);
    if (x->answer.status >= 200 && x->answer.status < 300)
        stats_add(&stats.accepted, 1);
    sender_enter(x->sender, PHASE_ANSWER, x->desk->now_ns);
    return answer_queue(x->connection, &x->answer) ? MHD_YES : MHD_NO;
}

static enum MHD_Result send_error(struct exchange *x)
{
    answer_error(x);
    return send_answer(x);
}

/* --------------------------------------------------------------- begin --- */

static struct sender *sender_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection,
                                   MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

/* The target is only here still as it came; later it is decoded in place. */
void *exchange_begin(void *cls, const char *target,
                     struct MHD_Connection *connection)
{
    struct desk *desk = cls;
    struct exchange *x = take(desk);
    struct text copy;
    x->sender = sender_of(connection);
    x->connection = connection;
    x->edition = desk->edition;
    x->edition->under_way++;
    x->step = STEP_BEGUN;
    x->match.route = NULL;
    x->match.allowed = 0;
    x->err.kind = ERR_NONE;
    x->err.status = 0;
    x->refusals = memory_refusals();
    x->answer = (struct answer){.status = 0};
    x->job.context = NULL;
    request_stamp(&x->request);
    arena_copy(&x->request.arena, text_of(target), &copy);
    gate_split_target(&x->request, copy);
    sender_enter(x->sender, PHASE_HEADERS, desk->now_ns);
    x->sender->request_id = x->request.id;
    desk->under_way++;
    stats_add(&stats.requests, 1);
    return x;
}

/* ---------------------------------------------------------- first call --- */

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind,
                                  const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    struct exchange *x = cls;
    (void)kind;
    return pairs_add(&x->request.headers, &x->request.arena,
                     (struct text){name, name_len},
                     (struct text){value, value_len})
               ? MHD_YES
               : MHD_NO;
}

static void know(struct exchange *x, unsigned status, struct text body)
{
    x->answer.status = status;
    x->answer.body = body;
    x->answer.type = TEXT("application/json");
    x->body.max_bytes = SWALLOWED_BYTES;
    x->step = STEP_KNOWN;
}

/* What InfluxDB's clients ask before they write; only where no route is. */
static bool is_influx_question(struct exchange *x, unsigned method)
{
    if (x->err.kind != ERR_NOT_FOUND || !(method & (METHOD_GET | METHOD_HEAD)))
        return false;
    if (text_equal(x->request.path, TEXT("/ping"))) {
        know(x, 204, TEXT(""));
        x->answer.is_influx = true;
        return true;
    }
    if (!text_equal(x->request.path, TEXT("/health")))
        return false;
    know(x, 200,
         TEXT("{\"checks\":[],\"message\":\"ready for queries and writes\","
              "\"name\":\"influxdb\",\"status\":\"pass\","
              "\"version\":\"1.8.0\"}\n"));
    return true;
}

/* And then err says so. */
static bool is_stopping(struct exchange *x)
{
    bool is_stopping = atomic_load_explicit(&x->desk->shared->is_stopping,
                                            memory_order_relaxed);
    if (is_stopping)
        fail(&x->err, ERR_FULL, "the gateway is stopping");
    return is_stopping;
}

static bool enter(struct exchange *x, unsigned method)
{
    if (is_stopping(x)
        || !gate_enter(&x->edition->gate, &x->request, method, &x->announced,
                       &x->match, &x->err)
        || !body_has_room(&x->body, x->announced.length, &x->err))
        return false;
    if (method == METHOD_HEAD) {
        know(x, 200, TEXT(""));
        return true;
    }
    x->step = STEP_BODY;
    x->body.max_bytes = x->match.route->limits.body_bytes;
    return true;
}

/* A response in the first call closes the connection, and what the sender is
 * still writing may cost it that response. So a sane request with little or no
 * body is heard to its end; one that waits for our 100 Continue is not. */
static enum MHD_Result refuse_early(struct exchange *x, bool is_sane)
{
    bool is_small =
        !x->announced.is_chunked && x->announced.length <= SWALLOWED_BYTES;
    x->step = STEP_REFUSED;
    if (is_sane && is_small
        && (x->announced.length == 0 || !x->announced.expects_continue)) {
        x->body.max_bytes = SWALLOWED_BYTES;
        return MHD_YES;
    }
    x->answer.closes = true;
    return send_error(x);
}

static enum MHD_Result first_call(struct exchange *x, const char *method,
                                  const char *version)
{
    struct request *request = &x->request;
    struct text peer = {x->sender->remote, x->sender->remote_len};
    request->method = text_of(method);
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, add_header, x);
    request->remote = remote_of(x->edition->trusted_proxies,
                                &x->sender->address, peer, &request->headers);
    sender_enter(x->sender, PHASE_BODY, x->desk->now_ns);
    if (!gate_check_headers(&request->headers, text_of(version), &x->announced,
                            &x->err)
        || !gate_check_target(&x->request, &x->err))
        return refuse_early(x, false);
    unsigned bit = method_of(request->method);
    if (enter(x, bit) || is_influx_question(x, bit))
        return MHD_YES;
    return refuse_early(x, true);
}

/* ---------------------------------------------------------------- body --- */

/* Nothing can be answered in here; who goes on and on is cut off. */
static enum MHD_Result take_piece(struct exchange *x, const char *bytes,
                                  size_t *len)
{
    x->sender->body_bytes += *len;
    if (!body_see(&x->body, *len))
        return MHD_NO;
    if (x->step == STEP_BODY && !body_keep(&x->body, bytes, *len, &x->err)) {
        x->step = STEP_REFUSED;
        x->answer.closes = true;
    }
    *len = 0;
    return MHD_YES;
}

/* ------------------------------------------------------------- the end --- */

static void suspend(struct exchange *x)
{
    struct desk *desk = x->desk;
    x->step = STEP_PARKED;
    x->parked =
        (struct parked){.connection = x->connection,
                        .receipt = &x->receipt,
                        .err = &x->err,
                        .written_wait_ns = x->match.route->written_wait_ns};
    sender_enter(x->sender, PHASE_PARKED, desk->now_ns);
    parking_suspend(&x->parked);
    x->has_own_timeout = true;
}

/* Refusals are kept only while somebody waits: it must be known before the
 * points are on their way. */
static void begin_wait(struct exchange *x)
{
    if (x->match.route->written_wait_ns == 0 || !x->desk->shared->progress)
        return;
    x->waits_for_output = true;
    progress_begin_wait(x->desk->parking.progress);
}

static void end_wait(struct exchange *x)
{
    if (x->waits_for_output)
        progress_end_wait(x->desk->parking.progress);
    x->waits_for_output = false;
}

/* In the worker, or in its lane. */
static void run(struct exchange *x, struct ingest *ingest)
{
    struct recorder *recorder = x->desk->shared->recorder;
    struct receipt *receipt = &x->receipt;
    x->is_stored =
        ingest_request(ingest, &x->request, &x->match, NULL, receipt, &x->err);
    if (recorder)
        recording_take(recorder, ingest, &x->request, x->match.route, receipt,
                       &x->err);
    if (!x->is_stored)
        return;
    x->answer.status = (unsigned)receipt->reply.status;
    x->answer.body = receipt->reply.body;
    x->answer.type = receipt->reply.type;
    stats_add(&stats.empty_points, receipt->empty_count);
}

/* In the lane. What still waits there when it stops would take longer than a
 * stop may. */
static void run_slowly(void *context, struct pulse *pulse)
{
    struct exchange *x = context;
    struct desk *desk = x->desk;
    struct ingest *slow = NULL;
    x->is_stored = false;
    x->receipt = (struct receipt){.must_wait = false};
    if (!is_stopping(x))
        slow = edition_slow(x->edition, desk->parking.waker, pulse, &x->err);
    if (slow)
        run(x, slow);
    if (x->is_stored && x->receipt.must_wait)
        journal_kick(desk->shared->journal);
}

/* A script that has just run into its limits would hold up everybody else who
 * is served by this worker. */
static enum MHD_Result send_to_lane(struct exchange *x)
{
    x->job = (struct lane_job){.run = run_slowly, .context = x};
    if (!lane_send(x->desk->lane, &x->job)) {
        fail(&x->err, ERR_FULL,
             "many requests wait for this route's slow script");
        return send_error(x);
    }
    suspend(x); /* whatever came of it meanwhile is taken in a later pass */
    return MHD_YES;
}

static enum MHD_Result handle_whole(struct exchange *x)
{
    struct desk *desk = x->desk;
    x->request.raw_body = buf_text(&x->body.bytes);
    begin_wait(x);
    if (desk->lane
        && ingest_is_slow(x->edition->ingest, x->match.route, desk->now_ns))
        return send_to_lane(x);
    run(x, x->edition->ingest);
    if (!x->is_stored)
        return send_error(x);
    if (!x->receipt.must_wait)
        return send_answer(x);
    suspend(x);
    parking_wait(&desk->parking, &x->parked, desk->now_ns);
    return MHD_YES;
}

void exchange_take_from_lane(struct desk *desk)
{
    struct lane_job *next;
    for (struct lane_job *job = desk->lane ? lane_take(desk->lane) : NULL; job;
         job = next) {
        struct exchange *x = job->context;
        next = job->next;
        if (x->is_stored && x->receipt.must_wait)
            parking_wait(&desk->parking, &x->parked, desk->now_ns);
        else
            parking_end(&x->parked);
    }
}

/* A sender that waits for the output's word gets that of its contract, too. */
static void tell_misfit(struct exchange *x)
{
    struct text why = x->receipt.misfit;
    if (x->waits_for_output && why.len > 0 && x->err.kind == ERR_NONE)
        fail(&x->err, ERR_REFUSED,
             "refused and kept as a dead letter, the rest is written: %.*s",
             TEXT_ARG(why));
}

static enum MHD_Result answer_resumed(struct exchange *x)
{
    tell_misfit(x);
    bool is_unknown = x->err.kind == ERR_IO && x->err.status == 0;
    first_settle(&x->receipt.firsts, !is_unknown);
    if (x->err.kind != ERR_NONE) {
        x->answer = (struct answer){.status = 0};
        return send_error(x);
    }
    stats_add(&stats.acked_points, x->receipt.point_count);
    return send_answer(x);
}

enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection,
                                const char *url, const char *method,
                                const char *version, const char *bytes,
                                size_t *len, void **state)
{
    struct exchange *x = *state;
    (void)cls, (void)url, (void)connection;
    switch (x->step) {
    case STEP_BEGUN:
        return first_call(x, method, version);
    case STEP_BODY:
        return *len > 0 ? take_piece(x, bytes, len) : handle_whole(x);
    case STEP_REFUSED:
        return *len > 0 ? take_piece(x, bytes, len) : send_error(x);
    case STEP_KNOWN:
        return *len > 0 ? take_piece(x, bytes, len) : send_answer(x);
    case STEP_PARKED:
        return x->parked.is_resumed ? answer_resumed(x) : MHD_NO;
    case STEP_ANSWERED:
        break;
    }
    return MHD_NO;
}

/* ------------------------------------------------------------- and over --- */

void exchange_end(void *cls, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode why)
{
    struct desk *desk = cls;
    struct exchange *x = *state;
    (void)why;
    if (!x)
        return;
    *state = NULL;
    if (x->has_own_timeout)
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                  (unsigned)EXCHANGE_TIMEOUT_S);
    x->has_own_timeout = false;
    x->sender->request_id = NULL;
    sender_enter(x->sender, PHASE_IDLE, desk->now_ns);
    desk->under_way--;
    end_wait(x);
    leave_edition(desk, x->edition);
    give_back(x);
}
