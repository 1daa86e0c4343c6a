/* What a script keeps of a request: keep(), the elements of each(x, f) that
 * failed, the lines of NDJSON that are none. */
#include "script_unit.h"

#include <stdlib.h>

#include "store.h"

#define FUNCTION(body) "return function(req)\n" body "\nend"

/* Runs text on body; the lines without the receipt time, and the reasons. */
static void expect_kept(const char *text, const char *body, const char *lines,
                        const char *reasons)
{
    struct bench bench;
    if (!bench_load(&bench, text) || !bench_run(&bench, body))
        fail_msg("%s\nfor %s", bench.err.text, text);
    char stamp[40];
    snprintf(stamp, sizeof stamp, " %lld\n", (long long)RECEIPT_NS);
    struct buf bare;
    buf_init(&bare, 1 << 20);
    for (const char *at = buf_string(&bench.lines); *at;) {
        bool is_stamp = strncmp(at, stamp, strlen(stamp)) == 0;
        buf_append_char(&bare, is_stamp ? ';' : *at);
        at += is_stamp ? strlen(stamp) : 1;
    }
    assert_string_equal(buf_string(&bare), lines);
    assert_string_equal(buf_string(&bench.call.kept.lines), reasons);
    buf_deinit(&bare);
    bench_free(&bench);
}

static void keep_stores_the_points_and_notes_the_reason(void **state)
{
    (void)state;
    expect_kept(FUNCTION("emit('m', nil, { v = 1 })\n"
                         "keep('odd')\n"
                         "return point('m', nil, { v = 2 })"),
                "", "m v=1;m v=2;", "t.lua:3: odd\n");
    expect_kept(FUNCTION("return keep('not an uplink')"), "", "",
                "t.lua:2: not an uplink\n");
    expect_kept(FUNCTION("keep() keep({ a = 1 }) keep(5) keep(json.null)"), "",
                "",
                "t.lua:2: keep() without a reason\nt.lua:2: {\"a\":1}\n"
                "t.lua:2: 5\nt.lua:2: keep() without a reason\n");
}

static void keep_needs_a_request(void **state)
{
    (void)state;
    struct bench bench;
    assert_false(bench_load(&bench, "keep('x')\nreturn function() end"));
    assert_string_equal(bench.err.text,
                        "t.lua:1: keep() works only inside the function that"
                        " the file returns, once there is a request");
    bench_free(&bench);
}

static void an_element_that_fails_is_kept_and_the_others_go_on(void **state)
{
    (void)state;
    expect_kept(FUNCTION("return each(req.json, function(x)\n"
                         "  return point('m', nil, { v = x.v + 1 })\n"
                         "end)"),
                "[{\"v\":1},{\"v\":\"a\"},null,{},{\"v\":4}]", "m v=2;m v=5;",
                "element 2: t.lua:3: attempt to add a 'string' with a"
                " 'number'\n"
                "element 4: t.lua:3: attempt to perform arithmetic on a nil"
                " value (field 'v')\n");
}

static void what_a_failed_element_emitted_is_taken_back(void **state)
{
    (void)state;
    expect_kept(FUNCTION("each(req.json, function(x, i)\n"
                         "  emit('m', { i = i }, { v = 1 })\n"
                         "  emit('m', { i = i }, { v = 2 })\n"
                         "  if x then error('no') end\n"
                         "end)\n"
                         "emit('last', nil, { v = 3 })"),
                "[false,true,false,true]",
                "m,i=1 v=1;m,i=1 v=2;m,i=3 v=1;m,i=3 v=2;last v=3;",
                "element 2: t.lua:5: no\nelement 4: t.lua:5: no\n");
}

/* A point that was made outside can be taken by the next element. */
static void a_point_taken_back_can_be_taken_again(void **state)
{
    (void)state;
    expect_kept(FUNCTION("local p, mine = point('m', nil, { v = 1 })\n"
                         "each({ 1, 2, 3 }, function(i)\n"
                         "  mine = mine or point('mine', nil, { v = 2 })\n"
                         "  emit(p)\n"
                         "  if i == 1 then error('no') end\n"
                         "end)\n"
                         "return mine"),
                "", "m v=1;mine v=2;", "element 1: t.lua:6: no\n");
}

