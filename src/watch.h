/* watch.h - tells when a script or a module was changed on disk.
 *
 * Folders are watched, not files: editors write a new file and rename it over
 * the old one. One thread.
 */
#pragma once

#include <stdbool.h>

struct error;
struct watch;

/* ERR_IO: the system has no more watches to give. */
struct watch *watch_new(struct error *err);
/* NULL is fine. */
void watch_free(struct watch *watch);

/* For poll(): readable when something happened. */
int watch_fd(const struct watch *watch);

/* Watches the folder that the file is in, too, and if it is a link also that
 * of what it leads to. A folder may be added any number of times. */
bool watch_add(struct watch *watch, const char *path, struct error *err);

/* Takes what happened since; true if any of it may change what a script does:
 * a *.lua or *.http file, a folder of links that was changed over, or a whole
 * folder that went away or came back. */
bool watch_take(struct watch *watch);

/* A folder is not there (any more): nothing tells when it comes, so watch_take
 * is to be called now and then. */
bool watch_is_lost(const struct watch *watch);
/* Such folders are of no interest any more. */
void watch_forget_lost(struct watch *watch);
