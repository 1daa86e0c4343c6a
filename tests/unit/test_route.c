/* Which route a method and a path mean. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "route.h"
#include "verify.h"

static struct route *make(const char *pattern, unsigned methods)
{
    struct route *route = xcalloc(1, sizeof *route);
    route->pattern = xstrdup(pattern);
    route->where = xstrdup("moonline.lua:7");
    route->methods = methods;
    return route;
}

static struct route_table *table_of(const char *const *patterns)
{
    struct route_table *table = route_table_new();
    struct error err;
    for (size_t i = 0; patterns[i]; i++)
        if (!route_table_add(table, make(patterns[i], METHOD_POST), &err))
            fail_msg("%s", err.text);
    return table;
}

/* "pattern name=value name=value", or the error's kind in words. */
static const char *find(const struct route_table *table, unsigned method,
                        const char *path)
{
    static char out[512];
    struct route_match match;
    struct error err;
    if (!route_find(table, method, text_of(path), &match, &err))
        return err.kind == ERR_METHOD ? "method" : "nothing";
    size_t used = (size_t)snprintf(out, sizeof out, "%s", match.route->pattern);
    for (size_t i = 0; i < match.param_count; i++)
        used += (size_t)snprintf(out + used, sizeof out - used, " %.*s=%.*s",
                                 TEXT_ARG(match.params[i].name),
                                 TEXT_ARG(match.params[i].value));
    return out;
}

