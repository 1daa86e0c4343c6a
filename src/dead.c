/* dead.c - see dead.h.
 *
 * Two rooms, each with a lock of its own: the kept requests, which only the
 * committer adds to, and the refused points, which come from the relays and
 * from the committer. The lock of a room is held while it writes to the disk;
 * whoever only wants to know whether there is room does not take it.
 *
 * The rooms are opened by one process, which holds <dir>/lock.
 */
#include "dead.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "dead_file.h"
#include "dead_letter.h"
#include "dead_points.h"
#include "dead_requests.h"
#include "error.h"
#include "file.h"

enum { NEARLY_FULL_PERCENT = 90, RIDERS_BYTES = 64 << 20 };

struct dead {
    struct dead_options options; /* its defaults filled in */
    char *dir;
    int lock_fd;

    pthread_mutex_t requests_lock; /* guards requests */
    struct dead_requests requests;

    pthread_mutex_t points_lock; /* guards what is below */
    /* All that were met; it only grows, so it may be walked without the lock.
     */
    _Atomic(struct dead_points *) outputs;
};

/* ---- requests ---- */

static bool write_requests(void *self, const struct text *items, size_t count,
                           struct error *err)
{
    struct dead *dead = self;
    pthread_mutex_lock(&dead->requests_lock);
    bool is_kept = dead_requests_add(&dead->requests, items, count, err);
    pthread_mutex_unlock(&dead->requests_lock);
    return is_kept;
}

static bool has_room_for_requests(void *self, size_t count, size_t bytes,
                                  struct error *err)
{
    struct dead *dead = self;
    return dead_requests_have_room(&dead->requests, count, bytes, err);
}

bool dead_replace_request(struct dead *dead, const char *id, struct text text,
                          struct error *err)
{
    pthread_mutex_lock(&dead->requests_lock);
    bool is_done = dead_requests_replace(&dead->requests, id, text, err);
    pthread_mutex_unlock(&dead->requests_lock);
    return is_done;
}

size_t dead_repetitions(struct dead *dead, const char *id)
{
    pthread_mutex_lock(&dead->requests_lock);
    size_t count = dead_requests_repetitions(&dead->requests, id);
    pthread_mutex_unlock(&dead->requests_lock);
    return count;
}

bool dead_drop_request(struct dead *dead, const char *id, size_t again,
                       struct error *err)
{
    pthread_mutex_lock(&dead->requests_lock);
    bool is_done = dead_requests_drop(&dead->requests, id, again, err);
    pthread_mutex_unlock(&dead->requests_lock);
    return is_done;
}

bool dead_sync_drops(struct dead *dead, struct error *err)
{
    return dead_file_sync_dir(dead->options.fs, dead->requests.dir, err);
}

/* ---- points ---- */

/* NULL: there is none. */
static struct dead_points *find_output(struct dead *dead, struct text output)
{
    struct dead_points *points = atomic_load(&dead->outputs);
    while (points && !text_equal(text_of(points->output), output))
        points = points->next;
    return points;
}

/* Under the lock. */
static bool open_output(struct dead *dead, struct text output,
                        struct error *err)
{
    char dir[DEAD_PATH_BYTES];
    struct dead_points *points = xcalloc(1, sizeof *points);
    snprintf(dir, sizeof dir, "%s/points/%.*s", dead->dir, TEXT_ARG(output));
    points->fs = dead->options.fs;
    points->output = xstrndup(output.at, output.len);
    points->dir = xstrdup(dir);
    points->max_bytes = dead->options.max_point_bytes;
    points->max_age_ns = dead->options.max_point_age_ns;
    points->next = atomic_load(&dead->outputs);
    if (dead_points_open(points, err)) {
        dead_points_expire(points, dead->options.wall_ns());
        atomic_store(&dead->outputs, points);
        return true;
    }
    dead_points_close(points);
    free(points);
    return false;
}

static bool add_letters(struct dead *dead, struct text output,
                        struct text letters, size_t count, struct error *err)
{
    pthread_mutex_lock(&dead->points_lock);
    bool is_kept = (find_output(dead, output) || open_output(dead, output, err))
                   && dead_points_add(find_output(dead, output), letters, count,
                                      dead->options.wall_ns(), err);
    pthread_mutex_unlock(&dead->points_lock);
    return is_kept;
}

