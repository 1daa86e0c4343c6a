/* dead_points.h - the folder of the points that one output refused.
 *
 * One process has it open. The struct is dead.c's; one thread at a time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct error;
struct file_system;

struct dead_point_file;

struct dead_points {
    const struct file_system *fs;
    char *output;
    char *dir; /* <dead>/points/<output> */
    uint64_t max_bytes;
    int64_t max_age_ns;

    struct dead_point_file *files; /* oldest first */
    size_t file_count;
    uint64_t bytes;              /* of all files */
    atomic_uint_least64_t count; /* of all letters; any thread may look */
    bool is_made;                /* the folder is there for good */
    struct dead_points *next;    /* of another output; dead.c's */
};

/* fs, output, dir and the limits are set. A folder that is not there yet is
 * made with the first letter. */
bool dead_points_open(struct dead_points *points, struct error *err);
/* A zeroed one is fine. */
void dead_points_close(struct dead_points *points);

/* Letters (as dead_letter_write makes them), count of them. On disk for good,
 * or false; one of the same name is replaced. Then throws out what is too old
 * or too much, oldest first. */
bool dead_points_add(struct dead_points *points, struct text letters,
                     size_t count, int64_t wall_ns, struct error *err);
/* Throws out what is too old or too much. */
void dead_points_expire(struct dead_points *points, int64_t wall_ns);
/* Removes the letters of these names, and sets found[i] where there was one.
 * Ends when as many are found, so a second copy (after a crash) may stay. */
bool dead_points_drop(struct dead_points *points, const struct text *names,
                      size_t count, bool *found, struct error *err);
