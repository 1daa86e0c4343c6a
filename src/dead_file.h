/* dead_file.h - files that appear whole or not at all, whenever the power
 * fails: written under another name, synced, renamed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct error;
struct file_system;

enum { DEAD_PATH_BYTES = 4096 };

/* Makes or replaces <dir>/<name> from its pieces. It is there for good once the
 * folder is synced, which is left to the caller: one sync does for many. */
bool dead_file_put(const struct file_system *fs, const char *dir,
                   const char *name, const struct text *pieces, size_t count,
                   struct error *err);
/* Removes what a crash left in the middle of dead_file_put. */
void dead_file_clean(const struct file_system *fs, const char *dir);
/* A name that only dead_file_put uses. */
bool dead_file_is_leftover(const char *name);

/* Makes the folder, and makes sure that its name is there for good: who made it
 * may have died before its sync. */
bool dead_file_make_dir(const struct file_system *fs, const char *dir,
                        struct error *err);
bool dead_file_sync_dir(const struct file_system *fs, const char *dir,
                        struct error *err);
