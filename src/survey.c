/* survey.c - see survey.h.
 *
 * The same rules as for the relay: a segment counts up to the number that the
 * next one starts with, and a cursor counts if its segment is there and the
 * points before it too.
 *
 * What can go wrong: the gateway runs. It moves its cursor and deletes segments
 * between our looks; so the cursor is read before the list, and both again if
 * they do not fit. A cursor that was read first is never ahead of what is read
 * later. A segment that has vanished since was settled. The newest may be in
 * the middle of a write; that looks like a torn end, which is no damage.
 */
#include "survey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "file.h"

enum { LOOKS = 3 };

static bool is_listed(const struct survey *survey, struct segment_name name)
{
    for (size_t i = 0; i < survey->list.count; i++)
        if (segment_name_compare(survey->list.names[i], name) == 0)
            return true;
    return false;
}

static bool list_segments(struct survey *survey, struct error *err)
{
    for (int look = 0; look < LOOKS; look++) {
        bool has_cursor = cursor_read(survey->fs, survey->dir, &survey->cursor);
        if (!segment_list_read(survey->fs, survey->dir, &survey->list, err))
            return false;
        survey->has_cursor =
            has_cursor && is_listed(survey, survey->cursor.segment);
        if (survey->has_cursor == has_cursor)
            break;
    }
    return true;
}

/* The newest segment may hold nothing yet. */
static bool find_end(struct survey *survey, struct error *err)
{
    for (size_t i = survey->list.count; i-- > 0;) {
        enum survey_found found = survey_read(survey, i, err);
        if (found == SURVEY_FAILED)
            return false;
        if (survey->end_seq == 0)
            survey->end_seq = survey->list.names[i].seq;
        size_t count = survey->scan.frame_count;
        if (found == SURVEY_GONE || count == 0)
            continue;
        const struct frame *last = &survey->scan.frames[count - 1];
        if (last->seq + last->points > survey->end_seq)
            survey->end_seq = last->seq + last->points;
        return true;
    }
    return true;
}

bool survey_open(struct survey *survey, const struct file_system *fs,
                 const char *dir, struct error *err)
{
    *survey = (struct survey){.fs = fs, .dir = xstrdup(dir)};
    buf_init(&survey->bytes, SEGMENT_MAX_BYTES);
    if (!list_segments(survey, err) || !find_end(survey, err)) {
        survey_close(survey);
        return false;
    }
    if (survey->list.count > 0)
        survey->settled_seq = survey->list.names[0].seq;
    if (survey->has_cursor && survey->cursor.seq <= survey->end_seq)
        survey->settled_seq = survey->cursor.seq;
    return true;
}

void survey_close(struct survey *survey)
{
    segment_scan_deinit(&survey->scan);
    buf_deinit(&survey->bytes);
    segment_list_deinit(&survey->list);
    free(survey->dir);
    *survey = (struct survey){0};
}

uint64_t survey_limit(const struct survey *survey, size_t index)
{
    return index + 1 < survey->list.count ? survey->list.names[index + 1].seq
                                          : UINT64_MAX;
}

uint64_t survey_acked(const struct survey *survey, size_t index)
{
    if (index + 1 < survey->list.count)
        return survey->list.names[index + 1].seq;
    return survey->has_cursor ? survey->cursor.seq : 0;
}

/* Frames are in the order of their numbers. */
static void drop_overruled(struct survey *survey, uint64_t limit)
{
    struct segment_scan *scan = &survey->scan;
    size_t kept = scan->frame_count;
    while (kept > 0 && scan->frames[kept - 1].seq >= limit)
        kept--;
    survey->overruled = scan->frame_count - kept;
    scan->frame_count = kept;
}

enum survey_found survey_read(struct survey *survey, size_t index,
                              struct error *err)
{
    struct segment_name name = survey->list.names[index];
    char *path = segment_path(survey->dir, name);
    segment_scan_deinit(&survey->scan);
    survey->overruled = 0;
    errno = 0;
    bool is_loaded = segment_load(survey->fs, path, &survey->bytes,
                                  &survey->unread_bytes, err);
    bool is_gone = !is_loaded && errno == ENOENT;
    free(path);
    if (!is_loaded) {
        buf_clear(&survey->bytes);
        return is_gone ? SURVEY_GONE : SURVEY_FAILED;
    }
    segment_scan(buf_text(&survey->bytes), name, &survey->scan);
    drop_overruled(survey, survey_limit(survey, index));
    return SURVEY_READ;
}

const struct frame *survey_next(const struct survey *survey, uint64_t seq)
{
    const struct frame *frames = survey->scan.frames;
    size_t low = 0, high = survey->scan.frame_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (frames[middle].seq + frames[middle].points > seq)
            high = middle;
        else
            low = middle + 1;
    }
    return low < survey->scan.frame_count ? &frames[low] : NULL;
}

struct text survey_lines(const struct frame *frame, uint64_t seq)
{
    struct text lines = frame->lines;
    for (uint64_t at = frame->seq; at < seq; at++)
        text_cut(&lines, '\n');
    return lines;
}
