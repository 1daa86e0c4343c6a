/* Eight tries or ten minutes, and only while the server is well. */
#include "unit.h"

#include "clock.h"
#include "doubt.h"

#define MINUTE_NS (60 * NS_PER_S)

static void many_lines_get_eight_tries(void **state)
{
    (void)state;
    struct doubt doubt = {0};
    for (int i = 0; i < 7; i++)
        assert_int_equal(doubt_failed(&doubt, 100, true, i), DOUBT_AGAIN);
    assert_int_equal(doubt_failed(&doubt, 100, true, 8), DOUBT_LINES);
    /* and a part of them none more */
    doubt_move_on(&doubt, false);
    assert_int_equal(doubt_failed(&doubt, 50, true, 9), DOUBT_LINES);
}

static void or_ten_minutes(void **state)
{
    (void)state;
    struct doubt doubt = {0};
    assert_int_equal(doubt_failed(&doubt, 2, true, 5), DOUBT_AGAIN);
    assert_int_equal(doubt_failed(&doubt, 2, true, 9 * MINUTE_NS), DOUBT_AGAIN);
    assert_int_equal(doubt_failed(&doubt, 2, true, 10 * MINUTE_NS + 5),
                     DOUBT_LINES);
}

static void a_server_that_is_ill_is_to_blame(void **state)
{
    (void)state;
    struct doubt doubt = {0};
    for (int i = 0; i < 7; i++)
        doubt_failed(&doubt, 1, true, i);
    for (int i = 0; i < 100; i++)
        assert_int_equal(doubt_failed(&doubt, 1, false, i * MINUTE_NS),
                         DOUBT_AGAIN);
    for (int i = 0; i < 7; i++) /* from the start */
        assert_int_equal(doubt_failed(&doubt, 1, true, 100 * MINUTE_NS),
                         DOUBT_AGAIN);
}

static void one_line_is_held_against_another(void **state)
{
    (void)state;
    struct doubt doubt = {0};
    for (int i = 0; i < 7; i++)
        assert_int_equal(doubt_failed(&doubt, 1, true, i), DOUBT_AGAIN);
    assert_int_equal(doubt_failed(&doubt, 1, true, 8), DOUBT_OTHERS);
    assert_int_equal(doubt_failed(&doubt, 1, true, 9 * MINUTE_NS),
                     DOUBT_OTHERS);
    assert_int_equal(doubt_failed(&doubt, 1, true, 10 * MINUTE_NS),
                     DOUBT_LINES);
}

/* Others of the same batch went through since it was doubted. */
static void after_others_passed_eight_tries_do(void **state)
{
    (void)state;
    struct doubt doubt = {0};
    doubt_move_on(&doubt, true); /* before: that proves nothing */
    for (int i = 0; i < 8; i++)
        doubt_failed(&doubt, 100, true, i);
    doubt_move_on(&doubt, false);
    assert_false(doubt.others_passed);
    doubt_move_on(&doubt, true);
    for (int i = 0; i < 7; i++)
        assert_int_equal(doubt_failed(&doubt, 1, true, i), DOUBT_AGAIN);
    assert_int_equal(doubt_failed(&doubt, 1, true, 8), DOUBT_LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_lines_get_eight_tries),
        cmocka_unit_test(or_ten_minutes),
        cmocka_unit_test(a_server_that_is_ill_is_to_blame),
        cmocka_unit_test(one_line_is_held_against_another),
        cmocka_unit_test(after_others_passed_eight_tries_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
