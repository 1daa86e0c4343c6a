/* Whatever a server answers: every line is written or a dead letter, in order,
 * and none is settled before. The server is a function here, and so are the
 * clock and the disk. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "delivery.h"
#include "error.h"

enum { MOST_LINES = 600, PLACES = 7, FIRST_SEQ = 1000 };

enum kind { GOOD, BAD, POISON }; /* 204, 400, 500 */

struct bench {
    struct delivery delivery;
    enum kind kinds[MOST_LINES];
    size_t count;

    /* The server. */
    bool is_written[MOST_LINES];
    int stored[PLACES]; /* the last line written to each place, or -1 */
    bool writes_partly, names, counts;
    bool forgets_names; /* of every other one, by chance */
    size_t most_bytes;  /* above: 413 */
    unsigned trouble;   /* in a hundred requests it answers something else */
    bool is_ill;        /* probes fail, writes say 500 */
    bool fails_all;     /* writes say 500, probes are fine */
    enum verdict next;  /* of the next answer, unless VERDICT_ACCEPTED */
    int64_t takes_ns;
    unsigned requests, probes;
    struct buf last; /* what was posted */

    /* The disk. */
    bool is_buried[MOST_LINES];
    bool is_disk_full;
    unsigned disk_trouble; /* in a hundred */
    unsigned burials;
    char reason[600];

    uint64_t random;
};

static int64_t now_ns;

static int64_t mono_ns(void)
{
    return now_ns;
}

static uint64_t chance(struct bench *bench, uint64_t below)
{
    bench->random = bench->random * UINT64_C(6364136223846793005)
                    + UINT64_C(1442695040888963407);
    return (bench->random >> 33) % below;
}

static size_t place_of(size_t line)
{
    return line * 31 / 3 % PLACES;
}

/* ---- the server ---- */

static size_t number_of(struct text line)
{
    size_t number = 0;
    for (size_t i = 4; line.at[i] != ' '; i++)
        number = number * 10 + (size_t)(line.at[i] - '0');
    return number;
}

static void write_line(struct bench *bench, size_t line)
{
    bench->is_written[line] = true;
    bench->stored[place_of(line)] = (int)line;
}

static void write_lines(struct bench *bench, struct text lines)
{
    while (lines.len > 0) {
        size_t line = number_of(text_cut(&lines, '\n'));
        if (bench->kinds[line] == GOOD)
            write_line(bench, line);
    }
}

static void judge_lines(struct bench *bench, struct text lines,
                        struct influx_answer *answer)
{
    static struct refusal refusals[MOST_LINES];
    struct text rest = lines;
    size_t bad = 0, named = 0;
    for (size_t i = 0; rest.len > 0; i++) {
        enum kind kind = bench->kinds[number_of(text_cut(&rest, '\n'))];
        if (kind == POISON) {
            answer->verdict = VERDICT_RETRY_BOUNDED;
            answer->status = 500;
            return;
        }
        bad += kind == BAD;
        if (kind == BAD && bench->names
            && (!bench->forgets_names || chance(bench, 2)))
            refusals[named++] = (struct refusal){i, TEXT("named")};
    }
    answer->verdict = VERDICT_ACCEPTED;
    answer->status = bad ? 400 : 204;
    if (bad == 0 || bench->writes_partly)
        write_lines(bench, lines);
    if (bad == 0)
        return;
    answer->verdict = bench->writes_partly ? VERDICT_PARTLY : VERDICT_REFUSED;
    answer->refusals = refusals;
    answer->refusal_count = named;
    if (bad > named && (bench->counts || bench->writes_partly))
        answer->unnamed = bench->counts ? bad - named : 1;
}

static void make_trouble(struct bench *bench, struct text lines,
                         struct influx_answer *answer)
{
    static const enum verdict troubles[] = {
        VERDICT_RETRY, VERDICT_WAIT, VERDICT_HOLD, VERDICT_RETRY_BOUNDED};
    answer->verdict = troubles[chance(bench, 4)];
    answer->status = chance(bench, 2) ? 503 : 0;
    if (chance(bench, 3) == 0)
        write_lines(bench, lines); /* the reply was lost */
}

