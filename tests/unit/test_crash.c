/* Whatever happens at whatever moment: what was acknowledged is delivered, and
 * nothing that was never sent.
 *
 * A seed makes a story: lives of a gateway on a memory disk, with appends,
 * commits, a relay that reads and settles, a disk that fails, and an end by
 * power cut, kill or stop at any operation. CRASH_SEEDS says how many seeds,
 * CRASH_FIRST from which one on, CRASH_SEED which one alone.
 */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"
#include "stats.h"
#include "tail.h"

enum {
    SEEDS = 2000,
    LIVES = 5,
    STEPS = 40,
    POINTS = 4096, /* more than a story can send */
    WAITING = 64,
    OUTPUTS = 2,
    SEGMENT_BYTES = 3000
};

struct waiting {
    uint64_t ticket;
    unsigned first, count; /* ids */
    unsigned outputs;
};

struct story {
    uint64_t seed;
    struct memory_disk *disk;
    struct journal *journal;
    struct tail *tails[OUTPUTS];
    unsigned sent; /* ids so far */
    unsigned char acked[OUTPUTS][POINTS];
    unsigned char delivered[OUTPUTS][POINTS];
    unsigned last_id[OUTPUTS]; /* in this life */
    uint64_t next_seq[OUTPUTS];
    struct waiting waiting[WAITING];
    size_t waiting_count;
    unsigned cuts; /* how often the power went off */
    struct buf lines;
};

static int64_t now_ns;

static int64_t story_clock(void)
{
    return now_ns;
}

