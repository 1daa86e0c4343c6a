/* What each function says to whoever calls it wrongly: one sentence with the
 * place, in the script's own words. */
#include "script_unit.h"

struct wrong {
    const char *call;
    const char *message; /* behind "t.lua:2: " */
};

/* Each call stands on line 2 of a script whose request is a small JSON. */
static void expect_each(const struct wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[600], message[600];
        struct bench bench;
        snprintf(text, sizeof text, "return function(req)\n%s\nend",
                 cases[i].call);
        snprintf(message, sizeof message, "t.lua:2: %s", cases[i].message);
        if (!bench_load(&bench, text))
            fail_msg("%s: %s", cases[i].call, bench.err.text);
        if (bench_run(&bench, "{\"a\":[1,{\"b\":null}]}"))
            fail_msg("%s went well", cases[i].call);
        if (!strstr(bench.err.text, message))
            fail_msg("%s: %s, not %s", cases[i].call, bench.err.text, message);
        assert_int_equal(bench.err.kind, ERR_SCRIPT);
        assert_true(strlen(bench.err.text) < 200);
        assert_null(strchr(bench.err.text, '\n'));
        assert_non_null(strstr(buf_string(&bench.traceback), "stack"));
        bench_free(&bench);
    }
}

#define EXPECT(cases) expect_each(cases, sizeof cases / sizeof *cases)

static void of_points(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"point()", "measurement is nil, not text"},
        {"point(1)", "measurement is a number, not text"},
        {"point('m')", "fields is nil, not a table"},
        {"point('m', 'site')", "tags is text, not a table"},
        {"point('m', {}, 21)", "fields is a number, not a table"},
        {"point('m', {}, {x = 1}, 1, 2)",
         "point takes measurement, tags, fields, time; 5 given"},
        {"point('', {}, {x = 1})", "a measurement has no name"},
        {"point('#m', {}, {x = 1})", "measurement \"#m\" begins with '#'"},
        {"point('m', {[1] = 'x'}, {x = 1})",
         "a tag's name is a number, not text"},
        {"point('m', {t = {}}, {x = 1})", "tag t is a table"},
        {"point('m', {t = print}, {x = 1})", "tag t is a function"},
        {"point('m', {}, {x = {}})",
         "field x is a table: take a value of it, or flatten it"},
        {"point('m', {}, {x = point('n', {}, {y = 1})})", "field x is a point"},
        {"point('m', {}, {[true] = 1})",
         "a field's name is a boolean, not text"},
        {"point('m', {}, {time = 1})",
         "field \"time\" is a name that InfluxDB keeps"},
        {"point('m', {}, {x = 1}, 'now')",
         "time is text: use time.parse, time.s, time.ms"},
        {"point('m', {}, {x = 1}, 1.5)",
         "time is 1.5, not whole nanoseconds: use time.s"},
        {"point{ measurement = 'm', fields = {x = 1}, tag = {} }",
         "point{} has no tag (did you mean tags?)"},
        {"point{ measurement = 'm', fields = {x = 1}, output = 'nowhere' }",
         "there is no output nowhere"},
        {"point{ measurement = 'm', fields = {x = 1}, output = {} }",
         "output is an empty list"},
        {"emit()", "measurement is nil, not text"},
        {"emit({})", "measurement is nil, not text"},
    };
    EXPECT(cases);
}

static void of_values(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"int(1.5)", "int(1.5): has a fraction; use round()"},
        {"int('1.5')", "int(1.5): has a fraction; use round()"},
        {"int(1e30)", "int(1e+30): does not fit"},
        {"int('99999999999999999999')",
         "int(99999999999999999999): does not fit"},
        {"uint(-1)", "uint(-1): is negative"},
        {"uint('-1')", "uint(-1): is negative"},
        {"uint('18446744073709551616')",
         "uint(18446744073709551616): does not fit"},
        {"int(1/0)", "int(inf): does not fit"},
        {"uint(int(-3))", "uint(-3): does not fit"},
        {"int(uint('18446744073709551615'))",
         "int(18446744073709551615): does not fit"},
        {"number('1', ';')",
         "bad argument #2 to 'number' (\",\" or \".\" expected)"},
        {"round(1, 99)",
         "bad argument #2 to 'round' (between -15 and 15 expected)"},
        {"round(1, 'x')", "bad argument #2 to 'round'"},
        {"numbers(1)", "bad argument #1 to 'numbers' (table expected, got"},
    };
    EXPECT(cases);
}

static void of_tables(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"get({})", "bad argument #2 to 'get' (value expected)"},
        {"each({1}, 'f')", "bad argument #2 to 'each' (function expected"},
        {"flatten(1)", "bad argument #1 to 'flatten' (table expected"},
        {"flatten({[true] = 1})", "flatten: a key is a boolean"},
        {"local t = {} t.t = t flatten(t)", "flatten: nested deeper than 64"},
        {"merge({}, 1)", "bad argument #2 to 'merge' (table expected"},
        {"all('x', 'y')", "bad argument #1 to 'all' (table expected"},
        {"table.concat({{}})", "invalid value (table) at index 1 in table for"},
        {"table.unpack({}, 1, 1e8)", "table.unpack: more than 100000 elements"},
        {"table.move({}, 1, 1e9, 2)", "table.move: more than 100000 elements"},
        {"string.rep('x', 1e9)", "string.rep: more than 1048576 bytes"},
    };
    EXPECT(cases);
}

