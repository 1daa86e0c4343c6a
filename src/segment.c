/* segment.c - see segment.h.
 *
 *   #seg 1 <seq> <salt>                          for people; the name rules
 *   #f <seq> <points> <len> <durable> <crc>
 *   <exactly len bytes of line protocol, the last one a newline>
 *   #f ...
 *
 * The CRC runs over the salt's 16 digits, the header up to the crc, and the
 * lines. A reader walks from frame to frame by length, so it never looks inside
 * lines of a segment that is whole. Where no frame stands it searches for the
 * next "#f " at any offset: searching at line starts only would lose two frames
 * to one flipped newline. Then it does look inside lines, and a sender may have
 * written headers there; the salt keeps those from counting.
 *
 * `durable` tells a torn tail from damage: numbers that are missing before a
 * frame were acknowledged only as far as its `durable`.
 *
 * Header lines use lower-case letters, digits, blanks, '#' and '-' only. Old
 * InfluxDB versions read quotes and backslashes inside comments, and would then
 * swallow the line behind.
 */
#include "segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "buf.h"
#include "error.h"
#include "file.h"

enum {
    SEQ_DIGITS = 20,
    SALT_DIGITS = 16,
    CRC_DIGITS = 8,
    LARGEST_DIGITS = 19, /* 10^19 - 1 fits 64 bits */
    CHUNK_BYTES = 256 << 10,
    PIECE_BYTES = 4 << 10, /* what is given up where the disk fails */
    PIECE_TRIES = 3
};

/* Numbers stay so far below 2^64 that adding points never wraps. */
#define LARGEST_SEQ (UINT64_C(1) << 62)

static const char mark[] = "#f ";
enum { MARK_BYTES = sizeof mark - 1 };

/* ---- names ---- */

void segment_name_write(struct segment_name name, char text[SEGMENT_NAME_BYTES])
{
    snprintf(text, SEGMENT_NAME_BYTES, "%020" PRIu64 "-%016" PRIx64 ".lp",
             name.seq, name.salt);
}

char *segment_path(const char *dir, struct segment_name name)
{
    char text[SEGMENT_NAME_BYTES];
    segment_name_write(name, text);
    return file_beside(dir, text);
}

bool segment_name_read(const char *text, struct segment_name *name)
{
    char again[SEGMENT_NAME_BYTES];
    if (strlen(text) != SEGMENT_NAME_BYTES - 1)
        return false;
    errno = 0;
    name->seq = strtoull(text, NULL, 10);
    name->salt = strtoull(text + SEQ_DIGITS + 1, NULL, 16);
    if (errno != 0 || name->seq == 0 || name->seq > LARGEST_SEQ)
        return false;
    segment_name_write(*name, again);
    return strcmp(text, again) == 0;
}

int segment_name_compare(struct segment_name a, struct segment_name b)
{
    if (a.seq != b.seq)
        return a.seq < b.seq ? -1 : 1;
    return a.salt < b.salt ? -1 : a.salt > b.salt;
}

/* ---- checksums and numbers ---- */

static uint32_t add_crc(uint32_t crc, struct text bytes)
{
    return (uint32_t)crc32(crc, (const Bytef *)bytes.at, (uInt)bytes.len);
}

uint32_t segment_crc(struct text bytes)
{
    return add_crc((uint32_t)crc32(0, NULL, 0), bytes);
}

static uint32_t frame_crc(struct segment_name name, struct text header,
                          struct text lines)
{
    char salt[SALT_DIGITS + 1];
    snprintf(salt, sizeof salt, "%016" PRIx64, name.salt);
    uint32_t crc = segment_crc((struct text){salt, SALT_DIGITS});
    return add_crc(add_crc(crc, header), lines);
}

