/* json_text.c - see json_text.h. */
#include "json_text.h"

#include "buf.h"
#include "utf8.h"

bool json_text_append(struct buf *out, struct text text)
{
    bool is_utf8 = utf8_is_valid(text, NULL);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '"' || c == '\\')
            buf_append_char(out, '\\');
        if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_append_char(out, c >= 0x80 && !is_utf8 ? '?' : (char)c);
    }
    return !out->has_overflowed;
}