static void post(void *self, struct text lines, struct influx_answer *answer)
{
    struct bench *bench = self;
    assert_true(lines.len > 0 && lines.at[lines.len - 1] == '\n');
    *answer = (struct influx_answer){0};
    snprintf(answer->reason, sizeof answer->reason, "told");
    snprintf(answer->request_id, sizeof answer->request_id, "id-%u",
             ++bench->requests);
    buf_clear(&bench->last);
    buf_append_text(&bench->last, lines);
    now_ns += bench->takes_ns;
    if (bench->next != VERDICT_ACCEPTED) {
        answer->verdict = bench->next;
    } else if (bench->is_ill || bench->fails_all) {
        answer->verdict = VERDICT_RETRY_BOUNDED;
        answer->status = 500;
    } else if (chance(bench, 100) < bench->trouble) {
        make_trouble(bench, lines, answer);
    } else if (lines.len > bench->most_bytes) {
        answer->verdict = VERDICT_TOO_LARGE;
        answer->status = 413;
    } else {
        judge_lines(bench, lines, answer);
    }
}

static bool probe(void *self)
{
    struct bench *bench = self;
    bench->probes++;
    return !bench->is_ill;
}

static bool bury(void *self, const struct dead_point *points, size_t count,
                 struct error *err)
{
    struct bench *bench = self;
    if (bench->is_disk_full || chance(bench, 100) < bench->disk_trouble)
        return fail(err, ERR_IO, "no space left");
    bench->burials++;
    for (size_t i = 0; i < count; i++) {
        size_t line = number_of(points[i].line);
        assert_int_equal(points[i].seq, FIRST_SEQ + line);
        assert_memory_equal(points[i].request_id, "id-", 3);
        bench->is_buried[line] = true;
        snprintf(bench->reason, sizeof bench->reason, "%d %.*s",
                 points[i].status, TEXT_ARG(points[i].reason));
    }
    return true;
}

/* ---- a parcel ---- */

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    const struct outlet outlet = {post, probe, bury, bench, mono_ns};
    delivery_init(&bench->delivery, &outlet, 1 << 20);
    buf_init(&bench->last, 1 << 20);
    bench->most_bytes = SIZE_MAX;
    bench->random = 1;
    for (size_t i = 0; i < PLACES; i++)
        bench->stored[i] = -1;
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    delivery_deinit(&bench->delivery);
    buf_deinit(&bench->last);
    free(bench);
    return 0;
}

/* The lines from first to count, as they stand in the journal. */
static void begin(struct bench *bench, size_t first, size_t count)
{
    struct parcel *parcel = &bench->delivery.parcel;
    parcel_deinit(parcel);
    for (size_t i = first; i < count; i++)
        buf_printf(&parcel->lines, "m v=%zu %zu\n", i, i * i * i % 1000);
    parcel_add(parcel, FIRST_SEQ + first, count - first);
    bench->count = count;
    delivery_begin(&bench->delivery);
}

/* What is settled is written, or is on disk as a dead letter. */
static void assert_settled_is_safe(struct bench *bench)
{
    struct delivery *delivery = &bench->delivery;
    size_t first = (size_t)(delivery->parcel.first_seq - FIRST_SEQ);
    size_t settled = delivery_settled(delivery);
    for (size_t i = 0; i < first + settled; i++)
        assert_true(bench->is_written[i] || bench->is_buried[i]);
}

/* Steps until all is settled; true: without a wait. */
static bool run(struct bench *bench)
{
    bool has_waited = false;
    for (unsigned i = 0; !delivery_is_done(&bench->delivery); i++) {
        struct influx_answer answer;
        assert_in_range(i, 0, 100000);
        if (!delivery_step(&bench->delivery, &answer)) {
            has_waited = true;
            now_ns += NS_PER_S;
        }
        assert_settled_is_safe(bench);
    }
    return !has_waited;
}

static void assert_outcome(const struct bench *bench)
{
    int last[PLACES];
    for (size_t i = 0; i < PLACES; i++)
        last[i] = -1;
    for (size_t i = 0; i < bench->count; i++) {
        assert_int_equal(bench->is_buried[i], bench->kinds[i] != GOOD);
        assert_int_equal(bench->is_written[i], bench->kinds[i] == GOOD);
        if (bench->kinds[i] == GOOD)
            last[place_of(i)] = (int)i;
    }
    assert_memory_equal(last, bench->stored, sizeof last);
}

/* ---- tests ---- */

