/* Reasons: one line of printable UTF-8 each, bounded, counted. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "kept.h"
#include "utf8.h"

static struct text summary_of(const struct kept *kept, struct buf *out)
{
    buf_clear(out);
    kept_summary(kept, out);
    return buf_text(out);
}

static void reasons_are_lines(void **state)
{
    (void)state;
    struct kept kept;
    struct buf out;
    kept_init(&kept);
    buf_init(&out, KEPT_REASON_BYTES);
    assert_int_equal(kept.count, 0);
    kept_add(&kept, TEXT("element 3: "), TEXT("t.lua:1: soon"));
    assert_text(summary_of(&kept, &out), "element 3: t.lua:1: soon");
    kept_add(&kept, TEXT(""), TEXT("not an uplink"));
    assert_int_equal(kept.count, 2);
    assert_text(buf_text(&kept.lines),
                "element 3: t.lua:1: soon\nnot an uplink\n");
    assert_text(summary_of(&kept, &out),
                "element 3: t.lua:1: soon (and 1 more)");
    kept_clear(&kept);
    assert_int_equal(kept.count, 0);
    assert_text(buf_text(&kept.lines), "");
    assert_text(summary_of(&kept, &out), "");
    buf_deinit(&out);
    kept_deinit(&kept);
}

static void what_a_sender_wrote_breaks_no_line(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept);
    kept_add(&kept, TEXT("a\nb"), TEXT("\x1b[31m\xff\xc3\xa9\xc3\0\x7f"));
    assert_text(buf_text(&kept.lines),
                "a b [31m\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd  \n");
    kept_deinit(&kept);
}

/* Any bytes, any length: valid, one line, short enough, the count exact. */
static void any_bytes_become_a_line(void **state)
{
    (void)state;
    struct kept kept;
    struct buf out;
    unsigned random = 7;
    kept_init(&kept);
    buf_init(&out, 1 << 20);
    for (int round = 0; round < 3000; round++) {
        char bytes[700];
        random = random * 1103515245 + 12345;
        size_t len = random >> 16 & 511;
        len += round % 3 == 0 ? 180 : 0;
        for (size_t i = 0; i < len; i++) {
            random = random * 1103515245 + 12345;
            bytes[i] = (char)(round % 2 ? random >> 16 : 0xc3 + (i & 1));
        }
        kept_clear(&kept);
        kept_add(&kept, TEXT(""), (struct text){bytes, len});
        struct text line = buf_text(&kept.lines);
        assert_in_range(line.len, 1, KEPT_REASON_BYTES + 1);
        assert_true(utf8_is_valid(line, NULL));
        assert_ptr_equal(memchr(line.at, '\n', line.len),
                         line.at + line.len - 1);
        kept_add(&kept, TEXT(""), TEXT("x"));
        struct text summary = summary_of(&kept, &out);
        assert_in_range(summary.len, 1, KEPT_REASON_BYTES);
        assert_true(utf8_is_valid(summary, NULL));
        assert_true(text_ends_with(summary, TEXT(" (and 1 more)")));
    }
    buf_deinit(&out);
    kept_deinit(&kept);
}

static void those_that_do_not_fit_are_counted(void **state)
{
    (void)state;
    struct kept kept;
    struct buf out;
    kept_init(&kept);
    buf_init(&out, KEPT_REASON_BYTES);
    for (int i = 0; i < 10000; i++)
        kept_add(&kept, TEXT("element"), TEXT(" of many, with a reason"));
    assert_int_equal(kept.count, 10000);
    assert_in_range(kept.lines.len, 60000, 64 << 10);
    assert_int_equal(kept.lines.data[kept.lines.len - 1], '\n');
    assert_text(summary_of(&kept, &out),
                "element of many, with a reason (and 9999 more)");
    buf_deinit(&out);
    kept_deinit(&kept);
}

static void it_can_be_taken_back(void **state)
{
    (void)state;
    struct kept kept;
    kept_init(&kept);
    kept_add(&kept, TEXT(""), TEXT("first"));
    struct kept_mark mark = kept_mark(&kept);
    for (int i = 0; i < 10000; i++)
        kept_add(&kept, TEXT(""), TEXT("another one of them"));
    kept_take_back(&kept, mark);
    assert_int_equal(kept.count, 1);
    assert_text(buf_text(&kept.lines), "first\n");
    kept_add(&kept, TEXT(""), TEXT("then"));
    assert_text(buf_text(&kept.lines), "first\nthen\n");
    kept_deinit(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_lines),
        cmocka_unit_test(what_a_sender_wrote_breaks_no_line),
        cmocka_unit_test(any_bytes_become_a_line),
        cmocka_unit_test(those_that_do_not_fit_are_counted),
        cmocka_unit_test(it_can_be_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
