/* Lines keep the journal's numbers, also past a gap, wherever they are cut. */
#include "unit.h"

#include "parcel.h"

static void add(struct parcel *parcel, uint64_t first_seq, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(
            buf_printf(&parcel->lines, "m v=%zu\n", (size_t)first_seq + i));
    parcel_add(parcel, first_seq, count);
}

/* What the line says of itself. */
static size_t said_of(const struct parcel *parcel, size_t line)
{
    struct text rest = buf_text(&parcel->lines);
    size_t seq = 0;
    for (size_t i = 0; i < line; i++)
        text_cut(&rest, '\n');
    struct text text = text_skip(text_cut(&rest, '\n'), 4);
    for (size_t i = 0; i < text.len; i++)
        seq = seq * 10 + (size_t)(text.at[i] - '0');
    return seq;
}

static void assert_numbers(const struct parcel *parcel)
{
    for (size_t i = 0; i < parcel->count; i++)
        assert_int_equal(parcel_seq(parcel, i), said_of(parcel, i));
    assert_int_equal(parcel_seq(parcel, parcel->count), parcel->end_seq);
}

static void each_line_has_its_number(void **state)
{
    (void)state;
    struct parcel parcel;
    parcel_init(&parcel, 1000);
    add(&parcel, 7, 3);
    add(&parcel, 10, 2);
    assert_int_equal(parcel.count, 5);
    assert_int_equal(parcel.end_seq, 12);
    assert_numbers(&parcel);
    add(&parcel, 20, 2);
    assert_int_equal(parcel.gap, 8);
    assert_numbers(&parcel);
    parcel_deinit(&parcel);
    assert_int_equal(parcel.count, 0);
    add(&parcel, 1, 1); /* as after init */
    assert_numbers(&parcel);
    parcel_deinit(&parcel);
}

/* Cut at every line, with a gap at every line, or none. */
static void both_parts_of_a_cut_have_their_numbers(void **state)
{
    enum { LINES = 6 };
    (void)state;
    for (size_t gap_at = 1; gap_at <= LINES; gap_at++)
        for (size_t cut = 0; cut <= LINES; cut++) {
            struct parcel parcel, out;
            parcel_init(&parcel, 1000);
            parcel_init(&out, 1000);
            add(&out, 1, 2); /* is emptied */
            add(&parcel, 101, gap_at);
            if (gap_at < LINES)
                add(&parcel, 501, LINES - gap_at);
            size_t after_cut =
                cut < LINES ? said_of(&parcel, cut) : parcel.end_seq;
            parcel_take(&parcel, cut, &out);
            assert_int_equal(out.count, cut);
            assert_int_equal(parcel.count, LINES - cut);
            if (cut > 0) {
                assert_int_equal(out.end_seq, after_cut);
                assert_numbers(&out);
            }
            if (cut < LINES) {
                assert_int_equal(parcel.first_seq, after_cut);
                assert_numbers(&parcel);
            }
            parcel_deinit(&parcel);
            parcel_deinit(&out);
        }
}

static void to_take_all_copies_nothing(void **state)
{
    (void)state;
    struct parcel parcel, out;
    parcel_init(&parcel, 1000);
    parcel_init(&out, 1000);
    add(&parcel, 1, 3);
    const char *bytes = parcel.lines.data;
    parcel_take(&parcel, 3, &out);
    assert_ptr_equal(out.lines.data, bytes);
    assert_int_equal(parcel.lines.len, 0);
    add(&parcel, 4, 1);
    assert_numbers(&parcel);
    parcel_take(&parcel, 1, &out);
    assert_ptr_equal(parcel.lines.data, bytes); /* and goes back and forth */
    assert_numbers(&out);
    parcel_deinit(&parcel);
    parcel_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_has_its_number),
        cmocka_unit_test(both_parts_of_a_cut_have_their_numbers),
        cmocka_unit_test(to_take_all_copies_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
