/* SipHash-2-4 against the examples of its authors: the key 00 01 ... 0f, the
 * input the first n of 00 01 02 ... */
#include "unit.h"

#include "siphash.h"

static const struct siphash_key key = {
    {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};

static void the_authors_examples_hold(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint64_t hash;
    } cases[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
        {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    char input[16];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (char)i;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(siphash(&key, (struct text){input, cases[i].len}),
                         cases[i].hash);
    assert_int_equal(siphash(&key, (struct text){NULL, 0}), cases[0].hash);
}

static void another_key_is_another_hash(void **state)
{
    (void)state;
    struct siphash_key other = key;
    other.halves[1] ^= 1;
    assert_int_not_equal(siphash(&key, TEXT("a")), siphash(&other, TEXT("a")));
    assert_int_not_equal(siphash(&key, TEXT("a")), siphash(&key, TEXT("a\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authors_examples_hold),
        cmocka_unit_test(another_key_is_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
