/* Letters tried again: what is stored, what stays, and that a crash at any
 * operation in between loses none. The disk is a test's; REPLAY_SEEDS says how
 * many stories. */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buf.h"
#include "dead.h"
#include "dead_list.h"
#include "error.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"
#include "replay.h"
#include "route.h"
#include "script.h"
#include "store.h"
#include "tail.h"

enum { LETTERS = 24, SEEDS = 400 };

static char influx[] = "influx", paper[] = "paper";
static char *outputs[] = {influx, paper, NULL};

/* Fails again, and has a point all the same. */
static char keep_again[] = "return function(req)\n"
                           "  keep('again')\n"
                           "  return point('m', {}, { f = 1 })\n"
                           "end\n";
static char only_once[] = "return function(req)\n"
                          "  if req.query.again then keep('again') end\n"
                          "  if not store.add('once') then return end\n"
                          "  return point('m', {}, { f = 1 })\n"
                          "end\n";
static const struct script_source sources[] = {{.name = "keep.lua",
                                                .path = "keep.lua",
                                                .text = keep_again,
                                                .len = sizeof keep_again - 1,
                                                .dir = "."},
                                               {.name = "once.lua",
                                                .path = "once.lua",
                                                .text = only_once,
                                                .len = sizeof only_once - 1,
                                                .dir = "."}};

struct bench {
    bool is_unattended; /* nobody commits but the test */
    struct memory_disk *disk;
    struct route_table *routes;
    struct journal *journal;
    struct dead *dead;
    struct replay *replay;
    struct store *store; /* outlives the others */
    struct error err;
    struct buf told; /* "+id what" or "-id what", a line each */
};

static bool open_bench(struct bench *bench)
{
    struct journal_sink sinks[DEAD_SINKS];
    bench->dead = dead_open(
        &(struct dead_options){.dir = "/d/dead", .fs = &bench->disk->fs},
        &bench->err);
    if (!bench->dead)
        return false;
    dead_sinks(bench->dead, sinks);
    const struct journal_options options = {.dir = "/d/journal",
                                            .outputs =
                                                (const char *const *)outputs,
                                            .output_count = 2,
                                            .sinks = sinks,
                                            .sink_count = DEAD_SINKS,
                                            .max_bytes = 1 << 30,
                                            .fs = &bench->disk->fs};
    bench->journal = journal_open(&options, &bench->err);
    if (!bench->journal
        || (!bench->is_unattended
            && !journal_start(bench->journal, &bench->err)))
        return false;
    const struct replay_options replay = {
        .dead = bench->dead,
        .dir = "/d/dead",
        .fs = &bench->disk->fs,
        .ingest = {.routes = bench->routes,
                   .scripts = sources,
                   .script_count = 2,
                   .outputs = {outputs, 2},
                   .store = bench->store,
                   .journal = bench->journal}};
    bench->replay = replay_new(&replay, &bench->err);
    return bench->replay != NULL;
}

static void close_bench(struct bench *bench)
{
    replay_free(bench->replay);
    journal_close(bench->journal);
    dead_close(bench->dead);
    bench->replay = NULL;
    bench->journal = NULL;
    bench->dead = NULL;
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    struct route *route = xcalloc(1, sizeof *route);
    bench->disk = memory_disk_new(1);
    bench->routes = route_table_new();
    bench->store = store_new(100, 1 << 20);
    *route = (struct route){.pattern = xstrdup("/write"),
                            .methods = METHOD_POST,
                            .script = -1,
                            .line_protocol = true,
                            .outputs = 1,
                            .limits = LIMITS_DEFAULT};
    assert_true(route_table_add(bench->routes, route, &bench->err));
    route = xcalloc(1, sizeof *route);
    *route = (struct route){.pattern = xstrdup("/keep"),
                            .methods = METHOD_POST,
                            .outputs = 1,
                            .limits = LIMITS_DEFAULT};
    assert_true(route_table_add(bench->routes, route, &bench->err));
    route = xcalloc(1, sizeof *route);
    *route = (struct route){.pattern = xstrdup("/once"),
                            .methods = METHOD_POST,
                            .script = 1,
                            .outputs = 1,
                            .limits = LIMITS_DEFAULT};
    assert_true(route_table_add(bench->routes, route, &bench->err));
    buf_init(&bench->told, 1 << 20);
    if (!open_bench(bench))
        fail_msg("%s", bench->err.text);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    close_bench(bench);
    route_table_free(bench->routes);
    store_free(bench->store);
    memory_disk_free(bench->disk);
    buf_deinit(&bench->told);
    free(bench);
    return 0;
}

