/* One run of a user's function: its endings, and what of Lua it can reach. */
#include "script_unit.h"

#include "modules.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

static void a_returned_point_is_stored(void **state)
{
    (void)state;
    expect_lines(FUNCTION("return point('m', { a = req.json.name },"
                          " { x = req.json.x })"),
                 "{\"name\":\"n\",\"x\":1.5}", "m,a=n x=1.5\n");
}

static void nothing_may_be_returned(void **state)
{
    (void)state;
    expect_lines(FUNCTION(""), "", "");
    expect_lines(FUNCTION("return nil"), "", "");
    expect_lines(FUNCTION("return false"), "", "");
    expect_lines(FUNCTION("return {}"), "", "");
    expect_lines(FUNCTION("return nil, nil"), "", "");
}

static void a_list_may_have_gaps(void **state)
{
    (void)state;
    expect_lines(FUNCTION("local function p(x)"
                          " return point('m', nil, { x = x }) end\n"
                          "return { nil, p(1), false, p(2), nil, p(3) }"),
                 "", "m x=1\nm x=2\nm x=3\n");
}

static void emitted_and_returned_points_come_in_order_and_once(void **state)
{
    (void)state;
    expect_lines(FUNCTION("local p = point('m', nil, { x = 1 })\n"
                          "emit('m', nil, { x = 2 })\n"
                          "emit{ measurement = 'm', fields = { x = 3 } }\n"
                          "emit(p)\n"
                          "return { p, point('m', nil, { x = 4 }) }"),
                 "", "m x=2\nm x=3\nm x=1\nm x=4\n");
}

static void a_refusal_has_its_reason_and_status(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(
        &bench, FUNCTION("emit('m', nil, { x = 1 })\n"
                         "if req.text == '' then return nil, 'empty' end\n"
                         "return nil, 'gone', 410")));
    assert_false(bench_run(&bench, ""));
    assert_int_equal(bench.err.kind, ERR_REFUSED);
    assert_int_equal(bench.err.status, 0);
    assert_string_equal(bench.err.text, "empty");
    assert_int_equal(bench.call.stored_count, 0);
    assert_false(bench_run(&bench, "x"));
    assert_int_equal(bench.err.status, 410);
    assert_string_equal(bench.err.text, "gone");
    bench_free(&bench);
}

static void expect_script_error(const char *text, const char *message)
{
    expect_failure(text, "{}", ERR_SCRIPT, message);
}

static void nonsense_that_is_returned_is_named(void **state)
{
    (void)state;
    expect_script_error(FUNCTION("return 42"),
                        "t.lua:1: returned a number, not a point or a list"
                        " of points");
    expect_script_error(FUNCTION("return 'ok'"),
                        "t.lua:1: returned text, not a point or a list of"
                        " points");
    expect_script_error(FUNCTION("return true"),
                        "t.lua:1: returned a boolean, not a point or a list"
                        " of points");
    expect_script_error(FUNCTION("return { measurement = 'm' }"),
                        "t.lua:1: returned a table with measurement in it,"
                        " not a list of points: is point{...} meant?");
    expect_script_error(FUNCTION("return { 'm' }"),
                        "t.lua:1: element 1 of the returned list is text, not"
                        " a point");
    expect_script_error(FUNCTION("return { { a = 1 } }"),
                        "t.lua:1: element 1 of the returned list is a table,"
                        " not a point");
    expect_script_error(FUNCTION("return { {} }"),
                        "t.lua:1: element 1 of the returned list is a list:"
                        " return one flat list, and emit(...) the points beside"
                        " it");
    expect_script_error(FUNCTION("local p = point('m', nil, { x = 1 })\n"
                                 "return { p, each({ 1 }, function()"
                                 " return point('n', nil, { x = 1 }) end) }"),
                        "t.lua:1: element 2 of the returned list is a list:"
                        " return one flat list, and emit(...) the points beside"
                        " it");
    expect_script_error(FUNCTION("emit({ point('m', nil, { x = 1 }) })"),
                        "t.lua:2: a list where one point belongs: return the"
                        " list, or emit its points one by one");
    expect_script_error(FUNCTION("return { { measurement = 'm' } }"),
                        "t.lua:1: fields is nil, not a table: point("
                        "measurement, tags, fields [, time])");
    expect_script_error(FUNCTION("return { [1 << 40] = false }"),
                        "t.lua:1: returned a list whose gaps are too wide");
    expect_script_error(FUNCTION("return { [0] = point('m', nil, { x = 1 }) }"),
                        "t.lua:1: returned a list with an element 0: lists"
                        " begin at 1, and the rest would be lost");
    expect_script_error(FUNCTION("local p = point('m', nil, { x = 1 })\n"
                                 "return p, p"),
                        "t.lua:1: returned 2 values: return one list of"
                        " points, { a, b }");
    expect_script_error(FUNCTION("return nil, {}"),
                        "t.lua:1: returned nil and a table, where the reason"
                        " should be text");
    expect_script_error(FUNCTION("return nil, 'why', 200"),
                        "t.lua:1: returned nil, why and a status that is none"
                        " of 400 to 599");
    expect_script_error(FUNCTION("return nil, 'why', '404 not'"),
                        "t.lua:1: returned nil, why and a status that is none"
                        " of 400 to 599");
}

