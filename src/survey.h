/* survey.h - the journal of one output, looked at from outside: nothing is
 * locked and nothing written, while a gateway may append and delete.
 *
 * One thread; the struct is open for reading by its owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cursor.h"
#include "segment.h"

struct error;
struct file_system;

struct survey {
    const struct file_system *fs;
    char *dir;
    struct segment_list list;
    bool has_cursor; /* it can be read, and its segment is there */
    struct cursor cursor;
    uint64_t settled_seq; /* the first number that is not settled */
    uint64_t end_seq;     /* after the last point that is there */

    /* Of the segment that was read last. */
    struct buf bytes;
    struct segment_scan scan; /* frames: only those that count */
    size_t overruled;         /* frames that a failed write left */
    size_t unread_bytes;      /* what the disk did not give; in scan.bad too */
};

/* Lists the segments, reads the cursor and the end. */
bool survey_open(struct survey *survey, const struct file_system *fs,
                 const char *dir, struct error *err);
/* A zeroed survey is fine. */
void survey_close(struct survey *survey);

enum survey_found {
    SURVEY_READ,
    SURVEY_GONE, /* it was settled and deleted after the list was made */
    SURVEY_FAILED
};
enum survey_found survey_read(struct survey *survey, size_t index,
                              struct error *err);

/* Numbers from here on are not this segment's. */
uint64_t survey_limit(const struct survey *survey, size_t index);
/* All numbers before it were acknowledged: the next segment's name says so, or
 * the cursor. 0: nothing is known. */
uint64_t survey_acked(const struct survey *survey, size_t index);

/* The first frame from number seq on, of the segment that was read last; NULL:
 * there is none. */
const struct frame *survey_next(const struct survey *survey, uint64_t seq);
/* The lines of frame from number seq on. */
struct text survey_lines(const struct frame *frame, uint64_t seq);