static void put_letter(struct bench *bench, const char *id, const char *target,
                       const char *body)
{
    char path[100];
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text,
               "### POST /write\n# @time 2026-01-02T03:04:05.000000006Z\n"
               "# @id %s\n# @route /write\n# @reason as it was\n"
               "# @traceback old\n#   lines\nPOST %s HTTP/1.1\nA: b\n\n%s\n",
               id, target, body);
    snprintf(path, sizeof path, "/d/dead/requests/%s.http", id);
    memory_disk_put(bench->disk, path, text.data, text.len);
    buf_deinit(&text);
}

static void put_points(struct bench *bench, const char *output, uint64_t from,
                       uint64_t to)
{
    for (uint64_t seq = from; seq < to; seq++) {
        char line[50];
        snprintf(line, sizeof line, "m f=%" PRIu64 " 9", seq);
        const struct dead_point point = {
            .seq = seq, .line = text_of(line), .reason = TEXT("no")};
        assert_true(dead_refuse(bench->dead, output, &point, 1, NULL));
    }
}

static void reopen(struct bench *bench)
{
    close_bench(bench);
    if (!open_bench(bench))
        fail_msg("%s", bench->err.text);
}

static void tell(void *context, const struct replay_result *result)
{
    struct bench *bench = context;
    buf_printf(&bench->told, "%c%.*s %.*s\n", result->is_done ? '+' : '-',
               TEXT_ARG(result->id), TEXT_ARG(result->what));
}

static bool replay(struct bench *bench, const char *const *ids, size_t count)
{
    struct text texts[LETTERS * 2];
    for (size_t i = 0; i < count; i++)
        texts[i] = text_of(ids[i]);
    buf_clear(&bench->told);
    return replay_letters(bench->replay, texts, count, tell, bench);
}

/* All that is in the journal of an output. */
static void read_journal(struct bench *bench, unsigned output, struct buf *out)
{
    const struct tail_options options = {
        .journal = bench->journal, .output = output, .fs = &bench->disk->fs};
    struct tail *tail = tail_open(&options, &bench->err);
    uint64_t seq;
    uint32_t points;
    assert_non_null(tail);
    while (tail_next(tail, 0, out, &seq, &points, &bench->err))
        continue;
    tail_close(tail);
}

static void assert_journal(struct bench *bench, unsigned output,
                           const char *lines)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    read_journal(bench, output, &out);
    assert_text(buf_text(&out), lines);
    buf_deinit(&out);
}

#define A "00000000000000aa"
#define B "00000000000000bb"
#define F1 "m f=1 1767323045000000006\n"

static void a_request_is_stored_with_its_own_time(void **state)
{
    struct bench *bench = *state;
    put_letter(bench, A, "/write?precision=s", "m f=1\nm f=2 5");
    reopen(bench);
    assert_true(replay(bench, (const char *const[]){A}, 1));
    assert_text(buf_text(&bench->told), "+" A " 2 points\n");
    assert_journal(bench, 0, "m f=1 1767323045000000006\nm f=2 5000000000\n");
    assert_null(memory_disk_find(bench->disk, "/d/dead/requests", "", 0));
}

/* The same text, hours apart, is not the same point. */
static void what_came_more_than_once_is_stored_at_each_time(void **state)
{
    struct bench *bench = *state;
    static char again[] = B " 2026-01-02T03:04:06Z          \n"
                            "00000000000000cc rubbish                       \n"
                            "00000000000000dd 2026-01-02T03:04:07.000000001Z\n";
    put_letter(bench, A, "/write?precision=s", "m f=1\nm f=2 5");
    memory_disk_put(bench->disk, "/d/dead/requests/" A ".again", again,
                    sizeof again - 1);
    reopen(bench);
    assert_true(replay(bench, (const char *const[]){A}, 1));
    assert_text(buf_text(&bench->told), "+" A " 6 points\n");
    assert_journal(bench, 0,
                   "m f=1 1767323045000000006\nm f=2 5000000000\n"
                   "m f=1 1767323046000000000\nm f=2 5000000000\n"
                   "m f=1 1767323047000000001\nm f=2 5000000000\n");
    assert_null(memory_disk_find(bench->disk, "/d/dead/requests", "", 0));
}