static void an_error_has_file_and_line(void **state)
{
    (void)state;
    expect_script_error("return function(req)\n\n  local x = req.json.a.b\n"
                        "end",
                        "t.lua:3: attempt to index a nil value (field 'a')");
    expect_script_error(FUNCTION("error('mine')"), "t.lua:2: mine");
    expect_script_error(FUNCTION("error('mine', 0)"), "t.lua:2: mine");
    expect_script_error(FUNCTION("error({})"),
                        "t.lua:2: the error is a table, not text");
    expect_script_error(FUNCTION("error(nil)"),
                        "t.lua:2: the error is nil, not text");
}

/* What fails on nil, run with this body, whose form has so many names. */
static void expect_absence(const char *code, const char *body,
                           size_t form_count, const char *message)
{
    struct bench bench;
    struct pair pair = {TEXT("a"), TEXT("b")};
    char text[300];
    snprintf(text, sizeof text, "return function(req)\n%s\nend", code);
    assert_true(bench_load(&bench, text));
    bench.request.form = (struct pairs){.items = &pair, .count = form_count};
    assert_false(bench_run(&bench, body));
    assert_string_equal(bench.err.text, message);
    assert_false(bench_run(&bench, body)); /* the same, so it counts up */
    assert_string_equal(bench.err.text, message);
    bench_free(&bench);
}

static void where_nil_was_to_be_the_body_it_says_what_the_body_is(void **state)
{
    (void)state;
    expect_absence("return req.json.t", "", 0,
                   "t.lua:2: attempt to index a nil value (field 'json'); "
                   "req.json is nil: the body is empty");
    expect_absence("local e = req.json return e.t", "a=b", 1,
                   "t.lua:2: attempt to index a nil value (local 'e'); "
                   "req.json is nil: the body is a form");
    expect_absence("return req.csv[1]", "text", 0,
                   "t.lua:2: attempt to index a nil value (field 'csv'); "
                   "req.csv is nil: the body does not look like it");
    expect_absence("return #req.points", "text", 0,
                   "t.lua:2: attempt to get length of a nil value (field "
                   "'points'); req.points is nil: the route has no "
                   "line_protocol = true");
    expect_absence("return req.json.a.b", "{}", 0,
                   "t.lua:2: attempt to index a nil value (field 'a')");
    expect_absence("local e = req.json error('a nil value')", "", 0,
                   "t.lua:2: a nil value");
    expect_absence("local t, e = {}, req.json return t + 1", "", 0,
                   "t.lua:2: attempt to perform arithmetic on a table value "
                   "(local 't')");
}

static void a_traceback_has_no_line_that_says_nothing(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "return function(req)\nhex.decode()\nend"));
    assert_false(bench_run(&bench, ""));
    assert_string_equal(buf_string(&bench.traceback),
                        "stack traceback:\n\t[C]: in field 'decode'\n"
                        "\tt.lua:2: in function <t.lua:1>");
    bench_free(&bench);
    assert_true(bench_load(&bench, "return function(req) return 1 end"));
    assert_false(bench_run(&bench, ""));
    assert_int_equal(bench.traceback.len, 0);
    bench_free(&bench);
}

static void points_before_an_error_are_not_stored(void **state)
{
    (void)state;
    expect_script_error(FUNCTION("emit('m', nil, { x = 1 })\nerror('no')"),
                        "t.lua:3: no");
}

