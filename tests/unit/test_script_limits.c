/* What uses too much time or memory is ended, and the next request finds
 * everything as it should be. */
#include "script_unit.h"

#include <stdlib.h>

#include "clock.h"
#include "stats.h"

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

/* Each is ended, and the next request of the same state is unharmed. */
static void expect_ended(const char *loop, unsigned limit_ms,
                         const char *message)
{
    struct bench bench;
    char text[1000];
    snprintf(text, sizeof text,
             FUNCTION("if req.text == 'go' then\n%s\nend\n"
                      "return point('m', nil, { x = 1 })"),
             loop);
    if (!bench_load(&bench, text))
        fail_msg("%s", bench.err.text);
    bench.route.limits.time_ns = limit_ms * UINT64_C(1000000);
    atomic_uint_least64_t *counter = strstr(message, "memory")
                                         ? &stats.script_out_of_memory
                                         : &stats.script_timeouts;
    uint64_t before = stats_get(counter);
    for (int i = 0; i < 2; i++) {
        assert_false(bench_run(&bench, "go"));
        assert_int_equal(bench.err.kind, ERR_SCRIPT);
        if (!strstr(bench.err.text, message))
            fail_msg("%s, not %s", bench.err.text, message);
        if (!bench_run(&bench, "") || bench.lines.len == 0)
            fail_msg("the next request: %s", bench.err.text);
    }
    assert_int_equal(stats_get(counter) - before,
                     strstr(message, "limit of") ? 2 : 0);
    bench_free(&bench);
}

static void an_endless_loop_ends(void **state)
{
    (void)state;
    static const char why[] = "t.lua:3: time limit of 10 ms reached";
    expect_ended("while true do end", 10, why);
    expect_ended("while true do pcall(function() while true do end end) end",
                 10, why);
    expect_ended("while true do try(function() while true do end end) end", 10,
                 why);
    expect_ended("local function f() return f() end f()", 10, why);
    expect_ended("for _ in (function() return 1 end) do end", 10, why);
    expect_ended("table.sort({1,2,3}, function() while true do end end)", 10,
                 why);
    expect_ended("('x'):gsub('x', function() while true do end end)", 10, why);
    expect_ended("each({1}, function() while true do end end)", 10, why);
}

/* The hook fires every 1,000 instructions; these do much in few. */
static void long_work_in_c_ends_too(void **state)
{
    (void)state;
    static const char *const loops[] = {
        "local t = {} for i = 1, 20000 do t[i] = -i end\n"
        "t = json.encode(t) while true do json.decode(t) end",
        "local s = '[' .. ('1,'):rep(90000) .. '1]'\n"
        "while true do json.decode(s) end",
        "local t = json.decode('[' .. ('1,'):rep(90000) .. '1]')\n"
        "while true do flatten(t) end",
        "local t = json.decode('[' .. ('1,'):rep(90000) .. '1]')\n"
        "while true do json.encode(merge(numbers(t))) end",
        "local s = ('a.'):rep(500000) while true do get({}, s) end",
        "local s = ('x'):rep(65536) while true do s:gsub('x', 'y') end",
        "local t = json.decode('[' .. ('1,'):rep(90000) .. '1]')\n"
        "while true do table.sort(t) table.insert(t, 1, 0) end",
    };
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        int64_t from = clock_thread_cpu_ns();
        expect_ended(loops[i], 10, "time limit of 10 ms reached");
        int64_t spent = clock_thread_cpu_ns() - from;
        if (spent > 5 * NS_PER_S)
            fail_msg("%lld ms for %s", (long long)(spent / NS_PER_MS),
                     loops[i]);
    }
}

static void deep_recursion_ends(void **state)
{
    (void)state;
    expect_ended("local function f() return f() + 1 end f()", 5000, "t.lua:");
    expect_ended("local function f() pcall(f) end f() error('out')", 5000,
                 "t.lua:");
}

static void a_large_body_buys_time(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("while true do end")));
    char *body = calloc(1, 500000);
    bench.route.limits.time_ns = 10000000;
    assert_false(bench_run_text(&bench, (struct text){body, 500000}));
    assert_string_equal(bench.err.text, "t.lua:2: time limit of 60 ms reached");
    bench.route.limits.time_ns = 5000000;
    assert_false(bench_run(&bench, ""));
    assert_string_equal(bench.err.text, "t.lua:2: time limit of 5 ms reached");
    free(body);
    bench_free(&bench);
}

static void a_memory_bomb_ends(void **state)
{
    (void)state;
    static const char why[] = "memory limit of 32000000 bytes reached";
    expect_ended("local s = ('x'):rep(1000000) local t = {}\n"
                 "for i = 1, 100 do t[i] = s .. i end",
                 5000, why);
    expect_ended("local s = ('x'):rep(1000000) local t = {}\n"
                 "for i = 1, 100 do pcall(function() t[i] = s .. i end) end",
                 5000, why);
    expect_ended("local s = 'x' while true do s = s .. s end", 5000, why);
}

