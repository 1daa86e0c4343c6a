/* req: the request as a script sees it, decoded when it is first read. */
#include "script_unit.h"

#include <stdlib.h>

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

static void expect_script_error(const char *body, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, FUNCTION("%s"), body);
    expect_failure(text, "", ERR_SCRIPT, message);
}

static void add(struct bench *bench, struct pairs *pairs, const char *name,
                const char *value)
{
    (void)bench;
    assert_true(
        pairs_add(pairs, &bench->request.arena, text_of(name), text_of(value)));
}

/* Runs `return nil, json.encode(expression)` on a request full of things. */
static void expect_of_request(const char *expression, const char *value)
{
    struct bench bench;
    char text[1000];
    snprintf(text, sizeof text,
             "return function(req) return nil, json.encode(%s) end",
             expression);
    if (!bench_load(&bench, text))
        fail_msg("%s", bench.err.text);
    bench.request.remote = TEXT("192.0.2.7");
    bench.route.pattern = (char *)"/t/:id";
    bench.route.vars_json = (char *)"{\"zone\":\"-07:00\",\"n\":3}";
    add(&bench, &bench.request.headers, "X-Key", "one");
    add(&bench, &bench.request.headers, "x-key", "two");
    add(&bench, &bench.request.params, "id", "a b");
    add(&bench, &bench.request.query, "tag", "q");
    add(&bench, &bench.request.form, "tag", "f1");
    add(&bench, &bench.request.form, "tag", "");
    add(&bench, &bench.request.form, "tag", "f3");
    bench_run(&bench, "line 1\r\n\nline 3");
    if (strcmp(bench.err.text, value) != 0)
        fail_msg("%s is %s, not %s", expression, bench.err.text, value);
    bench_free(&bench);
}

static void the_request_is_all_there(void **state)
{
    (void)state;
    expect_of_request("req.method", "\"POST\"");
    expect_of_request("req.path", "\"/t\"");
    expect_of_request("req.route", "\"/t/:id\"");
    expect_of_request("req.remote", "\"192.0.2.7\"");
    expect_of_request("req.time", "1767323045000000000");
    expect_of_request("req.id", "\"0123456789abcdef\"");
    expect_of_request("req.params", "{\"id\":\"a b\"}");
    expect_of_request("req.query", "{\"tag\":\"q\"}");
    expect_of_request("req.form", "{\"tag\":\"f3\"}");
    expect_of_request("req.vars", "{\"n\":3,\"zone\":\"-07:00\"}");
    expect_of_request("req.body", "\"line 1\\r\\n\\nline 3\"");
    expect_of_request("req.text", "\"line 1\\r\\n\\nline 3\"");
    expect_of_request("req.lines", "[\"line 1\",\"\",\"line 3\"]");
    expect_of_request("req.json", "null");
    expect_of_request("req.data", "{\"tag\":\"f3\"}");
    expect_of_request("req.points", "null");
}

static void headers_are_found_in_any_case(void **state)
{
    (void)state;
    expect_of_request("req.headers['x-key']", "\"two\"");
    expect_of_request("req.headers['X-KEY']", "\"two\"");
    expect_of_request("req.headers", "{\"x-key\":\"two\"}");
    expect_of_request("req.headers.none", "null");
    expect_of_request("req.headers[1]", "null");
    expect_of_request("all(req.headers, 'X-Key')", "[\"one\",\"two\"]");
}

static void all_gives_every_value(void **state)
{
    (void)state;
    expect_of_request("all(req.form, 'tag')", "[\"f1\",\"\",\"f3\"]");
    expect_of_request("all(req.query, 'tag')", "[\"q\"]");
    expect_of_request("#all(req.query, 'none')", "0");
    expect_of_request("all(req.params, 'id')", "[\"a b\"]");
    expect_of_request("all({ a = 1 }, 'a')", "[1]");
    expect_of_request("all({ a = { 1, 2 } }, 'a')", "[1,2]");
    expect_of_request("#all({}, 'a')", "0");
    expect_of_request("#all(nil, 'a')", "0");
    expect_of_request("#all({ a = json.null }, 'a')", "0");
}

