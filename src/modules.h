/* modules.h - the text of each module that a script requires, read once.
 *
 * A Lua state is built more than once from the same reading of the files: by
 * every worker, and again after a script ran out of memory. All of them must
 * get the same text, whatever an editor did to the file in between. Any thread.
 */
#pragma once

#include <stdbool.h>

struct error;
struct modules;
struct script_source;

struct modules *modules_new(void);
/* NULL is fine. */
void modules_free(struct modules *modules);

/* The file as it was when it was first asked for; alive as long as modules.
 * NULL and ERR_NOT_FOUND: there is none; ERR_CONFIG: it cannot be read, or may
 * be written by everybody. */
const struct script_source *modules_get(struct modules *modules,
                                        const char *path, struct error *err);

/* Calls each for the path of every module that was found so far. */
void modules_each(struct modules *modules,
                  void (*each)(const char *path, void *context), void *context);
