/* How the outputs share the journal's room. */
#include "quota.h"
#include "unit.h"

enum { MAX = 1000 };

static uint64_t left(size_t output, uint64_t a, uint64_t b)
{
    const uint64_t held[] = {a, b};
    return quota_left(held, 2, output, MAX);
}

static void one_output_has_all(void **state)
{
    (void)state;
    const uint64_t none[] = {0}, some[] = {999}, more[] = {2000};
    assert_int_equal(quota_left(none, 1, 0, MAX), 1000);
    assert_int_equal(quota_left(some, 1, 0, MAX), 1);
    assert_int_equal(quota_left(more, 1, 0, MAX), 0);
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
    const uint64_t none[] = {0, 0}, below[] = {670, 0}, above[] = {680, 0};
    const uint64_t all[] = {900};
    assert_false(quota_is_nearly_full(none, 2, 0, MAX));
    assert_false(quota_is_nearly_full(below, 2, 0, MAX));
    assert_true(quota_is_nearly_full(above, 2, 0, MAX));
    assert_false(quota_is_nearly_full(above, 2, 1, MAX));
    assert_true(quota_is_nearly_full(all, 1, 0, MAX));
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
    uint64_t held[16] = {0}, sum = 0;
    uint32_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 1664525 + 1013904223;
        size_t output = random >> 28;
        uint64_t bytes = random >> 8 & 1023;
        if (bytes > quota_left(held, 16, output, 100000)) {
            sum -= held[output];
            held[output] = 0;
            continue;
        }
        held[output] += bytes;
        sum += bytes;
        assert_true(sum <= 100000);
    }
    assert_true(sum > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_output_has_all),
        cmocka_unit_test(one_that_is_down_leaves_the_others_their_share),
        cmocka_unit_test(what_one_needs_beyond_its_share_the_other_lacks),
        cmocka_unit_test(too_much_already_is_no_room),
        cmocka_unit_test(nearly_full_is_nine_tenths_of_what_it_may_have),
        cmocka_unit_test(a_share_holds_two_segments),
        cmocka_unit_test(together_they_never_pass_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
