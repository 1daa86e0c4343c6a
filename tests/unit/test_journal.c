/* What is acknowledged, what is refused, and what is known after a failure. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"
#include "meter.h"
#include "tail.h"
#include "ticket.h"

static const char *const two_outputs[] = {"one", "two"};
static int64_t now_ns;

static int64_t test_clock(void)
{
    return now_ns;
}

struct bench {
    struct memory_disk *disk;
    struct journal_options options;
    struct journal *journal;
    struct error err;
    uint64_t ticket;
};

static void set_up(struct bench *bench)
{
    *bench = (struct bench){.disk = memory_disk_new(1)};
    bench->options = (struct journal_options){.dir = "/d/journal",
                                              .outputs = two_outputs,
                                              .output_count = 2,
                                              .max_bytes = 1 << 30,
                                              .fs = &bench->disk->fs,
                                              .mono_ns = test_clock};
    bench->journal = journal_open(&bench->options, &bench->err);
    assert_non_null(bench->journal);
}

static void tear_down(struct bench *bench)
{
    journal_close(bench->journal);
    memory_disk_free(bench->disk);
}

static void reopen(struct bench *bench)
{
    journal_close(bench->journal);
    bench->journal = journal_open(&bench->options, &bench->err);
    assert_non_null(bench->journal);
}

static bool append_to(struct bench *bench, unsigned output)
{
    struct journal_lines lines = {output, TEXT("m f=1 1\n"), 1};
    return journal_append(
        bench->journal,
        &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
        &bench->ticket, &bench->err);
}

static bool append_to_both(struct bench *bench)
{
    struct journal_lines lines[] = {{0, TEXT("m f=1 1\n"), 1},
                                    {1, TEXT("m f=2 2\nm f=3 3\n"), 2}};
    return journal_append(
        bench->journal,
        &(struct journal_entry){.lines = lines, .line_count = 2}, -1,
        &bench->ticket, &bench->err);
}

static uint64_t durable(struct bench *bench, unsigned output)
{
    return journal_durable(bench->journal, output, 0, 0);
}

static void lines_come_back_after_a_restart(void **state)
{
    (void)state;
    char dir[] = "/tmp/moonline-journal-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct journal_options options = {.dir = dir,
                                      .outputs = two_outputs,
                                      .output_count = 1,
                                      .max_bytes = 1 << 30};
    struct error err = {0};
    struct journal *journal = journal_open(&options, &err);
    assert_non_null(journal);
    struct journal_lines lines = {0, TEXT("m f=1 1\nm f=2 2\n"), 2};
    uint64_t ticket;
    assert_true(journal_append(
        journal, &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
        &ticket, &err));
    assert_int_equal(journal_ticket(journal, ticket), TICKET_WAITS);
    assert_true(journal_commit(journal, &err));
    assert_int_equal(journal_ticket(journal, ticket), TICKET_DURABLE);
    assert_null(journal_open(&options, &err)); /* the lock */
    assert_int_equal(err.kind, ERR_CONFIG);
    journal_close(journal);

    journal = journal_open(&options, &err);
    struct tail_options tail_options = {.journal = journal};
    struct tail *tail = tail_open(&tail_options, &err);
    struct buf out;
    buf_init(&out, 1 << 20);
    uint64_t seq;
    uint32_t points;
    assert_true(tail_next(tail, 0, &out, &seq, &points, &err));
    assert_int_equal(seq, 1);
    assert_int_equal(points, 2);
    assert_text(buf_text(&out), "m f=1 1\nm f=2 2\n");
    assert_false(tail_next(tail, 0, &out, &seq, &points, &err));
    assert_int_equal(err.kind, ERR_NONE);
    tail_settle(tail, 3);
    assert_int_equal(tail_pending(tail), 0);
    tail_close(tail);
    journal_close(journal);
    buf_deinit(&out);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

