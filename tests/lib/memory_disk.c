/* memory_disk.c - see memory_disk.h. Files are never freed before the disk is,
 * so that an unlinked or renamed one stays what it was for whoever has it open.
 */
#include "memory_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"

enum { FIRST_FD = 1000, SECTOR_BYTES = 512, PAGE_BYTES = 4096 };

struct content {
    char *bytes;
    size_t len;
    size_t capacity;
};

struct memory_file {
    struct content live;
    struct content durable;
    size_t dirty_from; /* below, both are the same */
    bool is_lying;     /* a sync failed: later ones do nothing and say yes */
    bool is_dir;
    int locked_by; /* an fd, or 0 */
    ino_t number;
    int64_t written_ns;
};

struct memory_name {
    char *path;
    struct memory_file *live; /* NULL: no such file */
    struct memory_file *durable;
};

static struct memory_disk *disk_of(const struct file_system *fs)
{
    return fs->disk;
}

uint64_t memory_disk_random(struct memory_disk *disk, uint64_t below)
{
    uint64_t z = disk->seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below ? z % below : z;
}

static int fails(int code)
{
    errno = code;
    return -1;
}

/* ---- contents ---- */

static void resize(struct content *content, size_t len)
{
    if (len > content->capacity) {
        content->capacity = len * 2;
        content->bytes = xrealloc(content->bytes, content->capacity);
    }
    if (len > content->len)
        memset(content->bytes + content->len, 0, len - content->len);
    content->len = len;
}

static void copy_from(struct content *to, const struct content *from,
                      size_t start)
{
    if (start > from->len)
        start = from->len;
    if (start > to->len)
        start = to->len;
    to->len = start;
    resize(to, from->len);
    if (from->len > start)
        memcpy(to->bytes + start, from->bytes + start, from->len - start);
}

static void make_durable(struct memory_file *file)
{
    copy_from(&file->durable, &file->live, file->dirty_from);
    file->dirty_from = file->live.len;
}

static void soil(struct memory_file *file, size_t from)
{
    if (from < file->dirty_from)
        file->dirty_from = from;
}

/* ---- names ---- */

static struct memory_name *find_name(struct memory_disk *disk, const char *path)
{
    for (size_t i = 0; i < disk->name_count; i++)
        if (strcmp(disk->names[i].path, path) == 0)
            return &disk->names[i];
    return NULL;
}

static struct memory_file *find_file(struct memory_disk *disk, const char *path)
{
    struct memory_name *name = find_name(disk, path);
    return name ? name->live : NULL;
}

static struct memory_name *make_name(struct memory_disk *disk, const char *path)
{
    struct memory_name *name = find_name(disk, path);
    if (name)
        return name;
    disk->names =
        xrealloc(disk->names, (disk->name_count + 1) * sizeof *disk->names);
    name = &disk->names[disk->name_count++];
    *name = (struct memory_name){.path = xstrdup(path)};
    return name;
}

static struct memory_file *make_file(struct memory_disk *disk, bool is_dir)
{
    struct memory_file *file = xcalloc(1, sizeof *file);
    file->is_dir = is_dir;
    file->number = (ino_t)disk->file_count + 1;
    file->written_ns = clock_wall_ns();
    disk->files =
        xrealloc(disk->files, (disk->file_count + 1) * sizeof *disk->files);
    disk->files[disk->file_count++] = file;
    return file;
}

/* True if path stands in dir itself. */
static bool is_in(const char *path, const char *dir)
{
    size_t len = strlen(dir);
    if (len == 1 && dir[0] == '/')
        len = 0;
    return strncmp(path, dir, len) == 0 && path[len] == '/'
           && !strchr(path + len + 1, '/');
}

static bool parent_exists(struct memory_disk *disk, const char *path)
{
    char *parent = xstrdup(path);
    char *slash = strrchr(parent, '/');
    bool exists = true;
    if (slash && slash != parent) {
        *slash = '\0';
        struct memory_file *file = find_file(disk, parent);
        exists = file && file->is_dir;
    }
    free(parent);
    return exists;
}

/* ---- faults ---- */

static bool fails_on_order(struct memory_disk *disk, unsigned op)
{
    if (!(disk->fail_ops & op) || disk->fail_count == 0)
        return false;
    if (disk->fail_skip > 0) {
        disk->fail_skip--;
        return false;
    }
    disk->fail_count--;
    return true;
}

/* 0: go on. 1: do it, if chance says so, but the power is off then. -1. */
static int begin(struct memory_disk *disk, unsigned op)
{
    if (disk->is_off)
        return fails(EIO);
    disk->op_count++;
    if (disk->op_count == disk->off_at) {
        disk->is_off = true;
        return 1;
    }
    return fails_on_order(disk, op) ? fails(disk->fail_errno) : 0;
}

