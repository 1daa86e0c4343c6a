/* A *.http file: what is request, what is expected, what is a mistake. */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "trial_file.h"

static char folder[] = "/tmp/test_trial_file.XXXXXX";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void read_ok(const char *text, struct trial_file *file)
{
    struct error err;
    write_file("x.http", text);
    if (!trial_file_read("x.http", file, &err))
        fail_msg("%s", err.text);
}

static void assert_fails(const char *text, const char *expected)
{
    struct trial_file file;
    struct error err;
    write_file("x.http", text);
    assert_false(trial_file_read("x.http", &file, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_string_equal(err.text, expected);
    trial_file_deinit(&file);
}

static void assert_body(const char *text, const char *expected)
{
    struct trial_file file;
    read_ok(text, &file);
    assert_text(buf_text(&file.cases[0].request.body), expected);
    trial_file_deinit(&file);
}

static void a_whole_case_is_read(void **state)
{
    (void)state;
    struct trial_file file;
    read_ok("### a phone reports\n"
            "# @time 2026-01-02T03:04:05Z\n"
            "# @remote 192.0.2.7\n"
            "# @route /p/:id\n"
            "# @vars {\"zone\":\"+01:00\"}\n"
            "# @script other.lua\n"
            "# @name an-editors-own\n"
            "# for people\n"
            "POST /p/7?x=1&y=2 HTTP/1.1\n"
            "Content-Type: application/json\n"
            "X-Empty:\n"
            "\n"
            "{\"a\":1}\n"
            "\n"
            "### expect 200 {\"result\":\"ok\"}\n"
            "# a comment\n"
            "p,id=7 a=1 1\n"
            "\n"
            "  p,id=8 a=2 2  \n"
            "kept: element 1: x.lua:12\n",
            &file);
    assert_int_equal(file.count, 1);
    const struct trial_case *c = &file.cases[0];
    assert_string_equal(c->title, "a phone reports");
    assert_int_equal(c->line, 1);
    assert_true(c->has_expect);
    assert_int_equal(c->status, 200);
    assert_string_equal(c->message, "{\"result\":\"ok\"}");
    assert_text(buf_text(&c->lines), "p,id=7 a=1 1\np,id=8 a=2 2\n");
    assert_text(buf_text(&c->kept), "element 1: x.lua:12\n");
    const struct attempt_request *r = &c->request;
    assert_string_equal(r->method, "POST");
    assert_string_equal(r->target, "/p/7?x=1&y=2");
    assert_true(r->has_time);
    assert_int_equal(r->time_ns, INT64_C(1767323045000000000));
    assert_string_equal(r->remote, "192.0.2.7");
    assert_string_equal(r->route, "/p/:id");
    assert_string_equal(r->vars, "{\"zone\":\"+01:00\"}");
    assert_string_equal(r->script, "other.lua");
    assert_int_equal(r->headers.count, 2);
    assert_text(pairs_get(&r->headers, TEXT("Content-Type")),
                "application/json");
    assert_text(pairs_get(&r->headers, TEXT("X-Empty")), "");
    trial_file_deinit(&file);
}

static void several_cases_stand_in_one_file(void **state)
{
    (void)state;
    struct trial_file file;
    read_ok("GET /first\n"
            "### expect\n"
            "### second\n"
            "\n"
            "PUT http://127.0.0.1:8580/second?a=b\n"
            "### expect 422 no station\n"
            "### a heading alone\n"
            "### third, only sent\n"
            "// a comment of an editor\n"
            "/third\n",
            &file);
    assert_int_equal(file.count, 3);
    assert_string_equal(file.cases[0].title, "");
    assert_string_equal(file.cases[0].request.method, "GET");
    assert_int_equal(file.cases[0].status, 204);
    assert_string_equal(file.cases[0].message, "");
    assert_int_equal(file.cases[0].lines.len, 0);
    assert_int_equal(file.cases[1].line, 3);
    assert_int_equal(file.cases[1].status, 422);
    assert_string_equal(file.cases[1].message, "no station");
    assert_text(attempt_request_target(&file.cases[1].request), "/second?a=b");
    assert_text(attempt_request_path(&file.cases[1].request), "/second");
    assert_false(file.cases[2].has_expect);
    assert_string_equal(file.cases[2].request.method, "GET");
    assert_string_equal(file.cases[2].request.target, "/third");
    trial_file_deinit(&file);
}

static void the_newline_before_the_marker_is_not_body(void **state)
{
    (void)state;
    assert_body("POST /x\n\na=1&b=2\n### expect\n", "a=1&b=2");
    assert_body("POST /x\n\na=1&b=2\n\n### expect\n", "a=1&b=2");
    assert_body("POST /x\n\na=1\n\n\n### expect\n", "a=1\n");
    assert_body("POST /x\n\na\n\nb\n### expect\n", "a\n\nb");
    assert_body("POST /x\r\n\r\na=1\r\n\r\n### expect\r\n", "a=1");
    assert_body("POST /x\n\n\n### expect\n", "");
    assert_body("POST /x\n\n### expect\n", "");
    assert_body("POST /x\n### expect\n", "");
    assert_body("POST /x\n\nthe end", "the end");
    assert_body("POST /x\n\nthe end\n", "the end");
    assert_body("POST /x\n\n# not a comment\n### expect\n", "# not a comment");
}

static void a_counted_body_holds_anything(void **state)
{
    (void)state;
    assert_body("# @bytes 9\nPOST /x\n\na\n### b\n\n\n### expect\n",
                "a\n### b\n\n");
    assert_body("# @bytes 3\nPOST /x\n\n< x", "< x");
    assert_body("# @bytes 1\nPOST /x\n\nx### expect\n", "x");
    assert_body("# @bytes 0\nPOST /x\n\n\n\n", "");
    struct trial_file file;
    read_ok("# @bytes 4\n# @id 0123456789abcdef\nPOST /x\n\n###\n\n"
            "### next\nPOST /y\n\nlonger\n",
            &file);
    assert_int_equal(file.count, 2);
    assert_string_equal(file.cases[0].request.id, "0123456789abcdef");
    assert_int_equal(file.cases[1].line, 7);
    assert_null(file.cases[1].request.id);
    assert_text(buf_text(&file.cases[1].request.body), "longer");
    trial_file_deinit(&file);
}

static void mistakes_in_marks_have_their_line(void **state)
{
    (void)state;
    assert_fails("# @bytes 3\nPOST /x\n\nx\n### expect 204 a\n\n",
                 "x.http:5: the body goes on after its @bytes; correct the "
                 "number, or delete that line");
    assert_fails("# @bytes 1\nPOST /x\n\n\n\n\nx\n",
                 "x.http:7: the body goes on after its @bytes; correct the "
                 "number, or delete that line");
    assert_fails("# @bytes 30\nPOST /x\n\nx\n",
                 "x.http:4: the file ends within the body; is @bytes right?");
    assert_fails("# a\n# @bytes many\nPOST /x\n",
                 "x.http:2: @bytes: the length of the body in bytes");
    assert_fails("# @bytes -1\nPOST /x\n",
                 "x.http:1: @bytes: the length of the body in bytes");
    assert_fails("# @id 0123456789ABCDEF\nPOST /x\n",
                 "x.http:1: @id: 16 digits or letters a to f");
    assert_fails("# @id\nPOST /x\n",
                 "x.http:1: @id: 16 digits or letters a to f");
}

static void a_body_may_be_a_file_beside(void **state)
{
    (void)state;
    write_file("batch.json", "{}\n\n");
    assert_body("POST /x\n\n< ./batch.json\n### expect\n", "{}\n\n");
    assert_body("POST /x\n\n< batch.json\n\n", "{}\n\n");
    assert_fails("POST /x\n\n< batch.json\nmore\n",
                 "x.http:4: something follows the file that is the body");
    assert_fails("POST /x\n\n< absent.json\n",
                 "x.http:3: opening absent.json: No such file or directory");
}

static void a_file_in_a_folder_starts_from_there(void **state)
{
    (void)state;
    struct trial_file file;
    struct error err;
    write_file("sub/body", "deep");
    write_file("sub/y.http", "# @script y.lua\nPOST /x\n\n< body\n");
    assert_true(trial_file_read("sub/y.http", &file, &err));
    assert_text(buf_text(&file.cases[0].request.body), "deep");
    assert_string_equal(file.cases[0].request.script, "sub/y.lua");
    trial_file_deinit(&file);
}

static void a_slip_in_an_annotation_is_told(void **state)
{
    (void)state;
    assert_fails("# @tme 2026-01-02T03:04:05Z\nPOST /x\n\n1\n",
                 "x.http:1: there is no @tme (did you mean @time?)");
    assert_fails("### t\n# @id 0123456789abcdef\n# @routes /x\nPOST /x\n",
                 "x.http:3: there is no @routes (did you mean @route?)");
    struct trial_file file; /* other programs' */
    read_ok("# @name a\n# @timeout 5\n# @if x\n# @title t\n# tme\nGET /x\n",
            &file);
    assert_int_equal(file.count, 1);
    trial_file_deinit(&file);
}

static void vars_are_one_object(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"a\":",    "{\"a\":\"", "{\"a\":[1}",
                                      "[1]",        "7",         "",
                                      "{\"a\":1}}", "{} {}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        snprintf(text, sizeof text, "### t\n# @vars %s\nGET /x\n", bad[i]);
        assert_fails(text, "x.http:2: @vars: an object in JSON, in one line, as"
                           " {\"zone\":\"+01:00\"}");
    }
    struct trial_file file;
    read_ok("# @vars {\"a\":{\"b\":[1,\"}\"]}, \"c\":null}\nGET /x\n", &file);
    assert_string_equal(file.cases[0].request.vars,
                        "{\"a\":{\"b\":[1,\"}\"]}, \"c\":null}");
    trial_file_deinit(&file);
}

static void a_slip_in_expect_is_told(void **state)
{
    (void)state;
    static const char *const slips[] = {"### expected 204", "### Expect",
                                        "### expects", "### EXPECT 400",
                                        "### expect: 202"};
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        char text[100];
        snprintf(text, sizeof text, "### t\nGET /x\n\n%s\n", slips[i]);
        assert_fails(text, "x.http:4: is `### expect` meant?");
    }
    struct trial_file file;
    read_ok("### expected by the panel\nGET /x\n### expectation\nGET /y\n",
            &file);
    assert_int_equal(file.count, 2);
    trial_file_deinit(&file);
}

