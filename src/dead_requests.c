/* dead_requests.c - see dead_requests.h.
 *
 * Of each letter memory holds its name, its size and a key: a hash of what
 * makes two letters equal. A new one is written with its key as one more
 * annotation, so that opening a full folder reads only the beginnings. When a
 * key is there already the file is read and compared; if it is equal indeed,
 * its id is appended to <id>.again, so that whoever was told that id finds the
 * letter, and whose length is the number of repetitions. That write is not
 * synced: a power cut may lose the latest of the count, never a letter.
 *
 * What can go wrong: a write or a sync, and then all letters of this group that
 * were new are removed again. A letter stays in memory only if its file and its
 * name are on disk for good; else a repetition would count up on something that
 * a power cut takes away. For the same reason the folder is synced at open:
 * whoever wrote there before us may have died before its sync.
 */
#include "dead_requests.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "ceilings.h"
#include "dead_file.h"
#include "dead_letter.h"
#include "error.h"
#include "file.h"
#include "log.h"
#include "stats.h"

enum {
    ID_BYTES = 17,
    HEAD_BYTES = 32 << 10, /* holds title and annotations */
    KEY_LINE_BYTES = 32
};

struct dead_entry {
    char id[ID_BYTES];
    uint64_t bytes;
};

#define ENDING ".http"
#define AGAIN ".again"

/* ---- in memory ---- */

static void add_entry(struct dead_requests *requests, const char *id,
                      uint64_t key, uint64_t bytes)
{
    if (requests->entry_count == requests->capacity) {
        requests->capacity = requests->capacity ? 2 * requests->capacity : 64;
        requests->entries = xrealloc(
            requests->entries, requests->capacity * sizeof *requests->entries);
        requests->keys = xrealloc(requests->keys,
                                  requests->capacity * sizeof *requests->keys);
    }
    size_t at = requests->entry_count++;
    struct dead_entry *entry = &requests->entries[at];
    *entry = (struct dead_entry){.bytes = bytes};
    snprintf(entry->id, sizeof entry->id, "%s", id);
    requests->keys[at] = key;
    atomic_store(&requests->count, requests->entry_count);
    atomic_fetch_add(&requests->bytes, bytes);
}

static void remove_entry(struct dead_requests *requests, size_t at)
{
    atomic_fetch_sub(&requests->bytes, requests->entries[at].bytes);
    size_t last = --requests->entry_count;
    requests->entries[at] = requests->entries[last];
    requests->keys[at] = requests->keys[last];
    atomic_store(&requests->count, requests->entry_count);
}

static size_t find_id(const struct dead_requests *requests, const char *id)
{
    size_t at = 0;
    while (at < requests->entry_count
           && strcmp(requests->entries[at].id, id) != 0)
        at++;
    return at;
}

bool dead_requests_have_room(struct dead_requests *requests, size_t count,
                             size_t bytes, struct error *err)
{
    uint64_t held = atomic_load(&requests->count);
    uint64_t held_bytes = atomic_load(&requests->bytes);
    if (held + count > requests->max_count)
        return fail(err, ERR_FULL,
                    "%" PRIu64 " requests are kept in %s, the limit is %" PRIu64
                    "; see `moonline dead ls`",
                    held, requests->dir, requests->max_count);
    return held_bytes + bytes <= requests->max_bytes
           || fail(err, ERR_FULL,
                   "the requests in %s have %" PRIu64
                   " bytes, the limit is %" PRIu64 "; see `moonline dead ls`",
                   requests->dir, held_bytes, requests->max_bytes);
}

/* ---- files ---- */

static void path_of(const struct dead_requests *requests, const char *id,
                    const char *ending, char out[DEAD_PATH_BYTES])
{
    snprintf(out, DEAD_PATH_BYTES, "%s/%s%s", requests->dir, id, ending);
}

static bool is_id(struct text id)
{
    if (id.len != ID_BYTES - 1)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!memchr("0123456789abcdef", id.at[i], 16))
            return false;
    return true;
}

