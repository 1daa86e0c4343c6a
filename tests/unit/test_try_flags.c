/* The command line of `try`, down to what curl would send. */
#include "unit.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "try_flags.h"

static char folder[] = "/tmp/test_try_flags.XXXXXX";

enum { MAX_WORDS = 20 };

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* words: NULL-terminated, without the verb. */
static bool take(const char *const *words, struct try_flags *flags,
                 struct error *err)
{
    static char verb[] = "try";
    char *argv[MAX_WORDS + 2] = {verb};
    int argc = 1;
    for (; words[argc - 1] && argc <= MAX_WORDS; argc++)
        argv[argc] = (char *)words[argc - 1];
    optind = 0; /* getopt starts over */
    opterr = 0;
    return try_flags_read(argc, argv, flags, err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void take_ok(const char *const *words, struct try_flags *flags)
{
    struct error err;
    if (!take(words, flags, &err))
        fail_msg("%s", err.text);
}

static void assert_sends(const char *const *words, const char *method,
                         const char *target, const char *type, const char *body)
{
    struct try_flags flags;
    take_ok(words, &flags);
    assert_string_equal(flags.request.method, method);
    assert_string_equal(flags.request.target, target);
    assert_text(pairs_get_nocase(&flags.request.headers, TEXT("content-type")),
                type);
    assert_text(buf_text(&flags.request.body), body);
    try_flags_deinit(&flags);
}

static void assert_fails(const char *const *words, const char *beginning)
{
    struct try_flags flags;
    struct error err = {0};
    if (take(words, &flags, &err))
        fail_msg("accepted: %s", words[0]);
    assert_int_equal(err.kind, ERR_USAGE);
    if (strncmp(err.text, beginning, strlen(beginning)) != 0)
        fail_msg("got %s", err.text);
    try_flags_deinit(&flags);
}

static const char form[] = "application/x-www-form-urlencoded";

static void data_is_posted_as_curl_does(void **state)
{
    (void)state;
    assert_sends(WORDS("-d", "a=1"), "POST", "/", form, "a=1");
    assert_sends(WORDS("-d", "a=1", "--data", "b=2"), "POST", "/", form,
                 "a=1&b=2");
    assert_sends(WORDS("-da=1", "http://h/x?y"), "POST", "http://h/x?y", form,
                 "a=1");
    assert_sends(WORDS("-d", ""), "POST", "/", form, "");
    assert_sends(WORDS("--data-raw", "@x"), "POST", "/", form, "@x");
    assert_sends(WORDS("--json", "{}"), "POST", "/", "application/json", "{}");
    assert_sends(WORDS("-d", "{}", "-H", "content-type: application/json"),
                 "POST", "/", "application/json", "{}");
    assert_sends(WORDS("-X", "PUT", "-d", "x", "-t", "text/csv"), "PUT", "/",
                 "text/csv", "x");
}

static void a_file_loses_its_newlines_unless_it_is_binary(void **state)
{
    (void)state;
    write_file("two", "a=1\r\nb=2\n");
    assert_sends(WORDS("-d", "@two"), "POST", "/", form, "a=1b=2");
    assert_sends(WORDS("--data-binary", "@two"), "POST", "/", form,
                 "a=1\r\nb=2\n");
    assert_sends(WORDS("-d", "x", "-d", "@two"), "POST", "/", form, "x&a=1b=2");
    assert_sends(WORDS("two"), "POST", "/", "", "a=1\r\nb=2\n");
    assert_sends(WORDS("two", "-t", "text/plain", "-p", "/p?q"), "POST", "/p?q",
                 "text/plain", "a=1\r\nb=2\n");
}

static void data_can_be_encoded_and_can_be_a_query(void **state)
{
    (void)state;
    write_file("note", "a&b\n");
    assert_sends(WORDS("-p", "/x", "--data-urlencode", "at=1:2 3",
                       "--data-urlencode", "=a=b", "--data-urlencode", "c d",
                       "--data-urlencode", "n@note"),
                 "POST", "/x", form, "at=1%3A2%203&a%3Db&c%20d&n=a%26b%0A");
    assert_sends(WORDS("-G", "-p", "/x?a=1", "-d", "b=2", "-d", "c=3"), "GET",
                 "/x?a=1&b=2&c=3", "", "");
    assert_sends(WORDS("-G", "http://h/x", "--data-urlencode", "b=+"), "GET",
                 "http://h/x?b=%2B", "", "");
    assert_sends(WORDS("-G", "-p", "/x"), "GET", "/x", "", "");
}

static void a_url_needs_no_scheme(void **state)
{
    (void)state;
    assert_sends(WORDS("127.0.0.1:8580/x?y=1"), "GET",
                 "http://127.0.0.1:8580/x?y=1", "", "");
    assert_sends(WORDS("localhost:8580"), "GET", "http://localhost:8580", "",
                 "");
    assert_sends(WORDS("--url", "h:1/x"), "GET", "http://h:1/x", "", "");
    write_file("h:1", "a body after all");
    assert_sends(WORDS("h:1"), "POST", "/", "", "a body after all");
    assert_fails(WORDS("h:x/"), "the body: opening h:x/");
}

static void curls_flags_about_what_is_shown_do_nothing(void **state)
{
    (void)state;
    assert_sends(WORDS("-i", "-o", "/dev/null", "-w", "%{http_code}", "-m", "5",
                       "-p", "/x"),
                 "GET", "/x", "", "");
    assert_fails(WORDS("-s", "-v", "-p", "/x"), "-s takes a SCRIPT here");
    assert_fails(WORDS("-sSf", "-p", "/x"), "-s takes a SCRIPT here");
    assert_fails(WORDS("-s", "http://h/x"), "-s takes a SCRIPT here");
}

static void the_word_curl_may_stay(void **state)
{
    (void)state;
    assert_sends(WORDS("curl", "--compressed", "http://h/a", "-d", "x=1"),
                 "POST", "http://h/a", form, "x=1");
    assert_sends(WORDS("-d", "x=1", "curl", "h:2/a"), "POST", "http://h:2/a",
                 form, "x=1");
    struct try_flags flags;
    struct error err;
    assert_false(take(WORDS("http://h/a", "curl"), &flags, &err));
    try_flags_deinit(&flags);
    assert_false(take(WORDS("-F", "a=b", "http://h/a"), &flags, &err));
    assert_non_null(strstr(err.text, "-F is not made here: give the body"));
    try_flags_deinit(&flags);
}

static void without_a_body_it_is_a_get(void **state)
{
    (void)state;
    assert_sends(WORDS("http://127.0.0.1:8580/x"), "GET",
                 "http://127.0.0.1:8580/x", "", "");
    assert_sends(WORDS("-p", "/x"), "GET", "/x", "", "");
    assert_sends(WORDS("-i", "-v", "-k", "-L", "-f", "--silent", "--verbose",
                       "-p", "/x"),
                 "GET", "/x", "", "");
}

static void a_user_becomes_a_header(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"ada:s3cret", "Basic YWRhOnMzY3JldA=="},
        {"a:b", "Basic YTpi"},
        {"a:bc", "Basic YTpiYw=="},
        {"a:bcd", "Basic YTpiY2Q="},
        {"\xc3\xa4:\xff", "Basic w6Q6/w=="},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct try_flags flags;
        take_ok(WORDS("-u", pairs[i][0]), &flags);
        assert_text(
            pairs_get_nocase(&flags.request.headers, TEXT("authorization")),
            pairs[i][1]);
        try_flags_deinit(&flags);
    }
}

