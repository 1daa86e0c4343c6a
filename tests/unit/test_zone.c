/* How far places are from UTC: the compiled files of the system (the package
 * tzdata), the hours that come twice and those that never come, and what is
 * left when a file lies. */
#include "unit.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "calendar.h"
#include "error.h"
#include "posix_tz.h"
#include "tzif.h"
#include "zone.h"

static int64_t seconds(int year, int month, int day, int hour, int minute)
{
    return calendar_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

struct row {
    const char *zone;
    int local[5];
    int utc[5];
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int *l = rows[i].local, *u = rows[i].utc;
        struct error err = {0};
        int64_t utc_s = 0;
        if (!zone_to_utc(text_of(rows[i].zone),
                         seconds(l[0], l[1], l[2], l[3], l[4]), &utc_s, &err))
            fail_msg("%s: %s", rows[i].zone, err.text);
        int64_t expected = seconds(u[0], u[1], u[2], u[3], u[4]);
        if (utc_s != expected)
            fail_msg("%s %04d-%02d-%02d %02d:%02d is %lld s off", rows[i].zone,
                     l[0], l[1], l[2], l[3], l[4],
                     (long long)(utc_s - expected));
    }
}

static void plain_days_have_one_answer(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", {2026, 1, 2, 3, 4}, {2026, 1, 2, 3, 4}},
        {"UTC", {2026, 1, 2, 3, 4}, {2026, 1, 2, 3, 4}},
        {"Z", {2026, 1, 2, 3, 4}, {2026, 1, 2, 3, 4}},
        {"gmt", {2026, 1, 2, 3, 4}, {2026, 1, 2, 3, 4}},
        {"+01:00", {2026, 1, 2, 3, 4}, {2026, 1, 2, 2, 4}},
        {"-0700", {2026, 1, 2, 3, 4}, {2026, 1, 2, 10, 4}},
        {"+05", {2026, 1, 2, 3, 4}, {2026, 1, 1, 22, 4}},
        {"Europe/Berlin", {2026, 1, 2, 3, 4}, {2026, 1, 2, 2, 4}},
        {"Europe/Berlin", {2026, 7, 2, 3, 4}, {2026, 7, 2, 1, 4}},
        {"Europe/London", {2026, 7, 2, 3, 4}, {2026, 7, 2, 2, 4}},
        {"America/New_York", {2026, 1, 2, 3, 4}, {2026, 1, 2, 8, 4}},
        {"America/New_York", {2026, 7, 2, 3, 4}, {2026, 7, 2, 7, 4}},
        {"America/Phoenix", {2026, 7, 2, 3, 4}, {2026, 7, 2, 10, 4}},
        {"Asia/Kolkata", {2026, 7, 2, 3, 4}, {2026, 7, 1, 21, 34}},
        {"Asia/Kathmandu", {2026, 7, 2, 3, 4}, {2026, 7, 1, 21, 19}},
        {"Australia/Adelaide", {2026, 1, 2, 3, 4}, {2026, 1, 1, 16, 34}},
        {"Australia/Lord_Howe", {2026, 1, 2, 3, 4}, {2026, 1, 1, 16, 4}},
        {"Australia/Lord_Howe", {2026, 7, 2, 3, 4}, {2026, 7, 1, 16, 34}},
        {"America/Argentina/Buenos_Aires",
         {2026, 7, 2, 3, 4},
         {2026, 7, 2, 6, 4}},
        {"Etc/GMT+5", {2026, 7, 2, 3, 4}, {2026, 7, 2, 8, 4}},
        {"Pacific/Kiritimati", {2026, 7, 2, 3, 4}, {2026, 7, 1, 13, 4}},
        /* Dublin's winter time is the one that is "summer time", backwards */
        {"Europe/Dublin", {2026, 1, 2, 3, 4}, {2026, 1, 2, 3, 4}},
        {"Europe/Dublin", {2026, 7, 2, 3, 4}, {2026, 7, 2, 2, 4}},
        /* history: one zone for the two Germanies, double summer time */
        {"Europe/Berlin", {1970, 7, 2, 3, 4}, {1970, 7, 2, 2, 4}},
        {"Europe/Berlin", {1945, 7, 2, 3, 4}, {1945, 7, 2, 0, 4}},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void an_hour_that_comes_twice_counts_the_first_time(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Europe/Berlin", {2026, 10, 25, 1, 59}, {2026, 10, 24, 23, 59}},
        {"Europe/Berlin", {2026, 10, 25, 2, 0}, {2026, 10, 25, 0, 0}},
        {"Europe/Berlin", {2026, 10, 25, 2, 59}, {2026, 10, 25, 0, 59}},
        {"Europe/Berlin", {2026, 10, 25, 3, 0}, {2026, 10, 25, 2, 0}},
        {"America/New_York", {2026, 11, 1, 1, 30}, {2026, 11, 1, 5, 30}},
        {"America/New_York", {2026, 11, 1, 2, 0}, {2026, 11, 1, 7, 0}},
        {"Australia/Lord_Howe", {2026, 4, 5, 1, 45}, {2026, 4, 4, 14, 45}},
        {"Europe/Dublin", {2026, 10, 25, 1, 30}, {2026, 10, 25, 0, 30}},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void an_hour_that_is_skipped_moves_ahead(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Europe/Berlin", {2026, 3, 29, 1, 59}, {2026, 3, 29, 0, 59}},
        {"Europe/Berlin", {2026, 3, 29, 2, 0}, {2026, 3, 29, 1, 0}},
        {"Europe/Berlin", {2026, 3, 29, 2, 30}, {2026, 3, 29, 1, 30}},
        {"Europe/Berlin", {2026, 3, 29, 3, 0}, {2026, 3, 29, 1, 0}},
        {"America/New_York", {2026, 3, 8, 2, 30}, {2026, 3, 8, 7, 30}},
        {"Australia/Lord_Howe", {2026, 10, 4, 2, 15}, {2026, 10, 3, 15, 45}},
        /* Samoa left out a whole day */
        {"Pacific/Apia", {2011, 12, 29, 23, 59}, {2011, 12, 30, 9, 59}},
        {"Pacific/Apia", {2011, 12, 30, 12, 0}, {2011, 12, 30, 22, 0}},
        {"Pacific/Apia", {2011, 12, 31, 0, 0}, {2011, 12, 30, 10, 0}},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void after_the_last_transition_the_footers_rule_holds(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Europe/Berlin", {2150, 1, 2, 3, 4}, {2150, 1, 2, 2, 4}},
        {"Europe/Berlin", {2150, 7, 2, 3, 4}, {2150, 7, 2, 1, 4}},
        {"Europe/Berlin", {2150, 10, 25, 2, 30}, {2150, 10, 25, 0, 30}},
        {"Europe/Berlin", {2150, 3, 29, 2, 30}, {2150, 3, 29, 1, 30}},
        {"America/New_York", {2150, 11, 1, 1, 30}, {2150, 11, 1, 5, 30}},
        {"Australia/Sydney", {2150, 1, 2, 3, 4}, {2150, 1, 1, 16, 4}},
        {"Australia/Sydney", {2150, 7, 2, 3, 4}, {2150, 7, 1, 17, 4}},
        {"Australia/Sydney", {2150, 12, 31, 23, 0}, {2150, 12, 31, 12, 0}},
        {"Asia/Kolkata", {2150, 7, 2, 3, 4}, {2150, 7, 1, 21, 34}},
        /* 1910: before the 32-bit range ends, its own offset */
        {"Europe/Berlin", {1892, 7, 2, 3, 4}, {1892, 7, 2, 2, 10}},
    };
    /* Berlin before standard time: +0:53:28, which is seconds, not minutes */
    check_rows(rows, 9);
    int64_t utc_s;
    assert_true(zone_to_utc(TEXT("Europe/Berlin"), seconds(1892, 7, 2, 3, 4),
                            &utc_s, NULL));
    assert_int_equal(seconds(1892, 7, 2, 3, 4) - utc_s, 53 * 60 + 28);
}

/* glibc reads the same files by a way of its own. */
static void every_hour_of_a_century_agrees_with_the_c_library(void **state)
{
    (void)state;
    static const char *const zones[] = {
        "Europe/Berlin",   "America/New_York",  "Australia/Lord_Howe",
        "America/Godthab", "Africa/Casablanca", "Pacific/Apia",
        "Asia/Gaza",       "Europe/Dublin",     "America/Santiago"};
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        for (int64_t s = seconds(1950, 1, 1, 0, 0);
             s < seconds(2110, 1, 1, 0, 0); s += 7 * 3600 + 1800) {
            time_t utc = (time_t)s;
            struct tm tm;
            localtime_r(&utc, &tm);
            int64_t local_s = s + tm.tm_gmtoff, back = 0;
            assert_true(zone_to_utc(text_of(zones[i]), local_s, &back, NULL));
            /* in a fold the first of two moments is what we promise */
            if (back == s)
                continue;
            time_t first = (time_t)back;
            localtime_r(&first, &tm);
            if (back > s || back + tm.tm_gmtoff != local_s)
                fail_msg("%s at %lld", zones[i], (long long)s);
        }
    }
    unsetenv("TZ");
    tzset();
}

static int zones_read;

/* In January and July of some years; the first of two moments in a fold. */
static void compare_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
    for (int year = 1915; year < 2100; year += 9)
        for (int month = 1; month <= 7; month += 6) {
            time_t utc = (time_t)seconds(year, month, 15, 12, 0);
            struct tm tm;
            int64_t back = 0;
            localtime_r(&utc, &tm);
            if (!zone_to_utc(text_of(name), utc + tm.tm_gmtoff, &back, NULL)
                || back != utc)
                fail_msg("%s in %d-%d: %lld s off", name, year, month,
                         (long long)(back - utc));
        }
    zones_read++;
}