static void a_good_parcel_is_one_request_as_it_stands(void **state)
{
    struct bench *bench = *state;
    begin(bench, 0, 500);
    assert_true(run(bench));
    assert_int_equal(bench->requests, 1);
    assert_true(text_equal(buf_text(&bench->last),
                           buf_text(&bench->delivery.parcel.lines)));
    assert_int_equal(bench->delivery.taken_writes, 1);
    assert_int_equal(bench->delivery.taken_bytes, bench->last.len);
    assert_int_equal(bench->delivery.isolated_parcels, 0);
    assert_int_equal(delivery_dead(&bench->delivery, 0, 500), 0);
    assert_null(bench->delivery.body.data); /* and no copy */
    assert_outcome(bench);
}

static void bad_lines_become_dead_letters(void **state)
{
    struct bench *bench = *state;
    bench->kinds[0] = bench->kinds[77] = bench->kinds[499] = BAD;
    begin(bench, 0, 500);
    assert_true(run(bench));
    assert_outcome(bench);
    assert_int_equal(delivery_dead(&bench->delivery, 0, 500), 3);
    assert_int_equal(delivery_dead(&bench->delivery, 1, 499), 1);
    assert_string_equal(bench->reason, "400 told");
    assert_int_equal(bench->delivery.isolated_parcels, 1);
    assert_int_equal(bench->delivery.isolating_requests, bench->requests - 1);
    assert_int_equal(bench->burials, 1); /* all at once */
}

static void named_lines_keep_the_servers_words(void **state)
{
    struct bench *bench = *state;
    bench->names = true;
    bench->kinds[3] = bench->kinds[4] = BAD;
    begin(bench, 0, 10);
    assert_true(run(bench));
    assert_outcome(bench);
    assert_int_equal(bench->requests, 2);
    assert_string_equal(bench->reason, "400 named");
}

/* The next parcel goes out whole again. */
static void one_bad_batch_does_not_make_the_next_small(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < 100; i += 3)
        bench->kinds[i] = BAD;
    begin(bench, 0, 300);
    assert_true(run(bench));
    unsigned before = bench->requests;
    begin(bench, 300, 600);
    assert_true(run(bench));
    assert_int_equal(bench->requests, before + 1);
    assert_outcome(bench);
}

static void nothing_is_settled_while_the_disk_is_full(void **state)
{
    struct bench *bench = *state;
    struct influx_answer answer;
    bench->names = bench->writes_partly = true;
    bench->kinds[2] = BAD;
    bench->is_disk_full = true;
    begin(bench, 0, 10);
    for (int i = 0; i < 5; i++) {
        assert_false(delivery_step(&bench->delivery, &answer));
        assert_int_equal(answer.status, DELIVERY_DISK);
        assert_string_equal(answer.reason,
                            "refused points cannot be kept: no space left");
        assert_int_equal(delivery_settled(&bench->delivery), 2);
        assert_false(delivery_is_done(&bench->delivery));
    }
    assert_int_equal(bench->requests, 1); /* not sent again for that */
    assert_false(delivery_bury(&bench->delivery, NULL));
    bench->is_disk_full = false;
    assert_true(delivery_step(&bench->delivery, &answer));
    assert_true(delivery_is_done(&bench->delivery));
    assert_int_equal(bench->requests, 1);
    assert_outcome(bench);
}

/* A stop in the middle: what was found out by then counts. */
static void a_stop_keeps_what_is_known(void **state)
{
    struct bench *bench = *state;
    struct influx_answer answer;
    bench->kinds[0] = BAD;
    begin(bench, 0, 500);
    while (delivery_settled(&bench->delivery) == 0
           && bench->delivery.burial.count == 0)
        assert_true(delivery_step(&bench->delivery, &answer));
    assert_int_equal(delivery_settled(&bench->delivery), 0);
    assert_true(delivery_bury(&bench->delivery, NULL));
    assert_int_equal(delivery_settled(&bench->delivery), 1);
    assert_settled_is_safe(bench);
}

/* A wait may be long, so what was found out goes to disk before it. */
static void dead_letters_do_not_wait_for_the_server(void **state)
{
    struct bench *bench = *state;
    struct influx_answer answer;
    bench->kinds[0] = BAD;
    begin(bench, 0, 500);
    while (bench->delivery.burial.count == 0)
        assert_true(delivery_step(&bench->delivery, &answer));
    bench->next = VERDICT_WAIT;
    assert_false(delivery_step(&bench->delivery, &answer));
    assert_int_equal(bench->burials, 1);
    assert_int_equal(delivery_settled(&bench->delivery), 1);
}

