/* config_file.h - runs the configuration file and gives what it returned.
 *
 * The file is Lua with its string, table, math and utf8 libraries and two
 * functions of ours: `env NAME` (an unset one is an error unless a default is
 * given as second argument) and `file PATH` (its contents, one newline at the
 * end taken off; a relative path starts beside the configuration). Nothing in
 * it reaches the system otherwise.
 */
#pragma once

#include <stdbool.h>

struct config_mistakes;
struct error;
struct setting;

/* Fills *root, which the caller deinits in any case; path and mistakes must
 * outlive it. mistakes (may be NULL) learn what env and file gave, and, if they
 * go on, of each variable that is not set.
 * ERR_CONFIG: "path:line: message"; a text in the file that could be a secret
 * is never part of it. */
bool config_file_load(const char *path, struct setting *root,
                      struct config_mistakes *mistakes, struct error *err);
