/* A request without a server: its target, its route, what it made. */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attempt.h"
#include "config.h"
#include "log.h"

static char folder[] = "/tmp/test_attempt.XXXXXX";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_target(const char *given, const char *target,
                          const char *path)
{
    struct attempt_request request;
    attempt_request_init(&request);
    request.target = given ? xstrdup(given) : NULL;
    assert_text(attempt_request_target(&request), target);
    assert_text(attempt_request_path(&request), path);
    attempt_request_deinit(&request);
}

static void a_target_may_be_a_whole_url(void **state)
{
    (void)state;
    assert_target("/a/b?c=d", "/a/b?c=d", "/a/b");
    assert_target("http://h:1/a?b=http://x/", "/a?b=http://x/", "/a");
    assert_target("https://[::1]:80/a", "/a", "/a");
    assert_target("http://h", "/", "/");
    assert_target("http://h?x=1", "?x=1", "/");
    assert_target("/a?to=http://x/y", "/a?to=http://x/y", "/a");
    assert_target("/", "/", "/");
    assert_target("", "/", "/");
    assert_target(NULL, "/", "/");
}

/* What the fixtures below have in common. */
struct stand {
    struct config *config;
    struct ingest *ingest;
    struct attempt attempt;
    struct attempt_request request;
    struct buf lines;
};

static void stand_open(struct stand *stand)
{
    struct error err;
    stand->config = config_load("moonline.lua", &err);
    if (!stand->config)
        fail_msg("%s", err.text);
    const struct ingest_options options = config_ingest(stand->config);
    stand->ingest = ingest_new(&options, &err);
    if (!stand->ingest)
        fail_msg("%s", err.text);
    attempt_init(&stand->attempt);
    attempt_request_init(&stand->request);
    buf_init(&stand->lines, 1 << 20);
}

static void stand_close(struct stand *stand)
{
    buf_deinit(&stand->lines);
    attempt_request_deinit(&stand->request);
    attempt_deinit(&stand->attempt);
    ingest_free(stand->ingest);
    config_free(stand->config);
}

static bool try_it(struct stand *stand, const char *method, const char *target,
                   const char *body)
{
    struct attempt_request *request = &stand->request;
    free(request->method);
    free(request->target);
    request->method = xstrdup(method);
    request->target = xstrdup(target);
    buf_clear(&request->body);
    buf_append_text(&request->body, text_of(body));
    bool stored = attempt_run(&stand->attempt, stand->ingest,
                              stand->config->routes, request);
    buf_clear(&stand->lines);
    struct error err;
    assert_true(
        attempt_lines(&stand->attempt, stand->ingest, &stand->lines, &err));
    return stored;
}

static void it_gives_the_lines_and_the_status(void **state)
{
    (void)state;
    struct stand stand;
    stand_open(&stand);
    stand.request.has_time = true;
    stand.request.time_ns = 7;
    assert_true(try_it(&stand, "POST", "/echo?v=1", ""));
    assert_int_equal(stand.attempt.status, 204);
    assert_int_equal(stand.attempt.error.kind, ERR_NONE);
    assert_text(buf_text(&stand.lines), "m v=1 7\n");
    assert_true(try_it(&stand, "PUT", "http://h/echo?v=2", ""));
    assert_text(buf_text(&stand.lines), "m v=2 7\n");
    stand_close(&stand);
}

static void it_tells_what_a_sender_would_be_told(void **state)
{
    (void)state;
    struct stand stand;
    stand_open(&stand);
    assert_false(try_it(&stand, "POST", "/none", ""));
    assert_int_equal(stand.attempt.status, 404);
    assert_int_equal(stand.lines.len, 0);
    assert_null(stand.attempt.match.route);
    assert_false(try_it(&stand, "DELETE", "/echo", ""));
    assert_int_equal(stand.attempt.status, 405);
    assert_false(try_it(&stand, "POST", "/echo?v=no", ""));
    assert_int_equal(stand.attempt.status, 418);
    assert_string_equal(stand.attempt.error.text, "no number");
    assert_false(try_it(&stand, "POST", "/echo", "ten bytes!"));
    assert_int_equal(stand.attempt.status, 413);
    assert_true(try_it(&stand, "POST", "/echo?v=3", "nine byte"));
    assert_int_equal(stand.attempt.status, 204);
    stand_close(&stand);
}

static void points_are_shown_once_and_in_their_order(void **state)
{
    (void)state;
    struct stand stand;
    stand_open(&stand);
    stand.request.has_time = true;
    stand.request.time_ns = 7;
    assert_true(try_it(&stand, "POST", "/both", ""));
    assert_text(buf_text(&stand.lines), "m v=1 7\n"
                                        "only_b v=3 7\n"
                                        "only_a v=2 7\n"
                                        "m v=1 7\n");
    stand_close(&stand);
}

static void headers_are_copied(void **state)
{
    (void)state;
    struct attempt_request request;
    char name[] = "X-A", value[] = "1";
    attempt_request_init(&request);
    assert_true(
        attempt_request_header(&request, text_of(name), text_of(value)));
    value[0] = '2';
    assert_text(pairs_get_nocase(&request.headers, TEXT("x-a")), "1");
    size_t count = 0;
    while (count < 100000
           && attempt_request_header(&request, TEXT("Name"), TEXT("value")))
        count++;
    assert_in_range(count, 100, 99999);
    attempt_request_deinit(&request);
}

static int enter(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    write_file(
        "moonline.lua",
        "return { outputs = { a = { file = '-' }, b = { file = '-' } },\n"
        "  default_output = 'a', routes = {\n"
        "  { path = '/echo', script = 'echo.lua',\n"
        "    limits = { body = 9 } },\n"
        "  { path = '/both', script = 'both.lua',\n"
        "    output = { 'a', 'b' } } } }");
    write_file("echo.lua", "return function(req)\n"
                           "  local v = number(req.query.v)\n"
                           "  if not v then return nil, 'no number', 418 end\n"
                           "  return point('m', {}, { v = v })\n"
                           "end\n");
    write_file("both.lua",
               "return function(req)\n"
               "  local twice = point('m', {}, { v = 1 })\n"
               "  return { twice,\n"
               "    point{ measurement = 'only_b', fields = { v = 3 },\n"
               "      output = 'b' },\n"
               "    point{ measurement = 'only_a', fields = { v = 2 },\n"
               "      output = 'a' }, point('m', {}, { v = 1 }) }\n"
               "end\n");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    unlink("moonline.lua");
    unlink("echo.lua");
    unlink("both.lua");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_may_be_a_whole_url),
        cmocka_unit_test(it_gives_the_lines_and_the_status),
        cmocka_unit_test(it_tells_what_a_sender_would_be_told),
        cmocka_unit_test(points_are_shown_once_and_in_their_order),
        cmocka_unit_test(headers_are_copied),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
