/* recording.c - see recording.h. */
#include "recording.h"

#include <stdio.h>

#include "answer.h"
#include "buf.h"
#include "error.h"
#include "ingest.h"
#include "recorded.h"
#include "recorder.h"

enum { REASON_BYTES = 1100 };

static void append_kept(const struct ingest *ingest, struct buf *lines)
{
    struct text reasons = buf_text(&ingest_kept(ingest)->lines);
    while (reasons.len > 0) {
        struct text reason = recorded_message(text_cut(&reasons, '\n'));
        buf_printf(lines, "kept: %.*s\n", TEXT_ARG(reason));
    }
}

/* The script did its part; only storing failed. */
static bool has_outcome(const struct error *err)
{
    return err->kind == ERR_NONE || err->kind == ERR_FULL
           || err->kind == ERR_IO;
}

void recording_take(struct recorder *recorder, const struct ingest *ingest,
                    const struct request *request, const struct route *route,
                    const struct receipt *receipt, const struct error *err)
{
    char reason[REASON_BYTES];
    struct buf points;
    if (!recorder_has_room(recorder))
        return;
    struct recorder_outcome outcome = {.status = receipt->reply.status,
                                       .message = receipt->reply.body};
    buf_init(&points, LIMIT_REQUEST_LINES_BYTES);
    if (!has_outcome(err)) {
        outcome.status = (int)answer_status(err);
        outcome.message = text_of(err->text);
    } else {
        ingest_points(ingest, request->time_ns, &points, NULL);
        if (receipt->kept_count > 0)
            append_kept(ingest, &points);
        if (receipt->kept_count > 0 && outcome.status == 202)
            outcome.message = TEXT(""); /* its id is another each time */
        outcome.points = buf_text(&points);
    }
    if (err->kind != ERR_NONE && has_outcome(err)) {
        snprintf(reason, sizeof reason, "answered %u: %s", answer_status(err),
                 err->text);
        outcome.reason = text_of(reason);
    }
    recorder_take(recorder, request, route, &outcome);
    buf_deinit(&points);
}
