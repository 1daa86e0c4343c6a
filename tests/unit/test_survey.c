/* A journal looked at from outside: what is read, what counts, and what it
 * looks like when the gateway moves things between two looks. */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"
#include "survey.h"

static const char *const outputs[] = {"out"};
static const char dir[] = "/d/journal/out";

struct bench {
    struct memory_disk *disk;
    struct journal *journal;
    struct survey survey;
    struct error err;
    uint64_t sent;
};

static void set_up(struct bench *bench)
{
    *bench = (struct bench){.disk = memory_disk_new(1)};
    struct journal_options options = {.dir = "/d/journal",
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_bytes = 1 << 30,
                                      .fs = &bench->disk->fs,
                                      .segment_bytes = 1000};
    bench->journal = journal_open(&options, &bench->err);
    assert_non_null(bench->journal);
}

static void tear_down(struct bench *bench)
{
    survey_close(&bench->survey);
    journal_close(bench->journal);
    memory_disk_free(bench->disk);
}

/* Frames of two points each. */
static void send_frames(struct bench *bench, unsigned count)
{
    while (count-- > 0) {
        char text[100];
        uint64_t ticket, number = bench->sent + 1;
        int len = snprintf(text, sizeof text,
                           "m f=%" PRIu64 " 1\nm f=%" PRIu64 " 2\n", number,
                           number + 1);
        struct journal_lines lines = {0, {text, (size_t)len}, 2};
        assert_true(journal_append(
            bench->journal,
            &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
            &ticket, NULL));
        assert_true(journal_commit(bench->journal, NULL));
        bench->sent += 2;
    }
}

static void look(struct bench *bench)
{
    survey_close(&bench->survey);
    if (!survey_open(&bench->survey, &bench->disk->fs, dir, &bench->err))
        fail_msg("%s", bench->err.text);
}

static const char *segment(struct bench *bench, size_t n)
{
    return memory_disk_find(bench->disk, dir, ".lp", n);
}

static void put_cursor(struct bench *bench, uint64_t seq, size_t n)
{
    struct cursor cursor = {.seq = seq};
    assert_true(
        segment_name_read(segment(bench, n) + sizeof dir, &cursor.segment));
    assert_true(cursor_write(&bench->disk->fs, dir, &cursor, NULL));
}

/* Good points from number seq on, in all segments. */
static uint64_t count_points(struct bench *bench, uint64_t seq)
{
    uint64_t count = 0;
    const struct frame *frame;
    for (size_t i = 0; i < bench->survey.list.count; i++) {
        if (survey_read(&bench->survey, i, &bench->err) != SURVEY_READ)
            continue;
        while ((frame = survey_next(&bench->survey, seq))) {
            struct text lines = survey_lines(frame, seq);
            while (lines.len > 0) {
                text_cut(&lines, '\n');
                count++;
            }
            seq = frame->seq + frame->points;
        }
    }
    return count;
}

static void nothing_there_is_nothing(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    look(&bench);
    assert_int_equal(bench.survey.list.count, 0);
    assert_int_equal(bench.survey.end_seq, bench.survey.settled_seq);
    tear_down(&bench);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_false(survey_open(&bench.survey, &bench.disk->fs, "/d/journal/none",
                             &bench.err));
    assert_int_equal(bench.err.kind, ERR_IO);
    assert_null(bench.survey.fs);
    tear_down(&bench);
}

static void it_reads_every_point_and_changes_nothing(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_frames(&bench, 100);
    unsigned changes = bench.disk->op_count;
    look(&bench);
    assert_true(bench.survey.list.count > 3);
    assert_int_equal(bench.survey.settled_seq, 1);
    assert_int_equal(bench.survey.end_seq, 201);
    assert_int_equal(count_points(&bench, 1), 200);
    assert_int_equal(bench.disk->op_count, changes);
    tear_down(&bench);
}

static void a_cursor_may_stand_within_a_frame(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_frames(&bench, 100);
    put_cursor(&bench, 4, 0);
    look(&bench);
    assert_int_equal(bench.survey.settled_seq, 4);
    assert_int_equal(survey_read(&bench.survey, 0, NULL), SURVEY_READ);
    const struct frame *frame = survey_next(&bench.survey, 4);
    assert_int_equal(frame->seq, 3);
    assert_text(survey_lines(frame, 4), "m f=4 2\n");
    assert_int_equal(count_points(&bench, 4), 197);
    tear_down(&bench);
}

static void
a_cursor_that_the_relay_would_not_follow_does_not_count(void **state)
{
    (void)state;
    struct bench bench;
    struct cursor other = {.seq = 50, .segment = {40, 1}};
    set_up(&bench);
    send_frames(&bench, 100);
    assert_true(cursor_write(&bench.disk->fs, dir, &other, NULL));
    look(&bench);
    assert_false(bench.survey.has_cursor); /* of a segment that is not there */
    assert_int_equal(bench.survey.settled_seq, 1);
    put_cursor(&bench, 1000, 0);
    look(&bench);
    assert_true(bench.survey.has_cursor); /* past the end: points are gone */
    assert_int_equal(bench.survey.settled_seq, 1);
    size_t last = bench.survey.list.count - 1;
    assert_int_equal(survey_acked(&bench.survey, last), 1000);
    tear_down(&bench);
}