static void what_fails_again_has_the_new_reason(void **state)
{
    struct bench *bench = *state;
    struct buf text;
    uint64_t again;
    put_letter(bench, A, "/write", "m f=");
    put_letter(bench, B, "/nowhere", "m f=1");
    reopen(bench);
    assert_false(replay(bench, (const char *const[]){A, B}, 2));
    assert_non_null(strstr(buf_string(&bench->told), "-" A " "));
    assert_non_null(strstr(buf_string(&bench->told),
                           "-" B " no route has its path /nowhere: "));
    buf_init(&text, 4096);
    assert_true(
        dead_list_load(&bench->disk->fs, "/d/dead", A, &text, &again, NULL));
    assert_null(strstr(buf_string(&text), "as it was"));
    assert_null(strstr(buf_string(&text), "lines\nPOST"));
    assert_non_null(strstr(buf_string(&text), "# @reason "));
    assert_non_null(strstr(buf_string(&text), "A: b\n\nm f=\n"));
    buf_clear(&text);
    assert_true(dead_list_load(&bench->disk->fs, "/d/dead", B, &text, &again,
                               NULL)); /* that is not the request's fault */
    assert_non_null(strstr(buf_string(&text), "# @reason as it was\n"));
    assert_journal(bench, 0, "");
    buf_deinit(&text);
}

/* Its points are made durable when the replay is long gone, and its descriptors
 * belong to others. */
static void a_replay_that_is_gone_is_not_woken(void **state)
{
    enum { FILES = 8 };
    struct bench *bench = *state;
    int files[FILES];
    bench->is_unattended = true;
    put_letter(bench, A, "/keep", "x");
    reopen(bench);
    assert_false(replay(bench, (const char *const[]){A}, 1));
    assert_text(buf_text(&bench->told), "-" A " keep.lua:2: again\n");
    replay_free(bench->replay);
    bench->replay = NULL;
    for (size_t i = 0; i < FILES; i++)
        files[i] = memfd_create("another's", 0);
    assert_true(journal_commit(bench->journal, &bench->err));
    assert_journal(bench, 0, "m f=1 1767323045000000006\n");
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(lseek(files[i], 0, SEEK_END), 0);
        close(files[i]);
    }
}

static void points_go_back_to_their_output(void **state)
{
    struct bench *bench = *state;
    put_points(bench, "influx", 1, 4);
    put_points(bench, "paper", 7, 8);
    put_points(bench, "gone", 1, 2);
    static const char *const ids[] = {
        "influx/00000000000000000003", "paper/00000000000000000007",
        "influx/00000000000000000001", "influx/00000000000000000009",
        "gone/00000000000000000001",   "paper/"};
    assert_false(replay(bench, ids, 6));
    assert_text(buf_text(&bench->told),
                "+influx/00000000000000000003 1 point\n"
                "+paper/00000000000000000007 1 point\n"
                "+influx/00000000000000000001 1 point\n"
                "-influx/00000000000000000009 there is no such dead letter\n"
                "-gone/00000000000000000001 there is no such output\n"
                "-paper/ there is no such dead letter\n");
    assert_journal(bench, 0, "m f=3 9\nm f=1 9\n");
    assert_journal(bench, 1, "m f=7 9\n");
    assert_int_equal(dead_points(bench->dead, "influx"), 1);
    assert_int_equal(dead_points(bench->dead, "paper"), 0);
    assert_int_equal(dead_points(bench->dead, "gone"), 1);
}

static void what_the_journal_cannot_write_stays(void **state)
{
    struct bench *bench = *state;
    put_letter(bench, A, "/write", "m f=1");
    put_points(bench, "influx", 1, 2);
    reopen(bench);
    bench->disk->fail_ops = DISK_WRITE;
    bench->disk->fail_count = 1000;
    static const char *const ids[] = {A, "influx/00000000000000000001"};
    assert_false(replay(bench, ids, 2));
    assert_text(buf_text(&bench->told),
                "-" A " the journal could not be written\n"
                "-influx/00000000000000000001 the journal could not be"
                " written\n");
    bench->disk->fail_count = 0;
    assert_int_equal(dead_points(bench->dead, "influx"), 1);
    reopen(bench);
    assert_true(replay(bench, ids, 2));
}

