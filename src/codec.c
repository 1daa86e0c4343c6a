/* codec.c - see codec.h.
 *
 * Each decoder reserves the most it can need, writes straight into the buf and
 * commits what it wrote, so a kept buf costs no allocation. On bytes that are
 * wrong it says at which offset, and leaves out as it was.
 *
 * What can go wrong: the ceiling of out (ERR_TOO_LARGE; the encoders return
 * false only for that), or bytes that are not what they should be. A character
 * set that we do not know is refused rather than guessed.
 */
#include "codec.h"

#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "utf8.h"

enum { INVALID = -1 };

/* A reservation that may be of nothing. */
static char *reserve(struct buf *out, size_t len, struct error *err)
{
    static char nothing;
    char *to = len > 0 ? buf_reserve(out, len) : &nothing;
    if (!to)
        fail(err, ERR_TOO_LARGE, "decoded it needs up to %zu bytes, limit %zu",
             out->len + len, out->max_bytes);
    return to;
}

/* ------------------------------------------------------------------- hex */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : INVALID;
}

static bool fail_at(struct text in, size_t offset, const char *what,
                    struct error *err)
{
    return fail(err, ERR_BAD_REQUEST, "byte %zu (0x%02x) is not %s", offset,
                (unsigned)(unsigned char)in.at[offset], what);
}

bool codec_hex_decode(struct text in, struct buf *out, struct error *err)
{
    if (in.len % 2 != 0)
        return fail(err, ERR_BAD_REQUEST,
                    "%zu hex digits: their number must be even", in.len);
    char *to = reserve(out, in.len / 2, err);
    if (!to)
        return false;
    for (size_t i = 0; i < in.len; i += 2) {
        int high = hex_value(in.at[i]), low = hex_value(in.at[i + 1]);
        if (high < 0 || low < 0)
            return fail_at(in, high < 0 ? i : i + 1, "a hex digit", err);
        to[i / 2] = (char)(high << 4 | low);
    }
    buf_commit(out, in.len / 2);
    return true;
}

bool codec_hex_encode(struct text in, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    if (in.len > SIZE_MAX / 2)
        return false;
    char *to = reserve(out, in.len * 2, NULL);
    if (!to)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        unsigned byte = (unsigned char)in.at[i];
        to[2 * i] = digits[byte >> 4];
        to[2 * i + 1] = digits[byte & 15];
    }
    buf_commit(out, in.len * 2);
    return true;
}

/* ---------------------------------------------------------------- base64 */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* What each byte is worth, plus one; 0: it is no digit. Both alphabets. */
static const unsigned char base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,
    ['G'] = 7,  ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12,
    ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
    ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,
    ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
    ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
    ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
    ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60,
    ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63, ['/'] = 64, ['_'] = 64};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Digits and padding seen so far, and the bits not yet written. */
struct base64 {
    size_t digits;
    size_t pads;
    uint32_t bits;
};

/* False: the byte does not belong here. Every fourth digit yields 3 bytes. */
static bool base64_take(struct base64 *state, char c, char **to)
{
    uint32_t value = base64_values[(unsigned char)c];
    if (value == 0 && is_blank(c))
        return true;
    if (c == '=')
        return ++state->pads <= 2;
    if (value == 0 || state->pads > 0)
        return false;
    state->bits = state->bits << 6 | (value - 1);
    if (++state->digits % 4 == 0) {
        *(*to)++ = (char)(state->bits >> 16 & 0xff);
        *(*to)++ = (char)(state->bits >> 8 & 0xff);
        *(*to)++ = (char)(state->bits & 0xff);
    }
    return true;
}

/* The last two or three digits yield one or two bytes. */
static bool base64_end(struct base64 *state, char **to)
{
    size_t rest = state->digits % 4;
    if (rest == 1
        || (state->pads > 0 && (state->digits + state->pads) % 4 != 0))
        return false;
    if (rest == 2)
        *(*to)++ = (char)(state->bits >> 4 & 0xff);
    if (rest == 3) {
        *(*to)++ = (char)(state->bits >> 10 & 0xff);
        *(*to)++ = (char)(state->bits >> 2 & 0xff);
    }
    return true;
}

bool codec_base64_decode(struct text in, struct buf *out, struct error *err)
{
    struct base64 state = {0};
    char *start = reserve(out, in.len / 4 * 3 + 3, err), *to = start;
    if (!start)
        return false;
    for (size_t i = 0; i < in.len; i++)
        if (!base64_take(&state, in.at[i], &to))
            return fail_at(in, i, "base64 there", err);
    if (!base64_end(&state, &to))
        return fail(err, ERR_BAD_REQUEST,
                    "base64 ends early: %zu digits and %zu of padding",
                    state.digits, state.pads);
    buf_commit(out, (size_t)(to - start));
    return true;
}