/* Written with the key behind its title. */
static bool put(struct dead_requests *requests, const char *id,
                const struct dead_request *request, uint64_t key,
                struct text text, struct error *err)
{
    char name[ID_BYTES + sizeof ENDING], line[KEY_LINE_BYTES];
    int len = snprintf(line, sizeof line, "# @key %016" PRIx64 "\n", key);
    const struct text pieces[] = {request->title,
                                  {line, (size_t)len},
                                  text_skip(text, request->title.len)};
    snprintf(name, sizeof name, "%s" ENDING, id);
    return dead_file_put(requests->fs, requests->dir, name, pieces, 3, err);
}

/* Whether the file is really there, and really equal. */
static bool is_same(struct dead_requests *requests, const char *id,
                    const struct dead_request *request)
{
    char path[DEAD_PATH_BYTES];
    struct buf held;
    struct dead_request there;
    path_of(requests, id, ENDING, path);
    buf_init(&held, requests->max_bytes + KEY_LINE_BYTES);
    bool is_equal = file_read(requests->fs, path, &held, NULL)
                    && dead_request_read(buf_text(&held), &there)
                    && dead_request_equal(&there, request);
    buf_deinit(&held);
    return is_equal;
}

static void count_up(struct dead_requests *requests, const char *id,
                     struct text again)
{
    char path[DEAD_PATH_BYTES], line[DEAD_AGAIN_BYTES + 1];
    const struct file_system *fs = requests->fs;
    struct stat st;
    path_of(requests, id, AGAIN, path);
    int fd = fs->open(fs, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0)
        return;
    bool is_named =
        fs->fstat(fs, fd, &st) == 0 && st.st_size < DEAD_AGAIN_MAX_BYTES;
    snprintf(line, sizeof line, "%.*s\n", TEXT_ARG(again));
    file_write_all(fs, fd, is_named ? line : ".",
                   is_named ? DEAD_AGAIN_BYTES : 1, path, NULL);
    fs->close(fs, fd);
}

static bool find_equal(struct dead_requests *requests,
                       const struct dead_request *request, uint64_t key,
                       size_t *at)
{
    for (*at = 0; *at < requests->entry_count; ++*at)
        if (requests->keys[*at] == key
            && is_same(requests, requests->entries[*at].id, request))
            return true;
    return false;
}

/* *is_written: the folder has a name that is not synced. */
static bool add_one(struct dead_requests *requests, struct text item,
                    bool *is_written, struct error *err)
{
    struct dead_request request;
    char id[ID_BYTES];
    size_t at;
    if (!dead_request_read(item, &request) || !is_id(request.id))
        return fail(err, ERR_IO, "a request to keep has no id");
    uint64_t key = dead_request_key(&request);
    if (find_equal(requests, &request, key, &at)) {
        count_up(requests, requests->entries[at].id, request.id);
        return true;
    }
    snprintf(id, sizeof id, "%.*s", TEXT_ARG(request.id));
    if (!put(requests, id, &request, key, item, err))
        return false;
    *is_written = true;
    at = find_id(requests, id);
    if (at == requests->entry_count)
        add_entry(requests, id, key, item.len);
    else
        requests->keys[at] = key; /* it has replaced its namesake */
    return true;
}

static void unlink_letter(struct dead_requests *requests, const char *id)
{
    char path[DEAD_PATH_BYTES];
    path_of(requests, id, ENDING, path);
    requests->fs->unlink(requests->fs, path);
    path_of(requests, id, AGAIN, path);
    requests->fs->unlink(requests->fs, path);
}

static void take_back(struct dead_requests *requests, size_t from)
{
    while (requests->entry_count > from) {
        size_t last = requests->entry_count - 1;
        unlink_letter(requests, requests->entries[last].id);
        remove_entry(requests, last);
    }
}

bool dead_requests_add(struct dead_requests *requests, const struct text *items,
                       size_t count, struct error *err)
{
    size_t before = requests->entry_count;
    bool is_kept = true, is_written = false;
    for (size_t i = 0; is_kept && i < count; i++)
        is_kept = add_one(requests, items[i], &is_written, err);
    if (is_kept && is_written)
        is_kept = dead_file_sync_dir(requests->fs, requests->dir, err);
    if (!is_kept)
        take_back(requests, before);
    else
        stats_add(&stats.kept_requests, count);
    return is_kept;
}