static void a_segment_is_text_that_can_be_posted(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_true(append_to(&bench, 0) && append_to(&bench, 0));
    assert_true(journal_commit(bench.journal, NULL));
    size_t len;
    const char *path = memory_disk_find(bench.disk, "/d/journal/one", ".lp", 0);
    const char *bytes = memory_disk_bytes(bench.disk, path, &len);
    assert_memory_equal(bytes, "#seg 1 1 0000", 13);
    assert_non_null(strstr(path, "/00000000000000000001-0000"));
    assert_memory_equal(bytes + 26, "#f 1 2 16 0 ", 12);
    assert_memory_equal(bytes + len - 17, "\nm f=1 1\nm f=1 1\n", 17);
    tear_down(&bench);
}

static void a_second_process_is_told_who_has_the_lock(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    char pid[20];
    snprintf(pid, sizeof pid, "pid %ld)", (long)getpid());
    assert_null(journal_open(&bench.options, &bench.err));
    assert_int_equal(bench.err.kind, ERR_CONFIG);
    assert_non_null(strstr(bench.err.text, pid));
    tear_down(&bench);
}

static void all_outputs_or_none(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.disk->fail_ops = DISK_CREATE;
    bench.disk->fail_count = 2;
    assert_true(append_to(&bench, 1));
    assert_false(journal_commit(bench.journal, NULL));
    assert_false(append_to_both(&bench)); /* two backs off */
    assert_int_equal(bench.err.kind, ERR_FULL);
    assert_false(journal_has_room(bench.journal, 3, NULL));
    assert_true(journal_has_room(bench.journal, 1, NULL));
    assert_true(append_to(&bench, 0));
    assert_true(journal_commit(bench.journal, NULL));
    assert_int_equal(durable(&bench, 0), 2);
    now_ns += NS_PER_S;
    assert_true(journal_has_room(bench.journal, 3, NULL));
    assert_true(append_to_both(&bench));
    assert_true(journal_commit(bench.journal, NULL));
    assert_int_equal(durable(&bench, 0), 3);
    assert_int_equal(durable(&bench, 1), 3);
    tear_down(&bench);
}

static void a_failed_output_fails_only_its_tickets(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_true(append_to(&bench, 0));
    uint64_t to_one = bench.ticket;
    assert_true(append_to_both(&bench));
    bench.disk->fail_ops = DISK_SYNC;
    bench.disk->fail_skip = 1; /* one goes well, both tries of two fail */
    bench.disk->fail_count = 2;
    assert_false(journal_commit(bench.journal, &bench.err));
    assert_int_equal(bench.err.kind, ERR_IO);
    assert_int_equal(journal_ticket(bench.journal, to_one), TICKET_DURABLE);
    assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                     TICKET_FAILED);
    assert_int_equal(durable(&bench, 0), 3);
    assert_int_equal(durable(&bench, 1), 1);
    tear_down(&bench);
}

/* Both flavours: the bytes stay in the cache, or they are gone from it. A
 * second sync of the same file would say yes, and the power cut shows that it
 * lied. */
/* Who puts nothing in waits all the same: for the group and all before it. */
static void an_entry_of_nothing_waits_for_its_group(void **state)
{
    (void)state;
    struct bench bench;
    const struct journal_entry nothing = {.line_count = 0};
    set_up(&bench);
    for (int i = 0; i < 2; i++) {
        if (i == 1)
            assert_true(append_to(&bench, 0));
        assert_true(journal_append(bench.journal, &nothing, -1, &bench.ticket,
                                   &bench.err));
        assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                         TICKET_WAITS);
        assert_true(journal_commit(bench.journal, &bench.err));
        assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                         TICKET_DURABLE);
    }
    assert_int_equal(durable(&bench, 0), 2);
    tear_down(&bench);
}

static void after_a_failed_sync_the_bytes_go_to_a_new_segment(void **state)
{
    (void)state;
    for (int drops = 0; drops < 2; drops++)
        for (int is_first = 0; is_first < 2; is_first++) {
            struct bench bench;
            set_up(&bench);
            if (!is_first)
                assert_true(append_to(&bench, 0)
                            && journal_commit(bench.journal, NULL));
            uint64_t before = durable(&bench, 0);
            bench.disk->fail_ops = DISK_SYNC;
            bench.disk->fail_count = 1;
            bench.disk->fail_drops = drops;
            assert_true(append_to(&bench, 0));
            assert_true(journal_commit(bench.journal, &bench.err));
            assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                             TICKET_DURABLE);
            assert_int_equal(journal_segments(bench.journal, 0), 2);
            bench.disk->is_off = true;
            journal_close(bench.journal);
            memory_disk_cut_power(bench.disk);
            bench.journal = journal_open(&bench.options, &bench.err);
            assert_int_equal(durable(&bench, 0), before + 1);
            tear_down(&bench);
        }
}

