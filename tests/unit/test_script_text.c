/* The bounds of string and table functions: what is asked of C must end. */
#include "script_unit.h"

#include <stdlib.h>

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

static void expect_script_error(const char *body, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, FUNCTION("%s"), body);
    expect_failure(text, "", ERR_SCRIPT, message);
}

static void functions_work_as_in_lua(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"('ab'):rep(3)", "\"ababab\""},
        {"('ab'):rep(3, '-')", "\"ab-ab-ab\""},
        {"('ab'):rep(0)", "\"\""},
        {"('ab'):rep(-1)", "\"\""},
        {"(''):rep(1 << 40)", "\"\""},
        {"#('x'):rep(1 << 20)", "1048576"},
        {"('hello world'):find('o w')", "5"},
        {"('a.b'):find('.', 1, true)", "2"},
        {"('key=val'):match('^(%w+)=')", "\"key\""},
        {"(('a1b2'):gsub('%d', ''))", "\"ab\""},
        {"(function() local n = 0 for w in ('a b c'):gmatch('%a')"
         " do n = n + 1 end return n end)()",
         "3"},
        {"('%5.1f|%d|%s'):format(2.25, 7, 'x')", "\"  2.2|7|x\""},
        {"string.unpack('>I2', '\\1\\2')", "258"},
        {"table.concat({ 1, 2, 3 }, ',')", "\"1,2,3\""},
        {"table.concat({ 1, 2, 3 }, ',', 2)", "\"2,3\""},
        {"{ table.unpack({ 1, 2, 3 }, 2) }", "[2,3]"},
        {"{ table.unpack({ 1, 2, 3 }, 1, 2) }", "[1,2]"},
        {"(function() local t = { 3, 1, 2 } table.sort(t)"
         " table.insert(t, 4) table.insert(t, 1, 0) table.remove(t)"
         " return t end)()",
         "[0,1,2,3]"},
        {"table.move({ 1, 2, 3 }, 1, 3, 2)", "[1,1,2,3]"},
        {"utf8.char(8364)", "\"\xe2\x82\xac\""},
        {"math.max(1, 2)", "2"},
        {"select('#', 1, nil, 3)", "3"},
        {"rawequal(1, 1)", "true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_result(cases[i][0], "", cases[i][1]);
}

static void long_work_in_c_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"('x'):rep(1 << 20 | 1)", "string.rep: more than 1048576 bytes"},
        {"('x'):rep(1e9)", "string.rep: more than 1048576 bytes"},
        {"('x'):rep(math.maxinteger)", "string.rep: more than 1048576 bytes"},
        {"(''):rep(1 << 20 | 1, 'ab')", "string.rep: more than 1048576 bytes"},
        {"table.concat({}, '', 1, 100001)",
         "table.concat: more than 100000 elements"},
        {"table.concat({}, '', math.mininteger, math.maxinteger)",
         "table.concat: more than 100000 elements"},
        {"table.unpack({}, 1, 1e7)", "table.unpack: more than 100000 elements"},
        {"table.unpack({}, math.mininteger, 5)",
         "table.unpack: more than 100000 elements"},
        {"table.move({}, 1, math.maxinteger - 2, 2)",
         "table.move: more than 100000 elements"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[200], body[200];
        snprintf(message, sizeof message, "t.lua:2: %s", cases[i][1]);
        snprintf(body, sizeof body, "local x = %s", cases[i][0]);
        expect_script_error(body, message);
    }
}

static void large_tables_are_refused(void **state)
{
    (void)state;
    static const char *const calls[] = {"insert(t, 1)", "remove(t, 1)",
                                        "sort(t)", "unpack(t)", "concat(t)"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct bench bench;
        char text[300];
        snprintf(text, sizeof text,
                 FUNCTION("local t = {} for i = 1, 100001 do t[i] = i end\n"
                          "table.%s"),
                 calls[i]);
        assert_true(bench_load(&bench, text));
        bench.route.limits.time_ns = 5000000000;
        assert_false(bench_run(&bench, ""));
        assert_non_null(strstr(bench.err.text, ": more than 100000 elements"));
        bench_free(&bench);
    }
}

static void wrong_arguments_are_luas_errors(void **state)
{
    (void)state;
    expect_script_error("table.insert(5, 1)",
                        "t.lua:2: bad argument #1 to 'insert' (table expected,"
                        " got number)");
    expect_script_error("table.insert({}, 5, 1)",
                        "t.lua:2: bad argument #2 to 'insert' (position out of"
                        " bounds)");
    expect_script_error("table.concat({ {} })",
                        "t.lua:2: invalid value (table) at index 1 in"
                        " table for 'concat'");
    expect_script_error("local x = ('soon').status",
                        "t.lua:2: there is no string.status (does a text stand"
                        " where a table is meant?)");
    expect_script_error("local x = req.body[1]",
                        "t.lua:2: there is no string.1 (does a text stand"
                        " where a table is meant?)");
    expect_script_error("('x'):rep({})",
                        "t.lua:2: bad argument #1 to 'rep' (number expected,"
                        " got table)");
}

/* Long texts, and functions in C, are put in order by a function of ours. */
static void a_sort_that_is_paid_for_sorts_as_lua_does(void **state)
{
    (void)state;
    const char *const orders[] = {"", ", equal", ", rawequal"};
    expect_result("(function() local t = {} for i = 1, 9 do"
                  " t[i] = ('x'):rep(300) .. i * 7 % 10 end table.sort(t)"
                  " for i = 1, 9 do t[i] = t[i]:sub(-1) end"
                  " return table.concat(t) end)()",
                  "{}", "\"123456789\"");
    expect_result("(function() local t = { 3, 1, 2 }"
                  " table.sort(t, math.ult) return t end)()",
                  "{}", "[1,2,3]");
    expect_script_error("table.sort({ ('x'):rep(300), 1 })",
                        "t.lua:2: attempt to compare number with string");
    expect_script_error("table.sort({ 2, 1 }, 5)",
                        "t.lua:2: bad argument #2 to 'sort' (function expected,"
                        " got number)");
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char call[100];
        snprintf(call, sizeof call,
                 "(function() local t = {} table.sort(t%s)"
                 " return #t end)()",
                 orders[i]);
        expect_result(call, "{}", "0");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_work_as_in_lua),
        cmocka_unit_test(long_work_in_c_is_refused),
        cmocka_unit_test(large_tables_are_refused),
        cmocka_unit_test(wrong_arguments_are_luas_errors),
        cmocka_unit_test(a_sort_that_is_paid_for_sorts_as_lua_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
