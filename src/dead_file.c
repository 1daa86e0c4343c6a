/* dead_file.c - see dead_file.h.
 *
 * What can go wrong: a write or a sync. The new file is then removed and never
 * synced again, since a second sync after one that failed says yes for bytes
 * that are gone; whoever tries again starts with another file. If even the
 * removal fails, the leftover has a name that nobody reads.
 */
#include "dead_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "file.h"

#define ENDING ".new"

static int create(const struct file_system *fs, const char *path)
{
    int fd = fs->open(fs, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 && errno == EEXIST && fs->unlink(fs, path) == 0)
        fd = fs->open(fs, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    return fd;
}

static bool write_pieces(const struct file_system *fs, int fd, const char *path,
                         const struct text *pieces, size_t count,
                         struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!file_write_all(fs, fd, pieces[i].at, pieces[i].len, path, err))
            return false;
    return fs->fdatasync(fs, fd) == 0 || fail_errno(err, "syncing %s", path);
}

static bool write_new(const struct file_system *fs, const char *path,
                      const struct text *pieces, size_t count,
                      struct error *err)
{
    int fd = create(fs, path);
    if (fd < 0)
        return fail_errno(err, "making %s", path);
    bool is_written = write_pieces(fs, fd, path, pieces, count, err);
    fs->close(fs, fd);
    if (!is_written)
        fs->unlink(fs, path);
    return is_written;
}

bool dead_file_put(const struct file_system *fs, const char *dir,
                   const char *name, const struct text *pieces, size_t count,
                   struct error *err)
{
    char path[DEAD_PATH_BYTES], new_path[DEAD_PATH_BYTES + sizeof ENDING];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return fail(err, ERR_IO, "the name %s/%.80s is too long", dir, name);
    snprintf(new_path, sizeof new_path, "%s" ENDING, path);
    if (!write_new(fs, new_path, pieces, count, err))
        return false;
    if (fs->rename(fs, new_path, path) == 0)
        return true;
    fail_errno(err, "renaming %s", new_path);
    fs->unlink(fs, new_path);
    return false;
}

/* ---- leftovers ---- */

bool dead_file_is_leftover(const char *name)
{
    return text_ends_with(text_of(name), TEXT(ENDING));
}

struct leftovers {
    char **names;
    size_t count;
};

static void note_leftover(const char *name, void *context)
{
    struct leftovers *leftovers = context;
    if (!dead_file_is_leftover(name))
        return;
    leftovers->names = xrealloc(
        leftovers->names, (leftovers->count + 1) * sizeof *leftovers->names);
    leftovers->names[leftovers->count++] = xstrdup(name);
}

void dead_file_clean(const struct file_system *fs, const char *dir)
{
    struct leftovers leftovers = {NULL, 0};
    fs->list(fs, dir, note_leftover, &leftovers);
    for (size_t i = 0; i < leftovers.count; i++) {
        char *path = file_beside(dir, leftovers.names[i]);
        fs->unlink(fs, path);
        free(path);
        free(leftovers.names[i]);
    }
    free(leftovers.names);
}

/* ---- folders ---- */

bool dead_file_sync_dir(const struct file_system *fs, const char *dir,
                        struct error *err)
{
    return fs->sync_dir(fs, dir) == 0
           || fail_errno(err, "syncing folder %s", dir);
}

bool dead_file_make_dir(const struct file_system *fs, const char *dir,
                        struct error *err)
{
    char *parent = file_beside(dir, "..");
    const char *slash = strrchr(dir, '/');
    if (slash && slash != dir) {
        free(parent);
        parent = xstrndup(dir, (size_t)(slash - dir));
    }
    bool is_made = file_make_dirs(fs, dir, err)
                   && dead_file_sync_dir(fs, parent, err)
                   && dead_file_sync_dir(fs, dir, err);
    free(parent);
    return is_made;
}
