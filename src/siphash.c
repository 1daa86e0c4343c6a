/* siphash.c - see siphash.h. Written from the definition by Aumasson and
 * Bernstein: four words of state, two rounds for each eight bytes, four at the
 * end; the last word carries the length in its top byte. */
#include "siphash.h"

enum { WORD_BYTES = 8, ROUNDS_A_WORD = 2, ROUNDS_AT_END = 4 };

struct state {
    uint64_t a, b, c, d;
};

static uint64_t turn(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void mix(struct state *s, int rounds)
{
    for (; rounds > 0; rounds--) {
        s->a += s->b;
        s->c += s->d;
        s->b = turn(s->b, 13) ^ s->a;
        s->d = turn(s->d, 16) ^ s->c;
        s->a = turn(s->a, 32) + s->d;
        s->c += s->b;
        s->d = turn(s->d, 21) ^ s->a;
        s->b = turn(s->b, 17) ^ s->c;
        s->c = turn(s->c, 32);
    }
}

/* Up to eight bytes, the first in the lowest place. */
static uint64_t word_at(const char *at, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)(unsigned char)at[i] << (8 * i);
    return word;
}

static void take(struct state *s, uint64_t word)
{
    s->d ^= word;
    mix(s, ROUNDS_A_WORD);
    s->a ^= word;
}

uint64_t siphash(const struct siphash_key *key, struct text bytes)
{
    struct state s = {key->halves[0] ^ UINT64_C(0x736f6d6570736575),
                      key->halves[1] ^ UINT64_C(0x646f72616e646f6d),
                      key->halves[0] ^ UINT64_C(0x6c7967656e657261),
                      key->halves[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t length = (uint64_t)bytes.len << 56;
    for (; bytes.len >= WORD_BYTES; bytes = text_skip(bytes, WORD_BYTES))
        take(&s, word_at(bytes.at, WORD_BYTES));
    take(&s, length | word_at(bytes.at, bytes.len));
    s.c ^= 0xff;
    mix(&s, ROUNDS_AT_END);
    return s.a ^ s.b ^ s.c ^ s.d;
}