static void no_failed_segment_is_left_where_it_can_be_cleared(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.disk->fail_ops = DISK_SYNC;
    bench.disk->fail_count = 2;
    assert_true(append_to(&bench, 0));
    assert_false(journal_commit(bench.journal, NULL));
    assert_null(memory_disk_find(bench.disk, "/d/journal/one", ".lp", 0));
    tear_down(&bench);
}

static void back_off_grows_and_ends(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    struct journal_status status;
    bench.disk->fail_ops = DISK_CREATE;
    bench.disk->fail_count = 1000;
    int64_t wait_ms = 100;
    for (int i = 0; i < 10; i++) {
        assert_true(append_to(&bench, 0));
        assert_false(journal_commit(bench.journal, NULL));
        assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                         TICKET_FAILED);
        now_ns += wait_ms * NS_PER_MS - 1;
        assert_false(append_to(&bench, 0));
        now_ns++;
        wait_ms = wait_ms * 2 < 5000 ? wait_ms * 2 : 5000;
    }
    journal_status(bench.journal, &status);
    assert_true(status.is_failing);
    assert_int_equal(status.sync_errors, 10);
    bench.disk->fail_count = 0;
    assert_true(append_to(&bench, 0));
    assert_true(journal_commit(bench.journal, NULL));
    journal_status(bench.journal, &status);
    assert_false(status.is_failing);
    assert_int_equal(status.durable_points, 1);
    tear_down(&bench);
}

static void a_full_disk_loses_nothing_and_is_left_within_a_second(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    uint64_t acked = 0;
    for (int cycle = 0; cycle < 100; cycle++) {
        bench.disk->capacity_bytes = 200 + (unsigned)cycle * 29;
        while (append_to(&bench, 0) && journal_commit(bench.journal, NULL))
            acked++;
        assert_int_equal(durable(&bench, 0), acked + 1);
        bench.disk->capacity_bytes = 0;
        now_ns += NS_PER_S;
        assert_true(append_to(&bench, 0));
        assert_true(journal_commit(bench.journal, NULL));
        acked++;
    }
    reopen(&bench);
    assert_int_equal(durable(&bench, 0), acked + 1);
    tear_down(&bench);
}

static void a_full_journal_refuses_until_segments_are_released(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    struct journal_status status;
    bench.options.max_bytes = 1000;
    reopen(&bench);
    unsigned count = 0;
    while (append_to(&bench, 0)) {
        assert_true(journal_commit(bench.journal, NULL));
        assert_true(++count < 200);
    }
    assert_int_equal(bench.err.kind, ERR_FULL);
    journal_status(bench.journal, &status);
    assert_true(status.bytes <= 850 && status.bytes > 650);
    assert_string_equal(status.full_output, "one");
    assert_false(status.is_full); /* two has its share */
    reopen(&bench);               /* what is found counts too */
    assert_false(append_to(&bench, 0));
    assert_true(append_to(&bench, 1)); /* it has its share */
    assert_false(append_to_both(&bench));
    journal_released(bench.journal, 0, 500);
    assert_true(append_to(&bench, 0));
    tear_down(&bench);
}

static void space_is_left_to_others(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.options.min_free_bytes = 1000;
    bench.disk->free_bytes = 999;
    reopen(&bench);
    assert_false(append_to(&bench, 0));
    assert_int_equal(bench.err.kind, ERR_FULL);
    assert_false(journal_has_room(bench.journal, 3, NULL));
    bench.disk->free_bytes = 1000;
    now_ns += NS_PER_S;
    assert_true(append_to(&bench, 0));
    tear_down(&bench);
}

