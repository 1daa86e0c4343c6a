/* What a script can call: points, values, tables, and that the messages name
 * the key and the line. */
#include "script_unit.h"

#include <stdlib.h>

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

static void expect_script_error(const char *body, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, FUNCTION("%s"), body);
    expect_failure(text, "", ERR_SCRIPT, message);
}

static void expect_results(const char *const (*cases)[2], size_t count,
                           const char *body)
{
    for (size_t i = 0; i < count; i++)
        expect_result(cases[i][0], body, cases[i][1]);
}

#define EXPECT_RESULTS(cases, body)                                            \
    expect_results(cases, sizeof cases / sizeof *cases, body)

/* ---- point ---- */

static void every_kind_of_value_is_written(void **state)
{
    (void)state;
    expect_lines(
        FUNCTION("return point('m', nil, {\n"
                 "  a = 21, b = 21.5, c = int(42), d = uint(42),\n"
                 "  e = true, f = false, g = 'text \"q\"',\n"
                 "  h = int('9223372036854775807'),\n"
                 "  i = uint('18446744073709551615'),\n"
                 "  j = json.null, k = 0/0, l = 1/0,\n"
                 "  m = 'two\\nlines' })"),
        "",
        "m a=21,b=21.5,c=42i,d=42u,e=true,f=false,g=\"text \\\"q\\\"\","
        "h=9223372036854775807i,i=18446744073709551615u,"
        "m=\"two\\nlines\"\n");
    expect_lines(FUNCTION("return point('m', { a = 'x', b = 1, c = 1.5,\n"
                          "  d = true, e = '', f = json.null, g = 0/0,\n"
                          "  h = int(7) }, { x = 1 })"),
                 "", "m,a=x,b=1,c=1.5,d=true,h=7 x=1\n");
}

static void a_point_may_be_named_or_in_order(void **state)
{
    (void)state;
    expect_lines(FUNCTION("return point{ measurement = 'm', tags = { a = 1 },"
                          " fields = { x = 1 }, time = 5 }"),
                 "", "m,a=1 x=1 5\n");
    expect_lines(FUNCTION("return point('m', { a = 1 }, { x = 1 }, 5.0)"), "",
                 "m,a=1 x=1 5\n");
    expect_lines(FUNCTION("return point('m', nil, { x = 1 }, nil)"), "",
                 "m x=1\n");
}

static void an_empty_point_is_dropped(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("emit('m', nil, {})\n"
                                            "return { point('m', nil,"
                                            " { x = 0/0 }) }")));
    assert_true(bench_run(&bench, ""));
    assert_int_equal(bench.call.stored_count, 0);
    assert_int_equal(bench.points.empty_count, 2);
    bench_free(&bench);
}

static void a_wrong_point_is_an_error_on_its_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"point()", "measurement is nil, not text"},
        {"point(1, nil, {})", "measurement is a number, not text"},
        {"point('m', {})", "fields is nil, not a table: point(measurement,"
                           " tags, fields [, time])"},
        {"point('m', 'x', {})", "tags is text, not a table: point(measurement,"
                                " tags, fields [, time])"},
        {"point('m', nil, 5)", "fields is a number, not a table:"
                               " point(measurement, tags, fields [, time])"},
        {"point('m', nil, {}, 1, 2)",
         "point takes measurement, tags, fields, time; 5 given"},
        {"point('m', nil, { temp = {} })",
         "field temp is a table: take a value of it, or flatten it"},
        {"point('m', nil, { temp = print })", "field temp is a function"},
        {"point('m', nil, { 1 })", "a field's name is a number, not text"},
        {"point('m', { dev = {} }, { x = 1 })", "tag dev is a table"},
        {"point('m', { 'a' }, { x = 1 })",
         "a tag's name is a number, not text"},
        {"point('#m', nil, { x = 1 })",
         "measurement \"#m\" begins with '#': a comment"},
        {"point('m', nil, { time = 1 })",
         "field \"time\" is a name that InfluxDB keeps"},
        {"point('m', nil, { x = 1 }, '2026')",
         "time is text: use time.parse, time.s, time.ms ..."},
        {"point('m', nil, { x = 1 }, 1.5)",
         "time is 1.5, not whole nanoseconds: use time.s"},
        {"point{ measurement = 'm', field = {} }",
         "point{} has no field (did you mean fields?)"},
        {"point{ measurement = 'm', fields = {}, colour = 1 }",
         "point{} has no colour"},
        {"point{ measurement = 'm' }",
         "fields is nil, not a table: point(measurement, tags, fields"
         " [, time])"},
        {"point{ measurement = 'm', fields = { x = 1 }, output = 'b' }",
         "there is no output b"},
        {"emit('m', nil, { x = {} })",
         "field x is a table: take a value of it, or flatten it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[300], body[300];
        snprintf(message, sizeof message, "t.lua:4: %s", cases[i][1]);
        snprintf(body, sizeof body, "\n\nreturn %s", cases[i][0]);
        expect_script_error(body, message);
    }
}

