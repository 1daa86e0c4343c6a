/* Lines in a file, over short writes, full disks and slow readers. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "file.h"
#include "outfile.h"

/* A disk that does on order what real ones do on their own. */
struct disk {
    struct file_system fs;
    int writes_left; /* until one fails; -1: none does */
    int syncs_left;
    size_t most; /* bytes that one write takes */
};

static ssize_t ordered_write(const struct file_system *self, int fd,
                             const void *bytes, size_t len)
{
    struct disk *disk = self->disk;
    if (disk->writes_left == 0) {
        disk->writes_left = -1;
        errno = ENOSPC;
        return -1;
    }
    if (disk->writes_left > 0)
        disk->writes_left--;
    return file_real.write(self, fd, bytes,
                           len < disk->most ? len : disk->most);
}

static int ordered_fdatasync(const struct file_system *self, int fd)
{
    struct disk *disk = self->disk;
    if (disk->syncs_left-- == 0) {
        errno = EIO;
        return -1;
    }
    return file_real.fdatasync(self, fd);
}

struct fixture {
    char folder[64];
    char path[80];
    struct disk disk;
    struct outfile *outfile;
    struct error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/test_outfile.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/lines", f->folder);
    f->disk.fs = file_real;
    f->disk.fs.write = ordered_write;
    f->disk.fs.fdatasync = ordered_fdatasync;
    f->disk.fs.disk = &f->disk;
    f->disk.writes_left = f->disk.syncs_left = -1;
    f->disk.most = SIZE_MAX;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    outfile_close(f->outfile);
    unlink(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void open_it(struct fixture *f)
{
    struct outfile_options options = {.path = f->path, .fs = &f->disk.fs};
    outfile_close(f->outfile);
    f->outfile = outfile_open(&options, &f->err);
    assert_non_null(f->outfile);
}

static void assert_holds(struct fixture *f, const char *expected)
{
    struct buf all;
    buf_init(&all, 1 << 20);
    assert_true(file_read(&file_real, f->path, &all, NULL));
    assert_text(buf_text(&all), expected);
    buf_deinit(&all);
}

static void lines_are_appended(void **state)
{
    struct fixture *f = *state;
    open_it(f);
    assert_true(outfile_write(f->outfile, TEXT("a v=1 1\n"), &f->err));
    assert_true(outfile_write(f->outfile, TEXT("b v=2 2\n"), &f->err));
    open_it(f);
    assert_true(outfile_write(f->outfile, TEXT("c v=3 3\n"), &f->err));
    assert_holds(f, "a v=1 1\nb v=2 2\nc v=3 3\n");
}

static void short_writes_are_continued(void **state)
{
    struct fixture *f = *state;
    open_it(f);
    f->disk.most = 3;
    assert_true(outfile_write(f->outfile, TEXT("a v=1 1\nb v=2 2\n"), NULL));
    assert_holds(f, "a v=1 1\nb v=2 2\n");
}

/* The disk fills up at each write in turn; the same lines again do it. */
static void a_failed_write_goes_on_where_it_ended(void **state)
{
    struct fixture *f = *state;
    struct text lines = TEXT("a v=1 1\nb v=2 2\n");
    for (int nth = 0; nth < 6; nth++) {
        unlink(f->path);
        open_it(f);
        f->disk.most = 3;
        f->disk.writes_left = nth;
        assert_false(outfile_write(f->outfile, lines, &f->err));
        assert_int_equal(f->err.kind, ERR_IO);
        assert_non_null(strstr(f->err.text, f->path));
        assert_true(outfile_write(f->outfile, lines, &f->err));
        assert_true(outfile_write(f->outfile, TEXT("c v=3 3\n"), &f->err));
        assert_holds(f, "a v=1 1\nb v=2 2\nc v=3 3\n");
    }
}

static void what_was_not_synced_is_written_again(void **state)
{
    struct fixture *f = *state;
    open_it(f);
    f->disk.syncs_left = 0;
    assert_false(outfile_write(f->outfile, TEXT("a v=1 1\n"), &f->err));
    assert_non_null(strstr(f->err.text, "syncing"));
    assert_true(outfile_write(f->outfile, TEXT("a v=1 1\n"), &f->err));
    assert_holds(f, "a v=1 1\na v=1 1\n"); /* the first may not be there */
}

static void a_half_line_gets_its_newline(void **state)
{
    struct fixture *f = *state;
    int fd = open(f->path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "a v=1 1\nb v", 11), 11);
    close(fd);
    open_it(f);
    assert_true(outfile_write(f->outfile, TEXT("c v=3 3\n"), &f->err));
    assert_holds(f, "a v=1 1\nb v\nc v=3 3\n");
}

static void a_file_that_cannot_be_is_told(void **state)
{
    struct fixture *f = *state;
    struct outfile_options options = {.path = f->folder};
    assert_null(outfile_open(&options, &f->err));
    assert_int_equal(f->err.kind, ERR_IO);
    assert_non_null(strstr(f->err.text, f->folder));
}

/* ---- a pipe whose reader is slow ---- */

struct slow {
    struct outfile *outfile;
    struct text lines;
    bool is_written;
    struct error err;
};

static void *write_slowly(void *context)
{
    struct slow *slow = context;
    slow->is_written = outfile_write(slow->outfile, slow->lines, &slow->err);
    return NULL;
}

/* Opens the write end of a pipe by its name under /proc. */
static struct outfile *open_pipe(int fds[2], const atomic_bool *stopping)
{
    char path[64];
    assert_int_equal(pipe(fds), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fds[1]);
    struct outfile_options options = {.path = path, .stopping = stopping};
    struct outfile *outfile = outfile_open(&options, NULL);
    assert_non_null(outfile);
    return outfile;
}

static void a_slow_reader_gets_it_all(void **state)
{
    enum { LEN = 300000 }; /* far more than a pipe holds */
    int fds[2];
    atomic_bool stopping = false;
    pthread_t thread;
    char *lines = xcalloc(LEN, 1), *got = xcalloc(LEN, 1);
    (void)state;
    for (int i = 0; i < LEN; i++)
        lines[i] = (char)('a' + i % 26);
    struct slow slow = {.outfile = open_pipe(fds, &stopping),
                        .lines = {lines, LEN}};
    pthread_create(&thread, NULL, write_slowly, &slow);
    for (ssize_t used = 0; used < LEN;) {
        ssize_t len = read(fds[0], got + used, 7000);
        assert_true(len > 0);
        used += len;
    }
    pthread_join(thread, NULL);
    assert_true(slow.is_written);
    assert_memory_equal(got, lines, LEN);
    outfile_close(slow.outfile);
    close(fds[0]);
    close(fds[1]);
    free(lines);
    free(got);
}

static void stopping_ends_a_write_that_nobody_reads(void **state)
{
    enum { LEN = 300000 };
    int fds[2];
    char first;
    atomic_bool stopping = false;
    pthread_t thread;
    (void)state;
    struct slow slow = {.outfile = open_pipe(fds, &stopping),
                        .lines = {xcalloc(LEN, 1), LEN}};
    pthread_create(&thread, NULL, write_slowly, &slow);
    assert_int_equal(read(fds[0], &first, 1), 1); /* it has begun */
    atomic_store(&stopping, true);
    pthread_join(thread, NULL);
    assert_false(slow.is_written);
    assert_non_null(strstr(slow.err.text, "broken off"));
    outfile_close(slow.outfile);
    close(fds[0]);
    close(fds[1]);
    free((char *)slow.lines.at);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(lines_are_appended),
        ROW(short_writes_are_continued),
        ROW(a_failed_write_goes_on_where_it_ended),
        ROW(what_was_not_synced_is_written_again),
        ROW(a_half_line_gets_its_newline),
        ROW(a_file_that_cannot_be_is_told),
        cmocka_unit_test(a_slow_reader_gets_it_all),
        cmocka_unit_test(stopping_ends_a_write_that_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
