/* What `verify` and `cat` say of one journal: damage that only a disk makes,
 * what a failed write left, and segments that vanish while they read. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "journal_verify.h"
#include "log.h"
#include "memory_disk.h"
#include "survey.h"

static const char *const outputs[] = {"out"};
static const char dir[] = "/d/journal/out";

enum { SAID_BYTES = 64 << 10 };

struct bench {
    struct memory_disk *disk;
    struct journal *journal;
    struct survey survey;
    uint64_t sent;
    char said[SAID_BYTES]; /* on stdout, by the last call */
};

static void set_up(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    bench->disk = memory_disk_new(1);
    struct journal_options options = {.dir = "/d/journal",
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_bytes = 1 << 30,
                                      .fs = &bench->disk->fs,
                                      .segment_bytes = 1000};
    bench->journal = journal_open(&options, NULL);
    assert_non_null(bench->journal);
}

static void tear_down(struct bench *bench)
{
    survey_close(&bench->survey);
    journal_close(bench->journal);
    memory_disk_free(bench->disk);
}

static void send_points(struct bench *bench, unsigned count)
{
    while (count-- > 0) {
        char text[100];
        uint64_t ticket;
        int len =
            snprintf(text, sizeof text, "m f=%" PRIu64 " 1\n", ++bench->sent);
        struct journal_lines lines = {0, {text, (size_t)len}, 1};
        assert_true(journal_append(
            bench->journal,
            &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
            &ticket, NULL));
        assert_true(journal_commit(bench->journal, NULL));
    }
}

static void look(struct bench *bench)
{
    survey_close(&bench->survey);
    assert_true(survey_open(&bench->survey, &bench->disk->fs, dir, NULL));
}

static const char *segment(struct bench *bench, size_t n)
{
    return memory_disk_find(bench->disk, dir, ".lp", n);
}

/* stdout is a file while one of the two runs. */
static int own_stdout;

static void begin_listening(void)
{
    char path[] = "/tmp/moonline-said-XXXXXX";
    fflush(stdout);
    own_stdout = dup(STDOUT_FILENO);
    int fd = mkstemp(path);
    assert_true(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
    unlink(path);
    close(fd);
}

static void end_listening(struct bench *bench)
{
    fflush(stdout);
    ssize_t got = pread(STDOUT_FILENO, bench->said, SAID_BYTES - 1, 0);
    assert_int_equal(dup2(own_stdout, STDOUT_FILENO), STDOUT_FILENO);
    close(own_stdout);
    assert_true(got >= 0 && got < SAID_BYTES - 1);
    bench->said[got] = '\0';
}

static bool verify(struct bench *bench)
{
    begin_listening();
    bool is_fine = journal_verify("out", &bench->survey);
    end_listening(bench);
    return is_fine;
}

static enum journal_written write_from(struct bench *bench, uint64_t seq)
{
    begin_listening();
    enum journal_written written = journal_write("out", &bench->survey, seq);
    end_listening(bench);
    return written;
}

static void assert_said(const struct bench *bench, const char *words)
{
    if (!strstr(bench->said, words))
        fail_msg("\"%s\" is not in\n%s", words, bench->said);
}

/* Exactly these points, in order. */
static void assert_lines(const struct bench *bench, uint64_t first,
                         uint64_t last)
{
    struct buf wanted;
    buf_init(&wanted, SAID_BYTES);
    for (uint64_t number = first; number <= last; number++)
        buf_printf(&wanted, "m f=%" PRIu64 " 1\n", number);
    assert_text(text_of(bench->said), buf_string(&wanted));
    buf_deinit(&wanted);
}

static void all_that_is_there_is_fine(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 100);
    look(&bench);
    assert_true(verify(&bench));
    assert_said(&bench, " 100 points good, 0 acknowledged ones missing: fine");
    assert_int_equal(write_from(&bench, 1), JOURNAL_WRITTEN);
    assert_lines(&bench, 1, 100);
    assert_int_equal(write_from(&bench, 57), JOURNAL_WRITTEN);
    assert_lines(&bench, 57, 100);
    tear_down(&bench);
}

