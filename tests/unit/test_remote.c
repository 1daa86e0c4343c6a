/* Whom a request came from, and who may say so. */
#include "unit.h"

#include "arena.h"
#include "error.h"
#include "network.h"
#include "pairs.h"
#include "remote.h"

static const char *const proxies[] = {"10.0.0.0/8", "192.168.1.1",
                                      "2001:db8::/32", NULL};

/* The answer for a peer and up to three X-Forwarded-For, NULL-terminated. */
static void assert_remote(const char *const *trusted, const char *peer,
                          const char *const *forwarded, const char *expected)
{
    struct networks networks;
    struct error err;
    struct arena arena;
    struct pairs headers = {0};
    struct address address;
    arena_init(&arena, 1 << 16);
    assert_true(networks_init(&networks, trusted, &err));
    assert_true(address_read(text_of(peer), &address));
    pairs_add(&headers, &arena, TEXT("Host"), TEXT("9.9.9.9"));
    for (; *forwarded; forwarded++)
        pairs_add(&headers, &arena, TEXT("x-forwarded-FOR"),
                  text_of(*forwarded));
    assert_text(remote_of(&networks, &address, text_of(peer), &headers),
                expected);
    networks_deinit(&networks);
    arena_deinit(&arena);
}

#define FORWARDED(...) ((const char *const[]){__VA_ARGS__, NULL})

static void nobody_is_believed_whom_nobody_trusts(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    assert_remote(none, "10.0.0.1", FORWARDED("1.2.3.4"), "10.0.0.1");
    assert_remote(proxies, "11.0.0.1", FORWARDED("1.2.3.4"), "11.0.0.1");
    assert_remote(proxies, "192.168.1.2", FORWARDED("1.2.3.4"), "192.168.1.2");
}

static void a_proxy_is_believed(void **state)
{
    (void)state;
    assert_remote(proxies, "10.0.0.1", FORWARDED("1.2.3.4"), "1.2.3.4");
    assert_remote(proxies, "192.168.1.1", FORWARDED("  1.2.3.4\t"), "1.2.3.4");
    assert_remote(proxies, "2001:db8::7", FORWARDED("2a00::1"), "2a00::1");
    assert_remote(proxies, "::ffff:10.0.0.1", FORWARDED("1.2.3.4"), "1.2.3.4");
}

static void without_the_header_it_is_the_proxy(void **state)
{
    (void)state;
    assert_remote(proxies, "10.0.0.1", (const char *const[]){NULL}, "10.0.0.1");
    assert_remote(proxies, "10.0.0.1", FORWARDED(""), "10.0.0.1");
}

static void the_last_that_no_proxy_wrote_counts(void **state)
{
    (void)state;
    assert_remote(proxies, "10.0.0.1", FORWARDED("6.6.6.6, 1.2.3.4, 10.9.9.9"),
                  "1.2.3.4");
    assert_remote(proxies, "10.0.0.1", FORWARDED("6.6.6.6,1.2.3.4"), "1.2.3.4");
    assert_remote(proxies, "10.0.0.1", FORWARDED("10.1.1.1, 10.2.2.2"),
                  "10.1.1.1");
}

static void several_headers_are_one_list(void **state)
{
    (void)state;
    assert_remote(proxies, "10.0.0.1",
                  FORWARDED("6.6.6.6, 1.2.3.4", "10.5.5.5"), "1.2.3.4");
    assert_remote(proxies, "10.0.0.1", FORWARDED("6.6.6.6", "1.2.3.4"),
                  "1.2.3.4");
    assert_remote(proxies, "10.0.0.1", FORWARDED("1.1.1.1", "", "10.5.5.5"),
                  "1.1.1.1");
}

static void what_is_no_address_ends_the_search(void **state)
{
    (void)state;
    assert_remote(proxies, "10.0.0.1", FORWARDED("1.2.3.4, unknown"),
                  "10.0.0.1");
    assert_remote(proxies, "10.0.0.1", FORWARDED("1.2.3.4, _x, 10.3.3.3"),
                  "10.3.3.3");
    assert_remote(proxies, "10.0.0.1", FORWARDED("1.2.3.4,"), "10.0.0.1");
    assert_remote(proxies, "10.0.0.1", FORWARDED("1.2.3.4.5"), "10.0.0.1");
}

static void ports_and_brackets_go(void **state)
{
    (void)state;
    assert_remote(proxies, "10.0.0.1", FORWARDED("1.2.3.4:5678"), "1.2.3.4");
    assert_remote(proxies, "10.0.0.1", FORWARDED("[2a00::1]:5678"), "2a00::1");
    assert_remote(proxies, "10.0.0.1", FORWARDED("[2a00::1]"), "2a00::1");
    assert_remote(proxies, "10.0.0.1", FORWARDED("2a00::1"), "2a00::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_believed_whom_nobody_trusts),
        cmocka_unit_test(a_proxy_is_believed),
        cmocka_unit_test(without_the_header_it_is_the_proxy),
        cmocka_unit_test(the_last_that_no_proxy_wrote_counts),
        cmocka_unit_test(several_headers_are_one_list),
        cmocka_unit_test(what_is_no_address_ends_the_search),
        cmocka_unit_test(ports_and_brackets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
