/* Times as devices write them: each form that is read, and each that is not.
 * The expected seconds are written as the day's and the time's, so that a
 * reader can check them without a program. */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "error.h"
#include "timestamp.h"

#define S INT64_C(1000000000)
#define DAY (86400 * S)
/* 2026-01-02 is 20,455 days after 1970-01-01. */
#define JAN_2 (20455 * DAY)
#define CLOCK(h, m, s) (((h)*3600 + (m)*60 + (s)) * S)

static const struct {
    const char *text;
    const char *zone;
    int64_t ns;
} readable[] = {
    /* RFC 3339 */
    {"2026-01-02T03:04:05Z", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02t03:04:05z", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02T03:04:05.6Z", "", JAN_2 + CLOCK(3, 4, 5) + 600000000},
    {"2026-01-02T03:04:05.000000001Z", "", JAN_2 + CLOCK(3, 4, 5) + 1},
    {"2026-01-02T03:04:05.123456789Z", "", JAN_2 + CLOCK(3, 4, 5) + 123456789},
    {"2026-01-02T03:04:05.1234567899Z", "", JAN_2 + CLOCK(3, 4, 5) + 123456789},
    {"2026-01-02T03:04:05+00:00", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02T03:04:05-00:00", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02T03:04:05+01:00", "", JAN_2 + CLOCK(2, 4, 5)},
    {"2026-01-02T03:04:05-07:30", "", JAN_2 + CLOCK(10, 34, 5)},
    {"2026-01-02T00:00:00+14:00", "", JAN_2 - CLOCK(14, 0, 0)},
    /* variants */
    {"2026-01-02 03:04:05", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02  03:04:05", "", JAN_2 + CLOCK(3, 4, 5)},
    {"  2026-01-02 03:04:05\r\n", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02 03:04", "", JAN_2 + CLOCK(3, 4, 0)},
    {"2026-01-02T03:04Z", "", JAN_2 + CLOCK(3, 4, 0)},
    {"2026-01-02 03:04:05 UTC", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02 03:04:05 GMT", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02 03:04:05UTC", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02 03:04:05 +0100", "", JAN_2 + CLOCK(2, 4, 5)},
    {"2026-01-02T03:04:05-0700", "", JAN_2 + CLOCK(10, 4, 5)},
    {"2026-01-02T03:04:05+01", "", JAN_2 + CLOCK(2, 4, 5)},
    {"2026-01-02 03:04:05,25", "", JAN_2 + CLOCK(3, 4, 5) + S / 4},
    {"2026-1-2 3:4:5", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026/01/02 03:04:05", "", JAN_2 + CLOCK(3, 4, 5)},
    {"20260102T030405Z", "", JAN_2 + CLOCK(3, 4, 5)},
    {"20260102T0304", "", JAN_2 + CLOCK(3, 4, 0)},
    {"20260102T03:04:05", "", JAN_2 + CLOCK(3, 4, 5)},
    {"20260102T030405.5+0100", "", JAN_2 + CLOCK(2, 4, 5) + S / 2},
    {"2026-01-02", "", JAN_2},
    {"2026-01-02T24:00:00", "", JAN_2 + DAY},
    /* the zone that was given counts only where the text has none */
    {"2026-01-02 03:04:05", "+01:00", JAN_2 + CLOCK(2, 4, 5)},
    {"2026-01-02 03:04:05", "-0730", JAN_2 + CLOCK(10, 34, 5)},
    {"2026-01-02 03:04:05", "Europe/Berlin", JAN_2 + CLOCK(2, 4, 5)},
    {"2026-01-02", "Europe/Berlin", JAN_2 - CLOCK(1, 0, 0)},
    {"2026-01-02 03:04:05Z", "Europe/Berlin", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02 03:04:05 America/New_York", "", JAN_2 + CLOCK(8, 4, 5)},
    {"2026-07-02 03:04:05", "Europe/Berlin",
     JAN_2 + 181 * DAY + CLOCK(1, 4, 5)},
    {"1710408847", "Europe/Berlin", 1710408847 * S},
    /* leap years, leap seconds, ends of the range */
    {"2024-02-29T00:00:00Z", "", 19782 * DAY},
    {"2000-02-29T00:00:00Z", "", 11016 * DAY},
    {"1970-01-01T00:00:00Z", "", 0},
    {"1969-12-31T23:59:59.999999999Z", "", -1},
    {"1969-12-31T23:59:59Z", "", -S},
    {"2016-12-31T23:59:60Z", "", 17167 * DAY},
    {"2017-01-01T00:59:60.5+01:00", "", 17167 * DAY + S / 2},
    {"2262-04-11T23:47:16.854775807Z", "", INT64_MAX},
    {"1678-01-01T00:00:00Z", "", -106650 * DAY},
    /* epochs, by their number of digits */
    {"1710408847", "", 1710408847 * S},
    {"1710408847123", "", INT64_C(1710408847123000000)},
    {"1710408847123456", "", INT64_C(1710408847123456000)},
    {"1710408847123456789", "", INT64_C(1710408847123456789)},
    {"1710408847.1", "", INT64_C(1710408847100000000)},
    {"1710408847.123456789", "", INT64_C(1710408847123456789)},
    {"1710408847.1234567899", "", INT64_C(1710408847123456789)},
    {"1710408847123.456", "", INT64_C(1710408847123456000)},
    {"1.710408847e9", "", 1710408847 * S},
    {"1710408847e0", "", 1710408847 * S},
    {"+1710408847", "", 1710408847 * S},
    {"-1000000000", "", -1000000000 * S},
    {" 1710408847\n", "", 1710408847 * S},
    {"9223372036854775807", "", INT64_MAX},
};

static void each_form_is_read_to_the_nanosecond(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
        struct error err = {0};
        int64_t ns = 0;
        if (!timestamp_parse(text_of(readable[i].text),
                             text_of(readable[i].zone), &ns, &err))
            fail_msg("%s: %s", readable[i].text, err.text);
        if (ns != readable[i].ns)
            fail_msg("%s in \"%s\": got %lld, expected %lld", readable[i].text,
                     readable[i].zone, (long long)ns,
                     (long long)readable[i].ns);
    }
}

/* Moments of all centuries that fit, written by the C library. */
static void random_moments_agree_with_the_c_library(void **state)
{
    (void)state;
    static const char *const formats[] = {
        "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %T +0000",
        "%Y%m%dT%H%M%SZ", "%FT%T+00:00"};
    srand(1);
    for (int i = 0; i < 50000; i++) {
        /* 1678 to 2261 */
        int64_t s =
            (int64_t)(((uint64_t)rand() << 31 | (unsigned)rand()) % 18400000000)
            - 9200000000;
        time_t time = (time_t)s;
        struct tm tm;
        char text[64];
        int64_t ns = 0;
        gmtime_r(&time, &tm);
        strftime(text, sizeof text, formats[i % 5], &tm);
        if (!timestamp_parse(text_of(text), TEXT(""), &ns, NULL) || ns != s * S)
            fail_msg("%s: got %lld, expected %lld", text, (long long)ns,
                     (long long)(s * S));
    }
}

static const char *const unreadable[] = {
    /* no time at all */
    "",
    " ",
    "now",
    "null",
    "NaN",
    "--",
    "T",
    ":",
    "2026",
    "unavailable",
    /* cut short, or with something behind */
    "2026-01",
    "2026-01-",
    "2026-01-02T",
    "2026-01-02T03",
    "2026-01-02T03:",
    "2026-01-02T03:04:",
    "2026-01-02T03:04:05.",
    "2026-01-02T03:04:05+",
    "2026-01-02T03:04:05+1",
    "2026-01-02T03:04:05+1:00",
    "2026-01-02T03:04:05Zx",
    "2026-01-02T03:04:05Z Z",
    "2026-01-02x03:04",
    "2026-01-02T03:04:05 and more",
    "2026-01-0203:04:05",
    "2026-01-02T03:04:05,",
    "20260102T03040",
    "20260102T",
    "20260102030405",
    "2026-01-02+03:04:05",
    "2026-01-02 -0500",
    /* which is the day? which "CST"? morning or evening? */
    "01/02/2026 03:04:05",
    "02.01.2026 03:04:05",
    "26-01-02 03:04:05",
    "2026-01/02 03:04:05",
    "2026-01-02 03:04:05 CST",
    "2026-01-02 03:04:05 CET",
    "2026-01-02 03:04:05 PM",
    "2026-01-02 03:04:05 EST5EDT",
    /* times that never were */
    "2026-00-02T03:04:05Z",
    "2026-13-02T03:04:05Z",
    "2026-01-00T03:04:05Z",
    "2026-01-32T03:04:05Z",
    "2026-02-29T03:04:05Z",
    "2026-04-31T03:04:05Z",
    "2100-02-29T00:00:00Z",
    "2026-01-02T24:00:01Z",
    "2026-01-02T24:01:00Z",
    "2026-01-02T25:00:00Z",
    "2026-01-02T03:60:00Z",
    "2026-01-02T03:04:61Z",
    "2026-01-02T03:04:60Z",
    "2016-12-31T23:59:60+01:00",
    "2026-01-02T03:04:05+24:00",
    "2026-01-02T03:04:05+01:60",
    /* beyond 64 bits of nanoseconds */
    "0001-01-01T00:00:00Z",
    "1677-09-21T00:00:00Z",
    "2262-04-11T23:47:16.854775808Z",
    "9999-12-31T23:59:59Z",
    "9223372036854775808",
    "9999999999999999999",
    /* numbers whose unit nobody can tell */
    "0",
    "1",
    "-1",
    "12345",
    "171040884",
    "17104088471",
    "171040884712",
    "17104088471234",
    "171040884712345",
    "17104088471234567",
    "171040884712345678",
    "17104088471234567890",
    "1e99999999",
    "0.0",
    "0000000000",
    "1710408847e",
    "1710408847.1.2",
    "0x65f2c00f",
    "1,710,408,847",
};

static void what_leaves_a_doubt_is_an_error_that_shows_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unreadable / sizeof *unreadable; i++) {
        struct error err = {0};
        int64_t ns;
        if (timestamp_parse(text_of(unreadable[i]), TEXT(""), &ns, &err))
            fail_msg("\"%s\" was read as %lld", unreadable[i], (long long)ns);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
        assert_non_null(strstr(err.text, "cannot read \""));
        if (!strpbrk(unreadable[i], " \r\n"))
            assert_non_null(strstr(err.text, unreadable[i]));
    }
}

static void every_prefix_of_a_time_is_read_or_refused(void **state)
{
    (void)state;
    static const char whole[] = "2026-01-02T03:04:05.123456789+01:00";
    int readable_count = 0;
    for (size_t len = 0; len < sizeof whole; len++) {
        int64_t ns;
        char *copy = test_malloc(len ? len : 1); /* so that ASan sees its end */
        memcpy(copy, whole, len);
        readable_count +=
            timestamp_parse((struct text){copy, len}, TEXT(""), &ns, NULL);
        test_free(copy);
    }
    /* the date; minutes of 1 and 2 digits, seconds likewise; 9 fractions; +01
     * and +01:00, but not +01:0 */
    assert_int_equal(readable_count, 1 + 2 + 2 + 9 + 2);
}

static void a_message_shows_no_control_bytes_and_not_a_megabyte(void **state)
{
    (void)state;
    struct error err;
    int64_t ns;
    char text[1000];
    memset(text, '\n', sizeof text);
    text[0] = 'x';
    text[999] = 'y';
    assert_false(
        timestamp_parse((struct text){text, sizeof text}, TEXT(""), &ns, &err));
    assert_null(strchr(err.text, '\n'));
    assert_true(strlen(err.text) < 200);
}

static void a_zone_that_is_not_there_is_the_operators_error(void **state)
{
    (void)state;
    struct error err;
    int64_t ns;
    assert_false(timestamp_parse(TEXT("2026-01-02 03:04:05"),
                                 TEXT("Europe/Nowhere"), &ns, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.text, "Europe/Nowhere"));
}

static const struct {
    const char *number;
    int64_t unit;
    int64_t ns;
} scaled[] = {
    {"0", S, 0},
    {"-0", S, 0},
    {"0.000", S, 0},
    {"1", 1, 1},
    {"1", 1000, 1000},
    {"1710408847", S, 1710408847 * S},
    {"1710408847.25", S, INT64_C(1710408847250000000)},
    {"1710408847.1", S, INT64_C(1710408847100000000)},
    {"1710408847123.456", 1000000, INT64_C(1710408847123456000)},
    {"-1.5e3", S, -1500 * S},
    {"-1.5E+3", 1000, -1500000},
    {"15e-1", S, 1500000000},
    {".5", S, 500000000},
    {"5.", S, 5 * S},
    {"0.0000000019", S, 1},
    {"-0.0000000019", S, -1},
    {"0.9", 1, 0},
    {"1e-400", S, 0},
    {"0e99999", S, 0},
    {"000000000000000000000000000000000000000000001", S, S},
    {"0.00000000000000000000000000000000000000000001e44", S, S},
    {"9223372036.854775807", S, INT64_MAX},
    {"-9223372036.854775808", S, INT64_MIN},
    {"9223372036854775807", 1, INT64_MAX},
    {"1.00000000000000000000000000000000000000000000000000001", S, S},
    {" 21 ", S, 21 * S},
};

static void scaling_moves_the_point_and_loses_no_digit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scaled / sizeof *scaled; i++) {
        struct error err = {0};
        int64_t ns = 0;
        if (!timestamp_scale(text_of(scaled[i].number), scaled[i].unit, &ns,
                             &err))
            fail_msg("%s: %s", scaled[i].number, err.text);
        if (ns != scaled[i].ns)
            fail_msg("%s * %lld: got %lld", scaled[i].number,
                     (long long)scaled[i].unit, (long long)ns);
    }
}

