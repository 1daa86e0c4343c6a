/* space.h - whether the file system has bytes left for us.
 *
 * Any thread may ask, as often as it likes: the file system is asked twice a
 * second at most, by one of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct file_system;

struct space {
    const struct file_system *fs;
    const char *dir;         /* on the file system that is meant */
    uint64_t min_free_bytes; /* left to others; 0: never asked */
    int64_t (*mono_ns)(void);
    _Atomic int64_t look_at_ns;
    _Atomic int64_t free_bytes;
};

void space_init(struct space *space, const struct file_system *fs,
                const char *dir, uint64_t min_free_bytes,
                int64_t (*mono_ns)(void));
/* Looks if it is time to; not under a lock. */
void space_look(struct space *space);
/* What the last look said; ERR_FULL. Never waits. */
bool space_is_left(const struct space *space, struct error *err);