/* One to three bytes as four characters. */
static void base64_put(const char *from, size_t len, char *to)
{
    uint32_t bits = (uint32_t)(unsigned char)from[0] << 16;
    if (len > 1)
        bits |= (uint32_t)(unsigned char)from[1] << 8;
    if (len > 2)
        bits |= (uint32_t)(unsigned char)from[2];
    to[0] = base64_digits[bits >> 18];
    to[1] = base64_digits[bits >> 12 & 63];
    to[2] = len > 1 ? base64_digits[bits >> 6 & 63] : '=';
    to[3] = len > 2 ? base64_digits[bits & 63] : '=';
}

bool codec_base64_encode(struct text in, struct buf *out)
{
    if (in.len > SIZE_MAX / 2)
        return false;
    size_t needed = (in.len + 2) / 3 * 4;
    char *to = reserve(out, needed, NULL);
    if (!to)
        return false;
    for (size_t i = 0; i < in.len; i += 3, to += 4)
        base64_put(in.at + i, in.len - i < 3 ? in.len - i : 3, to);
    buf_commit(out, needed);
    return true;
}

/* ------------------------------------------------------- percent-encoding */

size_t codec_url_decode(struct text in, bool plus_is_space, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.at[i];
        if (c == '%' && in.len - i > 2 && hex_value(in.at[i + 1]) >= 0
            && hex_value(in.at[i + 2]) >= 0) {
            c = (char)(hex_value(in.at[i + 1]) << 4 | hex_value(in.at[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[len++] = c;
    }
    return len;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
           || c == '~';
}

bool codec_url_encode(struct text in, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    if (in.len > SIZE_MAX / 3)
        return false;
    size_t needed = 0, len = 0;
    for (size_t i = 0; i < in.len; i++)
        needed += is_unreserved(in.at[i]) ? 1 : 3;
    char *to = reserve(out, needed, NULL);
    if (!to)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        unsigned byte = (unsigned char)in.at[i];
        if (is_unreserved(in.at[i])) {
            to[len++] = in.at[i];
            continue;
        }
        to[len++] = '%';
        to[len++] = digits[byte >> 4];
        to[len++] = digits[byte & 15];
    }
    buf_commit(out, len);
    return true;
}

/* ------------------------------------------------------------- charsets */

static bool from_utf8(struct text in, struct buf *out, struct error *err)
{
    size_t offset;
    if (!utf8_is_valid(in, &offset))
        return fail_at(in, offset, "UTF-8", err);
    if (text_starts_with(in, TEXT("\xef\xbb\xbf")))
        in = text_skip(in, 3);
    return buf_append_text(out, in)
           || fail(err, ERR_TOO_LARGE, "text of %zu bytes, limit %zu",
                   out->len + in.len, out->max_bytes);
}

/* What each single-byte set makes of a byte from 0x80 on; 0: nothing. */
static uint32_t ascii_char(unsigned byte)
{
    (void)byte;
    return 0;
}

static uint32_t windows_1252_char(unsigned byte)
{
    static const uint16_t low[32] = {
        0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
        0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
        0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
        0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};
    return byte < 0xa0 ? low[byte - 0x80] : byte;
}

/* Where the standard has control characters, those who say Latin-1 mean
 * windows-1252; browsers read it so too. */
static uint32_t latin_1_char(unsigned byte)
{
    uint32_t c = windows_1252_char(byte);
    return c ? c : byte;
}

static uint32_t latin_9_char(unsigned byte)
{
    switch (byte) {
    case 0xa4:
        return 0x20ac;
    case 0xa6:
        return 0x160;
    case 0xa8:
        return 0x161;
    case 0xb4:
        return 0x17d;
    case 0xb8:
        return 0x17e;
    case 0xbc:
        return 0x152;
    case 0xbd:
        return 0x153;
    case 0xbe:
        return 0x178;
    default:
        return byte;
    }
}

static bool from_bytes(struct text in, uint32_t (*char_of)(unsigned byte),
                       struct buf *out, struct error *err)
{
    size_t needed = in.len;
    for (size_t i = 0; i < in.len; i++)
        needed += (unsigned char)in.at[i] < 0x80 ? 0 : 2;
    char *start = reserve(out, needed, err), *to = start;
    if (!start)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        unsigned byte = (unsigned char)in.at[i];
        uint32_t c = byte < 0x80 ? byte : char_of(byte);
        if (c == 0 && byte != 0)
            return fail_at(in, i, "in its charset", err);
        to += utf8_put(c, to);
    }
    buf_commit(out, (size_t)(to - start));
    return true;
}

enum byte_order { BIG_ENDIAN_FIRST, LITTLE_ENDIAN_FIRST };

static uint32_t utf16_unit(const char *at, enum byte_order order)
{
    uint32_t a = (unsigned char)at[0], b = (unsigned char)at[1];
    return order == BIG_ENDIAN_FIRST ? a << 8 | b : b << 8 | a;
}

/* Joins a pair of surrogates, which takes 4 bytes; anything else takes 2. */
static size_t utf16_char(struct text in, enum byte_order order, uint32_t *c)
{
    *c = utf16_unit(in.at, order);
    if (*c < 0xd800 || *c > 0xdfff)
        return 2;
    if (*c > 0xdbff || in.len < 4)
        return 0;
    uint32_t low = utf16_unit(in.at + 2, order);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
    return 4;
}

static bool from_utf16(struct text in, enum byte_order order, struct buf *out,
                       struct error *err)
{
    char *start = NULL;
    if (in.len % 2 != 0)
        return fail(err, ERR_BAD_REQUEST,
                    "%zu bytes of UTF-16: their number must be even", in.len);
    if (in.len > SIZE_MAX / 2 || !(start = reserve(out, in.len / 2 * 3, err)))
        return false;
    char *to = start;
    for (size_t i = 0; i < in.len;) {
        uint32_t c;
        size_t len = utf16_char(text_skip(in, i), order, &c);
        if (len == 0)
            return fail_at(in, i, "UTF-16: half of a pair", err);
        if (i > 0 || c != 0xfeff)
            to += utf8_put(c, to);
        i += len;
    }
    buf_commit(out, (size_t)(to - start));
    return true;
}

/* A BOM says it; without one, a zero byte in the first character does (text
 * begins with ASCII nearly always), else the standard's big endian holds. */
static enum byte_order utf16_order(struct text in)
{
    if (in.len < 2)
        return BIG_ENDIAN_FIRST;
    bool is_little = (in.at[0] == '\xff' && in.at[1] == '\xfe')
                     || (in.at[0] != 0 && in.at[1] == 0);
    return is_little ? LITTLE_ENDIAN_FIRST : BIG_ENDIAN_FIRST;
}

enum charset {
    UTF_8,
    US_ASCII,
    LATIN_1,
    LATIN_9,
    WINDOWS_1252,
    UTF_16,
    UTF_16LE,
    UTF_16BE
};

static const struct {
    const char *name;
    enum charset charset;
} charsets[] = {
    {"", UTF_8},
    {"utf-8", UTF_8},
    {"utf8", UTF_8},
    {"us-ascii", US_ASCII},
    {"ascii", US_ASCII},
    {"iso-8859-1", LATIN_1},
    {"iso8859-1", LATIN_1},
    {"iso_8859-1", LATIN_1},
    {"latin1", LATIN_1},
    {"latin-1", LATIN_1},
    {"iso-8859-15", LATIN_9},
    {"iso8859-15", LATIN_9},
    {"latin-9", LATIN_9},
    {"latin9", LATIN_9},
    {"windows-1252", WINDOWS_1252},
    {"cp1252", WINDOWS_1252},
    {"utf-16", UTF_16},
    {"utf-16le", UTF_16LE},
    {"utf-16be", UTF_16BE},
};

static bool convert(enum charset charset, struct text in, struct buf *out,
                    struct error *err)
{
    switch (charset) {
    case UTF_8:
        return from_utf8(in, out, err);
    case US_ASCII:
        return from_bytes(in, ascii_char, out, err);
    case LATIN_1:
        return from_bytes(in, latin_1_char, out, err);
    case LATIN_9:
        return from_bytes(in, latin_9_char, out, err);
    case WINDOWS_1252:
        return from_bytes(in, windows_1252_char, out, err);
    case UTF_16:
        return from_utf16(in, utf16_order(in), out, err);
    case UTF_16LE:
        return from_utf16(in, LITTLE_ENDIAN_FIRST, out, err);
    case UTF_16BE:
        return from_utf16(in, BIG_ENDIAN_FIRST, out, err);
    }
    return false;
}

bool codec_to_utf8(struct text in, struct text charset, struct buf *out,
                   struct error *err)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (text_equal_nocase(charset, text_of(charsets[i].name)))
            return convert(charsets[i].charset, in, out, err);
    if (charset.len > 40)
        charset.len = 40;
    return fail(err, ERR_MEDIA_TYPE, "charset \"%.*s\" is not supported",
                TEXT_ARG(charset));
}