bool segment_crc_read(struct text digits, uint32_t *crc)
{
    *crc = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f'))
            return false;
        *crc = *crc << 4 | (uint32_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    return digits.len == CRC_DIGITS;
}

bool segment_number_read(struct text *text, uint64_t *number)
{
    size_t digits = 0;
    *number = 0;
    while (digits < text->len && text->at[digits] >= '0'
           && text->at[digits] <= '9' && digits < LARGEST_DIGITS)
        *number = *number * 10 + (uint64_t)(text->at[digits++] - '0');
    bool is_padded = digits > 1 && text->at[0] == '0';
    if (digits == 0 || is_padded || digits == text->len
        || text->at[digits] != ' ')
        return false;
    *text = text_skip(*text, digits + 1);
    return true;
}

/* ---- writing ---- */

bool segment_append_title(struct buf *out, struct segment_name name)
{
    return buf_printf(out, "#seg 1 %" PRIu64 " %016" PRIx64 "\n", name.seq,
                      name.salt);
}

bool segment_takes(struct text lines, struct error *err)
{
    assert(lines.len > 0 && lines.at[lines.len - 1] == '\n');
    while (lines.len > FRAME_LINES_BYTES) {
        const char *newline = memchr(lines.at, '\n', lines.len);
        size_t len = newline ? (size_t)(newline + 1 - lines.at) : lines.len;
        if (len > FRAME_LINES_BYTES)
            return fail(err, ERR_TOO_LARGE,
                        "a line of %zu bytes, the limit is %d", len,
                        (int)LIMIT_LINE_BYTES);
        lines = text_skip(lines, len);
    }
    return true;
}

bool segment_append_frame(struct buf *out, struct segment_name name,
                          const struct frame *frame)
{
    assert(frame->lines.len > 0 && frame->lines.len <= FRAME_LINES_BYTES);
    char header[FRAME_HEADER_BYTES];
    int len = snprintf(
        header, sizeof header, "#f %" PRIu64 " %" PRIu32 " %zu %" PRIu64 " ",
        frame->seq, frame->points, frame->lines.len, frame->durable);
    uint32_t crc =
        frame_crc(name, (struct text){header, (size_t)len}, frame->lines);
    return buf_append(out, header, (size_t)len)
           && buf_printf(out, "%08" PRIx32 "\n", crc)
           && buf_append_text(out, frame->lines);
}

static uint32_t count_lines(struct text lines)
{
    uint32_t count = 0;
    const char *end = lines.at + lines.len;
    for (const char *at = lines.at; at < end; count++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    return count;
}

struct text segment_cut(struct text lines, uint32_t *points)
{
    if (lines.len > FRAME_LINES_BYTES) {
        const char *newline = memrchr(lines.at, '\n', FRAME_LINES_BYTES);
        assert(newline);
        lines.len = (size_t)(newline + 1 - lines.at);
    }
    *points = count_lines(lines);
    return lines;
}

/* ---- reading ---- */

size_t segment_title_size(struct text bytes, struct segment_name name)
{
    char title[FRAME_HEADER_BYTES];
    int len =
        snprintf(title, sizeof title, "#seg 1 %" PRIu64 " %016" PRIx64 "\n",
                 name.seq, name.salt);
    struct text wanted = {title, (size_t)len};
    return text_starts_with(bytes, wanted) ? wanted.len : 0;
}

/* header: without the mark and the newline. */
static bool read_header(struct text header, struct segment_name name,
                        struct frame *frame, uint64_t *len, uint32_t *crc)
{
    uint64_t points;
    bool is_read = segment_number_read(&header, &frame->seq)
                   && segment_number_read(&header, &points)
                   && segment_number_read(&header, len)
                   && segment_number_read(&header, &frame->durable)
                   && segment_crc_read(header, crc);
    if (!is_read || frame->seq < name.seq || frame->seq > LARGEST_SEQ
        || *len > FRAME_LINES_BYTES || points == 0 || points > *len)
        return false;
    frame->points = (uint32_t)points;
    return true;
}

enum frame_state segment_read_frame(struct text bytes, struct segment_name name,
                                    struct frame *frame, size_t *size)
{
    size_t seen =
        bytes.len < FRAME_HEADER_BYTES ? bytes.len : FRAME_HEADER_BYTES;
    size_t marked = seen < MARK_BYTES ? seen : MARK_BYTES;
    if (marked > 0 && memcmp(bytes.at, mark, marked) != 0)
        return FRAME_BAD;
    const char *newline = seen > 0 ? memchr(bytes.at, '\n', seen) : NULL;
    if (!newline)
        return seen < FRAME_HEADER_BYTES ? FRAME_CUT : FRAME_BAD;

    size_t header = (size_t)(newline + 1 - bytes.at);
    uint64_t len;
    uint32_t crc;
    if (header <= MARK_BYTES + 1 + CRC_DIGITS
        || !read_header(
            (struct text){bytes.at + MARK_BYTES, header - 1 - MARK_BYTES}, name,
            frame, &len, &crc))
        return FRAME_BAD;
    if (len > bytes.len - header)
        return FRAME_CUT;
    frame->lines = (struct text){bytes.at + header, (size_t)len};
    *size = header + (size_t)len;
    /* The last byte first: it is cheap, and look-alikes fail it. */
    if (frame->lines.at[len - 1] != '\n')
        return FRAME_BAD;
    struct text covered = {bytes.at, header - 1 - CRC_DIGITS};
    return frame_crc(name, covered, frame->lines) == crc ? FRAME_GOOD
                                                         : FRAME_BAD;
}

/* How many bytes to pass over until a frame may start, at least one. */
static size_t search(struct text bytes)
{
    struct text rest = text_skip(bytes, 1);
    const char *found =
        rest.len > 0 ? memmem(rest.at, rest.len, mark, MARK_BYTES) : NULL;
    return found ? (size_t)(found - bytes.at) : bytes.len;
}

static void *make_room(void *items, size_t count, size_t size)
{
    enum { FIRST = 16 };
    bool is_full = count == 0 || (count >= FIRST && (count & (count - 1)) == 0);
    if (!is_full)
        return items;
    return xrealloc(items, (count == 0 ? FIRST : 2 * count) * size);
}

static void add_frame(struct segment_scan *scan, struct frame frame)
{
    scan->frames = make_room(scan->frames, scan->frame_count, sizeof frame);
    scan->frames[scan->frame_count++] = frame;
}

/* Pieces that touch are one. */
static void add_bad(struct segment_scan *scan, struct text piece)
{
    scan->bad_bytes += piece.len;
    struct text *last =
        scan->bad_count ? &scan->bad[scan->bad_count - 1] : NULL;
    if (last && last->at + last->len == piece.at) {
        last->len += piece.len;
        return;
    }
    scan->bad = make_room(scan->bad, scan->bad_count, sizeof piece);
    scan->bad[scan->bad_count++] = piece;
}

static int compare_frames(const void *left, const void *right)
{
    const struct frame *a = left, *b = right;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    return a->lines.at < b->lines.at ? -1 : a->lines.at > b->lines.at;
}

/* Damaged blocks can leave frames in the wrong order, or twice. */
static void put_in_order(struct segment_scan *scan)
{
    size_t kept = 0;
    if (scan->frame_count > 1)
        qsort(scan->frames, scan->frame_count, sizeof *scan->frames,
              compare_frames);
    for (size_t i = 0; i < scan->frame_count; i++)
        if (kept == 0 || scan->frames[i].seq != scan->frames[kept - 1].seq)
            scan->frames[kept++] = scan->frames[i];
    scan->frame_count = kept;
}

void segment_scan(struct text bytes, struct segment_name name,
                  struct segment_scan *scan)
{
    *scan = (struct segment_scan){0};
    bytes = text_skip(bytes, segment_title_size(bytes, name));
    while (bytes.len > 0) {
        struct frame frame;
        size_t size;
        if (segment_read_frame(bytes, name, &frame, &size) == FRAME_GOOD) {
            add_frame(scan, frame);
        } else {
            size = search(bytes);
            add_bad(scan, (struct text){bytes.at, size});
        }
        bytes = text_skip(bytes, size);
    }
    put_in_order(scan);
}

void segment_scan_deinit(struct segment_scan *scan)
{
    free(scan->frames);
    free(scan->bad);
    *scan = (struct segment_scan){0};
}

/* ---- folders and files ---- */

static void add_name(const char *text, void *context)
{
    struct segment_list *list = context;
    struct segment_name name;
    if (!segment_name_read(text, &name))
        return;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 16;
        list->names = xrealloc(list->names, list->capacity * sizeof name);
    }
    list->names[list->count++] = name;
}

static int compare_names(const void *left, const void *right)
{
    const struct segment_name *a = left, *b = right;
    return segment_name_compare(*a, *b);
}

bool segment_list_read(const struct file_system *fs, const char *dir,
                       struct segment_list *list, struct error *err)
{
    list->count = 0;
    if (fs->list(fs, dir, add_name, list) != 0)
        return fail_errno(err, "listing %s", dir);
    if (list->count > 1)
        qsort(list->names, list->count, sizeof *list->names, compare_names);
    return true;
}

void segment_list_deinit(struct segment_list *list)
{
    free(list->names);
    *list = (struct segment_list){0};
}

static ssize_t read_at(const struct file_system *fs, int fd, char *to,
                       size_t len, off_t offset)
{
    for (int tries = 0;;) {
        ssize_t got = fs->pread(fs, fd, to, len, offset);
        if (got >= 0 || (errno != EINTR && ++tries == PIECE_TRIES))
            return got;
    }
}

/* One bad block must not cost the whole chunk: read it in small pieces, and
 * where the disk gives nothing put zeros, which no checksum accepts. */
static size_t read_pieces(const struct file_system *fs, int fd, char *to,
                          off_t offset, size_t len, size_t *unread_bytes)
{
    size_t done = 0;
    while (done < len) {
        size_t want = len - done < PIECE_BYTES ? len - done : PIECE_BYTES;
        ssize_t got = read_at(fs, fd, to + done, want, offset + (off_t)done);
        if (got == 0)
            break;
        if (got < 0) {
            memset(to + done, 0, want);
            *unread_bytes += want;
            got = (ssize_t)want;
        }
        done += (size_t)got;
    }
    return done;
}

static bool load_open(const struct file_system *fs, int fd, const char *path,
                      struct buf *out, size_t *unread_bytes, struct error *err)
{
    struct stat st;
    if (fs->fstat(fs, fd, &st) != 0)
        return fail_errno(err, "asking for the size of %s", path);
    size_t size = SEGMENT_MAX_BYTES;
    if ((uint64_t)st.st_size < size)
        size = (size_t)st.st_size;
    while (out->len < size) {
        size_t want =
            size - out->len < CHUNK_BYTES ? size - out->len : CHUNK_BYTES;
        off_t offset = (off_t)out->len;
        char *to = buf_reserve(out, want);
        if (!to)
            return fail(err, ERR_TOO_LARGE, "%s: no memory for %zu bytes", path,
                        size);
        ssize_t got = read_at(fs, fd, to, want, offset);
        if (got < 0 && !unread_bytes)
            return fail_errno(err, "reading %s at %zu", path, out->len);
        if (got < 0)
            got = (ssize_t)read_pieces(fs, fd, to, offset, want, unread_bytes);
        if (got == 0)
            break;
        buf_commit(out, (size_t)got);
    }
    return true;
}

bool segment_load(const struct file_system *fs, const char *path,
                  struct buf *out, size_t *unread_bytes, struct error *err)
{
    buf_clear(out);
    if (unread_bytes)
        *unread_bytes = 0;
    int fd = fs->open(fs, path, O_RDONLY, 0);
    if (fd < 0)
        return fail_errno(err, "opening %s", path);
    bool is_loaded = load_open(fs, fd, path, out, unread_bytes, err);
    fs->close(fs, fd);
    return is_loaded;
}
