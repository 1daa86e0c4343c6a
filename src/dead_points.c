/* dead_points.c - see dead_points.h.
 *
 * A file holds many letters: one line that says how many and of when the latest
 * is, then the letters, oldest first. New ones go to the newest file while that
 * is small, which is written anew, whole, under its old name; else they begin a
 * file that is named after the first of them. So one bad point in every batch
 * makes a few files of 64 KiB, not a file each, and a file is still there whole
 * or not at all.
 *
 * A relay that died between the refusal and its cursor has the same points
 * refused again, perhaps in other company. Whatever file is written, letters of
 * the same names in it are replaced; in another file a second copy may stand.
 *
 * What can go wrong: a write or a sync: the caller tries again. A file that
 * cannot be read is left alone, and nothing is put into it.
 */
#include "dead_points.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "dead_file.h"
#include "dead_letter.h"
#include "error.h"
#include "file.h"
#include "log.h"
#include "stats.h"

enum {
    SMALL_BYTES = 64 << 10, /* a file below it takes more letters */
    HEAD_BYTES = 128,
    FILE_MAX_BYTES = 64 << 20
};

#define ENDING ".lp"

struct dead_point_file {
    char name[DEAD_NAME_BYTES]; /* without its ending */
    uint64_t bytes;
    uint64_t count;
    int64_t latest_ns;
};

/* ---- in memory ---- */

static void path_of(const struct dead_points *points, const char *name,
                    char out[DEAD_PATH_BYTES])
{
    snprintf(out, DEAD_PATH_BYTES, "%s/%s" ENDING, points->dir, name);
}

static struct dead_point_file *find_file(struct dead_points *points,
                                         struct text name)
{
    for (size_t i = 0; i < points->file_count; i++)
        if (text_equal(text_of(points->files[i].name), name))
            return &points->files[i];
    return NULL;
}

static void forget(struct dead_points *points, struct dead_point_file *file)
{
    points->bytes -= file->bytes;
    atomic_fetch_sub(&points->count, file->count);
    size_t behind = (size_t)(points->files + points->file_count - (file + 1));
    memmove(file, file + 1, behind * sizeof *file);
    points->file_count--;
}

static void note(struct dead_points *points, const struct dead_point_file *file)
{
    struct dead_point_file *known = find_file(points, text_of(file->name));
    if (known) {
        points->bytes -= known->bytes;
        atomic_fetch_sub(&points->count, known->count);
    } else {
        points->files = xrealloc(points->files, (points->file_count + 1)
                                                    * sizeof *points->files);
        known = &points->files[points->file_count++];
    }
    *known = *file;
    points->bytes += file->bytes;
    atomic_fetch_add(&points->count, file->count);
}

/* ---- one file, written anew ---- */

/* Names, sorted, to be asked whether one is among them. */
struct names {
    struct text *items; /* sorted */
    size_t count;
    const struct text *asked; /* in the order of whoever wants to know ... */
    bool *found;              /* ... which of them there were; or NULL */
};

static int compare_texts(const void *left, const void *right)
{
    const struct text *a = left, *b = right;
    return text_compare(*a, *b);
}

static bool is_among(const struct names *names, struct text name)
{
    return bsearch(&name, names->items, names->count, sizeof name,
                   compare_texts)
           != NULL;
}

static struct names sorted_names(const struct text *items, size_t count)
{
    struct names names = {.items = xcalloc(count, sizeof *items),
                          .count = count};
    memcpy(names.items, items, count * sizeof *items);
    qsort(names.items, count, sizeof *items, compare_texts);
    return names;
}

static void note_found(const struct names *names, struct text name)
{
    for (size_t i = 0; names->found && i < names->count; i++)
        names->found[i] |= text_equal(names->asked[i], name);
}

/* What became of the letters of a file that is written anew. */
struct tally {
    size_t copied;
    size_t left_out;
};

/* Appends the letters that are not among the names. */
static struct tally copy_others(struct text held, const struct names *names,
                                struct buf *out)
{
    struct dead_letter letter;
    struct tally tally = {0};
    while (dead_letter_next(&held, &letter))
        if (is_among(names, letter.name)) {
            note_found(names, letter.name);
            tally.left_out++;
        } else {
            buf_append_text(out, letter.whole);
            tally.copied++;
        }
    return tally;
}

