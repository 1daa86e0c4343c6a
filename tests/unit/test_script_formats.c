/* time.*, hex.*, base64.* and url.* as a script sees them. */
#include "script_unit.h"

#define PARSE "return function(req) return point('m', {}, {v = 1}, "
#define END ") end"

static void time_reads_numbers_by_their_shortest_decimal(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *body, *ns;
    } rows[] = {
        {"time.parse(req.json.t)", "{\"t\":1710408847}", "1710408847000000000"},
        {"time.parse(req.json.t)", "{\"t\":1710408847.1}",
         "1710408847100000000"},
        {"time.parse(req.json.t)", "{\"t\":1710408847.123456}",
         "1710408847123456000"},
        {"time.parse(req.json.t)", "{\"t\":1.710408847e9}",
         "1710408847000000000"},
        {"time.parse(req.json.t)", "{\"t\":1710408847123}",
         "1710408847123000000"},
        {"time.parse(req.json.t)", "{\"t\":1710408847123456789}",
         "1710408847123456789"},
        {"time.parse(req.json.t)", "{\"t\":\"1710408847.5\"}",
         "1710408847500000000"},
        {"time.parse(req.json.t)", "{\"t\":\"2024-03-14T09:34:07Z\"}",
         "1710408847000000000"},
        {"time.parse(req.json.t, 'Europe/Berlin')",
         "{\"t\":\"2024-03-14 10:34:07\"}", "1710408847000000000"},
        {"time.parse(req.json.t, nil)", "{\"t\":\"2024-03-14 09:34:07\"}",
         "1710408847000000000"},
        {"time.strptime(req.json.t, '%d.%m.%Y %H:%M')",
         "{\"t\":\"14.03.2024 09:34\"}", "1710408840000000000"},
        {"time.strptime(req.json.t, '%d.%m.%Y %H:%M', '+01:00')",
         "{\"t\":\"14.03.2024 10:34\"}", "1710408840000000000"},
        {"time.s(req.json.t)", "{\"t\":1.25}", "1250000000"},
        {"time.ms(req.json.t)", "{\"t\":\"1710408847123.5\"}",
         "1710408847123500000"},
        {"time.us(req.json.t)", "{\"t\":1}", "1000"},
        /* a key that is missing: the receipt time */
        {"time.parse(req.json.x)", "{}", "1767323045000000000"},
        {"time.strptime(req.json.x, '%F')", "{}", "1767323045000000000"},
        {"time.parse(req.json.x, '+01:00')", "{}", "1767323045000000000"},
        {"time.s(req.json.x)", "{}", "1767323045000000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char script[200], line[100];
        struct bench bench;
        snprintf(script, sizeof script, PARSE "%s" END, rows[i].expression);
        snprintf(line, sizeof line, "m v=1 %s\n", rows[i].ns);
        if (!bench_load(&bench, script) || !bench_run(&bench, rows[i].body))
            fail_msg("%s: %s", rows[i].expression, bench.err.text);
        assert_string_equal(buf_string(&bench.lines), line);
        bench_free(&bench);
    }
}

static void a_time_that_cannot_be_read_raises_at_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *message;
    } rows[] = {
        {"time.parse('--')",
         "t.lua:1: time.parse: cannot read \"--\" as a time"},
        {"time.parse('')", "t.lua:1: time.parse: cannot read \"\" as a time"},
        {"time.parse(12345)", "time.parse: cannot read \"12345\""},
        {"time.parse(0)", "time.parse: cannot read \"0\""},
        {"time.parse('2026-01-02 03:04', 'Mars/Base')", "\"Mars/Base\""},
        {"time.parse(0/0)", "not finite"},
        {"time.parse(1/0)", "not finite"},
        {"time.parse({})", "number or text expected"},
        {"time.parse(true)", "number or text expected"},
        {"time.parse(json.null)", "number or text expected"},
        {"time.parse()", "value expected"},
        {"time.strptime('x', '%Q')", "t.lua:1: time.strptime: no directive %Q"},
        {"time.strptime('x', '%F')", "does not follow \"%F\""},
        {"time.s('x')", "t.lua:1: time.s: cannot read \"x\""},
        {"time.ms('')", "t.lua:1: time.ms: cannot read \"\""},
        {"time.us(1e300)", "t.lua:1: time.us: cannot read \"1e300\""},
        {"time.s(9223372037)", "time.parse goes by the digits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char script[200];
        struct bench bench;
        snprintf(script, sizeof script, PARSE "%s" END, rows[i].expression);
        assert_true(bench_load(&bench, script));
        if (bench_run(&bench, "{}"))
            fail_msg("%s was read", rows[i].expression);
        assert_int_equal(bench.err.kind, ERR_SCRIPT);
        if (!strstr(bench.err.text, rows[i].message))
            fail_msg("%s: %s", rows[i].expression, bench.err.text);
        bench_free(&bench);
    }
}

