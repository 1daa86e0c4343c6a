/* JSON in and out: what RFC 8259 allows and forbids, how values come out in
 * Lua, the bounds, and that errors name the place. */
#include "script_unit.h"

#include <stdlib.h>

/* The encoder sorts and has one spelling, so a round trip shows the value. */
static bool round_trip(struct text text, char *out, size_t size, bool *is_bad)
{
    struct bench bench;
    assert_true(bench_load(&bench,
                           "return function(req)\n"
                           "  return nil, json.encode(json.decode(req.text,"
                           " { null = true }))\nend"));
    bench.route.limits.time_ns = 5000000000;
    assert_false(bench_run_text(&bench, text));
    snprintf(out, size, "%.*s", (int)size - 1, bench.err.text);
    *is_bad = bench.err.kind == ERR_BAD_REQUEST;
    bool is_good = bench.err.kind == ERR_REFUSED;
    bench_free(&bench);
    return is_good;
}

static void what_the_rfc_allows_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
    } cases[] = {
        /* any value may be the text, blanks may surround it */
        {"1", "1"},
        {" \t\r\n true \n", "true"},
        {"false", "false"},
        {"null", "null"},
        {"\"\"", "\"\""},
        {"[]", "[]"},
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"{ }", "{}"},
        {"[ 1 , 2 ]", "[1,2]"},
        {"{ \"a\" : 1 , \"b\" : 2 }", "{\"a\":1,\"b\":2}"},
        {"[[],[[]],{\"x\":[]},{\"x\":{}}]", "[[],[[]],{\"x\":[]},{\"x\":{}}]"},
        {"[null,null]", "[null,null]"},
        {"[[null]]", "[[null]]"},
        {"{\"a\":null}", "{\"a\":null}"},
        {"{\"\":0}", "{\"\":0}"},
        {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"a\":1,\"a\":{}}", "{\"a\":{}}"},
        /* numbers */
        {"0", "0"},
        {"-0", "0"},
        {"-1", "-1"},
        {"10", "10"},
        {"0.5", "0.5"},
        {"-0.5", "-0.5"},
        {"-0.0", "-0.0"},
        {"0e1", "0"},
        {"0E+1", "0"},
        {"1e2", "100"},
        {"1E-2", "0.01"},
        {"1.25e+2", "125"},
        {"20.1", "20.1"},
        {"3.61", "3.61"},
        {"1e22", "1e22"},
        {"1e23", "1e23"},
        {"123456789012345678", "123456789012345678"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"1e-400", "0"},
        {"0.1000000000000000055511151231257827", "0.1"},
        {"2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"1.7976931348623157e308", "1.7976931348623157e308"},
        /* strings */
        {"\"a/b\"", "\"a/b\""},
        {"\"\\u0041\\u00e9\\u20ac\"", "\"A\xc3\xa9\xe2\x82\xac\""},
        {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
        {"\"\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80\""},
        {"\"\\uFFFF\\udbff\\udfff\"", "\"\xef\xbf\xbf\xf4\x8f\xbf\xbf\""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u0000\\u001f\"", "\"\\u0000\\u001f\""},
        {"\"x\\ny\\nz\"", "\"x\\ny\\nz\""},
        {"\"\x7f\"", "\"\x7f\""},
        {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 plain\"",
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 plain\""},
        {"[\"a\",\"b\\n\",\"c\"]", "[\"a\",\"b\\n\",\"c\"]"},
        {"{\"k\\n\":\"v\"}", "{\"k\\n\":\"v\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[200];
        bool is_bad;
        if (!round_trip(text_of(cases[i].text), out, sizeof out, &is_bad)
            || strcmp(out, cases[i].value) != 0)
            fail_msg("%s gives %s, not %s", cases[i].text, out, cases[i].value);
    }
}

#define AT(offset, line, column, what)                                         \
    "bad JSON at offset " #offset ", line " #line ", column " #column ":"      \
    " " what

static void what_the_rfc_forbids_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", AT(0, 1, 1, "a value expected, the text ends")},
        {"  ", AT(2, 1, 3, "a value expected, the text ends")},
        {"\n\n x", AT(3, 3, 2, "a value expected, not 'x'")},
        {"1 2", AT(2, 1, 3, "the end of the text expected, not '2'")},
        {"{}}", AT(2, 1, 3, "the end of the text expected, not '}'")},
        {"[", AT(1, 1, 2, "a value expected, the text ends")},
        {"[1", AT(2, 1, 3, "',' or ']' expected, the text ends")},
        {"[1,", AT(3, 1, 4, "a value expected, the text ends")},
        {"[1,]", AT(3, 1, 4, "a value expected, not ']'")},
        {"[,1]", AT(1, 1, 2, "a value expected, not ','")},
        {"[1 2]", AT(3, 1, 4, "',' or ']' expected, not '2'")},
        {"[1}", AT(2, 1, 3, "',' or ']' expected, not '}'")},
        {"]", AT(0, 1, 1, "a value expected, not ']'")},
        {"{", AT(1, 1, 2, "a name in quotes expected, the text ends")},
        {"{a:1}", AT(1, 1, 2, "a name in quotes expected, not 'a'")},
        {"{'a':1}", AT(1, 1, 2, "a name in quotes expected, not '''")},
        {"{\"a\"}", AT(4, 1, 5, "':' expected, not '}'")},
        {"{\"a\" 1}", AT(5, 1, 6, "':' expected, not '1'")},
        {"{\"a\":}", AT(5, 1, 6, "a value expected, not '}'")},
        {"{\"a\":1", AT(6, 1, 7, "',' or '}' expected, the text ends")},
        {"{\"a\":1,}", AT(7, 1, 8, "a name in quotes expected, not '}'")},
        {"{1:1}", AT(1, 1, 2, "a name in quotes expected, not '1'")},
        {"{\"a\":1,,}", AT(7, 1, 8, "a name in quotes expected, not ','")},
        /* words */
        {"tru", AT(0, 1, 1, "a value expected, not 't'")},
        {"True", AT(0, 1, 1, "a value expected, not 'T'")},
        {"nul", AT(0, 1, 1, "a value expected, not 'n'")},
        {"truex", AT(4, 1, 5, "the end of the text expected, not 'x'")},
        {"NaN", AT(0, 1, 1, "a value expected, not 'N'")},
        {"Infinity", AT(0, 1, 1, "a value expected, not 'I'")},
        {"undefined", AT(0, 1, 1, "a value expected, not 'u'")},
        /* numbers */
        {"-", AT(1, 1, 2, "a digit expected, the text ends")},
        {"+1", AT(0, 1, 1, "a value expected, not '+'")},
        {".5", AT(0, 1, 1, "a value expected, not '.'")},
        {"1.", AT(2, 1, 3, "a digit expected, the text ends")},
        {"1.e1", AT(2, 1, 3, "a digit expected, not 'e'")},
        {"1e", AT(2, 1, 3, "a digit of the exponent expected, the text ends")},
        {"1e+", AT(3, 1, 4, "a digit of the exponent expected, the text ends")},
        {"1e1.5", AT(3, 1, 4, "the end of the text expected, not '.'")},
        {"01", AT(0, 1, 1, "a number that begins with 0")},
        {"-01", AT(1, 1, 2, "a number that begins with 0")},
        {"00", AT(0, 1, 1, "a number that begins with 0")},
        {"0x10", AT(1, 1, 2, "the end of the text expected, not 'x'")},
        {"--1", AT(1, 1, 2, "a digit expected, not '-'")},
        {"-Infinity", AT(1, 1, 2, "a digit expected, not 'I'")},
        {"1e999", AT(0, 1, 1, "a number beyond what a float can hold")},
        {"[-1e999999999999]",
         AT(1, 1, 2, "a number beyond what a float can hold")},
        /* strings */
        {"\"", AT(1, 1, 2, "'\"' expected, the text ends")},
        {"\"a", AT(2, 1, 3, "'\"' expected, the text ends")},
        {"\"\\\"", AT(3, 1, 4, "'\"' expected, the text ends")},
        {"\"\\", AT(2, 1, 3,
                    "one of \"\\/bfnrtu after a backslash expected,"
                    " the text ends")},
        {"\"\\x41\"", AT(2, 1, 3,
                         "one of \"\\/bfnrtu after a backslash"
                         " expected, not 'x'")},
        {"\"a\nb\"", AT(2, 1, 3, "a control byte in a string")},
        {"\"\t\"", AT(1, 1, 2, "a control byte in a string")},
        {"\"\\u12\"", AT(5, 1, 6, "a hex digit of \\uXXXX expected, not '\"'")},
        {"\"\\u12g4\"",
         AT(5, 1, 6, "a hex digit of \\uXXXX expected, not 'g'")},
        {"\"\\ud83d\"", AT(1, 1, 2, "a lone surrogate")},
        {"\"\\ud83dx\"", AT(1, 1, 2, "a lone surrogate")},
        {"\"\\ud83d\\u0041\"", AT(1, 1, 2, "a lone surrogate")},
        {"\"\\ude00\"", AT(1, 1, 2, "a lone surrogate")},
        {"\"\\ude00\\ud83d\"", AT(1, 1, 2, "a lone surrogate")},
        {"\"\xff\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\xc3\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\x80\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\xc0\xaf\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\xe0\x80\x80\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\xed\xa0\x80\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\xf0\x80\x80\x80\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\xf4\x90\x80\x80\"", AT(1, 1, 2, "bytes that are not UTF-8")},
        {"\"\xf0\x9f\x98", AT(1, 1, 2, "bytes that are not UTF-8")},
        /* bytes that are nowhere allowed; comments */
        {"[1,\x0b 2]", AT(3, 1, 4, "a value expected, not byte 0x0B")},
        {"\x1f\x8b\x08", AT(0, 1, 1,
                            "a value expected, not byte 0x1F: gzip"
                            " without a Content-Encoding?")},
        {"\xef\xbb\xbf{}", AT(0, 1, 1, "a value expected, not byte 0xEF")},
        {"[1]//x", AT(3, 1, 4, "the end of the text expected, not '/'")},
        {"/**/1", AT(0, 1, 1, "a value expected, not '/'")},
        {"{\"a\":1}#", AT(7, 1, 8, "the end of the text expected, not '#'")},
        /* the column counts characters, the offset bytes */
        {"{\n\"\xc3\xa9\xc3\xa9\": x}",
         AT(10, 2, 7, "a value expected, not 'x'")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[300];
        bool is_bad;
        bool is_good =
            round_trip(text_of(cases[i].text), out, sizeof out, &is_bad);
        if (is_good || !is_bad || strcmp(out, cases[i].message) != 0)
            fail_msg("%s gives %s, not %s", cases[i].text, out,
                     cases[i].message);
    }
}

