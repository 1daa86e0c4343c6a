/* Dead letters on a disk that fails: what is kept, what is counted, what goes,
 * and that no half letter is ever seen. */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "dead.h"
#include "dead_file.h"
#include "dead_list.h"
#include "error.h"
#include "log.h"
#include "memory_disk.h"
#include "stats.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

static int64_t now_ns;

static int64_t test_clock(void)
{
    return now_ns;
}

struct bench {
    struct memory_disk *disk;
    struct dead_options options;
    struct dead *dead;
    struct journal_sink sinks[DEAD_SINKS];
    struct error err;
};

static void open_bench(struct bench *bench)
{
    bench->dead = dead_open(&bench->options, &bench->err);
    if (!bench->dead)
        fail_msg("%s", bench->err.text);
    dead_sinks(bench->dead, bench->sinks);
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    bench->disk = memory_disk_new(1);
    now_ns = INT64_C(1767323045) * NS_PER_S; /* 2026-01-02T03:04:05Z */
    bench->options = (struct dead_options){
        .dir = "/d/dead", .fs = &bench->disk->fs, .wall_ns = test_clock};
    open_bench(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    dead_close(bench->dead);
    memory_disk_free(bench->disk);
    free(bench);
    return 0;
}

static void reopen(struct bench *bench)
{
    dead_close(bench->dead);
    open_bench(bench);
}

static void assert_file(struct bench *bench, const char *path,
                        const char *content)
{
    size_t len;
    char *bytes = memory_disk_bytes(bench->disk, path, &len);
    if (!bytes)
        fail_msg("no file %s", path);
    assert_text(((struct text){bytes, len}), content);
}

static void assert_no_file(struct bench *bench, const char *path)
{
    size_t len;
    if (memory_disk_bytes(bench->disk, path, &len))
        fail_msg("there is a file %s", path);
}

/* ---- requests ---- */

static struct text letter(const char *id, const char *body)
{
    static char text[4][500];
    static unsigned turn;
    char *out = text[turn++ % 4];
    snprintf(out, sizeof text[0],
             "### POST /met\n# @time 2026-01-02T03:04:05.000000006Z\n"
             "# @id %s\n# @route /met\n# @reason met.lua:3: no field x\n"
             "POST /met?a=1 HTTP/1.1\nContent-Type: text/plain\n\n%s\n",
             id, body);
    return text_of(out);
}

static bool keep(struct bench *bench, const struct text *items, size_t count)
{
    return bench->sinks[DEAD_REQUESTS].write(bench->dead, items, count,
                                             &bench->err);
}

static bool keep_one(struct bench *bench, const char *id, const char *body)
{
    struct text item = letter(id, body);
    return keep(bench, &item, 1);
}

static uint64_t kept(struct bench *bench)
{
    struct dead_status status;
    dead_status(bench->dead, &status);
    return status.requests;
}

#define REQUESTS "/d/dead/requests/"

static void a_request_is_a_file_with_its_key(void **state)
{
    struct bench *bench = *state;
    assert_true(keep_one(bench, "00000000000000a1", "hello"));
    size_t len;
    char *bytes =
        memory_disk_bytes(bench->disk, REQUESTS "00000000000000a1.http", &len);
    assert_non_null(bytes);
    struct dead_request request;
    assert_true(dead_request_read((struct text){bytes, len}, &request));
    assert_text(request.title, "### POST /met\n");
    assert_text(request.id, "00000000000000a1");
    assert_text(request.time, "2026-01-02T03:04:05.000000006Z");
    assert_text(request.route, "/met");
    assert_text(request.reason, "met.lua:3: no field x");
    assert_text(request.line, "POST /met?a=1 HTTP/1.1");
    assert_text(request.body, "hello\n");
    assert_int_equal(request.key.len, 16);
    assert_int_equal(kept(bench), 1);
}

#define AT_TIME " 2026-01-02T03:04:05.000000006Z\n"

/* With id and time of each: a point may have no other time. */
static void equal_ones_are_one_letter(void **state)
{
    struct bench *bench = *state;
    uint64_t before = stats_get(&stats.kept_requests);
    struct text group[] = {letter("00000000000000a1", "same"),
                           letter("00000000000000a2", "same"),
                           letter("00000000000000a3", "other")};
    assert_true(keep(bench, group, 3));
    assert_int_equal(kept(bench), 2);
    assert_file(bench, REQUESTS "00000000000000a1.again",
                "00000000000000a2" AT_TIME);
    assert_no_file(bench, REQUESTS "00000000000000a2.http");
    reopen(bench); /* the keys are read back */
    assert_true(keep_one(bench, "00000000000000a4", "same"));
    assert_file(bench, REQUESTS "00000000000000a1.again",
                "00000000000000a2" AT_TIME "00000000000000a4" AT_TIME);
    assert_int_equal(kept(bench), 2);
    assert_int_equal(stats_get(&stats.kept_requests) - before, 4);
}

/* What the sender was told leads to the letter. */
static void each_id_is_kept_as_the_first(void **state)
{
    struct bench *bench = *state;
    char first[DEAD_LIST_ID_BYTES];
    struct text group[] = {letter("00000000000000a1", "same"),
                           letter("00000000000000a2", "same"),
                           letter("00000000000000a3", "other")};
    assert_true(keep(bench, group, 3));
    const struct file_system *fs = &bench->disk->fs;
    static const char *const asked[][2] = {
        {"00000000000000a1", "00000000000000a1"},
        {"00000000000000a2", "00000000000000a1"},
        {"00000000000000a3", "00000000000000a3"}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        assert_true(dead_list_kept_as(fs, "/d/dead", asked[i][0], first));
        assert_string_equal(first, asked[i][1]);
    }
    assert_false(dead_list_kept_as(fs, "/d/dead", "00000000000000a4", first));
    assert_false(dead_list_kept_as(fs, "/d/dead", "00000000000000a", first));
    assert_false(dead_list_kept_as(fs, "/d/dead", "../requests/0000", first));
    assert_false(dead_list_kept_as(fs, "/d/none", "00000000000000a1", first));
}

/* No file grows for ever, and still none is lost. */
static void after_a_thousand_the_next_is_a_letter_of_its_own(void **state)
{
    struct bench *bench = *state;
    char id[DEAD_LIST_ID_BYTES], first[DEAD_LIST_ID_BYTES];
    const struct file_system *fs = &bench->disk->fs;
    for (unsigned i = 1; i <= 1005; i++) {
        if (i == 500)
            reopen(bench); /* how often is read back */
        snprintf(id, sizeof id, "%016x", i);
        assert_true(keep_one(bench, id, "same"));
    }
    assert_int_equal(kept(bench), 2);
    for (unsigned i = 1; i <= 1005; i++) {
        snprintf(id, sizeof id, "%016x", i);
        assert_true(dead_list_kept_as(fs, "/d/dead", id, first));
        assert_int_equal(strtoul(first, NULL, 16), i <= 1001 ? 1 : 1002);
    }
}

static void what_comes_again_is_on_disk_for_good(void **state)
{
    struct bench *bench = *state;
    char first[DEAD_LIST_ID_BYTES];
    assert_true(keep_one(bench, "00000000000000a1", "same"));
    assert_true(keep_one(bench, "00000000000000a2", "same"));
    dead_close(bench->dead);
    memory_disk_cut_power(bench->disk);
    open_bench(bench);
    assert_true(dead_list_kept_as(&bench->disk->fs, "/d/dead",
                                  "00000000000000a2", first));
    assert_string_equal(first, "00000000000000a1");
}

static void what_comes_again_may_fail_and_come_again(void **state)
{
    struct bench *bench = *state;
    const unsigned ops[] = {DISK_WRITE, DISK_SYNC, DISK_SYNC_DIR};
    assert_true(keep_one(bench, "00000000000000a1", "same"));
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        bench->disk->fail_ops = ops[i];
        bench->disk->fail_skip = 0;
        bench->disk->fail_count = 1;
        assert_false(keep_one(bench, "00000000000000a2", "same"));
        assert_int_equal(bench->disk->fail_count, 0);
    }
    assert_true(keep_one(bench, "00000000000000a3", "same"));
    assert_file(bench, REQUESTS "00000000000000a1.again",
                "00000000000000a3" AT_TIME);
}

