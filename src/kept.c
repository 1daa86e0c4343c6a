/* kept.c - see kept.h.
 *
 * Reasons quote what a sender wrote, and go to a log, a JSON answer and a file
 * of lines. So bytes that could break a line, move a terminal or end a JSON
 * text early are taken out here, once: control bytes become blanks, what is no
 * UTF-8 becomes U+FFFD.
 */
#include "kept.h"

#include "utf8.h"

enum { LINES_BYTES = 64 << 10, MORE_BYTES = 40 };

void kept_init(struct kept *kept)
{
    kept->count = 0;
    buf_init(&kept->lines, LINES_BYTES);
}

void kept_deinit(struct kept *kept)
{
    buf_deinit(&kept->lines);
    kept->count = 0;
}

void kept_clear(struct kept *kept)
{
    buf_clear(&kept->lines);
    kept->count = 0;
}

/* Appends what is printable of text, as long as line has room for it. */
static void append_clean(struct buf *line, struct text text)
{
    static const char unknown[] = "\xef\xbf\xbd";
    while (text.len > 0 && !line->has_overflowed) {
        size_t len = utf8_sequence(text.at, text.at + text.len);
        unsigned char byte = (unsigned char)text.at[0];
        if (len == 0)
            buf_append(line, unknown, sizeof unknown - 1);
        else if (byte < ' ' || byte == 0x7f)
            buf_append_char(line, ' ');
        else
            buf_append(line, text.at, len);
        text = text_skip(text, len > 0 ? len : 1);
    }
}

void kept_add(struct kept *kept, struct text prefix, struct text reason)
{
    struct buf line;
    kept->count++;
    buf_init(&line, KEPT_REASON_BYTES);
    append_clean(&line, prefix);
    append_clean(&line, reason);
    size_t before = kept->lines.len;
    if (!buf_append_text(&kept->lines, buf_text(&line))
        || !buf_append_char(&kept->lines, '\n'))
        buf_truncate(&kept->lines, before);
    buf_deinit(&line);
}

void kept_summary(const struct kept *kept, struct buf *out)
{
    struct text rest = buf_text(&kept->lines);
    struct text first = text_cut(&rest, '\n');
    if (kept->count <= 1) {
        buf_append_text(out, first);
        return;
    }
    while (first.len > KEPT_REASON_BYTES - MORE_BYTES
           || (first.len > 0 && (first.at[first.len] & 0xc0) == 0x80))
        first.len--;
    buf_append_text(out, first);
    buf_printf(out, " (and %zu more)", kept->count - 1);
}

struct kept_mark kept_mark(const struct kept *kept)
{
    return (struct kept_mark){kept->lines.len, kept->count};
}

void kept_take_back(struct kept *kept, struct kept_mark mark)
{
    buf_truncate(&kept->lines, mark.bytes);
    kept->lines.has_overflowed = false;
    kept->count = mark.count;
}