static void an_unknown_entry_of_req_is_an_error(void **state)
{
    (void)state;
    expect_script_error("return req.jsn",
                        "t.lua:2: req has no jsn (did you mean json?)");
    expect_script_error("return req.temperature",
                        "t.lua:2: req has no temperature");
    expect_script_error("return req[1]",
                        "t.lua:2: req has no entry that is a number");
}

/* Runs with that type and body; the JSON that `req.json` is, or the error. */
static void expect_json(const char *type, const char *body, const char *value)
{
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)"
                                   " return nil, json.encode(req.json) end"));
    bench.request.media_type = text_of(type);
    bench_run(&bench, body);
    assert_string_equal(bench.err.text, value);
    bench_free(&bench);
}

static void json_is_known_by_type_or_by_looks(void **state)
{
    (void)state;
    static const char why[] = "bad JSON at offset 2, line 1, column 3: the end "
                              "of the text expected, not 'x'";
    expect_json("application/json", "5", "5");
    expect_json("application/json", "", "null");
    expect_json("application/json", "5 x", why);
    expect_json("application/vnd.x+json", "5", "5");
    expect_json("text/json", "5", "5");
    expect_json("", " \n[1]", "[1]");
    expect_json("application/x-www-form-urlencoded", "{\"a\":1}", "{\"a\":1}");
    expect_json("text/plain", "5", "null");
    expect_json("text/plain", "a=5", "null");
    expect_json("text/plain", "{}x", why);
    expect_json("application/x-ndjson", "{}\n{}", "null");
}

static void data_is_json_else_form_else_query(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)"
                                   " return nil, json.encode(req.data) end"));
    bench_run(&bench, "{\"j\":1}");
    assert_string_equal(bench.err.text, "{\"j\":1}");
    bench_run(&bench, "x");
    assert_string_equal(bench.err.text, "null");
    add(&bench, &bench.request.query, "q", "1");
    bench_run(&bench, "x");
    assert_string_equal(bench.err.text, "{\"q\":\"1\"}");
    add(&bench, &bench.request.form, "f", "1");
    bench_run(&bench, "x");
    assert_string_equal(bench.err.text, "{\"f\":\"1\"}");
    bench_free(&bench);
}

/* A script adds to the tags it was given; the next sender's have none of it. */
static void what_a_script_writes_into_req_is_not_the_next_ones(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench,
                           "return function(req)\n"
                           "  for _, name in ipairs { 'vars', 'query',"
                           " 'form', 'headers', 'params' } do\n"
                           "    if req[name].room then error(name) end\n"
                           "    req[name].room = 'attic'\n"
                           "  end\n"
                           "  if req.vars.tags.room then error() end\n"
                           "  req.vars.tags.room = 'attic'\n"
                           "end"));
    bench.route.vars_json = (char *)"{\"tags\":{\"site\":\"ridge\"}}";
    for (int i = 0; i < 2; i++)
        if (!bench_run(&bench, ""))
            fail_msg("%s", bench.err.text);
    bench_free(&bench);
}

static void vars_belong_to_the_route(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req) return nil, "
                                   "json.encode(req.vars) end"));
    bench_run(&bench, "");
    assert_string_equal(bench.err.text, "{}");
    bench.route.vars_json = (char *)"{\"a\":1}";
    bench_run(&bench, "");
    bench_run(&bench, "");
    assert_string_equal(bench.err.text, "{\"a\":1}");
    struct route other = bench.route;
    other.vars_json = (char *)"{\"b\":2}";
    bench.call.route = &other;
    bench_run(&bench, "");
    assert_string_equal(bench.err.text, "{\"b\":2}");
    bench.call.route = NULL;
    bench_run(&bench, "");
    assert_string_equal(bench.err.text, "{}");
    bench_free(&bench);
}

