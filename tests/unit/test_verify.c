/* Who may post: schemes, networks, and what is said to those who may not. */
#include "unit.h"

#include "arena.h"
#include "error.h"
#include "pairs.h"
#include "verify.h"

static struct arena arena;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    err = (struct error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static struct verify *make(enum verify_scheme scheme, const char *name)
{
    static const char *const secrets[] = {"new:s3cret", "old:s3cret", NULL};
    struct verify *verify = verify_new(
        &(struct verify_options){
            .scheme = scheme, .name = name, .secrets = secrets},
        &err);
    if (!verify)
        fail_msg("%s", err.text);
    return verify;
}

/* ERR_NONE if it may post. */
static enum error_kind ask(const struct verify *verify, const char *header,
                           const char *value, const char *query)
{
    struct pairs headers = {0};
    err = (struct error){0};
    if (header)
        assert_true(
            pairs_add(&headers, &arena, text_of(header), text_of(value)));
    struct verify_claim claim = {TEXT("10.0.0.9"), &headers, text_of(query)};
    bool may = verify_sender(verify, &claim, &err);
    assert_int_equal(may, err.kind == ERR_NONE);
    return err.kind;
}

static void bearer_takes_each_secret_under_both_words(void **state)
{
    (void)state;
    struct verify *verify = make(VERIFY_BEARER, NULL);
    static const char *const right[] = {"Bearer new:s3cret",
                                        "bearer old:s3cret", "Token new:s3cret",
                                        "TOKEN   old:s3cret"};
    static const char *const wrong[] = {"Bearer new:s3cre",
                                        "Bearer new:s3crett",
                                        "Bearer ",
                                        "Bearer",
                                        "new:s3cret",
                                        "Basic new:s3cret",
                                        "Bearernew:s3cret",
                                        "",
                                        "Bearer new:s3cret ",
                                        "Bearer NEW:S3CRET",
                                        " Bearer new:s3cret"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(ask(verify, "authorization", right[i], ""), ERR_NONE);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ask(verify, "Authorization", wrong[i], ""),
                         ERR_UNAUTHORIZED);
    assert_int_equal(ask(verify, NULL, NULL, ""), ERR_UNAUTHORIZED);
    assert_int_equal(ask(verify, "X-Other", "Bearer new:s3cret", ""),
                     ERR_UNAUTHORIZED);
    assert_string_equal(verify_challenge(verify), "Bearer realm=\"moonline\"");
    verify_free(verify);
}

/* Half of all mistakes are a header that never left the sender. */
static void it_says_whether_any_secret_came(void **state)
{
    (void)state;
    static const struct {
        enum verify_scheme scheme;
        const char *name, *header, *query, *said;
    } cases[] = {
        {VERIFY_BEARER, NULL, NULL, "", "token is wanted; none came"},
        {VERIFY_BEARER, NULL, "X-Other", "", "token is wanted; none came"},
        {VERIFY_BEARER, NULL, "authorization", "", "wanted; another came"},
        {VERIFY_BASIC, NULL, NULL, "", "password is wanted; none came"},
        {VERIFY_BASIC, NULL, "Authorization", "", "wanted; another came"},
        {VERIFY_HEADER, "X-Key", "Authorization", "", "wanted; none came"},
        {VERIFY_HEADER, "X-Key", "x-key", "", "value is wanted; another came"},
        {VERIFY_QUERY, "key", "key", "", "value is wanted; none came"},
        {VERIFY_QUERY, "key", NULL, "kee=1&x", "value is wanted; none came"},
        {VERIFY_QUERY, "key", NULL, "a=1&k%65y=no", "wanted; another came"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct verify *verify = make(cases[i].scheme, cases[i].name);
        assert_int_equal(ask(verify, cases[i].header, "no", cases[i].query),
                         ERR_UNAUTHORIZED);
        if (!strstr(err.text, cases[i].said))
            fail_msg("%zu: %s, not %s", i, err.text, cases[i].said);
        assert_null(strstr(err.text, "s3cret"));
        verify_free(verify);
    }
}

static void basic_is_user_and_password_in_base64(void **state)
{
    (void)state;
    struct verify *verify = make(VERIFY_BASIC, NULL);
    assert_int_equal(ask(verify, "Authorization", "Basic bmV3OnMzY3JldA==", ""),
                     ERR_NONE);
    assert_int_equal(ask(verify, "Authorization", "basic b2xkOnMzY3JldA", ""),
                     ERR_NONE);
    static const char *const wrong[] = {
        "Basic bmV3OnMzY3JlZA==", "Basic !!!", "Basic ",
        "Bearer bmV3OnMzY3JldA==", "bmV3OnMzY3JldA=="};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ask(verify, "Authorization", wrong[i], ""),
                         ERR_UNAUTHORIZED);
    assert_string_equal(verify_challenge(verify), "Basic realm=\"moonline\"");
    verify_free(verify);
}

static void a_header_of_any_name_may_hold_it(void **state)
{
    (void)state;
    struct verify *verify = make(VERIFY_HEADER, "X-Api-Key");
    assert_int_equal(ask(verify, "x-api-key", "old:s3cret", ""), ERR_NONE);
    assert_int_equal(ask(verify, "x-api-key", "old", ""), ERR_UNAUTHORIZED);
    assert_int_equal(ask(verify, "x-api-key", "", ""), ERR_UNAUTHORIZED);
    assert_int_equal(ask(verify, NULL, NULL, ""), ERR_UNAUTHORIZED);
    assert_null(verify_challenge(verify));
    verify_free(verify);
}

static void a_query_parameter_may_hold_it(void **state)
{
    (void)state;
    struct verify *verify = make(VERIFY_QUERY, "key");
    assert_int_equal(ask(verify, NULL, NULL, "a=1&key=new%3As3cret"), ERR_NONE);
    assert_int_equal(ask(verify, NULL, NULL, "k%65y=old:s3cret&b"), ERR_NONE);
    static const char *const wrong[] = {"",
                                        "key",
                                        "key=",
                                        "key=new",
                                        "KEY=new:s3cret",
                                        "xkey=new:s3cret",
                                        "key=new:s3cret&key=x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ask(verify, NULL, NULL, wrong[i]), ERR_UNAUTHORIZED);
    static char huge[20000];
    memset(huge, 'a', sizeof huge - 1);
    assert_int_equal(ask(verify, NULL, NULL, huge), ERR_UNAUTHORIZED);
    verify_free(verify);
}

static enum error_kind from(const struct verify *verify, const char *remote)
{
    struct pairs headers = {0};
    struct verify_claim claim = {text_of(remote), &headers, TEXT("")};
    err = (struct error){0};
    verify_sender(verify, &claim, &err);
    return err.kind;
}

static void networks_alone_may_decide(void **state)
{
    (void)state;
    static const char *const allow[] = {"192.168.1.0/24", "2001:db8::/32",
                                        NULL};
    struct verify *verify =
        verify_new(&(struct verify_options){.allow = allow}, &err);
    assert_non_null(verify);
    assert_int_equal(from(verify, "192.168.1.7"), ERR_NONE);
    assert_int_equal(from(verify, "2001:db8::7"), ERR_NONE);
    assert_int_equal(from(verify, "192.168.2.7"), ERR_FORBIDDEN);
    assert_int_equal(from(verify, "rubbish"), ERR_FORBIDDEN);
    assert_int_equal(from(verify, ""), ERR_FORBIDDEN);
    assert_null(verify_challenge(verify));
    verify_free(verify);
}

static void networks_and_a_secret_must_both_hold(void **state)
{
    (void)state;
    static const char *const allow[] = {"10.0.0.0/8", NULL};
    static const char *const secrets[] = {"s", NULL};
    struct verify *verify = verify_new(
        &(struct verify_options){
            .scheme = VERIFY_BEARER, .secrets = secrets, .allow = allow},
        &err);
    assert_int_equal(ask(verify, "Authorization", "Bearer s", ""), ERR_NONE);
    assert_int_equal(from(verify, "10.0.0.9"), ERR_UNAUTHORIZED);
    assert_int_equal(from(verify, "11.0.0.9"), ERR_FORBIDDEN);
    verify_free(verify);
}

static void half_a_configuration_is_refused(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    static const char *const empty[] = {"", NULL};
    static const char *const one[] = {"s", NULL};
    static const char *const bad_network[] = {"1.2.3.4/99", NULL};
    const struct verify_options rows[] = {
        {.scheme = VERIFY_NONE},
        {.scheme = VERIFY_BEARER},
        {.scheme = VERIFY_BEARER, .secrets = none},
        {.scheme = VERIFY_BEARER, .secrets = empty},
        {.scheme = VERIFY_BASIC, .secrets = one},
        {.scheme = VERIFY_HEADER, .secrets = one},
        {.scheme = VERIFY_HEADER, .secrets = one, .name = ""},
        {.scheme = VERIFY_QUERY, .name = "key"},
        {.scheme = VERIFY_NONE, .allow = bad_network},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err = (struct error){0};
        assert_null(verify_new(&rows[i], &err));
        assert_int_equal(err.kind, ERR_CONFIG);
    }
    verify_free(NULL);
}

static void no_answer_holds_a_secret(void **state)
{
    (void)state;
    static const enum verify_scheme schemes[] = {VERIFY_BEARER, VERIFY_BASIC,
                                                 VERIFY_HEADER, VERIFY_QUERY};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct verify *verify = make(schemes[i], "name");
        assert_int_equal(ask(verify, "name", "guess", "name=guess"),
                         ERR_UNAUTHORIZED);
        assert_null(strstr(err.text, "s3cret"));
        assert_null(strstr(err.text, "guess"));
        verify_free(verify);
    }
}

#define VERIFY_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFY_TEST(bearer_takes_each_secret_under_both_words),
        VERIFY_TEST(it_says_whether_any_secret_came),
        VERIFY_TEST(basic_is_user_and_password_in_base64),
        VERIFY_TEST(a_header_of_any_name_may_hold_it),
        VERIFY_TEST(a_query_parameter_may_hold_it),
        VERIFY_TEST(networks_alone_may_decide),
        VERIFY_TEST(networks_and_a_secret_must_both_hold),
        VERIFY_TEST(half_a_configuration_is_refused),
        VERIFY_TEST(no_answer_holds_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
