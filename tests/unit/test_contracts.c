/* Types of outputs, from the request to the disk and back: what fits is in the
 * journal, what does not is a letter, and what was learnt is on disk before the
 * first point that relies on it, wherever the power fails. CONTRACT_SEEDS says
 * how many stories. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "contracts.h"
#include "dead.h"
#include "error.h"
#include "ingest.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"
#include "notes.h"
#include "route.h"
#include "said.h"
#include "stats.h"
#include "survey.h"

enum { NEWS = DEAD_SINKS, SINKS, SEEDS = 300 };

static char influx[] = "influx", paper[] = "paper";
static char *outputs[] = {influx, paper, NULL};

struct bench {
    struct memory_disk *disk;
    struct route_table *routes;
    struct contract_options contract;
    struct contracts *contracts;
    struct dead *dead;
    struct journal *journal;
    struct ingest *ingest;
    struct request request;
    struct receipt receipt;
    struct notes notes;
    struct error err;
};

static bool open_contracts(struct bench *bench)
{
    const struct contract_options *items[] = {&bench->contract, NULL};
    const struct contracts_options options = {.dir = "/d/types",
                                              .fs = &bench->disk->fs,
                                              .outputs =
                                                  (const char *const *)outputs,
                                              .items = items,
                                              .count = 2};
    bench->contracts = contracts_open(&options, &bench->err);
    return bench->contracts != NULL;
}

static bool open_journal(struct bench *bench)
{
    struct journal_sink sinks[SINKS];
    bench->dead = dead_open(
        &(struct dead_options){.dir = "/d/dead", .fs = &bench->disk->fs},
        &bench->err);
    if (!bench->dead)
        return false;
    dead_sinks(bench->dead, sinks);
    contracts_sink(bench->contracts, &sinks[NEWS]);
    const struct journal_options options = {.dir = "/d/journal",
                                            .outputs =
                                                (const char *const *)outputs,
                                            .output_count = 2,
                                            .sinks = sinks,
                                            .sink_count = SINKS,
                                            .max_bytes = 1 << 30,
                                            .fs = &bench->disk->fs};
    bench->journal = journal_open(&options, &bench->err);
    return bench->journal != NULL;
}

static bool open_bench(struct bench *bench)
{
    if (!open_contracts(bench) || !open_journal(bench))
        return false;
    bench->ingest =
        ingest_new(&(struct ingest_options){.routes = bench->routes,
                                            .outputs = {outputs, 2},
                                            .journal = bench->journal,
                                            .contracts = bench->contracts,
                                            .point_letters = DEAD_POINTS,
                                            .type_news = NEWS,
                                            .waker = -1},
                   &bench->err);
    return bench->ingest != NULL;
}

static void close_bench(struct bench *bench)
{
    ingest_free(bench->ingest);
    journal_close(bench->journal);
    dead_close(bench->dead);
    contracts_close(bench->contracts);
    bench->ingest = NULL;
    bench->journal = NULL;
    bench->dead = NULL;
    bench->contracts = NULL;
}

static void reopen(struct bench *bench)
{
    close_bench(bench);
    if (!open_bench(bench))
        fail_msg("%s", bench->err.text);
}

static void add_route(struct bench *bench, const char *pattern,
                      uint64_t to_outputs)
{
    struct route *route = xcalloc(1, sizeof *route);
    *route = (struct route){.pattern = xstrdup(pattern),
                            .methods = METHOD_POST,
                            .script = -1,
                            .line_protocol = true,
                            .outputs = to_outputs,
                            .limits = LIMITS_DEFAULT};
    assert_true(route_table_add(bench->routes, route, NULL));
}

static void init_bench(struct bench *bench, uint64_t seed)
{
    *bench = (struct bench){.disk = memory_disk_new(seed),
                            .routes = route_table_new(),
                            .contract = {.types = {.learns = true}}};
    add_route(bench, "/w", 1);
    add_route(bench, "/both", 3);
    request_init(&bench->request);
    notes_init(&bench->notes);
    log_set_level(LOG_ERROR);
}

static void deinit_bench(struct bench *bench)
{
    close_bench(bench);
    route_table_free(bench->routes);
    request_deinit(&bench->request);
    notes_deinit(&bench->notes);
    memory_disk_free(bench->disk);
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    init_bench(bench, 1);
    *state = bench;
    return open_bench(bench) ? 0 : -1;
}

static int tear_down(void **state)
{
    deinit_bench(*state);
    free(*state);
    return 0;
}

/* One request with the id 0123456789abcdef, at 2026-01-02T03:04:05Z. */
static bool post(struct bench *bench, const char *path, const char *lines)
{
    struct request *request = &bench->request;
    struct route_match match;
    request_reset(request);
    request_stamp(request);
    request->time_ns = INT64_C(1767323045000000000);
    snprintf(request->id, sizeof request->id, "0123456789abcdef");
    request->method = TEXT("POST");
    request->path = text_of(path);
    request->raw_body = text_of(lines);
    assert_true(route_find(bench->routes, METHOD_POST, request->path, &match,
                           &bench->err));
    return ingest_request(bench->ingest, request, &match, &bench->notes,
                          &bench->receipt, &bench->err);
}

