/* One character at a time: every code point is read, everything else is not. */
#include "unit.h"

#include "utf8.h"

/* Writes a code point as its length says, surrogates and overlong ones too. */
static size_t write_as(uint32_t code, size_t len, char out[4])
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (len == 1) {
        out[0] = (char)code;
        return 1;
    }
    for (size_t i = len; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(leads[len] | code);
    return len;
}

static void every_code_point_has_one_form(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x1fffff; code++) {
        size_t shortest = code < 0x80      ? 1
                          : code < 0x800   ? 2
                          : code < 0x10000 ? 3
                                           : 4;
        bool is_character =
            code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        for (size_t len = shortest; len <= 4; len++) {
            char out[4];
            write_as(code, len, out);
            size_t expected = is_character && len == shortest ? len : 0;
            if (utf8_sequence(out, out + len) != expected)
                fail_msg("U+%04X in %zu bytes", code, len);
        }
    }
}

static void a_character_that_is_cut_is_none(void **state)
{
    (void)state;
    static const char text[] = "\xf0\x9f\x98\x80";
    assert_int_equal(utf8_sequence(text, text + 4), 4);
    for (int len = 1; len < 4; len++)
        assert_int_equal(utf8_sequence(text, text + len), 0);
}

static void a_stray_byte_is_none(void **state)
{
    (void)state;
    for (int lead = 0x80; lead < 0x100; lead++) {
        char text[4] = {(char)lead, 'a', 'a', 'a'};
        assert_int_equal(utf8_sequence(text, text + 4), 0);
    }
    for (int last = 0; last < 0x100; last++) {
        char text[3] = {(char)0xe2, (char)0x82, (char)last};
        assert_int_equal(utf8_sequence(text, text + 3),
                         last >= 0x80 && last < 0xc0 ? 3 : 0);
    }
}

/* All of Unicode but the surrogates, which have no UTF-8. */
static void every_character_is_written_as_one_sequence(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char out[UTF8_BYTES];
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        size_t len = utf8_put(c, out);
        size_t expected = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (len != expected || utf8_sequence(out, out + len) != len
            || !utf8_is_valid((struct text){out, len}, NULL))
            fail_msg("U+%04X has %zu bytes", c, len);
    }
}

/* ASCII is skipped eight bytes at a time: the bad one may stand anywhere. */
static void the_first_bad_byte_is_found_at_every_offset(void **state)
{
    (void)state;
    char bytes[64];
    for (size_t len = 1; len <= sizeof bytes; len++)
        for (size_t bad = 0; bad < len; bad++) {
            size_t offset = SIZE_MAX;
            memset(bytes, 'x', sizeof bytes);
            assert_true(utf8_is_valid((struct text){bytes, len}, &offset));
            bytes[bad] = '\xff';
            assert_false(utf8_is_valid((struct text){bytes, len}, &offset));
            assert_int_equal(offset, bad);
        }
    assert_true(utf8_is_valid((struct text){NULL, 0}, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_written_as_one_sequence),
        cmocka_unit_test(the_first_bad_byte_is_found_at_every_offset),
        cmocka_unit_test(every_code_point_has_one_form),
        cmocka_unit_test(a_character_that_is_cut_is_none),
        cmocka_unit_test(a_stray_byte_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
