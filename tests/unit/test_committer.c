/* The committer's pause on a slow disk: long enough that the senders of the
 * last group are back, and never longer than it may be. */
#include "unit.h"

#include <time.h>

#include "clock.h"
#include "error.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"

static const char *const outputs[] = {"out"};
static struct file_system own;
static int64_t sync_takes_ns; /* changed only while nothing is committed */
static _Atomic int64_t written_at_ns;

static ssize_t noting_write(const struct file_system *fs, int fd,
                            const void *bytes, size_t len)
{
    written_at_ns = clock_mono_ns();
    return own.write(fs, fd, bytes, len);
}

static int slow_sync(const struct file_system *fs, int fd)
{
    struct timespec time = {.tv_nsec = (long)sync_takes_ns};
    nanosleep(&time, NULL);
    return own.fdatasync(fs, fd);
}

struct bench {
    struct memory_disk *disk;
    struct journal *journal;
    uint64_t sent;
};

static void set_up(struct bench *bench)
{
    struct error err;
    *bench = (struct bench){.disk = memory_disk_new(1)};
    own = bench->disk->fs;
    bench->disk->fs.write = noting_write;
    bench->disk->fs.fdatasync = slow_sync;
    struct journal_options options = {.dir = "/d/journal",
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_bytes = 1 << 30,
                                      .fs = &bench->disk->fs};
    bench->journal = journal_open(&options, &err);
    if (!bench->journal || !journal_start(bench->journal, &err))
        fail_msg("%s", err.text);
}

static void tear_down(struct bench *bench)
{
    journal_close(bench->journal);
    memory_disk_free(bench->disk);
}

/* Sends a point and waits for it; the time from the kick to the write. */
static int64_t pause_ns(struct bench *bench)
{
    enum { PATIENCE_MS = 60000 };
    uint64_t ticket, seq = ++bench->sent;
    struct journal_lines lines = {0, TEXT("m f=1 1\n"), 1};
    assert_true(journal_append(
        bench->journal,
        &(struct journal_entry){.lines = &lines, .line_count = 1}, -1, &ticket,
        NULL));
    int64_t start_ns = clock_mono_ns();
    journal_kick(bench->journal);
    assert_int_equal(journal_durable(bench->journal, 0, seq, PATIENCE_MS),
                     seq + 1);
    assert_int_equal(journal_ticket(bench->journal, ticket), TICKET_DURABLE);
    return written_at_ns - start_ns;
}

/* The least of several: the machine may be busy, but not each time. */
static int64_t least_pause_ns(struct bench *bench)
{
    enum { TIMES = 5 };
    int64_t least = INT64_MAX;
    for (int i = 0; i < TIMES; i++) {
        int64_t pause = pause_ns(bench);
        least = pause < least ? pause : least;
    }
    return least;
}

static void it_waits_an_eighth_of_a_slow_sync(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    sync_takes_ns = 16 * NS_PER_MS;
    pause_ns(&bench); /* nothing is known of the disk yet */
    int64_t least = least_pause_ns(&bench);
    assert_true(least >= 2 * NS_PER_MS);
    assert_true(least < 16 * NS_PER_MS);
    tear_down(&bench);
}

static void it_never_waits_long(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    sync_takes_ns = 200 * NS_PER_MS;
    pause_ns(&bench);
    int64_t least = least_pause_ns(&bench);
    assert_true(least >= 5 * NS_PER_MS);
    assert_true(least < 25 * NS_PER_MS); /* the eighth */
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_waits_an_eighth_of_a_slow_sync),
        cmocka_unit_test(it_never_waits_long),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