/* ---- dropped, or another text ---- */

static bool find_letter(struct dead_requests *requests, const char *id,
                        size_t *at, struct error *err)
{
    *at = find_id(requests, id);
    return *at < requests->entry_count
           || fail(err, ERR_NOT_FOUND, "there is no dead letter %.60s", id);
}

bool dead_requests_replace(struct dead_requests *requests, const char *id,
                           struct text text, struct error *err)
{
    struct dead_request request;
    size_t at;
    if (!find_letter(requests, id, &at, err))
        return false;
    if (!dead_request_read(text, &request))
        return fail(err, ERR_IO, "the letter %s has no request", id);
    uint64_t key = dead_request_key(&request);
    if (!put(requests, id, &request, key, text, err)
        || !dead_file_sync_dir(requests->fs, requests->dir, err))
        return false;
    remove_entry(requests, at);
    add_entry(requests, id, key, text.len);
    return true;
}

bool dead_requests_drop(struct dead_requests *requests, const char *id,
                        struct error *err)
{
    char path[DEAD_PATH_BYTES];
    size_t at;
    if (!find_letter(requests, id, &at, err))
        return false;
    path_of(requests, id, ENDING, path);
    if (requests->fs->unlink(requests->fs, path) != 0 && errno != ENOENT)
        return fail_errno(err, "removing %s", path);
    unlink_letter(requests, id);
    remove_entry(requests, at);
    return true;
}

/* ---- open and close ---- */

struct listing {
    struct dead_requests *requests;
    size_t unreadable;
};

/* The key that stands in the file, else (a person put it there) a new one; 0:
 * no letter. */
static uint64_t key_of_file(const struct dead_requests *requests,
                            const char *path)
{
    char head[HEAD_BYTES];
    const struct file_system *fs = requests->fs;
    int fd = fs->open(fs, path, O_RDONLY, 0);
    ssize_t got = fd < 0 ? -1 : fs->pread(fs, fd, head, sizeof head, 0);
    struct dead_request request;
    if (fd >= 0)
        fs->close(fs, fd);
    if (got <= 0
        || !dead_request_read((struct text){head, (size_t)got}, &request))
        return 0;
    char key[ID_BYTES] = "";
    if (is_id(request.key))
        snprintf(key, sizeof key, "%.*s", TEXT_ARG(request.key));
    return key[0] ? strtoull(key, NULL, 16) : dead_request_key(&request);
}

static void load_letter(const char *name, void *context)
{
    struct listing *listing = context;
    struct dead_requests *requests = listing->requests;
    char path[DEAD_PATH_BYTES], id[ID_BYTES];
    struct text stem = text_of(name);
    struct stat st;
    if (!text_ends_with(stem, TEXT(ENDING)))
        return;
    stem.len -= strlen(ENDING);
    if (!is_id(stem))
        return;
    snprintf(id, sizeof id, "%.*s", TEXT_ARG(stem));
    path_of(requests, id, ENDING, path);
    uint64_t key = key_of_file(requests, path);
    listing->unreadable += key == 0;
    if (requests->fs->stat(requests->fs, path, &st) == 0)
        add_entry(requests, id, key, (uint64_t)st.st_size);
}

bool dead_requests_open(struct dead_requests *requests, struct error *err)
{
    struct listing listing = {requests, 0};
    if (!dead_file_make_dir(requests->fs, requests->dir, err))
        return false;
    dead_file_clean(requests->fs, requests->dir);
    if (requests->fs->list(requests->fs, requests->dir, load_letter, &listing)
        != 0)
        return fail_errno(err, "reading folder %s", requests->dir);
    if (listing.unreadable > 0)
        log_line(LOG_WARN, "dead", "%s: %zu files could not be read",
                 requests->dir, listing.unreadable);
    return true;
}

void dead_requests_close(struct dead_requests *requests)
{
    free(requests->entries);
    free(requests->keys);
    free(requests->dir);
}