static void expect_of_native_points(const char *function)
{
    struct bench bench;
    assert_true(bench_load(&bench, function));
    struct points native;
    points_init(&native, &bench.request.arena, 10);
    struct error err;
    assert_true(line_read_all(TEXT("m,t=a f=1.5,i=-3i,u=4u,b=true,s=\"x\" 7\n"
                                   "n v=1\n"),
                              PRECISION_NS, &native, &err));
    bench.call.native_points = &native;
    if (!bench_run(&bench, ""))
        fail_msg("%s", bench.err.text);
    assert_text(buf_text(&bench.lines),
                "m,n=1,t=a b=true,f=1.5,i=-3i,s=\"x\",u=4u 7\n"
                "n,n=2 v=1 1767323045000000000\n");
    points_deinit(&native);
    bench_free(&bench);
}

static void native_points_can_be_changed_and_stored(void **state)
{
    (void)state;
    expect_of_native_points(FUNCTION("local out = {}\n"
                                     "for p, i in each(req.points) do\n"
                                     "  p.tags.n = i\n"
                                     "  out[i] = point(p)\n"
                                     "end\n"
                                     "return out"));
    expect_of_native_points(FUNCTION("local points = req.points\n"
                                     "for p, i in each(points) do\n"
                                     "  p.tags.n = i\n"
                                     "end\n"
                                     "return points"));
}

static void expect_ndjson(const char *type, const char *body, const char *value)
{
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)"
                                   " return nil, json.encode(req.ndjson) end"));
    bench.request.media_type = text_of(type);
    bench_run(&bench, body);
    if (strcmp(bench.err.text, value) != 0)
        fail_msg("%s gives %s, not %s", body, bench.err.text, value);
    assert_int_equal(bench.err.kind, strncmp(value, "bad JSON", 8) == 0
                                         ? ERR_BAD_REQUEST
                                         : ERR_REFUSED);
    bench_free(&bench);
}

static void ndjson_has_a_value_a_line(void **state)
{
    (void)state;
    static const char type[] = "application/x-ndjson";
    expect_ndjson(type, "{\"a\":1}\n{\"a\":2}\n", "[{\"a\":1},{\"a\":2}]");
    expect_ndjson(type, "1\r\n\r\n  \n [ 2 ] \r\nnull", "[1,[2],null]");
    expect_ndjson(type, "\n", "[]");
    expect_ndjson(type, "", "null");
    expect_ndjson("application/jsonl", "9007199254740993\n\"x\"",
                  "[9007199254740993,\"x\"]");
    expect_ndjson("application/json-seq", "\x1e{}\n\x1e[]\n", "[{},[]]");
}

static void the_first_of_bad_lines_only_is_named(void **state)
{
    (void)state;
    static const char type[] = "application/x-ndjson";
    expect_ndjson(
        type, "  \n\n{\"a\":}\n{",
        "bad JSON at offset 9, line 3, column 6: a value expected, not '}'");
    expect_ndjson(
        type, "{\"a\":1\n}",
        "bad JSON at offset 6, line 1, column 7: ',' or '}' expected, the line"
        " ends");
    expect_ndjson(type, "1 2\n",
                  "bad JSON at offset 2, line 1, column 3: the end of the"
                  " line expected, not '2'");
}

static void ndjson_is_known_by_type_or_by_looks(void **state)
{
    (void)state;
    expect_ndjson("", "{\"a\":1}\n{}", "[{\"a\":1},{}]");
    expect_ndjson("text/plain", "\n[1]\r\n[2]", "[[1],[2]]");
    expect_ndjson("application/x-www-form-urlencoded", "{}\n[1]", "[{},[1]]");
    expect_ndjson("application/json", "{}\n{}", "[{},{}]");
    expect_ndjson("application/json", "{\n}", "null");
    expect_ndjson("", "{}\nx", "[{}]");
    expect_ndjson("", "x\n{}", "null");
    expect_ndjson("", " \n\n", "null");
    expect_ndjson("", "one\ntwo", "null");
    expect_ndjson("text/csv", "{}", "null");
    expect_ndjson("application/x-www-form-urlencoded", "a=1", "null");
}

