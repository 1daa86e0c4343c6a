/* file.c - see file.h. */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"

static int real_open(const struct file_system *self, const char *path,
                     int flags, mode_t mode)
{
    (void)self;
    return open(path, flags | O_CLOEXEC, mode);
}

static int real_close(const struct file_system *self, int fd)
{
    (void)self;
    return close(fd);
}

static ssize_t real_write(const struct file_system *self, int fd,
                          const void *bytes, size_t len)
{
    (void)self;
    return write(fd, bytes, len);
}

static ssize_t real_pread(const struct file_system *self, int fd, void *bytes,
                          size_t len, off_t offset)
{
    (void)self;
    return pread(fd, bytes, len, offset);
}

static int real_fdatasync(const struct file_system *self, int fd)
{
    (void)self;
    return fdatasync(fd);
}

static int real_ftruncate(const struct file_system *self, int fd, off_t length)
{
    (void)self;
    return ftruncate(fd, length);
}

static int real_fstat(const struct file_system *self, int fd, struct stat *st)
{
    (void)self;
    return fstat(fd, st);
}

static int real_stat(const struct file_system *self, const char *path,
                     struct stat *st)
{
    (void)self;
    return stat(path, st);
}

static int real_sync_dir(const struct file_system *self, const char *path)
{
    (void)self;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    int code = errno;
    close(fd);
    errno = code;
    return result;
}

static int real_mkdir(const struct file_system *self, const char *path,
                      mode_t mode)
{
    (void)self;
    return mkdir(path, mode);
}

static int real_rename(const struct file_system *self, const char *from,
                       const char *to)
{
    (void)self;
    return rename(from, to);
}

static int real_unlink(const struct file_system *self, const char *path)
{
    (void)self;
    return unlink(path);
}

static int real_list(const struct file_system *self, const char *dir,
                     void (*each)(const char *name, void *context),
                     void *context)
{
    (void)self;
    DIR *stream = opendir(dir);
    if (!stream)
        return -1;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(stream)); errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(entry->d_name, context);
    int code = errno;
    closedir(stream);
    errno = code;
    return code ? -1 : 0;
}

static int real_lock(const struct file_system *self, int fd)
{
    (void)self;
    return flock(fd, LOCK_EX | LOCK_NB);
}

static int64_t real_free_bytes(const struct file_system *self, const char *path)
{
    (void)self;
    struct statvfs st;
    if (statvfs(path, &st) != 0)
        return -1;
    return (int64_t)(st.f_bavail * st.f_frsize);
}

static uint64_t real_random(const struct file_system *self)
{
    (void)self;
    uint64_t bits = 0;
    while (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        continue;
    return bits;
}

const struct file_system file_real = {
    .open = real_open,
    .close = real_close,
    .write = real_write,
    .pread = real_pread,
    .fdatasync = real_fdatasync,
    .ftruncate = real_ftruncate,
    .fstat = real_fstat,
    .stat = real_stat,
    .sync_dir = real_sync_dir,
    .mkdir = real_mkdir,
    .rename = real_rename,
    .unlink = real_unlink,
    .list = real_list,
    .lock = real_lock,
    .free_bytes = real_free_bytes,
    .random = real_random,
};

bool file_write_all(const struct file_system *fs, int fd, const void *bytes,
                    size_t len, const char *what, struct error *err)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t written = fs->write(fs, fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written == 0)
            errno = ENOSPC; /* no system says so, but a loop would hang */
        if (written <= 0)
            return fail_errno(err, "writing %s", what);
        at += written;
        len -= (size_t)written;
    }
    return true;
}

/* The folder that path stands in, so that a new name in it can be synced. */
static void parent_of(const char *path, char *parent, size_t size)
{
    snprintf(parent, size, "%s", path);
    char *slash = strrchr(parent, '/');
    if (!slash)
        snprintf(parent, size, ".");
    else if (slash == parent)
        slash[1] = '\0';
    else
        *slash = '\0';
}

static bool make_dir(const struct file_system *fs, const char *dir,
                     struct error *err)
{
    if (fs->mkdir(fs, dir, 0700) != 0)
        return errno == EEXIST || fail_errno(err, "making folder %s", dir);
    char parent[4096];
    parent_of(dir, parent, sizeof parent);
    return fs->sync_dir(fs, parent) == 0
           || fail_errno(err, "syncing folder %s", parent);
}

bool file_make_dirs(const struct file_system *fs, const char *dir,
                    struct error *err)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s", dir) >= sizeof path)
        return fail(err, ERR_CONFIG, "the folder's name is too long: %.80s...",
                    dir);
    for (char *c = path + 1; *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        struct stat st;
        bool made = fs->stat(fs, path, &st) == 0 || make_dir(fs, path, err);
        *c = '/';
        if (!made)
            return false;
    }
    return make_dir(fs, path, err);
}

char *file_beside(const char *dir, const char *name)
{
    if (name[0] == '/' || strcmp(dir, ".") == 0)
        return xstrdup(name);
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = xcalloc(1, size);
    snprintf(path, size, "%s/%s", dir, name);
    return path;
}

static bool read_open(const struct file_system *fs, int fd, const char *path,
                      struct buf *out, struct error *err)
{
    enum { CHUNK_BYTES = 64 << 10 };
    char chunk[CHUNK_BYTES];
    for (off_t offset = 0;;) {
        ssize_t got = fs->pread(fs, fd, chunk, sizeof chunk, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == ESPIPE)
            return fail(err, ERR_IO, "%s: is not a file", path);
        if (got < 0)
            return fail_errno(err, "reading %s", path);
        if (got == 0)
            return true;
        if (!buf_append(out, chunk, (size_t)got))
            return fail(err, ERR_TOO_LARGE, "%s is larger than %zu bytes", path,
                        out->max_bytes);
        offset += got;
    }
}

bool file_read(const struct file_system *fs, const char *path, struct buf *out,
               struct error *err)
{
    /* Else a pipe that nobody writes to is waited for, for ever. */
    int fd = fs->open(fs, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return fail_errno(err, "opening %s", path);
    bool is_read = read_open(fs, fd, path, out, err);
    fs->close(fs, fd);
    return is_read;
}