static void the_open_group_is_bounded(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    struct buf lines;
    buf_init(&lines, LIMIT_GROUP_BYTES);
    while (buf_append(&lines, "m f=1 1\n", 8) && lines.len < 3 << 20)
        continue;
    struct journal_lines both[] = {{0, TEXT("m f=1 1\n"), 1},
                                   {1, buf_text(&lines), 393216}};
    assert_true(journal_append(
        bench.journal, &(struct journal_entry){.lines = both, .line_count = 2},
        -1, &bench.ticket, NULL));
    assert_true(journal_append(
        bench.journal, &(struct journal_entry){.lines = both, .line_count = 2},
        -1, &bench.ticket, NULL));
    assert_false(journal_append(
        bench.journal, &(struct journal_entry){.lines = both, .line_count = 2},
        -1, &bench.ticket, &bench.err));
    assert_int_equal(bench.err.kind, ERR_FULL);
    assert_true(journal_commit(bench.journal, NULL));
    assert_int_equal(durable(&bench, 0), 3); /* the third left nothing */
    assert_int_equal(durable(&bench, 1), 2 * 393216 + 1);
    assert_true(journal_append(
        bench.journal, &(struct journal_entry){.lines = both, .line_count = 2},
        -1, &bench.ticket, NULL));
    buf_deinit(&lines);
    tear_down(&bench);
}

static void a_line_must_fit_a_frame(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    struct buf line;
    buf_init(&line, 1 << 20);
    while (line.len < LIMIT_LINE_BYTES)
        buf_append_char(&line, 'x');
    buf_append_char(&line, '\n');
    struct journal_lines lines = {0, buf_text(&line), 1};
    assert_true(journal_append(
        bench.journal,
        &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
        &bench.ticket, NULL));
    buf_truncate(&line, line.len - 1);
    while (line.len < LIMIT_FRAME_BYTES)
        buf_append_char(&line, 'x');
    buf_append_char(&line, '\n');
    lines.lines = buf_text(&line);
    assert_false(journal_append(
        bench.journal,
        &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
        &bench.ticket, &bench.err));
    assert_int_equal(bench.err.kind, ERR_TOO_LARGE);
    buf_deinit(&line);
    tear_down(&bench);
}

static void a_deleted_or_moved_folder_is_noticed(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_true(append_to(&bench, 0) && journal_commit(bench.journal, NULL));
    const struct file_system *fs = &bench.disk->fs;
    char *path =
        xstrdup(memory_disk_find(bench.disk, "/d/journal/one", ".lp", 0));
    fs->unlink(fs, path);
    assert_true(append_to(&bench, 0));
    assert_true(journal_commit(bench.journal, NULL)); /* in a new segment */
    assert_int_equal(journal_segments(bench.journal, 0), 2);
    fs->rename(fs, "/d/journal/one", "/elsewhere");
    const char *left = memory_disk_find(bench.disk, "/d/journal/one", ".lp", 0);
    fs->rename(fs, left, "/elsewhere.lp");
    assert_true(append_to(&bench, 0));
    assert_false(journal_commit(bench.journal, &bench.err));
    assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                     TICKET_FAILED);
    free(path);
    tear_down(&bench);
}

static void segments_are_bounded_and_numbers_go_on(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    bench.options.segment_bytes = 300;
    reopen(&bench);
    for (int i = 0; i < 50; i++)
        assert_true(append_to(&bench, 0)
                    && journal_commit(bench.journal, NULL));
    assert_true(journal_segments(bench.journal, 0) > 5);
    reopen(&bench);
    assert_int_equal(durable(&bench, 0), 51);
    assert_int_equal(journal_segments(bench.journal, 0), 0);
    assert_true(append_to(&bench, 0) && journal_commit(bench.journal, NULL));
    assert_int_equal(journal_segments(bench.journal, 0), 1);
    tear_down(&bench);
}

