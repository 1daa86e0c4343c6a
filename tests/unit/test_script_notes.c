/* What a mapping left behind: the notes that `try` shows, and what scripts
 * print. */
#include "script_unit.h"

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

static void load_asking(struct bench *bench, const char *text)
{
    if (!bench_load(bench, text))
        fail_msg("%s", bench->err.text);
    bench_ask_for_notes(bench);
}

/* Runs the body of a function and expects these notes of one kind. */
static void expect_notes(const char *body, enum note_kind kind,
                         const char *notes)
{
    struct bench bench;
    char text[1000];
    snprintf(text, sizeof text, FUNCTION("%s"), body);
    load_asking(&bench, text);
    struct pair pairs[] = {{TEXT("lightning"), TEXT("--")},
                           {TEXT("wind"), TEXT("off-scale")}};
    bench.request.query = (struct pairs){pairs, 1, 1};
    bench.request.form = (struct pairs){pairs + 1, 1, 1};
    if (!bench_run(&bench, ""))
        fail_msg("%s", bench.err.text);
    assert_string_equal(buf_string(&bench.notes.lines[kind]), notes);
    bench_free(&bench);
}

static void what_was_no_number_is_noted_with_its_name(void **state)
{
    (void)state;
    expect_notes("number(req.query.lightning)", NOTE_NIL,
                 "t.lua:2: number(\"--\") is nil (lightning)\n");
    expect_notes("\nint(req.form.wind)", NOTE_NIL,
                 "t.lua:3: int(\"off-scale\") is nil (wind)\n");
    expect_notes("uint('') bool('x') round('y')", NOTE_NIL,
                 "t.lua:2: uint(\"\") is nil\n"
                 "t.lua:2: bool(\"x\") is nil\n"
                 "t.lua:2: round(\"y\") is nil\n");
    expect_notes("number({}) number(true) number(json.null)", NOTE_NIL,
                 "t.lua:2: number(a table) is nil\n"
                 "t.lua:2: number(a boolean) is nil\n"
                 "t.lua:2: number(null) is nil\n");
    expect_notes("number(nil) number(5) numbers({ a = 'x' })", NOTE_NIL, "");
    expect_notes("try(error, 'x', 0)", NOTE_NIL, "t.lua:2: try: x\n");
}

static void values_left_out_are_noted(void **state)
{
    (void)state;
    expect_notes("return point('m', { device = '' }, { x = 1, t = 0/0 })",
                 NOTE_LEFT_OUT, "tag device \"\"\nfield t NaN\n");
    expect_notes("return point('m', { d = json.null }, { x = json.null })",
                 NOTE_LEFT_OUT, "tag d \"\"\nfield x null\n");
}

static void doubtful_values_are_warned_of(void **state)
{
    (void)state;
    expect_notes("return point('m', nil, { temp = '59.7' })", NOTE_WARNING,
                 "field temp=\"59.7\" is text\n");
    expect_notes("return point('m', nil, { temp = 'warm', v = '1.2.3' })",
                 NOTE_WARNING, "");
    expect_notes("return point('m', { temperature = 20.62 }, { x = 1 })",
                 NOTE_WARNING, "tag temperature=20.62 looks like a value\n");
    expect_notes("return point('m', { t = '20.62' }, { x = 1 })", NOTE_WARNING,
                 "tag t=20.62 looks like a value\n");
    expect_notes("return point('m', { port = 7, ip = '10.0.0.1' }, { x = 1 })",
                 NOTE_WARNING, "");
}

static void bytes_that_are_no_utf8_are_warned_of(void **state)
{
    (void)state;
    expect_notes("return point('m', { a = 'Br\\xfccke', b = 'Brücke' },"
                 " { x = 1, y = '\\xdf', z = 'ß\\n' })",
                 NOTE_WARNING,
                 "tag a was no UTF-8, U+FFFD stands there: which charset is it?"
                 " (the route's content_type can say so)\n"
                 "field y was no UTF-8, U+FFFD stands there: which charset is"
                 " it? (the route's content_type can say so)\n");
}

static void an_implausible_time_is_warned_of(void **state)
{
    (void)state;
    expect_notes("return point('m', nil, { x = 1 }, 1710408847)", NOTE_WARNING,
                 "time 1710408847 is 1970-01-01: seconds? use time.s\n");
    expect_notes("return point('m', nil, { x = 1 }, 1710408847123)",
                 NOTE_WARNING,
                 "time 1710408847123 is 1970-01-01:"
                 " milliseconds? use time.ms, or time.parse, which goes by the"
                 " digits\n");
    expect_notes("return point('m', nil, { x = 1 }, 1710408847123456)",
                 NOTE_WARNING,
                 "time 1710408847123456 is 1970-01-20:"
                 " microseconds? use time.us, or time.parse, which goes by the"
                 " digits\n");
    expect_notes("return point('m', nil, { x = 1 }, 0)", NOTE_WARNING,
                 "time 0 is 1970-01-01\n");
    expect_notes("return point('m', nil, { x = 1 }, req.time)", NOTE_WARNING,
                 "");
}

static void a_forgotten_point_is_warned_of(void **state)
{
    (void)state;
    expect_notes("local a = point('m', nil, { x = 1 })\n"
                 "local b = point('m', nil, { x = 2 })\n"
                 "return b",
                 NOTE_WARNING,
                 "t.lua:2: this point was made but neither returned nor"
                 " emitted\n");
}

static void what_is_printed_is_a_note(void **state)
{
    (void)state;
    expect_notes("print('a', 1, 2.5, nil, true)\nlog.warn({ b = 1, a = {} })\n"
                 "log.error(int(5), json.null and 'x', json.null)\nprint()",
                 NOTE_LOG,
                 "t.lua:2: a 1 2.5 nil true\n"
                 "t.lua:3: {\"a\":{},\"b\":1}\n"
                 "t.lua:4: 5 x null\n"
                 "t.lua:5: \n");
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    struct bench bench;
    load_asking(&bench, FUNCTION("log.info(('x'):rep(5000))"));
    assert_true(bench_run(&bench, ""));
    assert_in_range(bench.notes.lines[NOTE_LOG].len, 500, 1100);
    bench_free(&bench);
}

static void nobody_need_ask(void **state)
{
    (void)state;
    expect_lines(FUNCTION("local p = point('m', { t = 1.5 }, { x = '1' }, 5)\n"
                          "number('--') try(error)\n"
                          "return point('m', { t = '' }, { x = '2' }, 5)"),
                 "", "m x=\"2\" 5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_no_number_is_noted_with_its_name),
        cmocka_unit_test(values_left_out_are_noted),
        cmocka_unit_test(doubtful_values_are_warned_of),
        cmocka_unit_test(bytes_that_are_no_utf8_are_warned_of),
        cmocka_unit_test(an_implausible_time_is_warned_of),
        cmocka_unit_test(a_forgotten_point_is_warned_of),
        cmocka_unit_test(what_is_printed_is_a_note),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(nobody_need_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
