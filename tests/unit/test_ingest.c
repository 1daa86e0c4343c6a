/* The straight line from a request to the journal's lines, without a socket. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "ingest.h"
#include "notes.h"
#include "route.h"
#include "store.h"

static char script_text[] =
    "return function(req)\n"
    "  if req.query.refuse then return nil, 'no thanks', 409 end\n"
    "  if req.query.fail then return point('m', {}, {f = {}}) end\n"
    "  if req.query.count then return nil, '' .. store.incr('n') end\n"
    "  if req.query.reply then reply(200, {ok = true}) end\n"
    "  if req.points then return req.points end\n"
    "  local list = {}\n"
    "  for v in each(req.json.values) do\n"
    "    list[#list + 1] = point{measurement = 'm', fields = {v = v},\n"
    "                            output = req.json.output}\n"
    "  end\n"
    "  return list\n"
    "end\n";

static struct script_source source = {.name = "test.lua",
                                      .path = "test.lua",
                                      .text = script_text,
                                      .len = sizeof script_text - 1,
                                      .dir = "."};
static char *output_names[] = {"one", "two"};

struct fixture {
    struct route_table *table;
    struct ingest *ingest;
    struct request request;
    struct notes notes;
    struct receipt receipt;
    struct error err;
};

static struct route *new_route(const char *pattern, int script, bool is_native)
{
    struct route *route = calloc(1, sizeof *route);
    route->pattern = strdup(pattern);
    route->methods = METHOD_POST;
    route->script = script;
    route->line_protocol = is_native;
    route->outputs = 1;
    route->limits = LIMITS_DEFAULT;
    return route;
}

static int set_up(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    fixture.table = route_table_new();
    struct route *spread = new_route("/spread", 0, false);
    spread->spread_repeats = true;
    struct route *both = new_route("/both", -1, true);
    both->outputs = 3;
    both->reply_status = 200;
    both->reply_body = strdup("ok");
    assert_true(
        route_table_add(fixture.table, new_route("/json", 0, false), NULL));
    assert_true(route_table_add(fixture.table, spread, NULL));
    assert_true(route_table_add(fixture.table, both, NULL));
    struct ingest_options options = {.routes = fixture.table,
                                     .scripts = &source,
                                     .script_count = 1,
                                     .outputs = {output_names, 2},
                                     .waker = -1};
    fixture.ingest = ingest_new(&options, &fixture.err);
    assert_non_null(fixture.ingest);
    request_init(&fixture.request);
    notes_init(&fixture.notes);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    ingest_free(fixture->ingest);
    route_table_free(fixture->table);
    request_deinit(&fixture->request);
    notes_deinit(&fixture->notes);
    return 0;
}

/* Hands one POST to ingest at receipt time 1000. */
static bool post(struct fixture *fixture, const char *path, const char *query,
                 const char *body)
{
    struct request *request = &fixture->request;
    struct route_match match;
    request_reset(request);
    request_stamp(request);
    request->time_ns = 1000;
    request->method = TEXT("POST");
    request->path = text_of(path);
    request->query_string = text_of(query);
    request->raw_body = text_of(body);
    assert_true(route_find(fixture->table, METHOD_POST, request->path, &match,
                           &fixture->err));
    return ingest_request(fixture->ingest, request, &match, &fixture->notes,
                          &fixture->receipt, &fixture->err);
}

/* The last request would be kept as a whole, for these reasons. */
static void assert_kept(struct fixture *fixture, const char *reasons)
{
    const struct kept *kept = ingest_kept(fixture->ingest);
    assert_int_equal(fixture->err.kind, ERR_NONE);
    assert_int_equal(fixture->receipt.point_count, 0);
    assert_int_equal(fixture->receipt.kept_count, kept->count);
    assert_text(buf_text(&kept->lines), reasons);
    assert_text(ingest_lines(fixture->ingest, 0), "");
    assert_text(ingest_lines(fixture->ingest, 1), "");
}

