/* delivery.c - see delivery.h.
 *
 * Which lines go out is isolate's to say, how many at most portion's. Usually
 * that is the whole parcel as it stands, once. Lines that are refused are
 * collected, and go to disk before anything behind them counts as settled; so
 * after a crash they are sent, and refused, again.
 *
 * What can go wrong: the disk does not take the dead letters. Then nothing is
 * posted until it does. Or a server fails at some lines every time and says
 * 500; what comes of that, doubt decides. Or a write is so large that its time
 * is over before it is through a slow line: what gets no answer, twice, from a
 * server that answers an empty write, is made smaller.
 */
#include "delivery.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "error.h"

enum { CUT_OFF_WRITES = 2, LEAST_CUT_BYTES = 32 << 10 };

#define CUT_OFF_NS                                                             \
    (900 * NS_PER_MS) /* what broke off sooner was no timeout                  \
                       */

void delivery_init(struct delivery *delivery, const struct outlet *outlet,
                   size_t max_bytes)
{
    *delivery = (struct delivery){.outlet = *outlet};
    if (!delivery->outlet.mono_ns)
        delivery->outlet.mono_ns = clock_mono_ns;
    portion_init(&delivery->portion, max_bytes);
    parcel_init(&delivery->parcel, max_bytes);
    buf_init(&delivery->body, max_bytes);
    burial_init(&delivery->burial);
}

void delivery_deinit(struct delivery *delivery)
{
    isolate_deinit(&delivery->isolate);
    burial_deinit(&delivery->burial);
    parcel_deinit(&delivery->parcel);
    buf_deinit(&delivery->body);
}

void delivery_begin(struct delivery *delivery)
{
    assert(delivery->burial.count == 0);
    isolate_deinit(&delivery->isolate);
    isolate_init(&delivery->isolate, delivery->parcel.count);
    delivery->doubt = (struct doubt){0};
    delivery->done_at = 0;
    delivery->is_isolating = false;
}

bool delivery_is_done(const struct delivery *delivery)
{
    return delivery_settled(delivery) == delivery->parcel.count;
}

size_t delivery_settled(const struct delivery *delivery)
{
    size_t done = delivery->isolate.done;
    bool is_owing =
        delivery->burial.count > 0 && delivery->first_unburied < done;
    return is_owing ? delivery->first_unburied : done;
}

size_t delivery_dead(const struct delivery *delivery, size_t first, size_t end)
{
    size_t dead = 0;
    if (!delivery->isolate.is_dead)
        return 0;
    for (; first < end; first++)
        dead += delivery->isolate.is_dead[first];
    return dead;
}

/* ---- what is posted ---- */

static struct text from_done(const struct delivery *delivery)
{
    return text_skip(buf_text(&delivery->parcel.lines), delivery->done_at);
}

/* The live lines that isolate wants out, as many as fit; *end: behind the last
 * of them. */
static struct text compose(struct delivery *delivery, size_t *end)
{
    const struct isolate *isolate = &delivery->isolate;
    size_t most = delivery->portion.now_bytes, line = isolate->done;
    struct text rest = from_done(delivery);
    struct buf *body = &delivery->body;
    *end = isolate_next(isolate);
    if (*end == isolate->count && !isolate->is_dead && rest.len <= most)
        return rest;
    buf_clear(body);
    for (; line < *end; line++) {
        struct text text = text_cut(&rest, '\n');
        text.len++; /* its newline */
        if (!isolate_is_live(isolate, line))
            continue;
        if (body->len > 0 && body->len + text.len > most)
            break;
        buf_append_text(body, text);
    }
    *end = line;
    return buf_text(body);
}

/* ---- dead letters ---- */

/* What the last answer condemned, with the answer's words. */
static void collect(struct delivery *delivery, size_t from,
                    const struct influx_answer *answer, int64_t now_ns)
{
    const struct isolate *isolate = &delivery->isolate;
    struct burial *burial = &delivery->burial;
    struct text rest = from_done(delivery);
    size_t next = 0;
    for (size_t line = from; next < isolate->fresh_count; line++) {
        struct text text = text_cut(&rest, '\n');
        if (isolate->fresh[next].line != line)
            continue;
        struct dead_point point = {.seq = parcel_seq(&delivery->parcel, line),
                                   .line = text,
                                   .status = answer->status,
                                   .request_id = answer->request_id,
                                   .reason = isolate->fresh[next++].reason};
        if (burial->count == 0 || line < delivery->first_unburied)
            delivery->first_unburied = line;
        burial_add(burial, &point, now_ns);
    }
}

bool delivery_bury(struct delivery *delivery, struct error *err)
{
    struct burial *burial = &delivery->burial;
    if (burial->count == 0)
        return true;
    if (!delivery->outlet.bury(delivery->outlet.self, burial->points,
                               burial->count, err))
        return false;
    burial_done(burial);
    return true;
}

static bool bury(struct delivery *delivery, struct influx_answer *answer)
{
    struct error err = {0};
    if (delivery_bury(delivery, &err))
        return true;
    *answer = (struct influx_answer){.verdict = VERDICT_RETRY,
                                     .status = DELIVERY_DISK};
    snprintf(answer->reason, sizeof answer->reason,
             "refused points cannot be kept: %.400s", err.text);
    return false;
}

static bool must_bury(const struct delivery *delivery)
{
    bool is_last = delivery->isolate.done == delivery->parcel.count;
    return delivery->burial.count > 0
           && (is_last
               || burial_is_due(&delivery->burial, delivery->outlet.mono_ns()));
}