static void recovery_writes_no_segment_and_deletes_none(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_true(append_to(&bench, 0) && journal_commit(bench.journal, NULL));
    size_t before, after;
    char *path =
        xstrdup(memory_disk_find(bench.disk, "/d/journal/one", ".lp", 0));
    memory_disk_bytes(bench.disk, path, &before);
    for (int i = 0; i < 3; i++)
        reopen(&bench);
    memory_disk_bytes(bench.disk, path, &after);
    assert_int_equal(before, after);
    assert_null(memory_disk_find(bench.disk, "/d/journal/one", ".lp", 1));
    free(path);
    tear_down(&bench);
}

static void tickets_that_fell_off_the_list_are_unknown(void **state)
{
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct tickets tickets = {.lock = &lock};
    for (uint64_t group = 1; group <= 200; group++)
        tickets_publish(&tickets, group, group % 2 ? 2 : 0);
    assert_int_equal(tickets_state(&tickets, ticket_of(201, 1)), TICKET_WAITS);
    assert_int_equal(tickets_state(&tickets, ticket_of(200, 2)),
                     TICKET_DURABLE);
    assert_int_equal(tickets_state(&tickets, ticket_of(199, 1)),
                     TICKET_DURABLE);
    assert_int_equal(tickets_state(&tickets, ticket_of(199, 3)), TICKET_FAILED);
    assert_int_equal(tickets_state(&tickets, ticket_of(198, 3)),
                     TICKET_DURABLE);
    assert_int_equal(tickets_state(&tickets, ticket_of(10, 1)), TICKET_FAILED);
}

static void a_meter_knows_its_percentiles(void **state)
{
    (void)state;
    struct meter meter = {.count = 0};
    assert_int_equal(meter_percentile_ns(&meter, 50), 0);
    for (int64_t i = 0; i < 1000; i++)
        meter_add(&meter, i);
    assert_int_equal(meter_percentile_ns(&meter, 0), 1000 - METER_TIMES);
    assert_int_equal(meter_percentile_ns(&meter, 100), 999);
    assert_int_equal(meter_percentile_ns(&meter, 50), 871);
}

/* Threads: senders that append and wait for their eventfd, a committer, and a
 * reader that waits for what is durable. */
enum { SENDERS = 3, REQUESTS = 500 };

static void *send_and_wait(void *context)
{
    struct journal *journal = context;
    int waker = eventfd(0, EFD_CLOEXEC);
    uintptr_t stored = 0;
    for (int i = 0; i < REQUESTS; i++) {
        struct journal_lines lines = {0, TEXT("m f=1 1\n"), 1};
        uint64_t ticket, count;
        if (!journal_append(
                journal,
                &(struct journal_entry){.lines = &lines, .line_count = 1},
                waker, &ticket, NULL))
            break;
        journal_kick(journal);
        while (journal_ticket(journal, ticket) == TICKET_WAITS)
            if (read(waker, &count, sizeof count) != (ssize_t)sizeof count)
                break;
        stored += journal_ticket(journal, ticket) == TICKET_DURABLE;
    }
    close(waker);
    return (void *)stored;
}

static void *read_all(void *context)
{
    struct journal *journal = context;
    uint64_t seen = 1;
    while (seen < SENDERS * REQUESTS + 1)
        seen = journal_durable(journal, 0, seen, 10000);
    return NULL;
}

static void every_sender_is_woken(void **state)
{
    (void)state;
    struct bench bench;
    pthread_t senders[SENDERS], reader;
    set_up(&bench);
    bench.options.mono_ns = NULL;
    reopen(&bench);
    assert_true(journal_start(bench.journal, &bench.err));
    pthread_create(&reader, NULL, read_all, bench.journal);
    for (int i = 0; i < SENDERS; i++)
        pthread_create(&senders[i], NULL, send_and_wait, bench.journal);
    for (int i = 0; i < SENDERS; i++) {
        void *stored;
        pthread_join(senders[i], &stored);
        assert_int_equal((uintptr_t)stored, REQUESTS);
    }
    pthread_join(reader, NULL);
    assert_int_equal(durable(&bench, 0), SENDERS * REQUESTS + 1);
    tear_down(&bench);
}

/* ---- riders ---- */

/* A sink that takes notes; the journal calls it as a disk would be written. */
struct notebook {
    struct buf text; /* "[item,item]" for each write */
    bool fails;
    size_t room; /* items */
};