static void what_a_failed_write_left_is_told_and_not_given(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 2);
    bench.disk->fail_ops = DISK_SYNC | DISK_TRUNCATE;
    bench.disk->fail_count = 2;
    send_points(&bench, 2);
    look(&bench);
    assert_true(verify(&bench));
    assert_said(&bench, "    1 frames were left by a write that failed");
    assert_said(&bench, " 4 points good");
    assert_int_equal(write_from(&bench, 1), JOURNAL_WRITTEN);
    assert_lines(&bench, 1, 4);
    tear_down(&bench);
}

static void bytes_that_the_disk_denies_are_missed(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 40);
    look(&bench);
    uint64_t second = bench.survey.list.names[1].seq;
    bench.disk->fail_ops = DISK_READ;
    bench.disk->fail_count = 6; /* of the first: a chunk, then its one piece */
    assert_false(verify(&bench));
    assert_int_equal(bench.disk->fail_count, 0);
    assert_said(&bench, "    the disk does not give ");
    char words[100];
    snprintf(words, sizeof words,
             "    points 1 to %" PRIu64 " were acknowledged", second - 1);
    assert_said(&bench, words);
    tear_down(&bench);
}

/* A frame's own number tells, as far as its `durable` does. */
static void numbers_that_were_never_acknowledged_are_not_missed(void **state)
{
    (void)state;
    struct bench bench;
    struct segment_name name = {1, 5};
    struct frame frames[] = {{1, 0, 1, TEXT("m f=1 1\n")},
                             {3, 1, 1, TEXT("m f=3 1\n")},  /* 2 was torn */
                             {5, 4, 1, TEXT("m f=5 1\n")}}; /* 4 was not */
    struct buf bytes;
    char path[100], text[SEGMENT_NAME_BYTES];
    set_up(&bench);
    buf_init(&bytes, 1000);
    for (size_t i = 0; i < 3; i++)
        segment_append_frame(&bytes, name, &frames[i]);
    segment_name_write(name, text);
    snprintf(path, sizeof path, "%s/%s", dir, text);
    memory_disk_put(bench.disk, path, bytes.data, bytes.len);
    look(&bench);
    assert_false(verify(&bench));
    assert_said(&bench, "    points 4 to 4 were acknowledged");
    assert_said(&bench, " 3 points good, 1 acknowledged ones missing: DAMAGED");
    buf_deinit(&bytes);
    tear_down(&bench);
}

static void the_end_is_known_by_the_cursor(void **state)
{
    (void)state;
    struct bench bench;
    struct cursor cursor = {.seq = 4};
    set_up(&bench);
    send_points(&bench, 3);
    assert_true(
        segment_name_read(segment(&bench, 0) + sizeof dir, &cursor.segment));
    assert_true(cursor_write(&bench.disk->fs, dir, &cursor, NULL));
    size_t len;
    char *bytes = memory_disk_bytes(bench.disk, segment(&bench, 0), &len);
    bytes[len - 2] ^= 1;
    look(&bench);
    assert_false(verify(&bench));
    assert_said(&bench, "    points 3 to 3 were acknowledged");
    assert_null(strstr(bench.said, "torn"));
    cursor.seq = 3; /* the same byte, but nobody knows of it */
    assert_true(cursor_write(&bench.disk->fs, dir, &cursor, NULL));
    look(&bench);
    assert_true(verify(&bench));
    assert_said(&bench, "unreadable: a torn end, never acknowledged");
    tear_down(&bench);
}

static void segments_that_vanish_were_settled(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 200);
    for (int both = 0; both < 2; both++) {
        look(&bench);
        assert_true(bench.survey.list.count > 3);
        uint64_t third = bench.survey.list.names[2].seq;
        bench.disk->fs.unlink(&bench.disk->fs, segment(&bench, 0));
        bench.disk->fs.unlink(&bench.disk->fs, segment(&bench, 0));
        if (both == 0) {
            assert_true(verify(&bench));
            assert_said(&bench, " 0 acknowledged ones missing: fine");
        } else {
            assert_int_equal(write_from(&bench, 1), JOURNAL_WRITTEN);
            assert_lines(&bench, third, 200);
        }
    }
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_there_is_fine),
        cmocka_unit_test(what_a_failed_write_left_is_told_and_not_given),
        cmocka_unit_test(bytes_that_the_disk_denies_are_missed),
        cmocka_unit_test(numbers_that_were_never_acknowledged_are_not_missed),
        cmocka_unit_test(the_end_is_known_by_the_cursor),
        cmocka_unit_test(segments_that_vanish_were_settled),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
