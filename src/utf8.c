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
