/* What the relay is given: all that is durable, in order, over restarts,
 * damage and failing disks; and what becomes of settled segments. */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "clock.h"
#include "cursor.h"
#include "error.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"
#include "stats.h"
#include "tail.h"

static const char *const outputs[] = {"out"};
static const char dir[] = "/d/journal/out";
static int64_t now_ns;

static int64_t test_clock(void)
{
    return now_ns;
}

struct bench {
    struct memory_disk *disk;
    struct journal *journal;
    struct tail *tail;
    struct buf lines;
    uint64_t seq; /* of the last frame */
    uint32_t points;
    struct error err;
    uint64_t sent;
    uint64_t keep_ns;
};

static void start(struct bench *bench)
{
    struct journal_options options = {.dir = "/d/journal",
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_bytes = 1 << 30,
                                      .fs = &bench->disk->fs,
                                      .segment_bytes = 1000,
                                      .mono_ns = test_clock};
    bench->journal = journal_open(&options, &bench->err);
    assert_non_null(bench->journal);
    struct tail_options tail_options = {.journal = bench->journal,
                                        .fs = &bench->disk->fs,
                                        .keep_ns = bench->keep_ns,
                                        .mono_ns = test_clock};
    bench->tail = tail_open(&tail_options, &bench->err);
    assert_non_null(bench->tail);
}

static void set_up(struct bench *bench)
{
    *bench = (struct bench){.disk = memory_disk_new(1)};
    buf_init(&bench->lines, 1 << 20);
    start(bench);
}

static void stop(struct bench *bench)
{
    tail_close(bench->tail);
    journal_close(bench->journal);
}

static void tear_down(struct bench *bench)
{
    stop(bench);
    buf_deinit(&bench->lines);
    memory_disk_free(bench->disk);
}

static void restart(struct bench *bench)
{
    stop(bench);
    start(bench);
}

/* As after kill -9: nothing is written at the end. */
static void kill_and_start(struct bench *bench)
{
    bench->disk->is_off = true;
    stop(bench);
    memory_disk_kill(bench->disk);
    start(bench);
}

/* Frames of one point each; a segment takes about thirty. */
static void send_points(struct bench *bench, unsigned count)
{
    char line[100];
    while (count-- > 0) {
        uint64_t ticket, number = ++bench->sent;
        int len = snprintf(line, sizeof line, "m f=%" PRIu64 " 1\n", number);
        struct journal_lines lines = {0, {line, (size_t)len}, 1};
        assert_true(journal_append(
            bench->journal,
            &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
            &ticket, NULL));
        assert_true(journal_commit(bench->journal, NULL));
    }
}

static bool next(struct bench *bench)
{
    buf_clear(&bench->lines);
    return tail_next(bench->tail, 0, &bench->lines, &bench->seq, &bench->points,
                     &bench->err);
}

static bool next_is(struct bench *bench, uint64_t number)
{
    char line[100];
    snprintf(line, sizeof line, "m f=%" PRIu64 " 1\n", number);
    return next(bench) && bench->seq == number
           && text_equal(buf_text(&bench->lines), text_of(line));
}

/* From there to the last one, and then nothing. */
static void assert_rest(struct bench *bench, uint64_t first)
{
    for (uint64_t number = first; number <= bench->sent; number++)
        if (!next_is(bench, number))
            fail_msg("wanted %" PRIu64 ", got %" PRIu64 " \"%.*s\" %s", number,
                     bench->seq, TEXT_ARG(buf_text(&bench->lines)),
                     bench->err.text);
    assert_false(next(bench));
    assert_int_equal(bench->err.kind, ERR_NONE);
}

static void settle(struct bench *bench, uint64_t seq)
{
    now_ns += 2 * NS_PER_S;
    tail_settle(bench->tail, seq);
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

/* Flips a bit in the line of that point. */
static void damage(struct bench *bench, uint64_t number)
{
    char line[100];
    snprintf(line, sizeof line, "\nm f=%" PRIu64 " 1\n", number);
    for (size_t i = 0; segment(bench, i); i++) {
        size_t len;
        char *bytes = memory_disk_bytes(bench->disk, segment(bench, i), &len);
        char *at = memmem(bytes, len, line, strlen(line));
        if (at) {
            at[4] ^= 0x40;
            return;
        }
    }
    fail_msg("point %" PRIu64 " is in no segment", number);
}

static void frames_come_in_order_over_segments(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 100);
    assert_true(segment_count(&bench) > 3);
    assert_int_equal(tail_pending(bench.tail), 100);
    assert_rest(&bench, 1);
    send_points(&bench, 3);
    assert_rest(&bench, 101);
    tear_down(&bench);
}

