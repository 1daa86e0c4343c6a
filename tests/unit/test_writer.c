/* The writer where the disk says no: at the lock, in recovery, at each step of
 * a commit. And the cursor, the reader and the loader where it says no to them.
 * What the memory disk cannot refuse by itself is refused by a function put in
 * its table for the test. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "cursor.h"
#include "error.h"
#include "log.h"
#include "memory_disk.h"
#include "reader.h"
#include "stats.h"
#include "writer.h"

static const char dir[] = "/d/out";

/* The disk's own table, and how many calls from now on fail, and how. */
static struct file_system own;
static int refusals;
static int refusal_errno;

static bool refuses(void)
{
    if (refusals == 0)
        return false;
    refusals--;
    errno = refusal_errno;
    return true;
}

static void refuse(int count, int code)
{
    refusals = count;
    refusal_errno = code;
}

static int refusing_lock(const struct file_system *fs, int fd)
{
    return refuses() ? -1 : own.lock(fs, fd);
}

static int refusing_open(const struct file_system *fs, const char *path,
                         int flags, mode_t mode)
{
    bool is_segment = text_ends_with(text_of(path), TEXT(".lp"));
    return is_segment && refuses() ? -1 : own.open(fs, path, flags, mode);
}

static int refusing_fstat(const struct file_system *fs, int fd, struct stat *st)
{
    return refuses() ? -1 : own.fstat(fs, fd, st);
}

static int refusing_stat(const struct file_system *fs, const char *path,
                         struct stat *st)
{
    bool is_segment = text_ends_with(text_of(path), TEXT(".lp"));
    return is_segment && refuses() ? -1 : own.stat(fs, path, st);
}

static int refusing_close(const struct file_system *fs, int fd)
{
    int result = own.close(fs, fd);
    return refuses() ? -1 : result;
}

static ssize_t refusing_pread(const struct file_system *fs, int fd, void *bytes,
                              size_t len, off_t offset)
{
    return refuses() ? -1 : own.pread(fs, fd, bytes, len, offset);
}

static int longer_fstat(const struct file_system *fs, int fd, struct stat *st)
{
    int result = own.fstat(fs, fd, st);
    st->st_size += 1000;
    return result;
}

static char synced_dirs[200];

static int noting_sync_dir(const struct file_system *fs, const char *path)
{
    (void)fs;
    size_t len = strlen(synced_dirs);
    snprintf(synced_dirs + len, sizeof synced_dirs - len, "%s;", path);
    return 0;
}

struct bench {
    struct memory_disk *disk;
    struct writer_options options;
    struct writer writer;
    struct error err;
};

static void set_up(struct bench *bench)
{
    *bench = (struct bench){.disk = memory_disk_new(1)};
    own = bench->disk->fs;
    refuse(0, 0);
    bench->options = (struct writer_options){
        .fs = &bench->disk->fs, .dir = dir, .segment_bytes = 1000};
}

static void start(struct bench *bench)
{
    if (!writer_open(&bench->writer, &bench->options, &bench->err))
        fail_msg("%s", bench->err.text);
}

static void tear_down(struct bench *bench)
{
    assert_int_equal(refusals, 0); /* what was ordered did happen */
    writer_close(&bench->writer);
    memory_disk_free(bench->disk);
}

static bool commit(struct bench *bench)
{
    return writer_commit(&bench->writer, TEXT("m f=1 1\nm f=2 2\n"),
                         &bench->err);
}

static void assert_says(const struct bench *bench, enum error_kind kind,
                        const char *words)
{
    assert_int_equal(bench->err.kind, kind);
    if (!strstr(bench->err.text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, bench->err.text);
}

static const char *segment(struct bench *bench, size_t n)
{
    return memory_disk_find(bench->disk, dir, ".lp", n);
}

static size_t segment_count(struct bench *bench)
{
    size_t count = 0;
    while (segment(bench, count))
        count++;
    return count;
}

/* ---- opening ---- */

static void a_lock_that_fails_is_not_another_process(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.disk->fs.lock = refusing_lock;
    refuse(1, ENOLCK);
    assert_false(writer_open(&bench.writer, &bench.options, &bench.err));
    assert_says(&bench, ERR_IO, "locking /d/out/lock: No locks available");
    start(&bench);
    tear_down(&bench);
}

static void a_lock_without_a_pid_is_a_lock(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_true(file_make_dirs(&bench.disk->fs, dir, NULL));
    int fd = own.open(&bench.disk->fs, "/d/out/lock", O_RDWR | O_CREAT, 0600);
    assert_int_equal(own.lock(&bench.disk->fs, fd), 0);
    assert_false(writer_open(&bench.writer, &bench.options, &bench.err));
    assert_says(&bench, ERR_CONFIG, "(pid unknown) writes to /d/out");
    own.close(&bench.disk->fs, fd);
    start(&bench);
    tear_down(&bench);
}

static void a_lock_is_held_though_the_disk_takes_no_pid(void **state)
{
    (void)state;
    struct bench bench, other;
    set_up(&bench);
    bench.disk->fail_ops = DISK_WRITE;
    bench.disk->fail_count = 1;
    start(&bench);
    assert_int_equal(bench.disk->fail_count, 0);
    other = bench;
    assert_false(writer_open(&other.writer, &other.options, &other.err));
    assert_says(&other, ERR_CONFIG, "another process");
    tear_down(&bench);
}

static void every_call_that_opening_needs_may_fail(void **state)
{
    (void)state;
    static const unsigned ops[] = {DISK_MKDIR, DISK_SYNC_DIR, DISK_CREATE};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct bench bench;
        set_up(&bench);
        bench.disk->fail_ops = ops[i];
        bench.disk->fail_count = 1;
        assert_false(writer_open(&bench.writer, &bench.options, &bench.err));
        assert_int_equal(bench.err.kind, ERR_IO);
        assert_int_equal(bench.disk->fail_count, 0);
        start(&bench);
        assert_true(commit(&bench));
        tear_down(&bench);
    }
}

