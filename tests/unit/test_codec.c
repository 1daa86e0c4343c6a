/* Hex, base64, percent-encoding and charsets: what each reads, where each says
 * it could not, and that what is written reads back. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "codec.h"
#include "error.h"
#include "utf8.h"

#define LEN(array) (sizeof(array) / sizeof *(array))

struct pair {
    const char *in;
    const char *out;
};

/* What cannot be read, and where the message says so. */
struct bad {
    const char *in;
    const char *where;
};

/* The input in memory of just its size, so that ASan sees a step beyond. */
static bool decode(bool (*read)(struct text in, struct buf *out,
                                struct error *err),
                   struct text in, struct buf *out, struct error *err)
{
    char *copy = malloc(in.len ? in.len : 1);
    if (in.len > 0)
        memcpy(copy, in.at, in.len);
    bool is_read = read((struct text){copy, in.len}, out, err);
    free(copy);
    return is_read;
}

static void check_pairs(bool (*read)(struct text in, struct buf *out,
                                     struct error *err),
                        const struct pair *pairs, size_t count)
{
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        buf_clear(&out);
        buf_append_text(&out, TEXT("before "));
        if (!decode(read, text_of(pairs[i].in), &out, &err))
            fail_msg("\"%s\": %s", pairs[i].in, err.text);
        assert_text(text_skip(buf_text(&out), 7), pairs[i].out);
    }
    buf_deinit(&out);
}

static void check_bad(bool (*read)(struct text in, struct buf *out,
                                   struct error *err),
                      const struct bad *bad, size_t count)
{
    struct buf out;
    buf_init(&out, 1000);
    buf_append_text(&out, TEXT("before"));
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        if (decode(read, text_of(bad[i].in), &out, &err))
            fail_msg("\"%s\" was read", bad[i].in);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
        if (!strstr(err.text, bad[i].where))
            fail_msg("\"%s\": %s", bad[i].in, err.text);
        assert_text(buf_text(&out), "before");
    }
    buf_deinit(&out);
}

static void hex_is_read_in_either_case(void **state)
{
    (void)state;
    static const struct pair good[] = {{"", ""},
                                       {"61", "a"},
                                       {"4D6f6F6e", "Moon"},
                                       {"c3A9", "\xc3\xa9"},
                                       {"7f80ff", "\x7f\x80\xff"}};
    static const struct bad bad[] = {{"6", "1 hex digits"},
                                     {"616", "3 hex digits"},
                                     {"6g", "byte 1 (0x67)"},
                                     {"g6", "byte 0 (0x67)"},
                                     {"61 2", "byte 2 (0x20)"},
                                     {"0x61", "byte 1 (0x78)"},
                                     {"61\xc3\xa9", "byte 2 (0xc3)"},
                                     {"@0", "byte 0"},
                                     {"0`", "byte 1"},
                                     {"/0", "byte 0"},
                                     {":0", "byte 0"}};
    check_pairs(codec_hex_decode, good, LEN(good));
    check_bad(codec_hex_decode, bad, LEN(bad));
}

static void base64_is_read_in_both_alphabets(void **state)
{
    (void)state;
    static const struct pair good[] = {
        /* the vectors of RFC 4648 */
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        /* no padding, blanks, lines, the other alphabet */
        {"Zg", "f"},
        {"Zm8", "fo"},
        {"Zm9vYg", "foob"},
        {" Zm9v\r\nYmFy\r\n", "foobar"},
        {"Z g = =", "f"},
        {"++//", "\xfb\xef\xff"},
        {"--__", "\xfb\xef\xff"},
        {"+_-/", "\xfb\xff\xbf"},
        {"gkHe", "\x82\x41\xde"},
    };
    static const struct bad bad[] = {
        {"Z", "1 digits"},
        {"Zm9vY", "5 digits"},
        {"Zg=", "1 of padding"},
        {"Zm9v=", "1 of padding"},
        {"Zm8==", "2 of padding"},
        {"=", "ends early"},
        {"Zg===", "byte 4"},
        {"Zg==Zg==", "byte 4"},
        {"Z*==", "byte 1 (0x2a)"},
        {"Zm9v.", "byte 4 (0x2e)"},
        {"Zm\xc3\xa9", "byte 2 (0xc3)"},
        {"%3D", "byte 0 (0x25)"},
    };
    check_pairs(codec_base64_decode, good, LEN(good));
    check_bad(codec_base64_decode, bad, LEN(bad));
}