static void a_nul_byte_is_refused(void **state)
{
    (void)state;
    char out[200];
    bool is_bad;
    round_trip(TEXT("[\"a\0b\"]"), out, sizeof out, &is_bad);
    assert_string_equal(out, AT(3, 1, 4, "a control byte in a string"));
    round_trip(TEXT("[1,\0]"), out, sizeof out, &is_bad);
    assert_string_equal(out, AT(3, 1, 4, "a value expected, not byte 0x00"));
    round_trip(TEXT("\0"), out, sizeof out, &is_bad);
    assert_true(is_bad);
    round_trip(TEXT("\"\\\0\""), out, sizeof out, &is_bad);
    assert_true(is_bad);
}

static void every_proper_prefix_of_an_object_is_refused(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":[1,-2.5e+3,true,false,null,\"x\\u00e9\\n\xc3\xa9\"],"
        "\"b\":{\"c\":{},\"d\":[]}}";
    char out[300];
    bool is_bad;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        assert_false(
            round_trip((struct text){text, len}, out, sizeof out, &is_bad));
        assert_true(is_bad);
    }
    assert_true(round_trip(text_of(text), out, sizeof out, &is_bad));
}

static char *repeated(const char *part, size_t count, const char *end)
{
    struct buf text;
    buf_init(&text, 64 << 20);
    for (size_t i = 0; i < count; i++)
        buf_append_text(&text, text_of(part));
    buf_append(&text, end, strlen(end) + 1);
    return text.data;
}

