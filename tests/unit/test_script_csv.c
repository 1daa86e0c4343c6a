/* csv.rows, csv.records and req.csv as scripts see them. */
#include "script_unit.h"

#include <stdlib.h>

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

static void expect_script_error(const char *body, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, FUNCTION("%s"), body);
    expect_failure(text, "", ERR_SCRIPT, message);
}

static void rows_are_lists_of_texts(void **state)
{
    (void)state;
    expect_result("csv.rows('a,b\\n1,2\\n')", "",
                  "[[\"a\",\"b\"],[\"1\",\"2\"]]");
    expect_result("csv.rows('a;\"b\"\"\\nc\"\\r\\n1;2,5')", "",
                  "[[\"a\",\"b\\\"\\nc\"],[\"1\",\"2,5\"]]");
    expect_result("csv.rows('a\\n\\nb\\n')", "", "[[\"a\"],[\"b\"]]");
    expect_result("#csv.rows('')", "", "0");
    expect_result("csv.rows('\\xef\\xbb\\xbfx,')", "", "[[\"x\",\"\"]]");
    expect_result("csv.rows(req.body)", "1,,3", "[[\"1\",\"\",\"3\"]]");
}

static void records_are_tables_by_name(void **state)
{
    (void)state;
    expect_result("csv.records('a,b\\n1,2\\n3,4')", "",
                  "[{\"a\":\"1\",\"b\":\"2\"},{\"a\":\"3\",\"b\":\"4\"}]");
    expect_result("#csv.records('')", "", "0");
    expect_result("#csv.records('a,b\\n')", "", "0");
    /* a column without a name is found by number, a name that comes twice has
     * the last */
    expect_result("csv.records('a,\\n1,2')[1][2]", "", "\"2\"");
    expect_result("csv.records('a,a\\n1,2')", "", "[{\"a\":\"2\"}]");
}

static void options_say_what_cannot_be_seen(void **state)
{
    (void)state;
    expect_result("csv.rows('a,b;c', { separator = ',' })", "",
                  "[[\"a\",\"b;c\"]]");
    expect_result("csv.rows('made by \"X\\n1;2', { skip = 1 })", "",
                  "[[\"1\",\"2\"]]");
    expect_result("#csv.rows('a\\nb', { skip = 7 })", "", "0");
    expect_result("csv.records('TOA5,x\\nt,v\\n1,2', { skip = 1 })", "",
                  "[{\"t\":\"1\",\"v\":\"2\"}]");
    expect_result("csv.records('1 2\\n', { header = { 'a', 'b' },"
                  " separator = ' ' })",
                  "", "[{\"a\":\"1\",\"b\":\"2\"}]");
    expect_result("csv.records('1,2', { header = {} })", "", "[[\"1\",\"2\"]]");
}

static void wrong_options_are_the_scripts_fault(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"csv.rows('', { sep = ';' })",
         "'rows' (the options are separator and skip)"},
        {"csv.rows('', { header = {} })",
         "'rows' (the options are separator and skip)"},
        {"csv.records('', { 1 })",
         "'records' (the options are separator, skip and header)"},
        {"csv.rows('', { separator = '::' })",
         "'rows' (separator is one byte, and no quote or line end)"},
        {"csv.rows('', { separator = '\"' })",
         "'rows' (separator is one byte, and no quote or line end)"},
        {"csv.rows('', { separator = '' })",
         "'rows' (separator is one byte, and no quote or line end)"},
        {"csv.rows('', { skip = -1 })", "'rows' (skip is a number of lines)"},
        {"csv.rows('', { skip = 'x' })", "'rows' (skip is a number of lines)"},
        {"csv.records('', { header = true })",
         "'records' (header is a list of names)"},
        {"csv.records('', { header = { 'a', {} } })",
         "'records' (header is a list of names)"},
        {"csv.rows('', ',')", "'rows' (table expected, got string)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[200];
        snprintf(message, sizeof message, "t.lua:2: bad argument #2 to %s",
                 cases[i][1]);
        expect_script_error(cases[i][0], message);
    }
    expect_script_error("csv.rows(nil)",
                        "t.lua:2: bad argument #1 to 'rows' (string expected,"
                        " got nil)");
}

static void a_bad_quote_is_the_senders_fault(void **state)
{
    (void)state;
    static const char *const calls[] = {"csv.rows(req.text)",
                                        "csv.records(req.text)", "req.csv",
                                        "csv.rows(req.text, { skip = 1 })"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char text[200];
        snprintf(text, sizeof text, FUNCTION("local x = %s"), calls[i]);
        expect_failure(
            text, "a,b\n1,5\" pipe\n", ERR_BAD_REQUEST,
            "bad CSV at line 2, column 4: a quote within a field that does not"
            " begin with one");
    }
    expect_result(
        "select(2, try(csv.rows, '\"'))", "",
        "\"bad CSV at line 1, column 1: a quote that is never closed\"");
}

/* body is a row of count fields. */
static bool run_row(struct bench *bench, int count)
{
    char *body = malloc((size_t)count);
    memset(body, ',', (size_t)count);
    assert_true(bench_load(bench, FUNCTION("return nil, #req.csv[1] .. ''")));
    bench->limits.memory_bytes = 64 << 20;
    bench_run_text(bench, (struct text){body, (size_t)count - 1});
    free(body);
    return bench->err.kind == ERR_REFUSED;
}

static void fields_are_bounded(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(run_row(&bench, LIMIT_CSV_FIELDS));
    assert_string_equal(bench.err.text, "250000");
    bench_free(&bench);
    assert_false(run_row(&bench, LIMIT_CSV_FIELDS + 1));
    assert_string_equal(bench.err.text, "more than 250000 fields, the limit");
    assert_int_equal(bench.err.kind, ERR_BAD_REQUEST);
    bench_free(&bench);
}

static void expect_csv(const char *type, const char *body, const char *value)
{
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)"
                                   " return nil, json.encode(req.csv) end"));
    bench.request.media_type = text_of(type);
    bench_run(&bench, body);
    assert_string_equal(bench.err.text, value);
    bench_free(&bench);
}

static void csv_is_known_by_type_or_by_looks(void **state)
{
    (void)state;
    expect_csv("text/csv", "one", "[[\"one\"]]");
    expect_csv("text/tab-separated-values", "a\tb,c", "[[\"a\",\"b,c\"]]");
    expect_csv("text/csv", "{\"a\",b",
               "bad CSV at line 1, column 2: a quote within a"
               " field that does not begin with one");
    expect_csv("", "a;b", "[[\"a\",\"b\"]]");
    expect_csv("text/plain", "a|1,5\n", "[[\"a\",\"1,5\"]]");
    expect_csv("text/plain", "no such thing", "null");
    expect_csv("", "{\"a\":1,\"b\":2}", "null");
    expect_csv("application/json", "1,2", "null");
    expect_csv("text/csv", "", "null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_lists_of_texts),
        cmocka_unit_test(records_are_tables_by_name),
        cmocka_unit_test(options_say_what_cannot_be_seen),
        cmocka_unit_test(wrong_options_are_the_scripts_fault),
        cmocka_unit_test(a_bad_quote_is_the_senders_fault),
        cmocka_unit_test(fields_are_bounded),
        cmocka_unit_test(csv_is_known_by_type_or_by_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