static bool is_durable(struct bench *bench)
{
    return journal_ticket(bench->journal, bench->receipt.ticket)
           == TICKET_DURABLE;
}

static void store(struct bench *bench, const char *path, const char *lines)
{
    if (!post(bench, path, lines) || !journal_commit(bench->journal, NULL))
        fail_msg("%s: %s", lines, bench->err.text);
    assert_true(is_durable(bench));
}

static void assert_lines(struct bench *bench, const char *lines)
{
    assert_text(ingest_lines(bench->ingest, 0), lines);
}

static void assert_file(struct bench *bench, const char *path,
                        const char *content)
{
    size_t len;
    char *bytes = memory_disk_bytes(bench->disk, path, &len);
    if (!bytes)
        fail_msg("no file %s", path);
    assert_text(((struct text){bytes, len}), content);
}

#define HEAD                                                                   \
    "# What was learnt: measurement, field, type (float, int, uint, bool,\n"   \
    "# string), since when. To change it: stop the gateway, edit, start it.\n"
#define SINCE " 2026-01-02T03:04:05.000Z\n"

static bool has_letter(struct bench *bench, const char *output,
                       const char *text)
{
    char dir[100];
    size_t len;
    snprintf(dir, sizeof dir, "/d/dead/points/%s", output);
    const char *path = memory_disk_find(bench->disk, dir, ".lp", 0);
    char *bytes = path ? memory_disk_bytes(bench->disk, path, &len) : NULL;
    return bytes && memmem(bytes, len, text, strlen(text));
}

/* ---- learnt ---- */

static void what_is_learnt_is_written_and_holds(void **state)
{
    struct bench *bench = *state;
    uint64_t misfits = stats_get(&stats.outputs[0].misfit_points);
    store(bench, "/w", "soil t=20i 5\nwe\\ st rain=0.5 5");
    assert_lines(bench, "soil t=20i 5\nwe\\ st rain=0.5 5\n");
    assert_file(bench, "/d/types/influx",
                HEAD "soil t int" SINCE "we\\ st rain float" SINCE);
    store(bench, "/w", "soil t=21 6\nwe\\ st rain=1i 6\nsoil t=\"n/a\" 7");
    assert_lines(bench, "soil t=21i 6\nwe\\ st rain=1 6\n");
    assert_text(bench->receipt.misfit, "soil.t is text \"n/a\", the contract "
                                       "says int (learnt "
                                       "2026-01-02T03:04:05.000Z)");
    assert_int_equal(stats_get(&stats.outputs[0].misfit_points), misfits + 1);
    assert_int_equal(bench->receipt.reply.status, 204);
    assert_true(has_letter(bench, "influx",
                           "#dead 0123456789abcdef.3 2026-01-02T03:04:05.000Z "
                           "0 - soil.t is text \"n/a\", the contract says int "
                           "(learnt 2026-01-02T03:04:05.000Z)\n"
                           "soil t=\"n/a\" 7\n"));
}

static void it_survives_a_restart(void **state)
{
    struct bench *bench = *state;
    store(bench, "/w", "soil t=20i 5");
    reopen(bench);
    store(bench, "/w", "soil t=21 6\nsoil t=20.5 7\nsoil n=1 8");
    assert_lines(bench, "soil t=21i 6\nsoil n=1 8\n");
    assert_text(bench->receipt.misfit, "soil.t is float 20.5, the contract "
                                       "says int (learnt "
                                       "2026-01-02T03:04:05.000Z)");
    assert_file(bench, "/d/types/influx",
                HEAD "soil t int" SINCE "soil n float" SINCE);
}