/* Starting at 1 again would overrule what it holds. */
static void a_newest_segment_that_does_not_open_stops_the_start(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    start(&bench);
    assert_true(commit(&bench));
    writer_close(&bench.writer);
    bench.disk->fs.open = refusing_open;
    refuse(1, EMFILE);
    assert_false(writer_open(&bench.writer, &bench.options, &bench.err));
    assert_says(&bench, ERR_IO, "opening /d/out/");
    start(&bench);
    assert_int_equal(bench.writer.next_seq, 3);
    tear_down(&bench);
}

static void a_folder_here_has_the_working_directory_above(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.options.dir = "out";
    bench.disk->fs.sync_dir = noting_sync_dir;
    synced_dirs[0] = '\0';
    start(&bench);
    assert_true(text_ends_with(text_of(synced_dirs), TEXT(";.;")));
    tear_down(&bench);
}

static void frames_that_were_not_synced_are_at_the_start(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.options.is_unsynced = true;
    start(&bench);
    assert_true(commit(&bench));
    writer_close(&bench.writer);
    bench.options.is_unsynced = false;
    start(&bench); /* the process was killed, not the machine */
    writer_close(&bench.writer);
    memory_disk_cut_power(bench.disk);
    start(&bench);
    assert_int_equal(bench.writer.next_seq, 3);
    tear_down(&bench);
}

static void an_unsynced_writer_asks_for_no_sync(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_true(file_make_dirs(&bench.disk->fs, dir, NULL));
    bench.options.is_unsynced = true;
    bench.disk->fail_ops = DISK_SYNC | DISK_SYNC_DIR;
    bench.disk->fail_count = 1;
    start(&bench);
    assert_true(commit(&bench));
    assert_int_equal(bench.disk->fail_count, 1);
    tear_down(&bench);
}

/* ---- a commit ---- */

static void each_step_may_fail_once_and_nobody_notices(void **state)
{
    (void)state;
    static const unsigned ops[] = {DISK_CREATE, DISK_WRITE, DISK_SYNC,
                                   DISK_SYNC_DIR};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct bench bench;
        set_up(&bench);
        start(&bench);
        bench.disk->fail_ops = ops[i];
        bench.disk->fail_count = 1;
        assert_true(commit(&bench));
        assert_int_equal(bench.disk->fail_count, 0);
        assert_int_equal(bench.writer.next_seq, 3);
        assert_int_equal(segment_count(&bench), 1);
        memory_disk_cut_power(bench.disk);
        writer_close(&bench.writer);
        start(&bench);
        assert_int_equal(bench.writer.next_seq, 3);
        tear_down(&bench);
    }
}

static void each_step_may_fail_twice_and_the_numbers_come_again(void **state)
{
    (void)state;
    static const unsigned ops[] = {DISK_CREATE, DISK_WRITE, DISK_SYNC,
                                   DISK_SYNC_DIR};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct bench bench;
        set_up(&bench);
        start(&bench);
        bench.disk->fail_ops = ops[i];
        bench.disk->fail_count = 2;
        assert_false(commit(&bench));
        assert_int_equal(bench.err.kind, ERR_IO);
        assert_int_equal(bench.writer.next_seq, 1);
        assert_true(commit(&bench));
        assert_int_equal(bench.writer.next_seq, 3);
        tear_down(&bench);
    }
}

static void a_new_segment_that_cannot_be_looked_at_is_given_up(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    start(&bench);
    bench.disk->fs.fstat = refusing_fstat;
    refuse(2, EIO);
    assert_false(commit(&bench));
    assert_says(&bench, ERR_IO, "looking at /d/out/");
    assert_int_equal(segment_count(&bench), 0);
    assert_true(commit(&bench));
    assert_int_equal(segment_count(&bench), 1);
    tear_down(&bench);
}