/* A second sync of the same file would say yes to what the first has lost. */
static void after_a_failed_sync_it_is_another_file(void **state)
{
    struct bench *bench = *state;
    assert_true(keep_one(bench, "00000000000000a1", "same"));
    assert_true(keep_one(bench, "00000000000000a2", "same"));
    bench->disk->fail_ops = DISK_SYNC;
    bench->disk->fail_count = 1;
    bench->disk->fail_drops = true;
    assert_false(keep_one(bench, "00000000000000a3", "same"));
    assert_int_equal(bench->disk->fail_count, 0);
    assert_true(keep_one(bench, "00000000000000a4", "same"));
    dead_close(bench->dead);
    memory_disk_cut_power(bench->disk);
    open_bench(bench);
    assert_int_equal(kept(bench), 1);
    assert_file(bench, REQUESTS "00000000000000a1.again",
                "00000000000000a2" AT_TIME "00000000000000a4" AT_TIME);
}

/* A replay that knew of fewer must not drop the last of them. */
static void what_came_meanwhile_is_not_dropped(void **state)
{
    struct bench *bench = *state;
    assert_true(keep_one(bench, "00000000000000a1", "same"));
    assert_true(keep_one(bench, "00000000000000a2", "same"));
    assert_false(
        dead_drop_request(bench->dead, "00000000000000a1", 0, &bench->err));
    assert_int_equal(bench->err.kind, ERR_REFUSED);
    assert_int_equal(kept(bench), 1);
    assert_true(dead_drop_request(bench->dead, "00000000000000a1", 1, NULL));
    assert_int_equal(kept(bench), 0);
}

