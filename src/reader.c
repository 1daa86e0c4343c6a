/* reader.c - see reader.h.
 *
 * The file is read ahead through a window, frame by frame, by length.
 *
 * What can go wrong: bytes that are no frame, a number that is not the next
 * one, a disk that does not give them. Damage can move frames about; so from
 * then on the segment is read whole, and its good frames come in the order of
 * their numbers. A disk that fails is asked a few times more before the bytes
 * that it denies are given up, since what is passed over here is never sent.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "error.h"
#include "file.h"
#include "log.h"
#include "stats.h"

enum {
    AHEAD_BYTES = 256 << 10, /* several frames at once */
    READ_TRIES = 10
};

void reader_init(struct reader *reader, const struct file_system *fs,
                 const char *dir, struct segment_name name)
{
    *reader = (struct reader){
        .fs = fs, .name = name, .path = segment_path(dir, name), .fd = -1};
    buf_init(&reader->window, AHEAD_BYTES);
    buf_init(&reader->whole, SEGMENT_MAX_BYTES);
}

void reader_deinit(struct reader *reader)
{
    if (!reader->fs)
        return;
    if (reader->fd >= 0)
        reader->fs->close(reader->fs, reader->fd);
    segment_scan_deinit(&reader->scan);
    buf_deinit(&reader->whole);
    buf_deinit(&reader->window);
    free(reader->path);
    *reader = (struct reader){.fd = -1};
}

void reader_refresh(struct reader *reader)
{
    if (!reader->fs)
        return;
    reader->offset += reader->used;
    reader->used = 0;
    reader->frame_size = 0;
    buf_clear(&reader->window);
    reader->is_stale = true;
}

bool reader_is_clean(struct reader *reader)
{
    struct stat st;
    return !reader->is_whole && reader->fd >= 0
           && reader->fs->fstat(reader->fs, reader->fd, &st) == 0
           && (uint64_t)st.st_size
                  == reader->offset + reader->used + reader->frame_size;
}

/* ---- damage ---- */

/* Unreadable bytes at the very end are torn, not damaged, unless points are
 * missing behind them; the tail sees those. */
static void count_places(struct reader *reader)
{
    size_t places = reader->scan.bad_count;
    if (places > 0) {
        struct text last = reader->scan.bad[places - 1];
        if (last.at + last.len == reader->whole.data + reader->whole.len)
            places--;
    }
    if (places <= reader->places_known)
        return;
    stats_add(&stats.corrupt_frames, places - reader->places_known);
    reader->places_known = places;
    log_line(LOG_ERROR, "journal", "%s: %zu bytes in %zu places are damaged",
             reader->path, reader->scan.bad_bytes, places);
}

static enum reader_found read_whole(struct reader *reader, struct error *err)
{
    size_t unread_bytes = 0;
    bool gives_up = reader->failures >= READ_TRIES;
    segment_scan_deinit(&reader->scan);
    reader_refresh(reader);
    errno = 0;
    if (!segment_load(reader->fs, reader->path, &reader->whole,
                      gives_up ? &unread_bytes : NULL, err)) {
        if (errno == ENOENT)
            return READER_END;
        reader->failures++;
        return READER_FAILED;
    }
    segment_scan(buf_text(&reader->whole), reader->name, &reader->scan);
    reader->is_whole = true;
    reader->is_stale = false;
    reader->failures = 0;
    reader->scan_used = 0;
    count_places(reader);
    return READER_FRAME;
}

static enum reader_found peek_whole(struct reader *reader, uint64_t next_seq,
                                    struct frame *frame, struct error *err)
{
    const struct segment_scan *scan = &reader->scan;
    while (reader->scan_used < scan->frame_count) {
        *frame = scan->frames[reader->scan_used];
        if (frame->seq + frame->points > next_seq)
            return READER_FRAME;
        reader->scan_used++;
    }
    if (!reader->is_whole || reader->is_stale) {
        enum reader_found found = read_whole(reader, err);
        return found == READER_FRAME ? peek_whole(reader, next_seq, frame, err)
                                     : found;
    }
    return READER_END;
}

/* ---- the window ---- */

/* Reads on; 0 at the end, -1 if the disk fails. */
static ssize_t fill(struct reader *reader)
{
    const struct file_system *fs = reader->fs;
    buf_consume(&reader->window, reader->used);
    reader->offset += reader->used;
    reader->used = 0;
    if (reader->fd < 0)
        reader->fd = fs->open(fs, reader->path, O_RDONLY, 0);
    size_t want = AHEAD_BYTES - reader->window.len;
    char *to = reader->fd >= 0 ? buf_reserve(&reader->window, want) : NULL;
    if (!to)
        return -1;
    off_t offset = (off_t)(reader->offset + reader->window.len);
    ssize_t got;
    do
        got = fs->pread(fs, reader->fd, to, want, offset);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        buf_commit(&reader->window, (size_t)got);
    return got;
}

/* The frame at the first unused byte; 0: there is none, READER_END says if that
 * is where the file ends. */
static enum reader_found find_frame(struct reader *reader)
{
    for (;;) {
        struct text rest = text_skip(buf_text(&reader->window), reader->used);
        if (reader->offset + reader->used == 0 && rest.len > 0) {
            reader->used = segment_title_size(rest, reader->name);
            rest = text_skip(rest, reader->used);
        }
        enum frame_state state = segment_read_frame(
            rest, reader->name, &reader->frame, &reader->frame_size);
        if (state == FRAME_GOOD)
            return READER_FRAME;
        reader->frame_size = 0;
        ssize_t got = state == FRAME_CUT ? fill(reader) : -1;
        if (got == 0 && rest.len == 0)
            return READER_END;
        if (got <= 0)
            return READER_FAILED;
    }
}

enum reader_found reader_peek(struct reader *reader, uint64_t next_seq,
                              struct frame *frame, struct error *err)
{
    while (!reader->is_whole) {
        enum reader_found found = READER_FRAME;
        if (reader->frame_size == 0)
            found = find_frame(reader);
        if (found == READER_END)
            return READER_END;
        *frame = reader->frame;
        if (found == READER_FAILED || frame->seq > next_seq)
            break;
        if (frame->seq + frame->points > next_seq)
            return READER_FRAME;
        reader->used += reader->frame_size;
        reader->frame_size = 0;
    }
    return peek_whole(reader, next_seq, frame, err);
}
