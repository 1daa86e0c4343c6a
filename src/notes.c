/* notes.c - see notes.h. */
#include "notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KIND_BYTES = 64 << 10, NOTE_BYTES = 512 };

void notes_init(struct notes *notes)
{
    memset(notes, 0, sizeof *notes);
    for (int kind = 0; kind < NOTE_KINDS; kind++)
        buf_init(&notes->lines[kind], KIND_BYTES);
}

void notes_deinit(struct notes *notes)
{
    for (int kind = 0; kind < NOTE_KINDS; kind++)
        buf_deinit(&notes->lines[kind]);
}

static bool has_line(struct text lines, struct text line)
{
    while (lines.len > 0)
        if (text_equal(text_cut(&lines, '\n'), line))
            return true;
    return false;
}

void note(struct notes *notes, enum note_kind kind, const char *format, ...)
{
    if (!notes)
        return;
    char line[NOTE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *c = line; *c; c++)
        if (*c == '\n')
            *c = ' ';
    struct buf *lines = &notes->lines[kind];
    if (kind != NOTE_LOG && has_line(buf_text(lines), text_of(line)))
        return;
    buf_printf(lines, "%s\n", line);
}