bool dead_refuse(struct dead *dead, const char *output,
                 const struct dead_point *points, size_t count,
                 struct error *err)
{
    struct buf letters;
    int64_t wall_ns = dead->options.wall_ns();
    bool is_kept = true;
    buf_init(&letters, RIDERS_BYTES);
    for (size_t i = 0; is_kept && i < count; i++)
        is_kept = dead_letter_write(&letters, &points[i], wall_ns)
                  || fail(err, ERR_TOO_LARGE,
                          "%zu refused points at once are too many", count);
    is_kept = is_kept
              && (count == 0
                  || add_letters(dead, text_of(output), buf_text(&letters),
                                 count, err));
    buf_deinit(&letters);
    return is_kept;
}

bool dead_drop_points(struct dead *dead, const char *output,
                      const struct text *names, size_t count, bool *found,
                      struct error *err)
{
    pthread_mutex_lock(&dead->points_lock);
    struct dead_points *points = find_output(dead, text_of(output));
    memset(found, 0, count * sizeof *found);
    bool is_done =
        !points || dead_points_drop(points, names, count, found, err);
    pthread_mutex_unlock(&dead->points_lock);
    return is_done;
}

uint64_t dead_points(struct dead *dead, const char *output)
{
    struct dead_points *points = find_output(dead, text_of(output));
    return points ? atomic_load(&points->count) : 0;
}

/* ---- points that ride ---- */

/* "<output> <count>\n", then the letters. */
bool dead_write_rider(struct buf *out, const char *output,
                      const struct dead_point *points, size_t count,
                      int64_t wall_ns)
{
    size_t before = out->len;
    bool is_written = buf_printf(out, "%s %zu\n", output, count);
    for (size_t i = 0; is_written && i < count; i++)
        is_written = dead_letter_write(out, &points[i], wall_ns);
    if (!is_written)
        buf_truncate(out, before);
    return is_written;
}

static size_t count_letters(struct text letters)
{
    struct dead_letter letter;
    size_t count = 0;
    while (dead_letter_next(&letters, &letter))
        count++;
    return count;
}

static struct text output_of(struct text item, struct text *letters)
{
    struct text line = text_cut(&item, '\n');
    *letters = item;
    return text_cut(&line, ' ');
}

/* The items of one output are written together, when its first is met. */
static bool write_points(void *self, const struct text *items, size_t count,
                         struct error *err)
{
    struct buf all;
    struct text letters;
    bool is_kept = true;
    buf_init(&all, RIDERS_BYTES);
    for (size_t i = 0; is_kept && i < count; i++) {
        struct text output = output_of(items[i], &letters);
        size_t first = 0;
        while (first < i
               && !text_equal(output_of(items[first], &letters), output))
            first++;
        if (first < i)
            continue;
        buf_clear(&all);
        for (size_t j = i; is_kept && j < count; j++)
            if (text_equal(output_of(items[j], &letters), output))
                is_kept = buf_append_text(&all, letters)
                          || fail(err, ERR_TOO_LARGE,
                                  "too many refused points at once");
        is_kept = is_kept
                  && add_letters(self, output, buf_text(&all),
                                 count_letters(buf_text(&all)), err);
    }
    buf_deinit(&all);
    return is_kept;
}

void dead_sinks(struct dead *dead, struct journal_sink sinks[DEAD_SINKS])
{
    sinks[DEAD_REQUESTS] =
        (struct journal_sink){.self = dead,
                              .write = write_requests,
                              .has_room = has_room_for_requests};
    sinks[DEAD_POINTS] =
        (struct journal_sink){.self = dead, .write = write_points};
}

/* ---- status ---- */

void dead_status(struct dead *dead, struct dead_status *status)
{
    *status = (struct dead_status){
        .requests = atomic_load(&dead->requests.count),
        .request_bytes = atomic_load(&dead->requests.bytes),
        .max_requests = dead->requests.max_count,
        .max_request_bytes = dead->requests.max_bytes};
    status->is_nearly_full =
        status->requests * 100 >= status->max_requests * NEARLY_FULL_PERCENT
        || status->request_bytes * 100
               >= status->max_request_bytes * NEARLY_FULL_PERCENT;
}