/* For operations that happen whole or not at all. */
static int begin_whole(struct memory_disk *disk, unsigned op)
{
    int way = begin(disk, op);
    if (way == 1 && memory_disk_random(disk, 2) == 0)
        return fails(EIO);
    return way < 0 ? -1 : 0;
}

static int answer(struct memory_disk *disk)
{
    return disk->is_off ? fails(EIO) : 0;
}

/* ---- the table ---- */

static int disk_open(const struct file_system *fs, const char *path, int flags,
                     mode_t mode)
{
    (void)mode;
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = find_file(disk, path);
    if (disk->is_off)
        return fails(EIO);
    if (file && (flags & O_CREAT) && (flags & O_EXCL))
        return fails(EEXIST);
    if (!file && (!(flags & O_CREAT) || !parent_exists(disk, path)))
        return fails(ENOENT);
    if (!file) {
        if (begin_whole(disk, DISK_CREATE) != 0)
            return -1;
        file = make_file(disk, false);
        make_name(disk, path)->live = file;
    }
    if (flags & O_TRUNC) {
        soil(file, 0);
        resize(&file->live, 0);
    }
    size_t at = 0;
    while (at < disk->open_count && disk->open_files[at])
        at++;
    if (at == disk->open_count)
        disk->open_files =
            xrealloc(disk->open_files,
                     ++disk->open_count * sizeof(struct memory_file *));
    disk->open_files[at] = file;
    return FIRST_FD + (int)at;
}

static struct memory_file *opened(struct memory_disk *disk, int fd)
{
    size_t at = (size_t)(fd - FIRST_FD);
    return fd >= FIRST_FD && at < disk->open_count ? disk->open_files[at]
                                                   : NULL;
}

static int disk_close(const struct file_system *fs, int fd)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = opened(disk, fd);
    if (!file)
        return fails(EBADF);
    if (file->locked_by == fd)
        file->locked_by = 0;
    disk->open_files[fd - FIRST_FD] = NULL;
    return 0;
}

static uint64_t used_bytes(const struct memory_disk *disk)
{
    uint64_t used = 0;
    for (size_t i = 0; i < disk->name_count; i++)
        if (disk->names[i].live)
            used += disk->names[i].live->live.len;
    return used;
}

static ssize_t disk_write(const struct file_system *fs, int fd,
                          const void *bytes, size_t len)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = opened(disk, fd);
    if (!file)
        return fails(EBADF);
    int way = begin(disk, DISK_WRITE);
    if (way < 0)
        return -1;
    if (way == 1)
        len = memory_disk_random(disk, len + 1);
    else if (disk->writes_short && len > 1 && memory_disk_random(disk, 3) == 0)
        len = 1 + memory_disk_random(disk, len);
    if (disk->capacity_bytes) {
        uint64_t used = used_bytes(disk);
        uint64_t room =
            disk->capacity_bytes > used ? disk->capacity_bytes - used : 0;
        if (room == 0)
            return fails(ENOSPC);
        len = len < room ? len : (size_t)room;
    }
    size_t at = file->live.len;
    soil(file, at);
    resize(&file->live, at + len);
    if (len > 0)
        memcpy(file->live.bytes + at, bytes, len);
    file->written_ns = clock_wall_ns();
    return disk->is_off ? fails(EIO) : (ssize_t)len;
}

static ssize_t disk_pread(const struct file_system *fs, int fd, void *bytes,
                          size_t len, off_t offset)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = opened(disk, fd);
    size_t at = (size_t)offset;
    if (!file)
        return fails(EBADF);
    if (disk->is_off)
        return fails(EIO);
    bool touches = disk->fail_to == 0
                   || (at < disk->fail_to && at + len > disk->fail_from);
    if (touches && fails_on_order(disk, DISK_READ))
        return fails(disk->fail_errno);
    if (at >= file->live.len)
        return 0;
    if (len > file->live.len - at)
        len = file->live.len - at;
    memcpy(bytes, file->live.bytes + at, len);
    return (ssize_t)len;
}

static int disk_fdatasync(const struct file_system *fs, int fd)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = opened(disk, fd);
    if (!file)
        return fails(EBADF);
    if (!disk->is_off && fails_on_order(disk, DISK_SYNC)) {
        file->is_lying = true;
        if (disk->fail_drops) {
            copy_from(&file->live, &file->durable, file->dirty_from);
            file->dirty_from = file->live.len;
        }
        return fails(disk->fail_errno);
    }
    if (begin_whole(disk, 0) != 0)
        return -1;
    if (!file->is_lying)
        make_durable(file);
    return answer(disk);
}

static int disk_ftruncate(const struct file_system *fs, int fd, off_t length)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = opened(disk, fd);
    if (!file)
        return fails(EBADF);
    if (begin_whole(disk, DISK_TRUNCATE) != 0)
        return -1;
    soil(file,
         (size_t)length < file->live.len ? (size_t)length : file->live.len);
    resize(&file->live, (size_t)length);
    return answer(disk);
}