static void expect_bomb(const char *part, size_t count, const char *end,
                        const char *message)
{
    char out[300];
    bool is_bad;
    char *text = repeated(part, count, end);
    round_trip(text_of(text), out, sizeof out, &is_bad);
    free(text);
    assert_string_equal(out, message);
    assert_true(is_bad);
}

static void bombs_end_at_their_bound(void **state)
{
    (void)state;
    expect_bomb("[", 1000000, "",
                AT(64, 1, 65, "nested deeper than 64 (limits.depth)"));
    expect_bomb("{\"a\":", 1000000, "",
                AT(320, 1, 321, "nested deeper than 64 (limits.depth)"));
    expect_bomb("[", 1, "[]",
                AT(3, 1, 4, "',' or ']' expected, the text ends"));
    char *numbers = repeated("1", 1001, "");
    char out[300];
    bool is_bad;
    round_trip(text_of(numbers), out, sizeof out, &is_bad);
    assert_string_equal(out,
                        AT(0, 1, 1, "a number of more than 1000 characters"));
    numbers[1000] = '\0';
    round_trip(text_of(numbers), out, sizeof out, &is_bad);
    assert_string_equal(out,
                        AT(0, 1, 1, "a number beyond what a float can hold"));
    free(numbers);
    char *objects = repeated("{},", 200000, "{}");
    objects[0] = '[';
    objects[1] = ' ';
    objects[2] = ' ';
    round_trip(text_of(objects), out, sizeof out, &is_bad);
    assert_string_equal(
        out, AT(300000, 1, 300001, "more than 100000 values in one text"));
    free(objects);
}