static void what_is_no_line_of_repetitions_is_skipped(void **state)
{
    (void)state;
    static const char text[] =
        "00000000000000a1 2026-01-02T03:04:05.000000006Z\n"
        "00000000000000x1 2026-01-02T03:04:05.000000006Z\n"
        "00000000000000a2 2026-01-02T03:04:05.000000006Z."
        "00000000000000a3 2026-01-02T03:04:05Z          \n"
        "00000000000000a4 2026-01-02";
    struct text rest = {text, sizeof text - 1};
    struct dead_again again;
    assert_true(dead_again_next(&rest, &again));
    assert_text(again.id, "00000000000000a1");
    assert_text(again.time, "2026-01-02T03:04:05.000000006Z");
    assert_true(dead_again_next(&rest, &again));
    assert_text(again.id, "00000000000000a3");
    assert_text(again.time, "2026-01-02T03:04:05Z");
    assert_false(dead_again_next(&rest, &again));
}

static struct text replaced(struct text text, const char *from, const char *to)
{
    static char out[1000];
    const char *at = memmem(text.at, text.len, from, strlen(from));
    size_t before = (size_t)(at - text.at);
    struct text behind = text_skip(text, before + strlen(from));
    snprintf(out, sizeof out, "%.*s%s%.*s", (int)before, text.at, to,
             TEXT_ARG(behind));
    return text_of(out);
}

static void every_part_of_a_request_counts_for_equality(void **state)
{
    struct bench *bench = *state;
    static const char *const changes[][2] = {
        {"POST /met?", "PUT /met?"},
        {"?a=1", "?a=2"},
        {"# @route /met", "# @route /:any"},
        {"no field x", "no field y"},
        {"plain\n\nbody", "plain\n\nbodi"},
        {"text/plain", "text/html"},
        {"# @route", "# @remote ::1\n# @route"},
    };
    assert_true(keep_one(bench, "00000000000000a1", "body"));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char id[17];
        snprintf(id, sizeof id, "00000000000000b%zu", i);
        struct text item =
            replaced(letter(id, "body"), changes[i][0], changes[i][1]);
        assert_true(keep(bench, &item, 1));
        assert_int_equal(kept(bench), 2 + i);
    }
    struct text item = /* but not when it came */
        replaced(letter("00000000000000c1", "body"), "03:04", "03:05");
    assert_true(keep(bench, &item, 1));
    assert_int_equal(kept(bench), 8);
}

