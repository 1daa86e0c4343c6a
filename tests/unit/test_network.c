/* Addresses as text and the networks they are in. */
#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "error.h"
#include "network.h"

static struct address address(const char *text)
{
    struct address found;
    assert_true(address_read(text_of(text), &found));
    return found;
}

static bool is_in(const char *net, const char *text)
{
    struct network network;
    struct error err;
    struct address inside = address(text);
    if (!network_read(text_of(net), &network, &err))
        fail_msg("%s", err.text);
    return network_has(&network, &inside);
}

static void a_network_holds_its_addresses_and_no_others(void **state)
{
    (void)state;
    assert_true(is_in("192.168.1.0/24", "192.168.1.0"));
    assert_true(is_in("192.168.1.0/24", "192.168.1.255"));
    assert_false(is_in("192.168.1.0/24", "192.168.2.0"));
    assert_true(is_in("10.0.0.0/9", "10.127.255.255"));
    assert_false(is_in("10.0.0.0/9", "10.128.0.0"));
    assert_true(is_in("10.1.2.3", "10.1.2.3"));
    assert_false(is_in("10.1.2.3", "10.1.2.2"));
    assert_true(is_in("0.0.0.0/0", "1.2.3.4"));
    assert_false(is_in("0.0.0.0/0", "::1"));
    assert_true(is_in("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(is_in("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(is_in("::/0", "1.2.3.4"));
    assert_true(is_in("::1", "::1"));
}

static void host_bits_in_a_network_do_not_matter(void **state)
{
    (void)state;
    assert_true(is_in("192.168.1.77/24", "192.168.1.1"));
}

static void a_mapped_address_is_the_ipv4_one(void **state)
{
    (void)state;
    assert_true(is_in("192.168.1.0/24", "::ffff:192.168.1.9"));
    assert_true(is_in("::ffff:192.168.1.0/120", "192.168.1.9"));
}

static void what_is_no_network_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "1.2.3",      "1.2.3.4/33",
                                      "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/1a",
                                      "::1/129",  "localhost",  "1.2.3.4:80",
                                      "/8",       "1.2.3.4/ 8", "1.2.3.4/0008"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct network network;
        struct error err;
        if (network_read(text_of(bad[i]), &network, &err))
            fail_msg("took \"%s\"", bad[i]);
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_non_null(strstr(err.text, bad[i]));
    }
}

static void an_address_is_written_as_it_is_read(void **state)
{
    (void)state;
    static const char *const all[] = {"192.168.1.7", "::1", "2001:db8::7"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char out[ADDRESS_TEXT_BYTES];
        struct address it = address(all[i]);
        assert_text(((struct text){out, address_format(&it, out)}), all[i]);
    }
    struct address scoped = address("fe80::1%eth0"), plain = address("fe80::1");
    assert_memory_equal(&scoped, &plain, sizeof plain);
    struct address out;
    assert_false(address_read((struct text){"1.2.3.4\0x", 9}, &out));
    assert_false(address_read(TEXT("host"), &out));
}

static void a_socket_address_becomes_one_of_ours(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(0x01020304)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    struct address found, want = address("1.2.3.4");
    assert_true(address_of((struct sockaddr *)&v4, &found));
    assert_memory_equal(&found, &want, sizeof want);
    want = address("::1");
    assert_true(address_of((struct sockaddr *)&v6, &found));
    assert_memory_equal(&found, &want, sizeof want);
    assert_false(address_of((struct sockaddr *)&other, &found));
}

static void loopback_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_loopback;
    } rows[] = {{"127.0.0.1", true}, {"127.9.9.9", true}, {"::1", true},
                {"::2", false},      {"10.0.0.1", false}, {"::", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct address it = address(rows[i].text);
        assert_int_equal(address_is_loopback(&it), rows[i].is_loopback);
    }
}

static void a_list_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    struct networks list;
    struct error err;
    assert_true(networks_init(&list, NULL, &err));
    assert_int_equal(list.count, 0);
    assert_true(networks_init(
        &list, (const char *const[]){"10.0.0.0/8", "::1", NULL}, &err));
    struct address in = address("10.9.9.9"), out = address("11.0.0.1");
    assert_true(networks_have(&list, &in));
    assert_false(networks_have(&list, &out));
    networks_deinit(&list);
    assert_false(networks_init(
        &list, (const char *const[]){"10.0.0.0/8", "x", NULL}, &err));
    assert_null(list.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_holds_its_addresses_and_no_others),
        cmocka_unit_test(host_bits_in_a_network_do_not_matter),
        cmocka_unit_test(a_mapped_address_is_the_ipv4_one),
        cmocka_unit_test(what_is_no_network_is_refused_by_name),
        cmocka_unit_test(an_address_is_written_as_it_is_read),
        cmocka_unit_test(a_socket_address_becomes_one_of_ours),
        cmocka_unit_test(loopback_is_known),
        cmocka_unit_test(a_list_is_taken_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
