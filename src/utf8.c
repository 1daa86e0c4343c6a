/* utf8.c - see utf8.h. The table of well-formed sequences in the Unicode
 * standard (3.9, D92): only the second byte's range depends on the first. */
#include "utf8.h"

static size_t length_of(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

size_t utf8_sequence(const char *at, const char *end)
{
    const unsigned char *c = (const unsigned char *)at;
    size_t len = length_of(c[0]);
    if (len < 2 || (size_t)(end - at) < len)
        return len == 1 ? 1 : 0;
    unsigned char low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
    if (c[1] < low || c[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* How many bytes at the start are ASCII for sure; eight at a time, since
 * nearly every body is nothing else. */
static size_t skip_ascii(struct text in)
{
    size_t len = 0;
    uint64_t word;
    while (in.len - len >= sizeof word) {
        memcpy(&word, in.at + len, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
        len += sizeof word;
    }
    return len;
}

bool utf8_is_valid(struct text in, size_t *offset)
{
    size_t at = 0;
    while (at < in.len) {
        at += skip_ascii(text_skip(in, at));
        if (at == in.len)
            break;
        size_t len = utf8_sequence(in.at + at, in.at + in.len);
        if (len == 0) {
            if (offset)
                *offset = at;
            return false;
        }
        at += len;
    }
    return true;
}

size_t utf8_put(uint32_t character, char out[UTF8_BYTES])
{
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    size_t len = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, character >>= 6)
        out[i] = (char)(0x80 | (character & 0x3f));
    out[0] = (char)(lead[len] | character);
    return len;
}
