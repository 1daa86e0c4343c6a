/* charset.h - sets of bytes, and the classes of Lua's patterns among them.
 *
 * A class is what it is in the "C" locale, whatever the process runs in: only
 * ASCII has letters, digits, spaces and so on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct charset {
    uint64_t bits[4];
};

/* Every byte. */
extern const struct charset charset_any;

/* The set that %letter stands for, complements for capital letters; NULL if
 * that is no class. */
const struct charset *charset_class(char letter);

static inline bool charset_has(const struct charset *set, uint8_t byte)
{
    return set->bits[byte >> 6] >> (byte & 63) & 1;
}

static inline void charset_add(struct charset *set, uint8_t byte)
{
    set->bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

/* None, if first is above last. */
void charset_add_range(struct charset *set, uint8_t first, uint8_t last);

void charset_join(struct charset *set, const struct charset *other);

void charset_complement(struct charset *set);
