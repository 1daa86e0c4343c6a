/* Whether there is room on the disk, asked by many and looked up by few. */
#include "unit.h"

#include <string.h>

#include "clock.h"
#include "error.h"
#include "memory_disk.h"
#include "meter.h"
#include "space.h"
#include "wakers.h"

#include <sys/eventfd.h>
#include <unistd.h>

static int64_t now_ns;
static unsigned asked;
static int64_t answer_bytes;

static int64_t give_now(void)
{
    return now_ns;
}

static int64_t count_and_answer(const struct file_system *self,
                                const char *path)
{
    (void)self;
    assert_string_equal(path, "data/journal");
    asked++;
    return answer_bytes;
}

static const struct file_system fs = {.free_bytes = count_and_answer};

static void start(struct space *space, uint64_t min_free_bytes)
{
    now_ns = 1000 * NS_PER_S;
    asked = 0;
    space_init(space, &fs, "data/journal", min_free_bytes, give_now);
}

static void without_a_minimum_nobody_asks(void **state)
{
    (void)state;
    struct space space;
    answer_bytes = 0;
    start(&space, 0);
    space_look(&space);
    assert_int_equal(asked, 0);
    assert_true(space_is_left(&space, NULL));
}

static void before_the_first_look_there_is_room(void **state)
{
    (void)state;
    struct space space;
    answer_bytes = 0;
    start(&space, 1000);
    assert_true(space_is_left(&space, NULL));
    space_look(&space);
    assert_false(space_is_left(&space, NULL));
}

static void the_minimum_itself_is_enough(void **state)
{
    (void)state;
    struct space space;
    struct error err;
    start(&space, 1000);
    answer_bytes = 1000;
    space_look(&space);
    assert_true(space_is_left(&space, &err));
    now_ns += NS_PER_S;
    answer_bytes = 999;
    space_look(&space);
    assert_false(space_is_left(&space, &err));
    assert_int_equal(err.kind, ERR_FULL);
    assert_string_equal(
        err.text, "the disk is full: 999 bytes are free, 1000 are to be left");
}

static void it_is_looked_up_twice_a_second_at_most(void **state)
{
    (void)state;
    struct space space;
    answer_bytes = 5000;
    start(&space, 1000);
    for (int i = 0; i < 1000; i++) {
        space_look(&space);
        now_ns += 10 * NS_PER_MS;
    }
    assert_int_equal(asked, 20); /* of ten seconds */
}

static void a_disk_that_does_not_tell_counts_as_free(void **state)
{
    (void)state;
    struct space space;
    start(&space, 1000);
    answer_bytes = -1;
    space_look(&space);
    assert_true(space_is_left(&space, NULL));
}

/* meter.h and wakers.h, the journal's other small helpers. */
static void a_meter_forgets_all_but_the_last(void **state)
{
    (void)state;
    struct meter meter = {.count = 0};
    assert_int_equal(meter_percentile_ns(&meter, 50), 0);
    meter_add(&meter, 7);
    assert_int_equal(meter_percentile_ns(&meter, 0), 7);
    assert_int_equal(meter_percentile_ns(&meter, 50), 7);
    assert_int_equal(meter_percentile_ns(&meter, 100), 7);
    for (int64_t i = 0; i < 10 * METER_TIMES; i++)
        meter_add(&meter, 1000 - i % 101); /* 900 to 1000, out of order */
    assert_int_equal(meter_percentile_ns(&meter, 0), 900);
    assert_int_equal(meter_percentile_ns(&meter, 100), 1000);
    assert_in_range(meter_percentile_ns(&meter, 50), 940, 960);
    assert_int_equal(meter.count, 10 * METER_TIMES + 1);
}

static uint64_t woken(int fd)
{
    uint64_t times = 0;
    return read(fd, &times, sizeof times) == sizeof times ? times : 0;
}

static void each_waker_is_woken_once(void **state)
{
    (void)state;
    enum { MANY = 20 };
    int fds[MANY];
    struct wakers wakers = {0};
    wakers_wake(&wakers);
    for (int i = 0; i < MANY; i++) {
        fds[i] = eventfd(0, EFD_NONBLOCK);
        wakers_add(&wakers, fds[i]);
        wakers_add(&wakers, fds[i / 2]);
    }
    assert_int_equal(wakers.count, MANY);
    wakers_wake(&wakers);
    wakers_wake(&wakers); /* they are forgotten */
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(woken(fds[i]), 1);
        close(fds[i]);
    }
    wakers_deinit(&wakers);
    wakers_deinit(&wakers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_minimum_nobody_asks),
        cmocka_unit_test(before_the_first_look_there_is_room),
        cmocka_unit_test(the_minimum_itself_is_enough),
        cmocka_unit_test(it_is_looked_up_twice_a_second_at_most),
        cmocka_unit_test(a_disk_that_does_not_tell_counts_as_free),
        cmocka_unit_test(a_meter_forgets_all_but_the_last),
        cmocka_unit_test(each_waker_is_woken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