/* Else its next try would be a double with nothing to store, and the letter
 * dropped: also of what is stored only in part. */
static void what_the_journal_could_not_write_was_not_first(void **state)
{
    struct bench *bench = *state;
    for (int is_kept = 0; is_kept < 2; is_kept++) {
        put_letter(bench, A, is_kept ? "/once?again=1" : "/once", "x");
        reopen(bench);
        bench->disk->fail_ops = DISK_WRITE;
        bench->disk->fail_count = 1000;
        assert_false(replay(bench, (const char *const[]){A}, 1));
        assert_text(buf_text(&bench->told),
                    is_kept ? "-" A " once.lua:2: again\n"
                            : "-" A " the journal could not be written\n");
        bench->disk->fail_count = 0;
        reopen(bench);
        assert_int_equal(replay(bench, (const char *const[]){A}, 1), !is_kept);
        assert_journal(bench, 0, is_kept ? F1 F1 : F1);
        store_clear(bench->store);
    }
}

/* The second is told done only if the first is. */
static void a_double_among_the_letters_waits_for_the_first(void **state)
{
    struct bench *bench = *state;
    static const char *const ids[] = {A, B};
    put_letter(bench, A, "/once", "x");
    put_letter(bench, B, "/once", "y");
    reopen(bench);
    bench->disk->fail_ops = DISK_WRITE;
    bench->disk->fail_count = 1000;
    assert_false(replay(bench, ids, 2));
    assert_text(buf_text(&bench->told),
                "-" A " the journal could not be written\n"
                "-" B " the journal could not be written\n");
    bench->disk->fail_count = 0;
    reopen(bench);
    assert_true(replay(bench, ids, 2));
    assert_text(buf_text(&bench->told), "+" A " 1 point\n+" B " 0 points\n");
    assert_journal(bench, 0, F1);
}

static void letters_that_are_none_are_said(void **state)
{
    struct bench *bench = *state;
    memory_disk_put(bench->disk, "/d/dead/requests/" A ".http", "x y", 3);
    reopen(bench);
    static const char *const ids[] = {A, B, "", "../../x", "0123"};
    assert_false(replay(bench, ids, 5));
    size_t lines = 0;
    for (size_t i = 0; i < bench->told.len; i++)
        lines += bench->told.data[i] == '\n';
    assert_int_equal(lines, 5);
    assert_null(memchr(bench->told.data, '+', bench->told.len));
}

static void dropping_needs_no_journal(void **state)
{
    struct bench *bench = *state;
    put_letter(bench, A, "/write", "m f=1");
    put_points(bench, "influx", 1, 3);
    reopen(bench);
    const struct text ids[] = {TEXT(A), TEXT("influx/00000000000000000007"),
                               TEXT("influx/00000000000000000002"), TEXT(B)};
    buf_clear(&bench->told);
    assert_false(replay_drop(bench->dead, ids, 4, tell, bench));
    assert_text(buf_text(&bench->told),
                "+" A " dropped\n-influx/00000000000000000007 there is no such"
                " dead letter\n+influx/00000000000000000002 dropped\n-" B
                " there is no such dead letter\n");
    assert_int_equal(dead_points(bench->dead, "influx"), 1);
    assert_journal(bench, 0, "");
}

/* ---- a crash at any operation ---- */

struct census {
    bool requests[LETTERS];
    bool points[LETTERS];
};

static void see_request(void *context, const char *id,
                        const struct dead_request *request, uint64_t again)
{
    struct census *census = context;
    (void)request, (void)again;
    census->requests[strtoul(id, NULL, 16) % LETTERS] = true;
}

static bool see_point(void *context, const struct dead_letter *letter)
{
    struct census *census = context;
    census->points[strtoul(letter->name.at, NULL, 10) % LETTERS] = true;
    return true;
}

static bool has_line(const struct buf *lines, const char *field, unsigned n)
{
    char line[50];
    int len = snprintf(line, sizeof line, "m %s=%u 9\n", field, n);
    return memmem(lines->data, lines->len, line, (size_t)len) != NULL;
}

