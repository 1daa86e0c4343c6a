/* charset.c - see charset.h.
 *
 * The words of the table are written out: bytes 0 to 63, then 64 to 127.
 */
#include "charset.h"

#include <stddef.h>

#define CLASS(low, high)                                                       \
    {                                                                          \
        {{UINT64_C(low), UINT64_C(high), 0, 0}},                               \
        {                                                                      \
            {                                                                  \
                ~UINT64_C(low), ~UINT64_C(high), UINT64_MAX, UINT64_MAX        \
            }                                                                  \
        }                                                                      \
    }

/* By the letter; the second of each is its complement. */
static const struct charset classes[26][2] = {
    ['a' - 'a'] = CLASS(0, 0x07fffffe07fffffe),
    ['c' - 'a'] = CLASS(0xffffffff, 0x8000000000000000),
    ['d' - 'a'] = CLASS(0x03ff000000000000, 0),
    ['g' - 'a'] = CLASS(0xfffffffe00000000, 0x7fffffffffffffff),
    ['l' - 'a'] = CLASS(0, 0x07fffffe00000000),
    ['p' - 'a'] = CLASS(0xfc00fffe00000000, 0x78000001f8000001),
    ['s' - 'a'] = CLASS(0x0000000100003e00, 0),
    ['u' - 'a'] = CLASS(0, 0x0000000007fffffe),
    ['w' - 'a'] = CLASS(0x03ff000000000000, 0x07fffffe07fffffe),
    ['x' - 'a'] = CLASS(0x03ff000000000000, 0x0000007e0000007e),
    ['z' - 'a'] = CLASS(1, 0), /* the zero byte: left over from Lua 5.1 */
};

const struct charset charset_any = {
    {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

const struct charset *charset_class(char letter)
{
    bool is_capital = letter >= 'A' && letter <= 'Z';
    char small = (char)(letter | 0x20);
    if (!is_capital && (letter < 'a' || letter > 'z'))
        return NULL;
    const struct charset *pair = classes[small - 'a'];
    return pair->bits[0] | pair->bits[1] ? &pair[is_capital] : NULL;
}

void charset_add_range(struct charset *set, uint8_t first, uint8_t last)
{
    for (unsigned byte = first; byte <= last; byte++)
        charset_add(set, (uint8_t)byte);
}

void charset_join(struct charset *set, const struct charset *other)
{
    for (int i = 0; i < 4; i++)
        set->bits[i] |= other->bits[i];
}

void charset_complement(struct charset *set)
{
    for (int i = 0; i < 4; i++)
        set->bits[i] = ~set->bits[i];
}
