/* dead_requests.c - see dead_requests.h.
 *
 * Of each letter memory holds its name, its size and a key: a hash of what
 * makes two letters equal. A new one is written with its key as one more
 * annotation, so that opening a full folder reads only the beginnings. When a
 * key is there already the file is read and compared; if it is equal indeed,
 * its id and time are appended to <id>.again and synced, for a point may have
 * no other time; after so many repetitions the next one is a letter of its own.
 *
 * What can go wrong: a write or a sync, and then all letters of this group that
 * were new are removed again, and of its repetitions none counts.
 * A letter stays in memory only if its file and its name are on disk for good;
 * else a repetition would count up on something that a power cut takes away.
 * For the same reason the folder is synced at open: whoever wrote there before
 * us may have died before its sync.
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
    uint64_t bytes; /* of the letter and its repetitions */
    size_t again;   /* repetitions on disk for good */
    size_t news;    /* and of this group, not synced yet */
    bool is_ours;   /* their file is this process's, and no sync of it failed */
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

/* Into a new file, with those that were there: of one whose sync failed, here
 * or in the process before, no later sync could be believed. */
static bool put_again(struct dead_requests *requests, struct dead_entry *entry,
                      struct text line, struct error *err)
{
    char path[DEAD_PATH_BYTES], name[ID_BYTES + sizeof AGAIN];
    struct buf held;
    struct stat st;
    path_of(requests, entry->id, AGAIN, path);
    bool is_there = requests->fs->stat(requests->fs, path, &st) == 0;
    snprintf(name, sizeof name, "%s" AGAIN, entry->id);
    buf_init(&held, DEAD_AGAIN_FILE_BYTES);
    bool is_read = entry->again == 0 || (!is_there && errno == ENOENT)
                   || file_read(requests->fs, path, &held, err);
    if (held.len > entry->again * DEAD_AGAIN_BYTES)
        buf_truncate(&held, entry->again * DEAD_AGAIN_BYTES);
    const struct text pieces[] = {buf_text(&held), line};
    entry->is_ours =
        is_read
        && dead_file_put(requests->fs, requests->dir, name, pieces, 2, err);
    buf_deinit(&held);
    return entry->is_ours;
}

static bool append_again(struct dead_requests *requests,
                         const struct dead_entry *entry, struct text line,
                         struct error *err)
{
    char path[DEAD_PATH_BYTES];
    const struct file_system *fs = requests->fs;
    path_of(requests, entry->id, AGAIN, path);
    int fd = fs->open(fs, path, O_WRONLY | O_APPEND, 0600);
    if (fd < 0)
        return fail_errno(err, "opening %s", path);
    bool is_written = file_write_all(fs, fd, line.at, line.len, path, err);
    fs->close(fs, fd);
    return is_written;
}

/* *is_written: the folder has a name that is not synced. */
static bool repeat(struct dead_requests *requests, struct dead_entry *entry,
                   const struct dead_request *request, bool *is_written,
                   struct error *err)
{
    char line[DEAD_AGAIN_BYTES + 1];
    dead_again_write(request, line);
    const struct text text = {line, DEAD_AGAIN_BYTES};
    *is_written |= !entry->is_ours;
    entry->news++;
    return entry->is_ours ? append_again(requests, entry, text, err)
                          : put_again(requests, entry, text, err);
}

static bool sync_again(const struct dead_requests *requests,
                       const struct dead_entry *entry, struct error *err)
{
    char path[DEAD_PATH_BYTES];
    const struct file_system *fs = requests->fs;
    path_of(requests, entry->id, AGAIN, path);
    int fd = fs->open(fs, path, O_WRONLY, 0600);
    bool is_synced = fd >= 0 && fs->fdatasync(fs, fd) == 0;
    if (!is_synced)
        fail_errno(err, "syncing %s", path);
    if (fd >= 0)
        fs->close(fs, fd);
    return is_synced;
}

/* All that came again in this group, each file once. */
static bool sync_news(struct dead_requests *requests, struct error *err)
{
    bool is_synced = true;
    for (size_t i = 0; i < requests->entry_count && is_synced; i++)
        if (requests->entries[i].news > 0)
            is_synced = sync_again(requests, &requests->entries[i], err);
    return is_synced;
}

