/* What is decided before a body is read, and whom a request came from. */
#include "unit.h"

#include "arena.h"
#include "buf.h"
#include "error.h"
#include "gate.h"
#include "network.h"
#include "remote.h"
#include "request.h"
#include "route.h"
#include "verify.h"

static struct request request;
static struct gate_body body;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    request_init(&request);
    err = (struct error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    request_deinit(&request);
    return 0;
}

static void header(const char *name, struct text value)
{
    assert_true(
        pairs_add(&request.headers, &request.arena, text_of(name), value));
}

/* "Name: value|Name: value", as libmicrohttpd would give them. */
static bool check(const char *headers, const char *version)
{
    request_reset(&request);
    while (*headers) {
        const char *colon = strchr(headers, ':');
        size_t len = strcspn(colon, "|");
        struct text name = {headers, (size_t)(colon - headers)};
        struct text value = {colon + 2, len - 2};
        assert_true(pairs_add(&request.headers, &request.arena, name, value));
        headers = colon + len + (colon[len] == '|');
    }
    return gate_check_headers(&request.headers, text_of(version), &body, &err);
}

static void clear_headers_say_how_the_body_comes(void **state)
{
    (void)state;
    assert_true(check("Host: x", "HTTP/1.1"));
    assert_false(body.has_length || body.is_chunked || body.expects_continue);
    assert_true(check("content-length: 12|HOST: x", "HTTP/1.1"));
    assert_true(body.has_length);
    assert_int_equal(body.length, 12);
    assert_true(check("Transfer-Encoding: Chunked", "HTTP/1.1"));
    assert_true(body.is_chunked);
    assert_true(check("Expect: 100-continue|Content-Length: 0", "HTTP/1.1"));
    assert_true(body.expects_continue);
    assert_true(check("Content-Length: 999999999999999999", "HTTP/1.0"));
    assert_true(check("X-Tab: a\tb|X-High: \xc3\xa9|X-Empty: ", "HTTP/1.1"));
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "Content-Length: 1|Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked|Content-Length: 0",
        "Content-Length: 1|Content-Length: 1",
        "Content-Length: 1|content-length: 2",
        "Content-Length: 1, 1",
        "Content-Length: ",
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 0x1",
        "Content-Length: 1 ",
        "Content-Length: 1e3",
        "Content-Length: 9999999999999999999",
        "Transfer-Encoding: chunked|Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \tchunked",
        "Transfer-Encoding: chunked ",
        "Transfer-Encoding: ",
        "Transfer-Encoding: gzip, chunked",
        "Host: a|Host: a",
        "Host: a|host: b",
        "Content-Length : 1",
        " X: 1",
        "X Y: 1",
        "X(: 1",
        "X\x01: 1",
        "X\xc3\xa9: 1",
        ": 1",
        "X: a\001b",
        "X: a\x7f",
        "X: a\rb",
        "X: a\nb",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (check(rows[i], "HTTP/1.1"))
            fail_msg("took \"%s\"", rows[i]);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
    }
    assert_false(check("Transfer-Encoding: chunked", "HTTP/1.0"));
    request_reset(&request);
    header("X", (struct text){"a\0b", 3});
    assert_false(
        gate_check_headers(&request.headers, TEXT("HTTP/1.1"), &body, &err));
    request_reset(&request);
    assert_true(pairs_add(&request.headers, &request.arena,
                          (struct text){"X\0Y", 3}, TEXT("1")));
    assert_false(
        gate_check_headers(&request.headers, TEXT("HTTP/1.1"), &body, &err));
}

static void sixty_four_headers_are_enough(void **state)
{
    (void)state;
    for (int i = 0; i < LIMIT_HEADER_FIELDS; i++)
        header("X", TEXT("1"));
    assert_true(
        gate_check_headers(&request.headers, TEXT("HTTP/1.1"), &body, &err));
    header("X", TEXT("1"));
    assert_false(
        gate_check_headers(&request.headers, TEXT("HTTP/1.1"), &body, &err));
    assert_int_equal(err.kind, ERR_HEADERS);
}

static enum error_kind enter(const struct gate *gate, unsigned method,
                             const char *path)
{
    struct route_match match;
    err = (struct error){0};
    request.path = text_of(path);
    gate_enter(gate, &request, method, &body, &match, &err);
    return err.kind;
}