static void nested_elements_are_named_from_the_outside(void **state)
{
    (void)state;
    expect_kept(FUNCTION("each(req.json, function(list)\n"
                         "  each(list, function(x)\n"
                         "    emit('m', nil, { v = x + 0 })\n"
                         "    if x > 2 then keep('big') end\n"
                         "  end)\n"
                         "  if #list == 3 then error('three') end\n"
                         "end)"),
                "[[1,[]],[3],[5,6,7]]", "m v=1;m v=3;",
                "element 1: element 2: t.lua:4: attempt to perform arithmetic"
                " on a array value (local 'x')\n"
                "element 2: element 1: t.lua:5: big\n"
                "element 3: element 1: t.lua:5: big\n"
                "element 3: element 2: t.lua:5: big\n"
                "element 3: element 3: t.lua:5: big\n"
                "element 3: t.lua:7: three\n");
}

static void bytes_that_a_decoder_refuses_are_the_elements_own(void **state)
{
    (void)state;
    expect_kept(
        FUNCTION("each({ '{\"v\":1}', '{', 'x' }, function(text)\n"
                 "  emit('m', nil, { v = json.decode(text).v })\n"
                 "end)"),
        "", "m v=1;",
        "element 2: t.lua:3: bad JSON at offset 1, line 1, column 2: a name in"
        " quotes expected, the text ends\n"
        "element 3: t.lua:3: bad JSON at offset 0, line 1, column 1: a value"
        " expected, not 'x'\n");
}

/* Whatever is raised, and from wherever. */
static void any_error_has_its_line(void **state)
{
    (void)state;
    expect_kept(
        FUNCTION("local raised = { {}, print, true, 'x', 7 }\n"
                 "each(raised, function(x)\n"
                 "  error(x, 0)\n"
                 "end)\n"
                 "each({ 1 }, error)\n"
                 "each({ 1 }, function() error() end)\n"
                 "each({ 1 }, function() point('m', {}, {f = {}}) end)"),
        "", "",
        "element 1: t.lua:4: the error is a table, not text\n"
        "element 2: t.lua:4: the error is a function, not text\n"
        "element 3: t.lua:4: the error is a boolean, not text\n"
        "element 4: t.lua:4: x\n"
        "element 5: t.lua:4: the error is a number, not text\n"
        "element 1: t.lua:6: the error is a number, not text\n"
        "element 1: t.lua:7: the error is nil, not text\n"
        "element 1: t.lua:8: field f is a table: take a value of it, or "
        "flatten it\n");
}

static void an_error_that_the_script_catches_keeps_nothing(void **state)
{
    (void)state;
    expect_kept(FUNCTION("each({ 1 }, function()\n"
                         "  emit('m', nil, { v = try(error, 'no') or 5 })\n"
                         "end)"),
                "", "m v=5;", "");
}

static void the_first_traceback_stays(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(
        bench_load(&bench, FUNCTION("local function f() error('a') end\n"
                                    "each({ 1, 2 }, function(i)\n"
                                    "  if i == 1 then f() end\n"
                                    "  error('b')\n"
                                    "end)")));
    assert_true(bench_run(&bench, ""));
    assert_non_null(
        strstr(buf_string(&bench.traceback), "t.lua:2: in upvalue"));
    assert_int_equal(bench.call.kept.count, 2);
    bench_free(&bench);
}

/* ---- what ends the request, whatever element it met ---- */

static void expect_end(struct bench *bench, enum error_kind kind,
                       const char *message)
{
    assert_false(bench_run(bench, "[1,2]"));
    assert_string_equal(bench->err.text, message);
    assert_int_equal(bench->err.kind, kind);
    assert_int_equal(bench->call.stored_count, 0);
    bench_free(bench);
}

static void the_time_limit_ends_the_request(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "each(req.json, function() while true do end end)",
        "each(req.json, function() pcall(function() while true do end end) "
        "end)",
        "pcall(each, req.json, function() while true do end end)",
        "each(req.json, function() each({ 1 }, function() while true do end "
        "end) end)",
        "each(req.json, function() while true do each({ 1 }, error) end end)",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct bench bench;
        char text[400];
        snprintf(text, sizeof text, FUNCTION("emit('m', nil, { v = 1 })\n%s"),
                 bodies[i]);
        assert_true(bench_load(&bench, text));
        bench.route.limits.time_ns = 10000000;
        assert_false(bench_run(&bench, "[1,2]"));
        assert_non_null(strstr(bench.err.text, "time limit of 10 ms reached"));
        assert_memory_equal(bench.err.text, "t.lua:3: ", 9);
        assert_int_equal(bench.err.kind, ERR_SCRIPT);
        assert_int_equal(bench.call.stored_count, 0);
        assert_true(bench.traceback.len > 0);
        bench_free(&bench);
    }
}

