/* writer.c - see writer.h.
 *
 * A group of lines is cut into frames, written with one write, and synced. The
 * first group of a segment also creates it; then the folder is synced too, or
 * a power cut could take the name away.
 *
 * What can go wrong: any of these steps. The segment is then given up: cut back
 * to what was durable (if that works; nothing depends on it), closed, and never
 * written or synced again, since a second fdatasync after one that failed
 * reports success for bytes that are gone. The same lines go to a new segment
 * that starts at the same number, so a later segment overrules what an earlier
 * one holds from there on. Names must therefore sort by age also when several
 * start at one number: the first four digits of the salt count those, the other
 * twelve are random.
 *
 * Somebody may delete or move the folder while we write. Then write and sync
 * still work, on files without a name; so each commit also looks whether the
 * path is still the file that it wrote to.
 */
#include "writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "cursor.h"
#include "error.h"
#include "file.h"
#include "log.h"
#include "stats.h"

enum {
    PATH_BYTES = 4096,
    TURN_SHIFT = 48, /* of the salt: above it the turn, below random bits */
    LAST_TURN = 0xffff,
    /* A group is at most LIMIT_GROUP_BYTES of lines; headers come on top. */
    OUT_MAX_BYTES = 2 * LIMIT_GROUP_BYTES
};

/* ---- recovery ---- */

static bool refuse_locked(struct writer *writer, struct error *err)
{
    char pid[32] = "";
    ssize_t got =
        writer->fs->pread(writer->fs, writer->lock_fd, pid, sizeof pid - 1, 0);
    pid[got > 0 ? strcspn(pid, "\n") : 0] = '\0';
    return fail(err, ERR_CONFIG, "another process (pid %s) writes to %s",
                pid[0] ? pid : "unknown", writer->dir);
}

static bool take_lock(struct writer *writer, struct error *err)
{
    const struct file_system *fs = writer->fs;
    char *path = file_beside(writer->dir, "lock");
    writer->lock_fd = fs->open(fs, path, O_RDWR | O_CREAT, 0600);
    bool is_taken = false;
    if (writer->lock_fd < 0)
        fail_errno(err, "opening %s", path);
    else if (fs->lock(fs, writer->lock_fd) == 0)
        is_taken = true;
    else if (errno == EWOULDBLOCK)
        refuse_locked(writer, err);
    else
        fail_errno(err, "locking %s", path);
    free(path);
    struct stat st;
    if (is_taken && fs->fstat(fs, writer->lock_fd, &st) != 0)
        return fail_errno(err, "looking at the lock of %s", writer->dir);
    if (is_taken) {
        writer->lock_device = (uint64_t)st.st_dev;
        writer->lock_inode = (uint64_t)st.st_ino;
    }
    return is_taken;
}

/* The pid is for people; on a full disk the lock holds without it. */
static void sign_lock(struct writer *writer)
{
    char pid[32];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (writer->fs->ftruncate(writer->fs, writer->lock_fd, 0) == 0)
        file_write_all(writer->fs, writer->lock_fd, pid, (size_t)len, "lock",
                       NULL);
}

static uint64_t size_of(struct writer *writer, struct segment_name name)
{
    struct stat st;
    char *path = segment_path(writer->dir, name);
    int result = writer->fs->stat(writer->fs, path, &st);
    free(path);
    return result == 0 ? (uint64_t)st.st_size : 0;
}

/* The number after the last good frame before limit; 0: none is good. */
static bool find_end(struct writer *writer, struct segment_name name,
                     uint64_t limit, uint64_t *end, struct error *err)
{
    char *path = segment_path(writer->dir, name);
    struct buf bytes;
    struct segment_scan scan = {0};
    size_t unread_bytes;
    buf_init(&bytes, SEGMENT_MAX_BYTES);
    *end = 0;
    bool is_read = segment_load(writer->fs, path, &bytes, &unread_bytes, err);
    if (is_read)
        segment_scan(buf_text(&bytes), name, &scan);
    for (size_t i = 0; i < scan.frame_count; i++)
        if (scan.frames[i].seq < limit)
            *end = scan.frames[i].seq + scan.frames[i].points;
    segment_scan_deinit(&scan);
    buf_deinit(&bytes);
    free(path);
    return is_read;
}

/* A process that was killed between write and sync leaves frames that are there
 * but not on the disk. They count from now on, so they had better stay: else
 * the next power cut would look like damage. If this fails, it does. */
static void keep_end(struct writer *writer, struct segment_name name)
{
    char *path = segment_path(writer->dir, name);
    int fd = writer->is_unsynced
                 ? -1
                 : writer->fs->open(writer->fs, path, O_RDONLY, 0);
    if (fd >= 0) {
        writer->fs->fdatasync(writer->fs, fd);
        writer->fs->sync_dir(writer->fs, writer->dir);
        writer->fs->close(writer->fs, fd);
    }
    free(path);
}

/* Newest first, until one has a good frame. What a segment holds at or above
 * the number that the next one starts with was never acknowledged. */