/* ---- what an answer means ---- */

/* The lines up to end have their outcome. */
static void tell(struct delivery *delivery, size_t end,
                 enum isolate_outcome outcome,
                 const struct influx_answer *answer)
{
    struct isolate *isolate = &delivery->isolate;
    size_t from = isolate->done;
    struct text rest = from_done(delivery);
    const struct isolate_answer told = {.end = end,
                                        .outcome = outcome,
                                        .refusals = answer->refusals,
                                        .refusal_count = answer->refusal_count,
                                        .unnamed = answer->unnamed,
                                        .reason = text_of(answer->reason)};
    isolate_tell(isolate, &told);
    collect(delivery, from, answer, delivery->outlet.mono_ns());
    if (isolate->done == isolate->count)
        rest.len = 0;
    for (; rest.len > 0 && from < isolate->done; from++)
        text_cut(&rest, '\n');
    delivery->done_at = delivery->parcel.lines.len - rest.len;
    bool is_refusing = isolate->fresh_count > 0 || isolate->suspect_end > 0;
    if (is_refusing && !delivery->is_isolating) {
        delivery->is_isolating = true;
        delivery->isolated_parcels++;
    }
    doubt_move_on(&delivery->doubt, outcome != ISOLATE_REFUSED);
}

static void taken(struct delivery *delivery, size_t bytes)
{
    delivery->taken_writes++;
    delivery->taken_bytes += bytes;
    delivery->cut_off = 0;
    portion_taken(&delivery->portion, bytes);
}

/* Does the next line behind go through? It will go out again, in its turn. */
static bool other_passes(struct delivery *delivery)
{
    const struct isolate *isolate = &delivery->isolate;
    struct influx_answer answer;
    struct text rest = from_done(delivery);
    for (size_t line = isolate->done; line < isolate->count; line++) {
        struct text text = text_cut(&rest, '\n');
        text.len++;
        if (line == isolate->done || !isolate_is_live(isolate, line))
            continue;
        delivery->outlet.post(delivery->outlet.self, text, &answer);
        return answer.verdict == VERDICT_ACCEPTED
               || answer.verdict == VERDICT_PARTLY
               || answer.verdict == VERDICT_REFUSED;
    }
    return false;
}

static bool is_well(struct delivery *delivery)
{
    return delivery->outlet.probe(delivery->outlet.self);
}

/* A 500. True: the lines are to blame. */
static bool blames_lines(struct delivery *delivery, size_t live)
{
    bool was_well = is_well(delivery);
    switch (doubt_failed(&delivery->doubt, live, was_well,
                         delivery->outlet.mono_ns())) {
    case DOUBT_AGAIN:
        return false;
    case DOUBT_LINES:
        return true;
    case DOUBT_OTHERS:
        return other_passes(delivery);
    }
    return false;
}

/* No answer, after a while. */
static void cut_off(struct delivery *delivery, size_t bytes)
{
    if (bytes < LEAST_CUT_BYTES || !is_well(delivery)) {
        delivery->cut_off = 0;
    } else if (++delivery->cut_off >= CUT_OFF_WRITES) {
        delivery->cut_off = 0;
        portion_refused(&delivery->portion, bytes);
    }
}

/* bytes went out, the lines up to end. True: something else is next. */
static bool judge(struct delivery *delivery, size_t end, size_t bytes,
                  int64_t took_ns, const struct influx_answer *answer)
{
    size_t live = isolate_live(&delivery->isolate, end);
    switch (answer->verdict) {
    case VERDICT_ACCEPTED:
        taken(delivery, bytes);
        tell(delivery, end, ISOLATE_WRITTEN, answer);
        return true;
    case VERDICT_PARTLY:
        taken(delivery, bytes);
        tell(delivery, end, ISOLATE_PARTLY, answer);
        return true;
    case VERDICT_TOO_LARGE:
        if (live > 1) {
            portion_refused(&delivery->portion, bytes);
            return true;
        }
        tell(delivery, end, ISOLATE_REFUSED, answer);
        return true;
    case VERDICT_REFUSED:
        tell(delivery, end, ISOLATE_REFUSED, answer);
        return true;
    case VERDICT_RETRY_BOUNDED:
        if (!blames_lines(delivery, live))
            return false;
        tell(delivery, end, ISOLATE_REFUSED, answer);
        return true;
    case VERDICT_RETRY:
        if (answer->status == 0 && took_ns >= CUT_OFF_NS)
            cut_off(delivery, bytes);
        return false;
    case VERDICT_WAIT:
    case VERDICT_HOLD:
        return false;
    }
    return false;
}

bool delivery_step(struct delivery *delivery, struct influx_answer *answer)
{
    struct outlet *outlet = &delivery->outlet;
    size_t end;
    if (must_bury(delivery) && !bury(delivery, answer))
        return false;
    if (delivery_is_done(delivery))
        return true;
    struct text lines = compose(delivery, &end);
    int64_t begin_ns = outlet->mono_ns();
    delivery->isolating_requests += delivery->is_isolating;
    outlet->post(outlet->self, lines, answer);
    bool goes_on =
        judge(delivery, end, lines.len, outlet->mono_ns() - begin_ns, answer);
    if (!goes_on)
        delivery_bury(delivery, NULL); /* it may be a long wait */
    return goes_on && (!must_bury(delivery) || bury(delivery, answer));
}