/* Equal keys are not enough: what is in the file decides. */
static void what_has_the_same_key_is_compared(void **state)
{
    struct bench *bench = *state;
    assert_true(keep_one(bench, "00000000000000a1", "body"));
    size_t len;
    char *bytes =
        memory_disk_bytes(bench->disk, REQUESTS "00000000000000a1.http", &len);
    struct text text = replaced((struct text){bytes, len}, "body", "bodi");
    memory_disk_put(bench->disk, REQUESTS "00000000000000a1.http", text.at,
                    text.len);
    assert_true(keep_one(bench, "00000000000000a2", "body"));
    assert_int_equal(kept(bench), 2);
    /* a person removes it: the next one is kept, not counted */
    bench->disk->fs.unlink(&bench->disk->fs, REQUESTS "00000000000000a2.http");
    assert_true(keep_one(bench, "00000000000000a3", "body"));
    assert_file(bench, REQUESTS "00000000000000a1.http", text.at);
    assert_no_file(bench, REQUESTS "00000000000000a2.again");
    assert_non_null(
        memory_disk_bytes(bench->disk, REQUESTS "00000000000000a3.http", &len));
}

static void full_is_full_by_number_and_by_size(void **state)
{
    struct bench *bench = *state;
    const struct journal_sink *sink = &bench->sinks[DEAD_REQUESTS];
    bench->options.max_requests = 3;
    bench->options.max_request_bytes = 1000;
    reopen(bench);
    assert_true(sink->has_room(bench->dead, 3, 999, NULL));
    assert_false(sink->has_room(bench->dead, 4, 10, &bench->err));
    assert_int_equal(bench->err.kind, ERR_FULL);
    assert_non_null(strstr(bench->err.text, "the limit is 3"));
    assert_true(keep_one(bench, "00000000000000a1", "body"));
    assert_true(sink->has_room(bench->dead, 2, 700, NULL));
    assert_false(sink->has_room(bench->dead, 2, 900, &bench->err));
    assert_non_null(strstr(bench->err.text, "the limit is 1000"));
    struct dead_status status;
    dead_status(bench->dead, &status);
    assert_false(status.is_nearly_full);
    assert_true(keep_one(bench, "00000000000000a2", "more"));
    assert_true(keep_one(bench, "00000000000000a3", "most"));
    dead_status(bench->dead, &status);
    assert_true(status.is_nearly_full);
    assert_false(sink->has_room(bench->dead, 1, 1, NULL));
    reopen(bench);
    assert_false(sink->has_room(bench->dead, 1, 1, NULL));
    assert_true(dead_drop_request(bench->dead, "00000000000000a2", 0, NULL));
    assert_true(sink->has_room(bench->dead, 1, 1, NULL));
}

static void a_group_whose_write_fails_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    static const unsigned ops[] = {DISK_CREATE, DISK_WRITE, DISK_SYNC,
                                   DISK_RENAME, DISK_SYNC_DIR};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        for (unsigned skip = 0; skip < 2; skip++) {
            struct text group[] = {letter("00000000000000a1", "one"),
                                   letter("00000000000000a2", "two")};
            bench->disk->fail_ops = ops[i];
            bench->disk->fail_skip = ops[i] == DISK_SYNC_DIR ? 0 : skip;
            bench->disk->fail_count = 1;
            assert_false(keep(bench, group, 2));
            assert_int_equal(bench->disk->fail_count, 0);
            assert_int_equal(bench->err.kind, ERR_IO);
            assert_int_equal(kept(bench), 0);
            assert_null(
                memory_disk_find(bench->disk, "/d/dead/requests", "", 0));
        }
    assert_true(keep_one(bench, "00000000000000a1", "one"));
    assert_int_equal(kept(bench), 1);
}

static void leftovers_are_removed_and_strangers_left_alone(void **state)
{
    struct bench *bench = *state;
    static const char half[] = "### POST /x\n# @id 00";
    assert_true(keep_one(bench, "00000000000000a1", "one"));
    memory_disk_put(bench->disk, REQUESTS "00000000000000a2.http.new", half,
                    sizeof half - 1);
    memory_disk_put(bench->disk, REQUESTS "notes.txt", "mine", 4);
    memory_disk_put(bench->disk, REQUESTS "short.http", half, 5);
    reopen(bench);
    assert_int_equal(kept(bench), 1);
    assert_no_file(bench, REQUESTS "00000000000000a2.http.new");
    assert_file(bench, REQUESTS "notes.txt", "mine");
}

