/* Live requests as files: named, bounded, never in anybody's way. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "memory_disk.h"
#include "recorder.h"
#include "request.h"
#include "route.h"

static struct memory_disk *disk;
static struct recorder *recorder;
static struct request request;
static struct route route;
static char pattern[] = "/met/:station";
static struct error err;

static void open_with(size_t max_files, uint64_t max_bytes)
{
    const struct recorder_options options = {.dir = "/rec",
                                             .fs = &disk->fs,
                                             .max_files = max_files,
                                             .max_bytes = max_bytes};
    recorder = recorder_open(&options, &err);
    if (!recorder)
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    (void)state;
    disk = memory_disk_new(1);
    disk->fs.mkdir(&disk->fs, "/rec", 0700);
    request_init(&request);
    route = (struct route){.pattern = pattern, .limits = LIMITS_DEFAULT};
    err = (struct error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    recorder_close(recorder);
    recorder = NULL;
    request_deinit(&request);
    memory_disk_free(disk);
    return 0;
}

static void take(int64_t time_ns, const char *body)
{
    const struct recorder_outcome outcome = {
        .status = 200, .message = TEXT("ok"), .points = TEXT("met a=1 1\n")};
    request_reset(&request);
    request.method = TEXT("POST");
    request.path = TEXT("/met/x");
    request.time_ns = time_ns;
    request.raw_body = text_of(body);
    assert_true(recorder_has_room(recorder));
    recorder_take(recorder, &request, &route, &outcome);
}

static const char *name_at(size_t n)
{
    const char *path = memory_disk_find(disk, "/rec", "", n);
    return path ? path : "";
}

static void a_request_is_a_file_with_what_came_of_it(void **state)
{
    (void)state;
    open_with(0, 0);
    take(INT64_C(1767323045123456789), "a=1");
    recorder_stop(recorder);
    assert_string_equal(name_at(0),
                        "/rec/20260102T030405.123456789Z-met-station.http");
    assert_string_equal(name_at(1), "");
    size_t len;
    char *bytes = memory_disk_bytes(disk, name_at(0), &len);
    assert_text(((struct text){bytes, len}),
                "### POST /met/:station\n"
                "# @time 2026-01-02T03:04:05.123456789Z\n"
                "# @route /met/:station\n"
                "POST /met/x HTTP/1.1\n"
                "\n"
                "a=1\n"
                "\n"
                "### expect 200 ok\n"
                "met a=1 1\n");
}

static void why_it_was_not_stored_is_said(void **state)
{
    (void)state;
    const struct recorder_outcome outcome = {.status = 204,
                                             .reason = TEXT("answered 503")};
    open_with(0, 0);
    request.method = TEXT("POST");
    request.path = TEXT("/met/x");
    recorder_take(recorder, &request, &route, &outcome);
    recorder_stop(recorder);
    size_t len;
    char *bytes = memory_disk_bytes(disk, name_at(0), &len);
    assert_non_null(memmem(bytes, len, "\n# @reason answered 503\n", 24));
}

static void names_say_the_route_and_fit(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *end;
    } rows[] = {
        {"/", "Z--.http"},
        {"/*rest", "Z-rest.http"},
        {"/a//b.c/:d_e/", "Z-a-b-c-d-e.http"},
        {"/../../etc", "Z-etc.http"},
        {"/\xc3\xa9t\xc3\xa9", "Z-t.http"},
        {"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbbbb",
         "Z-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.http"},
    };
    char copy[100];
    route.pattern = copy;
    open_with(0, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(copy, sizeof copy, "%s", rows[i].pattern);
        take((int64_t)i, "");
    }
    recorder_stop(recorder);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!text_ends_with(text_of(name_at(i)), text_of(rows[i].end)))
            fail_msg("%s, not %s", name_at(i), rows[i].end);
}

static void the_oldest_go_by_number(void **state)
{
    (void)state;
    open_with(3, 0);
    for (int64_t i = 1; i <= 10; i++)
        take(i, "a=1");
    recorder_stop(recorder);
    assert_non_null(strstr(name_at(0), ".000000008Z-"));
    assert_non_null(strstr(name_at(2), ".000000010Z-"));
    assert_string_equal(name_at(3), "");
}

static void the_oldest_go_by_bytes(void **state)
{
    (void)state;
    char body[1001] = "";
    memset(body, 'x', 1000);
    open_with(0, 3500);
    for (int64_t i = 1; i <= 10; i++)
        take(i, body);
    recorder_stop(recorder);
    assert_non_null(strstr(name_at(0), ".000000008Z-"));
    assert_string_equal(name_at(3), "");
}

static void one_file_may_be_larger_than_all_should_be(void **state)
{
    (void)state;
    open_with(0, 10);
    take(1, "a=1");
    take(2, "a=2");
    recorder_stop(recorder);
    assert_non_null(strstr(name_at(0), ".000000002Z-"));
    assert_string_equal(name_at(1), "");
}

static void
files_of_an_earlier_run_count_and_others_are_left_alone(void **state)
{
    (void)state;
    static const char *const others[] = {
        "/rec/20260102T030405.123456789Z-met.http.bak",
        "/rec/20260102T030405.12345678Z-met.http", "/rec/mine.http",
        "/rec/zzz.http", NULL};
    for (size_t i = 0; others[i]; i++)
        memory_disk_put(disk, others[i], "x", 1);
    memory_disk_put(disk, "/rec/20250102T030405.123456789Z-b.http", "x", 1);
    memory_disk_put(disk, "/rec/20240102T030405.123456789Z-a.http", "x", 1);
    memory_disk_put(disk, "/rec/20260102T030405.123456789Z-c.http", "x", 1);
    open_with(2, 0);
    assert_null(memory_disk_find(disk, "/rec", "-a.http", 0));
    assert_non_null(memory_disk_find(disk, "/rec", "-b.http", 0));
    take(INT64_C(1800000000000000000), "");
    recorder_stop(recorder);
    assert_null(memory_disk_find(disk, "/rec", "-b.http", 0));
    assert_non_null(memory_disk_find(disk, "/rec", "-c.http", 0));
    assert_non_null(memory_disk_find(disk, "/rec", "-met-station.http", 0));
    for (size_t i = 0; others[i]; i++)
        assert_non_null(memory_disk_find(disk, "/rec", others[i] + 5, 0));
}

static void a_full_disk_leaves_no_half_file(void **state)
{
    (void)state;
    open_with(0, 0);
    disk->fail_ops = DISK_WRITE;
    disk->fail_count = 1;
    disk->fail_errno = ENOSPC;
    take(1, "first");
    take(2, "second");
    recorder_stop(recorder);
    assert_non_null(strstr(name_at(0), ".000000002Z-"));
    assert_string_equal(name_at(1), "");
}

static void a_folder_that_went_away_is_made_again(void **state)
{
    (void)state;
    open_with(0, 0);
    disk->fs.rename(&disk->fs, "/rec", "/looked-at");
    take(1, "a=1");
    recorder_stop(recorder);
    assert_string_equal(name_at(0),
                        "/rec/19700101T000000.000000001Z-met-station.http");
}

/* Its script made a tag of it. */
static void a_secret_is_no_tag_and_no_reply(void **state)
{
    (void)state;
    const struct recorder_outcome outcome = {
        .status = 200,
        .message = TEXT("hello hush-hush"),
        .points = TEXT("met,key=hush-hush a=\"hush-hush\",b=1 1\n")};
    open_with(0, 0);
    request.method = TEXT("POST");
    request.path = TEXT("/met/x");
    const struct text name = TEXT("X-Api-Key"), value = TEXT("hush-hush");
    pairs_add(&request.headers, &request.arena, name, value);
    recorder_take(recorder, &request, &route, &outcome);
    recorder_stop(recorder);
    size_t len;
    char *bytes = memory_disk_bytes(disk, name_at(0), &len);
    static const char want[] = "### expect 200 hello ***\n"
                               "met,key=*** a=\"***\",b=1 1\n";
    assert_non_null(memmem(bytes, len, want, strlen(want)));
    assert_null(memmem(bytes, len, "hush", 4));
}

