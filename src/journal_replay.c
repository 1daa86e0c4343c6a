/* journal_replay.c - see journal_replay.h.
 *
 * The lines go through the journal like any others: so they are delivered in
 * order, tried again, split where the server wants it, and their own refusals
 * become dead letters. The lock is taken first, then the segments are listed;
 * so nothing is deleted meanwhile, and what is appended is not read again. What
 * waits to be delivered is left out: it is delivered anyway.
 *
 * What can go wrong: the journal is full, the disk fails, we are killed. Then
 * some of it is there twice, and the next try makes that three times: the
 * points have their times, so the last copy changes nothing.
 */
#include "journal_replay.h"

#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "survey.h"

enum { GROUP_BYTES = 1 << 20 };

struct again {
    struct journal_replay *replay;
    struct journal *journal;
    struct buf lines;
    uint32_t count; /* in lines */
};

/* The journal holds nanoseconds, always, and as the last word. */
static int64_t time_of(struct text line)
{
    enum { LONGEST = 21 };
    char digits[LONGEST + 1] = "";
    const char *blank = memrchr(line.at, ' ', line.len);
    size_t len = blank ? (size_t)(line.at + line.len - blank - 1) : 0;
    if (len > 0 && len <= LONGEST)
        memcpy(digits, blank + 1, len);
    return strtoll(digits, NULL, 10);
}

static bool journal_group(struct again *again, struct error *err)
{
    uint64_t ticket;
    struct journal_lines lines = {.lines = buf_text(&again->lines),
                                  .points = again->count};
    struct journal_entry entry = {.lines = &lines, .line_count = 1};
    if (again->count == 0)
        return true;
    if (!journal_append(again->journal, &entry, -1, &ticket, err)
        || !journal_commit(again->journal, err))
        return false;
    again->replay->points += again->count;
    again->count = 0;
    buf_clear(&again->lines);
    return true;
}

static bool take_line(struct again *again, struct text line, struct error *err)
{
    int64_t time_ns = time_of(line);
    if (time_ns < again->replay->from_ns || time_ns >= again->replay->to_ns)
        return true;
    if (again->lines.len + line.len + 1 > GROUP_BYTES
        && !journal_group(again, err))
        return false;
    again->count++;
    return (buf_append_text(&again->lines, line)
            && buf_append_char(&again->lines, '\n'))
           || fail(err, ERR_IO, "no memory for %zu bytes of lines",
                   again->lines.len + line.len);
}

static bool take_frame(struct again *again, const struct frame *frame,
                       uint64_t settled_seq, struct error *err)
{
    struct text rest = frame->lines;
    bool is_taken = true;
    for (uint64_t seq = frame->seq; is_taken && rest.len > 0; seq++) {
        struct text line = text_cut(&rest, '\n');
        is_taken = seq >= settled_seq || take_line(again, line, err);
    }
    return is_taken;
}

static bool take_segments(struct again *again, struct survey *survey,
                          struct error *err)
{
    for (size_t i = 0; i < survey->list.count; i++) {
        if (survey->list.names[i].seq >= survey->settled_seq)
            break;
        if (survey_read(survey, i, err) != SURVEY_READ)
            return false;
        again->replay->bad_bytes += survey->scan.bad_bytes;
        for (size_t k = 0; k < survey->scan.frame_count; k++)
            if (!take_frame(again, &survey->scan.frames[k], survey->settled_seq,
                            err))
                return false;
    }
    return journal_group(again, err);
}

bool journal_replay(struct journal_replay *replay, struct error *err)
{
    struct journal_options options = {
        .dir = replay->dir,
        .outputs = &replay->output,
        .output_count = 1,
        .max_bytes = replay->max_bytes,
        .min_free_bytes = replay->min_free_bytes,
        .segment_bytes = replay->segment_bytes,
        .fs = replay->fs,
    };
    struct again again = {.replay = replay};
    struct survey survey = {0};
    replay->points = replay->bad_bytes = 0;
    buf_init(&again.lines, GROUP_BYTES);
    again.journal = journal_open(&options, err);
    char *dir = file_beside(replay->dir, replay->output);
    bool is_done = again.journal && survey_open(&survey, replay->fs, dir, err)
                   && take_segments(&again, &survey, err);
    survey_close(&survey);
    journal_close(again.journal);
    buf_deinit(&again.lines);
    free(dir);
    return is_done;
}