/* Copied there by hand: it has no key yet. */
static void a_letter_without_a_key_is_one(void **state)
{
    struct bench *bench = *state;
    struct text text = letter("00000000000000a1", "one");
    memory_disk_put(bench->disk, REQUESTS "00000000000000a1.http", text.at,
                    text.len);
    reopen(bench);
    assert_int_equal(kept(bench), 1);
    assert_true(keep_one(bench, "00000000000000a2", "one"));
    assert_int_equal(kept(bench), 1);
}

static void a_letter_is_replaced_and_dropped(void **state)
{
    struct bench *bench = *state;
    assert_true(keep_one(bench, "00000000000000a1", "one"));
    assert_true(keep_one(bench, "00000000000000a2", "one")); /* counts */
    struct text text =
        replaced(letter("00000000000000a1", "one"), "no field x", "no field z");
    assert_true(
        dead_replace_request(bench->dead, "00000000000000a1", text, NULL));
    assert_int_equal(kept(bench), 1);
    assert_true(keep(bench, &text, 1)); /* equal to what it is now */
    assert_int_equal(kept(bench), 1);
    assert_file(bench, REQUESTS "00000000000000a1.again",
                "00000000000000a2" AT_TIME "00000000000000a1" AT_TIME);
    assert_true(dead_drop_request(bench->dead, "00000000000000a1", 2, NULL));
    assert_null(memory_disk_find(bench->disk, "/d/dead/requests", "", 0));
    assert_false(
        dead_drop_request(bench->dead, "00000000000000a1", 0, &bench->err));
    assert_int_equal(bench->err.kind, ERR_NOT_FOUND);
    assert_false(dead_replace_request(bench->dead, "00000000000000a1", text,
                                      &bench->err));
    assert_int_equal(bench->err.kind, ERR_NOT_FOUND);
}

