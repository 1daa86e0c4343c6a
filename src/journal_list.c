/* journal_list.c - see journal_list.h.
 *
 * How many points a segment holds follows from its name and the next one's, so
 * a large backlog is listed without being read; `verify` reads it. What
 * vanishes while we look is left out.
 */
#include "journal_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "error.h"
#include "file.h"
#include "survey.h"

/* ---- outputs ---- */

/* The stamp at the end of a line; receipt time, unless the sender gave one. */
static void format_stamp(struct text lines, char out[CLOCK_TEXT_BYTES])
{
    struct text line = text_cut(&lines, '\n');
    const char *blank = line.len > 0 ? memrchr(line.at, ' ', line.len) : NULL;
    char digits[CLOCK_TEXT_BYTES];
    size_t len = blank ? line.len - (size_t)(blank + 1 - line.at) : 0;
    snprintf(out, CLOCK_TEXT_BYTES, "?");
    if (len == 0 || len >= sizeof digits)
        return;
    memcpy(digits, blank + 1, len);
    digits[len] = '\0';
    clock_format(strtoll(digits, NULL, 10), out);
}

static void find_oldest(struct survey *survey, char out[CLOCK_TEXT_BYTES])
{
    struct error err;
    const struct frame *frame = NULL;
    snprintf(out, CLOCK_TEXT_BYTES, "-");
    for (size_t i = 0; i < survey->list.count && !frame; i++)
        if (survey_limit(survey, i) > survey->settled_seq
            && survey_read(survey, i, &err) == SURVEY_READ)
            frame = survey_next(survey, survey->settled_seq);
    if (frame)
        format_stamp(survey_lines(frame, survey->settled_seq), out);
}

/* False: it is gone. */
static bool size_of(const struct survey *survey, const char *name,
                    uint64_t *bytes)
{
    struct stat st;
    char *path = file_beside(survey->dir, name);
    bool is_there = survey->fs->stat(survey->fs, path, &st) == 0;
    free(path);
    *bytes = is_there ? (uint64_t)st.st_size : 0;
    return is_there;
}

static uint64_t size_of_all(const struct survey *survey)
{
    uint64_t sum = 0, bytes;
    for (size_t i = 0; i < survey->list.count; i++) {
        char name[SEGMENT_NAME_BYTES];
        segment_name_write(survey->list.names[i], name);
        if (size_of(survey, name, &bytes))
            sum += bytes;
    }
    return sum;
}

struct heap {
    const struct survey *survey;
    size_t files;
    uint64_t bytes;
};

static void add_quarantined(const char *name, void *context)
{
    struct heap *heap = context;
    uint64_t bytes;
    char *path = file_beside("quarantine", name);
    if (size_of(heap->survey, path, &bytes)) {
        heap->files++;
        heap->bytes += bytes;
    }
    free(path);
}

static void format_quarantine(const struct survey *survey, char *out,
                              size_t size)
{
    struct heap heap = {.survey = survey};
    char *path = file_beside(survey->dir, "quarantine");
    survey->fs->list(survey->fs, path, add_quarantined, &heap);
    free(path);
    snprintf(out, size, "-");
    if (heap.files > 0)
        snprintf(out, size, "%" PRIu64 " bytes in %zu file%s", heap.bytes,
                 heap.files, heap.files == 1 ? "" : "s");
}

void journal_list_begin_outputs(void)
{
    printf("%-16s %12s %14s  %-24s %12s  %s\n", "OUTPUT", "PENDING", "BYTES",
           "OLDEST UNDELIVERED", "CURSOR", "QUARANTINE");
}

void journal_list_output(const char *name, enum journal_standing standing,
                         struct survey *survey)
{
    char oldest[CLOCK_TEXT_BYTES], cursor[32] = "-", quarantine[80];
    if (standing == JOURNAL_MISSING) {
        printf("%-16s %12d %14d  %-24s %12s  -  (no journal yet)\n", name, 0, 0,
               "-", "-");
        return;
    }
    find_oldest(survey, oldest);
    if (survey->has_cursor)
        snprintf(cursor, sizeof cursor, "%" PRIu64, survey->cursor.seq);
    format_quarantine(survey, quarantine, sizeof quarantine);
    printf("%-16s %12" PRIu64 " %14" PRIu64 "  %-24s %12s  %s%s\n", name,
           survey->end_seq - survey->settled_seq, size_of_all(survey), oldest,
           cursor, quarantine,
           standing == JOURNAL_UNNAMED ? "  (not in the configuration)" : "");
}

/* ---- segments ---- */

void journal_list_begin_segments(void)
{
    printf("\n%-16s %-40s %10s %12s %12s %10s  %s\n", "OUTPUT", "SEGMENT",
           "BYTES", "FIRST", "LAST", "POINTS", "STATE");
}

static const char *state_of(const struct survey *survey, uint64_t first,
                            uint64_t end)
{
    return end <= first                   ? "empty"
           : end <= survey->settled_seq   ? "settled"
           : first >= survey->settled_seq ? "waits"
                                          : "settled in part";
}

void journal_list_segments(const char *name, const struct survey *survey)
{
    for (size_t i = 0; i < survey->list.count; i++) {
        char segment[SEGMENT_NAME_BYTES], last[32] = "-";
        uint64_t first = survey->list.names[i].seq, bytes;
        uint64_t end = survey_limit(survey, i);
        if (end > survey->end_seq)
            end = survey->end_seq;
        segment_name_write(survey->list.names[i], segment);
        if (!size_of(survey, segment, &bytes))
            continue;
        if (end > first)
            snprintf(last, sizeof last, "%" PRIu64, end - 1);
        printf("%-16s %-40s %10" PRIu64 " %12" PRIu64 " %12s %10" PRIu64
               "  %s\n",
               name, segment, bytes, first, last, end > first ? end - first : 0,
               state_of(survey, first, end));
    }
}
