/* watch.c - see watch.h. */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "text.h"

enum { PATH_BYTES = 4096, EVENT_BYTES = 16 << 10 };

/* A file that is being written is of no interest until it is closed. */
static const uint32_t changes =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

struct watch {
    int fd;
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
    free(watch);
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

bool watch_add(struct watch *watch, const char *path, struct error *err)
{
    char dir[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) : 1;
    snprintf(dir, sizeof dir, "%.*s", len > 0 ? len : 1, slash ? path : ".");
    return inotify_add_watch(watch->fd, dir, changes) >= 0
           || fail_errno(err, "watching %s for changes", dir);
}

/* "..data" is how a cluster changes a mounted folder over, all at once. */
static bool is_of_interest(const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->len == 0)
        return false;
    struct text name = text_of(event->name);
    return text_ends_with(name, TEXT(".lua"))
           || text_ends_with(name, TEXT(".http"))
           || text_equal(name, TEXT("..data"));
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
            found |= is_of_interest(event);
            at += sizeof *event + event->len;
        }
    return found;
}