static bool note_down(void *self, const struct text *items, size_t count,
                      struct error *err)
{
    struct notebook *notebook = self;
    if (notebook->fails)
        return fail(err, ERR_IO, "the notebook is wet");
    for (size_t i = 0; i < count; i++)
        buf_printf(&notebook->text, "%c%.*s", i ? ',' : '[',
                   TEXT_ARG(items[i]));
    buf_append_char(&notebook->text, ']');
    return true;
}

static bool note_has_room(void *self, size_t count, size_t bytes,
                          struct error *err)
{
    struct notebook *notebook = self;
    (void)bytes;
    return count <= notebook->room
           || fail(err, ERR_FULL, "the notebook is full");
}

static struct notebook notebooks[2];

static void set_up_riding(struct bench *bench)
{
    static struct journal_sink sinks[2];
    set_up(bench);
    for (int i = 0; i < 2; i++) {
        notebooks[i] = (struct notebook){.room = 100};
        buf_init(&notebooks[i].text, 1 << 20);
        sinks[i] = (struct journal_sink){&notebooks[i], note_down,
                                         i ? note_has_room : NULL, false};
    }
    bench->options.sinks = sinks;
    bench->options.sink_count = 2;
    reopen(bench);
}

static void tear_down_riding(struct bench *bench)
{
    tear_down(bench);
    buf_deinit(&notebooks[0].text);
    buf_deinit(&notebooks[1].text);
}

static bool ride(struct bench *bench, unsigned sink, struct text bytes,
                 bool with_line)
{
    const struct journal_lines lines = {0, TEXT("m f=1 1\n"), 1};
    const struct journal_rider rider = {sink, bytes};
    const struct journal_entry entry = {.lines = &lines,
                                        .line_count = with_line,
                                        .riders = &rider,
                                        .rider_count = 1};
    return journal_append(bench->journal, &entry, -1, &bench->ticket,
                          &bench->err);
}

static void riders_are_written_once_a_group(void **state)
{
    (void)state;
    struct bench bench;
    set_up_riding(&bench);
    char first[] = "first";
    assert_true(ride(&bench, 0, text_of(first), true));
    memset(first, 'x', 5); /* it was copied */
    assert_true(ride(&bench, 1, TEXT("other"), false));
    assert_true(ride(&bench, 0, TEXT("second"), false));
    assert_int_equal(journal_ticket(bench.journal, bench.ticket), TICKET_WAITS);
    assert_true(journal_commit(bench.journal, NULL));
    assert_text(buf_text(&notebooks[0].text), "[first,second]");
    assert_text(buf_text(&notebooks[1].text), "[other]");
    assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                     TICKET_DURABLE);
    assert_int_equal(durable(&bench, 0), 2);
    assert_true(append_to(&bench, 0) && journal_commit(bench.journal, NULL));
    assert_text(buf_text(&notebooks[0].text), "[first,second]");
    tear_down_riding(&bench);
}

/* Looks, while a sink is written, what became of a ticket of lines. */
struct witness {
    struct bench *bench;
    uint64_t lines, letter;
    int waker;
    enum ticket_state of_lines, of_letter;
    uint64_t woken;
};

static bool look(void *self, const struct text *items, size_t count,
                 struct error *err)
{
    struct witness *witness = self;
    struct journal *journal = witness->bench->journal;
    (void)items, (void)count, (void)err;
    witness->of_lines = journal_ticket(journal, witness->lines);
    witness->of_letter = journal_ticket(journal, witness->letter);
    assert_int_equal(read(witness->waker, &witness->woken, sizeof(uint64_t)),
                     sizeof(uint64_t));
    return true;
}

