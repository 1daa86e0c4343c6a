/* There and back, the ceiling, and every way in which bytes can be wrong. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "gzip.h"

enum { ROOM = 1000000 }; /* no multiple of a chunk */

/* "hello" as zlib and as raw deflate data. */
static const char zlib_hello[] =
    "\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15";
static const char raw_hello[] = "\xcb\x48\xcd\xc9\xc9\x07\x00";

struct fixture {
    struct buf packed;
    struct buf plain;
    struct error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    buf_init(&f->packed, ROOM);
    buf_init(&f->plain, ROOM);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_deinit(&f->packed);
    buf_deinit(&f->plain);
    free(f);
    return 0;
}

static bool unpack(struct fixture *f)
{
    buf_clear(&f->plain);
    return gzip_inflate(buf_text(&f->packed), GZIP_GZIP, &f->plain, &f->err);
}

static void what_goes_in_comes_out(void **state)
{
    struct fixture *f = *state;
    struct buf lines;
    buf_init(&lines, ROOM);
    for (int i = 0; i < 5000; i++)
        buf_printf(&lines, "m,device=%d v=%d 1700000000%09d\n", i % 7, i, i);
    assert_true(gzip_deflate(buf_text(&lines), 1, &f->packed, &f->err));
    assert_true(f->packed.len < lines.len / 3);
    assert_true(unpack(f));
    assert_true(text_equal(buf_text(&f->plain), buf_text(&lines)));
    buf_deinit(&lines);
}

static void nothing_is_a_body_too(void **state)
{
    struct fixture *f = *state;
    assert_true(gzip_deflate(TEXT(""), 9, &f->packed, &f->err));
    assert_true(f->packed.len > 0);
    assert_true(unpack(f));
    assert_int_equal(f->plain.len, 0);
}

static void it_appends_and_leaves_what_was_there(void **state)
{
    struct fixture *f = *state;
    buf_append_text(&f->plain, TEXT("before "));
    assert_true(gzip_deflate(TEXT("after"), 1, &f->packed, &f->err));
    struct text packed = buf_text(&f->packed);
    assert_true(gzip_inflate(packed, GZIP_GZIP, &f->plain, &f->err));
    assert_text(buf_text(&f->plain), "before after");
    packed.len -= 1;
    assert_false(gzip_inflate(packed, GZIP_GZIP, &f->plain, &f->err));
    assert_text(buf_text(&f->plain), "before after");
}

static void all_members_are_read(void **state)
{
    struct fixture *f = *state;
    gzip_deflate(TEXT("one "), 1, &f->packed, NULL);
    gzip_deflate(TEXT(""), 1, &f->packed, NULL);
    gzip_deflate(TEXT("two"), 6, &f->packed, NULL);
    assert_true(unpack(f));
    assert_text(buf_text(&f->plain), "one two");
}

static void bytes_behind_the_last_member_are_an_error(void **state)
{
    struct fixture *f = *state;
    gzip_deflate(TEXT("one"), 1, &f->packed, NULL);
    buf_append_text(&f->packed, TEXT("rubbish"));
    assert_false(unpack(f));
    assert_int_equal(f->err.kind, ERR_BAD_REQUEST);
    buf_clear(&f->packed);
    buf_append(&f->packed, zlib_hello, sizeof zlib_hello - 1);
    buf_append_char(&f->packed, 'x');
    assert_false(
        gzip_inflate(buf_text(&f->packed), GZIP_DEFLATE, &f->plain, &f->err));
    assert_string_equal(f->err.text, "compressed body ends at byte 13 of 14");
}

static void deflate_means_zlib_or_raw(void **state)
{
    struct fixture *f = *state;
    struct text zlib = {zlib_hello, sizeof zlib_hello - 1};
    struct text raw = {raw_hello, sizeof raw_hello - 1};
    assert_true(gzip_inflate(zlib, GZIP_DEFLATE, &f->plain, &f->err));
    assert_true(gzip_inflate(raw, GZIP_DEFLATE, &f->plain, &f->err));
    assert_text(buf_text(&f->plain), "hellohello");
    assert_false(gzip_inflate(zlib, GZIP_GZIP, &f->plain, &f->err));
    assert_int_equal(f->err.kind, ERR_BAD_REQUEST);
}