static void a_traceback_is_kept(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "local function inner() error('x') end\n"
                                   "return function() inner() end"));
    assert_false(bench_run(&bench, ""));
    const char *trace = buf_string(&bench.traceback);
    assert_non_null(strstr(trace, "t.lua:1: in upvalue 'inner'"));
    assert_non_null(strstr(trace, "t.lua:2: in function"));
    bench_free(&bench);
}

static void a_file_that_does_not_load_is_a_config_error(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"return function(", "t.lua:1: <name> or '...' expected near <eof>"},
        {"", "t.lua:1: the file returns nil; it must end with a function:"
             " return function(req) ... end"},
        {"return 1", "t.lua:1: the file returns a number; it must end with a"
                     " function: return function(req) ... end"},
        {"local x\nerror('bad')", "t.lua:2: bad"},
        {"\n\nreturn poit", "t.lua:3: there is no global poit (did you mean"
                            " point?)"},
        {"point('m', nil, {})",
         "t.lua:1: point() works only inside the function that the file"
         " returns, once there is a request"},
        {"\033Lua", "t.lua:1: attempt to load a binary chunk (mode is 't')"},
        {"while true do end", "t.lua:1: time limit of 1000 ms reached"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        assert_false(bench_load(&bench, cases[i].text));
        assert_string_equal(bench.err.text, cases[i].message);
        assert_int_equal(bench.err.kind, ERR_CONFIG);
        bench_free(&bench);
    }
}

static void a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    expect_lines("\xef\xbb\xbfreturn function() end", "", "");
}

static void what_reaches_the_system_is_not_there(void **state)
{
    (void)state;
    static const char *const names[] = {
        "io",           "os",     "debug",          "package", "coroutine",
        "load",         "dofile", "loadfile",       "xpcall",  "getmetatable",
        "setmetatable", "rawset", "collectgarbage", "warn",    "_G",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[200], message[200];
        snprintf(text, sizeof text, FUNCTION("local x = %s"), names[i]);
        snprintf(message, sizeof message, "t.lua:2: there is no global %s",
                 names[i]);
        struct bench bench;
        assert_true(bench_load(&bench, text));
        assert_false(bench_run(&bench, ""));
        if (strncmp(bench.err.text, message, strlen(message)) != 0)
            fail_msg("%s, not %s", bench.err.text, message);
        bench_free(&bench);
    }
    expect_script_error(FUNCTION("string.dump(error)"),
                        "t.lua:2: there is no string.dump (does a text stand"
                        " where a table is meant?)");
}

static void globals_are_written_only_while_the_file_loads(void **state)
{
    (void)state;
    expect_lines("count = 1\nfunction double(x) return x * 2 end\n" FUNCTION(
                     "return point('m', nil, { x = double(count) })"),
                 "", "m x=2\n");
    expect_script_error("count = 1\n" FUNCTION("count = count + 1"),
                        "t.lua:3: global count is set while a request runs: it"
                        " would be seen by the next one; write local count");
    expect_script_error(FUNCTION("last = 1"),
                        "t.lua:2: global last is set while a request runs: it"
                        " would be seen by the next one; write local last");
    expect_script_error(FUNCTION("_ENV[1] = 1"),
                        "t.lua:2: global ? is set while a request runs: it"
                        " would be seen by the next one; write local ?");
    expect_script_error(FUNCTION("return flaten({})"),
                        "t.lua:2: there is no global flaten (did you mean"
                        " flatten?)");
    expect_script_error(FUNCTION("return _ENV[{}]"),
                        "t.lua:2: there is no global that is a table");
}

static void a_handle_lives_for_one_request(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(
        &bench, "local kept\n" FUNCTION(
                    "if kept then return kept end\n"
                    "kept = point('m', nil, { x = 1 })\nreturn kept")));
    assert_true(bench_run(&bench, ""));
    assert_false(bench_run(&bench, ""));
    assert_string_equal(bench.err.text, "t.lua:2: this point belongs to an"
                                        " earlier request");
    bench_free(&bench);
}

