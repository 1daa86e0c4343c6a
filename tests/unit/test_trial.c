/* Recorded tests run whole: which script, which route, what counts. */
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "config.h"
#include "error.h"
#include "file.h"
#include "trial.h"

static char folder[] = "/tmp/test_trial.XXXXXX";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Runs it with stdout in the file "report". */
static bool run(const struct config *config, char *path,
                struct trial_count *count, struct error *err)
{
    const struct trial_options options = {.config = config};
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    int report = open("report", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(saved >= 0 && report >= 0);
    dup2(report, STDOUT_FILENO);
    bool fine = trial_run(&options, &path, 1, count, err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(report);
    close(saved);
    return fine;
}

static void assert_run(const struct config *config, char *path, unsigned passed,
                       unsigned failed, const char *wanted)
{
    struct trial_count count;
    struct error err;
    struct buf report;
    buf_init(&report, 1 << 20);
    if (!run(config, path, &count, &err))
        fail_msg("%s", err.text);
    assert_true(file_read(&file_real, "report", &report, &err));
    if (count.passed != passed || count.failed != failed)
        fail_msg("%u passed, %u failed:\n%s", count.passed, count.failed,
                 buf_string(&report));
    assert_text(buf_text(&report), wanted);
    buf_deinit(&report);
}

static void a_file_runs_through_the_script_beside_it(void **state)
{
    (void)state;
    write_file("echo.http", "### first\n"
                            "# @time 2026-01-02T03:04:05Z\n"
                            "POST /a?v=5\n"
                            "### expect\n"
                            "echo,path=/a v=5.0\n"
                            "### second\n"
                            "POST /b?v=6\n"
                            "### expect 204\n"
                            "echo,path=/b v=6\n");
    assert_run(NULL, "echo.http", 2, 0, "");
    write_file("echo_more_of_it.http", "GET /c?v=7\n### expect\n"
                                       "echo,path=/c v=7\n");
    assert_run(NULL, "echo_more_of_it.http", 1, 0, "");
}

/* Also over requests of other routes and vars, whose state is another. */
static void the_requests_of_a_file_share_a_fresh_store(void **state)
{
    (void)state;
    write_file("count.lua", "return function(req)\n"
                            "  return point('c', {},"
                            " { n = store.incr('n', 1, '1h') })\n"
                            "end\n");
    write_file("count.http", "### one\n"
                             "# @time 2026-01-02T03:04:05Z\n"
                             "POST /c\n### expect\nc n=1\n"
                             "### two\n"
                             "# @time 2026-01-02T04:04:04Z\n"
                             "# @vars {\"x\":1}\n"
                             "POST /c\n### expect\nc n=2\n"
                             "### an hour after the first\n"
                             "# @time 2026-01-02T04:04:05Z\n"
                             "POST /c\n### expect\nc n=1\n");
    write_file("count_again.http", "POST /c\n### expect\nc n=1\n");
    assert_run(NULL, "count.http", 3, 0, "");
    assert_run(NULL, "count_again.http", 1, 0, "");
    struct trial_count count;
    struct error err;
    assert_int_equal(mkdir("counts", 0700), 0);
    assert_int_equal(rename("count.lua", "counts/count.lua"), 0);
    assert_int_equal(rename("count.http", "counts/count.http"), 0);
    assert_int_equal(rename("count_again.http", "counts/count_again.http"), 0);
    assert_true(run(NULL, "counts", &count, &err));
    assert_int_equal(count.passed, 4);
    assert_int_equal(count.failed, 0);
}

static void a_failure_is_shown_line_by_line(void **state)
{
    (void)state;
    write_file("echo_bad.http", "### the wrong value\n"
                                "# @time 2026-01-02T03:04:05Z\n"
                                "POST /a?v=5\n"
                                "### expect 201 thanks\n"
                                "echo,path=/a v=6\n"
                                "kept: something\n");
    assert_run(NULL, "echo_bad.http", 0, 1,
               "FAILED echo_bad.http:1 the wrong value\n"
               "    - status 201\n"
               "    + status 204 \n"
               "    - answer thanks\n"
               "    + answer \n"
               "    - echo,path=/a v=6\n"
               "    + echo,path=/a v=5 1767323045000000000\n"
               "        field v: another value\n"
               "    - kept: something\n");
}

static void errors_are_expected_by_a_part_of_their_text(void **state)
{
    (void)state;
    write_file("echo_errors.http", "### refused\n"
                                   "POST /a?refuse=no+thanks\n"
                                   "### expect 422 no thanks\n"
                                   "### broken\n"
                                   "POST /a\n"
                                   "Content-Type: application/json\n"
                                   "\n"
                                   "{\"a\":\n"
                                   "### expect 400\n"
                                   "### its own mistake\n"
                                   "POST /a?raise=oops\n"
                                   "### expect 202 echo.lua:5: oops\n"
                                   "kept: echo.lua:5: oops\n"
                                   "### not judged\n"
                                   "POST /a?raise=oops\n");
    assert_run(NULL, "echo_errors.http", 3, 0, "");
}

static void a_file_says_its_script_route_and_vars(void **state)
{
    (void)state;
    write_file("named.http", "# @script sub/vars.lua\n"
                             "# @route /v/:id\n"
                             "# @vars {\"n\":3}\n"
                             "# @remote 192.0.2.7\n"
                             "POST /v/seven\n"
                             "### expect\n"
                             "vars,id=seven,remote=192.0.2.7 n=3\n"
                             "###\n"
                             "# @script sub/vars.lua\n"
                             "# @route /v/:id\n"
                             "# @vars {\"n\":4}\n"
                             "POST /v/eight\n"
                             "### expect\n"
                             "vars,id=eight,remote=127.0.0.1 n=4\n");
    assert_run(NULL, "named.http", 2, 0, "");
}

static void a_configuration_gives_routes(void **state)
{
    (void)state;
    struct error err;
    write_file("moonline.lua",
               "return { routes = {\n"
               "  { path = '/v/:id', script = 'sub/vars.lua',\n"
               "    vars = { n = 9 }, verify = { scheme = 'bearer',\n"
               "    secret = 'nobody asks here' } } } }");
    write_file("echo_routed.http", "POST /v/x\n"
                                   "### expect\n"
                                   "vars,id=x,remote=127.0.0.1 n=9\n"
                                   "### no such method there\n"
                                   "GET /v/x\n"
                                   "### expect 405\n"
                                   "### no route: the script beside\n"
                                   "POST /w?v=1\n"
                                   "### expect\n"
                                   "echo,path=/w v=1\n");
    struct config *config = config_load("moonline.lua", &err);
    if (!config)
        fail_msg("%s", err.text);
    assert_run(config, "echo_routed.http", 3, 0, "");
    write_file("sub/vars.http", "# @route /v/:id\n"
                                "# @vars {\"n\":3}\n"
                                "POST /v/x\n"
                                "### expect\n"
                                "vars,id=x,remote=127.0.0.1 n=3\n");
    assert_run(config, "sub/vars.http", 1, 0, "");
    assert_int_equal(remove("sub/vars.http"), 0);
    config_free(config);
}

static void every_file_starts_afresh(void **state)
{
    (void)state;
    struct error err;
    const char *once = "POST /count\n### expect\ncount n=1\n"
                       "### again\nPOST /count\n### expect\ncount n=2\n";
    write_file("count.lua", "local seen = { n = 0 }\n"
                            "return function(req)\n"
                            "  seen.n = seen.n + 1\n"
                            "  return point('count', {}, { n = seen.n })\n"
                            "end\n");
    write_file("moonline.lua", "return { routes = { { path = '/count',\n"
                               "  script = 'count.lua' } } }");
    write_file("sub/count_a.http", once);
    write_file("sub/count_b.http", once);
    write_file("sub/count.lua", "return {");
    struct config *config = config_load("moonline.lua", &err);
    assert_non_null(config);
    assert_run(config, "sub", 4, 0, "");
    config_free(config);
    write_file("count_a.http", once);
    assert_run(NULL, "count_a.http", 2, 0, "");
}

static void a_script_of_the_configuration_must_load(void **state)
{
    (void)state;
    struct trial_count count;
    struct error err;
    write_file("moonline.lua", "return { routes = { { path = '/count',\n"
                               "  script = 'unfinished.lua' } } }");
    write_file("unfinished.lua", "return {\n");
    struct config *config = config_load("moonline.lua", &err);
    assert_non_null(config);
    const struct trial_options options = {.config = config};
    char path[] = "echo.http", *paths[] = {path};
    assert_false(trial_run(&options, paths, 1, &count, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(strncmp(err.text, "unfinished.lua:", 15), 0);
    config_free(config);
}

static void what_cannot_run_is_a_failed_test(void **state)
{
    (void)state;
    write_file("lonely.http", "### alone\nPOST /a\n### expect\n");
    assert_run(NULL, "lonely.http", 0, 1,
               "FAILED lonely.http:1 alone\n"
               "    no script beside it, and no route for /a\n");
    write_file("broken.lua", "return {\n");
    write_file("broken.http", "POST /a\n### expect\n");
    assert_run(NULL, "broken.http", 0, 1,
               "FAILED broken.http:1 \n"
               "    broken.lua:2: unexpected symbol near <eof>\n");
    write_file("odd.http", "what is this\n");
    assert_run(NULL, "odd.http", 0, 1,
               "FAILED odd.http:1 cannot be read\n"
               "    odd.http:1: no request line like \"POST /path HTTP/1.1\""
               "\n");
    write_file("echo_line.http", "POST /a?v=1\n### expect\necho v=\n");
    struct trial_count count;
    struct error err;
    assert_true(run(NULL, "echo_line.http", &count, &err));
    assert_int_equal(count.failed, 1);
}

static void a_folder_runs_all_that_is_below(void **state)
{
    (void)state;
    write_file("tree/echo.lua", "return function(req)\n"
                                "  return point('t', {}, { n = 1 })\n"
                                "end\n");
    write_file("tree/echo.http", "GET /\n### expect\nt n=1\n");
    write_file("tree/deep/echo.lua", "return function(req) end\n");
    write_file("tree/deep/echo_1.http", "GET /\n### expect\n");
    write_file("tree/deep/notes.txt", "not a test\n");
    assert_run(NULL, "tree", 2, 0, "");
}

static void a_path_that_is_not_there_is_no_failed_test(void **state)
{
    (void)state;
    struct trial_count count;
    struct error err;
    assert_false(run(NULL, "absent", &count, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_string_equal(err.text, "absent: No such file or directory");
    assert_int_equal(count.passed + count.failed, 0);
}

static void the_nearest_script_is_the_one_beside(void **state)
{
    (void)state;
    write_file("a_b.lua", "return function(req) end\n");
    write_file("a.lua", "return function(req) end\n");
    static const char *const pairs[][2] = {
        {"./a.http", "./a.lua"},       {"./a_b.http", "./a_b.lua"},
        {"./a_b_c.http", "./a_b.lua"}, {"./a_c_b.http", "./a.lua"},
        {"a_c.http", "a.lua"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *script = trial_script_beside(pairs[i][0]);
        assert_non_null(script);
        assert_string_equal(script, pairs[i][1]);
        free(script);
    }
    assert_null(trial_script_beside("./ab.http"));
    assert_null(trial_script_beside("./a.txt"));
    assert_null(trial_script_beside("./.http"));
    assert_null(trial_script_beside(""));
}

static int enter(void **state)
{
    (void)state;
    umask(077);
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("sub", 0700) != 0
        || mkdir("tree", 0700) != 0 || mkdir("tree/deep", 0700) != 0)
        return -1;
    write_file("echo.lua", "return function(req)\n"
                           "  local q = req.query\n"
                           "  if q.refuse then return nil, q.refuse end\n"
                           "  local j = req.json\n"
                           "  if q.raise then error(q.raise) end\n"
                           "  return point('echo', { path = req.path },\n"
                           "    { v = number(q.v) })\n"
                           "end\n");
    write_file("sub/vars.lua",
               "return function(req)\n"
               "  return point('vars', { id = req.params.id,\n"
               "    remote = req.remote }, { n = req.vars.n })\n"
               "end\n");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    if (chdir("/") != 0)
        return -1;
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_runs_through_the_script_beside_it),
        cmocka_unit_test(the_requests_of_a_file_share_a_fresh_store),
        cmocka_unit_test(a_failure_is_shown_line_by_line),
        cmocka_unit_test(errors_are_expected_by_a_part_of_their_text),
        cmocka_unit_test(a_file_says_its_script_route_and_vars),
        cmocka_unit_test(a_configuration_gives_routes),
        cmocka_unit_test(every_file_starts_afresh),
        cmocka_unit_test(a_script_of_the_configuration_must_load),
        cmocka_unit_test(what_cannot_run_is_a_failed_test),
        cmocka_unit_test(a_folder_runs_all_that_is_below),
        cmocka_unit_test(a_path_that_is_not_there_is_no_failed_test),
        cmocka_unit_test(the_nearest_script_is_the_one_beside),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