static void a_rename_that_fails_leaves_nothing(void **state)
{
    (void)state;
    open_with(0, 0);
    disk->fail_ops = DISK_RENAME;
    disk->fail_count = 1;
    disk->fail_errno = EIO;
    take(1, "first");
    recorder_stop(recorder);
    assert_string_equal(name_at(0), "");
}

static void a_folder_that_takes_no_file_is_told_at_once(void **state)
{
    (void)state;
    const struct recorder_options options = {.dir = "/rec", .fs = &disk->fs};
    disk->fail_ops = DISK_CREATE;
    disk->fail_count = 1;
    disk->fail_errno = EACCES;
    assert_null(recorder_open(&options, &err));
    assert_string_equal(err.text, "opening /rec/.recording: Permission denied");
}

static void a_request_too_large_for_a_file_is_left_out(void **state)
{
    (void)state;
    char *body = xcalloc(1, (17 << 20) + 1);
    memset(body, 'x', 17 << 20);
    open_with(0, 0);
    take(1, body);
    take(2, "small");
    recorder_stop(recorder);
    assert_non_null(strstr(name_at(0), ".000000002Z-"));
    free(body);
}

/* The thread rests many times as long as it worked, so the queue fills up. */
static void more_than_can_be_written_is_left_out_and_nobody_waits(void **state)
{
    (void)state;
    open_with(0, 0);
    unsigned taken = 0, refused = 0;
    for (int64_t i = 1; refused < 10; i++) {
        if (!recorder_has_room(recorder)) {
            refused++;
            continue;
        }
        take(i, "a=1");
        taken++;
    }
    recorder_stop(recorder);
    assert_true(taken >= 256);
    assert_non_null(memory_disk_find(disk, "/rec", ".http", 0));
    assert_non_null(memory_disk_find(disk, "/rec", ".http", 255));
}

static void what_comes_after_the_stop_is_left_out(void **state)
{
    (void)state;
    open_with(0, 0);
    recorder_stop(recorder);
    take(1, "late");
    recorder_stop(recorder);
    assert_string_equal(name_at(0), "");
    recorder_stop(NULL);
    recorder_close(NULL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_a_file_with_what_came_of_it),
        CASE(why_it_was_not_stored_is_said),
        CASE(names_say_the_route_and_fit),
        CASE(the_oldest_go_by_number),
        CASE(the_oldest_go_by_bytes),
        CASE(one_file_may_be_larger_than_all_should_be),
        CASE(files_of_an_earlier_run_count_and_others_are_left_alone),
        CASE(a_full_disk_leaves_no_half_file),
        CASE(a_folder_that_went_away_is_made_again),
        CASE(a_secret_is_no_tag_and_no_reply),
        CASE(a_rename_that_fails_leaves_nothing),
        CASE(a_folder_that_takes_no_file_is_told_at_once),
        CASE(a_request_too_large_for_a_file_is_left_out),
        CASE(more_than_can_be_written_is_left_out_and_nobody_waits),
        CASE(what_comes_after_the_stop_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