static bool find_next_seq(struct writer *writer,
                          const struct segment_list *list, struct error *err)
{
    uint64_t end = 0;
    uint64_t limit = UINT64_MAX;
    for (size_t i = list->count; i-- > 0 && end == 0;) {
        if (!find_end(writer, list->names[i], limit, &end, err))
            return false;
        if (end > 0)
            keep_end(writer, list->names[i]);
        limit = list->names[i].seq;
    }
    /* A segment's name proves that all numbers before it were durable. */
    if (list->count > 0 && end < list->names[list->count - 1].seq)
        end = list->names[list->count - 1].seq;
    writer->readable_seq = end > 0 ? end : 1;
    writer->next_seq = writer->readable_seq;
    return true;
}

static bool is_listed(const struct segment_list *list, struct segment_name name)
{
    for (size_t i = 0; i < list->count; i++)
        if (segment_name_compare(list->names[i], name) == 0)
            return true;
    return false;
}

static bool recover(struct writer *writer, struct error *err)
{
    struct segment_list list = {0};
    struct cursor cursor;
    bool is_known = segment_list_read(writer->fs, writer->dir, &list, err)
                    && find_next_seq(writer, &list, err);
    for (size_t i = 0; is_known && i < list.count; i++)
        writer->total_bytes += size_of(writer, list.names[i]);
    if (is_known && list.count > 0)
        writer->newest = list.names[list.count - 1];
    /* Numbers before the cursor must not come again: it would pass over them.
     */
    if (is_known && cursor_read(writer->fs, writer->dir, &cursor)
        && is_listed(&list, cursor.segment) && cursor.seq > writer->next_seq) {
        log_line(LOG_WARN, "journal",
                 "%s: the cursor is at %" PRIu64 ", the last frame ends at"
                 " %" PRIu64,
                 writer->dir, cursor.seq, writer->next_seq);
        writer->next_seq = cursor.seq;
    }
    segment_list_deinit(&list);
    return is_known;
}

/* A process that was killed between making a folder and syncing the one above
 * leaves a name that a power cut can take. The outermost may be somebody
 * else's; then it is not for us to sync. */
static bool sync_parents(struct writer *writer, struct error *err)
{
    enum { OURS = 2, ALL = 3 };
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s", writer->dir);
    bool is_top = writer->is_unsynced;
    for (int level = 0; level < ALL && !is_top; level++) {
        char *slash = strrchr(path, '/');
        is_top = !slash || slash == path;
        if (!slash)
            snprintf(path, sizeof path, ".");
        else
            slash[slash == path] = '\0';
        if (writer->fs->sync_dir(writer->fs, path) != 0 && level < OURS)
            return fail_errno(err, "syncing the folder %s", path);
    }
    return true;
}

bool writer_open(struct writer *writer, const struct writer_options *options,
                 struct error *err)
{
    *writer = (struct writer){.fs = options->fs,
                              .dir = xstrdup(options->dir),
                              .is_unsynced = options->is_unsynced,
                              .segment_bytes = options->segment_bytes,
                              .lock_fd = -1,
                              .fd = -1};
    buf_init(&writer->out, OUT_MAX_BYTES);
    if (file_make_dirs(writer->fs, writer->dir, err)
        && sync_parents(writer, err) && take_lock(writer, err)
        && recover(writer, err)) {
        sign_lock(writer);
        return true;
    }
    writer_close(writer);
    return false;
}

/* ---- segments ---- */

static void close_segment(struct writer *writer)
{
    if (writer->fd >= 0)
        writer->fs->close(writer->fs, writer->fd);
    free(writer->path);
    writer->path = NULL;
    writer->fd = -1;
    writer->bytes = 0;
}

void writer_close(struct writer *writer)
{
    if (!writer->fs)
        return;
    close_segment(writer);
    if (writer->lock_fd >= 0)
        writer->fs->close(writer->fs, writer->lock_fd);
    buf_deinit(&writer->out);
    free(writer->dir);
    *writer = (struct writer){.lock_fd = -1, .fd = -1};
}

/* Tries to leave nothing behind that was not acknowledged. */
static void give_up_segment(struct writer *writer)
{
    if (writer->fd < 0)
        return;
    if (writer->bytes > 0)
        writer->fs->ftruncate(writer->fs, writer->fd, (off_t)writer->bytes);
    else
        writer->fs->unlink(writer->fs, writer->path);
    close_segment(writer);
}

static bool pick_name(struct writer *writer, struct error *err)
{
    uint64_t turn = 0;
    if (writer->newest.seq == writer->next_seq)
        turn = (writer->newest.salt >> TURN_SHIFT) + 1;
    if (turn > LAST_TURN)
        return fail(err, ERR_IO, "%s: %d segments start at %" PRIu64,
                    writer->dir, LAST_TURN, writer->next_seq);
    uint64_t random_bits =
        writer->fs->random(writer->fs) & ((UINT64_C(1) << TURN_SHIFT) - 1);
    writer->name = (struct segment_name){
        .seq = writer->next_seq, .salt = turn << TURN_SHIFT | random_bits};
    return true;
}