static void other_flags_are_kept(void **state)
{
    (void)state;
    struct try_flags flags;
    take_ok(WORDS("-c", "c.lua", "-s", "s.lua", "--time",
                  "2026-01-02T03:04:05Z", "-H", "X-A:  1 ", "-H", "X-B:"),
            &flags);
    assert_string_equal(flags.config, "c.lua");
    assert_string_equal(flags.script, "s.lua");
    assert_null(flags.file);
    assert_false(flags.has_target);
    assert_true(flags.request.has_time);
    assert_int_equal(flags.request.time_ns, INT64_C(1767323045000000000));
    assert_text(pairs_get_nocase(&flags.request.headers, TEXT("x-a")), "1");
    assert_text(pairs_get_nocase(&flags.request.headers, TEXT("x-b")), "");
    try_flags_deinit(&flags);
}

static void flags_change_what_a_request_file_says(void **state)
{
    (void)state;
    struct try_flags flags;
    write_file("x.http", "# @time 2026-01-02T03:04:05Z\n"
                         "PUT /x?a=b\n"
                         "X-A: file\n"
                         "\n"
                         "body\n"
                         "### expect\n"
                         "### second\n"
                         "GET /second\n");
    take_ok(WORDS("x.http"), &flags);
    assert_string_equal(flags.file, "x.http");
    assert_int_equal(flags.further, 1);
    assert_true(flags.has_target);
    assert_string_equal(flags.request.method, "PUT");
    assert_string_equal(flags.request.target, "/x?a=b");
    assert_text(buf_text(&flags.request.body), "body");
    try_flags_deinit(&flags);
    take_ok(WORDS("-X", "POST", "-p", "/y", "-H", "X-A: flag", "x.http"),
            &flags);
    assert_string_equal(flags.request.method, "POST");
    assert_string_equal(flags.request.target, "/y");
    assert_true(flags.request.has_time);
    assert_text(pairs_get_nocase(&flags.request.headers, TEXT("x-a")), "flag");
    try_flags_deinit(&flags);
}

