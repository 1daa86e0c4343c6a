/* reader.h - one segment read forward: its good frames in the order of their
 * numbers, whatever happened to the file.
 *
 * One thread; the struct is open for reading by its owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "segment.h"

struct error;
struct file_system;

struct reader {
    const struct file_system *fs;
    struct segment_name name;
    char *path;

    int fd;            /* -1: not open */
    uint64_t offset;   /* of the window's first byte */
    struct buf window; /* read ahead */
    size_t used;       /* of the window */
    struct frame frame;
    size_t frame_size; /* 0: no frame was found yet */

    bool is_whole; /* after damage: scan is used, not the window */
    bool is_stale; /* whole was read before the file grew */
    struct buf whole;
    struct segment_scan scan;
    size_t scan_used;    /* frames */
    size_t places_known; /* damaged ones that were counted */
    unsigned failures;   /* of the disk, in a row */
};

void reader_init(struct reader *reader, const struct file_system *fs,
                 const char *dir, struct segment_name name);
/* A zeroed reader is fine. */
void reader_deinit(struct reader *reader);

enum reader_found {
    READER_FRAME,
    READER_END,   /* there is no more, up to now */
    READER_FAILED /* the disk; ask again */
};
/* The first frame that reaches to next_seq or beyond. It is the same again
 * until next_seq has passed it; its lines are a view, valid until then. */
enum reader_found reader_peek(struct reader *reader, uint64_t next_seq,
                              struct frame *frame, struct error *err);
/* The file may have grown, or what was read ahead may have been in the making.
 */
void reader_refresh(struct reader *reader);
/* True if every byte of the file was read and is good. */
bool reader_is_clean(struct reader *reader);