static void check_round_trip(bool (*write)(struct text in, struct buf *out),
                             bool (*read)(struct text in, struct buf *out,
                                          struct error *err))
{
    struct buf bytes, text, back;
    buf_init(&bytes, 1000);
    buf_init(&text, 4000);
    buf_init(&back, 4000);
    for (unsigned len = 0; len < 600; len++) {
        buf_clear(&text);
        buf_clear(&back);
        assert_true(write(buf_text(&bytes), &text));
        assert_true(decode(read, buf_text(&text), &back, NULL));
        assert_true(text_equal(buf_text(&bytes), buf_text(&back)));
        buf_append_char(&bytes, (char)(len * 7 + len / 256));
    }
    buf_deinit(&bytes);
    buf_deinit(&text);
    buf_deinit(&back);
}

static bool url_decode_into(struct text in, struct buf *out, struct error *err)
{
    (void)err;
    char *to = buf_reserve(out, in.len + 1);
    buf_commit(out, codec_url_decode(in, true, to));
    return true;
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    check_round_trip(codec_hex_encode, codec_hex_decode);
    check_round_trip(codec_base64_encode, codec_base64_decode);
    check_round_trip(codec_url_encode, url_decode_into);
}

static void writers_use_the_plain_alphabets(void **state)
{
    (void)state;
    static const struct {
        bool (*write)(struct text in, struct buf *out);
        const char *in;
        const char *out;
    } rows[] = {
        {codec_hex_encode, "\x01\xab\xff", "01abff"},
        {codec_base64_encode, "\xfb\xef\xff", "++//"},
        {codec_base64_encode, "f", "Zg=="},
        {codec_base64_encode, "fo", "Zm8="},
        {codec_url_encode, "AZaz09-._~", "AZaz09-._~"},
        {codec_url_encode, "a b+c&d=e/f%", "a%20b%2Bc%26d%3De%2Ff%25"},
        {codec_url_encode, "\xc3\xa9\n", "%C3%A9%0A"},
    };
    struct buf out;
    buf_init(&out, 100);
    for (size_t i = 0; i < LEN(rows); i++) {
        buf_clear(&out);
        assert_true(rows[i].write(text_of(rows[i].in), &out));
        assert_text(buf_text(&out), rows[i].out);
    }
    buf_deinit(&out);
}