static void of_what_is_said(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"reply()", "bad argument #1 to 'reply' (number expected"},
        {"reply(404)", "reply(404): 200 to 299 only; to refuse, return nil"},
        {"reply(200, print)", "bad argument #2 to 'reply' (string expected"},
        {"reply(200, 'x', 'a\\nb')", "reply: the type has a control byte"},
        {"reply(200, {print})", "JSON has no value that is a function"},
        {"print({print})", "JSON has no value that is a function"},
        {"log.warn({[{}] = 1})", "JSON has no name that is a table"},
        {"log.loud('x')", "there is no log.loud"},
        {"json.decod('{}')", "there is no json.decod (did you mean decode?)"},
        {"local x = math.sqr", "there is no math.sqr (did you mean sqrt?)"},
        {"local x = time[{}]", "time has no entry that is a table"},
        {"keep({print})", "JSON has no value that is a function"},
        {"store.get('x')", "there is no store here"},
    };
    EXPECT(cases);
}

static void of_times(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"time.parse()", "bad argument #1 to 'parse' (value expected)"},
        {"time.parse({})", "bad argument #1 to 'parse' (number or text"},
        {"time.parse('soon')", "time.parse: cannot read \"soon\" as a time"},
        {"time.parse('2026-02-30')", "that month has no such day"},
        {"time.parse(12345)", "an epoch has 10 (s), 13 (ms), 16 (us)"},
        {"time.parse('2026-01-02 03:04', 'Mars/Base')",
         "there is no time zone \"Mars/Base\""},
        {"time.parse(1/0)", "bad argument #1 to 'parse' (it is not finite)"},
        {"time.s('x')", "time.s: cannot read \"x\" as a time"},
        {"time.ms(1e300)", "only 1678 to 2261 can be stored"},
        {"time.strptime('1', '%Q')", "no directive %Q in a time format"},
        {"time.strptime('12:00', '%H:%M')", "the format leaves the date open"},
        {"time.strptime('x', '%Y')", "it does not follow \"%Y\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[600];
        struct bench bench;
        snprintf(text, sizeof text, "return function(req)\n%s\nend",
                 cases[i].call);
        assert_true(bench_load(&bench, text));
        assert_false(bench_run(&bench, ""));
        if (!strstr(bench.err.text, cases[i].message)
            || strncmp(bench.err.text, "t.lua:2: ", 9) != 0)
            fail_msg("%s: %s, not %s", cases[i].call, bench.err.text,
                     cases[i].message);
        bench_free(&bench);
    }
}

/* The sender's bytes are the sender's business, wherever they are read. */
static void of_decoders_go_to_the_sender(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"json.decode('{\"a\":}')", "bad JSON at offset 5, line 1, column 6"},
        {"json.decode('')", "bad JSON at offset 0, line 1, column 1"},
        {"hex.decode('abc')", "3 hex digits: their number must be even"},
        {"hex.decode('zz')", "byte 0 (0x7a) is not a hex digit"},
        {"base64.decode('a')", "base64 ends early"},
        {"base64.decode('?')", "byte 0 (0x3f) is not base64 there"},
        {"local _ = req.json", "bad JSON at offset 5, line 1, column 6"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[600];
        struct bench bench;
        snprintf(text, sizeof text, "return function(req)\n%s\nend",
                 cases[i].call);
        assert_true(bench_load(&bench, text));
        assert_false(bench_run(&bench, "{\"a\":}"));
        if (bench.err.kind != ERR_BAD_REQUEST
            || !strstr(bench.err.text, cases[i].message))
            fail_msg("%s: %d, %s", cases[i].call, bench.err.kind,
                     bench.err.text);
        bench_free(&bench);
    }
}

/* The same calls, caught: the script goes on with the reason in hand. */
static void what_is_caught_is_text_and_harms_nothing(void **state)
{
    (void)state;
    expect_lines("return function(req)\n"
                 "  local calls = {\n"
                 "    function() point() end,\n"
                 "    function() point('m', {t = {}}, {x = 1}) end,\n"
                 "    function() int(1.5) end,\n"
                 "    function() flatten({[true] = 1}) end,\n"
                 "    function() time.parse('soon') end,\n"
                 "    function() json.decode('{') end,\n"
                 "    function() hex.decode('z') end,\n"
                 "    function() reply(404) end,\n"
                 "    function() error({}) end,\n"
                 "  }\n"
                 "  local texts = 0\n"
                 "  for i = 1, #calls do\n"
                 "    local ok, why = pcall(calls[i])\n"
                 "    assert(not ok)\n"
                 "    local none, reason = try(calls[i])\n"
                 "    assert(none == nil)\n"
                 "    if type(why) == 'string' and why == reason then\n"
                 "      texts = texts + 1\n"
                 "    end\n"
                 "  end\n"
                 "  return point('m', nil, { texts = texts })\n"
                 "end",
                 "", "m texts=8\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_points),
        cmocka_unit_test(of_values),
        cmocka_unit_test(of_tables),
        cmocka_unit_test(of_what_is_said),
        cmocka_unit_test(of_times),
        cmocka_unit_test(of_decoders_go_to_the_sender),
        cmocka_unit_test(what_is_caught_is_text_and_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