static void want_of_memory_ends_the_request(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "each(req.json, function() local t = {} while true do t[#t+1] = "
        "('x'):rep(1000) .. #t end end)",
        "pcall(each, req.json, function() local s = 'x' while true do "
        "s = s .. s end end)",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct bench bench;
        char text[400];
        snprintf(text, sizeof text, FUNCTION("%s"), bodies[i]);
        assert_true(bench_load(&bench, text));
        expect_end(&bench, ERR_SCRIPT,
                   "t.lua: memory limit of 32000000 bytes reached");
    }
}

static void a_ceiling_ends_the_request(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("each(req.json, function()\n"
                                            "  for i = 1, 11 do emit('m', nil,"
                                            " { v = i }) end\n"
                                            "end)")));
    bench.points.max_count = 10;
    expect_end(&bench, ERR_TOO_LARGE,
               "more than 10 points from one request (limits.points)");
}

/* After an end that was raised again through elements nothing of them is left:
 * the next request's reasons have no element in front. */
static void an_end_leaves_no_element_behind(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(
        &bench, FUNCTION("if req.json.bad then\n"
                         "  pcall(each, { 1 }, function()\n"
                         "    each({ 1 }, function()\n"
                         "      for i = 1, 99 do emit('m', nil, {v = i}) end\n"
                         "    end)\n"
                         "  end)\n"
                         "end\n"
                         "keep('here')")));
    bench.points.max_count = 10;
    assert_true(bench_run(&bench, "{\"bad\":true}"));
    assert_text(buf_text(&bench.call.kept.lines), "t.lua:9: here\n");
    assert_true(bench_run(&bench, "{}"));
    assert_text(buf_text(&bench.call.kept.lines), "t.lua:9: here\n");
    bench_free(&bench);
}

static void deep_recursion_of_elements_is_survived(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "local function deep(x)\n"
                                   "  each({ x }, deep)\n"
                                   "end\n"
                                   "return function(req)\n"
                                   "  if req.json.deep then deep(1) end\n"
                                   "  emit('m', nil, { v = 1 })\n"
                                   "end"));
    bool ok = bench_run(&bench, "{\"deep\":true}");
    assert_true(ok ? bench.call.kept.count > 0 : bench.err.kind == ERR_SCRIPT);
    assert_true(bench_run(&bench, "{}"));
    assert_int_equal(bench.call.stored_count, 1);
    bench_free(&bench);
}

static void a_refusal_keeps_nothing_of_its_points(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("each(req.json, error)\n"
                                            "emit('m', nil, { v = 1 })\n"
                                            "return nil, 'no', 409")));
    expect_end(&bench, ERR_REFUSED, "no");
}

static void each_with_a_function_while_the_file_loads_is_plain(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, "local t = each({ 1, 2 }, function(x)"
                                   " return x * 2 end)\n"
                                   "return function()"
                                   " return nil, '' .. #t end"));
    assert_false(bench_run(&bench, ""));
    assert_string_equal(bench.err.text, "2");
    bench_free(&bench);
    assert_false(bench_load(&bench, "each({ 1 }, function() error('no') end)\n"
                                    "return print"));
    assert_string_equal(bench.err.text, "t.lua:1: no");
    bench_free(&bench);
}

static void notes_say_nothing_of_points_of_failed_elements(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(
        bench_load(&bench, FUNCTION("each({ 1 }, function()\n"
                                    "  local p = point('m', nil, { v = 1 })\n"
                                    "  error('no')\n"
                                    "end)\n"
                                    "local q = point('m', nil, { v = 1 })")));
    bench_ask_for_notes(&bench);
    assert_true(bench_run(&bench, ""));
    assert_text(buf_text(&bench.notes.lines[NOTE_WARNING]),
                "t.lua:6: this point was made but neither returned nor"
                " emitted\n");
    bench_free(&bench);
}

/* A name that a failed element was first with is free for the next. */
static void an_element_that_failed_was_no_first(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(
        &bench, FUNCTION("local first = {}\n"
                         "each({ 1, 2, 3 }, function(i)\n"
                         "  first[i] = store.add('x')\n"
                         "  store.add('y' .. i)\n"
                         "  if i == 1 then error('no') end\n"
                         "end)\n"
                         "first[4] = store.add('y1') first[5] = store.add('y2')"
                         "\nreturn nil, json.encode(first)")));
    bench.call.store = store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_BYTES);
    assert_false(bench_run(&bench, ""));
    assert_string_equal(bench.err.text, "[true,true,false,true,false]");
    assert_int_equal(store_count(bench.call.store), 0);
    store_free(bench.call.store);
    bench_free(&bench);
}