static void outputs_are_chosen_by_name(void **state)
{
    (void)state;
    char *names[] = {(char *)"influx", (char *)"paper"};
    struct bench bench;
    assert_true(bench_load(
        &bench, FUNCTION("local function p(o) emit{ measurement = 'm',"
                         " fields = { x = 1 }, output = o } end\n"
                         "p(nil) p('paper') p({ 'influx', 'paper' })\n"
                         "if req.text == 'x' then p('papre') end\n"
                         "if req.text == 'y' then p({}) end")));
    bench.outputs = (struct script_outputs){names, 2};
    assert_true(bench_run(&bench, ""));
    assert_int_equal(bench.points.items[0].outputs, 0);
    assert_int_equal(bench.points.items[1].outputs, 2);
    assert_int_equal(bench.points.items[2].outputs, 3);
    assert_false(bench_run(&bench, "x"));
    assert_string_equal(bench.err.text, "t.lua:2: there is no output papre"
                                        " (did you mean paper?)");
    assert_false(bench_run(&bench, "y"));
    assert_string_equal(bench.err.text, "t.lua:2: output is an empty list");
    bench_free(&bench);
}

static void the_routes_tags_are_added_where_none_is_set(void **state)
{
    (void)state;
    struct bench bench;
    struct route_tag tags[] = {{(char *)"site", (char *)"ridge"},
                               {(char *)"a", (char *)"route"}};
    assert_true(bench_load(&bench, FUNCTION("return point('m', { a = 'own' },"
                                            " { x = 1 })")));
    bench.route.tags = tags;
    bench.route.tag_count = 2;
    assert_true(bench_run(&bench, ""));
    assert_text(buf_text(&bench.lines),
                "m,a=own,site=ridge x=1 1767323045000000000\n");
    bench_free(&bench);
}

/* ---- values ---- */

static void number_reads_what_is_a_number(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"number(21)", "21"},
        {"number(21.5)", "21.5"},
        {"number('21')", "21"},
        {"math.type(number('21'))", "\"integer\""},
        {"number(' 21.50 ')", "21.5"},
        {"number('-1e3')", "-1000"},
        {"number('9223372036854775807')", "9223372036854775807"},
        {"number(nil)", "null"},
        {"number('')", "null"},
        {"number('--')", "null"},
        {"number('NaN')", "null"},
        {"number('0x10')", "null"},
        {"number('12 V')", "null"},
        {"number('1,5')", "null"},
        {"number('1,5', ',')", "1.5"},
        {"number('15', ',')", "15"},
        {"number('1.234,5', ',')", "null"},
        {"number('1,234,5', ',')", "null"},
        {"number('1.5', '.')", "1.5"},
        {"number(0/0)", "null"},
        {"number(true)", "null"},
        {"number({})", "null"},
        {"number(json.null)", "null"},
        {"number(int(5))", "5"},
        {"number(uint('18446744073709551615')) > 1e19", "true"},
    };
    EXPECT_RESULTS(cases, "");
    expect_script_error("number('1', ';')",
                        "t.lua:2: bad argument #2 to 'number' (\",\" or \".\""
                        " expected)");
}

static void int_and_uint_are_exact_or_raise(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"int(5)", "5"},
        {"int(5.0)", "5"},
        {"int('5.0')", "5"},
        {"int('1e3')", "1000"},
        {"int(' -9223372036854775808 ')", "-9223372036854775808"},
        {"int(nil)", "null"},
        {"int('')", "null"},
        {"int('rubbish')", "null"},
        {"int(0/0)", "null"},
        {"int(true)", "null"},
        {"uint('18446744073709551615')", "18446744073709551615"},
        {"uint(5)", "5"},
        {"uint(18446744073709549568.0)", "18446744073709549568"},
        {"int(uint(5))", "5"},
        {"uint(int(5))", "5"},
        {"tostring(int(5))", "\"5\""},
        {"int(5) == int('5')", "true"},
        {"int(5) == uint(5)", "true"},
        {"int(-1) == uint('18446744073709551615')", "false"},
        {"int(5) == int(6)", "false"},
    };
    EXPECT_RESULTS(cases, "");
    static const char *const errors[][2] = {
        {"int(1.5)", "int(1.5): has a fraction; use round()"},
        {"int('1.5')", "int(1.5): has a fraction; use round()"},
        {"int(2^63)", "int(9.2233720368548e+18): does not fit"},
        {"int('9223372036854775808')",
         "int(9223372036854775808): does not fit"},
        {"int(-1e300)", "int(-1e+300): does not fit"},
        {"int(1/0)", "int(inf): does not fit"},
        {"uint(-1)", "uint(-1): is negative"},
        {"uint('-1')", "uint(-1): is negative"},
        {"uint(-1.0)", "uint(-1.0): does not fit"},
        {"uint(2^64)", "uint(1.844674407371e+19): does not fit (a whole number "
                       "beyond int64 is a float in JSON; as text it is exact)"},
        {"uint('18446744073709551616')",
         "uint(18446744073709551616): does not fit"},
        {"uint(int(-1))", "uint(-1): does not fit"},
        {"int(uint('18446744073709551615'))",
         "int(18446744073709551615): does not fit"},
        {"math.floor(point('m', nil, { x = 1 }))",
         "bad argument #1 to 'floor' (number expected, got point)"},
        {"int(5) + 1", "attempt to perform arithmetic on a whole number"
                       " value"},
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        char message[200], body[200];
        snprintf(message, sizeof message, "t.lua:2: %s", errors[i][1]);
        snprintf(body, sizeof body, "local x = %s", errors[i][0]);
        expect_script_error(body, message);
    }
}

