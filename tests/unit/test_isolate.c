/* Lines go to a made-up server that knows which are bad and answers in one of
 * the ways that servers have. Counted are the requests; held to are: each line
 * is written or dead, dead are the bad ones, and of two lines for one place the
 * last good one stays, through crashes too.
 *
 * With the word `table` it prints what isolating costs, and tests nothing. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "isolate.h"

enum { PLACES = 7, MOST_LINES = 5000 };

enum naming { NAMES_ALL, NAMES_ONE, NAMES_SOME, NAMES_NONE };

struct server {
    bool is_bad[MOST_LINES];
    int stored[PLACES]; /* the last line written to each place, or -1 */
    bool writes_partly; /* the good ones of a request with bad ones */
    bool counts;        /* says how many of the bad ones it did not name */
    bool counts_short;  /* counts one, however many there are */
    bool names_alone;   /* names one that comes alone, as can be told then */
    enum naming naming;
    unsigned requests;
    size_t lines; /* that went over the wire */
    uint64_t random;
};

static uint64_t chance(struct server *server, uint64_t below)
{
    server->random = server->random * UINT64_C(6364136223846793005)
                     + UINT64_C(1442695040888963407);
    return (server->random >> 33) % below;
}

/* Lines of one place are scattered over the batch. */
static size_t place_of(size_t line)
{
    return line * 31 / 3 % PLACES;
}

static bool names_it(struct server *server, size_t named)
{
    switch (server->naming) {
    case NAMES_ALL:
        return true;
    case NAMES_ONE:
        return named == 0;
    case NAMES_SOME:
        return chance(server, 3) == 0;
    case NAMES_NONE:
        break;
    }
    return false;
}

/* One request with the live lines from done to end; base: where the numbers of
 * this isolation begin. */
static void post(struct server *server, const struct isolate *isolate,
                 size_t base, struct isolate_answer *answer)
{
    static struct refusal refusals[MOST_LINES];
    size_t bad = 0, named = 0, posted = 0;
    server->requests++;
    for (size_t i = isolate->done; i < answer->end; i++) {
        if (!isolate_is_live(isolate, i))
            continue;
        if (server->is_bad[base + i]) {
            bad++;
            if (names_it(server, named))
                refusals[named++] = (struct refusal){posted, TEXT("named")};
        }
        posted++;
    }
    assert_true(posted > 0);
    if (posted == 1 && bad == 1 && named == 0 && server->names_alone)
        refusals[named++] = (struct refusal){0, TEXT("alone")};
    server->lines += posted;
    for (size_t i = isolate->done; i < answer->end; i++)
        if (isolate_is_live(isolate, i) && !server->is_bad[base + i]
            && (bad == 0 || server->writes_partly))
            server->stored[place_of(base + i)] = (int)(base + i);
    answer->outcome = bad == 0                ? ISOLATE_WRITTEN
                      : server->writes_partly ? ISOLATE_PARTLY
                                              : ISOLATE_REFUSED;
    answer->refusals = refusals;
    answer->refusal_count = named;
    answer->unnamed = bad - named;
    if (answer->unnamed > 1 && (server->counts_short || !server->counts))
        answer->unnamed = 1;
    if (!server->writes_partly && !server->counts)
        answer->unnamed = 0;
    answer->reason = TEXT("told");
}

static void start_server(struct server *server, uint64_t seed)
{
    *server = (struct server){.random = seed, .counts = true};
    for (size_t i = 0; i < PLACES; i++)
        server->stored[i] = -1;
}

/* One step. most: the server takes no more lines at once. What is condemned
 * must be bad, and is marked. */
static void step(struct server *server, struct isolate *isolate, size_t base,
                 size_t most, bool *dead)
{
    struct isolate_answer answer = {.end = isolate_next(isolate)};
    assert_true(answer.end > isolate->done && answer.end <= isolate->count);
    while (isolate_live(isolate, answer.end) > most)
        answer.end--;
    post(server, isolate, base, &answer);
    isolate_tell(isolate, &answer);
    for (size_t i = 0; i < isolate->fresh_count; i++) {
        size_t line = base + isolate->fresh[i].line;
        assert_true(server->is_bad[line]);
        assert_false(dead[line]);
        assert_true(isolate->fresh[i].reason.len > 0);
        dead[line] = true;
    }
}

