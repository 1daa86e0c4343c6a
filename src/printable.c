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

size_t printable(struct text in, char *out, size_t size)
{
    size_t used = 0;
    const char *end = in.len > 0 ? in.at + in.len : in.at;
    for (const char *at = in.at; at < end;) {
        size_t len = utf8_sequence(at, end);
        const char *from = len > 0 ? at : "?";
        size_t bytes = len > 0 ? len : 1;
        at += bytes;
        if (is_blank(from, bytes)) {
            if (used == 0 || out[used - 1] == ' ')
                continue;
            from = " ";
            bytes = 1;
        }
        if (used + bytes >= size)
            break;
        memcpy(out + used, from, bytes);
        used += bytes;
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
        size_t len = utf8_sequence(at, end);
        const char *from = len > 0 ? at : "?";
        size_t bytes = len > 0 ? len : 1;
        at += bytes;
        if (is_blank(from, bytes) && *from != '\n' && *from != '\t') {
            from = " ";
            bytes = 1;
        }
        fwrite(from, 1, bytes, out);
    }
}