static void what_is_not_settled_comes_again(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 50);
    assert_rest(&bench, 1);
    settle(&bench, 31);
    assert_int_equal(tail_pending(bench.tail), 20);
    kill_and_start(&bench);
    assert_int_equal(tail_pending(bench.tail), 20);
    assert_rest(&bench, 31);
    restart(&bench);
    assert_rest(&bench, 31);
    tear_down(&bench);
}

static void the_cursor_is_written_once_a_second(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 50);
    assert_rest(&bench, 1);
    settle(&bench, 11);
    unsigned before = bench.disk->op_count;
    for (uint64_t seq = 12; seq < 40; seq++)
        tail_settle(bench.tail, seq);
    assert_int_equal(bench.disk->op_count, before);
    now_ns += NS_PER_S;
    assert_false(next(&bench)); /* asking for more is enough */
    kill_and_start(&bench);
    assert_rest(&bench, 39);
    tear_down(&bench);
}

static void a_crash_loop_gets_on_though_each_life_is_short(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 50);
    for (uint64_t first = 1; first < 50; first += 10) {
        while (next(&bench) && bench.seq < first + 9)
            continue;
        tail_settle(bench.tail, first + 10); /* no second goes by */
        kill_and_start(&bench);
    }
    assert_false(next(&bench));
    tear_down(&bench);
}

static void settled_segments_are_deleted_and_released(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    struct journal_status status;
    send_points(&bench, 100);
    size_t segments = segment_count(&bench);
    assert_rest(&bench, 1);
    assert_int_equal(segment_count(&bench), segments);
    settle(&bench, 50);
    assert_true(segment_count(&bench) < segments);
    settle(&bench, 101);
    assert_int_equal(segment_count(&bench), 1);
    journal_status(bench.journal, &status);
    size_t len;
    memory_disk_bytes(bench.disk, segment(&bench, 0), &len);
    assert_int_equal(status.bytes, len);
    assert_null(
        memory_disk_find(bench.disk, "/d/journal/out/quarantine", "", 0));
    tear_down(&bench);
}

/* A backlog would be read and checked twice. */
static void what_was_read_whole_is_deleted_unread(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 100);
    assert_rest(&bench, 1);
    bench.disk->fail_ops = DISK_READ;
    bench.disk->fail_count = 1000;
    bench.disk->fail_errno = EIO;
    settle(&bench, 101);
    assert_int_equal(bench.disk->fail_count, 1000);
    assert_int_equal(segment_count(&bench), 1);
    assert_null(
        memory_disk_find(bench.disk, "/d/journal/out/quarantine", "", 0));
    tear_down(&bench);
}

static void kept_segments_stay_for_their_time(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.keep_ns = 3600 * (uint64_t)NS_PER_S;
    restart(&bench);
    send_points(&bench, 100);
    size_t segments = segment_count(&bench);
    assert_rest(&bench, 1);
    settle(&bench, 101);
    assert_int_equal(segment_count(&bench), segments);
    bench.keep_ns = 1; /* which has long passed */
    restart(&bench);
    assert_rest(&bench, 101);
    settle(&bench, 101);
    assert_int_equal(segment_count(&bench), 1);
    tear_down(&bench);
}

