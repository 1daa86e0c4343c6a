/* When a batch is sent, how much of it, and stamps in other units. */
#include "unit.h"

#include <stdio.h>

#include "batch.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"

static const struct batch_options five_lines = {
    .max_lines = 5, .max_bytes = 1 << 20, .flush_ns = 200 * NS_PER_MS};

/* A frame of so many lines; the number stands in the line too. */
static void add(struct batch *batch, uint64_t first_seq, size_t points,
                int64_t now_ns)
{
    for (size_t i = 0; i < points; i++)
        assert_true(buf_printf(&batch->held.lines, "m v=%zui %zu\n",
                               (size_t)first_seq + i, i));
    batch_add(batch, first_seq, points, now_ns);
}

static void an_empty_batch_waits_for_ever(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, &five_lines);
    assert_false(batch_is_full(&batch));
    assert_true(batch_wait_ns(&batch, 7) == INT64_MAX);
    batch_deinit(&batch);
}

static void the_oldest_line_decides_when(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, &five_lines);
    add(&batch, 1, 1, 1000);
    add(&batch, 2, 1, 90 * NS_PER_MS);
    assert_true(batch_wait_ns(&batch, 1000) == 200 * NS_PER_MS);
    assert_true(batch_wait_ns(&batch, 200 * NS_PER_MS) == 1000);
    assert_true(batch_wait_ns(&batch, 200 * NS_PER_MS + 1000) == 0);
    assert_true(batch_wait_ns(&batch, 900 * NS_PER_MS) == 0);
    batch_deinit(&batch);
}

static void enough_lines_are_sent_at_once(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, &five_lines);
    add(&batch, 1, 4, 1000);
    assert_false(batch_is_full(&batch));
    add(&batch, 5, 1, 1000);
    assert_true(batch_is_full(&batch));
    assert_true(batch_wait_ns(&batch, 1000) == 0);
    batch_deinit(&batch);
}

static void it_is_full_when_no_frame_would_fit(void **state)
{
    (void)state;
    struct batch batch;
    struct batch_options options = {.max_bytes = LIMIT_FRAME_BYTES + 100,
                                    .flush_ns = NS_PER_S};
    batch_init(&batch, &options);
    while (batch.held.lines.len <= 100) {
        assert_false(batch_is_full(&batch));
        add(&batch, batch.held.end_seq, 1, 1000);
    }
    assert_true(batch_is_full(&batch));
    batch_deinit(&batch);
}

static void any_frame_fits_a_small_batch(void **state)
{
    (void)state;
    struct batch batch;
    struct batch_options options = {.max_bytes = 1000};
    batch_init(&batch, &options);
    assert_false(batch_is_full(&batch));
    assert_non_null(buf_reserve(&batch.held.lines, LIMIT_FRAME_BYTES));
    add(&batch, 1, 1, 0);
    assert_true(batch_is_full(&batch));
    batch_deinit(&batch);
}

static void at_most_so_many_lines_come_out(void **state)
{
    (void)state;
    struct batch batch;
    struct parcel parcel;
    batch_init(&batch, &five_lines);
    parcel_init(&parcel, 1 << 20);
    add(&batch, 10, 7, 1000);
    batch_take(&batch, &parcel);
    assert_int_equal(parcel.count, 5);
    assert_text(buf_text(&parcel.lines),
                "m v=10i 0\nm v=11i 1\nm v=12i 2\nm v=13i 3\n"
                "m v=14i 4\n");
    assert_int_equal(parcel.end_seq, 15);
    batch_take(&batch, &parcel);
    assert_text(buf_text(&parcel.lines), "m v=15i 5\nm v=16i 6\n");
    assert_int_equal(parcel.end_seq, 17);
    assert_int_equal(batch.held.lines.len, 0);
    assert_true(batch_wait_ns(&batch, 7) == INT64_MAX);
    batch_deinit(&batch);
    parcel_deinit(&parcel);
}