/* Every letter is still there, or its line is in the journal; both is fine. */
static unsigned check_nothing_lost(struct bench *bench, uint64_t seed)
{
    struct census census = {{false}, {false}};
    struct buf lines;
    unsigned moved = 0;
    const struct file_system *fs = &bench->disk->fs;
    buf_init(&lines, 1 << 20);
    buf_append_char(&lines, '\n');
    read_journal(bench, 0, &lines);
    assert_true(dead_list_requests(fs, "/d/dead", see_request, &census, NULL));
    assert_true(
        dead_list_points(fs, "/d/dead", "influx", see_point, &census, NULL));
    for (unsigned i = 1; i < LETTERS; i++) {
        bool is_stored[] = {has_line(&lines, "r", i), has_line(&lines, "f", i)};
        moved += is_stored[0] + is_stored[1];
        if ((!census.requests[i] && !is_stored[0])
            || (!census.points[i] && !is_stored[1]))
            fail_msg("seed %" PRIu64 ": letter %u is lost", seed, i);
    }
    buf_deinit(&lines);
    return moved;
}

static void fill_with_letters(struct bench *bench)
{
    for (unsigned i = 1; i < LETTERS; i++) {
        char id[17], body[50];
        snprintf(id, sizeof id, "%016x", i);
        snprintf(body, sizeof body, "m r=%u 9", i);
        put_letter(bench, id, "/write", body);
    }
    put_points(bench, "influx", 1, LETTERS);
    reopen(bench);
}

static void replay_everything(struct bench *bench)
{
    static char names[2 * LETTERS][40];
    const char *ids[2 * LETTERS];
    size_t count = 0;
    for (unsigned i = 1; i < LETTERS; i++) {
        snprintf(names[count], sizeof names[0], "%016x", i);
        ids[count] = names[count];
        count++;
        snprintf(names[count], sizeof names[0], "influx/%020u", i);
        ids[count] = names[count];
        count++;
    }
    replay(bench, ids, count);
}

static unsigned tell_story(struct bench *bench, uint64_t seed)
{
    uint64_t way = memory_disk_random(bench->disk, 2);
    fill_with_letters(bench);
    bench->disk->off_at = bench->disk->op_count + 1
                          + (unsigned)memory_disk_random(bench->disk, 80);
    replay_everything(bench);
    bench->disk->is_off = true;
    close_bench(bench);
    if (way == 0)
        memory_disk_kill(bench->disk);
    else
        memory_disk_cut_power(bench->disk);
    bench->disk->off_at = 0;
    if (!open_bench(bench))
        fail_msg("seed %" PRIu64 ": %s", seed, bench->err.text);
    return check_nothing_lost(bench, seed);
}

static void a_crash_in_a_replay_loses_nothing(void **state)
{
    (void)state;
    const char *many = getenv("REPLAY_SEEDS");
    uint64_t seeds = many ? strtoull(many, NULL, 10) : SEEDS;
    unsigned moved = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        void *own = NULL;
        set_up(&own);
        struct bench *bench = own;
        bench->disk->seed = seed;
        moved += tell_story(bench, seed);
        tear_down(&own);
    }
    assert_true(moved > seeds);                     /* much was replayed, */
    assert_true(moved < seeds * 2 * (LETTERS - 1)); /* and not all of it */
}

int main(void)
{
#define REPLAY_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        REPLAY_TEST(a_request_is_stored_with_its_own_time),
        REPLAY_TEST(what_came_more_than_once_is_stored_at_each_time),
        REPLAY_TEST(what_fails_again_has_the_new_reason),
        REPLAY_TEST(a_replay_that_is_gone_is_not_woken),
        REPLAY_TEST(points_go_back_to_their_output),
        REPLAY_TEST(what_the_journal_cannot_write_stays),
        REPLAY_TEST(what_the_journal_could_not_write_was_not_first),
        REPLAY_TEST(a_double_among_the_letters_waits_for_the_first),
        REPLAY_TEST(letters_that_are_none_are_said),
        REPLAY_TEST(dropping_needs_no_journal),
        cmocka_unit_test(a_crash_in_a_replay_loses_nothing),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
