/* tail.c - see tail.h.
 *
 * A tail stands in one segment and takes frame after frame from its reader. It
 * asks the journal how far points are durable, and only then which segments
 * there are: so every point before that number is in a segment that it knows. A
 * segment counts only up to the number that the next one starts with; what it
 * holds beyond is left from a write that failed. Once all before that number is
 * read, the tail moves on. Once a second the cursor is written, and then the
 * segments are retired whose points are all settled.
 *
 * What can go wrong: numbers are missing. They were acknowledged as far as the
 * next frame's `durable` says, or the name of the next segment; those are lost,
 * counted and logged. (Missing without that were torn, and never acknowledged.)
 * Before a segment is deleted its unreadable bytes go to quarantine/, each
 * piece under a line that says where it stood; if the disk does not give them,
 * the whole file goes there.
 */
#include "tail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "clock.h"
#include "cursor.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "log.h"
#include "reader.h"
#include "segment.h"
#include "stats.h"

enum { PATH_BYTES = 4096 };

#define TICK_NS NS_PER_S

struct piece {
    struct segment_name name;
    bool is_clean; /* known to hold nothing unreadable */
};

struct tail {
    struct journal *journal;
    unsigned output;
    const struct file_system *fs;
    const char *dir;
    uint64_t keep_ns;
    int64_t (*mono_ns)(void);

    uint64_t durable_seq; /* after the last durable point, when last asked */
    uint64_t next_seq;    /* what was given out ends before it */

    struct piece *pieces; /* the segments, oldest first */
    size_t piece_count;
    uint64_t known_segments; /* the journal's count when they were listed */
    size_t current;          /* where it stands, if that is there */
    struct reader reader;    /* of the current one; maybe not begun */

    uint64_t settled_seq;
    uint64_t lost_from, lost_end; /* the last numbers that were given up */
    struct cursor written;        /* what the cursor file says */
    bool has_settled;             /* anything, since it was opened */
    bool may_come_back;           /* what was deleted last */
    int64_t tick_at_ns;
};

static bool has_current(const struct tail *tail)
{
    return tail->current < tail->piece_count;
}

/* Frames of the current segment count below this number. */
static uint64_t limit_of(const struct tail *tail)
{
    return tail->current + 1 < tail->piece_count
               ? tail->pieces[tail->current + 1].name.seq
               : UINT64_MAX;
}

/* ---- which segments there are ---- */

static bool was_clean(const struct tail *tail, struct segment_name name)
{
    for (size_t i = 0; i < tail->piece_count; i++)
        if (segment_name_compare(tail->pieces[i].name, name) == 0)
            return tail->pieces[i].is_clean;
    return false;
}

/* Lists the folder again and finds its place in it. If the current segment is
 * gone, the first one behind it is current. */
static bool list_pieces(struct tail *tail, struct error *err)
{
    struct segment_list list = {0};
    struct segment_name here = {0};
    if (has_current(tail))
        here = tail->pieces[tail->current].name;
    bool is_read = segment_list_read(tail->fs, tail->dir, &list, err);
    if (is_read) {
        struct piece *pieces = xcalloc(list.count, sizeof *pieces);
        size_t current = 0;
        for (size_t i = 0; i < list.count; i++) {
            struct segment_name name = list.names[i];
            pieces[i] = (struct piece){name, was_clean(tail, name)};
            if (segment_name_compare(name, here) < 0)
                current = i + 1;
        }
        if (current == list.count
            || segment_name_compare(list.names[current], here) != 0)
            reader_deinit(&tail->reader);
        free(tail->pieces);
        tail->pieces = pieces;
        tail->piece_count = list.count;
        tail->current = current;
    }
    segment_list_deinit(&list);
    return is_read;
}

/* Waits until more than seen is durable; then, and not before, looks where it
 * may be. Only when both are known they count: with an old list it would read
 * what a failed write left, in place of what came after it. */
static bool look(struct tail *tail, uint64_t seen, int wait_ms,
                 struct error *err)
{
    uint64_t durable =
        journal_durable(tail->journal, tail->output, seen, wait_ms);
    uint64_t segments = journal_segments(tail->journal, tail->output);
    if (segments != tail->known_segments) {
        if (!list_pieces(tail, err))
            return false;
        tail->known_segments = segments;
    }
    tail->durable_seq = durable;
    reader_refresh(&tail->reader);
    return true;
}

