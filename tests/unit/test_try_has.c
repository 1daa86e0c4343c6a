/* The names that a request came with. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "request.h"
#include "route.h"
#include "try_has.h"

static const char *has(const char *type, struct text body, const char *query)
{
    static char out[4096];
    struct route route = {.limits = LIMITS_DEFAULT};
    const struct route_match match = {.route = &route};
    struct request request;
    struct error err;
    struct buf found;
    request_init(&request);
    request_reset(&request);
    assert_true(pairs_add(&request.headers, &request.arena,
                          TEXT("Content-Type"), text_of(type)));
    request.query_string = text_of(query);
    request.raw_body = body;
    if (!request_decode(&request, &match, &err))
        fail_msg("%s", err.text);
    buf_init(&found, sizeof out);
    try_has(&request, &found);
    snprintf(out, sizeof out, "%.*s", TEXT_ARG(buf_text(&found)));
    buf_deinit(&found);
    request_deinit(&request);
    return out;
}

static const char *has_json(const char *body)
{
    return has("application/json", text_of(body), "");
}

static void names_of_json_are_those_of_the_outermost_object(void **state)
{
    (void)state;
    assert_string_equal(
        has_json("{\"a\":1,\"b\" : {\"c\":\"d\"},\"e\":[\"f\"]}"),
        "JSON a, b, e");
    assert_string_equal(has_json(" [ [1], {\"a\":\"x:\\\"y\"}, {\"b\":1}]"),
                        "JSON a");
    assert_string_equal(has_json("[1,\"a\",{}]"), "JSON without names");
    assert_string_equal(has_json("[]"), "JSON without names");
}

static void forms_and_queries_are_told_apart(void **state)
{
    (void)state;
    const char *form = "application/x-www-form-urlencoded";
    assert_string_equal(has(form, TEXT("a=1&b=2&a=3"), "q=1&r"),
                        "form a, b, a   query q, r");
    assert_string_equal(has(form, TEXT("{\"a\":1}"), ""), "JSON a");
    assert_string_equal(has("", TEXT(""), "q=1"), "query q   no body");
    assert_string_equal(has("", TEXT(""), ""), "no body");
    assert_string_equal(has("text/csv", TEXT("1,2,3"), ""),
                        "5 bytes of text/csv");
    assert_string_equal(has("", TEXT("1,2,3"), ""), "5 bytes of no type");
}

static void what_is_broken_or_hostile_does_no_harm(void **state)
{
    (void)state;
    assert_string_equal(has_json("{\"a\x1b[2J\":1,\"b"), "JSON a?[2J");
    assert_string_equal(has_json("{\"a\\"), "JSON without names");
    assert_string_equal(has_json("{]]]}}\"a\":1"), "JSON without names");
    char many[2000] = "{";
    for (int i = 0; i < 100; i++)
        snprintf(many + strlen(many), 20, "\"n%02d\":1,", i);
    const char *shown = has_json(many);
    assert_non_null(strstr(shown, ", n29 ..."));
    assert_null(strstr(shown, "n30"));
    char body[300] = "{\"";
    memset(body + 2, 'x', 200);
    memcpy(body + 202, "\":1}", 5);
    assert_int_equal(strlen(has_json(body)), strlen("JSON ") + 40);
}

/* Cut anywhere it is still read to its end and no further. */
static void a_body_may_be_cut_anywhere(void **state)
{
    (void)state;
    const char *whole = "[{\"a\\\"\": {\"b\":[\"c\",1]}, \"d\" :2}]";
    for (size_t len = 1; len <= strlen(whole); len++) {
        char *copy = strndup(whole, len);
        assert_non_null(
            strstr(has("application/json", text_of(copy), ""), "JSON"));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_json_are_those_of_the_outermost_object),
        cmocka_unit_test(forms_and_queries_are_told_apart),
        cmocka_unit_test(what_is_broken_or_hostile_does_no_harm),
        cmocka_unit_test(a_body_may_be_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