static void what_goes_on_in_a_comment_is_no_annotation(void **state)
{
    (void)state;
    struct trial_file file;
    read_ok("### t\n# @time 2026-01-02T03:04:05Z\n# @reason it says\n"
            "#   @time 2000-01-01T00:00:00Z\n#   @tme\nGET /x\n",
            &file);
    assert_int_equal(file.cases[0].request.time_ns,
                     INT64_C(1767323045000000000));
    trial_file_deinit(&file);
}

static void a_file_may_follow_the_one_before(void **state)
{
    (void)state;
    struct trial_file file;
    read_ok("# @follows the file before\nGET /x\n", &file);
    assert_true(file.follows);
    trial_file_deinit(&file);
    read_ok("GET /x\n### second\n# @follows the file before\nGET /x\n", &file);
    assert_false(file.follows);
    trial_file_deinit(&file);
}

static void a_body_without_an_empty_line_is_no_header(void **state)
{
    (void)state;
    static const char why[] =
        "x.http:2: no header like \"Name: value\", and no "
        "empty line before the body";
    assert_fails("POST /x\n{\"t\":1}\n", why);
    assert_fails("POST /x\nt 1: 2\n", why);
    assert_fails("POST /x\n[1, \"a:b\"]\n", why);
}

static void mistakes_have_their_line(void **state)
{
    (void)state;
    assert_fails("", "x.http:1: no request in this file");
    assert_fails("### only a title\n", "x.http:1: no request in this file");
    assert_fails("### expect 204\n",
                 "x.http:1: ### expect without a request before it");
    assert_fails("GET /x\n### expect\n### expect\n",
                 "x.http:3: ### expect without a request before it");
    assert_fails("GET /x\n### expect 999\n",
                 "x.http:2: ### expect [STATUS] [a part of the answer]");
    assert_fails("\n\nhello world again\n",
                 "x.http:3: no request line like \"POST /path HTTP/1.1\"");
    assert_fails("POST x\n",
                 "x.http:1: no request line like \"POST /path HTTP/1.1\"");
    assert_fails("POST /x\n{\"a\"}\n\n",
                 "x.http:2: no header like \"Name: value\", and no empty line "
                 "before the body");
    struct trial_file timeless;
    struct error why;
    write_file("x.http", "# @time yesterday\nGET /x\n");
    assert_false(trial_file_read("x.http", &timeless, &why));
    assert_int_equal(strncmp(why.text, "x.http:1: @time: ", 17), 0);
    assert_non_null(strstr(why.text, "yesterday"));
    trial_file_deinit(&timeless);
    assert_fails("# a comment and nothing else\n",
                 "x.http:2: a request is missing");
    struct trial_file file;
    struct error err;
    assert_false(trial_file_read("absent.http", &file, &err));
    assert_string_equal(err.text,
                        "opening absent.http: No such file or directory");
    trial_file_deinit(&file);
}

static int enter(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? mkdir("sub", 0700) : -1;
}

static int leave(void **state)
{
    (void)state;
    static const char *const names[] = {"x.http", "batch.json", "sub/body",
                                        "sub/y.http"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
    rmdir("sub");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_case_is_read),
        cmocka_unit_test(several_cases_stand_in_one_file),
        cmocka_unit_test(the_newline_before_the_marker_is_not_body),
        cmocka_unit_test(a_counted_body_holds_anything),
        cmocka_unit_test(mistakes_in_marks_have_their_line),
        cmocka_unit_test(a_body_may_be_a_file_beside),
        cmocka_unit_test(a_file_in_a_folder_starts_from_there),
        cmocka_unit_test(a_slip_in_an_annotation_is_told),
        cmocka_unit_test(vars_are_one_object),
        cmocka_unit_test(a_slip_in_expect_is_told),
        cmocka_unit_test(what_goes_on_in_a_comment_is_no_annotation),
        cmocka_unit_test(a_file_may_follow_the_one_before),
        cmocka_unit_test(a_body_without_an_empty_line_is_no_header),
        cmocka_unit_test(mistakes_have_their_line),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