static void a_request_becomes_lines(void **state)
{
    struct fixture *fixture = *state;
    assert_true(post(fixture, "/json", "", "{\"values\":[1,2.5]}"));
    assert_text(ingest_lines(fixture->ingest, 0), "m v=1 1000\nm v=2.5 1000\n");
    assert_text(ingest_lines(fixture->ingest, 1), "");
    assert_int_equal(fixture->receipt.point_count, 2);
    assert_int_equal(fixture->receipt.reply.status, 204);
    assert_false(fixture->receipt.must_wait);
    assert_int_equal(fixture->notes.receipt_time_points, 2);
}

static void a_fallback_on_the_receipt_time_is_counted(void **state)
{
    struct fixture *fixture = *state;
    const char *lines = "m v=1 999\nm v=2 1000\nm v=3\n";
    assert_true(post(fixture, "/both", "", lines));
    assert_int_equal(fixture->notes.receipt_time_points, 2);
}

static void a_point_may_choose_its_output(void **state)
{
    struct fixture *fixture = *state;
    assert_true(
        post(fixture, "/json", "", "{\"values\":[1],\"output\":\"two\"}"));
    assert_text(ingest_lines(fixture->ingest, 0), "");
    assert_text(ingest_lines(fixture->ingest, 1), "m v=1 1000\n");
    assert_true(
        post(fixture, "/json", "", "{\"values\":[1],\"output\":\"three\"}"));
    assert_kept(fixture, "test.lua:9: there is no output three\n");
}

static void a_native_write_goes_to_every_output_of_its_route(void **state)
{
    struct fixture *fixture = *state;
    assert_true(
        post(fixture, "/both", "precision=s", "m,b=1,a=2 v=1 5\nm v=2"));
    for (unsigned output = 0; output < 2; output++)
        assert_text(ingest_lines(fixture->ingest, output),
                    "m,a=2,b=1 v=1 5000000000\nm v=2 1000\n");
    assert_int_equal(fixture->receipt.reply.status, 200);
    assert_text(fixture->receipt.reply.body, "ok");
    assert_true(post(fixture, "/both", "", "\xef\xbb\xbfm v=3 1"));
    assert_text(ingest_lines(fixture->ingest, 0), "m v=3 1\n");
}

static void a_bad_native_line_stores_nothing(void **state)
{
    struct fixture *fixture = *state;
    assert_false(post(fixture, "/both", "", "m v=1\nm v=oops\nm v=3"));
    assert_string_equal(fixture->err.text,
                        "line 2, column 5: a field value that is no number,"
                        " boolean or quoted string");
    assert_int_equal(fixture->err.kind, ERR_BAD_REQUEST);
    assert_text(ingest_lines(fixture->ingest, 0), "");
    assert_false(post(fixture, "/both", "precision=day", "m v=1"));
    assert_string_equal(fixture->err.text,
                        "invalid precision \"day\": use ns, us, ms, s, m or h");
}

static void each_ending_has_its_kind(void **state)
{
    struct fixture *fixture = *state;
    assert_false(post(fixture, "/json", "refuse=1", "{}"));
    assert_int_equal(fixture->err.kind, ERR_REFUSED);
    assert_int_equal(fixture->err.status, 409);
    assert_string_equal(fixture->err.text, "no thanks");
    assert_true(post(fixture, "/json", "fail=1", "{}"));
    assert_kept(fixture,
                "test.lua:3: field f is a table: take a value of it, or"
                " flatten it\n");
    assert_true(ingest_traceback(fixture->ingest).len > 0);
    assert_false(post(fixture, "/json", "", "{\"values\":[1,}"));
    assert_int_equal(fixture->err.kind, ERR_BAD_REQUEST);
    assert_true(post(fixture, "/json", "reply=1", "{\"values\":[]}"));
    assert_int_equal(fixture->receipt.reply.status, 200);
    assert_text(fixture->receipt.reply.body, "{\"ok\":true}");
}