#define story_assert(story, fact)                                              \
    do {                                                                       \
        if (!(fact))                                                           \
            fail_msg("CRASH_SEED=%" PRIu64 ": %s", (story)->seed, #fact);      \
    } while (0)

static uint64_t chance(struct story *story, uint64_t below)
{
    return memory_disk_random(story->disk, below);
}

/* The line is a function of the id, so that a reader can check every byte. */
static void append_line(struct buf *out, unsigned id)
{
    unsigned len = id % 7 == 0 ? id * 37 % 400 : id % 20;
    if (id % 97 == 0)
        len = 30000;
    buf_printf(out, "m,id=%u f=\"", id);
    for (unsigned i = 0; i < len; i++)
        buf_append_char(out, i % 50 == 7 ? '#' : (char)('a' + (id + i) % 26));
    buf_printf(out, "\" %u\n", id);
}

static void send_points(struct story *story)
{
    unsigned count = 1 + (unsigned)chance(story, 5);
    unsigned outputs = 1 + (unsigned)chance(story, (1 << OUTPUTS) - 1);
    if (story->sent + count >= POINTS || story->waiting_count == WAITING)
        return;
    buf_clear(&story->lines);
    for (unsigned i = 0; i < count; i++)
        append_line(&story->lines, story->sent + 1 + i);
    struct journal_lines lines[OUTPUTS];
    size_t used = 0;
    for (unsigned i = 0; i < OUTPUTS; i++)
        if (outputs >> i & 1)
            lines[used++] =
                (struct journal_lines){i, buf_text(&story->lines), count};
    struct waiting *waiting = &story->waiting[story->waiting_count];
    *waiting = (struct waiting){0, story->sent + 1, count, outputs};
    if (journal_append(
            story->journal,
            &(struct journal_entry){.lines = lines, .line_count = used}, -1,
            &waiting->ticket, NULL))
        story->waiting_count++;
    story->sent += count;
}

static void commit(struct story *story)
{
    journal_commit(story->journal, NULL);
    for (size_t i = 0; i < story->waiting_count; i++) {
        const struct waiting *waiting = &story->waiting[i];
        enum ticket_state state =
            journal_ticket(story->journal, waiting->ticket);
        story_assert(story, state != TICKET_WAITS);
        for (unsigned o = 0; state == TICKET_DURABLE && o < OUTPUTS; o++)
            if (waiting->outputs >> o & 1)
                memset(&story->acked[o][waiting->first], 1, waiting->count);
    }
    story->waiting_count = 0;
}

static void check_lines(struct story *story, unsigned output, struct text got)
{
    struct buf wanted;
    buf_init(&wanted, 1 << 20);
    while (got.len > 0) {
        unsigned id = 0;
        story_assert(story, sscanf(got.at, "m,id=%u ", &id) == 1);
        story_assert(story, id > 0 && id <= story->sent);
        story_assert(story, id > story->last_id[output]);
        buf_clear(&wanted);
        append_line(&wanted, id);
        story_assert(story, text_starts_with(got, buf_text(&wanted)));
        got = text_skip(got, wanted.len);
        story->delivered[output][id] = 1;
        story->last_id[output] = id;
    }
    buf_deinit(&wanted);
}

/* Takes up to so many frames; true if there may be more. */
static bool take_frames(struct story *story, unsigned output, uint64_t frames)
{
    for (; frames > 0; frames--) {
        uint64_t seq;
        uint32_t points;
        struct error err = {0};
        buf_clear(&story->lines);
        if (!tail_next(story->tails[output], 0, &story->lines, &seq, &points,
                       &err)) {
            if (err.kind == ERR_NONE)
                return false;
            continue;
        }
        story_assert(story, seq >= story->next_seq[output]);
        story->next_seq[output] = seq + points;
        check_lines(story, output, buf_text(&story->lines));
    }
    return true;
}

static void make_disk_fail(struct story *story)
{
    struct memory_disk *disk = story->disk;
    disk->fail_ops = 1u << chance(story, 9);
    disk->fail_skip = (unsigned)chance(story, 4);
    disk->fail_count = 1 + (unsigned)chance(story, 4);
    disk->fail_drops = chance(story, 2);
    disk->fail_errno = chance(story, 2) ? EIO : ENOSPC;
}

static void step(struct story *story)
{
    unsigned output = (unsigned)chance(story, OUTPUTS);
    switch (chance(story, 8)) {
    case 0:
    case 1:
    case 2:
        send_points(story);
        break;
    case 3:
    case 4:
        commit(story);
        break;
    case 5:
        take_frames(story, output, 1 + chance(story, 4));
        break;
    case 6:
        tail_settle(story->tails[output], story->next_seq[output]);
        break;
    case 7:
        now_ns += (int64_t)chance(story, 3 * NS_PER_S);
        if (chance(story, 3) == 0)
            make_disk_fail(story);
        break;
    }
}

static bool start(struct story *story)
{
    static const char *const outputs[OUTPUTS] = {"one", "two"};
    struct journal_options options = {.dir = "/data/journal",
                                      .outputs = outputs,
                                      .output_count = OUTPUTS,
                                      .max_bytes = 1 << 30,
                                      .fs = &story->disk->fs,
                                      .segment_bytes = SEGMENT_BYTES,
                                      .mono_ns = story_clock};
    struct error err = {0};
    story->journal = journal_open(&options, &err);
    if (!story->journal && getenv("CRASH_SEED"))
        print_message("%s\n", err.text);
    story->waiting_count = 0;
    bool is_open = story->journal != NULL;
    for (unsigned i = 0; i < OUTPUTS; i++) {
        struct tail_options tail = {.journal = story->journal,
                                    .output = i,
                                    .fs = &story->disk->fs,
                                    .mono_ns = story_clock};
        story->tails[i] = is_open ? tail_open(&tail, NULL) : NULL;
        is_open = is_open && story->tails[i];
        story->last_id[i] = 0;
        story->next_seq[i] = 0;
    }
    return is_open;
}

static void stop(struct story *story)
{
    for (unsigned i = 0; i < OUTPUTS; i++)
        tail_close(story->tails[i]);
    journal_close(story->journal);
}

/* 0: a clean stop (but the power may fail in it), 1: killed, 2: power cut.
 * Stopping also writes; after a crash none of that reaches the disk. */
static void end_life(struct story *story, uint64_t way)
{
    bool went_off = story->disk->is_off;
    story->disk->fail_count = 0;
    if (way != 0)
        story->disk->is_off = true;
    stop(story);
    went_off = went_off || (way == 0 && story->disk->is_off);
    story->cuts += went_off;
    if (way == 1)
        memory_disk_kill(story->disk);
    else if (way != 0 || went_off)
        memory_disk_cut_power(story->disk);
}

static void live(struct story *story)
{
    if (chance(story, 3) > 0)
        story->disk->off_at =
            story->disk->op_count + 1 + (unsigned)chance(story, 80);
    story->disk->writes_short = chance(story, 2);
    bool is_open = start(story);
    for (uint64_t i = chance(story, STEPS); is_open && i > 0; i--)
        step(story);
    if (is_open && chance(story, 2))
        commit(story);
    end_life(story, chance(story, 3));
    story->disk->off_at = 0;
}

static void check_all_delivered(struct story *story)
{
    story_assert(story, start(story));
    for (unsigned o = 0; o < OUTPUTS; o++) {
        take_frames(story, o, POINTS);
        tail_settle(story->tails[o], story->next_seq[o]);
        story_assert(story, tail_pending(story->tails[o]) == 0);
        for (unsigned id = 1; id <= story->sent; id++)
            if (story->acked[o][id] && !story->delivered[o][id])
                fail_msg("CRASH_SEED=%" PRIu64 ": point %u of output %u was"
                         " acknowledged and is lost",
                         story->seed, id, o);
    }
    stop(story);
}

static unsigned tell(uint64_t seed, unsigned *acked)
{
    struct story *story = xcalloc(1, sizeof *story);
    now_ns = 0;
    story->seed = seed;
    story->disk = memory_disk_new(seed);
    buf_init(&story->lines, 1 << 20);
    for (uint64_t lives = 1 + chance(story, LIVES); lives > 0; lives--)
        live(story);
    story->disk->writes_short = false;
    check_all_delivered(story);
    for (unsigned id = 1; id <= story->sent; id++)
        *acked += story->acked[0][id] + story->acked[1][id];
    unsigned cuts = story->cuts;
    buf_deinit(&story->lines);
    memory_disk_free(story->disk);
    free(story);
    return cuts;
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    const char *one = getenv("CRASH_SEED"), *many = getenv("CRASH_SEEDS");
    const char *from = one ? one : getenv("CRASH_FIRST");
    uint64_t first = from ? strtoull(from, NULL, 10) : 1;
    uint64_t count = one ? 1 : many ? strtoull(many, NULL, 10) : SEEDS;
    unsigned cuts = 0, acked = 0;
    uint64_t lost = stats_get(&stats.lost_points);
    for (uint64_t seed = first; seed < first + count; seed++)
        cuts += tell(seed, &acked);
    print_message("%" PRIu64 " seeds, %u power cuts, %u points acknowledged,"
                  " %" PRIu64 " reported lost\n",
                  count, cuts, acked, stats_get(&stats.lost_points) - lost);
    /* What is reported here was delivered: of segments that were deleted while
     * the disk failed, a power cut brought some back and not those between. No
     * order of calls can tell that from damage; it must stay rare. */
    assert_true(stats_get(&stats.lost_points) - lost <= count / 50 + 50);
    if (!one) {
        assert_true(cuts > count / 2);
        assert_true(acked > count * 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost),
    };
    if (!getenv("CRASH_SEED"))
        log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