static void assert_all_settled(const struct server *server, size_t count,
                               const bool *dead)
{
    int last[PLACES];
    for (size_t i = 0; i < PLACES; i++)
        last[i] = -1;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(dead[i], server->is_bad[i]);
        if (!server->is_bad[i])
            last[place_of(i)] = (int)i;
    }
    assert_memory_equal(last, server->stored, sizeof last);
}

static void run(struct server *server, size_t count)
{
    static bool dead[MOST_LINES];
    struct isolate isolate;
    memset(dead, 0, sizeof dead);
    isolate_init(&isolate, count);
    while (isolate.done < count)
        step(server, &isolate, 0, SIZE_MAX, dead);
    assert_int_equal(isolate_next(&isolate), count);
    isolate_deinit(&isolate);
    assert_all_settled(server, count, dead);
}

static void good_lines_go_out_together(void **state)
{
    (void)state;
    struct server server;
    start_server(&server, 1);
    run(&server, 5000);
    assert_int_equal(server.requests, 1);
}

static void what_is_named_is_dead_at_once(void **state)
{
    (void)state;
    struct server server;
    for (int partly = 0; partly < 2; partly++) {
        start_server(&server, 1);
        server.writes_partly = partly;
        for (size_t i = 3; i < 5000; i += 7)
            server.is_bad[i] = true;
        run(&server, 5000);
        assert_int_equal(server.requests, partly ? 1 : 2);
    }
}

/* An answer that names three of which one was told before would be a bug; here
 * all that are left are refused, by name and by number. */
static void names_come_in_the_order_of_lines(void **state)
{
    (void)state;
    struct isolate isolate;
    const struct refusal first[] = {{1, TEXT("b")}, {3, TEXT("d")}};
    const struct refusal second[] = {{1, TEXT("c")}};
    isolate_init(&isolate, 5);
    isolate_tell(&isolate, &(struct isolate_answer){.end = 5,
                                                    .outcome = ISOLATE_REFUSED,
                                                    .refusals = first,
                                                    .refusal_count = 2});
    assert_int_equal(isolate.fresh_count, 2);
    assert_int_equal(isolate.fresh[1].line, 3);
    assert_text(isolate.fresh[1].reason, "d");
    assert_int_equal(isolate.done, 0);
    assert_int_equal(isolate_live(&isolate, 5), 3); /* a, c, e */
    assert_int_equal(isolate_next(&isolate), 5);
    isolate_tell(&isolate, &(struct isolate_answer){.end = 5,
                                                    .outcome = ISOLATE_PARTLY,
                                                    .refusals = second,
                                                    .refusal_count = 1,
                                                    .unnamed = 2,
                                                    .reason = TEXT("rest")});
    assert_int_equal(isolate.fresh_count, 3);
    assert_text(isolate.fresh[0].reason, "rest");
    assert_int_equal(isolate.fresh[1].line, 2);
    assert_text(isolate.fresh[1].reason, "c");
    assert_int_equal(isolate.fresh[2].line, 4);
    assert_int_equal(isolate.done, 5);
    isolate_deinit(&isolate);
}

/* "partial write" and nothing was dropped: an answer that some servers give. */
static void partly_with_nothing_refused_is_written(void **state)
{
    (void)state;
    for (size_t count = 1; count < 3; count++) {
        struct isolate isolate;
        struct isolate_answer answer = {.end = count,
                                        .outcome = ISOLATE_PARTLY};
        isolate_init(&isolate, count);
        isolate_tell(&isolate, &answer);
        assert_int_equal(isolate.done, count);
        assert_int_equal(isolate.fresh_count, 0);
        isolate_deinit(&isolate);
    }
}