/* ---- the next frame ---- */

/* Nobody else will settle what is lost. */
static void pass_lost(struct tail *tail)
{
    if (tail->settled_seq == tail->lost_from)
        tail->settled_seq = tail->lost_end;
}

static void count_lost(struct tail *tail, uint64_t end)
{
    if (end <= tail->next_seq)
        return;
    log_line(LOG_ERROR, "journal",
             "%s: points %" PRIu64 " to %" PRIu64
             " were acknowledged and cannot be read",
             tail->dir, tail->next_seq, end - 1);
    stats_add(&stats.lost_points, end - tail->next_seq);
    if (tail->lost_end != tail->next_seq)
        tail->lost_from = tail->next_seq;
    tail->lost_end = end;
    tail->next_seq = end;
    pass_lost(tail);
}

static void move_on(struct tail *tail)
{
    tail->pieces[tail->current].is_clean = reader_is_clean(&tail->reader);
    tail->current++;
    reader_deinit(&tail->reader);
    count_lost(tail, tail->pieces[tail->current].name.seq);
}

/* In the segments that are known; READER_END: not there yet. */
static enum reader_found find_known(struct tail *tail, struct frame *frame,
                                    struct error *err)
{
    while (has_current(tail) && tail->next_seq < tail->durable_seq) {
        uint64_t limit = limit_of(tail);
        enum reader_found found = READER_END;
        if (!tail->reader.fs)
            reader_init(&tail->reader, tail->fs, tail->dir,
                        tail->pieces[tail->current].name);
        if (tail->next_seq < limit)
            found = reader_peek(&tail->reader, tail->next_seq, frame, err);
        if (found == READER_FAILED)
            return READER_FAILED;
        if (found == READER_FRAME && frame->seq < limit)
            return frame->seq < tail->durable_seq ? READER_FRAME : READER_END;
        if (limit == UINT64_MAX)
            return READER_END;
        move_on(tail);
    }
    return READER_END;
}

/* Points can be missing though they are durable (somebody cut the file): then
 * waiting for next_seq would return at once, again and again; so it waits for
 * more than there was. */
static enum reader_found find_frame(struct tail *tail, int wait_ms,
                                    struct frame *frame, struct error *err)
{
    enum reader_found found = find_known(tail, frame, err);
    if (found == READER_END) {
        uint64_t seen = tail->next_seq < tail->durable_seq ? tail->durable_seq
                                                           : tail->next_seq;
        if (!look(tail, seen, wait_ms, err))
            return READER_FAILED;
        found = find_known(tail, frame, err);
    }
    /* So that a caller who asks again and again does not spin. */
    if (found == READER_FAILED)
        journal_durable(tail->journal, tail->output, UINT64_MAX, wait_ms);
    return found;
}

/* ---- settling ---- */

static void path_of(const struct tail *tail, struct segment_name name,
                    const char *folder, char path[PATH_BYTES])
{
    char text[SEGMENT_NAME_BYTES];
    segment_name_write(name, text);
    snprintf(path, PATH_BYTES, "%s/%s%s", tail->dir, folder, text);
}

static void write_cursor(struct tail *tail)
{
    struct error err = {.kind = ERR_NONE};
    struct cursor cursor = {.seq = tail->settled_seq};
    for (size_t i = 0; i < tail->piece_count; i++)
        if (tail->pieces[i].name.seq <= cursor.seq)
            cursor.segment = tail->pieces[i].name;
    if (cursor.segment.seq == 0
        || (cursor.seq == tail->written.seq
            && segment_name_compare(cursor.segment, tail->written.segment)
                   == 0))
        return;
    if (cursor_write(tail->fs, tail->dir, &cursor, &err))
        tail->written = cursor;
    else
        log_line(LOG_WARN, "journal", "%s", err.text);
}