/* Together no more than in one document: lines are no way around it. */
static void values_are_counted_over_all_lines(void **state)
{
    (void)state;
    enum { LINES = LIMIT_JSON_VALUES + 1 };
    struct bench bench;
    char *body = malloc((size_t)LINES * 2);
    for (size_t i = 0; i < LINES; i++)
        memcpy(body + i * 2, "1\n", 2);
    assert_true(bench_load(&bench, "return function(req)"
                                   " return nil, #req.ndjson .. '' end"));
    bench.request.media_type = TEXT("application/x-ndjson");
    bench_run_text(&bench, (struct text){body, (size_t)(LINES - 1) * 2});
    assert_string_equal(bench.err.text, "100000");
    bench_run_text(&bench, (struct text){body, (size_t)LINES * 2});
    assert_non_null(strstr(bench.err.text, "line 100001"));
    assert_int_equal(bench.err.kind, ERR_BAD_REQUEST);
    bench_free(&bench);
    free(body);
}

static void expect_of_parts(const char *expression, const char *value)
{
    static const char body[] =
        "--x\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n21.5\r\n"
        "--x\r\nContent-Disposition: form-data; name=\"f\";"
        " filename=\"x.csv\"\r\nContent-Type: Text/CSV\r\n\r\na,b\r\n--x--";
    struct bench bench;
    struct text boundary = TEXT("x");
    char text[500];
    snprintf(text, sizeof text,
             "return function(req) return nil, json.encode(%s) end",
             expression);
    assert_true(bench_load(&bench, text));
    assert_true(multipart_read(text_of(body), boundary, &bench.request.parts,
                               &bench.request.arena, &bench.err));
    bench_run(&bench, body);
    assert_string_equal(bench.err.text, value);
    bench_free(&bench);
}

static void parts_are_a_list_of_tables(void **state)
{
    (void)state;
    expect_of_parts("#req.parts", "2");
    expect_of_parts("req.parts[1].name .. req.parts[1].body", "\"t21.5\"");
    expect_of_parts("{ req.parts[1].filename, req.parts[1].type }", "{}");
    expect_of_parts("{ req.parts[2].filename, req.parts[2].type,"
                    " req.parts[2].headers['CONTENT-type'] }",
                    "[\"x.csv\",\"Text/CSV\",\"Text/CSV\"]");
    expect_of_parts("csv.rows(req.parts[2].body)", "[[\"a\",\"b\"]]");
    expect_of_request("req.parts", "null");
}

static void a_param_that_the_route_does_not_have_is_noted(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)\n"
                                   "  if req.params.station ~= 'a' then"
                                   " error('no') end\n"
                                   "  return req.params.device\nend"));
    pairs_add(&bench.request.params, &bench.request.arena, TEXT("station"),
              TEXT("a"));
    bench_run(&bench, "");
    assert_int_equal(bench.err.kind, ERR_NONE);
    assert_int_equal(bench.notes.lines[NOTE_NIL].len, 0); /* nobody asked */
    bench_ask_for_notes(&bench);
    bench_run(&bench, "");
    assert_int_equal(bench.err.kind, ERR_NONE);
    assert_text(buf_text(&bench.notes.lines[NOTE_NIL]),
                "t.lua:3: req.params.device is nil (the route is /t)\n");
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_all_there),
        cmocka_unit_test(headers_are_found_in_any_case),
        cmocka_unit_test(parts_are_a_list_of_tables),
        cmocka_unit_test(all_gives_every_value),
        cmocka_unit_test(an_unknown_entry_of_req_is_an_error),
        cmocka_unit_test(json_is_known_by_type_or_by_looks),
        cmocka_unit_test(data_is_json_else_form_else_query),
        cmocka_unit_test(vars_belong_to_the_route),
        cmocka_unit_test(what_a_script_writes_into_req_is_not_the_next_ones),
        cmocka_unit_test(native_points_can_be_changed_and_stored),
        cmocka_unit_test(ndjson_has_a_value_a_line),
        cmocka_unit_test(the_first_of_bad_lines_only_is_named),
        cmocka_unit_test(ndjson_is_known_by_type_or_by_looks),
        cmocka_unit_test(values_are_counted_over_all_lines),
        cmocka_unit_test(a_param_that_the_route_does_not_have_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
