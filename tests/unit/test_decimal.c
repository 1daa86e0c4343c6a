/* Numbers as digits and the steps of readers that go left to right. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "decimal.h"
#include "scan.h"

#define LEN(array) (sizeof(array) / sizeof *(array))

static void a_number_is_its_digits_and_where_the_point_is(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_negative;
        const char *digits;
        int exponent;
    } rows[] = {
        {"1", false, "1", 1},
        {"+1", false, "1", 1},
        {"-1", true, "1", 1},
        {"120", false, "120", 3},
        {"1.20", false, "120", 1},
        {"0.012", false, "12", -1},
        {"000.5", false, "5", 0},
        {"00012.5", false, "125", 2},
        {".5", false, "5", 0},
        {"5.", false, "5", 1},
        {"1e3", false, "1", 4},
        {"1E+3", false, "1", 4},
        {"1.5e-3", false, "15", -2},
        {"1e99999999", false, "1", 10001},
        {"1e-99999999", false, "1", -9999},
        {"1234567890123456789012345678901234567890123", false,
         "1234567890123456789012345678901234567890", 43},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct decimal d;
        if (!decimal_read(text_of(rows[i].text), &d))
            fail_msg("%s was not read", rows[i].text);
        assert_int_equal(d.is_negative, rows[i].is_negative);
        assert_text(((struct text){d.digits, (size_t)d.count}), rows[i].digits);
        assert_int_equal(d.exponent, rows[i].exponent);
    }
}

static void zero_has_no_digits(void **state)
{
    (void)state;
    static const char *const zeros[] = {"0",  "-0",     "0.0", "0000",
                                        ".0", "0.",     "0e5", "0.000e-3",
                                        "+0", "0e99999"};
    for (size_t i = 0; i < LEN(zeros); i++) {
        struct decimal d;
        int64_t value = 1;
        assert_true(decimal_read(text_of(zeros[i]), &d));
        assert_int_equal(d.count, 0);
        assert_true(decimal_scaled(&d, 19, &value));
        assert_int_equal(value, 0);
    }
}

static void what_is_no_number_is_not_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    " ",   ".",   "-",     "+",     "+-1",   "--1",      "e1", "1e",
        "1e",  "1e+", "1e-", "1e+-1", "1.2.3", "1..2",  "1 ",       " 1", "1,5",
        "0x1", "1f",  "inf", "nan",   "1_000", "1e1.5", "\xd9\xa1", "1\n"};
    for (size_t i = 0; i < LEN(bad); i++) {
        struct decimal d;
        if (decimal_read(text_of(bad[i]), &d))
            fail_msg("\"%s\" was read", bad[i]);
    }
    struct decimal d;
    assert_false(decimal_read((struct text){"1\0", 2}, &d));
    assert_false(decimal_read((struct text){NULL, 0}, &d));
}

/* Against the C library, where both can say it: integers with a point put in.
 */
static void scaling_back_gives_the_integer_that_was_cut(void **state)
{
    (void)state;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        int64_t number = ((int64_t)rand() << 31 | rand()) >> rand() % 60;
        char digits[32], text[40];
        int64_t back = -1;
        struct decimal d;
        if (i % 2)
            number = -number;
        snprintf(digits, sizeof digits, "%020" PRId64, number);
        int places = rand() % 15; /* from the right */
        snprintf(text, sizeof text, "%.*s.%s", 20 - places, digits,
                 digits + 20 - places);
        assert_true(decimal_read(text_of(text), &d));
        assert_true(decimal_scaled(&d, places, &back));
        if (back != number)
            fail_msg("%s * 10^%d is %" PRId64, text, places, back);
    }
}

static void the_ends_of_64_bits_fit_and_one_more_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int power;
        bool fits;
        int64_t value;
    } rows[] = {
        {"9223372036854775807", 0, true, INT64_MAX},
        {"-9223372036854775808", 0, true, INT64_MIN},
        {"9223372036854775808", 0, false, 0},
        {"-9223372036854775809", 0, false, 0},
        {"9.223372036854775807", 18, true, INT64_MAX},
        {"9.223372036854775808", 18, false, 0},
        {"1", 18, true, 1000000000000000000},
        {"1", 19, false, 0},
        {"1e-5", 5, true, 1},
        {"1e-5", 4, true, 0},
        {"19e-1", 0, true, 1},
        {"-19e-1", 0, true, -1},
        {"99999999999999999999", 0, false, 0},
        {"1e10000", 0, false, 0},
        {"1e-10000", 0, true, 0},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct decimal d;
        int64_t value;
        assert_true(decimal_read(text_of(rows[i].text), &d));
        bool fits = decimal_scaled(&d, rows[i].power, &value);
        if (fits != rows[i].fits || (fits && value != rows[i].value))
            fail_msg("%s * 10^%d: %d, %" PRId64, rows[i].text, rows[i].power,
                     fits, value);
    }
}

static void a_step_takes_its_part_or_nothing(void **state)
{
    (void)state;
    struct text text = TEXT("ab12345678901 \t\r\nUtCx.50000000009z");
    int value = -1;
    assert_false(scan_char(&text, 'b'));
    assert_true(scan_char(&text, 'a'));
    assert_int_equal(scan_any(&text, "xyz"), 0);
    assert_int_equal(scan_any(&text, "zyb"), 'b');
    assert_int_equal(scan_digits(&text, 2, &value), 2);
    assert_int_equal(value, 12);
    assert_int_equal(scan_digits(&text, 9, &value), 9);
    assert_int_equal(value, 345678901);
    value = -1;
    assert_int_equal(scan_digits(&text, 9, &value), 0);
    assert_int_equal(value, -1);
    assert_int_equal(scan_blanks(&text), 4);
    assert_int_equal(scan_blanks(&text), 0);
    assert_false(scan_word(&text, "UTCZ"));
    assert_true(scan_word(&text, "utc"));
    assert_false(scan_billionths(&text, &value));
    assert_true(scan_char(&text, 'x') && scan_char(&text, '.'));
    assert_true(scan_billionths(&text, &value));
    assert_int_equal(value, 500000000);
    assert_text(text, "z");
    text = text_skip(text, 1);
    assert_false(scan_char(&text, '\0'));
    assert_false(scan_word(&text, "x"));
    assert_true(scan_word(&text, ""));
    assert_int_equal(scan_digits(&text, 9, &value), 0);
    assert_text(scan_trim(TEXT(" \t a b\r\n")), "a b");
    assert_text(scan_trim(TEXT(" \t ")), "");
    assert_text(scan_trim((struct text){NULL, 0}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_its_digits_and_where_the_point_is),
        cmocka_unit_test(zero_has_no_digits),
        cmocka_unit_test(what_is_no_number_is_not_read),
        cmocka_unit_test(scaling_back_gives_the_integer_that_was_cut),
        cmocka_unit_test(the_ends_of_64_bits_fit_and_one_more_does_not),
        cmocka_unit_test(a_step_takes_its_part_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