static void a_request_of_misfits_alone_is_safe_too(void **state)
{
    struct bench *bench = *state;
    store(bench, "/w", "soil t=20 5");
    assert_true(post(bench, "/w", "soil t=\"x\" 6"));
    assert_true(bench->receipt.must_wait);
    assert_false(is_durable(bench));
    assert_true(journal_commit(bench->journal, NULL));
    assert_true(is_durable(bench));
    assert_lines(bench, "");
    assert_true(has_letter(bench, "influx", "\nsoil t=\"x\" 6\n"));
}

static void each_output_has_its_own(void **state)
{
    struct bench *bench = *state;
    store(bench, "/both", "soil t=20 5");
    store(bench, "/both", "soil t=\"x\" 6\nsoil t=3i 7");
    assert_lines(bench, "soil t=3 7\n");
    assert_text(ingest_lines(bench->ingest, 1),
                "soil t=\"x\" 6\nsoil t=3i 7\n");
    assert_true(has_letter(bench, "influx", "soil t=\"x\" 6"));
    assert_false(has_letter(bench, "paper", "soil"));
    assert_null(contracts_of(bench->contracts, 1));
    assert_null(contracts_of(bench->contracts, 2));
    assert_null(contracts_of(NULL, 0));
}

static void who_tries_sees_what_would_not_be_taken(void **state)
{
    struct bench *bench = *state;
    store(bench, "/w", "soil t=20 5\nsoil t=true 6");
    assert_text(buf_text(&bench->notes.lines[NOTE_WARNING]),
                "output influx would not take it: soil.t is bool true, the "
                "contract says float (learnt 2026-01-02T03:04:05.000Z)\n");
}

static void a_line_that_fails_the_request_leaves_no_letter(void **state)
{
    struct bench *bench = *state;
    static char lines[LIMIT_LINE_BYTES + 100];
    store(bench, "/w", "soil t=20 5");
    size_t len =
        (size_t)snprintf(lines, sizeof lines, "soil t=\"x\" 6\nm f=\"");
    memset(lines + len, 'x', sizeof lines - len);
    memcpy(lines + sizeof lines - 4, "\" 7", 4);
    assert_false(post(bench, "/w", lines));
    assert_true(journal_commit(bench->journal, NULL));
    assert_false(has_letter(bench, "influx", "soil"));
}

/* ---- written down ---- */

static void what_is_written_down_stands_over_it(void **state)
{
    struct bench *bench = *state;
    struct said said;
    const struct type_rule rules[] = {
        {TEXT("soil"), TEXT("t"), VALUE_FLOAT, "moonline.lua:12", 0}};
    store(bench, "/w", "soil t=20i,n=1i 5");
    bench->contract.rules = rules;
    bench->contract.rule_count = 1;
    log_set_level(LOG_WARN);
    said_begin(&said);
    reopen(bench);
    assert_non_null(strstr(said_end(&said),
                           "/d/types/influx: of 1 fields it says another type "
                           "than the configuration, which counts"));
    store(bench, "/w", "soil t=20i,n=2 6");
    assert_lines(bench, "soil t=20,n=2i 6\n");
    store(bench, "/w", "soil t=\"x\" 6");
    assert_text(bench->receipt.misfit, "soil.t is text \"x\", the contract "
                                       "says float (moonline.lua:12)");
}

static void without_learn_the_file_does_not_count(void **state)
{
    struct bench *bench = *state;
    const struct type_rule rules[] = {
        {TEXT("soil"), TEXT("t"), VALUE_FLOAT, "moonline.lua:12", 0}};
    store(bench, "/w", "soil t=20i,n=1i 5");
    bench->contract = (struct contract_options){
        .types = {.reads_text = true}, .rules = rules, .rule_count = 1};
    reopen(bench);
    store(bench, "/w", "soil t=\"7\",n=\"x\" 6");
    assert_lines(bench, "soil t=7,n=\"x\" 6\n");
}

/* ---- the file ---- */

static void put(struct bench *bench, const char *text)
{
    memory_disk_put(bench->disk, "/d/types/influx", text, strlen(text));
}