static void visit(const char *dir, const char *prefix)
{
    char path[4096], name[4096];
    DIR *list = opendir(dir);
    for (struct dirent *e; list && (e = readdir(list));) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "/" : "",
                 e->d_name);
        char magic[4] = "";
        FILE *file = e->d_type == DT_DIR ? NULL : fopen(path, "rb");
        bool is_zone = file && fread(magic, 1, 4, file) == 4
                       && memcmp(magic, "TZif", 4) == 0
                       && strcmp(name, "localtime") != 0;
        if (file)
            fclose(file);
        if (is_zone)
            compare_zone(name);
        if (e->d_type == DT_DIR && e->d_name[0] != '.'
            && strcmp(name, "right") != 0)
            visit(path, name);
    }
    if (list)
        closedir(list);
}

static void every_zone_of_the_system_agrees_with_the_c_library(void **state)
{
    (void)state;
    visit("/usr/share/zoneinfo", "");
    unsetenv("TZ");
    tzset();
    assert_in_range(zones_read, 400, 5000);
}

static void names_that_could_leave_the_folder_are_not_looked_for(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Europe/Nowhere",
        "../../../etc/passwd",
        "/etc/localtime",
        "Europe//Berlin",
        "Europe/",
        "/Europe/Berlin",
        "Europe",
        "Europe/./Berlin",
        "zone.tab",
        "Europe/Berlin ",
        "Europe\\Berlin",
        "+1:00",
        "+24:00",
        "+01:60",
        "+",
        "-",
        "+1",
        "+001",
        "+01:0",
        "+01-00",
        "01:00",
        "right/Europe/Berlin",
        "CET-1CEST",
        "tzdata",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error err = {0};
        int64_t utc_s;
        if (zone_to_utc(text_of(names[i]), 0, &utc_s, &err))
            fail_msg("%s was found", names[i]);
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_non_null(strstr(err.text, "time zone"));
    }
}

static void *ask_often(void *zone)
{
    int64_t *wrong = calloc(1, sizeof *wrong);
    for (int i = 0; i < 1000; i++) {
        int64_t utc_s = -1;
        if (!zone_to_utc(text_of(zone), 0, &utc_s, NULL) || utc_s != -32400)
            ++*wrong;
    }
    return wrong;
}

static void threads_may_ask_for_a_new_zone_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, ask_often, "Asia/Tokyo"), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_int_equal(*(int64_t *)wrong, 0);
        free(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_days_have_one_answer),
        cmocka_unit_test(an_hour_that_comes_twice_counts_the_first_time),
        cmocka_unit_test(an_hour_that_is_skipped_moves_ahead),
        cmocka_unit_test(after_the_last_transition_the_footers_rule_holds),
        cmocka_unit_test(every_hour_of_a_century_agrees_with_the_c_library),
        cmocka_unit_test(every_zone_of_the_system_agrees_with_the_c_library),
        cmocka_unit_test(names_that_could_leave_the_folder_are_not_looked_for),
        cmocka_unit_test(threads_may_ask_for_a_new_zone_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
