/* recorder.c - see recorder.h.
 *
 *   20260102T030405.123456789Z-ecowitt-station.http
 *
 * A worker writes the request into memory and puts it into a queue; the thread
 * empties the queue, then rests for many times as long as that took, so that
 * recording costs little however many come. A file is written beside, under one
 * name that is used again and again, and renamed: whoever runs the tests of the
 * folder meets whole files only.
 *
 * A folder that went away is made again. What can go wrong: a full disk, a
 * folder that cannot be made. The request is left out, and the log says so at
 * most once a minute.
 */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blank.h"
#include "buf.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "log.h"
#include "recorded.h"
#include "request.h"
#include "route.h"
#include "thread.h"

enum {
    QUEUE_FILES = 256,
    QUEUE_BYTES = 32 << 20,
    REST_TIMES = 24, /* as long as it worked: 4 % of one core at most */
    FILE_BYTES = 16 << 20,
    SLUG_BYTES = 60,
    STAMP_BYTES = 26, /* "20260102T030405.123456789Z" and a NUL */
    NAME_BYTES = STAMP_BYTES + 1 + SLUG_BYTES + 8,
    PATH_BYTES = 4096,
    SAY_MS = 60000
};

static const char unfinished[] = ".recording";

struct item {
    char name[NAME_BYTES];
    struct buf text;
};

/* A file that is there, the oldest first in the ring. */
struct kept {
    char name[NAME_BYTES];
    uint64_t bytes;
};

struct recorder {
    struct recorder_options options;
    char *dir;

    pthread_mutex_t lock; /* guards these */
    pthread_cond_t wake;  /* there is something in the queue, or a stop */
    pthread_cond_t stop;
    struct item queue[QUEUE_FILES];
    size_t queued_bytes;
    bool is_stopping;

    atomic_size_t queued;           /* changed with the lock held */
    atomic_uint_least64_t left_out; /* since the log said so */
    atomic_bool has_begun;          /* there was a request before */
    pthread_t thread;

    /* The thread's. */
    struct item taken[QUEUE_FILES];
    struct kept *kept; /* a ring of max_files + 1 */
    size_t first, count;
    uint64_t kept_bytes;
    struct log_limit said;
};

/* --------------------------------------------------------------- names --- */

/* "/ecowitt/:station" as "ecowitt-station". */
static void append_slug(char *out, const char *pattern)
{
    size_t len = 0;
    for (const char *c = pattern; *c && len < SLUG_BYTES; c++) {
        bool is_word = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')
                       || (*c >= '0' && *c <= '9');
        if (is_word)
            out[len++] = *c;
        else if (len > 0 && out[len - 1] != '-')
            out[len++] = '-';
    }
    while (len > 0 && out[len - 1] == '-')
        len--;
    snprintf(out + len, 7, "%s.http", len > 0 ? "" : "-");
}

static void make_name(char out[NAME_BYTES], int64_t time_ns,
                      const char *pattern)
{
    char text[CLOCK_TEXT_BYTES];
    int64_t rest = time_ns % NS_PER_S;
    size_t len = 0;
    clock_format(time_ns, text);
    for (const char *c = text; *c != '.'; c++)
        if (*c != '-' && *c != ':')
            out[len++] = *c;
    len += (size_t)snprintf(out + len, 13, ".%09dZ-",
                            (int)(rest < 0 ? rest + NS_PER_S : rest));
    append_slug(out + len, pattern);
}

/* One that make_name could have made: only such files are ours. */
static bool is_ours(const char *name)
{
    static const char shape[] = "ddddddddTdddddd.dddddddddZ-";
    const char *at = name;
    for (const char *c = shape; *c; c++) {
        bool fits = *c == 'd' ? *at >= '0' && *at <= '9' : *at == *c;
        if (!fits)
            return false;
        at++;
    }
    return strlen(name) < NAME_BYTES
           && text_ends_with(text_of(name), TEXT(".http"));
}

/* ------------------------------------------------------ files that are --- */

static bool path_of(const struct recorder *recorder, const char *name,
                    char out[PATH_BYTES])
{
    return snprintf(out, PATH_BYTES, "%s/%s", recorder->dir, name) < PATH_BYTES;
}

static struct kept *kept_at(const struct recorder *recorder, size_t index)
{
    return &recorder->kept[(recorder->first + index)
                           % (recorder->options.max_files + 1)];
}

static void remove_oldest(struct recorder *recorder)
{
    const struct file_system *fs = recorder->options.fs;
    struct kept *oldest = kept_at(recorder, 0);
    char path[PATH_BYTES];
    if (path_of(recorder, oldest->name, path))
        fs->unlink(fs, path); /* gone already is fine, too */
    recorder->kept_bytes -= oldest->bytes;
    recorder->first = (recorder->first + 1) % (recorder->options.max_files + 1);
    recorder->count--;
}

