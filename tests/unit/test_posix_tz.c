/* POSIX rules, held against the C library's own reading of them. */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "posix_tz.h"

enum { HOUR_S = 3600 };

/* The C library reads the same text from TZ; both are asked all over 1971 to
 * 2037, most closely around the changes. */
static void assert_as_the_c_library(const char *rule)
{
    struct posix_tz tz;
    if (!posix_tz_parse(text_of(rule), &tz))
        fail_msg("%s is no rule", rule);
    setenv("TZ", rule, 1);
    tzset();
    for (int64_t utc_s = 365 * 86400; utc_s < INT64_C(2145916800);
         utc_s += 7 * HOUR_S + 1237) {
        time_t moment = (time_t)utc_s;
        struct tm local;
        localtime_r(&moment, &local);
        if (posix_tz_offset_s(&tz, utc_s) != local.tm_gmtoff)
            fail_msg("%s at %lld: %lld, not %ld", rule, (long long)utc_s,
                     (long long)posix_tz_offset_s(&tz, utc_s), local.tm_gmtoff);
    }
    unsetenv("TZ");
    tzset();
}

static void rules_of_the_world_are_read_as_the_c_library_does(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "UTC0",
        "JST-9",
        "<+0330>-3:30",
        "<-03>3",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "EST5EDT,M3.2.0,M11.1.0",
        "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "NZST-12NZDT,M9.5.0,M4.1.0/3",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "IST-2IDT,M3.4.4/26,M10.5.0",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "EET-2EEST,J60/2,J300/3",
        "AAA3BBB,59,300/1:30",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        assert_as_the_c_library(rules[i]);
}

/* In Dublin winter is the odd one: its "summer time" is behind. */
static void summer_may_be_behind(void **state)
{
    (void)state;
    struct posix_tz tz;
    assert_true(posix_tz_parse(TEXT("IST-1GMT0,M10.5.0,M3.5.0/1"), &tz));
    assert_int_equal(tz.standard_s, HOUR_S);
    assert_int_equal(tz.summer_s, 0);
    assert_int_equal(posix_tz_offset_s(&tz, 1767225600), 0);
    assert_int_equal(posix_tz_offset_s(&tz, 1782864000), HOUR_S);
}

static void each_change_is_at_its_second(void **state)
{
    (void)state;
    struct posix_tz tz;
    assert_true(posix_tz_parse(TEXT("CET-1CEST,M3.5.0,M10.5.0/3"), &tz));
    assert_int_equal(posix_tz_offset_s(&tz, 1774745999), HOUR_S);
    assert_int_equal(posix_tz_offset_s(&tz, 1774746000), 2 * HOUR_S);
    assert_int_equal(posix_tz_offset_s(&tz, 1792889999), 2 * HOUR_S);
    assert_int_equal(posix_tz_offset_s(&tz, 1792890000), HOUR_S);
}

static void what_is_no_rule_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "CET",
        "CE-1",
        "-1",
        "<+03",
        "CET-",
        "CET-168",
        "CET-1:60",
        "CET-1:00:60",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J300",
        "CET-1CEST,J366,J300",
        "CET-1CEST,366,300",
        "CET-1CEST,M3.5.0/,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3 ",
        "CET-1CEST,M3.5.0,M10.5.0/3,M1.1.1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct posix_tz tz;
        if (posix_tz_parse(text_of(wrong[i]), &tz))
            fail_msg("\"%s\" was read", wrong[i]);
    }
}

static void no_prefix_of_a_rule_reads_past_its_end(void **state)
{
    (void)state;
    static const char rule[] = "<+1030>-10:30:00<+11>-11,M10.1.0/2:00,J90/-3";
    for (size_t len = 0; len < sizeof rule - 1; len++) {
        struct posix_tz tz;
        char *exact = malloc(len + 1); /* so that a sanitizer sees */
        memcpy(exact, rule, len);
        bool is_rule = posix_tz_parse((struct text){exact, len}, &tz);
        if (is_rule)
            assert_true(labs(tz.standard_s) < 168 * HOUR_S);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_the_world_are_read_as_the_c_library_does),
        cmocka_unit_test(summer_may_be_behind),
        cmocka_unit_test(each_change_is_at_its_second),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(no_prefix_of_a_rule_reads_past_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
