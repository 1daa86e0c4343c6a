/* Compiled zone files that no compiler wrote: what they say, cut at every byte
 * and with every byte changed; and the POSIX rules on their own. */
#include "unit.h"

#include <stdlib.h>

#include "buf.h"
#include "calendar.h"
#include "error.h"
#include "posix_tz.h"
#include "tzif.h"

#define LEN(array) (sizeof(array) / sizeof *(array))

static void put_be(struct buf *out, uint64_t value, int bytes)
{
    while (bytes-- > 0)
        buf_append_char(out, (char)(value >> 8 * bytes & 0xff));
}

static void put_header(struct buf *out, char version, uint32_t leaps,
                       uint32_t changes, uint32_t types)
{
    buf_append(out, "TZif", 4);
    buf_append_char(out, version);
    put_be(out, 0, 8);
    put_be(out, 0, 7);
    const uint32_t counts[] = {0, 0, leaps, changes, types, 4};
    for (size_t i = 0; i < LEN(counts); i++)
        put_be(out, counts[i], 4);
}

static void put_types(struct buf *out)
{
    put_be(out, 7200, 4);
    put_be(out, 0x0100, 2); /* summer time */
    put_be(out, 3600, 4);
    put_be(out, 0x0000, 2);
    buf_append(out, "ABC", 4);
}

/* Summer from 1000 to 2000, then as the footer says. The block with 32-bit
 * times says otherwise, and is not believed. */
static struct buf make_file(const char *footer)
{
    struct buf out;
    buf_init(&out, 1000);
    put_header(&out, '2', 0, 1, 2);
    put_be(&out, 5, 4);
    buf_append_char(&out, 0);
    put_types(&out);
    put_header(&out, '2', 0, 2, 2);
    put_be(&out, 1000, 8);
    put_be(&out, 2000, 8);
    buf_append(&out, "\0\1", 2);
    put_types(&out);
    buf_append_text(&out, text_of(footer));
    return out;
}

static void transitions_count_and_then_the_footer(void **state)
{
    (void)state;
    struct buf file = make_file("\n<+05>-5\n");
    struct tzif *zone = tzif_new(buf_text(&file), NULL);
    assert_non_null(zone);
    assert_int_equal(tzif_offset_s(zone, INT64_MIN / 2), 3600);
    assert_int_equal(tzif_offset_s(zone, 999), 3600);
    assert_int_equal(tzif_offset_s(zone, 1000), 7200);
    assert_int_equal(tzif_offset_s(zone, 1999), 7200);
    assert_int_equal(tzif_offset_s(zone, 2000), 18000);
    tzif_free(zone);
    buf_deinit(&file);
    file = make_file("\n\n");
    zone = tzif_new(buf_text(&file), NULL);
    assert_int_equal(tzif_offset_s(zone, INT64_MAX / 2), 3600);
    tzif_free(zone);
    buf_deinit(&file);
    tzif_free(NULL);
}

static struct tzif *parse_copy(struct text bytes)
{
    char *copy = malloc(bytes.len + 1); /* its end is the memory's end */
    memcpy(copy + 1, bytes.at, bytes.len);
    struct tzif *zone = tzif_new((struct text){copy + 1, bytes.len}, NULL);
    free(copy);
    return zone;
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf file = make_file("\n<+05>-5\n");
    for (size_t len = 0; len < file.len; len++)
        assert_null(parse_copy((struct text){file.data, len}));
    buf_deinit(&file);
}

