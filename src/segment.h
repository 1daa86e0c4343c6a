/* segment.h - frames in a file: names, headers, checksums, and what can still
 * be read after damage.
 *
 * A segment is plain line protocol that a person can read and post with curl;
 * everything of ours in it is a comment. Points are numbered without holes, and
 * a frame says the number of its first one. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "text.h"

struct buf;
struct error;
struct file_system;

/* What the file's name says: the number of its first point, and a salt that no
 * sender can know. Names sort by age, oldest first. */
struct segment_name {
    uint64_t seq;
    uint64_t salt;
};

/* 20 digits, '-', 16 hex digits, ".lp" and the NUL. */
enum { SEGMENT_NAME_BYTES = 41 };
void segment_name_write(struct segment_name name,
                        char text[SEGMENT_NAME_BYTES]);
/* Its path in a folder, malloc'ed. */
char *segment_path(const char *dir, struct segment_name name);
bool segment_name_read(const char *text, struct segment_name *name);
int segment_name_compare(struct segment_name a, struct segment_name b);

struct frame {
    uint64_t seq;     /* the number of its first point */
    uint64_t durable; /* the last durable number when it was written */
    uint32_t points;
    struct text lines; /* whole lines; a view */
};

enum {
    FRAME_HEADER_BYTES = 80, /* no header is longer */
    FRAME_LINES_BYTES = LIMIT_FRAME_BYTES - FRAME_HEADER_BYTES
};

/* The first line of a segment; for people. */
bool segment_append_title(struct buf *out, struct segment_name name);
/* Whole lines, each of which fits a frame; else ERR_TOO_LARGE. */
bool segment_takes(struct text lines, struct error *err);

/* frame->lines is at most FRAME_LINES_BYTES. False if out is full. */
bool segment_append_frame(struct buf *out, struct segment_name name,
                          const struct frame *frame);
/* The first whole lines of lines, as many as fit a frame; *points how many. No
 * line may be longer than FRAME_LINES_BYTES. */
struct text segment_cut(struct text lines, uint32_t *points);

enum frame_state {
    FRAME_GOOD,
    FRAME_BAD, /* no frame starts here */
    FRAME_CUT  /* perhaps one does, but the bytes end before it */
};
/* Reads the frame that starts at the first byte; *size with its header. */
enum frame_state segment_read_frame(struct text bytes, struct segment_name name,
                                    struct frame *frame, size_t *size);
/* How long the title at the first byte is; 0: there is none. */
size_t segment_title_size(struct text bytes, struct segment_name name);

/* All that can be read of a whole segment: the good frames in the order of
 * their numbers, without doubles, and the pieces that are no frame. Views into
 * bytes. */
struct segment_scan {
    struct frame *frames;
    size_t frame_count;
    struct text *bad;
    size_t bad_count;
    size_t bad_bytes;
};
void segment_scan(struct text bytes, struct segment_name name,
                  struct segment_scan *scan);
void segment_scan_deinit(struct segment_scan *scan);

/* The segments of a folder, oldest first; other files are passed over. */
struct segment_list {
    struct segment_name *names;
    size_t count;
    size_t capacity;
};
bool segment_list_read(const struct file_system *fs, const char *dir,
                       struct segment_list *list, struct error *err);
void segment_list_deinit(struct segment_list *list);

/* A segment is at most this long; a file that is longer was not written by us
 * and is read so far. */
enum { SEGMENT_MAX_BYTES = 2 * LIMIT_SEGMENT_BYTES };
/* Reads a whole segment into out (cleared first, its ceiling at least
 * SEGMENT_MAX_BYTES). With unread_bytes, pieces that the disk does not give
 * (EIO) become zeros and are counted there; NULL: that is an ERR_IO. */
bool segment_load(const struct file_system *fs, const char *path,
                  struct buf *out, size_t *unread_bytes, struct error *err);

/* CRC-32 (zlib's). */
uint32_t segment_crc(struct text bytes);
/* Eight lower-case hex digits; false: they are not. */
bool segment_crc_read(struct text digits, uint32_t *crc);
/* A decimal number without leading zeros and the blank behind it; both are
 * taken off text. False: there is none, or it is 10^19 or more. */
bool segment_number_read(struct text *text, uint64_t *number);