/* A bad cursor of any kind means the oldest segment: duplicates, never gaps. */
static void no_cursor_passes_over_a_frame(void **state)
{
    (void)state;
    struct bench bench;
    struct cursor cursor;
    set_up(&bench);
    send_points(&bench, 50);
    assert_rest(&bench, 1);
    settle(&bench, 6);
    restart(&bench);
    char path[100];
    snprintf(path, sizeof path, "%s/cursor", dir);
    size_t len;
    char *bytes = memory_disk_bytes(bench.disk, path, &len);
    char *saved = xstrndup(bytes, len);
    size_t saved_len = len;
    assert_true(cursor_read(&bench.disk->fs, dir, &cursor));
    for (size_t cut = 0; cut < saved_len; cut++) {
        bench.disk->is_off = true;
        stop(&bench);
        memory_disk_kill(bench.disk);
        memory_disk_put(bench.disk, path, saved, cut);
        start(&bench);
        assert_rest(&bench, 1);
    }
    size_t bad = saved_len;
    for (size_t bit = 0; bit < saved_len * 8; bit++, bad++) {
        bench.disk->is_off = true;
        stop(&bench);
        memory_disk_kill(bench.disk);
        saved[bit / 8] ^= (char)(1 << bit % 8);
        memory_disk_put(bench.disk, path, saved, saved_len);
        saved[bit / 8] ^= (char)(1 << bit % 8);
        start(&bench);
        assert_rest(&bench, 1);
    }
    bench.disk->fs.unlink(&bench.disk->fs, path);
    kill_and_start(&bench);
    assert_rest(&bench, 1);
    bad++;
    struct cursor far = cursor, other = cursor;
    far.seq += 1000000;
    other.segment.salt++;
    other.seq += 30;
    const struct cursor *wrong[] = {&far, &other};
    for (size_t i = 0; i < 2; i++, bad++) {
        bench.disk->is_off = true;
        stop(&bench);
        memory_disk_kill(bench.disk);
        assert_true(cursor_write(&bench.disk->fs, dir, wrong[i], NULL));
        start(&bench);
        assert_rest(&bench, 1);
    }
    print_message("cursors: %zu\n", bad);
    free(saved);
    tear_down(&bench);
}

static void numbers_before_a_cursor_never_come_again(void **state)
{
    (void)state;
    struct bench bench;
    struct cursor cursor;
    set_up(&bench);
    send_points(&bench, 5);
    assert_rest(&bench, 1);
    settle(&bench, 6);
    assert_true(cursor_read(&bench.disk->fs, dir, &cursor));
    /* The last frames vanish, though they were delivered. */
    size_t len;
    char *bytes = memory_disk_bytes(bench.disk, segment(&bench, 0), &len);
    char *name = xstrdup(segment(&bench, 0));
    char *last = memmem(bytes, len, "#f 4 ", 5);
    char *kept = xstrndup(bytes, (size_t)(last - bytes));
    memory_disk_put(bench.disk, name, kept, (size_t)(last - bytes));
    kill_and_start(&bench);
    send_points(&bench, 1);
    assert_true(next(&bench) && bench.seq == 1);
    while (next(&bench))
        continue;
    assert_int_equal(bench.seq, 6);
    free(name);
    free(kept);
    tear_down(&bench);
}

static void damage_costs_its_frame_and_goes_to_quarantine(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    uint64_t places = stats_get(&stats.corrupt_frames);
    uint64_t lost = stats_get(&stats.lost_points);
    send_points(&bench, 100);
    damage(&bench, 20);
    assert_true(next_is(&bench, 1));
    for (uint64_t number = 2; number < 20; number++)
        assert_true(next_is(&bench, number));
    assert_rest(&bench, 21);
    assert_int_equal(stats_get(&stats.corrupt_frames) - places, 1);
    assert_int_equal(stats_get(&stats.lost_points) - lost, 1);
    settle(&bench, 101);
    assert_int_equal(segment_count(&bench), 1);
    const char *saved =
        memory_disk_find(bench.disk, "/d/journal/out/quarantine", ".lp", 0);
    assert_non_null(saved);
    size_t len;
    const char *bytes = memory_disk_bytes(bench.disk, saved, &len);
    assert_memory_equal(bytes, "#bad ", 5);
    assert_non_null(memmem(bytes, len, "#f 20 1 ", 8));
    assert_null(
        memory_disk_find(bench.disk, "/d/journal/out/quarantine", "", 1));
    tear_down(&bench);
}

