/* What a segment still gives after damage: every frame that was not touched,
 * and never one that was not written. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "cursor.h"
#include "error.h"
#include "memory_disk.h"
#include "segment.h"

static const struct segment_name name = {.seq = 7, .salt = 0x1234567890abcdef};

enum { MAX_FRAMES = 4000, MAX_BYTES = 1 << 20 };

/* TORTURE_FRAMES says how long the segment is that is damaged everywhere,
 * TORTURE_FORGERIES how many forgers try, TORTURE_ONLY which test runs. */
static unsigned frame_total = 20;
static unsigned forgeries = 1000;

/* The same chances each time. */
static uint64_t chance(uint64_t below)
{
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* Where each frame starts; the last one is where the segment ends. */
struct sample {
    struct buf bytes;
    size_t starts[MAX_FRAMES + 1];
};

/* Lines full of look-alikes: a header, and a title. */
static void init_sample(struct sample *sample)
{
    char lines[200];
    buf_init(&sample->bytes, MAX_BYTES);
    segment_append_title(&sample->bytes, name);
    for (unsigned i = 0; i < frame_total; i++) {
        int len = snprintf(lines, sizeof lines,
                           "m,i=%u f=\"#f %u 1 8 6 0badcafe\" 1\nm f=\"#seg "
                           "1 7 1234567890abcdef\" %u\n",
                           i, i + 7, i);
        struct frame frame = {.seq = 7 + 2 * i,
                              .durable = 6,
                              .points = 2,
                              .lines = {lines, (size_t)len}};
        sample->starts[i] = sample->bytes.len;
        assert_true(segment_append_frame(&sample->bytes, name, &frame));
    }
    sample->starts[frame_total] = sample->bytes.len;
}

static unsigned frame_at(const struct sample *sample, size_t offset)
{
    unsigned i = 0;
    while (i < frame_total && sample->starts[i + 1] <= offset)
        i++;
    return i;
}

/* Every frame found is one that was written; says how many there are. */
static size_t check_scan(const struct sample *sample, struct text bytes)
{
    struct segment_scan scan;
    segment_scan(bytes, name, &scan);
    for (size_t i = 0; i < scan.frame_count; i++) {
        const struct frame *frame = &scan.frames[i];
        assert_true(i == 0 || frame->seq > scan.frames[i - 1].seq);
        assert_int_equal(frame->points, 2);
        size_t index = (frame->seq - 7) / 2;
        size_t end = sample->starts[index + 1];
        assert_memory_equal(frame->lines.at,
                            sample->bytes.data + end - frame->lines.len,
                            frame->lines.len);
    }
    size_t count = scan.frame_count;
    segment_scan_deinit(&scan);
    return count;
}

static void a_whole_segment_gives_all(void **state)
{
    (void)state;
    struct sample sample;
    struct segment_scan scan;
    init_sample(&sample);
    assert_int_equal(check_scan(&sample, buf_text(&sample.bytes)), frame_total);
    segment_scan(buf_text(&sample.bytes), name, &scan);
    assert_int_equal(scan.bad_count, 0);
    assert_int_equal(scan.frames[3].durable, 6);
    segment_scan_deinit(&scan);
    buf_deinit(&sample.bytes);
}

static void a_cut_at_any_byte_keeps_the_frames_before_it(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    for (size_t len = 0; len <= sample.bytes.len; len++) {
        struct text cut = {sample.bytes.data, len};
        unsigned whole = len < sample.starts[0] ? 0 : frame_at(&sample, len);
        assert_int_equal(check_scan(&sample, cut), whole);
    }
    print_message("cuts: %zu\n", sample.bytes.len + 1);
    buf_deinit(&sample.bytes);
}

static void a_flipped_bit_costs_one_frame_at_most(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    for (size_t at = 0; at < sample.bytes.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            sample.bytes.data[at] ^= (char)(1 << bit);
            size_t left = check_scan(&sample, buf_text(&sample.bytes));
            sample.bytes.data[at] ^= (char)(1 << bit);
            assert_int_equal(left, at < sample.starts[0] ? frame_total
                                                         : frame_total - 1);
        }
    print_message("flips: %zu\n", 8 * sample.bytes.len);
    buf_deinit(&sample.bytes);
}

enum { LARGEST_BLOCK = 4096 };

enum damage { ZEROS, ONES, RANDOM, DUPLICATE, SWAPPED, SPLICED, DAMAGES };

/* Puts a bad block at a place; where else bytes changed, for a swap. */
static size_t spoil(struct sample *sample, struct text other, size_t at,
                    size_t size, enum damage damage)
{
    char *block = sample->bytes.data + at, saved[LARGEST_BLOCK];
    size_t from = (at + 3 * size) % (sample->bytes.len - size);
    if (damage == ZEROS || damage == ONES)
        memset(block, damage == ZEROS ? 0 : 0xff, size);
    for (size_t i = 0; damage == RANDOM && i < size; i++)
        block[i] = (char)chance(256);
    if (damage == SPLICED)
        memcpy(block, other.at + from, size);
    memcpy(saved, block, size);
    if (damage == DUPLICATE || damage == SWAPPED)
        memmove(block, sample->bytes.data + from, size);
    if (damage == SWAPPED)
        memcpy(sample->bytes.data + from, saved, size);
    return damage == SWAPPED ? from : at;
}

static unsigned touched(const struct sample *sample, size_t at, size_t size)
{
    unsigned first = at < sample->starts[0] ? 0 : frame_at(sample, at);
    unsigned last = frame_at(sample, at + size - 1);
    return (last < frame_total ? last : frame_total - 1) - first + 1;
}

/* Zeros, ones, rubbish, another block of the file twice or in exchange, a block
 * of another segment: no frame is lost that was not touched, none is given that
 * was not written. */
static void damaged_blocks_cost_the_frames_they_touch(void **state)
{
    (void)state;
    struct sample whole, sample, other;
    size_t blocks = 0;
    init_sample(&whole);
    init_sample(&sample);
    init_sample(&other);
    for (size_t i = 0; i < other.bytes.len; i++) /* another salt's checksums */
        if (other.bytes.data[i] == 'b')
            other.bytes.data[i] = 'c';
    for (size_t size = 512; size <= LARGEST_BLOCK; size *= 8)
        for (size_t at = 0; at + size < sample.bytes.len; at += 64)
            for (int way = 0; way < DAMAGES; way++, blocks++) {
                size_t also = spoil(&sample, buf_text(&other.bytes), at, size,
                                    (enum damage)way);
                unsigned gone = touched(&whole, at, size);
                if (also != at)
                    gone += touched(&whole, also, size);
                assert_true(check_scan(&whole, buf_text(&sample.bytes)) + gone
                            >= frame_total);
                memcpy(sample.bytes.data, whole.bytes.data, whole.bytes.len);
            }
    print_message("blocks: %zu\n", blocks);
    buf_deinit(&other.bytes);
    buf_deinit(&sample.bytes);
    buf_deinit(&whole.bytes);
}

static void
frames_in_the_wrong_order_are_sorted_and_doubles_dropped(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    struct buf mixed;
    buf_init(&mixed, MAX_BYTES);
    segment_append_title(&mixed, name);
    for (unsigned i = frame_total; i-- > 0;)
        for (int twice = 0; twice < 2; twice++)
            buf_append(&mixed, sample.bytes.data + sample.starts[i],
                       sample.starts[i + 1] - sample.starts[i]);
    assert_int_equal(check_scan(&sample, buf_text(&mixed)), frame_total);
    buf_deinit(&mixed);
    buf_deinit(&sample.bytes);
}

/* The salts that a forger may try: of an older segment, with one bit wrong,
 * any, none. Never the right one. */
static uint64_t wrong_salt(void)
{
    switch (chance(4)) {
    case 0:
        return name.salt - 1 - chance(1000);
    case 1:
        return name.salt ^ UINT64_C(1) << chance(64);
    case 2:
        return (chance(UINT64_MAX) | 1) == name.salt ? 1 : chance(UINT64_MAX);
    default:
        return 0;
    }
}

/* What a sender can do who knows everything but the salt: whole frames, made
 * with another one, titles, and headers with any checksum, as lines. */
static void append_forgeries(struct buf *lines)
{
    for (uint64_t i = 1 + chance(6); i > 0; i--) {
        struct segment_name wrong = {.seq = 7, .salt = wrong_salt()};
        struct frame frame = {.seq = 8 + chance(40),
                              .durable = 7 + chance(40),
                              .points = 1,
                              .lines = TEXT("m evil=1 1\n")};
        if (wrong.salt == name.salt)
            continue;
        if (chance(4) == 0)
            segment_append_title(lines, wrong);
        segment_append_frame(lines, wrong, &frame);
        buf_printf(lines, "#f %" PRIu64 " 1 11 7 %08" PRIx64 "\nm evil=2 1\n",
                   frame.seq, chance(UINT64_C(1) << 32));
    }
}

/* Inside the payload of a frame whose own header is damaged, so that the reader
 * searches there. */
static void forged_frames_never_count(void **state)
{
    (void)state;
    struct buf bytes, lines;
    buf_init(&bytes, MAX_BYTES);
    buf_init(&lines, FRAME_LINES_BYTES);
    for (unsigned i = 0; i < forgeries; i++) {
        struct segment_scan scan;
        buf_clear(&bytes);
        buf_clear(&lines);
        append_forgeries(&lines);
        buf_append_text(&lines, TEXT("m last=1 1\n"));
        struct frame first = {.seq = 7, .durable = 6};
        first.lines = segment_cut(buf_text(&lines), &first.points);
        struct frame second = {.seq = 7 + first.points,
                               .durable = 6,
                               .points = 1,
                               .lines = TEXT("m good=1 1\n")};
        segment_append_title(&bytes, name);
        size_t at = bytes.len;
        segment_append_frame(&bytes, name, &first);
        segment_append_frame(&bytes, name, &second);
        segment_scan(buf_text(&bytes), name, &scan);
        assert_int_equal(scan.frame_count, 2);
        segment_scan_deinit(&scan);
        bytes.data[at + chance(8)] ^= (char)(1 << chance(7));
        segment_scan(buf_text(&bytes), name, &scan);
        assert_int_equal(scan.frame_count, 1);
        assert_int_equal(scan.frames[0].seq, second.seq);
        segment_scan_deinit(&scan);
    }
    print_message("forgeries: %u\n", forgeries);
    buf_deinit(&lines);
    buf_deinit(&bytes);
}

static void a_frame_that_is_not_all_there_is_cut_or_bad(void **state)
{
    (void)state;
    struct sample sample;
    struct frame frame;
    size_t size;
    init_sample(&sample);
    struct text first = {sample.bytes.data + sample.starts[0],
                         sample.starts[1] - sample.starts[0]};
    for (size_t len = 0; len < first.len; len++)
        assert_int_equal(segment_read_frame((struct text){first.at, len}, name,
                                            &frame, &size),
                         FRAME_CUT);
    assert_int_equal(segment_read_frame(first, name, &frame, &size),
                     FRAME_GOOD);
    assert_int_equal(size, first.len);
    const char *bad[] = {
        "#f 7 2 8 6 00000000\nm f=1 1\n",
        "#g 7 2 8 6 00000000\nm f=1 1\n",
        "#f 07 2 8 6 00000000\nm f=1 1\n",
        "#f 7 0 8 6 00000000\nm f=1 1\n",
        "#f 7 2 0 6 00000000\n",
        "#f 7 2 99999 6 00000000\n",
        "#f 6 2 8 6 00000000\nm f=1 1\n",
        "#f 7 2 8 6 0000000\n",
        "#f 7 2 8 6 0000000G\nm f=1 1\n",
        "#f 7 2 8 00000000\nm f=1 1\n",
        "#f 99999999999999999999 2 8 6 00000000\nm f=1 1\n",
        "#f \n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(
            segment_read_frame(text_of(bad[i]), name, &frame, &size),
            FRAME_BAD);
    buf_deinit(&sample.bytes);
}

static void lines_are_cut_at_their_ends(void **state)
{
    (void)state;
    struct buf lines;
    uint32_t points, sum = 0;
    buf_init(&lines, MAX_BYTES);
    for (int i = 0; i < 5000; i++)
        buf_printf(&lines, "m f=%d %d\n", i, i);
    struct text rest = buf_text(&lines);
    size_t frames = 0;
    for (; rest.len > 0; frames++) {
        struct text cut = segment_cut(rest, &points);
        assert_true(cut.len <= FRAME_LINES_BYTES);
        assert_int_equal(cut.at[cut.len - 1], '\n');
        sum += points;
        rest = text_skip(rest, cut.len);
    }
    assert_int_equal(sum, 5000);
    assert_int_equal(frames, lines.len / FRAME_LINES_BYTES + 1);
    buf_deinit(&lines);
}

static void the_longest_header_fits(void **state)
{
    (void)state;
    struct buf lines, bytes;
    struct frame frame = {.seq = UINT64_C(1) << 62,
                          .durable = UINT64_MAX / 2,
                          .points = FRAME_LINES_BYTES},
                 got;
    size_t size;
    buf_init(&lines, MAX_BYTES);
    buf_init(&bytes, MAX_BYTES);
    for (int i = 0; i < FRAME_LINES_BYTES; i++)
        buf_append_char(&lines, '\n');
    frame.lines = buf_text(&lines);
    assert_true(segment_append_frame(&bytes, name, &frame));
    assert_true(bytes.len <= LIMIT_FRAME_BYTES);
    assert_int_equal(segment_read_frame(buf_text(&bytes), name, &got, &size),
                     FRAME_GOOD);
    assert_int_equal(got.points, frame.points);
    buf_deinit(&lines);
    buf_deinit(&bytes);
}

static void only_exact_names_are_names(void **state)
{
    (void)state;
    char text[SEGMENT_NAME_BYTES];
    struct segment_name got;
    segment_name_write(name, text);
    assert_string_equal(text, "00000000000000000007-1234567890abcdef.lp");
    assert_true(segment_name_read(text, &got));
    assert_int_equal(segment_name_compare(got, name), 0);
    const char *bad[] = {
        "",
        "lock",
        "00000000000000000007-1234567890ABCDEF.lp",
        "00000000000000000007-1234567890abcdef.lq",
        "00000000000000000000-1234567890abcdef.lp",
        "99999999999999999999-1234567890abcdef.lp",
        " 0000000000000000007-1234567890abcdef.lp",
        "00000000000000000007-1234567890abcdef.lp~",
        "00000000000000000007-0x34567890abcdef.lp",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(segment_name_read(bad[i], &got));
    struct segment_name later = {.seq = 8, .salt = 0};
    assert_true(segment_name_compare(name, later) < 0);
}

static void a_block_that_cannot_be_read_becomes_zeros(void **state)
{
    (void)state;
    struct sample sample;
    struct memory_disk *disk = memory_disk_new(1);
    struct buf got;
    struct error err = {0};
    size_t unread_bytes = 0;
    init_sample(&sample);
    buf_init(&got, SEGMENT_MAX_BYTES);
    memory_disk_put(disk, "/s", sample.bytes.data, sample.bytes.len);
    disk->fail_ops = DISK_READ;
    disk->fail_count = 1000000;
    disk->fail_from = 100;
    disk->fail_to = 200;
    assert_false(segment_load(&disk->fs, "/s", &got, NULL, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_true(segment_load(&disk->fs, "/s", &got, &unread_bytes, &err));
    assert_int_equal(unread_bytes,
                     sample.bytes.len < 4096 ? sample.bytes.len : 4096);
    assert_int_equal(got.len, sample.bytes.len);
    disk->fail_count = 2; /* and then it works */
    assert_true(segment_load(&disk->fs, "/s", &got, NULL, &err));
    assert_int_equal(check_scan(&sample, buf_text(&got)), frame_total);
    memory_disk_free(disk);
    buf_deinit(&got);
    buf_deinit(&sample.bytes);
}

static void a_cursor_is_whole_or_nothing(void **state)
{
    (void)state;
    struct memory_disk *disk = memory_disk_new(1);
    struct cursor cursor = {.seq = 4711, .segment = name}, got;
    struct error err = {0};
    size_t len;
    assert_false(cursor_read(&disk->fs, "/d", &got));
    disk->fs.mkdir(&disk->fs, "/d", 0700);
    assert_true(cursor_write(&disk->fs, "/d", &cursor, &err));
    assert_true(cursor_read(&disk->fs, "/d", &got));
    assert_int_equal(got.seq, 4711);
    assert_int_equal(segment_name_compare(got.segment, name), 0);
    char *line = memory_disk_bytes(disk, "/d/cursor", &len);
    for (size_t at = 0; at < len; at++) {
        assert_false(cursor_parse((struct text){line, at}, &got));
        for (int bit = 0; bit < 8; bit++) {
            line[at] ^= (char)(1 << bit);
            assert_false(cursor_parse((struct text){line, len}, &got));
            line[at] ^= (char)(1 << bit);
        }
    }
    disk->fail_ops = DISK_RENAME;
    disk->fail_count = 1;
    cursor.seq++;
    assert_false(cursor_write(&disk->fs, "/d", &cursor, &err));
    assert_true(cursor_read(&disk->fs, "/d", &got));
    assert_int_equal(got.seq, 4711);
    memory_disk_free(disk);
}

int main(void)
{
    const char *frames = getenv("TORTURE_FRAMES");
    if (frames)
        frame_total = (unsigned)strtoul(frames, NULL, 10);
    if (getenv("TORTURE_FORGERIES"))
        forgeries = (unsigned)strtoul(getenv("TORTURE_FORGERIES"), NULL, 10);
    if (frame_total == 0 || frame_total > MAX_FRAMES || forgeries == 0)
        return 64;
    if (getenv("TORTURE_ONLY"))
        cmocka_set_test_filter(getenv("TORTURE_ONLY"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_segment_gives_all),
        cmocka_unit_test(a_cut_at_any_byte_keeps_the_frames_before_it),
        cmocka_unit_test(a_flipped_bit_costs_one_frame_at_most),
        cmocka_unit_test(damaged_blocks_cost_the_frames_they_touch),
        cmocka_unit_test(
            frames_in_the_wrong_order_are_sorted_and_doubles_dropped),
        cmocka_unit_test(forged_frames_never_count),
        cmocka_unit_test(a_frame_that_is_not_all_there_is_cut_or_bad),
        cmocka_unit_test(lines_are_cut_at_their_ends),
        cmocka_unit_test(the_longest_header_fits),
        cmocka_unit_test(only_exact_names_are_names),
        cmocka_unit_test(a_block_that_cannot_be_read_becomes_zeros),
        cmocka_unit_test(a_cursor_is_whole_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
