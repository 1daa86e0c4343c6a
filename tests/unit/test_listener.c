/* Sockets that listen, and the port that they share. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "error.h"
#include "listener.h"

static void close_all(const int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

static void port_zero_takes_a_free_one(void **state)
{
    (void)state;
    struct error err;
    int fd;
    if (!listener_open("127.0.0.1:0", &fd, 1, &err))
        fail_msg("%s", err.text);
    int caller = call_port(listener_port(fd));
    assert_true(caller >= 0);
    close(caller);
    close(fd);
}

static void several_sockets_share_one_port(void **state)
{
    (void)state;
    struct error err;
    int fds[5];
    if (!listener_open("127.0.0.1:0", fds, 5, &err))
        fail_msg("%s", err.text);
    for (int i = 1; i < 5; i++) {
        assert_int_equal(listener_port(fds[i]), listener_port(fds[0]));
        assert_int_not_equal(fds[i], fds[0]);
    }
    close_all(fds, 5);
}

static void a_port_is_not_shared_with_strangers(void **state)
{
    (void)state;
    for (unsigned ours = 1; ours <= 2; ours++)
        for (unsigned theirs = 1; theirs <= 2; theirs++) {
            struct error err;
            int mine[2], yours[2];
            char address[32];
            assert_true(listener_open("127.0.0.1:0", mine, ours, &err));
            snprintf(address, sizeof address, "127.0.0.1:%u",
                     listener_port(mine[0]));
            assert_false(listener_open(address, yours, theirs, &err));
            assert_int_equal(err.kind, ERR_IO);
            assert_non_null(strstr(err.text, address));
            assert_non_null(strstr(err.text, ": another process does"));
            close_all(mine, ours);
            assert_true(listener_open(address, yours, theirs, &err));
            close_all(yours, theirs);
        }
}

static void ipv6_has_brackets(void **state)
{
    (void)state;
    struct error err;
    int fd;
    if (!listener_open("[::1]:0", &fd, 1, &err)) {
        assert_int_equal(err.kind, ERR_IO); /* a machine without IPv6 */
        skip();
    }
    assert_int_not_equal(listener_port(fd), 0);
    close(fd);
}

static void a_name_is_looked_up(void **state)
{
    (void)state;
    struct error err;
    int fd;
    if (!listener_open("localhost:0", &fd, 1, &err))
        fail_msg("%s", err.text);
    close(fd);
}

static void what_is_no_address_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "8580",
                                      ":8580",
                                      "127.0.0.1",
                                      "::1:80",
                                      "127.0.0.1:",
                                      "[::1]",
                                      "127.0.0.1:http",
                                      "[]:80",
                                      "127.0.0.1:+1",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "::1",
                                      "a:b:80",
                                      "127.0.0.1: 80",
                                      "127.0.0.1:99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = {0};
        int fd;
        if (listener_open(bad[i], &fd, 1, &err))
            fail_msg("took \"%s\"", bad[i]);
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_non_null(strstr(err.text, bad[i]));
    }
}

static void an_address_of_nobody_here_is_refused(void **state)
{
    (void)state;
    struct error err;
    int fd;
    assert_false(listener_open("192.0.2.1:0", &fd, 1, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_non_null(strstr(err.text, "192.0.2.1:0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_zero_takes_a_free_one),
        cmocka_unit_test(several_sockets_share_one_port),
        cmocka_unit_test(a_port_is_not_shared_with_strangers),
        cmocka_unit_test(ipv6_has_brackets),
        cmocka_unit_test(a_name_is_looked_up),
        cmocka_unit_test(what_is_no_address_is_refused_by_name),
        cmocka_unit_test(an_address_of_nobody_here_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