static void the_same_lines_go_out_after_a_wait(void **state)
{
    static const enum verdict waits[] = {VERDICT_WAIT, VERDICT_RETRY,
                                         VERDICT_HOLD, VERDICT_RETRY_BOUNDED};
    struct bench *bench = *state;
    struct influx_answer answer;
    begin(bench, 0, 100);
    for (size_t i = 0; i < 4; i++) {
        bench->next = waits[i];
        assert_false(delivery_step(&bench->delivery, &answer));
        assert_true(text_equal(buf_text(&bench->last),
                               buf_text(&bench->delivery.parcel.lines)));
        assert_int_equal(delivery_settled(&bench->delivery), 0);
    }
    bench->next = VERDICT_ACCEPTED;
    assert_true(delivery_step(&bench->delivery, &answer));
    assert_true(delivery_is_done(&bench->delivery));
}

static void too_large_is_halved_and_remembered(void **state)
{
    struct bench *bench = *state;
    bench->most_bytes = 1000;
    begin(bench, 0, 500);
    assert_true(run(bench));
    assert_outcome(bench);
    assert_in_range(bench->delivery.portion.now_bytes, 400, 1250);
    unsigned before = bench->requests;
    begin(bench, 500, 510);
    assert_true(run(bench));
    assert_int_equal(bench->requests, before + 1); /* it knows */
    assert_int_equal(bench->delivery.isolated_parcels, 0);
}

static void a_line_too_large_alone_is_dead(void **state)
{
    struct bench *bench = *state;
    struct parcel *parcel = &bench->delivery.parcel;
    bench->most_bytes = 1000;
    begin(bench, 0, 3);
    buf_printf(&parcel->lines, "m v=3 %02000d\nm v=4 0\n", 7);
    parcel_add(parcel, FIRST_SEQ + 3, 2);
    bench->count = 5;
    delivery_begin(&bench->delivery);
    bench->kinds[3] = BAD; /* for what becomes of it */
    assert_true(run(bench));
    assert_outcome(bench);
    assert_string_equal(bench->reason, "413 told");
}

/* 500 */

static void a_line_that_always_fails_is_found(void **state)
{
    struct bench *bench = *state;
    bench->kinds[123] = POISON;
    begin(bench, 0, 500);
    assert_false(run(bench));
    assert_outcome(bench);
    assert_string_equal(bench->reason, "500 told");
    /* 8 for the whole, 8 for the one, and to halve it */
    assert_in_range(bench->requests, 16, 16 + 14);
}

/* The first one: no other has gone through before it. */
static void also_at_the_front(void **state)
{
    struct bench *bench = *state;
    bench->kinds[0] = POISON;
    begin(bench, 0, 500);
    int64_t begin_ns = now_ns;
    assert_false(run(bench));
    assert_outcome(bench);
    assert_true(now_ns - begin_ns < 60 * NS_PER_S);
}

/* Good lines do not die of a server that has no memory for any. */
static void a_server_that_fails_at_all_lines_kills_none(void **state)
{
    struct bench *bench = *state;
    struct influx_answer answer;
    bench->fails_all = true;
    begin(bench, 0, 500);
    for (int i = 0; i < 500; i++) {
        delivery_step(&bench->delivery, &answer);
        now_ns += NS_PER_S;
    }
    assert_int_equal(delivery_settled(&bench->delivery), 0);
    assert_int_equal(bench->delivery.burial.count + bench->burials, 0);
    bench->fails_all = false;
    assert_true(run(bench));
    assert_outcome(bench);
}

static void a_server_that_is_ill_is_waited_for(void **state)
{
    struct bench *bench = *state;
    struct influx_answer answer;
    bench->is_ill = true;
    begin(bench, 0, 500);
    for (int i = 0; i < 5000; i++) {
        assert_false(delivery_step(&bench->delivery, &answer));
        now_ns += NS_PER_S;
    }
    assert_int_equal(bench->requests, 5000);
    bench->is_ill = false;
    assert_true(run(bench));
    assert_outcome(bench);
}