static void scaling_refuses_what_is_no_number_or_too_large(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      ".",
                                      "e5",
                                      "1e",
                                      "1e+",
                                      "+-1",
                                      "1 2",
                                      "0x10",
                                      "--",
                                      "1,5",
                                      "inf",
                                      "nan",
                                      "1.2.3",
                                      "e",
                                      "-",
                                      "1e9999",
                                      "1e",
                                      "1e5.5",
                                      "true",
                                      "12 s",
                                      "9223372036.854775808",
                                      "-9223372036.854775809"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = {0};
        int64_t ns;
        if (timestamp_scale(text_of(bad[i]), S, &ns, &err))
            fail_msg("\"%s\" was read as %lld", bad[i], (long long)ns);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read_to_the_nanosecond),
        cmocka_unit_test(random_moments_agree_with_the_c_library),
        cmocka_unit_test(what_leaves_a_doubt_is_an_error_that_shows_it),
        cmocka_unit_test(every_prefix_of_a_time_is_read_or_refused),
        cmocka_unit_test(a_message_shows_no_control_bytes_and_not_a_megabyte),
        cmocka_unit_test(a_zone_that_is_not_there_is_the_operators_error),
        cmocka_unit_test(scaling_moves_the_point_and_loses_no_digit),
        cmocka_unit_test(scaling_refuses_what_is_no_number_or_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
