/* dead_list.c - see dead_list.h. Names first, then file by file: a folder is
 * not walked while its letters are handed out, for whoever gets them may remove
 * some. */
#include "dead_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "dead_file.h"
#include "error.h"
#include "file.h"

enum { HEAD_BYTES = 32 << 10, FILE_MAX_BYTES = 64 << 20 };

/* ---- names ---- */

struct names {
    const char *ending;
    char **items; /* without the ending */
    size_t count;
};

static void add_name(const char *name, void *context)
{
    struct names *names = context;
    struct text stem = text_of(name);
    if (!text_ends_with(stem, text_of(names->ending)))
        return;
    stem.len -= strlen(names->ending);
    names->items =
        xrealloc(names->items, (names->count + 1) * sizeof *names->items);
    names->items[names->count++] = xstrndup(stem.at, stem.len);
}

static bool list_names(const struct file_system *fs, const char *dir,
                       struct names *names, struct error *err)
{
    return fs->list(fs, dir, add_name, names) == 0 || errno == ENOENT
           || fail_errno(err, "reading folder %s", dir);
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

/* ---- requests ---- */

static uint64_t count_again(const struct file_system *fs, const char *dir,
                            const char *id)
{
    char path[DEAD_PATH_BYTES];
    struct stat st;
    snprintf(path, sizeof path, "%s/requests/%s.again", dir, id);
    return fs->stat(fs, path, &st) == 0
               ? (uint64_t)st.st_size / DEAD_AGAIN_BYTES
               : 0;
}

void dead_list_again(const struct file_system *fs, const char *dir,
                     const char *id, struct buf *out)
{
    char path[DEAD_PATH_BYTES];
    fs = fs ? fs : &file_real;
    snprintf(path, sizeof path, "%s/requests/%s.again", dir, id);
    buf_clear(out);
    file_read(fs, path, out, NULL);
}

/* The beginning of the file; -1: it has gone. */
static ssize_t read_head(const struct file_system *fs, const char *dir,
                         const char *id, char head[HEAD_BYTES])
{
    char path[DEAD_PATH_BYTES];
    snprintf(path, sizeof path, "%s/requests/%s.http", dir, id);
    int fd = fs->open(fs, path, O_RDONLY, 0);
    if (fd < 0)
        return -1;
    ssize_t got = fs->pread(fs, fd, head, HEAD_BYTES, 0);
    fs->close(fs, fd);
    return got;
}

bool dead_list_requests(const struct file_system *fs, const char *dir,
                        void (*each)(void *context, const char *id,
                                     const struct dead_request *request,
                                     uint64_t again),
                        void *context, struct error *err)
{
    char folder[DEAD_PATH_BYTES], head[HEAD_BYTES];
    struct names names = {.ending = ".http"};
    fs = fs ? fs : &file_real;
    snprintf(folder, sizeof folder, "%s/requests", dir);
    bool is_read = list_names(fs, folder, &names, err);
    for (size_t i = 0; is_read && i < names.count; i++) {
        struct dead_request request;
        ssize_t got = read_head(fs, dir, names.items[i], head);
        if (got > 0
            && dead_request_read((struct text){head, (size_t)got}, &request))
            each(context, names.items[i], &request,
                 count_again(fs, dir, names.items[i]));
    }
    free_names(&names);
    return is_read;
}

/* Does <first>.again name that id? */
static bool names_id(const struct file_system *fs, const char *dir,
                     const char *first, struct text id)
{
    struct buf held;
    struct dead_again again;
    bool is_named = false;
    buf_init(&held, DEAD_AGAIN_FILE_BYTES);
    dead_list_again(fs, dir, first, &held);
    struct text rest = buf_text(&held);
    while (!is_named && dead_again_next(&rest, &again))
        is_named = text_equal(again.id, id);
    buf_deinit(&held);
    return is_named;
}

bool dead_list_kept_as(const struct file_system *fs, const char *dir,
                       const char *id, char first[DEAD_LIST_ID_BYTES])
{
    char path[DEAD_PATH_BYTES];
    struct names names = {.ending = ".again"};
    struct stat st;
    bool is_found = false;
    if (strlen(id) != DEAD_LIST_ID_BYTES - 1 || strchr(id, '/'))
        return false;
    fs = fs ? fs : &file_real;
    snprintf(path, sizeof path, "%s/requests/%s.http", dir, id);
    snprintf(first, DEAD_LIST_ID_BYTES, "%s", id);
    if (fs->stat(fs, path, &st) == 0)
        return true;
    snprintf(path, sizeof path, "%s/requests", dir);
    list_names(fs, path, &names, NULL);
    for (size_t i = 0; !is_found && i < names.count; i++) {
        is_found = names_id(fs, dir, names.items[i], text_of(id));
        if (is_found)
            snprintf(first, DEAD_LIST_ID_BYTES, "%s", names.items[i]);
    }
    free_names(&names);
    return is_found;
}

bool dead_list_load(const struct file_system *fs, const char *dir,
                    const char *id, struct buf *out, uint64_t *again,
                    struct error *err)
{
    char path[DEAD_PATH_BYTES];
    struct stat st;
    fs = fs ? fs : &file_real;
    snprintf(path, sizeof path, "%s/requests/%s.http", dir, id);
    if (strchr(id, '/') || fs->stat(fs, path, &st) != 0)
        return fail(err, ERR_NOT_FOUND, "there is no dead letter %.60s", id);
    *again = count_again(fs, dir, id);
    return file_read(fs, path, out, err);
}

/* ---- points ---- */

bool dead_list_outputs(const struct file_system *fs, const char *dir,
                       void (*each)(const char *name, void *context),
                       void *context, struct error *err)
{
    char folder[DEAD_PATH_BYTES];
    struct names names = {.ending = ""};
    fs = fs ? fs : &file_real;
    snprintf(folder, sizeof folder, "%s/points", dir);
    bool is_read = list_names(fs, folder, &names, err);
    for (size_t i = 0; is_read && i < names.count; i++)
        each(names.items[i], context);
    free_names(&names);
    return is_read;
}

struct aged_file {
    char *name;
    int64_t latest_ns;
};

static int compare_age(const void *left, const void *right)
{
    const struct aged_file *a = left, *b = right;
    if (a->latest_ns != b->latest_ns)
        return a->latest_ns < b->latest_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool read_points(const struct file_system *fs, const char *folder,
                        const char *name, struct buf *out)
{
    char path[2 * DEAD_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s.lp", folder, name);
    buf_clear(out);
    return file_read(fs, path, out, NULL);
}

/* By the time in their first lines; the names are still the list's. */
static struct aged_file *sort_by_age(const struct file_system *fs,
                                     const char *folder,
                                     const struct names *names)
{
    struct aged_file *files = xcalloc(names->count, sizeof *files);
    for (size_t i = 0; i < names->count; i++) {
        char path[2 * DEAD_PATH_BYTES], head[128];
        uint64_t ignored;
        files[i].name = names->items[i];
        snprintf(path, sizeof path, "%s/%s.lp", folder, names->items[i]);
        int fd = fs->open(fs, path, O_RDONLY, 0);
        ssize_t got = fd < 0 ? -1 : fs->pread(fs, fd, head, sizeof head, 0);
        if (fd >= 0)
            fs->close(fs, fd);
        if (got > 0)
            dead_head_read((struct text){head, (size_t)got}, &ignored,
                           &files[i].latest_ns);
    }
    if (names->count > 1)
        qsort(files, names->count, sizeof *files, compare_age);
    return files;
}

bool dead_list_points(const struct file_system *fs, const char *dir,
                      const char *output,
                      bool (*each)(void *context,
                                   const struct dead_letter *letter),
                      void *context, struct error *err)
{
    char folder[DEAD_PATH_BYTES];
    struct names names = {.ending = ".lp"};
    struct buf content;
    fs = fs ? fs : &file_real;
    snprintf(folder, sizeof folder, "%s/points/%s", dir, output);
    if (!list_names(fs, folder, &names, err))
        return false;
    struct aged_file *files = sort_by_age(fs, folder, &names);
    buf_init(&content, FILE_MAX_BYTES);
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < names.count; i++) {
        if (!read_points(fs, folder, files[i].name, &content))
            continue;
        struct text rest = buf_text(&content);
        struct dead_letter letter;
        while (goes_on && dead_letter_next(&rest, &letter))
            goes_on = each(context, &letter);
    }
    buf_deinit(&content);
    free(files);
    free_names(&names);
    return true;
}
