/* Connections: how long each may take, and how many an address may have. */
#include "unit.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "peers.h"
#include "sender.h"
#include "stats.h"

static struct address address(const char *text)
{
    struct address found;
    assert_true(address_read(text_of(text), &found));
    return found;
}

/* Our end of a pair of sockets; the other end is the sender's. */
struct line {
    struct senders senders;
    struct sender *sender;
    int ours, theirs;
};

static void open_line(struct line *line)
{
    int fds[2];
    struct address from = address("10.1.2.3");
    *line = (struct line){.ours = -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    line->ours = fds[0];
    line->theirs = fds[1];
    line->sender = senders_add(&line->senders, fds[0], &from, 1000);
}

static void close_line(struct line *line)
{
    senders_remove(&line->senders, line->sender);
    senders_deinit(&line->senders);
    close(line->ours);
    close(line->theirs);
}

/* 'o' still open, 'c' closed, '4' closed after a 408. */
static char state_after(enum phase phase, int64_t elapsed_ns, uint64_t bytes)
{
    static const struct deadlines deadlines = {.headers_ns = 10 * NS_PER_S,
                                               .idle_ns = 60 * NS_PER_S,
                                               .body_ns = 30 * NS_PER_S,
                                               .slow_body_ns = 5 * NS_PER_S,
                                               .body_bytes_per_s = 1024,
                                               .commit_ns = 5 * NS_PER_S,
                                               .answer_ns = 30 * NS_PER_S};
    struct line line;
    char answer[400] = "";
    open_line(&line);
    sender_enter(line.sender, phase, 1000);
    line.sender->body_bytes = bytes;
    line.sender->request_id = "0123456789abcdef";
    uint64_t told_before = stats_get(&stats.rejected[ERR_TIMEOUT]);
    senders_sweep(&line.senders, &deadlines, 1000 + elapsed_ns);
    ssize_t got = recv(line.theirs, answer, sizeof answer - 1, MSG_DONTWAIT);
    close_line(&line);
    assert_int_equal(stats_get(&stats.rejected[ERR_TIMEOUT]) - told_before,
                     got > 0);
    if (got < 0)
        return 'o';
    if (got == 0)
        return 'c';
    assert_non_null(strstr(answer, "\r\nX-Request-Id: 0123456789abcdef\r\n"));
    const char *body = strstr(answer, "\r\n\r\n") + 4;
    assert_int_equal(strtoul(strstr(answer, "Length: ") + 8, NULL, 10),
                     strlen(body));
    return answer[9];
}

static void each_phase_has_its_time(void **state)
{
    (void)state;
    const int64_t s = NS_PER_S;
    assert_int_equal(state_after(PHASE_ACCEPTED, 10 * s, 0), 'o');
    assert_int_equal(state_after(PHASE_ACCEPTED, 10 * s + 1, 0), 'c');
    assert_int_equal(state_after(PHASE_HEADERS, 10 * s, 0), 'o');
    assert_int_equal(state_after(PHASE_HEADERS, 10 * s + 1, 0), '4');
    assert_int_equal(state_after(PHASE_IDLE, 60 * s, 0), 'o');
    assert_int_equal(state_after(PHASE_IDLE, 60 * s + 1, 0), 'c');
    assert_int_equal(state_after(PHASE_BODY, 30 * s, 1 << 20), 'o');
    assert_int_equal(state_after(PHASE_BODY, 30 * s + 1, 1 << 20), '4');
    assert_int_equal(state_after(PHASE_ANSWER, 30 * s, 0), 'o');
    assert_int_equal(state_after(PHASE_ANSWER, 30 * s + 1, 0), 'c');
    assert_int_equal(state_after(PHASE_PARKED, 1000 * s, 0), 'o');
}

static void a_body_must_not_drip(void **state)
{
    (void)state;
    const int64_t s = NS_PER_S;
    assert_int_equal(state_after(PHASE_BODY, 5 * s, 1), 'o');
    assert_int_equal(state_after(PHASE_BODY, 6 * s, 6 * 1024), 'o');
    assert_int_equal(state_after(PHASE_BODY, 6 * s, 6 * 1024 - 1), '4');
}

static void the_list_survives_any_order_of_leaving(void **state)
{
    (void)state;
    struct senders senders = {.first = NULL};
    struct address from = address("1.2.3.4");
    struct sender *some[5];
    static const int orders[][5] = {
        {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
    for (size_t round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++)
            some[i] = senders_add(&senders, -1, &from, 0);
        for (int i = 0; i < 5; i++) {
            size_t seen = 0;
            assert_int_equal(senders.count, 5 - i);
            for (struct sender *at = senders.first; at; at = at->next)
                seen++;
            assert_int_equal(seen, senders.count);
            senders_remove(&senders, some[orders[round][i]]);
        }
        assert_null(senders.first);
    }
    struct sender *again = senders_add(&senders, 7, &from, 5);
    assert_int_equal(again->fd, 7);
    assert_text(((struct text){again->remote, again->remote_len}), "1.2.3.4");
    senders_deinit(&senders);
}

static void an_address_has_so_many_connections(void **state)
{
    (void)state;
    struct peers *peers = peers_new(2);
    struct address one = address("10.0.0.1"), two = address("10.0.0.2");
    peers_enter(peers, &one);
    assert_true(peers_may_enter(peers, &one));
    peers_enter(peers, &one);
    assert_false(peers_may_enter(peers, &one));
    assert_true(peers_may_enter(peers, &two));
    peers_leave(peers, &one);
    assert_true(peers_may_enter(peers, &one));
    peers_leave(peers, &one);
    peers_leave(peers, &two);
    peers_free(peers);
    peers_free(NULL);
}

static void loopback_is_not_counted(void **state)
{
    (void)state;
    struct peers *peers = peers_new(1);
    struct address v4 = address("127.0.0.1"), v6 = address("::1");
    for (int i = 0; i < 5; i++) {
        assert_true(peers_may_enter(peers, &v4));
        assert_true(peers_may_enter(peers, &v6));
        peers_enter(peers, &v4);
        peers_enter(peers, &v6);
    }
    peers_leave(peers, &v4);
    peers_free(peers);
}

static void ipv6_is_counted_by_its_network(void **state)
{
    (void)state;
    struct peers *peers = peers_new(1);
    struct address a = address("2001:db8::1"), b = address("2001:db8::2");
    struct address other = address("2001:db8:0:1::1");
    peers_enter(peers, &a);
    assert_false(peers_may_enter(peers, &b));
    assert_true(peers_may_enter(peers, &other));
    peers_leave(peers, &b);
    assert_true(peers_may_enter(peers, &a));
    peers_free(peers);
}

static void many_addresses_are_told_apart(void **state)
{
    (void)state;
    struct peers *peers = peers_new(1);
    struct address it = address("10.0.0.0");
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 20000; i++) {
            it.bytes[14] = (unsigned char)(i >> 8);
            it.bytes[15] = (unsigned char)i;
            assert_int_equal(peers_may_enter(peers, &it), round == 0);
            if (round == 0)
                peers_enter(peers, &it);
            else
                peers_leave(peers, &it);
        }
    peers_free(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_phase_has_its_time),
        cmocka_unit_test(a_body_must_not_drip),
        cmocka_unit_test(the_list_survives_any_order_of_leaving),
        cmocka_unit_test(an_address_has_so_many_connections),
        cmocka_unit_test(loopback_is_not_counted),
        cmocka_unit_test(ipv6_is_counted_by_its_network),
        cmocka_unit_test(many_addresses_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
