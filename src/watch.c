/* watch.c - see watch.h.
 *
 * A watch is of a folder, not of its name. A deployment that renames a whole
 * folder away, or removes it and makes it anew, takes the watch with it; so the
 * names are remembered, and one whose folder is gone is tried again until it
 * is there.
 */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "text.h"

enum { PATH_BYTES = 4096, EVENT_BYTES = 16 << 10 };

/* A file that is being written is of no interest until it is closed; a link is
 * made and never closed. */
static const uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM
                                | IN_CREATE | IN_DELETE | IN_MOVE_SELF
                                | IN_ONLYDIR;

struct folder {
    struct folder *next;
    int descriptor; /* of the watch; -1: it is gone */
    char path[];
};

struct watch {
    int fd;
    struct folder *folders;
};

struct watch *watch_new(struct error *err)
{
    struct watch *watch = xcalloc(1, sizeof *watch);
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd >= 0)
        return watch;
    fail_errno(err, "watching scripts for changes");
    free(watch);
    return NULL;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    close(watch->fd);
    for (struct folder *folder = watch->folders; folder;) {
        struct folder *next = folder->next;
        free(folder);
        folder = next;
    }
    free(watch);
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

/* The same folder may have several names, and then one descriptor. */
static bool begin(struct watch *watch, struct folder *folder)
{
    folder->descriptor = inotify_add_watch(watch->fd, folder->path, changes);
    return folder->descriptor >= 0;
}

static void remember(struct watch *watch, const char *path, int descriptor)
{
    struct folder *folder = watch->folders;
    while (folder && strcmp(folder->path, path) != 0)
        folder = folder->next;
    if (!folder) {
        size_t size = strlen(path) + 1;
        folder = xcalloc(1, sizeof *folder + size);
        memcpy(folder->path, path, size);
        folder->next = watch->folders;
        watch->folders = folder;
    }
    folder->descriptor = descriptor;
}

static bool add_folder(struct watch *watch, const char *path, struct error *err)
{
    char dir[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) : 1;
    snprintf(dir, sizeof dir, "%.*s", len > 0 ? len : 1, slash ? path : ".");
    int descriptor = inotify_add_watch(watch->fd, dir, changes);
    if (descriptor < 0)
        return fail_errno(err, "watching %s for changes", dir);
    remember(watch, dir, descriptor);
    return true;
}

bool watch_add(struct watch *watch, const char *path, struct error *err)
{
    char target[PATH_BYTES];
    struct stat st;
    if (!add_folder(watch, path, err))
        return false;
    return lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)
           || !realpath(path, target) || add_folder(watch, target, err);
}

bool watch_is_lost(const struct watch *watch)
{
    const struct folder *folder = watch->folders;
    while (folder && folder->descriptor >= 0)
        folder = folder->next;
    return folder != NULL;
}

void watch_forget_lost(struct watch *watch)
{
    for (struct folder **at = &watch->folders; *at;) {
        struct folder *folder = *at;
        if (folder->descriptor >= 0) {
            at = &folder->next;
            continue;
        }
        *at = folder->next;
        free(folder);
    }
}

static void lose(struct watch *watch, int descriptor)
{
    for (struct folder *folder = watch->folders; folder; folder = folder->next)
        if (folder->descriptor == descriptor)
            folder->descriptor = -1;
}

/* True if one of those that were gone is there again. */
static bool find_lost(struct watch *watch)
{
    bool found = false;
    for (struct folder *folder = watch->folders; folder; folder = folder->next)
        if (folder->descriptor < 0)
            found |= begin(watch, folder);
    return found;
}

/* Of a file that was made just now. */
static bool is_link(const struct watch *watch,
                    const struct inotify_event *event)
{
    char path[PATH_BYTES];
    struct stat st;
    const struct folder *folder = watch->folders;
    while (folder && folder->descriptor != event->wd)
        folder = folder->next;
    if (!folder)
        return false;
    int size = snprintf(path, sizeof path, "%s/%s", folder->path, event->name);
    return size < PATH_BYTES && lstat(path, &st) == 0
           && (S_ISLNK(st.st_mode) || st.st_nlink > 1);
}

/* "..data" is how a cluster changes a mounted folder over, all at once. */
static bool is_of_interest(struct watch *watch,
                           const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->mask & IN_MOVE_SELF)
        inotify_rm_watch(watch->fd, event->wd);
    if (event->mask & (IN_MOVE_SELF | IN_IGNORED)) {
        lose(watch, event->wd);
        return event->mask & IN_MOVE_SELF;
    }
    if (event->len == 0)
        return false;
    struct text name = text_of(event->name);
    bool has_name = text_ends_with(name, TEXT(".lua"))
                    || text_ends_with(name, TEXT(".http"))
                    || text_equal(name, TEXT("..data"));
    return has_name && (!(event->mask & IN_CREATE) || is_link(watch, event));
}

bool watch_take(struct watch *watch)
{
    _Alignas(struct inotify_event) char events[EVENT_BYTES];
    bool found = false;
    ssize_t len;
    while ((len = read(watch->fd, events, sizeof events)) > 0)
        for (const char *at = events; at < events + len;) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)at;
            found |= is_of_interest(watch, event);
            at += sizeof *event + event->len;
        }
    found |= find_lost(watch);
    return found;
}
