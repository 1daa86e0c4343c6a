/* space.c - see space.h. A file system that does not tell is taken to have
 * room: the write will say so if it has none. */
#include "space.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "clock.h"
#include "error.h"
#include "file.h"

#define LOOK_EVERY_NS (500 * NS_PER_MS)

void space_init(struct space *space, const struct file_system *fs,
                const char *dir, uint64_t min_free_bytes,
                int64_t (*mono_ns)(void))
{
    space->fs = fs;
    space->dir = dir;
    space->min_free_bytes = min_free_bytes;
    space->mono_ns = mono_ns;
    atomic_store(&space->look_at_ns, INT64_MIN);
    atomic_store(&space->free_bytes, INT64_MAX);
}

void space_look(struct space *space)
{
    if (space->min_free_bytes == 0)
        return;
    int64_t now = space->mono_ns();
    int64_t due = atomic_load(&space->look_at_ns);
    if (now < due
        || !atomic_compare_exchange_strong(&space->look_at_ns, &due,
                                           now + LOOK_EVERY_NS))
        return;
    int64_t bytes = space->fs->free_bytes(space->fs, space->dir);
    atomic_store(&space->free_bytes, bytes < 0 ? INT64_MAX : bytes);
}

bool space_is_left(const struct space *space, struct error *err)
{
    int64_t free_bytes = atomic_load(&space->free_bytes);
    return free_bytes < 0 || (uint64_t)free_bytes >= space->min_free_bytes
           || fail(err, ERR_FULL,
                   "the disk is full: %" PRId64 " bytes are free, %" PRIu64
                   " are to be left",
                   free_bytes, space->min_free_bytes);
}