/* The folder may have been moved away, and another gateway may have started in
 * its place: then the lock there is not ours, nor is anything else. Where there
 * is none, we take it. */
static bool holds_lock(struct writer *writer, struct error *err)
{
    const struct file_system *fs = writer->fs;
    struct stat st;
    char *path = file_beside(writer->dir, "lock");
    int code = fs->stat(fs, path, &st) == 0 ? 0 : errno;
    free(path);
    if (code == ENOENT) {
        fs->close(fs, writer->lock_fd);
        return take_lock(writer, err);
    }
    errno = code;
    if (code != 0)
        return fail_errno(err, "looking at the lock of %s", writer->dir);
    return ((uint64_t)st.st_dev == writer->lock_device
            && (uint64_t)st.st_ino == writer->lock_inode)
           || fail(err, ERR_IO,
                   "%s is another folder than at the start: is there a second "
                   "gateway? stop one of the two",
                   writer->dir);
}

static bool create_segment(struct writer *writer, struct error *err)
{
    struct stat st;
    if (!holds_lock(writer, err) || !pick_name(writer, err))
        return false;
    writer->path = segment_path(writer->dir, writer->name);
    writer->fd = writer->fs->open(writer->fs, writer->path,
                                  O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600);
    if (writer->fd < 0) {
        fail_errno(err, "creating %s", writer->path);
        close_segment(writer);
        return false;
    }
    writer->newest = writer->name;
    writer->segments++;
    if (writer->fs->fstat(writer->fs, writer->fd, &st) != 0)
        return fail_errno(err, "looking at %s", writer->path);
    writer->device = (uint64_t)st.st_dev;
    writer->inode = (uint64_t)st.st_ino;
    return true;
}

/* ---- commit ---- */

static bool frame_lines(struct writer *writer, struct text lines,
                        uint64_t *end_seq, struct error *err)
{
    struct frame frame = {.seq = writer->next_seq,
                          .durable = writer->next_seq - 1};
    buf_clear(&writer->out);
    if (writer->bytes == 0)
        segment_append_title(&writer->out, writer->name);
    while (lines.len > 0) {
        frame.lines = segment_cut(lines, &frame.points);
        segment_append_frame(&writer->out, writer->name, &frame);
        frame.seq += frame.points;
        lines = text_skip(lines, frame.lines.len);
    }
    *end_seq = frame.seq;
    return !writer->out.has_overflowed
           || fail(err, ERR_IO, "no memory to frame a group for %s",
                   writer->path);
}

static bool sync_segment(struct writer *writer, struct error *err)
{
    if (writer->is_unsynced)
        return true;
    int64_t start_ns = clock_mono_ns();
    int result = writer->fs->fdatasync(writer->fs, writer->fd);
    int code = errno;
    writer->sync_ns += clock_mono_ns() - start_ns;
    stats_add(&stats.syncs, 1);
    errno = code;
    return result == 0 || fail_errno(err, "syncing %s", writer->path);
}

static bool sync_name(struct writer *writer, struct error *err)
{
    return writer->bytes > 0 || writer->is_unsynced
           || writer->fs->sync_dir(writer->fs, writer->dir) == 0
           || fail_errno(err, "syncing the folder %s", writer->dir);
}

static bool is_in_place(struct writer *writer, struct error *err)
{
    struct stat st;
    if (writer->fs->stat(writer->fs, writer->path, &st) != 0)
        return fail_errno(err, "looking at %s", writer->path);
    return ((uint64_t)st.st_dev == writer->device
            && (uint64_t)st.st_ino == writer->inode)
           || fail(err, ERR_IO, "%s was replaced while we wrote to it",
                   writer->path);
}

static bool try_commit(struct writer *writer, struct text lines,
                       struct error *err)
{
    uint64_t end_seq = 0;
    if (writer->fd >= 0 && writer->bytes + lines.len > writer->segment_bytes)
        close_segment(writer);
    errno = 0;
    bool is_durable =
        (writer->fd >= 0 || create_segment(writer, err))
        && frame_lines(writer, lines, &end_seq, err)
        && file_write_all(writer->fs, writer->fd, writer->out.data,
                          writer->out.len, writer->path, err)
        && sync_segment(writer, err) && sync_name(writer, err)
        && is_in_place(writer, err);
    if (!is_durable) {
        writer->is_out_of_space =
            errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
        stats_add(&stats.sync_errors, 1);
        give_up_segment(writer);
        return false;
    }
    writer->bytes += writer->out.len;
    writer->total_bytes += writer->out.len;
    writer->next_seq = end_seq;
    writer->readable_seq = end_seq;
    return true;
}

bool writer_commit(struct writer *writer, struct text lines, struct error *err)
{
    assert(lines.len > 0 && lines.at[lines.len - 1] == '\n');
    struct error first = {.kind = ERR_NONE};
    writer->sync_ns = 0;
    if (try_commit(writer, lines, &first))
        return true;
    log_line(LOG_ERROR, "journal", "%s; the same lines go to a new segment",
             first.text);
    return try_commit(writer, lines, err);
}