static void what_has_no_id_is_not_kept(void **state)
{
    struct bench *bench = *state;
    const struct text bad[] = {
        TEXT("POST /x HTTP/1.1\n\nbody\n"),
        TEXT("# @id ../../../etc/x.y\nPOST /x HTTP/1.1\n\nbody\n"),
        TEXT("# @id 00000000000000a1\n"), TEXT("")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(keep(bench, &bad[i], 1));
    assert_int_equal(kept(bench), 0);
}

static void only_one_process_has_it(void **state)
{
    struct bench *bench = *state;
    struct error err;
    assert_null(dead_open(&bench->options, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

/* ---- points ---- */

static bool refuse(struct bench *bench, const uint64_t *seqs, size_t count,
                   const char *reason)
{
    struct dead_point points[8];
    static char lines[8][50];
    for (size_t i = 0; i < count; i++) {
        snprintf(lines[i], sizeof lines[i], "m f=%" PRIu64 " 1", seqs[i]);
        points[i] = (struct dead_point){.seq = seqs[i],
                                        .line = text_of(lines[i]),
                                        .status = 400,
                                        .request_id = "req-1",
                                        .reason = text_of(reason)};
    }
    return dead_refuse(bench->dead, "influx", points, count, &bench->err);
}

static bool refuse_one(struct bench *bench, uint64_t seq, const char *reason)
{
    return refuse(bench, &seq, 1, reason);
}

#define POINTS "/d/dead/points/influx/"

static void refused_points_are_letters_in_a_file(void **state)
{
    struct bench *bench = *state;
    assert_true(refuse(bench, (uint64_t[]){5, 7}, 2, "field type conflict"));
    assert_file(bench, POINTS "00000000000000000005.lp",
                "#letters 2 2026-01-02T03:04:05.000Z\n"
                "#dead 00000000000000000005 2026-01-02T03:04:05.000Z 400 req-1"
                " field type conflict\n"
                "m f=5 1\n"
                "#dead 00000000000000000007 2026-01-02T03:04:05.000Z 400 req-1"
                " field type conflict\n"
                "m f=7 1\n");
    assert_int_equal(dead_points(bench->dead, "influx"), 2);
    assert_int_equal(dead_points(bench->dead, "other"), 0);
}

static void later_ones_join_the_newest_file_and_replace_namesakes(void **state)
{
    struct bench *bench = *state;
    assert_true(refuse(bench, (uint64_t[]){5, 7}, 2, "first"));
    now_ns += NS_PER_S;
    assert_true(refuse(bench, (uint64_t[]){7, 9}, 2, "second"));
    assert_file(bench, POINTS "00000000000000000005.lp",
                "#letters 3 2026-01-02T03:04:06.000Z\n"
                "#dead 00000000000000000005 2026-01-02T03:04:05.000Z 400 req-1"
                " first\nm f=5 1\n"
                "#dead 00000000000000000007 2026-01-02T03:04:06.000Z 400 req-1"
                " second\nm f=7 1\n"
                "#dead 00000000000000000009 2026-01-02T03:04:06.000Z 400 req-1"
                " second\nm f=9 1\n");
    assert_int_equal(dead_points(bench->dead, "influx"), 3);
    reopen(bench);
    assert_int_equal(dead_points(bench->dead, "influx"), 3);
    assert_true(refuse_one(bench, 5, "third"));
    assert_int_equal(dead_points(bench->dead, "influx"), 3);
}

/* Long reasons fill files quickly. */
static void fill(struct bench *bench, uint64_t from, uint64_t to)
{
    char reason[LIMIT_DEAD_REASON_BYTES + 1];
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    for (uint64_t seq = from; seq < to; seq++)
        assert_true(refuse_one(bench, seq, reason));
}

static size_t count_files(struct bench *bench, const char *dir)
{
    size_t count = 0;
    while (memory_disk_find(bench->disk, dir, ".lp", count))
        count++;
    return count;
}

static void a_file_that_is_large_is_left_alone(void **state)
{
    struct bench *bench = *state;
    fill(bench, 1, 301); /* 180,000 bytes */
    assert_int_equal(count_files(bench, "/d/dead/points/influx"), 3);
    assert_int_equal(dead_points(bench->dead, "influx"), 300);
    reopen(bench);
    assert_int_equal(dead_points(bench->dead, "influx"), 300);
    /* A namesake of an old file: its company stays. */
    assert_true(refuse_one(bench, 1, "again"));
    assert_int_equal(dead_points(bench->dead, "influx"), 300);
}

static void the_oldest_go_when_there_are_too_many(void **state)
{
    struct bench *bench = *state;
    uint64_t before = stats_get(&stats.dead_points_dropped);
    bench->options.max_point_bytes = 150000;
    reopen(bench);
    fill(bench, 1, 1001);
    uint64_t left = dead_points(bench->dead, "influx");
    assert_in_range(left, 130, 250);
    assert_int_equal(stats_get(&stats.dead_points_dropped) - before,
                     1000 - left);
    assert_no_file(bench, POINTS "00000000000000000001.lp");
    size_t len;
    const char *newest =
        memory_disk_find(bench->disk, "/d/dead/points/influx", ".lp",
                         count_files(bench, "/d/dead/points/influx") - 1);
    char *bytes = memory_disk_bytes(bench->disk, newest, &len);
    assert_non_null(memmem(bytes, len, "m f=1000 1", 10));
}

static void the_oldest_go_when_they_are_too_old(void **state)
{
    struct bench *bench = *state;
    bench->options.max_point_age_ns = 2 * DAY_NS;
    reopen(bench);
    fill(bench, 1, 120); /* more than a file */
    assert_int_equal(count_files(bench, "/d/dead/points/influx"), 2);
    now_ns += 3 * DAY_NS;
    assert_true(refuse_one(bench, 120, "today"));
    assert_int_equal(count_files(bench, "/d/dead/points/influx"), 1);
    reopen(bench);
    now_ns += 3 * DAY_NS;
    reopen(bench); /* also at open, though nothing comes */
    assert_int_equal(dead_points(bench->dead, "influx"), 0);
    assert_int_equal(count_files(bench, "/d/dead/points/influx"), 0);
}

static void a_refusal_that_could_not_be_written_is_not_there(void **state)
{
    struct bench *bench = *state;
    static const unsigned ops[] = {DISK_MKDIR, DISK_CREATE, DISK_WRITE,
                                   DISK_SYNC, DISK_RENAME};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        bench->disk->fail_ops = ops[i];
        bench->disk->fail_count = 1;
        assert_false(refuse_one(bench, 5, "first"));
        assert_int_equal(bench->disk->fail_count, 0);
        assert_int_equal(dead_points(bench->dead, "influx"), 0);
        assert_int_equal(count_files(bench, "/d/dead/points/influx"), 0);
    }
    bench->disk->fail_ops = DISK_SYNC_DIR;
    bench->disk->fail_count = 1;
    assert_false(refuse_one(bench, 5, "first")); /* unknown: try again */
    assert_true(refuse_one(bench, 5, "first"));
    assert_int_equal(dead_points(bench->dead, "influx"), 1);
}

/* A file that cannot be read is neither replaced nor added to. */
static void damage_is_left_alone(void **state)
{
    struct bench *bench = *state;
    memory_disk_put(bench->disk, POINTS "00000000000000000001.lp", "rub", 3);
    assert_true(refuse_one(bench, 5, "first"));
    reopen(bench);
    assert_true(refuse_one(bench, 6, "second"));
    assert_int_equal(dead_points(bench->dead, "influx"), 2);
    assert_file(bench, POINTS "00000000000000000001.lp", "rub");
}

static void letters_are_dropped_by_name(void **state)
{
    struct bench *bench = *state;
    bool found[3];
    fill(bench, 1, 151);
    struct text names[] = {TEXT("00000000000000000150"),
                           TEXT("00000000000000000002"),
                           TEXT("00000000000000000777")};
    assert_true(dead_drop_points(bench->dead, "influx", names, 3, found, NULL));
    assert_true(found[0] && found[1] && !found[2]);
    assert_int_equal(dead_points(bench->dead, "influx"), 148);
    reopen(bench);
    assert_int_equal(dead_points(bench->dead, "influx"), 148);
    assert_true(dead_drop_points(bench->dead, "influx", names, 3, found, NULL));
    assert_false(found[0] || found[1] || found[2]);
    assert_true(dead_drop_points(bench->dead, "none", names, 3, found, NULL));
    for (int i = 1; i <= 150; i++) {
        char name[21];
        snprintf(name, sizeof name, "%020d", i);
        names[0] = text_of(name);
        assert_true(
            dead_drop_points(bench->dead, "influx", names, 1, found, NULL));
    }
    assert_int_equal(dead_points(bench->dead, "influx"), 0);
    assert_int_equal(count_files(bench, "/d/dead/points/influx"), 0);
}

static void reasons_are_one_line_of_text(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *reason;
        const char *kept;
    } rows[] = {{"", ""},
                {" two\nlines\r\n", "two lines"},
                {"gr\xc3\xbc\xc3\x9f\x65", "gr\xc3\xbc\xc3\x9f\x65"},
                {"bad \xff byte", "bad ? byte"},
                {"a\x1b[31m", "a [31m"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        struct dead_letter letter;
        const struct dead_point point = {.name = "00000000000000a1.2",
                                         .line = TEXT("m f=1 1"),
                                         .request_id = i ? "a b" : NULL,
                                         .reason = text_of(rows[i].reason)};
        buf_init(&out, 4096);
        assert_true(dead_letter_write(&out, &point, now_ns));
        struct text rest = buf_text(&out);
        assert_true(dead_letter_next(&rest, &letter));
        assert_text(letter.name, "00000000000000a1.2");
        assert_text(letter.request_id, i ? "a_b" : "-");
        assert_text(letter.reason, rows[i].kept);
        assert_text(letter.line, "m f=1 1");
        assert_false(dead_letter_next(&rest, &letter));
        buf_deinit(&out);
    }
    (void)bench;
}

static void long_reasons_are_cut_between_characters(void **state)
{
    (void)state;
    char reason[1000] = "";
    struct buf out;
    struct dead_letter letter;
    for (int i = 0; i < 400; i++)
        memcpy(reason + 1 + 2 * i, "\xc3\xbc", 2);
    reason[0] = 'x';
    buf_init(&out, 4096);
    const struct dead_point point = {
        .seq = 1, .line = TEXT("m f=1 1"), .reason = text_of(reason)};
    assert_true(dead_letter_write(&out, &point, now_ns));
    struct text rest = buf_text(&out);
    assert_true(dead_letter_next(&rest, &letter));
    assert_int_equal(letter.reason.len, LIMIT_DEAD_REASON_BYTES - 1);
    buf_deinit(&out);
}

static void what_is_no_letter_is_passed_over(void **state)
{
    (void)state;
    struct text rest =
        TEXT("#letters 2 x\nrubbish\n#dead\n#dead  2 3\n"
             "#dead a t 400 - r\n#dead b t 400 - r\nm f=1 1\n"
             "#dead c t x - r\nm f=2 2\n#dead d t 0 - \nm f=3 3");
    struct dead_letter letter;
    assert_true(dead_letter_next(&rest, &letter));
    assert_text(letter.name, "b");
    assert_true(dead_letter_next(&rest, &letter));
    assert_text(letter.name, "d");
    assert_text(letter.reason, "");
    assert_text(letter.line, "m f=3 3");
    assert_false(dead_letter_next(&rest, &letter));
}

static void points_ride_in_one_write_per_output(void **state)
{
    struct bench *bench = *state;
    struct buf riders[3];
    struct text items[3];
    static const char *const outputs[] = {"influx", "paper", "influx"};
    for (int i = 0; i < 3; i++) {
        char name[20];
        snprintf(name, sizeof name, "00000000000000a%d.1", i);
        const struct dead_point point = {
            .name = name, .line = TEXT("m f=1 1"), .reason = TEXT("no float")};
        buf_init(&riders[i], 4096);
        assert_true(
            dead_write_rider(&riders[i], outputs[i], &point, 1, now_ns));
        items[i] = buf_text(&riders[i]);
    }
    assert_true(bench->sinks[DEAD_POINTS].write(bench->dead, items, 3, NULL));
    assert_file(bench, POINTS "00000000000000a0.1.lp",
                "#letters 2 2026-01-02T03:04:05.000Z\n"
                "#dead 00000000000000a0.1 2026-01-02T03:04:05.000Z 0 -"
                " no float\nm f=1 1\n"
                "#dead 00000000000000a2.1 2026-01-02T03:04:05.000Z 0 -"
                " no float\nm f=1 1\n");
    assert_int_equal(dead_points(bench->dead, "paper"), 1);
    bench->disk->fail_ops = DISK_WRITE;
    bench->disk->fail_count = 1;
    assert_false(
        bench->sinks[DEAD_POINTS].write(bench->dead, items, 1, &bench->err));
    for (int i = 0; i < 3; i++)
        buf_deinit(&riders[i]);
}

int main(void)
{
#define DEAD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        DEAD_TEST(a_request_is_a_file_with_its_key),
        DEAD_TEST(equal_ones_are_one_letter),
        DEAD_TEST(each_id_is_kept_as_the_first),
        DEAD_TEST(after_a_thousand_the_next_is_a_letter_of_its_own),
        DEAD_TEST(what_comes_again_is_on_disk_for_good),
        DEAD_TEST(what_comes_again_may_fail_and_come_again),
        DEAD_TEST(after_a_failed_sync_it_is_another_file),
        DEAD_TEST(what_came_meanwhile_is_not_dropped),
        DEAD_TEST(what_is_no_line_of_repetitions_is_skipped),
        DEAD_TEST(every_part_of_a_request_counts_for_equality),
        DEAD_TEST(what_has_the_same_key_is_compared),
        DEAD_TEST(full_is_full_by_number_and_by_size),
        DEAD_TEST(a_group_whose_write_fails_leaves_nothing),
        DEAD_TEST(leftovers_are_removed_and_strangers_left_alone),
        DEAD_TEST(a_letter_without_a_key_is_one),
        DEAD_TEST(a_letter_is_replaced_and_dropped),
        DEAD_TEST(what_has_no_id_is_not_kept),
        DEAD_TEST(only_one_process_has_it),
        DEAD_TEST(refused_points_are_letters_in_a_file),
        DEAD_TEST(later_ones_join_the_newest_file_and_replace_namesakes),
        DEAD_TEST(a_file_that_is_large_is_left_alone),
        DEAD_TEST(the_oldest_go_when_there_are_too_many),
        DEAD_TEST(the_oldest_go_when_they_are_too_old),
        DEAD_TEST(a_refusal_that_could_not_be_written_is_not_there),
        DEAD_TEST(damage_is_left_alone),
        DEAD_TEST(letters_are_dropped_by_name),
        DEAD_TEST(reasons_are_one_line_of_text),
        DEAD_TEST(long_reasons_are_cut_between_characters),
        DEAD_TEST(what_is_no_letter_is_passed_over),
        DEAD_TEST(points_ride_in_one_write_per_output),
    };
    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