static void the_most_exact_route_wins(void **state)
{
    (void)state;
    struct route_table *table = table_of((const char *const[]){
        "/*all", "/:a/:b", "/x/:b", "/:a/y", "/x/y", "/x/*rest", "/", NULL});
    static const char *const rows[][2] = {
        {"/x/y", "/x/y"},
        {"/x/z", "/x/:b b=z"},
        {"/q/y", "/:a/y a=q"},
        {"/q/z", "/:a/:b a=q b=z"},
        {"/x/y/z", "/x/*rest rest=y/z"},
        {"/x", "/x/*rest rest="},
        {"/q", "/*all all=q"},
        {"/q/z/z", "/*all all=q/z/z"},
        {"/", "/"},
        {"/x/y/", "/x/y"},
        {"/x//", "/x/*rest rest="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(find(table, METHOD_POST, rows[i][0]), rows[i][1]);
    route_table_free(table);
}

static void a_param_is_one_segment_and_never_empty(void **state)
{
    (void)state;
    struct route_table *table =
        table_of((const char *const[]){"/e/:station", "/a/:x/b/:y", NULL});
    assert_string_equal(find(table, METHOD_POST, "/e/garden"),
                        "/e/:station station=garden");
    assert_string_equal(find(table, METHOD_POST, "/e/g%20n/"),
                        "/e/:station station=g%20n");
    assert_string_equal(find(table, METHOD_POST, "/a/1/b/2"),
                        "/a/:x/b/:y x=1 y=2");
    static const char *const none[] = {
        "/e", "/e/", "/e//", "/e/a/b", "/a//b/2", "/a/1/c/2", "e/a", "", "*"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_string_equal(find(table, METHOD_POST, none[i]), "nothing");
    route_table_free(table);
}

static void a_shared_node_keeps_each_routes_names(void **state)
{
    (void)state;
    struct route_table *table =
        table_of((const char *const[]){"/:x", "/:y/b", "/:z/:w", NULL});
    assert_string_equal(find(table, METHOD_POST, "/1"), "/:x x=1");
    assert_string_equal(find(table, METHOD_POST, "/1/b"), "/:y/b y=1");
    assert_string_equal(find(table, METHOD_POST, "/1/c"), "/:z/:w z=1 w=c");
    route_table_free(table);
}

static void a_literal_is_compared_decoded(void **state)
{
    (void)state;
    struct route_table *table =
        table_of((const char *const[]){"/caf\xc3\xa9/menu", "/a%2Fb", NULL});
    assert_string_equal(find(table, METHOD_POST, "/caf%C3%A9/m%65nu"),
                        "/caf\xc3\xa9/menu");
    assert_string_equal(find(table, METHOD_POST, "/a%2fb"), "/a%2Fb");
    assert_string_equal(find(table, METHOD_POST, "/a/b"), "nothing");
    char long_path[600];
    memset(long_path, '%', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    assert_string_equal(find(table, METHOD_POST, long_path), "nothing");
    route_table_free(table);
}

static void methods_are_listed_and_the_longest_list_fits(void **state)
{
    (void)state;
    char list[METHODS_BYTES];
    method_list(0, list);
    assert_string_equal(list, "");
    method_list(METHOD_PUT, list);
    assert_string_equal(list, "PUT");
    method_list(~0u, list);
    assert_string_equal(list, "GET, HEAD, POST, PUT, PATCH, DELETE");
}

static void the_methods_of_a_path_are_told(void **state)
{
    (void)state;
    struct route_table *table = route_table_new();
    struct error err;
    struct route_match match;
    assert_true(route_table_add(table, make("/a", METHOD_POST), &err));
    assert_true(route_table_add(table, make("/a/", METHOD_GET), &err));
    assert_true(route_table_add(table, make("/:any", METHOD_DELETE), &err));
    assert_false(route_find(table, METHOD_PUT, TEXT("/a"), &match, &err));
    assert_int_equal(err.kind, ERR_METHOD);
    assert_string_equal(err.text, "this path takes GET, POST, DELETE only");
    assert_int_equal(match.allowed,
                     METHOD_POST | METHOD_GET | METHOD_DELETE | METHOD_HEAD);
    assert_string_equal(find(table, METHOD_DELETE, "/a"), "/:any any=a");
    assert_string_equal(find(table, METHOD_GET, "/a"), "/a/");
    assert_string_equal(find(table, METHOD_HEAD, "/b"), "/:any any=b");
    assert_false(route_find(table, METHOD_GET, TEXT("/b/c"), &match, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(match.allowed, 0);
    route_table_free(table);
}

static void two_equal_patterns_are_an_error_that_names_both(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/a/:b", "/a/:c"}, {"/a", "/a/"}, {"/*x", "/*y"}, {"/%61", "/a"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct route_table *table = route_table_new();
        struct error err = {0};
        assert_true(route_table_add(
            table, make(rows[i][0], METHOD_POST | METHOD_GET), &err));
        assert_false(
            route_table_add(table, make(rows[i][1], METHOD_GET), &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_non_null(strstr(err.text, rows[i][0]));
        assert_non_null(strstr(err.text, rows[i][1]));
        assert_non_null(strstr(err.text, "moonline.lua:7"));
        route_table_free(table);
    }
}

static void a_pattern_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a",
        "/a//b",
        "/a?b",
        "/a b",
        "/a\x01",
        "/:",
        "/:1a",
        "/:a-b",
        "/*",
        "/*a/b",
        "/*a/",
        "/:a/:a",
        "/:a/*a",
        "/x#y",
        "/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p/:q",
        "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct route_table *table = route_table_new();
        struct error err = {0};
        bool taken = route_table_add(table, make(bad[i], METHOD_POST), &err);
        bool is_end_slash = strcmp(bad[i], "/*a/") == 0;
        if (taken != is_end_slash)
            fail_msg("\"%s\"", bad[i]);
        if (!taken)
            assert_int_equal(err.kind, ERR_CONFIG);
        route_table_free(table);
    }
}

static void sixteen_params_and_thirty_two_parts_fit(void **state)
{
    (void)state;
    struct route_table *table = table_of((const char *const[]){
        "/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j/:k/:l/:m/:n/:o/:p",
        "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2",
        NULL});
    struct route_match match;
    struct error err;
    assert_true(route_find(table, METHOD_POST,
                           TEXT("/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6"), &match,
                           &err));
    assert_int_equal(match.param_count, ROUTE_PARAMS);
    assert_text(match.params[15].value, "6");
    route_table_free(table);
}

static void routes_are_listed_in_their_order(void **state)
{
    (void)state;
    struct route_table *table =
        table_of((const char *const[]){"/b", "/a", NULL});
    assert_string_equal(route_table_at(table, 0)->pattern, "/b");
    assert_string_equal(route_table_at(table, 1)->pattern, "/a");
    assert_null(route_table_at(table, 2));
    route_table_free(table);
    route_table_free(NULL);
}

/* Leaks show under the address sanitizer. */
static void the_table_frees_all_of_a_route(void **state)
{
    (void)state;
    struct route_table *table = route_table_new();
    struct route *route = make("/a", METHOD_POST);
    struct error err;
    route->reply_body = xstrdup("[]");
    route->reply_type = xstrdup("application/json");
    route->vars_json = xstrdup("{}");
    route->content_type = xstrdup("text/csv");
    route->tags = xcalloc(1, sizeof *route->tags);
    route->tags[route->tag_count++] =
        (struct route_tag){xstrdup("site"), xstrdup("ridge")};
    route->verify = verify_new(
        &(struct verify_options){.scheme = VERIFY_BEARER,
                                 .secrets = (const char *const[]){"s", NULL}},
        &err);
    assert_non_null(route->verify);
    assert_true(route_table_add(table, route, &err));
    route_table_free(table);
}

static void methods_are_read_exactly(void **state)
{
    (void)state;
    assert_int_equal(method_of(TEXT("GET")), METHOD_GET);
    assert_int_equal(method_of(TEXT("HEAD")), METHOD_HEAD);
    assert_int_equal(method_of(TEXT("POST")), METHOD_POST);
    assert_int_equal(method_of(TEXT("PUT")), METHOD_PUT);
    assert_int_equal(method_of(TEXT("PATCH")), METHOD_PATCH);
    assert_int_equal(method_of(TEXT("DELETE")), METHOD_DELETE);
    assert_int_equal(method_of(TEXT("post")), 0);
    assert_int_equal(method_of(TEXT("TRACE")), 0);
    assert_int_equal(method_of(TEXT("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_exact_route_wins),
        cmocka_unit_test(a_param_is_one_segment_and_never_empty),
        cmocka_unit_test(a_shared_node_keeps_each_routes_names),
        cmocka_unit_test(a_literal_is_compared_decoded),
        cmocka_unit_test(methods_are_listed_and_the_longest_list_fits),
        cmocka_unit_test(the_methods_of_a_path_are_told),
        cmocka_unit_test(two_equal_patterns_are_an_error_that_names_both),
        cmocka_unit_test(a_pattern_that_is_none_is_refused),
        cmocka_unit_test(sixteen_params_and_thirty_two_parts_fit),
        cmocka_unit_test(routes_are_listed_in_their_order),
        cmocka_unit_test(the_table_frees_all_of_a_route),
        cmocka_unit_test(methods_are_read_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