static void a_damaged_segment_is_read_on_while_it_grows(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 1);
    assert_true(next_is(&bench, 1));
    send_points(&bench, 7);
    damage(&bench, 3);
    assert_true(next_is(&bench, 2));
    assert_rest(&bench, 4);
    for (int i = 0; i < 40; i++) {
        send_points(&bench, 1);
        assert_rest(&bench, bench.sent);
    }
    settle(&bench, bench.sent + 1);
    assert_int_equal(tail_pending(bench.tail), 0);
    tear_down(&bench);
}

/* Whole blocks moved: good frames in the wrong order, nothing unreadable. */
static void frames_in_the_wrong_order_come_in_the_right_one(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 9);
    size_t len;
    char *bytes = memory_disk_bytes(bench.disk, segment(&bench, 0), &len);
    char *second = memmem(bytes, len, "#f 2 ", 5);
    char *third = memmem(bytes, len, "#f 3 ", 5);
    size_t size = (size_t)(third - second);
    char *copy = xstrndup(second, size);
    memmove(second, third, size);
    memcpy(second + size, copy, size);
    assert_rest(&bench, 1);
    free(copy);
    tear_down(&bench);
}

static void any_bit_of_a_segment_costs_one_point_at_most(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 8);
    char *path = xstrdup(segment(&bench, 0));
    size_t len;
    memory_disk_bytes(bench.disk, path, &len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        char *bytes = memory_disk_bytes(bench.disk, path, &len);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        struct tail_options options = {.journal = bench.journal,
                                       .fs = &bench.disk->fs,
                                       .mono_ns = test_clock};
        tail_close(bench.tail);
        bench.disk->fs.unlink(&bench.disk->fs, "/d/journal/out/cursor");
        bench.tail = tail_open(&options, NULL);
        unsigned count = 0;
        for (uint64_t last = 0; next(&bench); last = bench.seq, count++)
            assert_true(bench.seq > last && bench.seq <= 8);
        bytes = memory_disk_bytes(bench.disk, path, &len);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        assert_true(count >= 7);
    }
    free(path);
    tear_down(&bench);
}

static void a_torn_end_is_not_damage(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    uint64_t places = stats_get(&stats.corrupt_frames);
    uint64_t lost = stats_get(&stats.lost_points);
    send_points(&bench, 3);
    stop(&bench);
    int fd = bench.disk->fs.open(&bench.disk->fs, segment(&bench, 0), 1, 0);
    bench.disk->fs.write(&bench.disk->fs, fd, "#f 4 1 8 3 0", 12);
    bench.disk->fs.close(&bench.disk->fs, fd);
    start(&bench);
    send_points(&bench, 20);
    assert_rest(&bench, 1);
    assert_int_equal(stats_get(&stats.corrupt_frames), places);
    assert_int_equal(stats_get(&stats.lost_points), lost);
    settle(&bench, 24); /* but the bytes are kept */
    assert_non_null(
        memory_disk_find(bench.disk, "/d/journal/out/quarantine", ".lp", 0));
    tear_down(&bench);
}

static void a_missing_segment_is_passed_over_with_a_count(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    uint64_t lost = stats_get(&stats.lost_points);
    send_points(&bench, 150);
    uint64_t first, third;
    assert_int_equal(
        sscanf(segment(&bench, 1) + sizeof dir, "%" SCNu64, &first), 1);
    assert_int_equal(
        sscanf(segment(&bench, 2) + sizeof dir, "%" SCNu64, &third), 1);
    bench.disk->fs.unlink(&bench.disk->fs, segment(&bench, 1));
    for (uint64_t number = 1; number < first; number++)
        assert_true(next_is(&bench, number));
    assert_rest(&bench, third);
    assert_int_equal(stats_get(&stats.lost_points) - lost, third - first);
    settle(&bench, 151);
    assert_int_equal(segment_count(&bench), 1);
    tear_down(&bench);
}

static void lost_points_are_no_longer_pending(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t second;
    set_up(&bench);
    send_points(&bench, 60);
    assert_int_equal(
        sscanf(segment(&bench, 1) + sizeof dir, "%" SCNu64, &second), 1);
    damage(&bench, second - 1);
    for (uint64_t number = 1; number < second - 1; number++)
        assert_true(next_is(&bench, number));
    assert_true(next_is(&bench, second));
    settle(&bench, second - 1); /* nobody can settle what is behind it */
    assert_int_equal(tail_pending(bench.tail), 60 - second + 1);
    tear_down(&bench);
}