/* A slow line: what is not through in time is made smaller. */
static void what_is_not_through_in_time_gets_smaller(void **state)
{
    struct bench *bench = *state;
    struct influx_answer answer;
    struct parcel *parcel = &bench->delivery.parcel;
    begin(bench, 0, 0 + 1);
    while (parcel->lines.len < 200000) {
        buf_printf(&parcel->lines, "m v=1 1\n");
        parcel_add(parcel, parcel->end_seq, 1);
    }
    delivery_begin(&bench->delivery);
    bench->next = VERDICT_RETRY;
    bench->takes_ns = NS_PER_MS; /* refused, broken off: that is no reason */
    for (int i = 0; i < 10; i++)
        assert_false(delivery_step(&bench->delivery, &answer));
    assert_int_equal(bench->delivery.portion.now_bytes, 1 << 20);
    bench->takes_ns = 30 * NS_PER_S;
    bench->is_ill = true;
    for (int i = 0; i < 10; i++)
        assert_false(delivery_step(&bench->delivery, &answer));
    assert_int_equal(bench->delivery.portion.now_bytes, 1 << 20);
    bench->is_ill = false;
    for (int i = 0; i < 4; i++)
        assert_false(delivery_step(&bench->delivery, &answer));
    assert_in_range(bench->delivery.portion.now_bytes, 49000, 51000);
    for (int i = 0; i < 100; i++)
        assert_false(delivery_step(&bench->delivery, &answer));
    assert_in_range(bench->last.len, 16 << 10, 32 << 10); /* not for ever */
}

/* ---- anything, in any order ---- */

/* Whoever comes after a crash knows what was settled, or less. */
static void crash(struct bench *bench)
{
    struct delivery *delivery = &bench->delivery;
    size_t settled = delivery_settled(delivery);
    size_t first = (size_t)(delivery->parcel.first_seq - FIRST_SEQ);
    const struct outlet outlet = delivery->outlet;
    if (settled > 0 && chance(bench, 2) == 0)
        settled = chance(bench, settled);
    delivery_deinit(delivery);
    delivery_init(delivery, &outlet, 1 << 20);
    begin(bench, first + settled, bench->count);
}

static void run_any(struct bench *bench, uint64_t crash_in)
{
    unsigned crashes_left = 300;
    for (unsigned i = 0; !delivery_is_done(&bench->delivery); i++) {
        struct influx_answer answer;
        assert_in_range(i, 0, 1000000);
        if (!delivery_step(&bench->delivery, &answer))
            now_ns += (int64_t)chance(bench, 20) * NS_PER_S;
        assert_settled_is_safe(bench);
        if (crashes_left > 0 && chance(bench, crash_in) == 0
            && !delivery_is_done(&bench->delivery)) {
            crashes_left--;
            crash(bench);
        }
    }
}

static void nothing_good_is_lost_whatever_it_answers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        void *memory;
        set_up(&memory);
        struct bench *bench = memory;
        bench->random = seed;
        size_t count = 1 + chance(bench, chance(bench, 6) ? 60 : MOST_LINES);
        bench->names = chance(bench, 2);
        bench->counts = chance(bench, 2);
        bench->forgets_names = chance(bench, 2);
        bench->writes_partly = chance(bench, 2);
        bench->trouble = chance(bench, 2) ? 0 : (unsigned)chance(bench, 60);
        bench->disk_trouble = (unsigned)chance(bench, 50);
        if (chance(bench, 3) == 0)
            bench->most_bytes = 20 + chance(bench, 500);
        size_t bad = chance(bench, 3) ? chance(bench, count / 8 + 1)
                                      : chance(bench, count + 1);
        for (size_t i = 0; i < bad; i++)
            bench->kinds[chance(bench, count)] =
                chance(bench, 40) ? BAD : POISON;
        begin(bench, 0, count);
        run_any(bench, 3 + chance(bench, 60));
        assert_outcome(bench);
        tear_down(&memory);
    }
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_good_parcel_is_one_request_as_it_stands),
        ROW(bad_lines_become_dead_letters),
        ROW(named_lines_keep_the_servers_words),
        ROW(one_bad_batch_does_not_make_the_next_small),
        ROW(nothing_is_settled_while_the_disk_is_full),
        ROW(a_stop_keeps_what_is_known),
        ROW(dead_letters_do_not_wait_for_the_server),
        ROW(the_same_lines_go_out_after_a_wait),
        ROW(too_large_is_halved_and_remembered),
        ROW(a_line_too_large_alone_is_dead),
        ROW(a_line_that_always_fails_is_found),
        ROW(also_at_the_front),
        ROW(a_server_that_fails_at_all_lines_kills_none),
        ROW(a_server_that_is_ill_is_waited_for),
        ROW(what_is_not_through_in_time_gets_smaller),
        cmocka_unit_test(nothing_good_is_lost_whatever_it_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