static void memory_held_by_a_variable_of_the_file_goes_too(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(
        bench_load(&bench, "local kept = {}\n" FUNCTION(
                               "for i = 1, 20 do\n"
                               "kept[#kept + 1] = ('x'):rep(1000000) .. i\n"
                               "end")));
    assert_true(bench_run(&bench, ""));
    assert_true(script_memory_bytes(bench.script) > 20000000);
    assert_false(bench_run(&bench, ""));
    assert_string_equal(bench.err.text,
                        "t.lua: memory limit of 32000000 bytes reached");
    assert_true(script_memory_bytes(bench.script) < 200000);
    assert_true(bench_run(&bench, ""));
    bench_free(&bench);
}

static void what_a_large_request_left_is_collected(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("local t = {}\n"
                                            "for i = 1, 30000 do\n"
                                            "t[i] = { i }\nend")));
    size_t before = script_memory_bytes(bench.script);
    assert_true(bench_run(&bench, ""));
    assert_true(script_memory_bytes(bench.script) < before + 100000);
    bench_free(&bench);
}

static void a_state_needs_a_little_memory(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "return function() end"));
    struct limits limits = LIMITS_DEFAULT;
    struct error err;
    for (size_t bytes = 0; bytes < 60000; bytes += 997) {
        limits.memory_bytes = bytes;
        struct script *script = script_new(&bench.source, &limits, NULL, &err);
        if (!script)
            assert_non_null(strstr(err.text, "memory limit of "));
        script_free(script);
    }
    bench_free(&bench);
}

/* Every cap from too little for the file to enough for the request: the run
 * either succeeds or says what ended it, and the state is whole again. */
static void want_of_memory_at_any_place_is_survived(void **state)
{
    (void)state;
    static const char text[] =
        FUNCTION("local ok, t = pcall(json.decode, req.text)\n"
                 "if not ok then error(t, 0) end\n"
                 "local fields = flatten(t)\n"
                 "for x in each(t.list) do fields['n' .. x] = int(x) end\n"
                 "print(t, req.headers, json.encode(fields))\n"
                 "reply(200, fields)\n"
                 "return { point('m', { a = get(t, 'a.b') }, fields) }");
    static char body[2000] = "{\"a\":{\"b\":\"c\\n\"},\"list\":[0";
    for (int i = 1; i < 110; i++)
        snprintf(body + strlen(body), 8, ",%d", i);
    snprintf(body + strlen(body), 8, "]}");
    struct bench bench;
    assert_true(bench_load(&bench, text));
    bench_ask_for_notes(&bench);
    size_t needed = script_memory_bytes(bench.script), passed = 0, failed = 0;
    for (size_t bytes = needed / 2; bytes < needed * 6; bytes += 211) {
        script_free(bench.script);
        bench.limits.memory_bytes = bytes;
        bench.script = script_new(&bench.source, &bench.limits, NULL, NULL);
        for (int i = 0; bench.script && i < 2; i++) {
            if (bench_run(&bench, body)) {
                passed++;
                continue;
            }
            failed++;
            assert_int_equal(bench.err.kind, ERR_SCRIPT);
            /* Lua says so when its stack finds no room to grow */
            if (!strstr(bench.err.text, "memory limit of ")
                && !strstr(bench.err.text, "stack overflow"))
                fail_msg("at %zu: %s", bytes, bench.err.text);
        }
    }
    if (passed == 0 || failed == 0)
        fail_msg("%zu runs passed, %zu failed, %zu bytes: %s", passed, failed,
                 needed, bench.err.text);
    bench_free(&bench);
}

/* What is left when decoding is taken away is a fraction of the limit, which is
 * a fraction of what decoding takes, on whatever machine. */
static void decoding_what_a_sender_wrote_does_not_count(void **state)
{
    (void)state;
    enum { BODY_BYTES = 99000 }; /* does not buy time yet */
    struct bench bench;
    static char body[BODY_BYTES + 1] = "[{}";
    memset(body + 3, ' ', BODY_BYTES - 3);
    for (size_t i = 3; i + 4 < BODY_BYTES; i += 3)
        memcpy(body + i, ",{}", 3);
    body[BODY_BYTES - 1] = ']';
    assert_true(bench_load(&bench, FUNCTION("for i = 1, 2000 do end\n"
                                            "local list = req.json\n"
                                            "for i = 1, 2000 do end")));
    assert_true(bench_run(&bench, body));
    int64_t from_ns = clock_thread_cpu_ns();
    assert_true(bench_run(&bench, body));
    bench.route.limits.time_ns =
        (uint64_t)(clock_thread_cpu_ns() - from_ns) / 3;
    if (!bench_run(&bench, body))
        fail_msg("%s", bench.err.text);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endless_loop_ends),
        cmocka_unit_test(long_work_in_c_ends_too),
        cmocka_unit_test(deep_recursion_ends),
        cmocka_unit_test(a_large_body_buys_time),
        cmocka_unit_test(decoding_what_a_sender_wrote_does_not_count),
        cmocka_unit_test(a_memory_bomb_ends),
        cmocka_unit_test(memory_held_by_a_variable_of_the_file_goes_too),
        cmocka_unit_test(what_a_large_request_left_is_collected),
        cmocka_unit_test(a_state_needs_a_little_memory),
        cmocka_unit_test(want_of_memory_at_any_place_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