static bool put(struct dead_points *points, const char *name,
                struct text letters, size_t count, int64_t latest_ns,
                struct error *err)
{
    char full_name[DEAD_NAME_BYTES + sizeof ENDING];
    struct buf head;
    buf_init(&head, HEAD_BYTES);
    dead_head_write(&head, count, latest_ns);
    const struct text pieces[] = {buf_text(&head), letters};
    snprintf(full_name, sizeof full_name, "%s" ENDING, name);
    bool is_put =
        dead_file_put(points->fs, points->dir, full_name, pieces, 2, err)
        && dead_file_sync_dir(points->fs, points->dir, err);
    if (is_put) {
        struct dead_point_file file = {.bytes = head.len + letters.len,
                                       .count = count,
                                       .latest_ns = latest_ns};
        snprintf(file.name, sizeof file.name, "%s", name);
        note(points, &file);
    }
    buf_deinit(&head);
    return is_put;
}

static bool read_letters(const struct dead_points *points, const char *name,
                         struct buf *out, struct error *err)
{
    char path[DEAD_PATH_BYTES];
    path_of(points, name, path);
    return file_read(points->fs, path, out, err);
}

/* ---- bounds ---- */

static bool unlink_file(struct dead_points *points,
                        struct dead_point_file *file, struct error *err)
{
    char path[DEAD_PATH_BYTES];
    path_of(points, file->name, path);
    if (points->fs->unlink(points->fs, path) != 0 && errno != ENOENT)
        return fail_errno(err, "removing %s", path);
    forget(points, file);
    return true;
}

static void tell_of_thrown(const struct dead_points *points, uint64_t count)
{
    enum { EVERY_MS = 60000 };
    static struct log_limit limit;
    stats_add(&stats.dead_points_dropped, count);
    if (log_may_say(&limit, EVERY_MS, NULL))
        log_line(LOG_WARN, "dead",
                 "output %s: the oldest refused points are thrown out, %" PRIu64
                 " now; %" PRIu64 " are kept, in %" PRIu64 " bytes",
                 points->output, count, atomic_load(&points->count),
                 points->bytes);
}

static bool is_too_old(const struct dead_points *points,
                       const struct dead_point_file *file, int64_t wall_ns)
{
    return wall_ns - file->latest_ns > points->max_age_ns;
}

/* The last file stays even if it is too large alone. */
void dead_points_expire(struct dead_points *points, int64_t wall_ns)
{
    uint64_t thrown = 0;
    while (
        points->file_count > 0
        && (is_too_old(points, &points->files[0], wall_ns)
            || (points->bytes > points->max_bytes && points->file_count > 1))) {
        uint64_t count = points->files[0].count;
        if (!unlink_file(points, &points->files[0], NULL))
            break;
        thrown += count;
    }
    if (thrown > 0)
        tell_of_thrown(points, thrown);
}

/* ---- added ---- */

/* What is to be added: letters, and their names. */
struct addition {
    struct text letters;
    struct text first; /* name */
    struct names names;
};

static struct addition addition_of(struct text letters, size_t count)
{
    struct text *items = xcalloc(count, sizeof *items), rest = letters;
    struct dead_letter letter;
    size_t found = 0;
    while (found < count && dead_letter_next(&rest, &letter))
        items[found++] = letter.name;
    struct addition addition = {letters, found ? items[0] : (struct text){0},
                                sorted_names(items, found)};
    free(items);
    return addition;
}

/* The file that takes them: the one of that name, else the newest one if it is
 * small; NULL: a new one. */
static struct dead_point_file *choose_file(struct dead_points *points,
                                           struct text first)
{
    struct dead_point_file *file = find_file(points, first);
    struct dead_point_file *newest =
        points->file_count ? &points->files[points->file_count - 1] : NULL;
    return file ? file : newest && newest->bytes < SMALL_BYTES ? newest : NULL;
}

static bool add(struct dead_points *points, const struct addition *addition,
                int64_t wall_ns, struct error *err)
{
    struct dead_point_file *file = choose_file(points, addition->first);
    char name[DEAD_NAME_BYTES];
    struct buf held, whole;
    size_t count = addition->names.count;
    buf_init(&held, FILE_MAX_BYTES);
    buf_init(&whole, FILE_MAX_BYTES);
    if (file && read_letters(points, file->name, &held, NULL))
        count += copy_others(buf_text(&held), &addition->names, &whole).copied;
    else
        file = NULL;
    snprintf(name, sizeof name, "%.*s",
             TEXT_ARG(file ? text_of(file->name) : addition->first));
    bool is_added =
        ((buf_append_text(&whole, addition->letters) && !whole.has_overflowed)
         || fail(err, ERR_TOO_LARGE, "refused points of %zu bytes at once",
                 addition->letters.len))
        && put(points, name, buf_text(&whole), count, wall_ns, err);
    buf_deinit(&held);
    buf_deinit(&whole);
    return is_added;
}

