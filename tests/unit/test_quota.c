/* How the outputs share the journal's room. */
#include "quota.h"
#include "unit.h"

enum { MAX = 1000 };

static uint64_t left(size_t output, uint64_t a, uint64_t b)
{
    const struct quota quota = {MAX, 2, {a, b}, {0}};
    return quota_left(&quota, output);
}

static uint64_t left_alone(uint64_t held)
{
    const struct quota quota = {MAX, 1, {held}, {0}};
    return quota_left(&quota, 0);
}

static void one_output_has_all(void **state)
{
    (void)state;
    assert_int_equal(left_alone(0), 1000);
    assert_int_equal(left_alone(999), 1);
    assert_int_equal(left_alone(2000), 0);
}

static void one_that_is_down_leaves_the_others_their_share(void **state)
{
    (void)state;
    assert_int_equal(left(0, 0, 0), 750);
    assert_int_equal(left(0, 750, 0), 0);
    assert_int_equal(left(1, 750, 0), 250);
    assert_int_equal(left(1, 750, 250), 0);
}

static void what_one_needs_beyond_its_share_the_other_lacks(void **state)
{
    (void)state;
    assert_int_equal(left(0, 100, 600), 300);
    assert_int_equal(left(1, 100, 600), 150);
}

/* The configuration allows less than there was before. */
static void too_much_already_is_no_room(void **state)
{
    (void)state;
    assert_int_equal(left(0, 5000, 0), 0);
    assert_int_equal(left(1, 5000, 0), 0);
}

/* Of 1000 bytes 250 are the other's: 750 is all, though not all of 1000. */
static void nearly_full_is_nine_tenths_of_what_it_may_have(void **state)
{
    (void)state;
    const struct quota none = {MAX, 2, {0}, {0}};
    const struct quota below = {MAX, 2, {670}, {0}};
    const struct quota above = {MAX, 2, {680}, {0}};
    const struct quota alone = {MAX, 1, {900}, {0}};
    assert_false(quota_is_nearly_full(&none, 0));
    assert_false(quota_is_nearly_full(&below, 0));
    assert_true(quota_is_nearly_full(&above, 0));
    assert_false(quota_is_nearly_full(&above, 1));
    assert_true(quota_is_nearly_full(&alone, 0));
}

static void what_is_deleted_is_room_again(void **state)
{
    (void)state;
    struct quota quota = {MAX, 2, {700, 50}, {0}};
    quota_release(&quota, 0, 300);
    assert_int_equal(quota_held(&quota, 0), 400);
    assert_int_equal(quota_held_by_all(&quota), 450);
    assert_int_equal(quota_left(&quota, 0), 350);
    quota_release(&quota, 0, 500); /* more than there is */
    assert_int_equal(quota_held(&quota, 0), 0);
    assert_int_equal(quota_held_by_all(&quota), 50);
}

static void a_share_holds_two_segments(void **state)
{
    (void)state;
    assert_int_equal(quota_segment_bytes(UINT64_C(10000000000), 1), 8 << 20);
    assert_int_equal(quota_segment_bytes(UINT64_C(10000000000), 16), 8 << 20);
    assert_int_equal(quota_segment_bytes(16 << 20, 1), 4 << 20);
    assert_int_equal(quota_segment_bytes(16 << 20, 2), 2 << 20);
    assert_int_equal(quota_segment_bytes(16 << 20, 16), 256 << 10);
    assert_int_equal(quota_segment_bytes(1000, 2), 64 << 10);
    assert_int_equal(quota_segment_bytes(1000, 0), 64 << 10);
}

static void together_they_never_pass_the_limit(void **state)
{
    (void)state;
    struct quota quota = {.max_bytes = 100000, .count = 16};
    uint32_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 1664525 + 1013904223;
        size_t output = random >> 28;
        uint64_t bytes = random >> 8 & 1023;
        if (bytes <= quota_left(&quota, output))
            quota.written_bytes[output] += bytes;
        else
            quota_release(&quota, output, UINT64_MAX);
        assert_true(quota_held_by_all(&quota) <= 100000);
    }
    assert_true(quota_held_by_all(&quota) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_output_has_all),
        cmocka_unit_test(one_that_is_down_leaves_the_others_their_share),
        cmocka_unit_test(what_one_needs_beyond_its_share_the_other_lacks),
        cmocka_unit_test(too_much_already_is_no_room),
        cmocka_unit_test(nearly_full_is_nine_tenths_of_what_it_may_have),
        cmocka_unit_test(what_is_deleted_is_room_again),
        cmocka_unit_test(a_share_holds_two_segments),
        cmocka_unit_test(together_they_never_pass_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