static void what_a_person_wrote_counts(void **state)
{
    struct bench *bench = *state;
    store(bench, "/w", "soil t=20i 5");
    put(bench, "soil t float\n# a comment\nsoil n int\nsoil n bool");
    reopen(bench);
    store(bench, "/w", "soil t=20i 6\nsoil n=1i 7\nsoil new=1 8");
    assert_lines(bench, "soil t=20 6\nsoil new=1 8\n");
    assert_text(bench->receipt.misfit, "soil.n is int 1, the contract says "
                                       "bool (/d/types/influx:4)");
    assert_file(bench, "/d/types/influx",
                "soil t float\n# a comment\nsoil n int\nsoil n bool\n"
                "soil new float" SINCE);
}

static void bad_lines_are_told_and_skipped(void **state)
{
    struct bench *bench = *state;
    struct said said;
    put(bench, "soil t flaot\nsoil n int\nrubbish\n");
    log_set_level(LOG_WARN);
    said_begin(&said);
    reopen(bench);
    const char *text = said_end(&said);
    assert_non_null(strstr(text, "warn types: /d/types/influx:1: no type "
                                 "(float, int, uint, bool or string): "
                                 "\"flaot\"; the line is skipped"));
    assert_non_null(strstr(text, "/d/types/influx:3: it is not: measurement "
                                 "field type: \"rubbish\"; the line is "
                                 "skipped"));
    store(bench, "/w", "soil t=\"x\" 5\nsoil n=\"x\" 5");
    assert_lines(bench, "soil t=\"x\" 5\n");
}

static void many_bad_lines_do_not_fill_the_log(void **state)
{
    struct bench *bench = *state;
    struct said said;
    struct buf lines;
    buf_init(&lines, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_append_text(&lines, TEXT("rubbish\n"));
    put(bench, buf_string(&lines));
    buf_deinit(&lines);
    log_set_level(LOG_WARN);
    said_begin(&said);
    reopen(bench);
    const char *text = said_end(&said);
    assert_non_null(strstr(text, "/d/types/influx:20: "));
    assert_null(strstr(text, "/d/types/influx:21: "));
    assert_non_null(strstr(text, "1000 lines were skipped in all"));
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    struct bench *bench = *state;
    store(bench, "/w", "soil t=20i 5");
    close_bench(bench);
    bench->disk->fail_ops = DISK_READ;
    bench->disk->fail_count = 1;
    bench->disk->fail_errno = EIO;
    assert_false(open_contracts(bench));
    assert_string_equal(bench->err.text,
                        "reading /d/types/influx: Input/output error");
    assert_int_equal(bench->err.kind, ERR_IO);
    assert_true(open_bench(bench));
}

/* ---- a disk that fails ---- */

static void who_relies_on_it_fails_with_it_and_tries_again(void **state)
{
    struct bench *bench = *state;
    const unsigned ops[] = {DISK_MKDIR, DISK_CREATE, DISK_WRITE, DISK_SYNC,
                            DISK_SYNC_DIR};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        char lines[80];
        snprintf(lines, sizeof lines, "m f%zu=1 5", i);
        assert_true(post(bench, "/w", lines));
        uint64_t first = bench->receipt.ticket;
        bench->disk->fail_ops = ops[i];
        bench->disk->fail_skip = 0;
        bench->disk->fail_count = 1;
        bench->disk->fail_errno = ENOSPC;
        log_set_level(LOG_ERROR + 1);
        bool is_committed = journal_commit(bench->journal, NULL);
        bench->disk->fail_ops = 0;
        assert_int_equal(journal_ticket(bench->journal, first)
                             == TICKET_DURABLE,
                         is_committed);
        store(bench, "/w", lines);
        size_t len;
        char *bytes = memory_disk_bytes(bench->disk, "/d/types/influx", &len);
        char line[80];
        snprintf(line, sizeof line, "\nm f%zu float" SINCE, i);
        assert_non_null(memmem(bytes, len, line, strlen(line)));
    }
    assert_int_equal(types_count(contracts_of(bench->contracts, 0)), 5);
}

static void what_is_kept_is_not_written_again(void **state)
{
    struct bench *bench = *state;
    assert_true(post(bench, "/w", "m f=1 5"));
    assert_true(post(bench, "/w", "m f=2 6"));
    assert_true(journal_commit(bench->journal, NULL));
    store(bench, "/w", "m f=3 7");
    assert_file(bench, "/d/types/influx", HEAD "m f float" SINCE);
}