/* Each row would fail in all that come after it. */
static void the_first_reason_counts(void **state)
{
    (void)state;
    static const char *const secrets[] = {"s", NULL};
    struct route_table *routes = route_table_new();
    struct route *route = xcalloc(1, sizeof *route);
    struct gate gate = {.routes = routes};
    route->pattern = xstrdup("/a");
    route->methods = METHOD_POST;
    route->limits.body_bytes = 10;
    route->verify = verify_new(
        &(struct verify_options){.scheme = VERIFY_BEARER, .secrets = secrets},
        &err);
    assert_true(route_table_add(routes, route, &err));
    body = (struct gate_body){.has_length = true, .length = 11};
    header("Content-Encoding", TEXT("br"));
    assert_int_equal(enter(&gate, METHOD_POST, "/b"), ERR_NOT_FOUND);
    assert_int_equal(enter(&gate, METHOD_PUT, "/a"), ERR_METHOD);
    assert_int_equal(enter(&gate, 0, "/a"), ERR_METHOD);
    assert_int_equal(enter(&gate, METHOD_POST, "/a"), ERR_UNAUTHORIZED);
    assert_int_equal(enter(&gate, METHOD_HEAD, "/a"), ERR_NONE);
    header("Authorization", TEXT("Bearer s"));
    assert_int_equal(enter(&gate, METHOD_POST, "/a"), ERR_MEDIA_TYPE);
    header("Content-Encoding", TEXT("gzip"));
    assert_int_equal(enter(&gate, METHOD_POST, "/a"), ERR_TOO_LARGE);
    assert_non_null(strstr(err.text, "11 bytes, the limit is 10"));
    body.length = 10;
    assert_int_equal(enter(&gate, METHOD_POST, "/a"), ERR_NONE);
    route_table_free(routes);
}

/* What X-Forwarded-For makes of a peer. */
static struct text remote(const char *peer, const char *first,
                          const char *second)
{
    static const char *const trusted[] = {"10.0.0.0/8", "fd00::/8", NULL};
    struct networks networks;
    struct address address;
    request_reset(&request);
    assert_true(networks_init(&networks, trusted, &err));
    assert_true(address_read(text_of(peer), &address));
    header("X-Other", TEXT("9.9.9.9"));
    if (first)
        header("x-forwarded-for", text_of(first));
    if (second)
        header("X-Forwarded-For", text_of(second));
    struct text found =
        remote_of(&networks, &address, text_of(peer), &request.headers);
    networks_deinit(&networks);
    return found;
}

static void the_rightmost_stranger_is_the_sender(void **state)
{
    (void)state;
    assert_text(remote("10.0.0.1", "1.2.3.4", NULL), "1.2.3.4");
    assert_text(remote("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", NULL),
                "1.2.3.4");
    assert_text(remote("10.0.0.1", "1.2.3.4", "10.0.0.2"), "1.2.3.4");
    assert_text(remote("10.0.0.1", "1.2.3.4", "5.6.7.8"), "5.6.7.8");
    assert_text(remote("10.0.0.1", "10.0.0.3,10.0.0.2", NULL), "10.0.0.3");
    assert_text(remote("fd00::1", "[2001:db8::7]:443", NULL), "2001:db8::7");
    assert_text(remote("10.0.0.1", "1.2.3.4:5678", NULL), "1.2.3.4");
    assert_text(remote("10.0.0.1", "2001:db8::7", NULL), "2001:db8::7");
}

static void nobody_else_is_believed(void **state)
{
    (void)state;
    assert_text(remote("9.9.9.9", "1.2.3.4", NULL), "9.9.9.9");
    assert_text(remote("10.0.0.1", NULL, NULL), "10.0.0.1");
    assert_text(remote("10.0.0.1", "", NULL), "10.0.0.1");
    assert_text(remote("10.0.0.1", "1.2.3.4, unknown", NULL), "10.0.0.1");
    assert_text(remote("10.0.0.1", "1.2.3.4, unknown, 10.0.0.2", NULL),
                "10.0.0.2");
    assert_text(remote("10.0.0.1", ",", NULL), "10.0.0.1");
    assert_text(remote("10.0.0.1", "]", NULL), "10.0.0.1");
}

#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(clear_headers_say_how_the_body_comes),
        GATE_TEST(what_can_be_read_in_two_ways_is_refused),
        GATE_TEST(sixty_four_headers_are_enough),
        GATE_TEST(the_first_reason_counts),
        GATE_TEST(the_rightmost_stranger_is_the_sender),
        GATE_TEST(nobody_else_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
