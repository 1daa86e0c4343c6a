/* The small things that everything stands on: errors, notes, clocks, log,
 * files. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "log.h"
#include "notes.h"

static void an_error_is_a_sentence_with_a_kind(void **state)
{
    (void)state;
    struct error err = {.status = 418};
    assert_false(fail(&err, ERR_FULL, "%d of %d", 3, 4));
    assert_string_equal(err.text, "3 of 4");
    assert_int_equal(err.kind, ERR_FULL);
    assert_int_equal(err.status, 0);
    errno = ENOSPC;
    assert_false(fail_errno(&err, "writing %s", "x.lp"));
    assert_string_equal(err.text, "writing x.lp: No space left on device");
    assert_int_equal(err.kind, ERR_IO);
    assert_false(fail(NULL, ERR_IO, "nobody listens"));
}

static void equal_notes_are_kept_once(void **state)
{
    (void)state;
    struct notes notes;
    notes_init(&notes);
    note(&notes, NOTE_WARNING, "field %s is text", "temp");
    note(&notes, NOTE_WARNING, "field %s is text", "temp");
    note(&notes, NOTE_WARNING, "two\nlines");
    note(&notes, NOTE_LOG, "said");
    note(&notes, NOTE_LOG, "said");
    assert_text(buf_text(&notes.lines[NOTE_WARNING]),
                "field temp is text\ntwo lines\n");
    assert_text(buf_text(&notes.lines[NOTE_LOG]), "said\nsaid\n");
    note(NULL, NOTE_LOG, "nobody asked");
    notes_deinit(&notes);
}

static void no_two_receipts_share_a_time(void **state)
{
    (void)state;
    int64_t last = clock_stamp_ns();
    for (int i = 0; i < 100000; i++) {
        int64_t stamp = clock_stamp_ns();
        assert_true(stamp > last);
        last = stamp;
    }
}

static void a_time_is_shown_in_utc(void **state)
{
    (void)state;
    char out[CLOCK_TEXT_BYTES];
    clock_format(INT64_C(1767323045678000000), out);
    assert_string_equal(out, "2026-01-02T03:04:05.678Z");
    clock_format(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
}

/* What log_line wrote to stderr while it was a pipe. */
static void a_log_line_cannot_be_forged(void **state)
{
    (void)state;
    int ends[2], old = dup(STDERR_FILENO);
    char line[512] = "";
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_line(LOG_DEBUG, "test", "not shown");
    log_line(LOG_WARN, "test", "from %s", "x\n2026 error forged\x1b[2J");
    dup2(old, STDERR_FILENO);
    ssize_t len = read(ends[0], line, sizeof line - 1);
    assert_true(len > 0);
    assert_non_null(strstr(line, " warn test: from x\\n2026 error forged"
                                 "\\x1b[2J\n"));
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    close(old);
    close(ends[0]);
    close(ends[1]);
}