static void lines_do_not_wait_for_the_letter_of_another(void **state)
{
    (void)state;
    struct bench bench;
    struct witness witness = {&bench, .waker = eventfd(0, EFD_NONBLOCK)};
    uint64_t woken;
    set_up(&bench);
    bench.options.sinks =
        &(const struct journal_sink){.self = &witness, .write = look};
    bench.options.sink_count = 1;
    reopen(&bench);
    const struct journal_lines lines = {0, TEXT("m f=1 1\n"), 1};
    const struct journal_entry entry = {.lines = &lines, .line_count = 1};
    assert_true(journal_append(bench.journal, &entry, witness.waker,
                               &witness.lines, &bench.err));
    assert_true(ride(&bench, 0, TEXT("letter"), true));
    witness.letter = bench.ticket;
    assert_true(journal_commit(bench.journal, NULL));
    assert_int_equal(witness.of_lines, TICKET_DURABLE);
    assert_int_equal(witness.of_letter, TICKET_WAITS);
    assert_int_equal(witness.woken, 1);
    assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                     TICKET_DURABLE);
    assert_int_equal(read(witness.waker, &woken, sizeof woken), sizeof woken);
    close(witness.waker);
    tear_down(&bench);
}

static void a_group_may_be_riders_only(void **state)
{
    (void)state;
    struct bench bench;
    set_up_riding(&bench);
    assert_true(ride(&bench, 1, TEXT("alone"), false));
    assert_true(journal_commit(bench.journal, NULL));
    assert_text(buf_text(&notebooks[1].text), "[alone]");
    assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                     TICKET_DURABLE);
    assert_int_equal(durable(&bench, 0), 1);
    assert_null(memory_disk_find(bench.disk, "/d/journal/one", ".lp", 0));
    tear_down_riding(&bench);
}

static void a_failed_sink_fails_only_those_who_ride(void **state)
{
    (void)state;
    struct bench bench;
    struct journal_status status;
    set_up_riding(&bench);
    assert_true(append_to(&bench, 0));
    uint64_t without = bench.ticket;
    assert_true(ride(&bench, 1, TEXT("there"), false));
    uint64_t other = bench.ticket;
    assert_true(ride(&bench, 0, TEXT("gone"), true));
    notebooks[0].fails = true;
    assert_false(journal_commit(bench.journal, &bench.err));
    assert_string_equal(bench.err.text, "the notebook is wet");
    assert_int_equal(journal_ticket(bench.journal, without), TICKET_DURABLE);
    assert_int_equal(journal_ticket(bench.journal, other), TICKET_DURABLE);
    assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                     TICKET_FAILED);
    journal_status(bench.journal, &status);
    assert_false(status.is_failing); /* that is said of outputs */
    notebooks[0].fails = false;
    assert_true(ride(&bench, 0, TEXT("again"), false));
    assert_true(journal_commit(bench.journal, NULL));
    assert_text(buf_text(&notebooks[0].text), "[again]");
    tear_down_riding(&bench);
}

static void a_failed_output_fails_its_riders_too(void **state)
{
    (void)state;
    struct bench bench;
    set_up_riding(&bench);
    assert_true(ride(&bench, 0, TEXT("with a line"), true));
    uint64_t both = bench.ticket;
    assert_true(ride(&bench, 0, TEXT("without"), false));
    bench.disk->fail_ops = DISK_WRITE;
    bench.disk->fail_count = 9;
    assert_false(journal_commit(bench.journal, NULL));
    assert_int_equal(journal_ticket(bench.journal, both), TICKET_FAILED);
    assert_int_equal(journal_ticket(bench.journal, bench.ticket),
                     TICKET_DURABLE);
    bench.disk->fail_count = 0;
    tear_down_riding(&bench);
}

/* A sink without room refuses the lines too, and nothing is left of them. */
static void a_full_sink_refuses_before_anything_is_stored(void **state)
{
    (void)state;
    struct bench bench;
    set_up_riding(&bench);
    notebooks[1].room = 2;
    assert_true(ride(&bench, 1, TEXT("a"), true));
    assert_true(ride(&bench, 1, TEXT("b"), true));
    assert_false(ride(&bench, 1, TEXT("c"), true));
    assert_int_equal(bench.err.kind, ERR_FULL);
    assert_string_equal(bench.err.text, "the notebook is full");
    assert_true(ride(&bench, 0, TEXT("d"), true)); /* the other has room */
    assert_true(journal_commit(bench.journal, NULL));
    assert_text(buf_text(&notebooks[1].text), "[a,b]");
    assert_int_equal(durable(&bench, 0), 4);
    assert_true(ride(&bench, 1, TEXT("c"), true)); /* none waits any more */
    tear_down_riding(&bench);
}