static void a_ceiling_holds_and_is_named(void **state)
{
    (void)state;
    struct error err = {0};
    struct buf out;
    buf_init(&out, 3);
    assert_true(codec_hex_decode(TEXT("616263"), &out, &err));
    assert_true(codec_hex_decode(TEXT(""), &out, &err));
    assert_false(codec_hex_decode(TEXT("61"), &out, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_non_null(strstr(err.text, "limit 3"));
    assert_false(codec_base64_decode(TEXT("YQ=="), &out, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_false(codec_to_utf8(TEXT("a"), TEXT(""), &out, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_false(codec_to_utf8(TEXT("a"), TEXT("latin1"), &out, &err));
    assert_false(codec_to_utf8(TEXT("a\0"), TEXT("utf-16le"), &out, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_text(buf_text(&out), "abc");
    assert_false(codec_hex_encode(TEXT("a"), &out));
    assert_false(codec_base64_encode(TEXT("a"), &out));
    assert_false(codec_url_encode(TEXT("a"), &out));
    buf_deinit(&out);
}

static void percent_decoding_leaves_what_is_broken(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *with_plus;
        const char *without;
    } rows[] = {
        {"", "", ""},
        {"plain", "plain", "plain"},
        {"a+b", "a b", "a+b"},
        {"a%2Bb%2bc", "a+b+c", "a+b+c"},
        {"%41%7a", "Az", "Az"},
        {"%", "%", "%"},
        {"%4", "%4", "%4"},
        {"100%", "100%", "100%"},
        {"%zz%41", "%zzA", "%zzA"},
        {"%4g", "%4g", "%4g"},
        {"%%41", "%A", "%A"},
        {"%2541", "%41", "%41"},
        {"%C3%A9", "\xc3\xa9", "\xc3\xa9"},
        {"+%+", " % ", "+%+"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char out[32];
        size_t len = codec_url_decode(text_of(rows[i].in), true, out);
        assert_text(((struct text){out, len}), rows[i].with_plus);
        snprintf(out, sizeof out, "%s", rows[i].in); /* in place */
        len = codec_url_decode(text_of(out), false, out);
        assert_text(((struct text){out, len}), rows[i].without);
    }
    char nul[3];
    assert_int_equal(codec_url_decode(TEXT("%00"), true, nul), 1);
    assert_int_equal(nul[0], 0);
}

static void bad_utf8_is_found_where_it_is(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "eight bytes and more of ASCII",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "12345678\xc3\xa9 12345678"};
    static const struct {
        const char *in;
        size_t offset;
    } bad[] = {
        {"\x80", 0},
        {"a\xbf", 1},
        {"\xc0\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc3", 0},
        {"\xc3(", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xe2\x82", 0},
        {"\xed\xa0\x80", 0},
        {"\xed\xbf\xbf", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
        {"12345678\xff", 8},
        {"1234567\xff", 7},
        {"\xc3\xa9\xe2\x82(", 2},
        {"123456789012345\xc3", 15},
        {"\xf0\x9f\x98", 0},
        {"\xf0\x9f\x98\x80\x80", 4},
    };
    for (size_t i = 0; i < LEN(good); i++)
        assert_true(utf8_is_valid(text_of(good[i]), NULL));
    for (size_t i = 0; i < LEN(bad); i++) {
        size_t offset = 99;
        assert_false(utf8_is_valid(text_of(bad[i].in), NULL));
        assert_false(utf8_is_valid(text_of(bad[i].in), &offset));
        assert_int_equal(offset, bad[i].offset);
    }
    assert_true(utf8_is_valid((struct text){NULL, 0}, NULL));
}

struct charset_row {
    const char *charset;
    struct text in;
    const char *out;
};

static void charsets_become_utf8(void **state)
{
    (void)state;
    static const struct charset_row rows[] = {
        {"", {"gr\xc3\xbc\xc3\x9f", 6}, "gr\xc3\xbc\xc3\x9f"},
        {"UTF-8", {"\xef\xbb\xbfx", 4}, "x"},
        {"utf8", {"x\xef\xbb\xbf", 4}, "x\xef\xbb\xbf"},
        {"US-ASCII", {"plain", 5}, "plain"},
        {"iso-8859-1", {"\xfc\xdf\xa4", 3}, "\xc3\xbc\xc3\x9f\xc2\xa4"},
        {"ISO-8859-1", {"\x80\x93\x81", 3}, "\xe2\x82\xac\xe2\x80\x9c\xc2\x81"},
        {"Latin1",
         {"\xb0"
          "C",
          2},
         "\xc2\xb0"
         "C"},
        {"iso-8859-15",
         {"\xa4\xa6\xa8\xb4\xb8\xbc\xbd\xbe\xe9", 9},
         "\xe2\x82\xac\xc5\xa0\xc5\xa1\xc5\xbd\xc5\xbe\xc5\x92\xc5\x93\xc5\xb8"
         "\xc3\xa9"},
        {"windows-1252", {"\x80\x9f\xff", 3}, "\xe2\x82\xac\xc5\xb8\xc3\xbf"},
        {"cp1252", {"\x99", 1}, "\xe2\x84\xa2"},
        {"utf-16le", {"h\0\xe9\0", 4}, "h\xc3\xa9"},
        {"utf-16be", {"\0h\0\xe9", 4}, "h\xc3\xa9"},
        {"utf-16", {"\xff\xfeh\0", 4}, "h"},
        {"utf-16", {"\xfe\xff\0h", 4}, "h"},
        {"utf-16", {"{\0}\0", 4}, "{}"},
        {"utf-16", {"\0{\0}", 4}, "{}"},
        {"utf-16", {"", 0}, ""},
        {"utf-16le", {"\xff\xfeh\0", 4}, "h"},
        {"utf-16le", {"\x3d\xd8\x00\xde", 4}, "\xf0\x9f\x98\x80"},
        {"utf-16be", {"\xd8\x3d\xde\x00", 4}, "\xf0\x9f\x98\x80"},
        {"utf-16be", {"\xff\xff\x20\xac", 4}, "\xef\xbf\xbf\xe2\x82\xac"},
    };
    struct buf out;
    buf_init(&out, 200);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct error err = {0};
        buf_clear(&out);
        if (!codec_to_utf8(rows[i].in, text_of(rows[i].charset), &out, &err))
            fail_msg("row %zu: %s", i, err.text);
        assert_text(buf_text(&out), rows[i].out);
        assert_true(utf8_is_valid(buf_text(&out), NULL));
    }
    buf_deinit(&out);
}

static void bytes_of_another_charset_are_refused(void **state)
{
    (void)state;
    static const struct charset_row rows[] = {
        {"", {"ab\xfc", 3}, "byte 2 (0xfc) is not UTF-8"},
        {"utf-8", {"\xef\xbb\xbf\xff", 4}, "byte 3"},
        {"us-ascii", {"a\x80", 2}, "byte 1 (0x80)"},
        {"windows-1252", {"\x81", 1}, "byte 0 (0x81)"},
        {"windows-1252", {"a\x9d", 2}, "byte 1 (0x9d)"},
        {"utf-16le", {"h\0h", 3}, "3 bytes of UTF-16"},
        {"utf-16le", {"\x3d\xd8", 2}, "half of a pair"},
        {"utf-16le", {"\x3d\xd8h\0", 4}, "byte 0"},
        {"utf-16be", {"\0h\xde\x00", 4}, "byte 2"},
        {"utf-16be", {"\xd8\x3d\xd8\x3d", 4}, "byte 0"},
    };
    struct buf out;
    buf_init(&out, 200);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct error err = {0};
        assert_false(
            codec_to_utf8(rows[i].in, text_of(rows[i].charset), &out, &err));
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
        if (!strstr(err.text, rows[i].out))
            fail_msg("row %zu: %s", i, err.text);
        assert_int_equal(out.len, 0);
    }
    buf_deinit(&out);
}

static void an_unknown_charset_is_named(void **state)
{
    (void)state;
    struct error err = {0};
    struct buf out;
    buf_init(&out, 100);
    assert_false(codec_to_utf8(TEXT("x"), TEXT("EBCDIC"), &out, &err));
    assert_int_equal(err.kind, ERR_MEDIA_TYPE);
    assert_non_null(strstr(err.text, "EBCDIC"));
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_is_read_in_either_case),
        cmocka_unit_test(base64_is_read_in_both_alphabets),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(writers_use_the_plain_alphabets),
        cmocka_unit_test(a_ceiling_holds_and_is_named),
        cmocka_unit_test(percent_decoding_leaves_what_is_broken),
        cmocka_unit_test(bad_utf8_is_found_where_it_is),
        cmocka_unit_test(charsets_become_utf8),
        cmocka_unit_test(bytes_of_another_charset_are_refused),
        cmocka_unit_test(an_unknown_charset_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