/* ---- NDJSON ---- */

static void run_lines(struct bench *bench, const char *body)
{
    assert_true(
        bench_load(bench, FUNCTION("return each(req.ndjson, function(x)\n"
                                   "  return point('m', nil, { v = x.v })\n"
                                   "end)")));
    bench->request.media_type = TEXT("application/x-ndjson");
    if (!bench_run(bench, body))
        fail_msg("%s", bench->err.text);
}

static void a_bad_line_is_kept_and_the_others_are_stored(void **state)
{
    (void)state;
    struct bench bench;
    run_lines(&bench, "{\"v\":1}\n\n{\"v\":}\n{\"v\":3}\n[1\n\x1e{\"v\":4}\nx");
    assert_text(buf_text(&bench.lines), "m v=1 1767323045000000000\n"
                                        "m v=3 1767323045000000000\n"
                                        "m v=4 1767323045000000000\n");
    assert_text(buf_text(&bench.call.kept.lines),
                "line 3: column 6: a value expected, not '}'\n"
                "line 5: column 3: ',' or ']' expected, the line ends\n"
                "line 7: column 1: a value expected, not 'x'\n");
    bench_free(&bench);
}

static void a_line_too_deep_is_a_bad_line(void **state)
{
    (void)state;
    struct bench bench;
    char body[200] = "{\"v\":1}\n";
    size_t len = strlen(body);
    memset(body + len, '[', 80);
    snprintf(body + len + 80, 20, "\n{\"v\":2}");
    run_lines(&bench, body);
    assert_int_equal(bench.call.stored_count, 2);
    assert_int_equal(bench.call.kept.count, 1);
    assert_memory_equal(bench.call.kept.lines.data, "line 2: column 65: ", 19);
    bench_free(&bench);
}

static void bad_lines_alone_are_a_bad_body(void **state)
{
    (void)state;
    struct bench bench;
    assert_true(bench_load(&bench, FUNCTION("local t = try(function()"
                                            " return req.ndjson end)\n"
                                            "if not req.query.go then"
                                            " return req.ndjson end\n")));
    bench.request.media_type = TEXT("application/x-ndjson");
    assert_false(bench_run(&bench, "{\n\n["));
    assert_int_equal(bench.err.kind, ERR_BAD_REQUEST);
    assert_string_equal(
        bench.err.text,
        "bad JSON at offset 1, line 1, column 2: a name in quotes"
        " expected, the line ends");
    struct arena *arena = &bench.request.arena;
    pairs_add(&bench.request.query, arena, TEXT("go"), TEXT("1"));
    assert_true(bench_run(&bench, "{\n\n["));
    assert_int_equal(bench.call.kept.count, 0);
    bench_free(&bench);
}

/* Hostile: a bad line costs time, and time is bounded. */
static void a_body_of_bad_lines_ends_in_time(void **state)
{
    (void)state;
    struct bench bench;
    size_t len = 4000000;
    char *body = calloc(1, len + 1);
    memcpy(body, "1\n", 2);
    for (size_t i = 2; i < len; i++)
        body[i] = i % 2 ? '\n' : 'x';
    assert_true(bench_load(&bench, FUNCTION("return nil, #req.ndjson .. ''")));
    bench.request.media_type = TEXT("application/x-ndjson");
    bench.route.limits.time_ns = 1;
    assert_false(bench_run_text(&bench, (struct text){body, len}));
    if (bench.err.kind == ERR_SCRIPT)
        assert_non_null(strstr(bench.err.text, "time limit of"));
    else
        assert_non_null(strstr(bench.err.text, "more than 100000 values"));
    free(body);
    bench_free(&bench);
}

/* ---- a state that is not fit for another request ---- */