static void large_riders_ride_alone(void **state)
{
    (void)state;
    struct bench bench;
    set_up_riding(&bench);
    size_t len = LIMIT_GROUP_BYTES + 1000;
    char *large = xcalloc(1, len);
    memset(large, 'x', len);
    buf_deinit(&notebooks[0].text);
    buf_init(&notebooks[0].text, 64 << 20);
    assert_true(ride(&bench, 0, (struct text){large, len}, false));
    assert_false(ride(&bench, 0, TEXT("next"), true));
    assert_int_equal(bench.err.kind, ERR_FULL);
    assert_true(journal_commit(bench.journal, NULL));
    assert_int_equal(notebooks[0].text.len, len + 2);
    assert_true(ride(&bench, 0, TEXT("next"), true));
    assert_false(ride(&bench, 0, (struct text){large, len}, false));
    free(large);
    tear_down_riding(&bench);
}

static void what_rides_is_written_by_close(void **state)
{
    (void)state;
    struct bench bench;
    set_up_riding(&bench);
    assert_true(ride(&bench, 0, TEXT(""), false));
    assert_true(ride(&bench, 0, TEXT("last"), false));
    reopen(&bench);
    assert_text(buf_text(&notebooks[0].text), "[,last]");
    tear_down_riding(&bench);
}

static void waiters_are_let_go(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    journal_stop_waiters(bench.journal);
    assert_int_equal(journal_durable(bench.journal, 0, 1, 3600000), 1);
    tear_down(&bench);
}

static void closing_commits_what_is_open(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    assert_true(append_to_both(&bench));
    reopen(&bench);
    assert_int_equal(durable(&bench, 0), 2);
    assert_int_equal(durable(&bench, 1), 3);
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back_after_a_restart),
        cmocka_unit_test(a_segment_is_text_that_can_be_posted),
        cmocka_unit_test(a_second_process_is_told_who_has_the_lock),
        cmocka_unit_test(all_outputs_or_none),
        cmocka_unit_test(a_failed_output_fails_only_its_tickets),
        cmocka_unit_test(an_entry_of_nothing_waits_for_its_group),
        cmocka_unit_test(after_a_failed_sync_the_bytes_go_to_a_new_segment),
        cmocka_unit_test(no_failed_segment_is_left_where_it_can_be_cleared),
        cmocka_unit_test(back_off_grows_and_ends),
        cmocka_unit_test(a_full_disk_loses_nothing_and_is_left_within_a_second),
        cmocka_unit_test(a_full_journal_refuses_until_segments_are_released),
        cmocka_unit_test(space_is_left_to_others),
        cmocka_unit_test(the_open_group_is_bounded),
        cmocka_unit_test(a_line_must_fit_a_frame),
        cmocka_unit_test(a_deleted_or_moved_folder_is_noticed),
        cmocka_unit_test(segments_are_bounded_and_numbers_go_on),
        cmocka_unit_test(recovery_writes_no_segment_and_deletes_none),
        cmocka_unit_test(tickets_that_fell_off_the_list_are_unknown),
        cmocka_unit_test(a_meter_knows_its_percentiles),
        cmocka_unit_test(every_sender_is_woken),
        cmocka_unit_test(waiters_are_let_go),
        cmocka_unit_test(closing_commits_what_is_open),
        cmocka_unit_test(riders_are_written_once_a_group),
        cmocka_unit_test(lines_do_not_wait_for_the_letter_of_another),
        cmocka_unit_test(a_group_may_be_riders_only),
        cmocka_unit_test(a_failed_sink_fails_only_those_who_ride),
        cmocka_unit_test(a_failed_output_fails_its_riders_too),
        cmocka_unit_test(a_full_sink_refuses_before_anything_is_stored),
        cmocka_unit_test(large_riders_ride_alone),
        cmocka_unit_test(what_rides_is_written_by_close),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
