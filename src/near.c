/* near.c - see near.h. The distance is that of Damerau and
 * Levenshtein (optimal string alignment): a letter more, less, other, or two
 * swapped; its case does not count. A third of the word may be wrong. */
#include "near.h"

#include <stdio.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned distance(struct text a, struct text b)
{
    unsigned rows[3][NEAR_BYTES + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= b.len; j++)
        last[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned differs = lower(a.at[i - 1]) != lower(b.at[j - 1]);
            row[j] =
                least(least(last[j], row[j - 1]) + 1, last[j - 1] + differs);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2]
                && a.at[i - 2] == b.at[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b.len];
}

void near_init(struct near *near, struct text word)
{
    *near = (struct near){.word = word};
    near->distance = (unsigned)(word.len + 2) / 3 + 1;
    if (near->distance > 4)
        near->distance = 4;
}

void near_offer(struct near *near, const char *name)
{
    struct text offered = text_of(name);
    if (offered.len >= NEAR_BYTES || near->word.len >= NEAR_BYTES)
        return;
    unsigned d = distance(near->word, offered);
    if (d >= near->distance)
        return;
    near->distance = d;
    memcpy(near->name, name, offered.len + 1);
}

void near_offer_elsewhere(struct near *near)
{
    static const char *const pairs[][2] = {{"null", "nil"},
                                           {"none", "nil"},
                                           {"undefined", "nil"},
                                           {"os", "req.time"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (near->word.len == strlen(pairs[i][0])
            && distance(near->word, text_of(pairs[i][0])) == 0) {
            near->distance = 0;
            snprintf(near->name, sizeof near->name, "%s", pairs[i][1]);
        }
}

const char *near_hint(struct near *near, char out[NEAR_BYTES * 2])
{
    out[0] = '\0';
    if (near->name[0])
        snprintf(out, NEAR_BYTES * 2, " (did you mean %s?)", near->name);
    return out;
}
