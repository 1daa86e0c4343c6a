/* Who waits until its points are written, and what it is told. */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "error.h"
#include "progress.h"
#include "unit.h"

static struct progress *progress;

static int set_up(void **state)
{
    (void)state;
    progress = progress_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    progress_free(progress);
    return 0;
}

static const struct stretch ten = {.output = 1, .points = 10, .first_seq = 21};

static void refuse(uint64_t seq, int status, const char *reason)
{
    progress_refuse(progress, 1, seq, status, text_of(reason));
}

static void a_stretch_is_written_when_its_last_point_is_settled(void **state)
{
    (void)state;
    struct error err;
    progress_settle(progress, 1, 30);
    assert_false(progress_look(progress, &ten, &err));
    progress_settle(progress, 0, 1000);
    assert_false(progress_look(progress, &ten, &err));
    progress_settle(progress, 1, 31);
    assert_true(progress_look(progress, &ten, &err));
    assert_int_equal(err.kind, ERR_NONE);
}

static void refusals_within_it_are_told_with_the_first_reason(void **state)
{
    (void)state;
    struct error err;
    progress_begin_wait(progress);
    refuse(20, 400, "before");
    refuse(30, 400, "the last");
    refuse(21, 422, "the first");
    refuse(31, 400, "behind");
    progress_settle(progress, 1, 40);
    assert_true(progress_look(progress, &ten, &err));
    assert_int_equal(err.kind, ERR_REFUSED);
    assert_int_equal(err.status, 422);
    assert_non_null(strstr(err.text, "2 of 10 points refused"));
    assert_non_null(strstr(err.text, "the first"));
    progress_end_wait(progress);
}

static void what_is_no_4xx_becomes_422(void **state)
{
    (void)state;
    struct error err;
    progress_begin_wait(progress);
    refuse(25, 500, "engine: unable to parse");
    progress_settle(progress, 1, 31);
    assert_true(progress_look(progress, &ten, &err));
    assert_int_equal(err.status, 422);
}

static void while_nobody_waits_nothing_is_kept(void **state)
{
    (void)state;
    struct error err;
    refuse(25, 400, "no");
    progress_settle(progress, 1, 31);
    assert_true(progress_look(progress, &ten, &err));
    assert_int_equal(err.kind, ERR_NONE);
}

static void the_newest_thousand_are_kept(void **state)
{
    (void)state;
    struct error err;
    progress_begin_wait(progress);
    for (uint64_t seq = 1; seq <= 1030; seq++)
        refuse(seq, 400, "no");
    progress_settle(progress, 1, 2000);
    const struct stretch newest = {.output = 1, .points = 5, .first_seq = 1026};
    assert_true(progress_look(progress, &newest, &err));
    assert_non_null(strstr(err.text, "5 of 5"));
}

/* What was dropped from the ring might have been one of these. */
static void a_stretch_behind_them_is_not_called_written(void **state)
{
    (void)state;
    struct error err;
    progress_begin_wait(progress);
    for (uint64_t seq = 25; seq < 25 + 2000; seq++)
        refuse(seq, 400, "no");
    progress_settle(progress, 1, 5000);
    assert_true(progress_look(progress, &ten, &err));
    assert_int_equal(err.kind, ERR_REFUSED);
    assert_non_null(strstr(err.text, "dead letters"));
}

static bool is_written(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    uint64_t count;
    return poll(&poll_fd, 1, 0) == 1 && read(fd, &count, sizeof count) > 0;
}

static void a_settle_wakes_those_who_asked_once(void **state)
{
    (void)state;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    progress_wake_me(progress, fd);
    progress_settle(progress, 1, 5);
    assert_false(is_written(fd)); /* nobody waits */
    progress_begin_wait(progress);
    uint64_t version = progress_version(progress);
    progress_settle(progress, 1, 6);
    assert_true(is_written(fd));
    assert_int_not_equal(progress_version(progress), version);
    progress_settle(progress, 1, 7);
    assert_false(is_written(fd));
    progress_wake_me(progress, fd);
    progress_settle(progress, 1, 8);
    assert_true(is_written(fd));
    progress_end_wait(progress);
    close(fd);
}

static void without_it_a_relay_tells_nobody(void **state)
{
    (void)state;
    progress_refuse(NULL, 0, 1, 400, TEXT("no"));
    progress_settle(NULL, 0, 2);
    progress_free(NULL);
}

enum { POINTS = 20000 };

static void *settle_all(void *nothing)
{
    for (uint64_t seq = 1; seq <= POINTS; seq++) {
        if (seq % 10 == 0)
            progress_refuse(progress, 0, seq, 400, TEXT("tenth"));
        progress_settle(progress, 0, seq + 1);
    }
    return nothing;
}

/* A stretch of one point each, looked at as soon as it is settled. */
static void threads_agree_on_who_was_refused(void **state)
{
    (void)state;
    pthread_t relay;
    unsigned refused = 0, missed = 0;
    progress_begin_wait(progress);
    assert_int_equal(pthread_create(&relay, NULL, settle_all, NULL), 0);
    for (uint64_t seq = 1; seq <= POINTS; seq++) {
        const struct stretch one = {.points = 1, .first_seq = seq};
        struct error err;
        while (!progress_look(progress, &one, &err))
            ;
        refused += err.kind == ERR_REFUSED && seq % 10 == 0;
        missed += err.kind == ERR_NONE && seq % 10 == 0;
    }
    pthread_join(relay, NULL);
    assert_int_equal(missed, 0);
    assert_int_equal(refused, POINTS / 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_stretch_is_written_when_its_last_point_is_settled),
        TEST(refusals_within_it_are_told_with_the_first_reason),
        TEST(what_is_no_4xx_becomes_422),
        TEST(while_nobody_waits_nothing_is_kept),
        TEST(the_newest_thousand_are_kept),
        TEST(a_stretch_behind_them_is_not_called_written),
        TEST(a_settle_wakes_those_who_asked_once),
        TEST(without_it_a_relay_tells_nobody),
        TEST(threads_agree_on_who_was_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
