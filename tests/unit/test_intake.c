/* Parcels come in the order of the journal, to one hand or to many, and what
 * is settled ends where some hand still has a line. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "halt.h"
#include "intake.h"
#include "journal.h"
#include "log.h"
#include "patient.h"
#include "thread.h"

enum { HANDS = 8 };

struct fixture {
    char folder[64];
    struct journal *journal;
    struct halt halt;
    struct intake_options options;
    struct intake *intake;
    struct parcel parcels[HANDS];
    struct error err;
    uint64_t written;
};

static void open_journal(struct fixture *f)
{
    static const char *const outputs[] = {"influx"};
    struct journal_options options = {.dir = f->folder,
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_bytes = 100000000};
    f->journal = journal_open(&options, &f->err);
    assert_non_null(f->journal);
    f->options.tail.journal = f->journal;
    f->intake = intake_open(&f->options, &f->err);
    assert_non_null(f->intake);
}

static void close_journal(struct fixture *f)
{
    intake_close(f->intake);
    journal_close(f->journal);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/test_intake.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    log_set_level(LOG_ERROR);
    halt_init(&f->halt);
    f->options.halt = &f->halt;
    f->options.batch =
        (struct batch_options){.max_lines = 10, .max_bytes = 1 << 20};
    for (size_t i = 0; i < HANDS; i++)
        parcel_init(&f->parcels[i], 1 << 20);
    open_journal(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[200];
    close_journal(f);
    for (size_t i = 0; i < HANDS; i++)
        parcel_deinit(&f->parcels[i]);
    halt_deinit(&f->halt);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* So many points, durable; the first has the number 1. */
static void add(struct fixture *f, size_t count)
{
    struct buf lines;
    uint64_t ticket;
    buf_init(&lines, 1 << 20);
    for (size_t i = 0; i < count; i++)
        buf_printf(&lines, "m v=1 %d\n", (int)++f->written);
    struct journal_lines item = {.lines = buf_text(&lines),
                                 .points = (uint32_t)count};
    struct journal_entry entry = {.lines = &item, .line_count = 1};
    assert_true(journal_append(f->journal, &entry, -1, &ticket, &f->err));
    assert_true(journal_commit(f->journal, &f->err));
    buf_deinit(&lines);
}

static struct parcel *take(struct fixture *f, unsigned hand)
{
    struct parcel *parcel = &f->parcels[hand];
    while (!intake_take(f->intake, hand, parcel, &f->err))
        assert_int_equal(f->err.kind, ERR_NONE);
    return parcel;
}

static void settle(struct fixture *f, unsigned hand, size_t line)
{
    intake_settle(f->intake, hand, &f->parcels[hand], line);
}

static void assert_parcel(const struct parcel *parcel, uint64_t first,
                          uint64_t end)
{
    struct buf lines;
    assert_int_equal(parcel->first_seq, first);
    assert_int_equal(parcel->end_seq, end);
    buf_init(&lines, 1 << 20);
    for (uint64_t seq = first; seq < end; seq++)
        buf_printf(&lines, "m v=1 %d\n", (int)seq);
    assert_true(text_equal(buf_text(&parcel->lines), buf_text(&lines)));
    buf_deinit(&lines);
}

static void one_hand_gets_parcel_after_parcel(void **state)
{
    struct fixture *f = *state;
    add(f, 25);
    assert_int_equal(intake_settled(f->intake), 1);
    assert_parcel(take(f, 0), 1, 11);
    settle(f, 0, 3);
    assert_int_equal(intake_settled(f->intake), 4);
    settle(f, 0, 10);
    assert_int_equal(intake_settled(f->intake), 11);
    assert_parcel(take(f, 0), 11, 21);
    settle(f, 0, 10);
    assert_parcel(take(f, 0), 21, 26);
    settle(f, 0, 5);
    assert_int_equal(intake_settled(f->intake), 26);
}

static void settled_ends_at_the_first_line_in_hand(void **state)
{
    struct fixture *f = *state;
    add(f, 40);
    for (unsigned hand = 0; hand < 4; hand++)
        assert_parcel(take(f, hand), hand * 10 + 1, hand * 10 + 11);
    settle(f, 2, 10);
    settle(f, 3, 5);
    assert_int_equal(intake_settled(f->intake), 1);
    settle(f, 0, 10);
    assert_int_equal(intake_settled(f->intake), 11);
    settle(f, 1, 4);
    assert_int_equal(intake_settled(f->intake), 15);
    settle(f, 1, 10);
    assert_int_equal(intake_settled(f->intake), 36); /* 3 has the rest */
    settle(f, 3, 10);
    assert_int_equal(intake_settled(f->intake), 41);
}