static void bool_and_round_read_what_people_write(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"bool(true)", "true"},       {"bool('Yes')", "true"},
        {"bool('ON')", "true"},       {"bool('1')", "true"},
        {"bool(1)", "true"},          {"bool(int(1))", "true"},
        {"bool('true')", "true"},     {"bool(false)", "false"},
        {"bool(' no ')", "false"},    {"bool('off')", "false"},
        {"bool(0)", "false"},         {"bool('0')", "false"},
        {"bool(2)", "null"},          {"bool('maybe')", "null"},
        {"bool('')", "null"},         {"bool(nil)", "null"},
        {"bool({})", "null"},         {"round(21.456, 1)", "21.5"},
        {"round(21.456)", "21"},      {"round(-2.5)", "-3"},
        {"round(2.675, 2)", "2.68"},  {"round('21.456', 2)", "21.46"},
        {"round(1234, -2)", "1200"},  {"round(7, 2)", "7"},
        {"round(1e300, 3)", "1e300"}, {"round(nil)", "null"},
        {"round('')", "null"},        {"round('--', 1)", "null"},
    };
    EXPECT_RESULTS(cases, "");
    expect_script_error("round(1, 99)",
                        "t.lua:2: bad argument #2 to 'round' (between -15 and"
                        " 15 expected)");
}

static void numbers_keeps_what_reads_as_one(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"numbers({ a = '1.5', b = 'x', c = 3, d = true, e = {}, f = '' })",
         "{\"a\":1.5,\"c\":3}"},
        {"numbers({ a = '1,5' }, ',')", "{\"a\":1.5}"},
        {"numbers(nil)", "{}"},
    };
    EXPECT_RESULTS(cases, "");
}

/* ---- tables ---- */

static void get_walks_without_stumbling(void **state)
{
    (void)state;
    static const char body[] =
        "{\"a\":{\"b\":[{\"c\":1},{\"c\":false}],\"x.y\":2,\"1\":3},"
        "\"n\":[null],\"s\":\"text\"}";
    static const char *const cases[][2] = {
        {"get(req.json, 'a.b.1.c')", "1"},
        {"get(req.json, 'a.b.2.c')", "false"},
        {"get(req.json, 'a.b.3.c')", "null"},
        {"get(req.json, 'a.1')", "3"},
        {"get(req.json, 'x.y.z')", "null"},
        {"get(req.json, 's.x')", "null"},
        {"get(req.json, '')", "null"},
        {"get(req.json, 'a', 'x.y')", "2"},
        {"get(req.json, 'a', 'b', 1, 'c')", "1"},
        {"get(req.json, 'a', nil, 'c')", "null"},
        {"get(req.json, 'n.1') == nil", "true"},
        {"get(req.json, 'n', 1) == nil", "true"},
        {"get({ [5] = 'five' }, 5)", "\"five\""},
        {"get(nil, 'a.b')", "null"},
        {"get('text', 'a.b')", "null"},
    };
    EXPECT_RESULTS(cases, body);
    expect_script_error("get({})",
                        "t.lua:2: bad argument #2 to 'get' (value expected)");
}