/* ---- crashes ---- */

/* What the journal holds of a field: its type by the look of the first. */
static void check_lines(struct bench *bench, struct text lines)
{
    const struct types *types = contracts_of(bench->contracts, 0);
    uint64_t hash = types_measurement(types, TEXT("m"));
    while (lines.len > 0) {
        struct text line = text_cut(&lines, '\n');
        text_cut(&line, ' ');
        struct text value = text_cut(&line, ' ');
        struct text key = text_cut(&value, '=');
        const struct type_entry *entry =
            types_find(types, hash, TEXT("m"), key);
        bool is_text = value.at[0] == '"';
        bool is_int = value.at[value.len - 1] == 'i';
        enum value_type type = is_text  ? VALUE_STRING
                               : is_int ? VALUE_INT
                                        : VALUE_FLOAT;
        if (!entry)
            fail_msg("%.*s is in the journal, and nothing is known of it",
                     TEXT_ARG(key));
        if (entry->rule.type != type)
            fail_msg("%.*s is in the journal with another type than known",
                     TEXT_ARG(key));
    }
}

static void check_journal(struct bench *bench)
{
    struct survey survey = {0};
    struct error err;
    if (!survey_open(&survey, &bench->disk->fs, "/d/journal/influx", &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < survey.list.count; i++) {
        assert_int_equal(survey_read(&survey, i, &err), SURVEY_READ);
        for (size_t k = 0; k < survey.scan.frame_count; k++)
            check_lines(bench, survey.scan.frames[k].lines);
    }
    survey_close(&survey);
}

/* A few requests, values of any type; false: the disk is gone. */
static bool tell_story(struct bench *bench, bool is_counted)
{
    static const char *const values[] = {"1i", "1", "0.5", "\"x\""};
    for (int i = 0; i < 12 && !bench->disk->is_off; i++) {
        char lines[200] = "";
        size_t len = 0;
        for (int k = 0; k < 3; k++)
            len += (size_t)snprintf(
                lines + len, sizeof lines - len, "m f%u=%s %d\n",
                (unsigned)memory_disk_random(bench->disk, 6),
                values[memory_disk_random(bench->disk, 4)], 10 * i + k);
        if (post(bench, "/w", lines) && memory_disk_random(bench->disk, 2))
            journal_commit(bench->journal, NULL);
    }
    return is_counted || !bench->disk->is_off;
}

static void wherever_the_power_fails_no_point_lacks_its_type(void **state)
{
    (void)state;
    const char *said = getenv("CONTRACT_SEEDS");
    int seeds = said ? atoi(said) : SEEDS;
    unsigned cuts = 0;
    for (int seed = 1; seed <= seeds; seed++) {
        struct bench bench;
        init_bench(&bench, (uint64_t)seed);
        log_set_level(LOG_ERROR + 1);
        assert_true(open_bench(&bench));
        bench.disk->off_at = bench.disk->op_count + 1
                             + (unsigned)memory_disk_random(bench.disk, 60);
        cuts += !tell_story(&bench, false);
        close_bench(&bench);
        memory_disk_cut_power(bench.disk);
        assert_true(open_bench(&bench));
        check_journal(&bench);
        tell_story(&bench, true);
        journal_commit(bench.journal, NULL);
        check_journal(&bench);
        deinit_bench(&bench);
    }
    assert_true(cuts > (unsigned)seeds / 4);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_learnt_is_written_and_holds),
        TEST(it_survives_a_restart),
        TEST(a_request_of_misfits_alone_is_safe_too),
        TEST(each_output_has_its_own),
        TEST(who_tries_sees_what_would_not_be_taken),
        TEST(a_line_that_fails_the_request_leaves_no_letter),
        TEST(what_is_written_down_stands_over_it),
        TEST(without_learn_the_file_does_not_count),
        TEST(what_a_person_wrote_counts),
        TEST(bad_lines_are_told_and_skipped),
        TEST(many_bad_lines_do_not_fill_the_log),
        TEST(a_file_that_cannot_be_read_is_told),
        TEST(who_relies_on_it_fails_with_it_and_tries_again),
        TEST(what_is_kept_is_not_written_again),
        cmocka_unit_test(wherever_the_power_fails_no_point_lacks_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
