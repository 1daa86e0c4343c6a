/* The size that fits is found, remembered, and given up when it is too small.
 */
#include "unit.h"

#include "portion.h"

/* Writes as much as it may, to a server that takes most bytes at once. True: it
 * was taken. */
static bool write_to(struct portion *portion, size_t most)
{
    size_t bytes = portion->now_bytes;
    if (bytes <= most)
        portion_taken(portion, bytes);
    else
        portion_refused(portion, bytes);
    return bytes <= most;
}

static void all_goes_out_until_it_is_too_much(void **state)
{
    (void)state;
    struct portion portion;
    portion_init(&portion, 1000000);
    for (int i = 0; i < 100; i++)
        assert_true(write_to(&portion, 1000000));
    assert_int_equal(portion.now_bytes, 1000000);
}

static void it_halves_until_it_fits(void **state)
{
    (void)state;
    struct portion portion;
    portion_init(&portion, 1000000);
    assert_false(write_to(&portion, 200000));
    assert_int_equal(portion.now_bytes, 500000);
    assert_false(write_to(&portion, 200000));
    assert_false(write_to(&portion, 200000));
    assert_true(write_to(&portion, 200000));
    assert_int_equal(portion.now_bytes, 125000);
    portion_init(&portion, 1000000);
    while (portion.now_bytes > 0)
        write_to(&portion, 0); /* a caller sends one line at least */
}

/* What is lost by looking for the limit gets less and less. */
static void it_settles_near_the_limit(void **state)
{
    (void)state;
    struct portion portion;
    unsigned refused = 0;
    portion_init(&portion, 8000000);
    for (int i = 0; i < 20000; i++)
        refused += !write_to(&portion, 1000000);
    assert_in_range(portion.now_bytes, 800000, 1000000 * 5 / 4 + 1);
    assert_in_range(refused, 4, 16);
}

static void it_grows_back_when_the_limit_is_gone(void **state)
{
    (void)state;
    struct portion portion;
    portion_init(&portion, 1000000);
    for (int i = 0; i < 50; i++)
        write_to(&portion, 10000);
    int writes = 0;
    for (; portion.now_bytes < 1000000; writes++)
        assert_true(write_to(&portion, 1000000));
    assert_in_range(writes, 100, 5000);
}

/* One that takes less than it did. */
static void it_shrinks_again(void **state)
{
    (void)state;
    struct portion portion;
    portion_init(&portion, 1000000);
    for (int i = 0; i < 100; i++)
        write_to(&portion, 400000);
    while (!write_to(&portion, 3000))
        ;
    assert_in_range(portion.now_bytes, 1500, 3000);
}

static void small_writes_prove_nothing(void **state)
{
    (void)state;
    struct portion portion;
    portion_init(&portion, 1000000);
    write_to(&portion, 600000);
    for (int i = 0; i < 1000; i++)
        portion_taken(&portion, 100);
    assert_int_equal(portion.now_bytes, 500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_goes_out_until_it_is_too_much),
        cmocka_unit_test(it_halves_until_it_fits),
        cmocka_unit_test(it_settles_near_the_limit),
        cmocka_unit_test(it_grows_back_when_the_limit_is_gone),
        cmocka_unit_test(it_shrinks_again),
        cmocka_unit_test(small_writes_prove_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