static void globals_that_were_thrown_away_come_back(void **state)
{
    (void)state;
    static const char *const spoilers[] = {
        "_ENV = nil", "_ENV = {}", "each({ 1 }, function() _ENV = nil end)",
        "local e = error _ENV = nil e('x')"};
    for (size_t i = 0; i < sizeof spoilers / sizeof *spoilers; i++) {
        struct bench bench;
        char text[300];
        snprintf(text, sizeof text,
                 FUNCTION("local emit, j = emit, req.json\n"
                          "if j.bad then %s end\n"
                          "return point('m', nil, { v = 1 })"),
                 spoilers[i]);
        assert_true(bench_load(&bench, text));
        bench_run(&bench, "{\"bad\":true}");
        if (!bench_run(&bench, "{}"))
            fail_msg("%s after %s", bench.err.text, spoilers[i]);
        assert_int_equal(bench.call.stored_count, 1);
        bench_free(&bench);
    }
}

static void a_record_of_another_width_is_kept(void **state)
{
    (void)state;
    static const char script[] =
        FUNCTION("return each(csv.records(req.text), function(row)\n"
                 "return point('m', { t = row.t }, { v = number(row.v) })"
                 " end)");
    expect_kept(script, "t,v\na,2.5\nb,3,25\nc\nd,4.5\n",
                "m,t=a v=2.5;m,t=d v=4.5;",
                "record 2 has 3 fields, and there are 2 names\n"
                "record 3 has 1 fields, and there are 2 names\n");
    expect_kept(script, "t,v\na,2.5,\n", "",
                "record 1 has 3 fields, and there are 2 names\n");
    expect_kept(FUNCTION("return each(csv.records(req.text, { header = {} }),"
                         " function(row)\n"
                         "return point('m', nil, { v = number(row[2]) }) end)"),
                "a,1\nb,2,3\n", "m v=1;m v=2;", "");
}

/* A body of records that are none; as slow as it gets. */
static void records_of_another_width_end_in_time(void **state)
{
    (void)state;
    struct bench bench;
    enum { ROWS = 100000 };
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_append_text(&body, TEXT("a,b\n"));
    for (int i = 0; i < ROWS; i++)
        buf_append_text(&body, TEXT("1\n"));
    assert_true(bench_load(&bench, FUNCTION("csv.records(req.text)")));
    bench_run(&bench, buf_string(&body));
    assert_true(bench.call.kept.lines.len > 0);
    assert_true(bench.call.kept.lines.len < 1 << 20);
    bench_free(&bench);
    buf_deinit(&body);
}

static void records_while_the_file_loads_have_nobody_to_tell(void **state)
{
    (void)state;
    struct bench bench;
    assert_false(bench_load(&bench, "csv.records('a,b\\n1')\n"
                                    "return function() end"));
    assert_non_null(strstr(bench.err.text, "csv.records() of records that"));
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_stores_the_points_and_notes_the_reason),
        cmocka_unit_test(keep_needs_a_request),
        cmocka_unit_test(an_element_that_fails_is_kept_and_the_others_go_on),
        cmocka_unit_test(what_a_failed_element_emitted_is_taken_back),
        cmocka_unit_test(a_point_taken_back_can_be_taken_again),
        cmocka_unit_test(nested_elements_are_named_from_the_outside),
        cmocka_unit_test(bytes_that_a_decoder_refuses_are_the_elements_own),
        cmocka_unit_test(any_error_has_its_line),
        cmocka_unit_test(an_error_that_the_script_catches_keeps_nothing),
        cmocka_unit_test(the_first_traceback_stays),
        cmocka_unit_test(the_time_limit_ends_the_request),
        cmocka_unit_test(want_of_memory_ends_the_request),
        cmocka_unit_test(a_ceiling_ends_the_request),
        cmocka_unit_test(an_end_leaves_no_element_behind),
        cmocka_unit_test(deep_recursion_of_elements_is_survived),
        cmocka_unit_test(a_refusal_keeps_nothing_of_its_points),
        cmocka_unit_test(each_with_a_function_while_the_file_loads_is_plain),
        cmocka_unit_test(notes_say_nothing_of_points_of_failed_elements),
        cmocka_unit_test(an_element_that_failed_was_no_first),
        cmocka_unit_test(a_bad_line_is_kept_and_the_others_are_stored),
        cmocka_unit_test(a_line_too_deep_is_a_bad_line),
        cmocka_unit_test(bad_lines_alone_are_a_bad_body),
        cmocka_unit_test(a_body_of_bad_lines_ends_in_time),
        cmocka_unit_test(globals_that_were_thrown_away_come_back),
        cmocka_unit_test(a_record_of_another_width_is_kept),
        cmocka_unit_test(records_of_another_width_end_in_time),
        cmocka_unit_test(records_while_the_file_loads_have_nobody_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