static void a_file_with_any_byte_changed_can_still_be_asked(void **state)
{
    (void)state;
    struct buf file = make_file("\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    int parsed = 0;
    for (size_t i = 0; i < file.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            file.data[i] = (char)(file.data[i] ^ (1 << bit));
            struct tzif *zone = parse_copy(buf_text(&file));
            for (int64_t s = -3; zone && s < 3; s++)
                assert_in_range(tzif_offset_s(zone, s * INT64_C(4000000000))
                                    + 700000,
                                0, 1400000);
            parsed += zone != NULL;
            tzif_free(zone);
            file.data[i] = (char)(file.data[i] ^ (1 << bit));
        }
    assert_in_range(parsed, 1, 8 * file.len - 8 * 44);
    buf_deinit(&file);
}

static void what_a_file_promises_must_be_there(void **state)
{
    (void)state;
    struct error err = {0};
    static const char *const footers[] = {
        "", "\n", "x\n", "\nCET\n", "\nCET-1CEST\n", "CET-1\n"};
    for (size_t i = 0; i < LEN(footers); i++) {
        struct buf file = make_file(footers[i]);
        assert_null(tzif_new(buf_text(&file), &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        buf_deinit(&file);
    }
    struct buf huge;
    buf_init(&huge, 1000);
    put_header(&huge, '2', UINT32_MAX, UINT32_MAX, UINT32_MAX);
    for (int i = 0; i < 25; i++)
        put_be(&huge, 0, 8);
    assert_null(tzif_new(buf_text(&huge), &err));
    buf_clear(&huge);
    put_header(&huge, '2', 0, 0, 0);
    buf_append(&huge, "ABC", 4);
    put_header(&huge, '2', 0, 0, 0); /* no type at all */
    buf_append(&huge, "ABC\0\n\n", 6);
    assert_null(tzif_new(buf_text(&huge), &err));
    buf_deinit(&huge);
}

static void rules_that_are_not_whole_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "C",
                                      "CE-1",
                                      "CET",
                                      "<+01",
                                      "<+01>",
                                      "CET-",
                                      "CET-1x",
                                      "CET-1CEST",
                                      "CET-1CEST,",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M3.5.0,",
                                      "CET-1CEST,M3.5.0,M10.5.0/",
                                      "CET-1CEST,M0.5.0,M10.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.0.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,J0,J100",
                                      "CET-1CEST,J366,J100",
                                      "CET-1CEST,366,100",
                                      "CET-168",
                                      "CET-1:60",
                                      "CET-1:00:60",
                                      "CET-1CEST,M3.5.0,M10.5.0,",
                                      "CET-1CEST-x,M3.5.0,M10.5.0"};
    for (size_t i = 0; i < LEN(bad); i++) {
        struct posix_tz tz;
        if (posix_tz_parse(text_of(bad[i]), &tz))
            fail_msg("%s was read", bad[i]);
    }
}

static void rules_hold_on_both_sides_of_each_change(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        int date[4]; /* the change, year month day hour of UTC */
        int before_s, after_s;
    } rows[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", {2026, 3, 29, 1}, 3600, 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", {2026, 10, 25, 1}, 7200, 3600},
        {"EST5EDT,M3.2.0,M11.1.0", {2026, 3, 8, 7}, -18000, -14400},
        {"EST5EDT,M3.2.0,M11.1.0", {2026, 11, 1, 6}, -14400, -18000},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", {2026, 10, 3, 16}, 36000, 39600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", {2026, 4, 4, 16}, 39600, 36000},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", {2026, 10, 25, 1}, 3600, 0},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", {2026, 3, 29, 1}, 0, 3600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", {2026, 3, 29, 1}, -7200, -3600},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", {2026, 3, 28, 0}, 7200, 10800},
        {"AAA0BBB,J59/0,J60/0", {2024, 2, 28, 0}, 0, 3600},
        {"AAA0BBB,J60/0,J100/0", {2024, 3, 1, 0}, 0, 3600},
        {"AAA0BBB,J60/0,J100/0", {2026, 3, 1, 0}, 0, 3600},
        {"AAA0BBB,59/0,100/0", {2024, 2, 29, 0}, 0, 3600},
        {"AAA0BBB,59/0,100/0", {2026, 3, 1, 0}, 0, 3600},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct posix_tz tz;
        const int *d = rows[i].date;
        int64_t at = calendar_days(d[0], d[1], d[2]) * 86400 + d[3] * 3600;
        assert_true(posix_tz_parse(text_of(rows[i].rule), &tz));
        if (posix_tz_offset_s(&tz, at - 1) != rows[i].before_s
            || posix_tz_offset_s(&tz, at) != rows[i].after_s)
            fail_msg("%s: %lld, then %lld", rows[i].rule,
                     (long long)posix_tz_offset_s(&tz, at - 1),
                     (long long)posix_tz_offset_s(&tz, at));
    }
}

static void days_count_through_all_centuries(void **state)
{
    (void)state;
    int64_t days = calendar_days(-400, 1, 1);
    assert_int_equal(calendar_days(1970, 1, 1), 0);
    assert_int_equal(calendar_weekday(0), 4);
    for (int64_t year = -400; year < 2500; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= calendar_month_days(year, month); day++) {
                struct calendar_date date = calendar_date(days);
                assert_true(date.year == year && date.month == month
                            && date.day == day);
                assert_true(calendar_days(year, month, day) == days);
                assert_in_range(calendar_weekday(days), 0, 6);
                days++;
            }
    assert_int_equal(calendar_weekday(calendar_days(2026, 1, 2)), 5);
    assert_int_equal(calendar_weekday(calendar_days(1969, 12, 31)), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transitions_count_and_then_the_footer),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_file_with_any_byte_changed_can_still_be_asked),
        cmocka_unit_test(what_a_file_promises_must_be_there),
        cmocka_unit_test(rules_that_are_not_whole_are_refused),
        cmocka_unit_test(rules_hold_on_both_sides_of_each_change),
        cmocka_unit_test(days_count_through_all_centuries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
