/* Shortest exact decimals out, strict reading in. */
#include "unit.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static void assert_formats(double value, const char *expected)
{
    char out[NUMBER_TEXT_BYTES];
    size_t len = number_format(value, out);
    assert_text(((struct text){out, len}), expected);
}

static void short_decimals_stay_short(void **state)
{
    (void)state;
    assert_formats(0, "0");
    assert_formats(-0.0, "-0");
    assert_formats(21, "21");
    assert_formats(21.5, "21.5");
    assert_formats(3.61, "3.61");
    assert_formats(-3.61, "-3.61");
    assert_formats(0.1, "0.1");
    assert_formats(0.1 + 0.2, "0.30000000000000004");
    assert_formats(0.005, "0.005");
    assert_formats(100, "100");
    assert_formats(1234567890123456.0, "1234567890123456");
    assert_formats(1e-15, "0.000000000000001");
}

static void large_and_small_ones_get_an_exponent(void **state)
{
    (void)state;
    assert_formats(1e21, "1e21");
    assert_formats(1.5e-7, "0.00000015");
    assert_formats(1.5e-17, "1.5e-17");
    assert_formats(5e-324, "5e-324");
    assert_formats(1.7976931348623157e308, "1.7976931348623157e308");
    assert_formats(9007199254740993.0, "9007199254740992");
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void assert_reads_back(double value)
{
    char out[NUMBER_TEXT_BYTES + 1];
    size_t len = number_format(value, out);
    double back;
    assert_true(len < NUMBER_TEXT_BYTES);
    assert_true(number_read((struct text){out, len}, &back));
    if (memcmp(&back, &value, sizeof back) != 0)
        fail_msg("%.17g was written %.*s and read %.17g", value, (int)len, out,
                 back);
    out[len] = '\0';
    assert_true(strtod(out, NULL) == value);
}

static void every_double_reads_back(void **state)
{
    (void)state;
    uint64_t seed = UINT64_C(88172645463325252);
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_random(&seed);
        double any;
        memcpy(&any, &bits, sizeof any);
        if (isfinite(any))
            assert_reads_back(any);
        assert_reads_back((double)(int64_t)(bits % 2000000) / 100.0 - 5000);
        assert_reads_back((double)bits / 1e6);
    }
}

/* No shorter %g of the same value reads back. */
static void nothing_shorter_would_do(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        double value = (double)(next_random(&seed) % 1000000007) / 1e5;
        char ours[NUMBER_TEXT_BYTES], other[64];
        size_t len = number_format(value, ours);
        for (int digits = 1; digits <= 17; digits++) {
            int shortest = snprintf(other, sizeof other, "%.*g", digits, value);
            if (strtod(other, NULL) != value)
                continue;
            if (!strchr(other, 'e'))
                assert_true(len <= (size_t)shortest);
            break;
        }
    }
}

static void integers_are_exact_over_the_whole_range(void **state)
{
    (void)state;
    char out[NUMBER_TEXT_BYTES];
    size_t len = number_format_int(INT64_MIN, out);
    assert_text(((struct text){out, len}), "-9223372036854775808");
    len = number_format_uint(UINT64_MAX, out);
    assert_text(((struct text){out, len}), "18446744073709551615");
    int64_t integer;
    uint64_t natural;
    assert_true(number_read_int(TEXT("-9223372036854775808"), &integer));
    assert_true(integer == INT64_MIN);
    assert_true(number_read_uint(TEXT("18446744073709551615"), &natural));
    assert_true(natural == UINT64_MAX);
    assert_false(number_read_int(TEXT("9223372036854775808"), &integer));
    assert_false(number_read_int(TEXT("-9223372036854775809"), &integer));
    assert_false(number_read_uint(TEXT("18446744073709551616"), &natural));
    assert_false(number_read_uint(TEXT("-1"), &natural));
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const rubbish[] = {
        "",      "-",     "+",      ".",   "e5",    "1e",  "1e+", "1e5x",
        "0x10",  "1_0",   " 1",     "1 ",  "inf",   "nan", "NaN", "--1",
        "1.2.3", "1e400", "-1e400", "1,5", "1e5.5", "..1"};
    double value;
    int64_t integer;
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++)
        if (number_read(text_of(rubbish[i]), &value)
            || number_read_int(text_of(rubbish[i]), &integer))
            fail_msg("\"%s\" was read as a number", rubbish[i]);
}

static void odd_spellings_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {".5", 0.5},
        {"1.", 1},
        {"+2", 2},
        {"007", 7},
        {"1e3", 1000},
        {"1E-2", 0.01},
        {"-0", -0.0},
        {"1e-400", 0},
        {"0e999999999999", 0},
        {"179769313486231570000000000000000000000e270", 1.7976931348623157e308},
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993.0000000000000000000000000001", 9007199254740994.0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value;
        if (!number_read(text_of(rows[i].text), &value)
            || value != rows[i].value)
            fail_msg("%s was not read as %.17g", rows[i].text, rows[i].value);
    }
}

/* Halfway between two doubles by a digit that stands far behind. */
static void a_hundred_thousand_digits_are_read_right(void **state)
{
    (void)state;
    size_t len = 100000;
    char *digits = malloc(len);
    assert_non_null(digits);
    memset(digits, '0', len);
    memcpy(digits, "9007199254740993.", 17);
    double value;
    assert_true(number_read((struct text){digits, len}, &value));
    assert_true(value == 9007199254740992.0);
    digits[len - 1] = '1';
    assert_true(number_read((struct text){digits, len}, &value));
    assert_true(value == 9007199254740994.0);
    free(digits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_decimals_stay_short),
        cmocka_unit_test(large_and_small_ones_get_an_exponent),
        cmocka_unit_test(every_double_reads_back),
        cmocka_unit_test(nothing_shorter_would_do),
        cmocka_unit_test(integers_are_exact_over_the_whole_range),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(odd_spellings_are_read),
        cmocka_unit_test(a_hundred_thousand_digits_are_read_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