/* The ring has room for one more than may stay. */
static void add_kept(struct recorder *recorder, const char *name,
                     uint64_t bytes)
{
    struct kept *kept = kept_at(recorder, recorder->count++);
    snprintf(kept->name, sizeof kept->name, "%s", name);
    kept->bytes = bytes;
    recorder->kept_bytes += bytes;
    while (recorder->count > recorder->options.max_files
           || (recorder->kept_bytes > recorder->options.max_bytes
               && recorder->count > 1))
        remove_oldest(recorder);
}

struct names {
    char **items;
    size_t count;
};

static void take_name(const char *name, void *context)
{
    struct names *names = context;
    if (!is_ours(name))
        return;
    names->items =
        xrealloc(names->items, (names->count + 1) * sizeof *names->items);
    names->items[names->count++] = xstrdup(name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What an earlier run left counts as well. */
static bool take_stock(struct recorder *recorder, struct error *err)
{
    const struct file_system *fs = recorder->options.fs;
    struct names names = {0};
    char path[PATH_BYTES];
    struct stat st;
    if (fs->list(fs, recorder->dir, take_name, &names) != 0)
        return fail_errno(err, "reading folder %s", recorder->dir);
    if (names.count > 0)
        qsort(names.items, names.count, sizeof *names.items, by_name);
    for (size_t i = 0; i < names.count; i++) {
        if (path_of(recorder, names.items[i], path)
            && fs->stat(fs, path, &st) == 0)
            add_kept(recorder, names.items[i], (uint64_t)st.st_size);
        free(names.items[i]);
    }
    free(names.items);
    return true;
}

/* -------------------------------------------------------------- thread --- */

static void leave_out(struct recorder *recorder)
{
    atomic_fetch_add_explicit(&recorder->left_out, 1, memory_order_relaxed);
}

static bool write_file(struct recorder *recorder, const struct item *item,
                       struct error *err)
{
    const struct file_system *fs = recorder->options.fs;
    char beside[PATH_BYTES], path[PATH_BYTES];
    if (!path_of(recorder, unfinished, beside)
        || !path_of(recorder, item->name, path))
        return fail(err, ERR_IO, "the name of folder %s is too long",
                    recorder->dir);
    enum { FLAGS = O_WRONLY | O_CREAT | O_TRUNC };
    int fd = fs->open(fs, beside, FLAGS, 0600);
    if (fd < 0 && errno == ENOENT) { /* somebody is done with what was there */
        file_make_dirs(fs, recorder->dir, NULL);
        fd = fs->open(fs, beside, FLAGS, 0600);
    }
    if (fd < 0)
        return fail_errno(err, "opening %s", beside);
    bool fine =
        file_write_all(fs, fd, item->text.data, item->text.len, beside, err);
    fs->close(fs, fd);
    if (fine && fs->rename(fs, beside, path) != 0)
        fine = fail_errno(err, "renaming to %s", path);
    if (!fine)
        fs->unlink(fs, beside);
    return fine;
}

static void write_item(struct recorder *recorder, const struct item *item)
{
    struct error err;
    if (write_file(recorder, item, &err)) {
        add_kept(recorder, item->name, item->text.len);
        return;
    }
    leave_out(recorder);
    if (log_may_say(&recorder->said, SAY_MS, NULL))
        log_line(LOG_WARN, "record", "a request was not recorded: %s",
                 err.text);
}

static void say_left_out(struct recorder *recorder)
{
    uint64_t count =
        atomic_load_explicit(&recorder->left_out, memory_order_relaxed);
    if (count == 0 || !log_may_say(&recorder->said, SAY_MS, NULL))
        return;
    atomic_fetch_sub_explicit(&recorder->left_out, count, memory_order_relaxed);
    log_line(LOG_INFO, "record",
             "requests that were not recorded, more than can be written: "
             "%" PRIu64,
             count);
}

/* Waits for something to be in the queue, and takes all of it. */
static size_t take_queue(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    while (atomic_load(&recorder->queued) == 0 && !recorder->is_stopping)
        pthread_cond_wait(&recorder->wake, &recorder->lock);
    size_t count = atomic_load(&recorder->queued);
    memcpy(recorder->taken, recorder->queue, count * sizeof *recorder->queue);
    atomic_store(&recorder->queued, 0);
    recorder->queued_bytes = 0;
    pthread_mutex_unlock(&recorder->lock);
    return count;
}

static void rest(struct recorder *recorder, int64_t worked_ns)
{
    int64_t until_ns = clock_mono_ns() + worked_ns * REST_TIMES;
    pthread_mutex_lock(&recorder->lock);
    while (!recorder->is_stopping
           && thread_wait_until(&recorder->stop, &recorder->lock, until_ns))
        ;
    pthread_mutex_unlock(&recorder->lock);
}

static void *run(void *context)
{
    struct recorder *recorder = context;
    struct item *items = recorder->taken;
    size_t count;
    while ((count = take_queue(recorder)) > 0) {
        int64_t begin_ns = clock_thread_cpu_ns();
        for (size_t i = 0; i < count; i++) {
            write_item(recorder, &items[i]);
            buf_deinit(&items[i].text);
        }
        say_left_out(recorder);
        rest(recorder, clock_thread_cpu_ns() - begin_ns);
    }
    return NULL;
}

/* ------------------------------------------------------ handing it over -- */

bool recorder_has_room(struct recorder *recorder)
{
    if (atomic_load_explicit(&recorder->queued, memory_order_relaxed)
        < QUEUE_FILES)
        return true;
    leave_out(recorder);
    return false;
}

static bool enqueue(struct recorder *recorder, const struct item *item)
{
    pthread_mutex_lock(&recorder->lock);
    size_t count = atomic_load(&recorder->queued);
    bool fits = count < QUEUE_FILES && !recorder->is_stopping
                && recorder->queued_bytes + item->text.len <= QUEUE_BYTES;
    if (fits) {
        recorder->queue[count] = *item;
        recorder->queued_bytes += item->text.len;
        atomic_store(&recorder->queued, count + 1);
        pthread_cond_signal(&recorder->wake);
    }
    pthread_mutex_unlock(&recorder->lock);
    return fits;
}

/* What a script put into a tag or a reply is as secret as where it was; run as
 * a test the script meets the same ***. */
static bool write_expect(struct buf *out, const struct request *request,
                         const struct route *route,
                         const struct recorder_outcome *outcome)
{
    struct buf plain;
    struct error err;
    buf_init(&plain, FILE_BYTES);
    bool is_written =
        recorded_write_expect(&plain, outcome->status, outcome->message,
                              outcome->points, &err)
        && blank_write(route, request, buf_text(&plain), out);
    buf_deinit(&plain);
    return is_written;
}

void recorder_take(struct recorder *recorder, const struct request *request,
                   const struct route *route,
                   const struct recorder_outcome *outcome)
{
    struct recorded_note notes[2];
    struct recorded_options options = {.notes = notes};
    if (atomic_exchange(&recorder->has_begun, true))
        notes[options.note_count++] =
            (struct recorded_note){"follows", TEXT("the file before")};
    if (outcome->reason.len > 0)
        notes[options.note_count++] =
            (struct recorded_note){"reason", outcome->reason};
    struct item item;
    struct error err;
    buf_init(&item.text, FILE_BYTES);
    make_name(item.name, request->time_ns, route->pattern);
    if (recorded_write(&item.text, request, route, &options, &err)
        && write_expect(&item.text, request, route, outcome)
        && enqueue(recorder, &item))
        return;
    buf_deinit(&item.text);
    leave_out(recorder);
}

/* ------------------------------------------------------- open and close -- */

static void free_recorder(struct recorder *recorder)
{
    pthread_cond_destroy(&recorder->stop);
    pthread_cond_destroy(&recorder->wake);
    pthread_mutex_destroy(&recorder->lock);
    free(recorder->kept);
    free(recorder->dir);
    free(recorder);
}

/* A folder that takes no file is told now, and not at the first request. */
static bool is_writable(struct recorder *recorder, struct error *err)
{
    const struct file_system *fs = recorder->options.fs;
    char path[PATH_BYTES];
    if (!path_of(recorder, unfinished, path))
        return fail(err, ERR_IO, "the name of folder %s is too long",
                    recorder->dir);
    int fd = fs->open(fs, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return fail_errno(err, "opening %s", path);
    fs->close(fs, fd);
    fs->unlink(fs, path);
    return true;
}

struct recorder *recorder_open(const struct recorder_options *options,
                               struct error *err)
{
    struct recorder *recorder = xcalloc(1, sizeof *recorder);
    recorder->options = *options;
    if (recorder->options.max_files == 0)
        recorder->options.max_files = RECORDER_FILES;
    if (recorder->options.max_bytes == 0)
        recorder->options.max_bytes = RECORDER_BYTES;
    recorder->dir = xstrdup(options->dir);
    recorder->kept =
        xcalloc(recorder->options.max_files + 1, sizeof *recorder->kept);
    pthread_mutex_init(&recorder->lock, NULL);
    thread_init_condition(&recorder->wake);
    thread_init_condition(&recorder->stop);
    if (file_make_dirs(options->fs, recorder->dir, err)
        && is_writable(recorder, err) && take_stock(recorder, err)
        && thread_start(&recorder->thread, run, recorder, "the recorder", err))
        return recorder;
    free_recorder(recorder);
    return NULL;
}

void recorder_stop(struct recorder *recorder)
{
    if (!recorder)
        return;
    pthread_mutex_lock(&recorder->lock);
    bool was_stopping = recorder->is_stopping;
    recorder->is_stopping = true;
    pthread_cond_signal(&recorder->wake);
    pthread_cond_signal(&recorder->stop);
    pthread_mutex_unlock(&recorder->lock);
    if (!was_stopping)
        pthread_join(recorder->thread, NULL);
}

void recorder_close(struct recorder *recorder)
{
    recorder_stop(recorder);
    if (recorder)
        free_recorder(recorder);
}