static void fill_stat(struct memory_disk *disk, struct memory_file *file,
                      struct stat *st)
{
    memset(st, 0, sizeof *st);
    for (size_t i = 0; i < disk->name_count; i++)
        st->st_nlink += disk->names[i].live == file;
    st->st_ino = file->number;
    st->st_size = (off_t)file->live.len;
    st->st_mode = file->is_dir ? S_IFDIR : S_IFREG;
    st->st_mtim.tv_sec = (time_t)(file->written_ns / NS_PER_S);
}

static int disk_fstat(const struct file_system *fs, int fd, struct stat *st)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = opened(disk, fd);
    if (!file || disk->is_off)
        return fails(file ? EIO : EBADF);
    fill_stat(disk, file, st);
    return 0;
}

static int disk_stat(const struct file_system *fs, const char *path,
                     struct stat *st)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = find_file(disk, path);
    if (!file || disk->is_off)
        return fails(file ? EIO : ENOENT);
    fill_stat(disk, file, st);
    return 0;
}

static int disk_sync_dir(const struct file_system *fs, const char *path)
{
    struct memory_disk *disk = disk_of(fs);
    if (strcmp(path, "/") != 0 && !find_file(disk, path))
        return fails(ENOENT);
    if (begin_whole(disk, DISK_SYNC_DIR) != 0)
        return -1;
    for (size_t i = 0; i < disk->name_count; i++)
        if (is_in(disk->names[i].path, path))
            disk->names[i].durable = disk->names[i].live;
    return answer(disk);
}

static int disk_mkdir(const struct file_system *fs, const char *path,
                      mode_t mode)
{
    (void)mode;
    struct memory_disk *disk = disk_of(fs);
    if (find_file(disk, path))
        return fails(EEXIST);
    if (!parent_exists(disk, path))
        return fails(ENOENT);
    if (begin_whole(disk, DISK_MKDIR) != 0)
        return -1;
    make_name(disk, path)->live = make_file(disk, true);
    return answer(disk);
}

static int disk_rename(const struct file_system *fs, const char *from,
                       const char *to)
{
    struct memory_disk *disk = disk_of(fs);
    if (!find_file(disk, from))
        return fails(ENOENT);
    if (begin_whole(disk, DISK_RENAME) != 0)
        return -1;
    make_name(disk, to)->live = find_file(disk, from);
    find_name(disk, from)->live = NULL;
    return answer(disk);
}

static int disk_unlink(const struct file_system *fs, const char *path)
{
    struct memory_disk *disk = disk_of(fs);
    if (!find_file(disk, path))
        return fails(ENOENT);
    if (begin_whole(disk, DISK_UNLINK) != 0)
        return -1;
    find_name(disk, path)->live = NULL;
    return answer(disk);
}

static int disk_list(const struct file_system *fs, const char *dir,
                     void (*each)(const char *name, void *context),
                     void *context)
{
    struct memory_disk *disk = disk_of(fs);
    if (disk->is_off || !find_file(disk, dir))
        return fails(disk->is_off ? EIO : ENOENT);
    if (disk->fail_to == 0 && fails_on_order(disk, DISK_READ))
        return fails(disk->fail_errno);
    for (size_t i = 0; i < disk->name_count; i++)
        if (disk->names[i].live && is_in(disk->names[i].path, dir))
            each(strrchr(disk->names[i].path, '/') + 1, context);
    return 0;
}

static int disk_lock(const struct file_system *fs, int fd)
{
    struct memory_disk *disk = disk_of(fs);
    struct memory_file *file = opened(disk, fd);
    if (!file)
        return fails(EBADF);
    if (file->locked_by)
        return fails(EWOULDBLOCK);
    file->locked_by = fd;
    return 0;
}

static int64_t disk_free_bytes(const struct file_system *fs, const char *path)
{
    (void)path;
    return disk_of(fs)->free_bytes;
}

static uint64_t disk_random(const struct file_system *fs)
{
    return memory_disk_random(disk_of(fs), 0);
}

static const struct file_system table = {
    .open = disk_open,
    .close = disk_close,
    .write = disk_write,
    .pread = disk_pread,
    .fdatasync = disk_fdatasync,
    .ftruncate = disk_ftruncate,
    .fstat = disk_fstat,
    .stat = disk_stat,
    .sync_dir = disk_sync_dir,
    .mkdir = disk_mkdir,
    .rename = disk_rename,
    .unlink = disk_unlink,
    .list = disk_list,
    .lock = disk_lock,
    .free_bytes = disk_free_bytes,
    .random = disk_random,
};