static void each_goes_through_lists_and_single_things(void **state)
{
    (void)state;
    static const char count[] =
        "local n, s = 0, 0\n"
        "for x, i in each(req.json.x) do n = n + 1 s = s + i end\n"
        "return point('m', nil, { n = n, s = s })";
    static const char *const cases[][2] = {
        {"{\"x\":[5,6,7]}", "m n=3,s=6\n"},
        {"{\"x\":[5,null,7]}", "m n=2,s=4\n"},
        {"{\"x\":{\"a\":1}}", "m n=1,s=1\n"},
        {"{\"x\":\"text\"}", "m n=1,s=1\n"},
        {"{\"x\":false}", "m n=1,s=1\n"},
        {"{\"x\":[]}", "m n=0,s=0\n"},
        {"{\"x\":{}}", "m n=0,s=0\n"},
        {"{\"x\":null}", "m n=0,s=0\n"},
        {"{}", "m n=0,s=0\n"},
    };
    char text[500];
    snprintf(text, sizeof text, FUNCTION("%s"), count);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_lines(text, cases[i][0], cases[i][1]);
}

static void each_with_a_function_gives_its_results(void **state)
{
    (void)state;
    expect_lines(FUNCTION("return each(req.json, function(x, i)\n"
                          "  if x.v then return point('m', { i = i },"
                          " { v = x.v }) end\nend)"),
                 "[{\"v\":1},null,{},{\"v\":2}]", "m,i=1 v=1\nm,i=4 v=2\n");
    expect_script_error("each({}, 'x')",
                        "t.lua:2: bad argument #2 to 'each' (function"
                        " expected, got string)");
}

static void flatten_makes_one_level(void **state)
{
    (void)state;
    static const char body[] = "{\"a\":1,\"b\":{\"c\":{\"d\":2.5},\"e\":\"x\"},"
                               "\"l\":[true,{\"m\":3},null],\"n\":null,"
                               "\"empty\":{}}";
    static const char *const cases[][2] = {
        {"flatten(req.json)", "{\"a\":1,\"b_c_d\":2.5,\"b_e\":\"x\","
                              "\"l_1\":true,\"l_2_m\":3}"},
        {"flatten(req.json, '.')", "{\"a\":1,\"b.c.d\":2.5,\"b.e\":\"x\","
                                   "\"l.1\":true,\"l.2.m\":3}"},
        {"flatten({ 5, int(6) })", "{\"1\":5,\"2\":6}"},
        {"flatten(nil)", "{}"},
        {"flatten(json.null)", "{}"},
    };
    EXPECT_RESULTS(cases, body);
    expect_script_error("flatten('x')",
                        "t.lua:2: bad argument #1 to 'flatten' (table"
                        " expected, got string)");
    expect_script_error("local t = {} t.t = t flatten(t)",
                        "t.lua:2: flatten: nested deeper than 64");
    expect_script_error("flatten({ a = { [1.5] = 1 } })",
                        "t.lua:2: flatten: a key is a number");
}

static void merge_lets_the_later_win(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"merge({ a = 1, b = 1 }, nil, { b = 2 }, json.null, { c = 3 })",
         "{\"a\":1,\"b\":2,\"c\":3}"},
        {"merge()", "{}"},
    };
    EXPECT_RESULTS(cases, "");
    expect_script_error("merge({}, 1)",
                        "t.lua:2: bad argument #2 to 'merge' (table expected,"
                        " got number)");
}

static void pcall_and_try_give_results_or_reasons(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{ pcall(function(a, b) return a, b end, 1, 2) }", "[true,1,2]"},
        {"{ pcall(error, 'x') }", "[false,\"x\"]"},
        {"{ pcall(error, { 7 }) }", "[false,[7]]"},
        {"{ try(function(a) return a, 2 end, 1) }", "[1,2]"},
        {"select(2, try(error, 'x'))", "\"x\""},
        {"try(error, 'x') or 5", "5"},
        {"try(time.parse, 'soon') or 'never'", "\"never\""},
        {"{ pcall(pcall, error) }", "[true,false]"},
    };
    EXPECT_RESULTS(cases, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_written),
        cmocka_unit_test(a_point_may_be_named_or_in_order),
        cmocka_unit_test(an_empty_point_is_dropped),
        cmocka_unit_test(a_wrong_point_is_an_error_on_its_line),
        cmocka_unit_test(outputs_are_chosen_by_name),
        cmocka_unit_test(the_routes_tags_are_added_where_none_is_set),
        cmocka_unit_test(number_reads_what_is_a_number),
        cmocka_unit_test(int_and_uint_are_exact_or_raise),
        cmocka_unit_test(bool_and_round_read_what_people_write),
        cmocka_unit_test(numbers_keeps_what_reads_as_one),
        cmocka_unit_test(get_walks_without_stumbling),
        cmocka_unit_test(each_goes_through_lists_and_single_things),
        cmocka_unit_test(each_with_a_function_gives_its_results),
        cmocka_unit_test(flatten_makes_one_level),
        cmocka_unit_test(merge_lets_the_later_win),
        cmocka_unit_test(pcall_and_try_give_results_or_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