bool dead_points_add(struct dead_points *points, struct text letters,
                     size_t count, int64_t wall_ns, struct error *err)
{
    struct addition addition = addition_of(letters, count);
    if (!points->is_made)
        points->is_made = dead_file_make_dir(points->fs, points->dir, err);
    bool is_added =
        points->is_made
        && (addition.names.count == 0 || add(points, &addition, wall_ns, err));
    free(addition.names.items);
    if (is_added)
        dead_points_expire(points, wall_ns);
    return is_added;
}

/* ---- dropped ---- */

static bool drop_from(struct dead_points *points, struct dead_point_file *file,
                      const struct names *names, size_t *gone,
                      struct error *err)
{
    struct buf held, left;
    struct tally tally = {0};
    bool is_done = true;
    buf_init(&held, FILE_MAX_BYTES);
    buf_init(&left, FILE_MAX_BYTES);
    if (read_letters(points, file->name, &held, NULL))
        tally = copy_others(buf_text(&held), names, &left);
    *gone += tally.left_out;
    if (left.has_overflowed) {
        is_done =
            fail(err, ERR_IO, "no memory for the letters of %s", file->name);
    } else if (tally.left_out > 0) {
        struct dead_point_file old = *file;
        is_done = tally.copied == 0 ? unlink_file(points, file, err)
                                    : put(points, old.name, buf_text(&left),
                                          tally.copied, old.latest_ns, err);
    }
    buf_deinit(&held);
    buf_deinit(&left);
    return is_done;
}

bool dead_points_drop(struct dead_points *points, const struct text *names,
                      size_t count, bool *found, struct error *err)
{
    struct names wanted = sorted_names(names, count);
    bool is_done = true;
    size_t gone = 0;
    wanted.asked = names;
    wanted.found = found;
    for (size_t at = 0; is_done && gone < count && at < points->file_count;) {
        size_t before = points->file_count;
        is_done = drop_from(points, &points->files[at], &wanted, &gone, err);
        at += points->file_count == before; /* else the next is here now */
    }
    free(wanted.items);
    return is_done
           && (!points->is_made
               || dead_file_sync_dir(points->fs, points->dir, err));
}

/* ---- open and close ---- */

struct listing {
    struct dead_points *points;
    size_t unreadable;
};

static bool read_head(const struct dead_points *points, const char *path,
                      struct dead_point_file *file)
{
    char head[HEAD_BYTES];
    const struct file_system *fs = points->fs;
    struct stat st;
    int fd = fs->open(fs, path, O_RDONLY, 0);
    ssize_t got = fd < 0 ? -1 : fs->pread(fs, fd, head, sizeof head, 0);
    bool is_read = got > 0 && fs->fstat(fs, fd, &st) == 0
                   && dead_head_read((struct text){head, (size_t)got},
                                     &file->count, &file->latest_ns);
    if (fd >= 0)
        fs->close(fs, fd);
    if (is_read)
        file->bytes = (uint64_t)st.st_size;
    return is_read;
}

static void load_file(const char *name, void *context)
{
    struct listing *listing = context;
    struct dead_point_file file = {.count = 0};
    char path[DEAD_PATH_BYTES];
    struct text stem = text_of(name);
    if (!text_ends_with(stem, TEXT(ENDING)))
        return;
    stem.len -= strlen(ENDING);
    if (stem.len == 0 || stem.len >= sizeof file.name)
        return;
    snprintf(file.name, sizeof file.name, "%.*s", TEXT_ARG(stem));
    path_of(listing->points, file.name, path);
    if (read_head(listing->points, path, &file))
        note(listing->points, &file);
    else
        listing->unreadable++;
}

static int compare_age(const void *left, const void *right)
{
    const struct dead_point_file *a = left, *b = right;
    if (a->latest_ns != b->latest_ns)
        return a->latest_ns < b->latest_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

bool dead_points_open(struct dead_points *points, struct error *err)
{
    struct listing listing = {points, 0};
    struct stat st;
    if (points->fs->stat(points->fs, points->dir, &st) != 0)
        return true;
    points->is_made = dead_file_make_dir(points->fs, points->dir, err);
    if (!points->is_made)
        return false;
    dead_file_clean(points->fs, points->dir);
    if (points->fs->list(points->fs, points->dir, load_file, &listing) != 0)
        return fail_errno(err, "reading folder %s", points->dir);
    if (points->file_count > 1)
        qsort(points->files, points->file_count, sizeof *points->files,
              compare_age);
    if (listing.unreadable > 0)
        log_line(LOG_WARN, "dead", "%s: %zu files could not be read",
                 points->dir, listing.unreadable);
    return true;
}

void dead_points_close(struct dead_points *points)
{
    free(points->files);
    free(points->dir);
    free(points->output);
}