static void what_is_left_joins_the_next_frame(void **state)
{
    (void)state;
    struct batch batch;
    struct parcel parcel;
    batch_init(&batch, &five_lines);
    parcel_init(&parcel, 1 << 20);
    add(&batch, 1, 3, 1000);
    add(&batch, 4, 3, 5000);
    batch_take(&batch, &parcel);
    assert_false(batch_is_full(&batch));
    assert_true(batch_wait_ns(&batch, 5000) == 200 * NS_PER_MS);
    add(&batch, 7, 1, 9000);
    batch_take(&batch, &parcel);
    assert_text(buf_text(&parcel.lines), "m v=6i 2\nm v=7i 0\n");
    assert_int_equal(parcel.first_seq, 6);
    assert_int_equal(parcel.end_seq, 8);
    batch_deinit(&batch);
    parcel_deinit(&parcel);
}

static void a_gap_in_the_numbers_closes_the_batch(void **state)
{
    (void)state;
    struct batch batch;
    struct parcel parcel;
    batch_init(&batch, &five_lines);
    parcel_init(&parcel, 1 << 20);
    add(&batch, 1, 2, 1000);
    add(&batch, 100, 1, 1000);
    assert_true(batch_is_full(&batch));
    batch_take(&batch, &parcel);
    assert_int_equal(parcel.count, 3);
    assert_int_equal(parcel.end_seq, 101);
    assert_false(batch_is_full(&batch));
    batch_deinit(&batch);
    parcel_deinit(&parcel);
}

static void stamps_are_divided_towards_the_past(void **state)
{
    (void)state;
    static const struct {
        enum precision precision;
        const char *ns;
        const char *expected;
    } rows[] = {
        {PRECISION_NS, "1700000000123456789", "1700000000123456789"},
        {PRECISION_US, "1700000000123456789", "1700000000123456"},
        {PRECISION_MS, "1700000000123456789", "1700000000123"},
        {PRECISION_S, "1700000000999999999", "1700000000"},
        {PRECISION_S, "999999999", "0"},
        {PRECISION_S, "0", "0"},
        {PRECISION_S, "-1", "-1"},
        {PRECISION_S, "-1000000000", "-1"},
        {PRECISION_S, "-1000000001", "-2"},
        {PRECISION_US, "-9223372036854775808", "-9223372036854776"},
        {PRECISION_NS, "-9223372036854775808", "-9223372036854775808"},
    };
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[200], expected[200];
        const char *head = "m,t=a\\ b s=\"x 1 2\",v=1";
        snprintf(line, sizeof line, "%s %s\n", head, rows[i].ns);
        snprintf(expected, sizeof expected, "%s %s\n", head, rows[i].expected);
        buf_clear(&out);
        assert_true(batch_scale(text_of(line), rows[i].precision, &out, NULL));
        assert_text(buf_text(&out), expected);
    }
    buf_deinit(&out);
}

static void every_line_is_scaled(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    struct text lines = TEXT("a v=1 1000000\nb v=2 2000000\nc v=3 3999999\n");
    assert_true(batch_scale(lines, PRECISION_MS, &out, NULL));
    assert_text(buf_text(&out), "a v=1 1\nb v=2 2\nc v=3 3\n");
    buf_deinit(&out);
}

static void a_line_without_a_stamp_is_told(void **state)
{
    (void)state;
    struct error err;
    struct buf out;
    buf_init(&out, 50);
    assert_false(batch_scale(TEXT("m v=1\n"), PRECISION_S, &out, &err));
    assert_string_equal(err.text, "a line without a stamp: m v=1");
    assert_false(batch_scale(TEXT("\n"), PRECISION_S, &out, &err));
    buf_clear(&out);
    struct text long_line = TEXT(
        "measurement,station=north temperature=21.5,humidity=40 1000000000\n");
    assert_false(batch_scale(long_line, PRECISION_S, &out, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_batch_waits_for_ever),
        cmocka_unit_test(the_oldest_line_decides_when),
        cmocka_unit_test(enough_lines_are_sent_at_once),
        cmocka_unit_test(it_is_full_when_no_frame_would_fit),
        cmocka_unit_test(any_frame_fits_a_small_batch),
        cmocka_unit_test(at_most_so_many_lines_come_out),
        cmocka_unit_test(what_is_left_joins_the_next_frame),
        cmocka_unit_test(a_gap_in_the_numbers_closes_the_batch),
        cmocka_unit_test(stamps_are_divided_towards_the_past),
        cmocka_unit_test(every_line_is_scaled),
        cmocka_unit_test(a_line_without_a_stamp_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