static void the_senders_bytes_are_blamed_for_bad_json(void **state)
{
    (void)state;
    static const char why[] =
        "bad JSON at offset 5, line 1, column 6: a value expected,"
        " not '}'";
    expect_failure(FUNCTION("local x = req.json"), "{\"a\":}", ERR_BAD_REQUEST,
                   why);
    expect_failure(FUNCTION("return json.decode('{\"a\":}')"), "",
                   ERR_BAD_REQUEST, why);
    expect_lines(
        FUNCTION("local ok, why = pcall(function()"
                 " return req.json end)\n"
                 "return point('m', nil, { ok = ok, why = why })"),
        "{\"a\":}",
        "m ok=false,why=\"bad JSON at offset 5, line 1, column 6: a value"
        " expected, not '}'\"\n");
    expect_lines(
        FUNCTION("local x, why = try(json.decode, '[')\n"
                 "return point('m', nil, { why = why })"),
        "",
        "m why=\"bad JSON at offset 1, line 1, column 2: a value expected, the"
        " text ends\"\n");
    expect_script_error(FUNCTION("json.decode({})"),
                        "t.lua:2: bad argument #1 to 'decode' (string"
                        " expected, got table)");
}

static void more_points_than_allowed_are_too_large(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("for i = 1, 11 do\n"
                                            "emit('m', nil, { x = i })\n"
                                            "end")));
    bench.points.max_count = 10;
    assert_false(bench_run(&bench, ""));
    assert_int_equal(bench.err.kind, ERR_TOO_LARGE);
    assert_non_null(strstr(bench.err.text, "more than 10 points"));
    assert_int_equal(bench.call.stored_count, 0);
    bench_free(&bench);
}

static void many_points_are_stored(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("for i = 1, 5000 do\n"
                                            "emit('m', nil, { x = i })\n"
                                            "end")));
    assert_true(bench_run(&bench, ""));
    assert_int_equal(bench.call.stored_count, 5000);
    assert_int_equal(bench.call.stored[4999], 4999);
    bench_free(&bench);
}