static void a_path_that_cannot_be_looked_at_is_given_up(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    start(&bench);
    assert_true(commit(&bench));
    bench.disk->fs.stat = refusing_stat;
    refuse(1, EACCES);
    assert_true(commit(&bench)); /* in a new one */
    assert_int_equal(segment_count(&bench), 2);
    assert_int_equal(bench.writer.next_seq, 5);
    tear_down(&bench);
}

static void a_segment_that_was_replaced_is_not_written_to(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    start(&bench);
    assert_true(commit(&bench));
    char *path = xstrdup(segment(&bench, 0));
    own.rename(&bench.disk->fs, path, "/d/out/copied");
    memory_disk_put(bench.disk, path, "#seg 1", 6);
    assert_true(commit(&bench));
    assert_int_equal(segment_count(&bench), 2);
    free(path);
    tear_down(&bench);
}

static void quotas_are_a_full_disk(void **state)
{
    (void)state;
    static const int codes[] = {ENOSPC, EDQUOT, EFBIG, EIO};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct bench bench;
        set_up(&bench);
        start(&bench);
        bench.disk->fail_ops = DISK_WRITE;
        bench.disk->fail_count = 2;
        bench.disk->fail_errno = codes[i];
        assert_false(commit(&bench));
        assert_true(bench.writer.is_out_of_space == (codes[i] != EIO));
        tear_down(&bench);
    }
}

/* Else its name would sort before one that it must overrule. */
static void segments_at_one_number_run_out_with_a_word(void **state)
{
    (void)state;
    struct bench bench;
    char path[100], name[SEGMENT_NAME_BYTES];
    struct segment_name last = {1, UINT64_C(0xffff) << 48 | 7};
    set_up(&bench);
    assert_true(file_make_dirs(&bench.disk->fs, dir, NULL));
    segment_name_write(last, name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    memory_disk_put(bench.disk, path, "#f", 2);
    start(&bench);
    assert_false(commit(&bench));
    assert_says(&bench, ERR_IO, "65535 segments start at 1");
    assert_int_equal(segment_count(&bench), 1);
    tear_down(&bench);
}

/* ---- the cursor ---- */

static const struct cursor old_cursor = {5, {3, 99}};
static const struct cursor new_cursor = {7, {3, 99}};

static void assert_old_cursor(struct bench *bench)
{
    struct cursor found;
    assert_true(cursor_read(&bench->disk->fs, dir, &found));
    assert_int_equal(found.seq, 5);
    assert_int_equal(found.segment.salt, 99);
}

static void a_cursor_that_is_not_written_whole_changes_nothing(void **state)
{
    (void)state;
    static const unsigned ops[] = {DISK_WRITE, DISK_RENAME};
    struct bench bench;
    set_up(&bench);
    start(&bench);
    const struct file_system *fs = &bench.disk->fs;
    assert_true(cursor_write(fs, dir, &old_cursor, NULL));
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        bench.disk->fail_ops = ops[i];
        bench.disk->fail_count = 1;
        assert_false(cursor_write(fs, dir, &new_cursor, &bench.err));
        assert_says(&bench, ERR_IO, "/d/out/cursor.new");
        assert_int_equal(bench.disk->fail_count, 0);
        assert_old_cursor(&bench);
    }
    bench.disk->fs.close = refusing_close;
    refuse(1, EDQUOT); /* network disks tell it there */
    assert_false(cursor_write(fs, dir, &new_cursor, &bench.err));
    assert_says(&bench, ERR_IO, "closing /d/out/cursor.new");
    assert_old_cursor(&bench);
    tear_down(&bench);
}

static void a_cursor_before_its_own_segment_is_none(void **state)
{
    (void)state;
    struct bench bench;
    struct cursor cursor = {2, {3, 99}}, found;
    set_up(&bench);
    start(&bench);
    assert_true(cursor_write(&bench.disk->fs, dir, &cursor, NULL));
    assert_false(cursor_read(&bench.disk->fs, dir, &found));
    tear_down(&bench);
}

/* ---- reading ---- */

static void begin_reading(struct bench *bench, struct reader *reader)
{
    struct segment_name name;
    set_up(bench);
    start(bench);
    assert_true(commit(bench) && commit(bench) && commit(bench));
    assert_true(segment_name_read(segment(bench, 0) + sizeof dir, &name));
    reader_init(reader, &bench->disk->fs, dir, name);
}

