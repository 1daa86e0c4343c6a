/* journal_verify.c - see journal_verify.h.
 *
 * Numbers have no holes. Where some are missing, the next frame says how far
 * they were acknowledged, or the next segment's name, or the cursor; what is
 * missing beyond that was torn by a crash before anybody was told "stored".
 */
#include "journal_verify.h"

#include <inttypes.h>
#include <stdio.h>

#include "error.h"
#include "survey.h"

struct walk {
    uint64_t next_seq;
    uint64_t missing; /* acknowledged points */
    uint64_t points;  /* good ones */
    bool has_failed;  /* to read a file */
};

/* All before end was acknowledged. True if some of it was not there. */
static bool note_missing(struct walk *walk, uint64_t end, FILE *out,
                         const char *before)
{
    if (end <= walk->next_seq)
        return false;
    fprintf(out,
            "%spoints %" PRIu64 " to %" PRIu64
            " were acknowledged and cannot be read\n",
            before, walk->next_seq, end - 1);
    walk->missing += end - walk->next_seq;
    walk->next_seq = end;
    return true;
}

static uint64_t acked_before(const struct frame *frame)
{
    return frame->seq < frame->durable + 1 ? frame->seq : frame->durable + 1;
}

static void print_bad(const struct survey *survey, bool is_end_missing)
{
    for (size_t i = 0; i < survey->scan.bad_count; i++) {
        struct text bad = survey->scan.bad[i];
        size_t offset = (size_t)(bad.at - survey->bytes.data);
        bool is_torn = offset + bad.len == survey->bytes.len && !is_end_missing;
        printf("    %zu bytes at offset %zu are unreadable%s\n", bad.len,
               offset, is_torn ? ": a torn end, never acknowledged" : "");
    }
    if (survey->unread_bytes > 0)
        printf("    the disk does not give %zu of them\n",
               survey->unread_bytes);
    if (survey->overruled > 0)
        printf("    %zu frames were left by a write that failed, and do not "
               "count\n",
               survey->overruled);
}

static void verify_segment(struct survey *survey, size_t index,
                           struct walk *walk)
{
    uint64_t points = 0;
    for (size_t i = 0; i < survey->scan.frame_count; i++)
        points += survey->scan.frames[i].points;
    printf("%zu frame%s, %" PRIu64 " points good\n", survey->scan.frame_count,
           survey->scan.frame_count == 1 ? "" : "s", points);
    walk->points += points;
    for (size_t i = 0; i < survey->scan.frame_count; i++) {
        const struct frame *frame = &survey->scan.frames[i];
        note_missing(walk, acked_before(frame), stdout, "    ");
        if (frame->seq + frame->points > walk->next_seq)
            walk->next_seq = frame->seq + frame->points;
    }
    bool is_end_missing =
        note_missing(walk, survey_acked(survey, index), stdout, "    ");
    print_bad(survey, is_end_missing);
}

bool journal_verify(const char *name, struct survey *survey)
{
    struct walk walk = {0};
    for (size_t i = 0; i < survey->list.count; i++) {
        struct error err;
        char text[SEGMENT_NAME_BYTES];
        segment_name_write(survey->list.names[i], text);
        /* Missing before the first segment: settled and deleted. */
        if (i == 0)
            walk.next_seq = survey->list.names[0].seq;
        enum survey_found found = survey_read(survey, i, &err);
        if (found == SURVEY_GONE) {
            walk.next_seq = survey_acked(survey, i);
            continue;
        }
        printf("%s/%s: ", name, text);
        if (found == SURVEY_FAILED)
            printf("%s\n", err.text);
        else
            verify_segment(survey, i, &walk);
        walk.has_failed = walk.has_failed || found == SURVEY_FAILED;
    }
    bool is_fine = walk.missing == 0 && !walk.has_failed;
    printf("%s: %zu segment%s, %" PRIu64 " points good, %" PRIu64
           " acknowledged ones missing: %s\n",
           name, survey->list.count, survey->list.count == 1 ? "" : "s",
           walk.points, walk.missing, is_fine ? "fine" : "DAMAGED");
    return is_fine;
}

static bool write_segment(const struct survey *survey, struct walk *walk,
                          const char *said)
{
    const struct frame *frame;
    while ((frame = survey_next(survey, walk->next_seq))) {
        note_missing(walk, acked_before(frame), stderr, said);
        struct text lines = survey_lines(frame, walk->next_seq);
        if (fwrite(lines.at, 1, lines.len, stdout) != lines.len)
            return false;
        walk->next_seq = frame->seq + frame->points;
    }
    return true;
}

enum journal_written journal_write(const char *name, struct survey *survey,
                                   uint64_t seq)
{
    struct walk walk = {.next_seq = seq};
    char said[100];
    snprintf(said, sizeof said, "%.80s: ", name);
    for (size_t i = 0; i < survey->list.count; i++) {
        struct error err;
        if (survey_limit(survey, i) <= walk.next_seq)
            continue;
        enum survey_found found = survey_read(survey, i, &err);
        if (found == SURVEY_FAILED)
            fprintf(stderr, "%s\n", err.text);
        if (found == SURVEY_READ && !write_segment(survey, &walk, said))
            return JOURNAL_CLOSED;
        if (found == SURVEY_GONE && survey_acked(survey, i) > walk.next_seq)
            walk.next_seq = survey_acked(survey, i);
        note_missing(&walk, survey_acked(survey, i), stderr, said);
        walk.has_failed = walk.has_failed || found == SURVEY_FAILED;
    }
    if (fflush(stdout) != 0)
        return JOURNAL_CLOSED;
    return walk.missing > 0 || walk.has_failed ? JOURNAL_DAMAGED
                                               : JOURNAL_WRITTEN;
}
