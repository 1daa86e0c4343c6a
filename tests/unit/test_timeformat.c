/* Times in a format that the script spells out. */
#include "unit.h"

#include "error.h"
#include "timeformat.h"

#define S INT64_C(1000000000)
#define DAY (86400 * S)
#define JAN_2 (20455 * DAY) /* 2026-01-02 */
#define CLOCK(h, m, s) (((h)*3600 + (m)*60 + (s)) * S)
#define LEN(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *text, *format, *zone;
    int64_t ns;
} readable[] = {
    {"2026-01-02 03:04:05", "%Y-%m-%d %H:%M:%S", "", JAN_2 + CLOCK(3, 4, 5)},
    {"02.01.2026 03:04", "%d.%m.%Y %H:%M", "", JAN_2 + CLOCK(3, 4, 0)},
    {"01/02/26 03:04:05", "%D %T", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026-01-02T03:04", "%FT%R", "", JAN_2 + CLOCK(3, 4, 0)},
    {"20260102030405", "%Y%m%d%H%M%S", "", JAN_2 + CLOCK(3, 4, 5)},
    {"2026002", "%Y%j", "", JAN_2},
    {"2024-366", "%Y-%j", "", 20088 * DAY},
    {"260102", "%y%m%d", "", JAN_2},
    {"700101", "%y%m%d", "", 0},
    {"690101", "%y%m%d", "", -365 * DAY},
    {"680101", "%y%m%d", "", 35794 * DAY},
    {"Fri, 02 Jan 2026 03:04:05 +0000", "%a, %d %b %Y %T %z", "",
     JAN_2 + CLOCK(3, 4, 5)},
    {"Fri Jan  2 03:04:05 2026", "%a %b %e %T %Y", "", JAN_2 + CLOCK(3, 4, 5)},
    {"Friday, JANUARY 2, 2026", "%A, %B %d, %Y", "", JAN_2},
    {"2 may 2026", "%d %b %Y", "", JAN_2 + 120 * DAY},
    {"1/2/2026 12:00:00 AM", "%m/%d/%Y %I:%M:%S %p", "", JAN_2},
    {"1/2/2026 12:30 pm", "%m/%d/%Y %I:%M %p", "", JAN_2 + CLOCK(12, 30, 0)},
    {"1/2/2026 11:00 PM", "%m/%d/%Y %I:%M %p", "", JAN_2 + CLOCK(23, 0, 0)},
    {"1/2/2026 1AM", "%m/%d/%Y %I%p", "", JAN_2 + CLOCK(1, 0, 0)},
    {"2026-01-02 03:04:05.25", "%F %T", "", JAN_2 + CLOCK(3, 4, 5) + S / 4},
    {"2026-01-02 03:04:05,25", "%F %T", "", JAN_2 + CLOCK(3, 4, 5) + S / 4},
    {"2026-01-02 03:04:05.25", "%F %H:%M:%S.%f", "",
     JAN_2 + CLOCK(3, 4, 5) + S / 4},
    {"2026-01-02 03:04:05:250", "%F %T:%f", "", JAN_2 + CLOCK(3, 4, 5) + S / 4},
    {"2026-01-02 24:00", "%F %H:%M", "", JAN_2 + DAY},
    {"1767323045", "%s", "Europe/Berlin", JAN_2 + CLOCK(3, 4, 5)},
    {"1767323045.5", "%s", "", JAN_2 + CLOCK(3, 4, 5) + S / 2},
    {"at 1767323045!", "at %s!", "", JAN_2 + CLOCK(3, 4, 5)},
    {"-1", "%s", "", -S},
    /* zones */
    {"2026-01-02 03:04 +0100", "%F %R %z", "", JAN_2 + CLOCK(2, 4, 0)},
    {"2026-01-02 03:04+01:00", "%F %R%z", "", JAN_2 + CLOCK(2, 4, 0)},
    {"2026-01-02 03:04-07", "%F %R%z", "", JAN_2 + CLOCK(10, 4, 0)},
    {"2026-01-02 03:04Z", "%F %R%z", "Europe/Berlin", JAN_2 + CLOCK(3, 4, 0)},
    {"2026-01-02 03:04 UTC", "%F %R %Z", "Europe/Berlin",
     JAN_2 + CLOCK(3, 4, 0)},
    {"2026-01-02 03:04 GMT", "%F %R %z", "", JAN_2 + CLOCK(3, 4, 0)},
    {"2026-01-02 03:04 Europe/Berlin", "%F %R %Z", "", JAN_2 + CLOCK(2, 4, 0)},
    {"02.01.2026 03:04", "%d.%m.%Y %H:%M", "Europe/Berlin",
     JAN_2 + CLOCK(2, 4, 0)},
    {"02.07.2026 03:04", "%d.%m.%Y %H:%M", "Europe/Berlin",
     JAN_2 + 181 * DAY + CLOCK(1, 4, 0)},
    /* blanks and what is not a directive */
    {"  2026-01-02\t03:04 \n", "%F %R", "", JAN_2 + CLOCK(3, 4, 0)},
    {"2026-01-0203:04", "%F %R", "", JAN_2 + CLOCK(3, 4, 0)},
    {"2026-01-02 \t 03:04", "%F%n%R%t", "", JAN_2 + CLOCK(3, 4, 0)},
    {"100% of 2026-01-02", "100%% of %F", "", JAN_2},
    {"2016-12-31 23:59:60", "%F %T", "", 17167 * DAY},
};

static void texts_follow_their_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(readable); i++) {
        struct error err = {0};
        int64_t ns = 0;
        if (!timeformat_read(text_of(readable[i].text),
                             text_of(readable[i].format),
                             text_of(readable[i].zone), &ns, &err))
            fail_msg("%s", err.text);
        if (ns != readable[i].ns)
            fail_msg("\"%s\" as \"%s\": got %lld, expected %lld",
                     readable[i].text, readable[i].format, (long long)ns,
                     (long long)readable[i].ns);
    }
}