static void a_chatty_message_is_held_back(void **state)
{
    (void)state;
    static struct log_limit limit;
    uint64_t suppressed = 99;
    assert_true(log_may_say(&limit, 60000, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(log_may_say(&limit, 60000, &suppressed));
    assert_false(log_may_say(&limit, 60000, &suppressed));
    atomic_store(&limit.next_ns, 0);
    assert_true(log_may_say(&limit, 60000, &suppressed));
    assert_int_equal(suppressed, 2);
}

static void the_first_few_of_a_chatty_message_are_said(void **state)
{
    (void)state;
    static struct log_limit limit;
    uint64_t suppressed = 99;
    for (int i = 0; i < 3; i++) {
        assert_true(log_may_say_some(&limit, 3, 60000, &suppressed));
        assert_int_equal(suppressed, 0);
    }
    assert_false(log_may_say_some(&limit, 3, 60000, &suppressed));
    assert_false(log_may_say_some(&limit, 3, 60000, &suppressed));
    atomic_fetch_sub(&limit.next_ns, 60000 * NS_PER_MS);
    assert_true(log_may_say_some(&limit, 3, 60000, &suppressed));
    assert_int_equal(suppressed, 2);
    assert_false(log_may_say_some(&limit, 3, 60000, &suppressed));
}

static void what_was_not_said_is_counted_in_words(void **state)
{
    (void)state;
    static struct log_limit limit;
    char more[LOG_MORE_BYTES] = "before";
    assert_true(log_may_say(&limit, 60000, NULL));
    assert_string_equal(log_more(0, more), "");
    assert_string_equal(log_more(12, more), " (12 more like it)");
    assert_string_equal(log_more(UINT64_MAX, more),
                        " (18446744073709551615 more like it)");
}

static void folders_are_made_down_to_the_last(void **state)
{
    (void)state;
    struct error err;
    struct stat st;
    char top[] = "/tmp/moonline-ground-XXXXXX", path[200], file[160];
    assert_non_null(mkdtemp(top));
    snprintf(path, sizeof path, "%s/a/b/c", top);
    assert_true(file_make_dirs(&file_real, path, &err));
    assert_true(file_make_dirs(&file_real, path, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(file, sizeof file, "%.100s/x", path);
    int fd = open(file, O_WRONLY | O_CREAT, 0600);
    assert_true(file_write_all(&file_real, fd, "hello", 5, file, &err));
    close(fd);
    snprintf(path, sizeof path, "%s/y", file);
    assert_false(file_make_dirs(&file_real, path, &err));
    struct buf all;
    buf_init(&all, 5);
    assert_true(file_read(&file_real, file, &all, &err));
    assert_text(buf_text(&all), "hello");
    assert_false(file_read(&file_real, file, &all, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_false(file_read(&file_real, path, &all, &err));
    assert_int_equal(err.kind, ERR_IO);
    buf_deinit(&all);
    unlink(file);
    for (int i = 0; i < 4; i++) {
        static const char *const below[] = {"/a/b/c", "/a/b", "/a", ""};
        snprintf(path, sizeof path, "%s%s", top, below[i]);
        assert_int_equal(rmdir(path), 0);
    }
}

/* Nor is one that nobody writes to waited for. */
static void a_pipe_is_no_file(void **state)
{
    (void)state;
    struct error err;
    char path[] = "/tmp/moonline-ground-XXXXXX";
    struct buf all;
    buf_init(&all, 5);
    close(mkstemp(path));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(file_read(&file_real, path, &all, &err));
    assert_non_null(strstr(err.text, ": is not a file"));
    unlink(path);
    buf_deinit(&all);
}

static ssize_t three_bytes_at_a_time(const struct file_system *self, int fd,
                                     const void *bytes, size_t len)
{
    static bool was_interrupted;
    (void)self;
    was_interrupted = !was_interrupted;
    if (was_interrupted) {
        errno = EINTR;
        return -1;
    }
    return write(fd, bytes, len < 3 ? len : 3);
}

static void short_writes_are_carried_on(void **state)
{
    (void)state;
    struct file_system slow = file_real;
    slow.write = three_bytes_at_a_time;
    int ends[2];
    char got[16] = "";
    assert_int_equal(pipe(ends), 0);
    assert_true(file_write_all(&slow, ends[1], "0123456789", 10, "x", NULL));
    assert_int_equal(read(ends[0], got, sizeof got), 10);
    assert_string_equal(got, "0123456789");
    close(ends[0]);
    close(ends[1]);
}

static ssize_t nothing_at_all(const struct file_system *self, int fd,
                              const void *bytes, size_t len)
{
    (void)self;
    (void)fd;
    (void)bytes;
    (void)len;
    return 0;
}

static void a_write_of_nothing_ends(void **state)
{
    (void)state;
    struct file_system lazy = file_real;
    struct error err;
    lazy.write = nothing_at_all;
    assert_false(file_write_all(&lazy, 1, "0123456789", 10, "x", &err));
    assert_string_equal(err.text, "writing x: No space left on device");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_a_sentence_with_a_kind),
        cmocka_unit_test(equal_notes_are_kept_once),
        cmocka_unit_test(no_two_receipts_share_a_time),
        cmocka_unit_test(a_time_is_shown_in_utc),
        cmocka_unit_test(a_log_line_cannot_be_forged),
        cmocka_unit_test(a_chatty_message_is_held_back),
        cmocka_unit_test(the_first_few_of_a_chatty_message_are_said),
        cmocka_unit_test(what_was_not_said_is_counted_in_words),
        cmocka_unit_test(folders_are_made_down_to_the_last),
        cmocka_unit_test(short_writes_are_carried_on),
        cmocka_unit_test(a_write_of_nothing_ends),
        cmocka_unit_test(a_pipe_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
