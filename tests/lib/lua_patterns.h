/* lua_patterns.h - random patterns, well formed by their grammar, and subjects
 * in which they sometimes match; small enough that no matcher takes long.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Any source of randomness: a number below n. */
struct dice {
    uint64_t state;
};

static inline unsigned dice_below(struct dice *dice, unsigned n)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (unsigned)(dice->state >> 33) % n;
}

static inline const char *dice_pick(struct dice *dice, const char *const *words,
                                    size_t count)
{
    return words[dice_below(dice, (unsigned)count)];
}
#define DICE_PICK(dice, ...)                                                   \
    dice_pick(dice, (const char *const[]){__VA_ARGS__},                        \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static inline void random_pattern(struct dice *dice, char out[200])
{
    unsigned opened = 0, open[32], depth = 0;
    bool complete[32] = {false};
    char *at = out + sprintf(out, "%s", dice_below(dice, 6) ? "" : "^");
    for (unsigned i = 1 + dice_below(dice, 6); i > 0; i--) {
        const char *item;
        switch (dice_below(dice, 12)) {
        case 0:
            open[depth++] = opened++;
            at += sprintf(at, "(");
            break;
        case 1:
            if (depth == 0) {
                open[depth++] = opened++;
                at += sprintf(at, "(");
            }
            at += sprintf(at, ")");
            complete[open[--depth]] = true;
            break;
        case 2:
            item = DICE_PICK(dice, "%b()", "%bab", "%baa", "%b((", "%f[a]",
                             "%f[%w]", "%f[^a]", "%f[^%g%s]", "%f[%A]", "$a");
            at += sprintf(at, "%s", item);
            break;
        case 3:
            if (opened > 0 && complete[opened - 1])
                at += sprintf(at, "%%%u", opened);
            break;
        default:
            at += sprintf(
                at, "%s%s",
                DICE_PICK(dice, "a", "b", "ab", "abc", "-a", ".", "%a", "%d",
                          "%s", "%w", "%A", "%W", "%.", "%(", "%)", "%%", "%-",
                          "[ab]", "[^a]", "[a-c]", "[%a]", "[%d%s]", "[^%w]",
                          "[a-]", "[]]", "[^]a]", "[]-a]", "[%]a]", "[a^]",
                          "[b-a]", "[%-1]", "%u", "%l", "%p", "%x", "%c", "%g",
                          "%S", "%P", "%G", "\xe9", "]", "}"),
                DICE_PICK(dice, "", "", "", "*", "+", "-", "?"));
        }
    }
    while (depth-- > 0)
        at += sprintf(at, ")");
    sprintf(at, "%s", dice_below(dice, 6) ? "" : "$");
}

/* Anything at all. An alphabet has either ranges or escapes: what both mean in
 * one set is not defined. */
static inline void random_soup(struct dice *dice, char out[200])
{
    const char *alphabet = DICE_PICK(dice, "aab()[]^$.*+?-1", "ab()[]^$.%%*f1");
    unsigned len = dice_below(dice, 8);
    for (unsigned i = 0; i < len; i++)
        out[i] = alphabet[dice_below(dice, (unsigned)strlen(alphabet))];
    out[len] = '\0';
}

static inline size_t random_subject(struct dice *dice, char out[20])
{
    static const char alphabet[] = "aaaabbbcc  11.()()-%]A\xe9";
    unsigned len = dice_below(dice, 10);
    for (unsigned i = 0; i < len; i++)
        out[i] = alphabet[dice_below(dice, sizeof alphabet)]; /* NUL, too */
    return len;
}
