/* notes.h - what a mapping left behind, for whoever asks "why is there no
 * field temp?".
 *
 * `try`, recorded tests and the console hand a struct notes to a request; the
 * gateway under load hands NULL, and every function here takes that and does
 * nothing. One thread at a time.
 */
#pragma once

#include "buf.h"

enum note_kind {
    NOTE_LEFT_OUT, /* "tag device \"\"", "field temp NaN" */
    NOTE_NIL,      /* "ecowitt.lua:14: number(\"--\") is nil (lightning)" */
    NOTE_WARNING,  /* "field temp=\"59.7\" is text" */
    NOTE_LOG,      /* what print and log.* said */
    NOTE_KINDS
};

struct notes {
    struct buf lines[NOTE_KINDS]; /* a note a line, equal ones once */
    unsigned receipt_time_points; /* points that got the receipt time */
};

void notes_init(struct notes *notes);
void notes_deinit(struct notes *notes);
/* Adds a note unless the same is there already; cut at 64 KiB per kind. */
void note(struct notes *notes, enum note_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