static void codecs_turn_text_into_bytes_and_back(void **state)
{
    (void)state;
    expect_result("hex.decode(req.json.x)", "{\"x\":\"4d6F6f6e\"}", "\"Moon\"");
    expect_result("hex.encode('Moon')", "{}", "\"4d6f6f6e\"");
    expect_result("#hex.decode('')", "{}", "0");
    expect_result("base64.decode(req.json.x)", "{\"x\":\"TW9vbg\"}",
                  "\"Moon\"");
    expect_result("base64.encode('Moon')", "{}", "\"TW9vbg==\"");
    expect_result("string.unpack('>i2', base64.decode('gkHe'))", "{}",
                  "-32191");
    expect_result("url.encode('a b+c')", "{}", "\"a%20b%2Bc\"");
    expect_result("url.decode('a%20b+c%zz')", "{}", "\"a b+c%zz\"");
    expect_result("url.query('a=1&b=x+y&a=2&c&&=e').a", "{}", "\"2\"");
    expect_result("url.query('?a=1&b=x+y%26').b", "{}", "\"x y&\"");
    expect_result("url.query('a=1&c&d').c", "{}", "\"\"");
    expect_result("url.query('a=b=c').a", "{}", "\"b=c\"");
    expect_result("url.query('=e')['']", "{}", "\"e\"");
    expect_result("next(url.query(''))", "{}", "null");
    expect_result("#hex.encode(string.rep('x', 100000))", "{}", "200000");
    expect_result("base64.decode(base64.encode(string.rep('x', 100000)))"
                  " == string.rep('x', 100000)",
                  "{}", "true");
    expect_result("#url.query('a=' .. string.rep('%41', 10000)).a", "{}",
                  "10000");
}

static void bytes_that_cannot_be_decoded_are_the_senders_fault(void **state)
{
    (void)state;
    expect_failure("return function(req) hex.decode(req.json.x) end",
                   "{\"x\":\"4x\"}", ERR_BAD_REQUEST,
                   "byte 1 (0x78) is not a hex digit");
    expect_failure("return function(req) base64.decode(req.json.x) end",
                   "{\"x\":\"Zm9v*\"}", ERR_BAD_REQUEST,
                   "byte 4 (0x2a) is not base64 there");
}

static void what_is_no_text_is_the_scripts_error(void **state)
{
    (void)state;
    static const char *const calls[] = {
        "hex.decode()",    "hex.encode(nil)", "base64.decode({})",
        "url.query(true)", "url.decode(nil)", "time.strptime(1)"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char script[200];
        struct bench bench;
        snprintf(script, sizeof script, "return function(req) %s end",
                 calls[i]);
        assert_true(bench_load(&bench, script));
        assert_false(bench_run(&bench, "{}"));
        assert_int_equal(bench.err.kind, ERR_SCRIPT);
        assert_non_null(strstr(bench.err.text, "t.lua:1: bad argument"));
        bench_free(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_reads_numbers_by_their_shortest_decimal),
        cmocka_unit_test(a_time_that_cannot_be_read_raises_at_its_line),
        cmocka_unit_test(codecs_turn_text_into_bytes_and_back),
        cmocka_unit_test(bytes_that_cannot_be_decoded_are_the_senders_fault),
        cmocka_unit_test(what_is_no_text_is_the_scripts_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