static void add_repetitions(struct dead_requests *requests,
                            struct dead_entry *entry, size_t count)
{
    entry->again += count;
    entry->bytes += count * DEAD_AGAIN_BYTES;
    atomic_fetch_add(&requests->bytes, count * DEAD_AGAIN_BYTES);
}

static void settle_news(struct dead_requests *requests, bool is_kept)
{
    for (size_t i = 0; i < requests->entry_count; i++) {
        struct dead_entry *entry = &requests->entries[i];
        if (is_kept)
            add_repetitions(requests, entry, entry->news);
        else if (entry->news > 0)
            entry->is_ours = false;
        entry->news = 0;
    }
}

static bool may_repeat(const struct dead_entry *entry)
{
    return entry->again + entry->news < DEAD_AGAIN_MOST;
}

static bool find_equal(struct dead_requests *requests,
                       const struct dead_request *request, uint64_t key,
                       size_t *at)
{
    for (*at = 0; *at < requests->entry_count; ++*at)
        if (requests->keys[*at] == key && may_repeat(&requests->entries[*at])
            && is_same(requests, requests->entries[*at].id, request))
            return true;
    return false;
}

/* *is_written: the folder has a name that is not synced; *is_repeated: a file
 * of repetitions is not. */
static bool add_one(struct dead_requests *requests, struct text item,
                    bool *is_written, bool *is_repeated, struct error *err)
{
    struct dead_request request;
    char id[ID_BYTES];
    size_t at;
    if (!dead_request_read(item, &request) || !dead_is_id(request.id))
        return fail(err, ERR_IO, "a request to keep has no id");
    uint64_t key = dead_request_key(&request);
    if (find_equal(requests, &request, key, &at)) {
        *is_repeated = true;
        return repeat(requests, &requests->entries[at], &request, is_written,
                      err);
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
    bool is_kept = true, is_written = false, is_repeated = false;
    for (size_t i = 0; is_kept && i < count; i++)
        is_kept = add_one(requests, items[i], &is_written, &is_repeated, err);
    if (is_kept && is_repeated)
        is_kept = sync_news(requests, err);
    if (is_kept && is_written)
        is_kept = dead_file_sync_dir(requests->fs, requests->dir, err);
    if (is_repeated)
        settle_news(requests, is_kept);
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
    struct dead_entry *entry = &requests->entries[at];
    size_t again = entry->again;
    atomic_fetch_sub(&requests->bytes, entry->bytes);
    atomic_fetch_add(&requests->bytes, text.len);
    entry->bytes = text.len;
    entry->again = 0;
    add_repetitions(requests, entry, again);
    requests->keys[at] = key;
    return true;
}

size_t dead_requests_repetitions(const struct dead_requests *requests,
                                 const char *id)
{
    size_t at = find_id(requests, id);
    return at < requests->entry_count ? requests->entries[at].again : 0;
}

bool dead_requests_drop(struct dead_requests *requests, const char *id,
                        size_t again, struct error *err)
{
    char path[DEAD_PATH_BYTES];
    size_t at;
    if (!find_letter(requests, id, &at, err))
        return false;
    if (requests->entries[at].again > again)
        return fail(err, ERR_REFUSED, "the same came once more meanwhile");
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
    if (dead_is_id(request.key))
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
    if (!dead_is_id(stem))
        return;
    snprintf(id, sizeof id, "%.*s", TEXT_ARG(stem));
    path_of(requests, id, ENDING, path);
    uint64_t key = key_of_file(requests, path);
    listing->unreadable += key == 0;
    if (requests->fs->stat(requests->fs, path, &st) != 0)
        return;
    add_entry(requests, id, key, (uint64_t)st.st_size);
    path_of(requests, id, AGAIN, path);
    if (requests->fs->stat(requests->fs, path, &st) == 0)
        add_repetitions(requests, &requests->entries[requests->entry_count - 1],
                        (size_t)st.st_size / DEAD_AGAIN_BYTES);
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