static void assert_joined(const char *text, const char *flag, bool expected)
{
    struct try_flags flags;
    write_file("two", text);
    take_ok(WORDS(flag, "@two"), &flags);
    assert_int_equal(flags.is_joined, expected);
    try_flags_deinit(&flags);
}

static void that_lines_were_joined_is_known(void **state)
{
    (void)state;
    assert_joined("a\nb\n", "-d", true);
    assert_joined("a\r\nb", "-d", true);
    assert_joined("\na", "-d", true);
    assert_joined("a\r\n\n", "-d", false);
    assert_joined("", "-d", false);
    assert_joined("a\nb\n", "--data-binary", false);
}

static void only_a_word_is_a_request_file(void **state)
{
    (void)state;
    assert_sends(WORDS("http://h/x.http"), "GET", "http://h/x.http", "", "");
    assert_sends(WORDS("-p", "/x.http"), "GET", "/x.http", "", "");
    assert_sends(WORDS("-d", "a=1", "/no/file?b=2"), "POST", "/no/file?b=2",
                 form, "a=1");
    assert_fails(WORDS("/no/file"), "the body: opening /no/file: ");
    assert_fails(WORDS("-d", "a=1", "/etc/passwd"), "a second body: /etc/pass");
    assert_sends(WORDS("-d", "a.http"), "POST", "/", form, "a.http");
    assert_sends(WORDS("-H", "X-File: a.http"), "GET", "/", "", "");
}

static void what_makes_no_sense_is_usage(void **state)
{
    (void)state;
    assert_fails(WORDS("-q"), "`moonline try --help` tells");
    assert_fails(WORDS("-H", "no colon"), "-H is 'Name: value', not: no colon");
    assert_fails(WORDS("-H", ": x"), "-H is 'Name: value', not");
    assert_fails(WORDS("-p", "x"), "-p begins with a /, not with: x");
    assert_fails(WORDS("--time", "noon"), "--time: ");
    assert_fails(WORDS("absent"), "the body: opening absent: ");
    assert_fails(WORDS("-d", "@absent"), "the body: opening absent: ");
    assert_fails(WORDS("absent.http"), "opening absent.http: ");
    write_file("two", "x");
    assert_fails(WORDS("two", "two"), "a second body: two");
    assert_fails(WORDS("x.http", "x.http"), "x.http beside x.http: one request "
                                            "is tried; `moonline test -v` runs "
                                            "all");
    assert_fails(WORDS("-d", "x", "two"), "a second body: two");
}

static int enter(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave(void **state)
{
    (void)state;
    unlink("note");
    unlink("h:1");
    unlink("two");
    unlink("x.http");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_posted_as_curl_does),
        cmocka_unit_test(a_file_loses_its_newlines_unless_it_is_binary),
        cmocka_unit_test(data_can_be_encoded_and_can_be_a_query),
        cmocka_unit_test(a_url_needs_no_scheme),
        cmocka_unit_test(curls_flags_about_what_is_shown_do_nothing),
        cmocka_unit_test(the_word_curl_may_stay),
        cmocka_unit_test(without_a_body_it_is_a_get),
        cmocka_unit_test(a_user_becomes_a_header),
        cmocka_unit_test(other_flags_are_kept),
        cmocka_unit_test(flags_change_what_a_request_file_says),
        cmocka_unit_test(that_lines_were_joined_is_known),
        cmocka_unit_test(only_a_word_is_a_request_file),
        cmocka_unit_test(what_makes_no_sense_is_usage),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
