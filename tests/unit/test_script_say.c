/* What a script prints: to the log, not too much of it, and no secret. */
#include "script_unit.h"

#include "clock.h"
#include "patient.h"
#include "said.h"

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)); text++)
        count++;
    return count;
}

static void a_line_has_place_and_request(void **state)
{
    (void)state;
    struct bench bench;
    struct said said;
    assert_true(bench_load(&bench, "return function(req)\n"
                                   "  print('a', 1, nil, { b = true })\n"
                                   "  log.warn('careful')\n"
                                   "end"));
    said_begin(&said);
    assert_true(bench_run(&bench, "{}"));
    const char *log = said_end(&said);
    assert_non_null(strstr(log, " info script: t.lua:2: a 1 nil {\"b\":true}"
                                " (request 0123456789abcdef)\n"));
    assert_non_null(strstr(log, " warn script: t.lua:3: careful (request "));
    bench_free(&bench);
}

static void a_line_while_the_file_loads_has_no_request(void **state)
{
    (void)state;
    struct bench bench;
    struct said said;
    said_begin(&said);
    bool loaded = bench_load(&bench, "print('loading')\nreturn print");
    const char *log = said_end(&said);
    assert_true(loaded);
    assert_non_null(strstr(log, "t.lua:1: loading (request none)\n"));
    bench_free(&bench);
}

/* Fifty at once, then ten a second; so a loop does not fill a disk, and what is
 * left out is told by the next line that is said. */
static void a_print_in_a_loop_is_bounded(void **state)
{
    (void)state;
    struct bench bench;
    struct said said;
    assert_true(bench_load(&bench, "return function(req)\n"
                                   "  for i = 1, 5000 do print('again') end\n"
                                   "end"));
    said_begin(&said);
    for (int i = 0; i < 20; i++)
        assert_true(bench_run(&bench, "{}"));
    const char *log = said_end(&said);
    assert_in_range(count_of(log, "again"), 50, 99);
    bench_free(&bench);
}

static void what_was_left_out_is_told_later(void **state)
{
    (void)state;
    struct bench bench;
    struct said said;
    assert_true(bench_load(&bench, "return function(req)\n"
                                   "  print('again')\n"
                                   "end"));
    const char *log = "";
    int64_t end_ns = patient_ns() + 60 * NS_PER_S;
    while (!strstr(log, " lines before it left out)")) {
        assert_true(patient_ns() < end_ns);
        said_begin(&said);
        for (int i = 0; i < 60; i++)
            bench_run(&bench, "{}");
        log = said_end(&said);
    }
    bench_free(&bench);
}

static void secrets_are_blanked(void **state)
{
    (void)state;
    struct bench bench;
    struct said said;
    assert_true(bench_load(&bench, "return function(req)\n"
                                   "  print(req.headers)\n"
                                   "  print('x', ('y'):rep(1019)"
                                   " .. 'hush-token')\n"
                                   "end"));
    pairs_add(&bench.request.headers, &bench.request.arena,
              TEXT("Authorization"), TEXT("Bearer hush-token"));
    said_begin(&said);
    assert_true(bench_run(&bench, "{}"));
    const char *log = said_end(&said);
    assert_non_null(strstr(log, "{\"authorization\":\"***\"}"));
    assert_null(strstr(log, "hush"));
    assert_non_null(strstr(log, "yyy**"));
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_place_and_request),
        cmocka_unit_test(a_line_while_the_file_loads_has_no_request),
        cmocka_unit_test(a_print_in_a_loop_is_bounded),
        cmocka_unit_test(what_was_left_out_is_told_later),
        cmocka_unit_test(secrets_are_blanked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
