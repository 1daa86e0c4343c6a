/* writer.h - the segments of one output, as far as they are written.
 *
 * What writer_commit was given and answered true for is on disk, under a name
 * that is on disk. Only one process writes in a folder (the lock), and never
 * behind what another process or a failed write left. One thread, the
 * committer; the struct is open for reading by it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "segment.h"

struct error;
struct file_system;

struct writer_options {
    const struct file_system *fs;
    const char *dir;
    bool is_unsynced;
    uint64_t segment_bytes;
};

struct writer {
    const struct file_system *fs;
    char *dir;
    bool is_unsynced;
    uint64_t segment_bytes; /* a group that would go beyond starts a new one */
    int lock_fd;
    uint64_t lock_device, lock_inode;

    uint64_t next_seq;          /* the number after the last durable point */
    uint64_t readable_seq;      /* the number after the last that is there */
    struct segment_name newest; /* seq 0: no segment yet */
    uint64_t segments;          /* made by this writer */
    uint64_t total_bytes;       /* found and written, deleted ones too */
    int64_t sync_ns;            /* what the last commit's fdatasync took */
    bool is_out_of_space;       /* the last failure was a full disk */

    int fd; /* the segment being written, or -1 */
    struct segment_name name;
    char *path;
    uint64_t bytes; /* durable in it; where the next frame goes */
    uint64_t device, inode;
    struct buf out;
};

/* Makes the folder if it is missing, takes the lock, reads the newest segment.
 * Writes nothing but the lock. ERR_CONFIG: another process has it. */
bool writer_open(struct writer *writer, const struct writer_options *options,
                 struct error *err);
/* Gives the lock back. A zeroed writer is fine. */
void writer_close(struct writer *writer);

/* Writes and syncs lines (whole ones, none longer than a frame takes). If that
 * fails the same bytes go to a new segment; false if that fails too, and then
 * nobody knows whether they are on disk. */
bool writer_commit(struct writer *writer, struct text lines, struct error *err);
