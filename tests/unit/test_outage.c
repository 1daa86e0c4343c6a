/* What is told of an output that does not accept, and to whom. */
#include "unit.h"

#include <string.h>

#include "clock.h"
#include "outage.h"
#include "said.h"

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static int set_up(void **state)
{
    static struct outage outage;
    outage_init(&outage, "relay influx");
    *state = &outage;
    return 0;
}

static int tear_down(void **state)
{
    outage_deinit(*state);
    return 0;
}

static void without_a_failure_there_is_none(void **state)
{
    struct outage *outage = *state;
    int64_t since_ns = 1;
    char reason[sizeof outage->reason] = "x";
    struct said said;
    said_begin(&said);
    outage_end(outage, 0);
    const char *log = said_end(&said);
    assert_false(outage_look(outage, &since_ns, reason));
    assert_int_equal(since_ns, 0);
    assert_string_equal(reason, "");
    assert_string_equal(log, "");
}

static void its_begin_is_told_with_reason_points_and_next_try(void **state)
{
    struct outage *outage = *state;
    struct said said;
    said_begin(&said);
    outage_report(outage, 503, "503 from somewhere", 2 * NS_PER_S, 17);
    const char *log = said_end(&said);
    assert_non_null(strstr(log, " warn relay influx: 503 from somewhere; "));
    assert_non_null(strstr(log, "points waiting: 17, next try in 2.00 s\n"));
    assert_int_equal(count_lines(log), 1);
}

static void the_same_again_is_told_once_a_minute_only(void **state)
{
    struct outage *outage = *state;
    struct said said;
    said_begin(&said);
    for (int i = 0; i < 5; i++)
        outage_report(outage, 503, "503 from somewhere", NS_PER_S, 1);
    size_t lines = count_lines(said_end(&said));
    assert_int_equal(lines, 1);
    outage->remind_at_ns = clock_mono_ns() - 1; /* the minute is over */
    said_begin(&said);
    outage_report(outage, 503, "503 from somewhere", NS_PER_S, 1);
    outage_report(outage, 503, "503 from somewhere", NS_PER_S, 1);
    lines = count_lines(said_end(&said));
    assert_int_equal(lines, 1);
}

static void another_reason_is_told_at_once(void **state)
{
    struct outage *outage = *state;
    struct said said;
    said_begin(&said);
    outage_report(outage, 0, "no answer", NS_PER_S, 1);
    outage_report(outage, 401, "401 from somewhere", NS_PER_S, 1);
    const char *log = said_end(&said);
    assert_non_null(strstr(log, "no answer"));
    assert_non_null(strstr(log, "401 from somewhere"));
}

static void who_asks_hears_the_first_time_and_the_last_reason(void **state)
{
    struct outage *outage = *state;
    int64_t since_ns, later_ns;
    char reason[sizeof outage->reason];
    struct said said;
    int64_t before_ns = clock_wall_ns();
    said_begin(&said);
    outage_report(outage, 503, "the first", NS_PER_S, 1);
    assert_true(outage_look(outage, &since_ns, NULL));
    outage_report(outage, 503, "the second", NS_PER_S, 1);
    said_end(&said);
    assert_true(outage_look(outage, &later_ns, reason));
    assert_in_range(since_ns, before_ns, clock_wall_ns());
    assert_int_equal(later_ns, since_ns);
    assert_string_equal(reason, "the second");
}

static void its_end_is_told_once_and_forgets_all(void **state)
{
    struct outage *outage = *state;
    int64_t since_ns;
    struct said said;
    said_begin(&said);
    outage_report(outage, 503, "gone", NS_PER_S, 1);
    outage_end(outage, 4);
    outage_end(outage, 4);
    const char *log = said_end(&said);
    assert_int_equal(count_lines(log), 2);
    assert_non_null(strstr(log, " info relay influx: delivers again after 0."));
    assert_non_null(strstr(log, "points waiting: 4\n"));
    assert_false(outage_look(outage, &since_ns, NULL));
}

static void a_new_one_is_told_though_its_reason_is_the_old_one(void **state)
{
    struct outage *outage = *state;
    struct said said;
    said_begin(&said);
    outage_report(outage, 503, "gone", NS_PER_S, 1);
    outage_end(outage, 0);
    outage_report(outage, 503, "gone", NS_PER_S, 1);
    size_t lines = count_lines(said_end(&said));
    assert_int_equal(lines, 3);
}

static void a_long_reason_is_cut(void **state)
{
    struct outage *outage = *state;
    char much[2 * sizeof outage->reason], reason[sizeof outage->reason];
    int64_t since_ns;
    struct said said;
    memset(much, 'x', sizeof much);
    much[sizeof much - 1] = '\0';
    said_begin(&said);
    outage_report(outage, 503, much, NS_PER_S, 1);
    said_end(&said);
    assert_true(outage_look(outage, &since_ns, reason));
    assert_int_equal(strlen(reason), sizeof reason - 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_a_failure_there_is_none),
        CASE(its_begin_is_told_with_reason_points_and_next_try),
        CASE(the_same_again_is_told_once_a_minute_only),
        CASE(another_reason_is_told_at_once),
        CASE(who_asks_hears_the_first_time_and_the_last_reason),
        CASE(its_end_is_told_once_and_forgets_all),
        CASE(a_new_one_is_told_though_its_reason_is_the_old_one),
        CASE(a_long_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
