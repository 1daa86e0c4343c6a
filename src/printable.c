/* printable.c - see printable.h. */
#include "printable.h"

#include <stdbool.h>

#include "utf8.h"

/* The control characters beyond ASCII are U+0080 to U+009F. */
static bool is_blank(const char *at, size_t len)
{
    unsigned char c = (unsigned char)at[0];
    return (len == 1 && (c <= ' ' || c == 0x7f))
           || (len == 2 && c == 0xc2 && (unsigned char)at[1] < 0xa0);
}

/* The next character, or what stands for a byte that is none. */
static struct text take_character(const char **at, const char *end)
{
    size_t len = utf8_sequence(*at, end);
    struct text taken = len > 0 ? (struct text){*at, len} : TEXT("?");
    *at += taken.len;
    return taken;
}

size_t printable(struct text in, char *out, size_t size)
{
    size_t used = 0;
    const char *end = in.len > 0 ? in.at + in.len : in.at;
    for (const char *at = in.at; at < end;) {
        struct text taken = take_character(&at, end);
        if (is_blank(taken.at, taken.len)) {
            if (used == 0 || out[used - 1] == ' ')
                continue;
            taken = TEXT(" ");
        }
        if (used + taken.len >= size)
            break;
        memcpy(out + used, taken.at, taken.len);
        used += taken.len;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    if (size > 0)
        out[used] = '\0';
    return used;
}

void printable_write(struct text in, FILE *out)
{
    const char *end = in.len > 0 ? in.at + in.len : in.at;
    for (const char *at = in.at; at < end;) {
        struct text taken = take_character(&at, end);
        bool is_kept = *taken.at == '\n' || *taken.at == '\t'
                       || !is_blank(taken.at, taken.len);
        fwrite(is_kept ? taken.at : " ", 1, is_kept ? taken.len : 1, out);
    }
}