static bool save_bad(struct tail *tail, const struct segment_scan *scan,
                     struct text whole, const char *path, struct error *err)
{
    const struct file_system *fs = tail->fs;
    int fd = fs->open(fs, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool is_saved = fd >= 0 || fail_errno(err, "creating %s", path);
    for (size_t i = 0; is_saved && i < scan->bad_count; i++) {
        struct text bad = scan->bad[i];
        char title[100];
        int len =
            snprintf(title, sizeof title, "#bad %zu bytes at offset %zu\n",
                     bad.len, (size_t)(bad.at - whole.at));
        is_saved = file_write_all(fs, fd, title, (size_t)len, path, err)
                   && file_write_all(fs, fd, bad.at, bad.len, path, err)
                   && file_write_all(fs, fd, "\n", 1, path, err);
    }
    if (is_saved && fs->fdatasync(fs, fd) != 0)
        is_saved = fail_errno(err, "syncing %s", path);
    if (fd >= 0)
        fs->close(fs, fd);
    return is_saved;
}

/* Saves what cannot be read, if there is any. *is_moved: the whole file is in
 * quarantine/ now. */
static bool quarantine(struct tail *tail, struct segment_name name,
                       bool *is_moved, struct error *err)
{
    char path[PATH_BYTES], saved[PATH_BYTES], folder[PATH_BYTES];
    struct buf whole;
    struct segment_scan scan = {0};
    size_t unread_bytes = 0;
    path_of(tail, name, "", path);
    path_of(tail, name, "quarantine/", saved);
    snprintf(folder, sizeof folder, "%s/quarantine", tail->dir);
    buf_init(&whole, SEGMENT_MAX_BYTES);
    bool is_saved = segment_load(tail->fs, path, &whole, &unread_bytes, err);
    if (is_saved)
        segment_scan(buf_text(&whole), name, &scan);
    if (scan.bad_count > 0) {
        stats_add(&stats.quarantined_bytes, scan.bad_bytes);
        log_line(LOG_WARN, "journal", "%s: %zu unreadable bytes go to %s", path,
                 scan.bad_bytes, saved);
        *is_moved = unread_bytes > 0;
        is_saved = file_make_dirs(tail->fs, folder, err)
                   && (*is_moved ? tail->fs->rename(tail->fs, path, saved) == 0
                                       || fail_errno(err, "moving %s", path)
                                 : save_bad(tail, &scan, buf_text(&whole),
                                            saved, err));
    }
    segment_scan_deinit(&scan);
    buf_deinit(&whole);
    return is_saved;
}

/* For good, before the next one goes, and before its blocks are another file's.
 * Else a power cut could bring back some of the deleted segments and not the
 * ones between, or one with foreign bytes in it, and delivered points would be
 * missed. */
static int delete_segment(struct tail *tail, const char *path)
{
    const struct file_system *fs = tail->fs;
    if (tail->may_come_back && fs->sync_dir(fs, tail->dir) != 0)
        return -1;
    int fd = fs->open(fs, path, O_RDONLY, 0); /* keeps the blocks */
    int result = fs->unlink(fs, path);
    int code = errno;
    /* Without a journal the inode would still claim them; a check of the file
     * system then mends its tree, over what is in them by now. */
    if (result == 0 && fd >= 0)
        fs->fdatasync(fs, fd);
    tail->may_come_back = result == 0 && fs->sync_dir(fs, tail->dir) != 0;
    if (fd >= 0)
        fs->close(fs, fd);
    errno = code;
    return result;
}

/* True if it is gone, or was. */
static bool retire(struct tail *tail, const struct piece *piece,
                   const struct stat *st, struct error *err)
{
    char path[PATH_BYTES];
    bool is_moved = false;
    path_of(tail, piece->name, "", path);
    if (!piece->is_clean && !quarantine(tail, piece->name, &is_moved, err))
        return false;
    if (!is_moved && delete_segment(tail, path) != 0 && errno != ENOENT)
        return fail_errno(err, "deleting %s", path);
    journal_released(tail->journal, tail->output, (uint64_t)st->st_size);
    return true;
}

static bool is_old_enough(const struct tail *tail, const struct stat *st)
{
    int64_t written_ns = st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
    return tail->keep_ns == 0
           || clock_wall_ns() - written_ns >= (int64_t)tail->keep_ns;
}

/* Also if the cursor could not be written: on a full disk nothing else makes
 * room, and a cursor that names a segment which is gone only means that the
 * oldest comes first. The first segment that must stay ends it. */
static void retire_settled(struct tail *tail)
{
    struct error err = {.kind = ERR_NONE};
    size_t gone = 0;
    while (gone < tail->current
           && tail->pieces[gone + 1].name.seq <= tail->settled_seq) {
        char path[PATH_BYTES];
        struct stat st;
        path_of(tail, tail->pieces[gone].name, "", path);
        if (tail->fs->stat(tail->fs, path, &st) == 0) {
            if (!is_old_enough(tail, &st))
                break;
            if (!retire(tail, &tail->pieces[gone], &st, &err)) {
                log_line(LOG_WARN, "journal", "%s", err.text);
                break;
            }
        } else if (errno != ENOENT) {
            break;
        }
        gone++;
    }
    tail->piece_count -= gone;
    tail->current -= gone;
    if (gone > 0)
        memmove(tail->pieces, tail->pieces + gone,
                tail->piece_count * sizeof *tail->pieces);
}

static void tick(struct tail *tail)
{
    int64_t now = tail->mono_ns();
    if (now < tail->tick_at_ns)
        return;
    tail->tick_at_ns = now + TICK_NS;
    write_cursor(tail);
    retire_settled(tail);
}

/* ---- the interface ---- */

static void find_start(struct tail *tail)
{
    struct cursor cursor;
    uint64_t end = journal_readable(tail->journal, tail->output);
    tail->durable_seq = journal_durable(tail->journal, tail->output, 0, 0);
    tail->next_seq =
        tail->piece_count > 0 ? tail->pieces[0].name.seq : tail->durable_seq;
    if (!cursor_read(tail->fs, tail->dir, &cursor) || cursor.seq > end)
        return;
    for (size_t i = 0; i < tail->piece_count; i++)
        if (segment_name_compare(tail->pieces[i].name, cursor.segment) == 0) {
            tail->current = i;
            tail->next_seq = cursor.seq;
            tail->written = cursor;
        }
}

struct tail *tail_open(const struct tail_options *options, struct error *err)
{
    struct tail *tail = xcalloc(1, sizeof *tail);
    tail->journal = options->journal;
    tail->output = options->output;
    tail->fs = options->fs ? options->fs : &file_real;
    tail->dir = journal_output_dir(options->journal, options->output);
    tail->keep_ns = options->keep_ns;
    tail->mono_ns = options->mono_ns ? options->mono_ns : clock_mono_ns;
    tail->tick_at_ns = tail->mono_ns() + TICK_NS;
    /* Before the list is read: what is durable by then is in it. */
    tail->next_seq = journal_durable(tail->journal, tail->output, 0, 0);
    tail->known_segments = journal_segments(tail->journal, tail->output);
    if (!list_pieces(tail, err)) {
        free(tail->pieces);
        free(tail);
        return NULL;
    }
    find_start(tail);
    tail->settled_seq = tail->next_seq;
    tail->may_come_back = true; /* what a process before us deleted */
    return tail;
}

void tail_close(struct tail *tail)
{
    if (!tail)
        return;
    write_cursor(tail);
    retire_settled(tail);
    reader_deinit(&tail->reader);
    free(tail->pieces);
    free(tail);
}

bool tail_next(struct tail *tail, int wait_ms, struct buf *lines,
               uint64_t *first_seq, uint32_t *points, struct error *err)
{
    struct frame frame = {0};
    tick(tail);
    enum reader_found found = find_frame(tail, wait_ms, &frame, err);
    if (found == READER_END)
        return fail(err, ERR_NONE, "nothing there yet");
    if (found == READER_FAILED)
        return false;
    if (frame.lines.len > lines->max_bytes - lines->len)
        return fail(err, ERR_TOO_LARGE, "no room for %zu bytes of lines",
                    frame.lines.len);
    /* Never past a frame that was not given out. */
    if (!buf_append_text(lines, frame.lines)) {
        lines->has_overflowed = false;
        return fail(err, ERR_IO, "no memory for %zu bytes of lines",
                    frame.lines.len);
    }
    count_lost(tail,
               frame.seq < frame.durable + 1 ? frame.seq : frame.durable + 1);
    *first_seq = frame.seq;
    *points = frame.points;
    tail->next_seq = frame.seq + frame.points;
    return true;
}

void tail_settle(struct tail *tail, uint64_t seq)
{
    assert(seq <= tail->next_seq);
    /* At once what a new process settles first, or one that is killed again
     * and again within a second would send the same lines for ever. */
    if (!tail->has_settled)
        tail->tick_at_ns = 0;
    tail->has_settled = true;
    if (seq > tail->settled_seq)
        tail->settled_seq = seq;
    pass_lost(tail);
    tick(tail);
}

uint64_t tail_pending(const struct tail *tail)
{
    uint64_t durable = journal_durable(tail->journal, tail->output, 0, 0);
    return durable > tail->settled_seq ? durable - tail->settled_seq : 0;
}