struct memory_disk *memory_disk_new(uint64_t seed)
{
    struct memory_disk *disk = xcalloc(1, sizeof *disk);
    disk->fs = table;
    disk->fs.disk = disk;
    disk->seed = seed;
    disk->fail_errno = EIO;
    disk->free_bytes = INT64_MAX;
    return disk;
}

void memory_disk_free(struct memory_disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        free(disk->files[i]->live.bytes);
        free(disk->files[i]->durable.bytes);
        free(disk->files[i]);
    }
    for (size_t i = 0; i < disk->name_count; i++)
        free(disk->names[i].path);
    free(disk->files);
    free(disk->names);
    free(disk->open_files);
    free(disk);
}

/* ---- death ---- */

void memory_disk_kill(struct memory_disk *disk)
{
    for (size_t i = 0; i < disk->open_count; i++)
        disk->open_files[i] = NULL;
    for (size_t i = 0; i < disk->file_count; i++)
        disk->files[i]->locked_by = 0;
    disk->is_off = false;
    disk->off_at = 0;
    disk->fail_count = 0;
}

enum leftover { LEFT_OLD, LEFT_NEW, LEFT_TORN, LEFT_ZEROS, LEFT_MIXED, LEFTS };

/* Each block of what was not synced: there, zeros, or (half of it) rubbish. */
static void mix_blocks(struct memory_disk *disk, struct content *live,
                       size_t from)
{
    size_t block = memory_disk_random(disk, 2) ? SECTOR_BYTES : PAGE_BYTES;
    for (size_t at = from; at < live->len; at = (at / block + 1) * block) {
        size_t end = (at / block + 1) * block;
        end = end < live->len ? end : live->len;
        uint64_t way = memory_disk_random(disk, 4);
        if (way == 0)
            memset(live->bytes + at, 0, end - at);
        for (size_t i = at; way == 1 && i < end; i++)
            live->bytes[i] = (char)memory_disk_random(disk, 256);
    }
}

static void cut_file(struct memory_disk *disk, struct memory_file *file)
{
    struct content *live = &file->live;
    size_t from = file->dirty_from;
    enum leftover left = (enum leftover)memory_disk_random(disk, LEFTS);
    bool is_longer = live->len > from;
    if (left == LEFT_OLD || !is_longer)
        if (left != LEFT_NEW)
            copy_from(live, &file->durable, from);
    if (is_longer && left == LEFT_TORN)
        resize(live, from + memory_disk_random(disk, live->len - from));
    if (is_longer && left == LEFT_ZEROS)
        memset(live->bytes + from, 0, live->len - from);
    if (is_longer && left == LEFT_MIXED)
        mix_blocks(disk, live, from);
    make_durable(file);
    file->is_lying = false;
}

void memory_disk_cut_power(struct memory_disk *disk)
{
    memory_disk_kill(disk);
    for (size_t i = 0; i < disk->name_count; i++) {
        struct memory_name *name = &disk->names[i];
        if (name->live != name->durable && memory_disk_random(disk, 2))
            name->live = name->durable;
    }
    /* A folder that is gone takes along what was in it. */
    for (size_t i = 0; i < disk->name_count; i++)
        if (disk->names[i].live && !parent_exists(disk, disk->names[i].path)) {
            disk->names[i].live = NULL;
            i = (size_t)-1;
        }
    for (size_t i = 0; i < disk->name_count; i++) {
        disk->names[i].durable = disk->names[i].live;
        if (disk->names[i].live)
            cut_file(disk, disk->names[i].live);
    }
}

/* ---- for tests ---- */

char *memory_disk_bytes(struct memory_disk *disk, const char *path, size_t *len)
{
    struct memory_file *file = find_file(disk, path);
    if (!file)
        return NULL;
    *len = file->live.len;
    soil(file, 0);
    return file->live.bytes;
}

void memory_disk_put(struct memory_disk *disk, const char *path,
                     const void *bytes, size_t len)
{
    struct memory_name *name = make_name(disk, path);
    name->live = make_file(disk, false);
    name->durable = name->live;
    resize(&name->live->live, len);
    if (len > 0)
        memcpy(name->live->live.bytes, bytes, len);
    make_durable(name->live);
}

const char *memory_disk_find(struct memory_disk *disk, const char *dir,
                             const char *ending, size_t n)
{
    const char *last = "";
    for (;; n--) {
        const char *best = NULL;
        for (size_t i = 0; i < disk->name_count; i++) {
            const char *path = disk->names[i].path;
            size_t len = strlen(path), tail = strlen(ending);
            if (disk->names[i].live && is_in(path, dir) && len >= tail
                && strcmp(path + len - tail, ending) == 0
                && strcmp(path, last) > 0 && (!best || strcmp(path, best) < 0))
                best = path;
        }
        if (!best || n == 0)
            return best;
        last = best;
    }
}