static void repeats_are_spread_where_the_route_says_so(void **state)
{
    struct fixture *fixture = *state;
    assert_true(post(fixture, "/spread", "", "{\"values\":[1,2,3]}"));
    assert_text(ingest_lines(fixture->ingest, 0),
                "m v=1 1000\nm v=2 1001\nm v=3 1002\n");
    assert_true(post(fixture, "/json", "", "{\"values\":[1,2]}"));
    assert_text(ingest_lines(fixture->ingest, 0), "m v=1 1000\nm v=2 1000\n");
    assert_non_null(strstr(buf_string(&fixture->notes.lines[NOTE_WARNING]),
                           "two points of m have the same tags and time 1000"));
}

static void a_failure_leaves_nothing_for_the_next(void **state)
{
    struct fixture *fixture = *state;
    assert_true(post(fixture, "/json", "reply=1", "{\"values\":[1]}"));
    assert_true(post(fixture, "/json", "fail=1", "{}"));
    assert_text(ingest_lines(fixture->ingest, 0), "");
    assert_true(post(fixture, "/json", "", "{\"values\":[]}"));
    assert_int_equal(fixture->receipt.reply.status, 204);
    assert_int_equal(fixture->receipt.point_count, 0);
    assert_int_equal(fixture->receipt.kept_count, 0);
    assert_text(ingest_lines(fixture->ingest, 0), "");
}

static void a_script_that_cannot_load_is_named(void **state)
{
    struct fixture *fixture = *state;
    static char broken[] = "return function(req)\n  return oops(\nend\n";
    struct script_source bad = {.name = "bad.lua",
                                .path = "bad.lua",
                                .text = broken,
                                .len = sizeof broken - 1,
                                .dir = "."};
    struct ingest_options options = {.routes = fixture->table,
                                     .scripts = &bad,
                                     .script_count = 1,
                                     .outputs = {output_names, 2},
                                     .waker = -1};
    assert_null(ingest_new(&options, &fixture->err));
    assert_int_equal(fixture->err.kind, ERR_CONFIG);
    assert_memory_equal(fixture->err.text, "bad.lua:3: ", 11);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void scripts_of_one_ingest_share_a_store(void **state)
{
    struct fixture *fixture = *state;
    assert_false(post(fixture, "/json", "count", ""));
    assert_string_equal(fixture->err.text, "1");
    assert_false(post(fixture, "/spread", "count", ""));
    assert_string_equal(fixture->err.text, "2");
}

/* As two workers do. */
static void two_ingests_share_the_store_they_were_given(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_BYTES);
    const struct ingest_options options = {.routes = fixture->table,
                                           .scripts = &source,
                                           .script_count = 1,
                                           .outputs = {output_names, 2},
                                           .store = store,
                                           .waker = -1};
    for (int i = 1; i <= 2; i++) {
        char wanted[2] = {(char)('0' + i), '\0'};
        ingest_free(fixture->ingest);
        fixture->ingest = ingest_new(&options, &fixture->err);
        assert_non_null(fixture->ingest);
        assert_false(post(fixture, "/json", "count", ""));
        assert_string_equal(fixture->err.text, wanted);
    }
    ingest_free(fixture->ingest);
    fixture->ingest = NULL;
    assert_int_equal(store_count(store), 1);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_becomes_lines),
        TEST(scripts_of_one_ingest_share_a_store),
        TEST(two_ingests_share_the_store_they_were_given),
        TEST(a_fallback_on_the_receipt_time_is_counted),
        TEST(a_point_may_choose_its_output),
        TEST(a_native_write_goes_to_every_output_of_its_route),
        TEST(a_bad_native_line_stores_nothing),
        TEST(each_ending_has_its_kind),
        TEST(repeats_are_spread_where_the_route_says_so),
        TEST(a_failure_leaves_nothing_for_the_next),
        TEST(a_script_that_cannot_load_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