static void cut_at_any_byte_it_is_an_error(void **state)
{
    struct fixture *f = *state;
    gzip_deflate(TEXT("weather,station=a temp=21.5 1"), 6, &f->packed, NULL);
    size_t whole = f->packed.len;
    for (size_t len = 0; len < whole; len++) {
        struct text cut = {f->packed.data, len};
        buf_clear(&f->plain);
        assert_false(gzip_inflate(cut, GZIP_GZIP, &f->plain, &f->err));
        assert_int_equal(f->err.kind, ERR_BAD_REQUEST);
        assert_int_equal(f->plain.len, 0);
    }
    assert_true(unpack(f));
}

/* The header's time, flags and system bytes say nothing about the data. */
static void a_flipped_bit_never_gives_other_bytes(void **state)
{
    struct fixture *f = *state;
    struct text line = TEXT("weather,station=a temp=21.5 1");
    gzip_deflate(line, 6, &f->packed, NULL);
    for (size_t bit = 0; bit < f->packed.len * 8; bit++) {
        f->packed.data[bit / 8] ^= (char)(1 << bit % 8);
        if (unpack(f))
            assert_true(text_equal(buf_text(&f->plain), line));
        else
            assert_int_equal(f->err.kind, ERR_BAD_REQUEST);
        f->packed.data[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void a_damaged_byte_is_told_with_its_place(void **state)
{
    struct fixture *f = *state;
    gzip_deflate(TEXT("hello"), 1, &f->packed, NULL);
    f->packed.data[f->packed.len - 5] ^= 1; /* the checksum */
    assert_false(unpack(f));
    assert_string_equal(f->err.text, "compressed body is damaged at byte 21: "
                                     "incorrect data check");
}

static void a_zlib_dictionary_is_refused(void **state)
{
    struct fixture *f = *state;
    struct text in = TEXT("\x78\xbb\x00\x00\x00\x01\xcb\x48");
    assert_false(gzip_inflate(in, GZIP_DEFLATE, &f->plain, &f->err));
    assert_int_equal(f->err.kind, ERR_BAD_REQUEST);
}

static void a_bomb_ends_at_the_ceiling(void **state)
{
    struct fixture *f = *state;
    struct text zeros = {calloc(1, 64 << 20), 64 << 20};
    assert_true(gzip_deflate(zeros, 9, &f->packed, &f->err));
    assert_false(unpack(f));
    assert_int_equal(f->err.kind, ERR_TOO_LARGE);
    assert_string_equal(f->err.text,
                        "the body inflates to more than 1000000 bytes");
    assert_int_equal(f->plain.len, 0);
    assert_true(f->plain.capacity <= ROOM);
    free((char *)zeros.at);
}

static void exactly_the_ceiling_fits(void **state)
{
    struct fixture *f = *state;
    struct text zeros = {calloc(1, ROOM + 1), ROOM};
    gzip_deflate(zeros, 1, &f->packed, NULL);
    assert_true(unpack(f));
    assert_int_equal(f->plain.len, ROOM);
    zeros.len = ROOM + 1;
    buf_clear(&f->packed);
    gzip_deflate(zeros, 1, &f->packed, NULL);
    assert_false(unpack(f));
    assert_int_equal(f->err.kind, ERR_TOO_LARGE);
    free((char *)zeros.at);
}

static void deflate_says_so_when_out_is_full(void **state)
{
    struct fixture *f = *state;
    struct buf small;
    buf_init(&small, 12);
    buf_append_text(&small, TEXT("ab"));
    assert_false(gzip_deflate(TEXT("hello hello"), 1, &small, &f->err));
    assert_int_equal(f->err.kind, ERR_TOO_LARGE);
    assert_text(buf_text(&small), "ab");
    buf_deinit(&small);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(what_goes_in_comes_out),
        ROW(nothing_is_a_body_too),
        ROW(it_appends_and_leaves_what_was_there),
        ROW(all_members_are_read),
        ROW(bytes_behind_the_last_member_are_an_error),
        ROW(deflate_means_zlib_or_raw),
        ROW(cut_at_any_byte_it_is_an_error),
        ROW(a_flipped_bit_never_gives_other_bytes),
        ROW(a_damaged_byte_is_told_with_its_place),
        ROW(a_zlib_dictionary_is_refused),
        ROW(a_bomb_ends_at_the_ceiling),
        ROW(exactly_the_ceiling_fits),
        ROW(deflate_says_so_when_out_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