static void a_disk_that_fails_to_read_is_asked_again(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 1);
    assert_true(next_is(&bench, 1));
    send_points(&bench, 19);
    bench.disk->fail_ops = DISK_READ;
    bench.disk->fail_count = 8; /* one and three tries, twice */
    assert_false(next(&bench));
    assert_int_equal(bench.err.kind, ERR_IO);
    assert_false(next(&bench));
    assert_rest(&bench, 2);
    tear_down(&bench);
}

/* A failed write leaves a frame in two segments, and nothing can clear it. The
 * next group has the same numbers; it alone counts, even if just then the
 * folder cannot be listed. */
static void what_a_failed_write_left_is_never_given(void **state)
{
    (void)state;
    struct bench bench;
    uint64_t ticket;
    struct journal_lines lines = {0, TEXT("m never=1 1\n"), 1};
    set_up(&bench);
    send_points(&bench, 1);
    assert_true(next_is(&bench, 1));
    bench.disk->fail_ops = DISK_SYNC | DISK_TRUNCATE | DISK_UNLINK;
    bench.disk->fail_count = 4;
    assert_true(journal_append(
        bench.journal,
        &(struct journal_entry){.lines = &lines, .line_count = 1}, -1, &ticket,
        NULL));
    assert_false(journal_commit(bench.journal, NULL));
    assert_int_equal(bench.disk->fail_count, 0);
    assert_int_equal(segment_count(&bench), 2);
    now_ns += 10 * NS_PER_S;
    send_points(&bench, 2);
    assert_int_equal(segment_count(&bench), 3);
    bench.disk->fail_ops = DISK_READ;
    bench.disk->fail_count = 1;
    assert_false(next(&bench));
    assert_int_equal(bench.err.kind, ERR_IO);
    assert_rest(&bench, 2);
    tear_down(&bench);
}

static void what_a_disk_never_gives_is_passed_over_and_kept(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    uint64_t lost = stats_get(&stats.lost_points);
    send_points(&bench, 40);
    restart(&bench);
    send_points(&bench, 5);
    bench.disk->fail_ops = DISK_READ;
    bench.disk->fail_count = 1000000;
    bench.disk->fail_from = 900; /* the end of each full segment */
    bench.disk->fail_to = 901;
    unsigned failures = 0;
    uint64_t last = 0;
    for (;;) {
        if (next(&bench)) {
            assert_true(bench.seq > last);
            last = bench.seq;
            failures = 0;
        } else if (bench.err.kind == ERR_NONE) {
            break;
        } else {
            assert_true(++failures < 20);
        }
    }
    assert_int_equal(last, 45);
    assert_true(stats_get(&stats.lost_points) > lost);
    settle(&bench, 46); /* moved as a whole: somebody may still read it */
    const char *saved =
        memory_disk_find(bench.disk, "/d/journal/out/quarantine", ".lp", 0);
    assert_non_null(saved);
    size_t len;
    assert_memory_equal(memory_disk_bytes(bench.disk, saved, &len), "#seg 1 ",
                        7);
    tear_down(&bench);
}

static void a_frame_without_room_is_not_taken(void **state)
{
    (void)state;
    struct bench bench;
    struct buf small;
    set_up(&bench);
    send_points(&bench, 2);
    buf_init(&small, 10);
    assert_true(tail_next(bench.tail, 0, &small, &bench.seq, &bench.points,
                          &bench.err));
    assert_false(tail_next(bench.tail, 0, &small, &bench.seq, &bench.points,
                           &bench.err));
    assert_int_equal(bench.err.kind, ERR_TOO_LARGE);
    assert_text(buf_text(&small), "m f=1 1\n");
    buf_deinit(&small);
    assert_rest(&bench, 2);
    tear_down(&bench);
}

/* Else nothing would ever make room on a full disk. */
static void
segments_are_deleted_though_the_cursor_cannot_be_written(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 60);
    assert_rest(&bench, 1);
    bench.disk->capacity_bytes = 1;
    settle(&bench, 61);
    assert_int_equal(segment_count(&bench), 1);
    bench.disk->capacity_bytes = 0;
    kill_and_start(&bench);
    send_points(&bench, 1);
    while (next(&bench))
        continue;
    assert_int_equal(bench.seq, 61);
    tear_down(&bench);
}