/* The whole was refused, each part is taken: what was wrong has passed. */
static void a_server_that_changes_its_mind_kills_nothing(void **state)
{
    (void)state;
    struct isolate isolate;
    isolate_init(&isolate, 1000);
    struct isolate_answer answer = {.end = 1000, .outcome = ISOLATE_REFUSED};
    isolate_tell(&isolate, &answer);
    answer.outcome = ISOLATE_WRITTEN;
    unsigned requests = 0;
    while (isolate.done < 1000) {
        answer.end = isolate_next(&isolate);
        isolate_tell(&isolate, &answer);
        assert_int_equal(isolate.fresh_count, 0);
        requests++;
    }
    assert_in_range(requests, 10, 11);
    isolate_deinit(&isolate);
}

/* ---- what it costs ---- */

static unsigned log2_up(size_t n)
{
    unsigned bits = 0;
    while (((size_t)1 << bits) < n)
        bits++;
    return bits;
}

static void spoil(struct server *server, size_t count, size_t bad,
                  bool is_clustered)
{
    if (is_clustered) {
        size_t first = chance(server, count - bad + 1);
        for (size_t i = 0; i < bad; i++)
            server->is_bad[first + i] = true;
        return;
    }
    for (size_t spoilt = 0; spoilt < bad;) {
        size_t line = chance(server, count);
        spoilt += !server->is_bad[line];
        server->is_bad[line] = true;
    }
}

struct style {
    const char *name;
    enum naming naming;
    bool writes_partly;
    bool counts;
    bool names_alone;
};

static const struct style styles[] = {
    {"refuses all, names none", NAMES_NONE, false, false, false},
    {"refuses all, names one", NAMES_ONE, false, false, false},
    {"refuses all, names all", NAMES_ALL, false, false, false},
    {"writes the good, names none", NAMES_NONE, true, false, false},
    {"writes the good, names none, counts", NAMES_NONE, true, true, false},
    {"the same, but names one alone (1.x)", NAMES_NONE, true, true, true},
    {"writes the good, names one, counts", NAMES_ONE, true, true, false},
    {"writes the good, names all", NAMES_ALL, true, true, false},
};

enum { STYLES = sizeof styles / sizeof *styles };

static const size_t bads[] = {1, 5, 50, 500, 5000};

enum { BADS = sizeof bads / sizeof *bads };

struct cost {
    double requests;
    double lines; /* over the wire, in batches */
};

static struct cost cost_of(const struct style *style, size_t bad,
                           bool is_clustered)
{
    enum { RUNS = 10 };
    struct cost cost = {0};
    for (unsigned i = 0; i < RUNS; i++) {
        struct server server;
        start_server(&server, 1000 + i);
        server.naming = style->naming;
        server.writes_partly = style->writes_partly;
        server.counts = style->counts;
        server.names_alone = style->names_alone;
        spoil(&server, MOST_LINES, bad, is_clustered);
        run(&server, MOST_LINES);
        cost.requests += (double)server.requests / RUNS;
        cost.lines += (double)server.lines / RUNS / MOST_LINES;
    }
    return cost;
}

/* Where nothing is named and nothing counted: k bad ones of n cost about
 * k log2(n / k), and never more than two requests a line. */
static void bad_lines_are_found_in_few_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        double k = (double)bads[i], each = log2_up(MOST_LINES / bads[i]);
        double most = k * (each + 2) + 2 * log2_up(MOST_LINES);
        for (size_t s = 0; s < STYLES; s++) {
            assert_true(cost_of(&styles[s], bads[i], false).requests <= most);
            assert_true(cost_of(&styles[s], bads[i], true).requests <= most);
        }
    }
    double all = cost_of(&styles[0], MOST_LINES, false).requests;
    assert_true(all <= MOST_LINES + 13);
}

static void one_that_names_one_a_time_costs_one_each(void **state)
{
    (void)state;
    assert_true(cost_of(&styles[1], 5, false).requests <= 5 * 2 + 3);
    assert_true(cost_of(&styles[1], 5000, false).requests <= 5000 + 13);
    /* and the lines are not sent over and over */
    assert_true(cost_of(&styles[1], 5000, false).lines <= 4);
}

static void counted_ones_in_a_row_are_found_as_one(void **state)
{
    (void)state;
    assert_true(cost_of(&styles[4], 5000, true).requests <= 1);
    assert_true(cost_of(&styles[4], 500, true).requests <= 60);
}

