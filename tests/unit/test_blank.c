/* What is said about a request shows none of its secrets' values. */
#include "unit.h"

#include <string.h>

#include "blank.h"
#include "buf.h"
#include "error.h"
#include "request.h"
#include "route.h"
#include "verify.h"

struct fixture {
    struct request request;
    struct route route;
    struct buf out;
};

static char *route_secrets[] = {(char *)"PASSKEY", (char *)"id", NULL};

static void add(struct fixture *f, struct pairs *pairs, const char *name,
                const char *value)
{
    assert_true(
        pairs_add(pairs, &f->request.arena, text_of(name), text_of(value)));
}

static int set_up(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    request_init(&fixture.request);
    buf_init(&fixture.out, 1 << 16);
    fixture.route.secrets = route_secrets;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    request_deinit(&fixture->request);
    buf_deinit(&fixture->out);
    return 0;
}

static void expect(struct fixture *f, const char *text, const char *clean)
{
    buf_clear(&f->out);
    assert_true(blank_write(&f->route, &f->request, text_of(text), &f->out));
    assert_text(buf_text(&f->out), clean);
}

static void values_are_found_wherever_they_stand(void **state)
{
    struct fixture *f = *state;
    add(f, &f->request.headers, "authorization", "Bearer s3cret-token");
    add(f, &f->request.headers, "X-Api-Key", "a key of words");
    add(f, &f->request.headers, "X-Station", "ridge");
    add(f, &f->request.query, "PASSKEY", "hunter22");
    add(f, &f->request.form, "password", "f0rm");
    add(f, &f->request.params, "id", "param-1");
    expect(f, "s3cret-token", "***");
    expect(f, "with Bearer s3cret-token: no", "with ***: no");
    expect(f, "s3cret-tokens3cret-token!", "******!");
    expect(f, "cannot read \"hunter22\" (a key of words)",
           "cannot read \"***\" (***)");
    expect(f, "f0rm and param-1 on ridge", "*** and *** on ridge");
    expect(f, "f0r par hunter2", "f0r par hunter2");
    expect(f, "", "");
}

static void values_are_found_as_they_were_sent(void **state)
{
    struct fixture *f = *state;
    f->request.raw_body = TEXT("t=1&pass%77ord=a%21b%22\n");
    f->request.query_string = TEXT("PASSKEY=hunter%32%32&x=y%20z");
    expect(f, "bad: t=1&pass%77ord=a%21b%22\n", "bad: t=1&pass%77ord=***\n");
    expect(f, "hunter%32%32 y%20z", "*** y%20z");
    f->request.body = TEXT("token=inflated"); /* what the script saw */
    expect(f, "inflated a%21b%22", "*** a%21b%22");
}

static void short_values_and_no_values_are_let_through(void **state)
{
    struct fixture *f = *state;
    expect(f, "nothing secret here", "nothing secret here");
    add(f, &f->request.query, "PASSKEY", "1");
    add(f, &f->request.query, "token", "");
    add(f, &f->request.headers, "Cookie", "abc");
    expect(f, "line 11: abc", "line 11: abc");
}

static void what_verify_looks_at_is_a_secret(void **state)
{
    struct fixture *f = *state;
    const char *const secrets[] = {"hush-hush", NULL};
    const struct verify_options options = {
        .scheme = VERIFY_HEADER, .name = "X-Odd-Name", .secrets = secrets};
    struct error err;
    add(f, &f->request.headers, "X-Odd-Name", "hush-hush");
    expect(f, "hush-hush", "hush-hush");
    f->route.verify = verify_new(&options, &err);
    assert_non_null(f->route.verify);
    expect(f, "hush-hush", "***");
    verify_free(f->route.verify);
}

static void an_error_is_cleaned_in_place(void **state)
{
    struct fixture *f = *state;
    struct error err;
    add(f, &f->request.query, "PASSKEY", "hunter22");
    fail(&err, ERR_SCRIPT, "t.lua:1: cannot read \"hunter22\"");
    blank_error(&f->route, &f->request, &err);
    assert_string_equal(err.text, "t.lua:1: cannot read \"***\"");
    assert_int_equal(err.kind, ERR_SCRIPT);
    memset(err.text, 'x', sizeof err.text - 1);
    err.text[sizeof err.text - 1] = '\0';
    blank_error(&f->route, &f->request, &err);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void a_full_buffer_is_told(void **state)
{
    struct fixture *f = *state;
    struct buf small;
    buf_init(&small, 5);
    add(f, &f->request.query, "PASSKEY", "hunter22");
    assert_true(blank_write(&f->route, &f->request, TEXT("ab"), &small));
    assert_false(blank_write(&f->route, &f->request, TEXT("cdef"), &small));
    buf_deinit(&small);
}

/* More than there is room for: those are not found, and nothing breaks. */
static void many_secrets_are_survived(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++)
        add(f, &f->request.query, "token", i == 0 ? "first-one" : "another");
    expect(f, "first-one another", "*** ***");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(values_are_found_wherever_they_stand),
        CASE(values_are_found_as_they_were_sent),
        CASE(short_values_and_no_values_are_let_through),
        CASE(what_verify_looks_at_is_a_secret),
        CASE(an_error_is_cleaned_in_place),
        CASE(a_full_buffer_is_told),
        CASE(many_secrets_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