static const struct {
    const char *text, *format, *message;
} unreadable[] = {
    {"", "%F", "follow"},
    {"2026-01-02", "", "follow"},
    {"2026-01-02 x", "%F", "follow \"%F\""},
    {"2026-01-02", "%F %R", "follow"},
    {"26-01-02", "%F", "follow"},
    {"2026-13-02", "%F", "follow"},
    {"2026-00-02", "%F", "follow"},
    {"2026-01-02 25:00", "%F %R", "follow"},
    {"2026-01-02 0:60", "%F %R", "follow"},
    {"2026-01-02 13:00 PM", "%F %I:%M %p", "follow"},
    {"2026-01-02 0:00 PM", "%F %I:%M %p", "follow"},
    {"2026-01-02 1:00 XM", "%F %I:%M %p", "follow"},
    {"2026-01-02 03:04:05.", "%F %T", "follow"},
    {"2 Foo 2026", "%d %b %Y", "follow"},
    {"Foo 2 Jan 2026", "%a %d %b %Y", "follow"},
    {"2026-01-02 03:04 CET", "%F %R %Z", "follow"},
    {"2026-01-02 03:04 CET", "%F %R %z", "follow"},
    {"2026-01-02 03:04 +1", "%F %R %z", "follow"},
    {"x", "%s", "follow"},
    {"99999999999", "%s", "follow"},
    {"2026-02-29", "%F", "no such day"},
    {"2023-366", "%Y-%j", "leaves the date open"},
    {"2026-01-02 24:01", "%F %R", "time of day"},
    {"2026-01-02 03:04:60", "%F %T", "leap second"},
    {"1600-01-01", "%F", "1678 to 2261"},
    {"03:04:05", "%T", "leaves the date open"},
    {"01-02", "%m-%d", "leaves the date open"},
    {"2026-01", "%Y-%m", "leaves the date open"},
    {"2026-01-02 3:04", "%F %I:%M", "morning or evening"},
};

static void what_does_not_follow_is_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(unreadable); i++) {
        struct error err = {0};
        int64_t ns;
        if (timeformat_read(text_of(unreadable[i].text),
                            text_of(unreadable[i].format), TEXT(""), &ns, &err))
            fail_msg("\"%s\" as \"%s\" was read as %lld", unreadable[i].text,
                     unreadable[i].format, (long long)ns);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
        if (!strstr(err.text, unreadable[i].message))
            fail_msg("\"%s\": %s", unreadable[i].text, err.text);
    }
}

static void a_directive_that_is_not_there_is_the_scripts_error(void **state)
{
    (void)state;
    static const char *const formats[] = {"%Q", "%F %", "%",   "%5Y",     "%-d",
                                          "%U", "%c",   "%\n", "%F %R %+"};
    for (size_t i = 0; i < LEN(formats); i++) {
        struct error err = {0};
        int64_t ns;
        assert_false(timeformat_read(TEXT("2026-01-02"), text_of(formats[i]),
                                     TEXT(""), &ns, &err));
        assert_int_equal(err.kind, ERR_SCRIPT);
        assert_non_null(strstr(err.text, "no directive %"));
    }
}

static void every_prefix_of_text_and_format_is_safe(void **state)
{
    (void)state;
    static const char text[] = "Fri, 02 Jan 2026 11:04:05.25 PM +01:00";
    static const char format[] = "%a, %d %b %Y %I:%M:%S %p %z";
    int readable_count = 0;
    for (size_t i = 0; i < sizeof text; i++)
        for (size_t j = 0; j < sizeof format; j++) {
            int64_t ns;
            char *t = test_malloc(i + 1), *f = test_malloc(j + 1);
            memcpy(t + 1, text, i);
            memcpy(f + 1, format, j);
            readable_count +=
                timeformat_read((struct text){t + 1, i},
                                (struct text){f + 1, j}, TEXT(""), &ns, NULL);
            test_free(t);
            test_free(f);
        }
    /* the date, with and without a blank behind; with the half of the day and
     * that blank; whole with +01 and +01:00 */
    assert_int_equal(readable_count, 2 * 2 + 2 * 2 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_follow_their_formats),
        cmocka_unit_test(what_does_not_follow_is_an_error),
        cmocka_unit_test(a_directive_that_is_not_there_is_the_scripts_error),
        cmocka_unit_test(every_prefix_of_text_and_format_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