static void no_pattern_costs_more_than_two_requests_a_line(void **state)
{
    (void)state;
    for (size_t period = 1; period < 40; period++)
        for (size_t bad = 1; bad <= period; bad++) {
            struct server server;
            start_server(&server, 1);
            server.naming = NAMES_NONE;
            server.counts = false;
            for (size_t i = 0; i < 1000; i++)
                server.is_bad[i] = i % period < bad;
            run(&server, 1000);
            assert_true(server.requests <= 2 * 1000 + 20);
        }
}

/* ---- any mix ---- */

/* A crash: whoever comes after knows what was settled before, or less. */
static void crash(struct server *server, struct isolate *isolate, size_t *base,
                  size_t count)
{
    size_t settled = isolate->done;
    if (settled > 0 && chance(server, 2) == 0)
        settled = chance(server, settled);
    *base += settled;
    isolate_deinit(isolate);
    if (*base < count)
        isolate_init(isolate, count - *base);
}

/* What is dead is told again after a crash: that is not held against it. */
static void forget_dead(bool *dead, size_t base, size_t count)
{
    for (size_t i = base; i < count; i++)
        dead[i] = false;
}

static void run_with_crashes(struct server *server, size_t count,
                             uint64_t one_in)
{
    static bool dead[MOST_LINES];
    struct isolate isolate;
    size_t base = 0;
    unsigned left = 1000;
    memset(dead, 0, sizeof dead);
    isolate_init(&isolate, count);
    while (isolate.done < isolate.count) {
        size_t most = chance(server, 3) ? SIZE_MAX : 1 + chance(server, 20);
        step(server, &isolate, base, most, dead);
        if (isolate.done < isolate.count && left > 0
            && chance(server, one_in) == 0) {
            left--;
            crash(server, &isolate, &base, count);
            forget_dead(dead, base, count);
        }
    }
    isolate_deinit(&isolate);
    assert_all_settled(server, count, dead);
}

static void nothing_good_is_lost_and_the_last_line_wins(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct server server;
        start_server(&server, seed);
        size_t count = 1 + chance(&server, chance(&server, 10) ? 60 : 600);
        server.naming = (enum naming)chance(&server, 4);
        server.writes_partly = chance(&server, 2);
        server.counts = chance(&server, 2);
        server.counts_short = chance(&server, 2);
        server.names_alone = chance(&server, 2);
        size_t bad = chance(&server, 3) ? chance(&server, count / 8 + 1)
                                        : chance(&server, count + 1);
        spoil(&server, count, bad, chance(&server, 2));
        run_with_crashes(&server, count, 2 + chance(&server, 30));
    }
}

static void print_table(void)
{
    printf("n = %d lines; requests, the first one too (in brackets: lines sent,"
           " in batches)\n",
           MOST_LINES);
    for (int clustered = 0; clustered < 2; clustered++) {
        printf("\n%-38s",
               clustered ? "bad ones in a row" : "bad ones anywhere");
        for (size_t i = 0; i < BADS; i++)
            printf("%10s%-5zu", "k = ", bads[i]);
        printf("\n");
        for (size_t s = 0; s < STYLES; s++) {
            printf("%-38s", styles[s].name);
            for (size_t i = 0; i < BADS; i++) {
                struct cost cost = cost_of(&styles[s], bads[i], clustered);
                printf("%8.1f (%4.1f)", cost.requests, cost.lines);
            }
            printf("\n");
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines_go_out_together),
        cmocka_unit_test(what_is_named_is_dead_at_once),
        cmocka_unit_test(names_come_in_the_order_of_lines),
        cmocka_unit_test(partly_with_nothing_refused_is_written),
        cmocka_unit_test(a_server_that_changes_its_mind_kills_nothing),
        cmocka_unit_test(bad_lines_are_found_in_few_requests),
        cmocka_unit_test(one_that_names_one_a_time_costs_one_each),
        cmocka_unit_test(counted_ones_in_a_row_are_found_as_one),
        cmocka_unit_test(no_pattern_costs_more_than_two_requests_a_line),
        cmocka_unit_test(nothing_good_is_lost_and_the_last_line_wins),
    };
    if (argc > 1 && strcmp(argv[1], "table") == 0) {
        print_table();
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