/* ---- open and close ---- */

static bool take_lock(struct dead *dead, struct error *err)
{
    const struct file_system *fs = dead->options.fs;
    char path[DEAD_PATH_BYTES];
    snprintf(path, sizeof path, "%s/lock", dead->dir);
    dead->lock_fd = fs->open(fs, path, O_RDWR | O_CREAT, 0600);
    if (dead->lock_fd < 0)
        return fail_errno(err, "opening %s", path);
    if (fs->lock(fs, dead->lock_fd) == 0)
        return true;
    return errno == EWOULDBLOCK
               ? fail(err, ERR_CONFIG,
                      "another process has %s, maybe a gateway: stop it, or "
                      "set another `data`",
                      dead->dir)
               : fail_errno(err, "locking %s", path);
}

static bool open_requests(struct dead *dead, struct error *err)
{
    char dir[DEAD_PATH_BYTES];
    snprintf(dir, sizeof dir, "%s/requests", dead->dir);
    dead->requests.fs = dead->options.fs;
    dead->requests.dir = xstrdup(dir);
    dead->requests.max_count = dead->options.max_requests;
    dead->requests.max_bytes = dead->options.max_request_bytes;
    return dead_requests_open(&dead->requests, err);
}

struct folders {
    struct dead *dead;
    struct error *err;
    bool is_open;
};

static void open_folder(const char *name, void *context)
{
    struct folders *folders = context;
    folders->is_open =
        folders->is_open
        && open_output(folders->dead, text_of(name), folders->err);
}

static bool open_points(struct dead *dead, struct error *err)
{
    char dir[DEAD_PATH_BYTES];
    struct folders folders = {dead, err, true};
    snprintf(dir, sizeof dir, "%s/points", dead->dir);
    if (!dead_file_make_dir(dead->options.fs, dir, err))
        return false;
    if (dead->options.fs->list(dead->options.fs, dir, open_folder, &folders)
        != 0)
        return fail_errno(err, "reading folder %s", dir);
    return folders.is_open;
}

static void fill_in(struct dead_options *options)
{
    if (!options->fs)
        options->fs = &file_real;
    if (!options->wall_ns)
        options->wall_ns = clock_wall_ns;
    if (!options->max_requests)
        options->max_requests = LIMIT_DEAD_REQUESTS;
    if (!options->max_request_bytes)
        options->max_request_bytes = LIMIT_DEAD_REQUEST_BYTES;
    if (!options->max_point_bytes)
        options->max_point_bytes = LIMIT_DEAD_POINT_BYTES;
    if (!options->max_point_age_ns)
        options->max_point_age_ns =
            LIMIT_DEAD_POINT_DAYS * 24 * 3600 * NS_PER_S;
}

struct dead *dead_open(const struct dead_options *options, struct error *err)
{
    struct dead *dead = xcalloc(1, sizeof *dead);
    dead->options = *options;
    fill_in(&dead->options);
    dead->dir = xstrdup(options->dir);
    dead->lock_fd = -1;
    pthread_mutex_init(&dead->requests_lock, NULL);
    pthread_mutex_init(&dead->points_lock, NULL);
    if (dead_file_make_dir(dead->options.fs, dead->dir, err)
        && take_lock(dead, err) && open_requests(dead, err)
        && open_points(dead, err))
        return dead;
    dead_close(dead);
    return NULL;
}

void dead_close(struct dead *dead)
{
    if (!dead)
        return;
    dead_requests_close(&dead->requests);
    struct dead_points *points = atomic_load(&dead->outputs);
    while (points) {
        struct dead_points *next = points->next;
        dead_points_close(points);
        free(points);
        points = next;
    }
    if (dead->lock_fd >= 0)
        dead->options.fs->close(dead->options.fs, dead->lock_fd);
    pthread_mutex_destroy(&dead->requests_lock);
    pthread_mutex_destroy(&dead->points_lock);
    free(dead->dir);
    free(dead);
}