static void a_reply_holds_whatever_happens_below(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(
        bench_load(&bench, FUNCTION("reply(201, { ok = true, list = {1} })\n"
                                    "if req.text == 'x' then error('e') end\n"
                                    "if req.text == 'y' then\n"
                                    "reply(200, 'hi', 'text/x') end")));
    assert_false(bench_run(&bench, "x"));
    assert_int_equal(bench.call.reply.status, 201);
    assert_text(bench.call.reply.body, "{\"list\":[1],\"ok\":true}");
    assert_text(bench.call.reply.type, "application/json");
    assert_true(bench_run(&bench, "y"));
    assert_text(bench.call.reply.body, "hi");
    assert_text(bench.call.reply.type, "text/x");
    bench_free(&bench);
    assert_true(bench_load(&bench, FUNCTION("if req.text == 'x' then"
                                            " reply(204) end")));
    assert_true(bench_run(&bench, "x"));
    assert_int_equal(bench.call.reply.status, 204);
    assert_int_equal(bench.call.reply.body.len, 0);
    assert_true(bench_run(&bench, ""));
    assert_int_equal(bench.call.reply.status, 0);
    bench_free(&bench);
    expect_script_error(FUNCTION("reply(404)"),
                        "t.lua:2: reply(404): 200 to 299 only; to refuse,"
                        " return nil, \"why\", status");
    expect_script_error(FUNCTION("reply(200, 'x', 'a\\r\\nb')"),
                        "t.lua:2: reply: the type has a control byte");
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void
modules_are_found_beside_the_script_and_among_the_shipped(void **state)
{
    (void)state;
    char dir[] = "/tmp/moonline-require-XXXXXX", path[100], shipped[100];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/main.lua", dir);
    snprintf(shipped, sizeof shipped, "%s/shipped.lua", dir);
    write_file(path, "local s = require('shipped')\n"
                     "assert(s == require('shipped'))\n" FUNCTION(
                         "if req.text == 'late' then require('other') end\n"
                         "return point('m', nil, { x = s.x() })"));
    write_file(shipped, "return { x = function() return 7 end }");
    struct bench bench;
    assert_true(bench_load(&bench, "return function() end"));
    script_free(bench.script);
    struct script_source source;
    assert_true(script_source_load(&source, path, "/nowhere", &bench.err));
    assert_string_equal(source.name, "main.lua");
    assert_string_equal(source.dir, dir);
    source.modules = modules_new();
    bench.script = script_new(&source, &bench.limits, NULL, &bench.err);
    assert_non_null(bench.script);
    assert_true(bench_run(&bench, ""));
    assert_text(buf_text(&bench.lines), "m x=7 1767323045000000000\n");
    assert_false(bench_run(&bench, "late"));
    assert_string_equal(bench.err.text,
                        "main.lua:4: require(\"other\") belongs at the top of"
                        " the file, not inside the function");
    script_free(bench.script);
    /* a state that is built again gets the text of the first */
    write_file(shipped, "return { x = function() return 8 end }");
    bench.script = script_new(&source, &bench.limits, NULL, &bench.err);
    assert_true(bench_run(&bench, ""));
    assert_text(buf_text(&bench.lines), "m x=7 1767323045000000000\n");
    script_free(bench.script);
    modules_free(source.modules);
    source.modules = modules_new();
    /* the same folder as the shipped one */
    free(source.dir);
    source.dir = xstrdup("/nowhere");
    free(source.shipped_dir);
    source.shipped_dir = xstrdup(dir);
    bench.script = script_new(&source, &bench.limits, NULL, &bench.err);
    assert_non_null(bench.script);
    bench_free(&bench);
    modules_free(source.modules);
    script_source_deinit(&source);
    unlink(path);
    unlink(shipped);
    rmdir(dir);
}

static void a_module_that_cannot_be_is_named(void **state)
{
    (void)state;
    struct bench bench;
    assert_false(bench_load(&bench, "require('../x')"));
    assert_string_equal(bench.err.text, "t.lua:1: a module's name is letters,"
                                        " digits, _ and -, not \"../x\"");
    bench_free(&bench);
    assert_false(bench_load(&bench, "\nrequire('no_such_module')"));
    assert_string_equal(bench.err.text,
                        "t.lua:2: there is no module no_such_module: looked"
                        " for no_such_module.lua in .");
    bench_free(&bench);
}

static void a_source_that_everybody_may_write_is_refused(void **state)
{
    (void)state;
    char dir[] = "/tmp/moonline-source-XXXXXX", path[100];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.lua", dir);
    write_file(path, "return 1");
    struct script_source source;
    struct error err;
    assert_true(script_source_load(&source, path, NULL, &err));
    assert_null(source.shipped_dir);
    script_source_deinit(&source);
    assert_int_equal(chmod(path, 0666), 0);
    assert_false(script_source_load(&source, path, NULL, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.text, "everybody may write it"));
    unlink(path);
    assert_false(script_source_load(&source, path, NULL, &err));
    assert_non_null(strstr(err.text, "No such file"));
    assert_false(script_source_load(&source, dir, NULL, &err));
    assert_non_null(strstr(err.text, "is not a file"));
    rmdir(dir);
    script_source_deinit(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_returned_point_is_stored),
        cmocka_unit_test(nothing_may_be_returned),
        cmocka_unit_test(a_list_may_have_gaps),
        cmocka_unit_test(emitted_and_returned_points_come_in_order_and_once),
        cmocka_unit_test(a_refusal_has_its_reason_and_status),
        cmocka_unit_test(nonsense_that_is_returned_is_named),
        cmocka_unit_test(an_error_has_file_and_line),
        cmocka_unit_test(where_nil_was_to_be_the_body_it_says_what_the_body_is),
        cmocka_unit_test(a_traceback_has_no_line_that_says_nothing),
        cmocka_unit_test(points_before_an_error_are_not_stored),
        cmocka_unit_test(a_traceback_is_kept),
        cmocka_unit_test(a_file_that_does_not_load_is_a_config_error),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(what_reaches_the_system_is_not_there),
        cmocka_unit_test(globals_are_written_only_while_the_file_loads),
        cmocka_unit_test(a_handle_lives_for_one_request),
        cmocka_unit_test(the_senders_bytes_are_blamed_for_bad_json),
        cmocka_unit_test(more_points_than_allowed_are_too_large),
        cmocka_unit_test(many_points_are_stored),
        cmocka_unit_test(a_reply_holds_whatever_happens_below),
        cmocka_unit_test(
            modules_are_found_beside_the_script_and_among_the_shipped),
        cmocka_unit_test(a_module_that_cannot_be_is_named),
        cmocka_unit_test(a_source_that_everybody_may_write_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