static void a_reader_is_not_disturbed_by_signals(void **state)
{
    (void)state;
    struct bench bench;
    struct reader reader;
    struct frame frame;
    begin_reading(&bench, &reader);
    bench.disk->fs.pread = refusing_pread;
    refuse(3, EINTR);
    assert_int_equal(reader_peek(&reader, 1, &frame, &bench.err), READER_FRAME);
    assert_text(frame.lines, "m f=1 1\nm f=2 2\n");
    reader_deinit(&reader);
    tear_down(&bench);
}

static void a_damaged_segment_that_vanishes_has_no_more(void **state)
{
    (void)state;
    struct bench bench;
    struct reader reader;
    struct frame frame;
    begin_reading(&bench, &reader);
    assert_int_equal(reader_peek(&reader, 1, &frame, &bench.err), READER_FRAME);
    reader_refresh(&reader); /* from here on it reads the second */
    size_t len;
    char *bytes = memory_disk_bytes(bench.disk, segment(&bench, 0), &len);
    *(char *)memmem(bytes, len, "#f 3 ", 5) = 'x';
    own.unlink(&bench.disk->fs, segment(&bench, 0));
    assert_int_equal(reader_peek(&reader, 3, &frame, &bench.err), READER_END);
    reader_deinit(&reader);
    tear_down(&bench);
}

static void a_loader_says_what_it_cannot_do(void **state)
{
    (void)state;
    struct bench bench;
    struct buf small, whole;
    size_t unread;
    set_up(&bench);
    start(&bench);
    assert_true(commit(&bench));
    const struct file_system *fs = &bench.disk->fs;
    buf_init(&small, 10);
    buf_init(&whole, SEGMENT_MAX_BYTES);
    assert_false(
        segment_load(fs, segment(&bench, 0), &small, NULL, &bench.err));
    assert_says(&bench, ERR_TOO_LARGE, "no memory for");
    bench.disk->fs.fstat = refusing_fstat;
    refuse(1, EIO);
    assert_false(
        segment_load(fs, segment(&bench, 0), &whole, &unread, &bench.err));
    assert_says(&bench, ERR_IO, "asking for the size of /d/out/");
    buf_deinit(&small);
    buf_deinit(&whole);
    tear_down(&bench);
}

/* Cut back by the writer between our two looks. */
static void a_file_that_shrinks_is_loaded_as_far_as_it_goes(void **state)
{
    (void)state;
    struct bench bench;
    struct buf whole;
    size_t len, unread;
    set_up(&bench);
    start(&bench);
    assert_true(commit(&bench));
    const struct file_system *fs = &bench.disk->fs;
    const char *bytes = memory_disk_bytes(bench.disk, segment(&bench, 0), &len);
    bench.disk->fs.fstat = longer_fstat;
    buf_init(&whole, SEGMENT_MAX_BYTES);
    assert_true(segment_load(fs, segment(&bench, 0), &whole, NULL, NULL));
    assert_int_equal(whole.len, len);
    bench.disk->fs.pread = refusing_pread;
    refuse(3, EIO); /* then it is read in pieces, and each is given */
    assert_true(segment_load(fs, segment(&bench, 0), &whole, &unread, NULL));
    assert_int_equal(whole.len, len);
    assert_int_equal(unread, 0);
    assert_memory_equal(whole.data, bytes, len);
    buf_deinit(&whole);
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_that_fails_is_not_another_process),
        cmocka_unit_test(a_lock_without_a_pid_is_a_lock),
        cmocka_unit_test(a_lock_is_held_though_the_disk_takes_no_pid),
        cmocka_unit_test(every_call_that_opening_needs_may_fail),
        cmocka_unit_test(a_newest_segment_that_does_not_open_stops_the_start),
        cmocka_unit_test(a_folder_here_has_the_working_directory_above),
        cmocka_unit_test(frames_that_were_not_synced_are_at_the_start),
        cmocka_unit_test(an_unsynced_writer_asks_for_no_sync),
        cmocka_unit_test(each_step_may_fail_once_and_nobody_notices),
        cmocka_unit_test(each_step_may_fail_twice_and_the_numbers_come_again),
        cmocka_unit_test(a_new_segment_that_cannot_be_looked_at_is_given_up),
        cmocka_unit_test(a_path_that_cannot_be_looked_at_is_given_up),
        cmocka_unit_test(a_segment_that_was_replaced_is_not_written_to),
        cmocka_unit_test(quotas_are_a_full_disk),
        cmocka_unit_test(segments_at_one_number_run_out_with_a_word),
        cmocka_unit_test(a_cursor_that_is_not_written_whole_changes_nothing),
        cmocka_unit_test(a_cursor_before_its_own_segment_is_none),
        cmocka_unit_test(a_reader_is_not_disturbed_by_signals),
        cmocka_unit_test(a_damaged_segment_that_vanishes_has_no_more),
        cmocka_unit_test(a_loader_says_what_it_cannot_do),
        cmocka_unit_test(a_file_that_shrinks_is_loaded_as_far_as_it_goes),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