static void what_a_failed_write_left_does_not_count(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_frames(&bench, 2);
    bench.disk->fail_ops = DISK_SYNC | DISK_TRUNCATE;
    bench.disk->fail_count = 2;
    send_frames(&bench, 1); /* in the first segment too, where it was left */
    assert_int_equal(bench.disk->fail_count, 0);
    look(&bench);
    assert_int_equal(bench.survey.list.count, 2);
    assert_int_equal(survey_read(&bench.survey, 0, NULL), SURVEY_READ);
    assert_int_equal(bench.survey.overruled, 1);
    assert_int_equal(bench.survey.scan.frame_count, 2);
    assert_int_equal(survey_limit(&bench.survey, 0), 5);
    assert_int_equal(survey_acked(&bench.survey, 0), 5);
    assert_int_equal(survey_limit(&bench.survey, 1), UINT64_MAX);
    assert_int_equal(count_points(&bench, 1), 6);
    tear_down(&bench);
}

static void a_segment_that_vanishes_is_gone_and_no_error(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_frames(&bench, 100);
    look(&bench);
    bench.disk->fs.unlink(&bench.disk->fs, segment(&bench, 0));
    assert_int_equal(survey_read(&bench.survey, 0, &bench.err), SURVEY_GONE);
    assert_null(survey_next(&bench.survey, 1));
    assert_int_equal(count_points(&bench, 1),
                     201 - bench.survey.list.names[1].seq);
    tear_down(&bench);
}

static void a_newest_segment_may_hold_nothing_yet(void **state)
{
    (void)state;
    struct bench bench;
    char path[100], name[SEGMENT_NAME_BYTES];
    set_up(&bench);
    send_frames(&bench, 3);
    segment_name_write((struct segment_name){7, 0x1234}, name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    memory_disk_put(bench.disk, path, "#seg", 4);
    look(&bench);
    assert_int_equal(bench.survey.end_seq, 7);
    assert_int_equal(count_points(&bench, 1), 6);
    tear_down(&bench);
}

static void a_disk_that_denies_a_piece_is_told_with_its_size(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_frames(&bench, 3);
    look(&bench);
    bench.disk->fail_ops = DISK_READ;
    bench.disk->fail_count = 1000000;
    bench.disk->fail_from = 60;
    bench.disk->fail_to = 61;
    assert_int_equal(survey_read(&bench.survey, 0, &bench.err), SURVEY_READ);
    assert_int_equal(bench.survey.unread_bytes, bench.survey.bytes.len);
    assert_int_equal(bench.survey.scan.frame_count, 0);
    tear_down(&bench);
}

static int refusing_open(const struct file_system *fs, const char *path,
                         int flags, mode_t mode)
{
    (void)fs;
    (void)path;
    (void)flags;
    (void)mode;
    errno = EACCES;
    return -1;
}

static void a_segment_that_must_not_be_read_is_an_error(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_frames(&bench, 3);
    look(&bench);
    int (*own)(const struct file_system *, const char *, int, mode_t) =
        bench.disk->fs.open;
    bench.disk->fs.open = refusing_open;
    assert_int_equal(survey_read(&bench.survey, 0, &bench.err), SURVEY_FAILED);
    assert_int_equal(bench.err.kind, ERR_IO);
    struct survey other;
    assert_false(survey_open(&other, &bench.disk->fs, dir, &bench.err));
    bench.disk->fs.open = own;
    tear_down(&bench);
}

/* The relay settles the first segment and deletes it, after the cursor was
 * read and before the list is. */
static struct bench *moving;
static int (*own_list)(const struct file_system *, const char *,
                       void (*)(const char *, void *), void *);

static int moving_list(const struct file_system *fs, const char *path,
                       void (*each)(const char *name, void *context),
                       void *context)
{
    if (moving) {
        put_cursor(moving, moving->sent + 1, 1);
        fs->unlink(fs, segment(moving, 0));
        moving = NULL;
    }
    return own_list(fs, path, each, context);
}

static void a_cursor_that_moves_between_two_looks_is_read_again(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_frames(&bench, 40);
    put_cursor(&bench, 3, 0);
    moving = &bench;
    own_list = bench.disk->fs.list;
    bench.disk->fs.list = moving_list;
    look(&bench);
    assert_true(bench.survey.has_cursor);
    assert_int_equal(bench.survey.settled_seq, 81);
    assert_int_equal(bench.survey.end_seq, 81);
    bench.disk->fs.list = own_list;
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_there_is_nothing),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(it_reads_every_point_and_changes_nothing),
        cmocka_unit_test(a_cursor_may_stand_within_a_frame),
        cmocka_unit_test(
            a_cursor_that_the_relay_would_not_follow_does_not_count),
        cmocka_unit_test(what_a_failed_write_left_does_not_count),
        cmocka_unit_test(a_segment_that_vanishes_is_gone_and_no_error),
        cmocka_unit_test(a_newest_segment_may_hold_nothing_yet),
        cmocka_unit_test(a_disk_that_denies_a_piece_is_told_with_its_size),
        cmocka_unit_test(a_segment_that_must_not_be_read_is_an_error),
        cmocka_unit_test(a_cursor_that_moves_between_two_looks_is_read_again),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