static void a_reader_is_woken_by_what_comes(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 1);
    buf_clear(&bench.lines);
    assert_true(tail_next(bench.tail, 3600000, &bench.lines, &bench.seq,
                          &bench.points, &bench.err));
    journal_stop_waiters(bench.journal);
    assert_false(tail_next(bench.tail, 3600000, &bench.lines, &bench.seq,
                           &bench.points, &bench.err));
    tear_down(&bench);
}

/* What cannot be saved must not be deleted either. */
static void a_quarantine_that_fails_keeps_the_segment(void **state)
{
    (void)state;
    static const unsigned ops[] = {DISK_MKDIR, DISK_CREATE, DISK_WRITE,
                                   DISK_SYNC, DISK_UNLINK};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct bench bench;
        set_up(&bench);
        send_points(&bench, 100);
        damage(&bench, 2);
        assert_true(next_is(&bench, 1));
        assert_rest(&bench, 3);
        size_t segments = segment_count(&bench);
        bench.disk->fail_ops = ops[i];
        bench.disk->fail_count = 1000000;
        settle(&bench, 101);
        assert_true(bench.disk->fail_count < 1000000);
        assert_int_equal(segment_count(&bench), segments);
        bench.disk->fail_count = 0;
        settle(&bench, 101);
        assert_int_equal(segment_count(&bench), 1);
        assert_non_null(
            memory_disk_find(bench.disk, "/d/journal/out/quarantine", "", 0));
        tear_down(&bench);
    }
}

/* Its bytes may come back, and somebody may read them then. */
static void a_segment_that_cannot_be_moved_stays(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    send_points(&bench, 40);
    restart(&bench); /* so that it does not know the first to be clean */
    bench.disk->fail_ops = DISK_READ | DISK_RENAME;
    bench.disk->fail_count = 1000000;
    bench.disk->fail_from = 900;
    bench.disk->fail_to = 901;
    for (unsigned tries = 0; next(&bench) || tries < 40; tries++)
        continue;
    size_t segments = segment_count(&bench);
    settle(&bench, 41);
    assert_int_equal(segment_count(&bench), segments);
    bench.disk->fail_ops = DISK_READ;
    settle(&bench, 41);
    assert_int_equal(segment_count(&bench), 1);
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_in_order_over_segments),
        cmocka_unit_test(what_is_not_settled_comes_again),
        cmocka_unit_test(the_cursor_is_written_once_a_second),
        cmocka_unit_test(a_crash_loop_gets_on_though_each_life_is_short),
        cmocka_unit_test(settled_segments_are_deleted_and_released),
        cmocka_unit_test(what_was_read_whole_is_deleted_unread),
        cmocka_unit_test(kept_segments_stay_for_their_time),
        cmocka_unit_test(no_cursor_passes_over_a_frame),
        cmocka_unit_test(numbers_before_a_cursor_never_come_again),
        cmocka_unit_test(damage_costs_its_frame_and_goes_to_quarantine),
        cmocka_unit_test(a_damaged_segment_is_read_on_while_it_grows),
        cmocka_unit_test(frames_in_the_wrong_order_come_in_the_right_one),
        cmocka_unit_test(any_bit_of_a_segment_costs_one_point_at_most),
        cmocka_unit_test(a_torn_end_is_not_damage),
        cmocka_unit_test(a_missing_segment_is_passed_over_with_a_count),
        cmocka_unit_test(lost_points_are_no_longer_pending),
        cmocka_unit_test(a_disk_that_fails_to_read_is_asked_again),
        cmocka_unit_test(what_a_failed_write_left_is_never_given),
        cmocka_unit_test(what_a_disk_never_gives_is_passed_over_and_kept),
        cmocka_unit_test(a_frame_without_room_is_not_taken),
        cmocka_unit_test(
            segments_are_deleted_though_the_cursor_cannot_be_written),
        cmocka_unit_test(a_reader_is_woken_by_what_comes),
        cmocka_unit_test(a_quarantine_that_fails_keeps_the_segment),
        cmocka_unit_test(a_segment_that_cannot_be_moved_stays),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
