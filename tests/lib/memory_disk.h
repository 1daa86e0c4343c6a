/* memory_disk.h - a disk that a test can cut the power of.
 *
 * Every file has two contents, and every name two meanings: what the process
 * sees, and what a power cut leaves. Only fdatasync carries the first over to
 * the second, and for names only sync_dir. All chance comes from the seed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

struct memory_file;
struct memory_name;

enum {
    DISK_CREATE = 1,
    DISK_WRITE = 2,
    DISK_SYNC = 4,
    DISK_TRUNCATE = 8,
    DISK_SYNC_DIR = 16,
    DISK_MKDIR = 32,
    DISK_RENAME = 64,
    DISK_UNLINK = 128,
    DISK_READ = 256, /* counts for failing, not for op_count */
    DISK_CHANGES = 255
};

struct memory_disk {
    struct file_system fs; /* hand this to the code under test */
    uint64_t seed;

    unsigned op_count; /* changing operations so far */
    unsigned off_at;   /* the power goes off in this operation; 0: never */
    bool is_off;       /* all fails with EIO */

    /* From the fail_skip-th of these operations on, fail_count of them fail. */
    unsigned fail_ops;
    unsigned fail_skip;
    unsigned fail_count;
    int fail_errno;
    bool fail_drops; /* a failed sync also takes the bytes from the cache */
    uint64_t fail_from, fail_to; /* reads: only those that touch this range */

    bool writes_short;       /* a write may take only a part */
    uint64_t capacity_bytes; /* beyond: ENOSPC */
    int64_t free_bytes;      /* what free_bytes says */

    struct memory_file **files;
    size_t file_count;
    struct memory_name *names;
    size_t name_count;
    struct memory_file **open_files; /* by fd - FIRST_FD */
    size_t open_count;
};

struct memory_disk *memory_disk_new(uint64_t seed);
void memory_disk_free(struct memory_disk *disk);
uint64_t memory_disk_random(struct memory_disk *disk, uint64_t below);

/* The process dies: nothing is open or locked any more. */
void memory_disk_kill(struct memory_disk *disk);
/* The power fails, and comes back: of what was not synced any part may be
 * there, in blocks, or zeros in its place, or nothing. */
void memory_disk_cut_power(struct memory_disk *disk);

/* The content of a file, to look at and to damage; NULL: there is none. */
char *memory_disk_bytes(struct memory_disk *disk, const char *path,
                        size_t *len);
/* Makes or replaces a file, durable at once. */
void memory_disk_put(struct memory_disk *disk, const char *path,
                     const void *bytes, size_t len);
/* The n-th name below dir that ends so, in the order of names; NULL: none. */
const char *memory_disk_find(struct memory_disk *disk, const char *dir,
                             const char *ending, size_t n);