static void what_is_not_settled_comes_again(void **state)
{
    struct fixture *f = *state;
    add(f, 30);
    take(f, 0);
    take(f, 1);
    settle(f, 1, 10);
    settle(f, 0, 4);
    close_journal(f);
    open_journal(f);
    struct parcel *parcel = take(f, 0);
    assert_in_range(parcel->first_seq, 1, 5); /* its frame begins there */
    close_journal(f);
    open_journal(f);
}

static void nothing_comes_when_it_is_halted(void **state)
{
    struct fixture *f = *state;
    assert_false(intake_take(f->intake, 0, &f->parcels[0], &f->err)); /* idle */
    assert_int_equal(f->err.kind, ERR_NONE);
    add(f, 5);
    halt_set(&f->halt);
    assert_false(intake_take(f->intake, 0, &f->parcels[0], &f->err));
    assert_int_equal(f->err.kind, ERR_NONE);
}

/* A burst leaves nothing behind. */
static void an_idle_intake_gives_its_memory_back(void **state)
{
    struct fixture *f = *state;
    close_journal(f);
    f->options.batch.max_lines = 0;
    open_journal(f);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 50; i++)
            add(f, 1000);
        size_t left = 50000;
        while (left > 0) {
            struct parcel *parcel = take(f, 0);
            left -= parcel->count;
            settle(f, 0, parcel->count);
        }
    }
    /* the memory that went round is in the batch now, or in the hand */
    assert_true(f->parcels[0].lines.capacity > 256 << 10);
    add(f, 1);
    take(f, 0);
    settle(f, 0, 1);
    assert_false(intake_take(f->intake, 0, &f->parcels[0], &f->err));
    add(f, 1);
    struct parcel *parcel = take(f, 0);
    assert_true(parcel->lines.capacity < 256 << 10);
    settle(f, 0, 1);
}

/* ---- many threads ---- */

struct worker {
    struct fixture *f;
    unsigned hand;
    atomic_uchar *seen;
    pthread_t thread;
};

static void *work(void *context)
{
    struct worker *worker = context;
    struct fixture *f = worker->f;
    struct parcel *parcel = &f->parcels[worker->hand];
    struct error err;
    while (!halt_is_set(&f->halt)) {
        if (!intake_take(f->intake, worker->hand, parcel, &err))
            continue;
        for (size_t line = 0; line < parcel->count; line++) {
            uint64_t seq = parcel_seq(parcel, line);
            /* ours until we say so */
            if (intake_settled(f->intake) > seq)
                atomic_store(&worker->seen[0], 1);
            atomic_fetch_add(&worker->seen[seq], 1);
            intake_settle(f->intake, worker->hand, parcel, line + 1);
        }
    }
    return NULL;
}

static void many_hands_get_each_line_once(void **state)
{
    enum { POINTS = 3000 };
    struct fixture *f = *state;
    static atomic_uchar seen[POINTS + 1];
    struct worker workers[HANDS];
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < HANDS; i++) {
        workers[i] = (struct worker){.f = f, .hand = i, .seen = seen};
        assert_true(thread_start(&workers[i].thread, work, &workers[i],
                                 "a test", &f->err));
    }
    for (int i = 0; i < POINTS / 3; i++)
        add(f, 3);
    int64_t until_ns = patient_ns() + 60 * NS_PER_S;
    while (intake_settled(f->intake) < POINTS + 1)
        assert_true(patient_ns() < until_ns);
    halt_set(&f->halt);
    for (unsigned i = 0; i < HANDS; i++)
        pthread_join(workers[i].thread, NULL);
    assert_int_equal(seen[0], 0);
    for (size_t i = 1; i <= POINTS; i++)
        assert_int_equal(seen[i], 1);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(one_hand_gets_parcel_after_parcel),
        ROW(settled_ends_at_the_first_line_in_hand),
        ROW(what_is_not_settled_comes_again),
        ROW(nothing_comes_when_it_is_halted),
        ROW(an_idle_intake_gives_its_memory_back),
        ROW(many_hands_get_each_line_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