static void depth_is_the_routes(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)"
                                   " local x = req.json end"));
    bench.route.limits.depth = 2;
    assert_true(bench_run(&bench, "[[1]]"));
    assert_false(bench_run(&bench, "[[[1]]]"));
    assert_string_equal(bench.err.text, AT(2, 1, 3,
                                           "nested deeper than 2"
                                           " (limits.depth)"));
    bench.route.limits.depth = 3;
    assert_true(bench_run(&bench, "[[[1]]]"));
    bench_free(&bench);
}

static void values_come_out_as_lua_has_them(void **state)
{
    (void)state;
    static const char body[] =
        "{\"i\":42,\"f\":42.0,\"e\":1e3,\"big\":18446744073709551615,"
        "\"neg\":-9223372036854775809,\"n\":null,\"list\":[1,null,3],"
        "\"eo\":{},\"ea\":[],\"s\":\"x\"}";
    static const struct {
        const char *expression, *value;
    } cases[] = {
        {"math.type(req.json.i)", "\"integer\""},
        {"math.type(req.json.f)", "\"float\""},
        {"math.type(req.json.e)", "\"float\""},
        {"req.json.big", "1.8446744073709552e19"},
        {"math.type(req.json.neg)", "\"float\""},
        {"req.json.n == nil", "true"},
        {"next(json.decode('{\"a\":1,\"a\":null}')) == nil", "true"},
        {"json.decode('{\"n\":null}', { null = true }).n == json.null", "true"},
        {"json.decode('{\"n\":null}', { null = false }).n == nil", "true"},
        {"json.decode('{\"n\":null}', {}).n == nil", "true"},
        {"json.decode('null') == nil", "true"},
        {"json.decode('[null]')[1] == json.null", "true"},
        {"#req.json.list", "3"},
        {"req.json.list[2] == json.null", "true"},
        {"tostring(json.null):match('^null') ~= nil", "true"},
        {"json.null and true", "true"},
        {"req.json.list", "[1,null,3]"},
        {"req.json.eo", "{}"},
        {"req.json.ea", "[]"},
        {"json.is_array(req.json.ea)", "true"},
        {"json.is_array(req.json.eo)", "false"},
        {"json.is_array(req.json.list)", "true"},
        {"json.is_array('x')", "false"},
        {"json.is_array()", "false"},
        {"json.is_array(req.headers)", "false"},
        {"rawequal(req.json, req.json)", "true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_result(cases[i].expression, body, cases[i].value);
}

static void arithmetic_on_null_names_it(void **state)
{
    (void)state;
    expect_failure("return function(req)\n"
                   "  local t = json.decode(req.text, { null = true })\n"
                   "  return t.temperature + 1\nend",
                   "{\"temperature\":null}", ERR_SCRIPT,
                   "t.lua:3: attempt to perform arithmetic on a null value"
                   " (field 'temperature')");
}

static void lua_values_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *value;
    } cases[] = {
        {"{ 1, 2.5, 'x', true }", "[1,2.5,\"x\",true]"},
        {"{ b = 1, a = 2, [3] = 4, [-1] = 5 }",
         "{\"-1\":5,\"3\":4,\"a\":2,\"b\":1}"},
        {"json.array()", "[]"},
        {"json.array({})", "[]"},
        {"json.array({ 7 })", "[7]"},
        {"each(nil, print)", "[]"},
        {"(function() local t = json.array() t[1] = 5 return t end)()", "[5]"},
        {"{}", "{}"},
        {"{ 1/0, -1/0, 0/0 }", "[null,null,null]"},
        {"int('-9223372036854775808')", "-9223372036854775808"},
        {"uint('18446744073709551615')", "18446744073709551615"},
        {"'\\xff\\xc3\\xa9\\x01'", "\"\xef\xbf\xbd\xc3\xa9\\u0001\""},
        {"'a\\xe2\\x82'", "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
        {"math.mininteger", "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_result(cases[i].expression, "", cases[i].value);
}

static void what_has_no_json_raises(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *message;
    } cases[] = {
        {"print", "JSON has no value that is a function"},
        {"{ [1.5] = 1 }", "JSON has no name that is a number"},
        {"{ [true] = 1 }", "JSON has no name that is a boolean"},
        {"{ 1, a = 2 }", "JSON has no list with gaps or with names in it"},
        {"{ 1, nil, 3, nil, 5 }", "JSON has no list with gaps or with names"},
        {"point('m', nil, { x = 1 })", "JSON has no value that is a point"},
        {"(function() local t = {} t.t = t return t end)()",
         "JSON nested deeper than 64: does a table hold itself?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        snprintf(text, sizeof text, "return function() json.encode(%s) end",
                 cases[i].expression);
        struct bench bench;
        assert_true(bench_load(&bench, text));
        if (bench_run(&bench, ""))
            fail_msg("%s has JSON", cases[i].expression);
        if (!strstr(bench.err.text, cases[i].message))
            fail_msg("%s, not %s", bench.err.text, cases[i].message);
        bench_free(&bench);
    }
}

static void bad_arguments_are_the_scripts_fault(void **state)
{
    (void)state;
    expect_failure("return function() json.decode() end", "", ERR_SCRIPT,
                   "t.lua:1: bad argument #1 to 'decode' (string expected, got"
                   " no value)");
    expect_failure("return function() json.encode() end", "", ERR_SCRIPT,
                   "t.lua:1: bad argument #1 to 'encode' (value expected)");
    expect_failure("return function() json.array('x') end", "", ERR_SCRIPT,
                   "t.lua:1: bad argument #1 to 'array' (table expected, got"
                   " string)");
    expect_failure("return function() json.decode('1', 2) end", "", ERR_SCRIPT,
                   "t.lua:1: bad argument #2 to 'decode' (table expected, got"
                   " number)");
}

static void random_doubles_read_back(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)\n"
                                   "  return point('m', nil,"
                                   " { x = req.json[1] })\nend"));
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        int digits = (int)(seed >> 60) + 1;
        int power = (int)(seed >> 32) % 40 - 20;
        char body[100], *end;
        snprintf(body, sizeof body, "[%s%llu.%llue%d]", seed & 1 ? "-" : "",
                 (unsigned long long)(seed >> 44) % 1000,
                 (unsigned long long)(seed >> (64 - 3 * digits)), power);
        double expected = strtod(body + 1, &end);
        assert_true(bench_run(&bench, body));
        double got = bench.points.items[0].fields[0].value.as.number;
        if (memcmp(&got, &expected, sizeof got) != 0)
            fail_msg("%s is %.17g, not %.17g", body, got, expected);
    }
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_rfc_allows_is_read),
        cmocka_unit_test(what_the_rfc_forbids_is_refused_with_its_place),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(every_proper_prefix_of_an_object_is_refused),
        cmocka_unit_test(bombs_end_at_their_bound),
        cmocka_unit_test(depth_is_the_routes),
        cmocka_unit_test(values_come_out_as_lua_has_them),
        cmocka_unit_test(arithmetic_on_null_names_it),
        cmocka_unit_test(lua_values_are_written),
        cmocka_unit_test(what_has_no_json_raises),
        cmocka_unit_test(bad_arguments_are_the_scripts_fault),
        cmocka_unit_test(random_doubles_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
