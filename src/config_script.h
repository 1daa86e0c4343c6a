/* config_script.h - which file a script's name means, each read once.
 *
 * A bare name ("ecowitt") is a shipped script, looked for in $MOONLINE_SCRIPTS,
 * then beside the sources this program was built from, then where it was
 * installed. Anything with a slash or ".lua" is a path relative to the
 * configuration file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "script.h"

struct error;
struct modules;

struct config_scripts {
    struct script_source *items;
    size_t count;
    struct modules *modules; /* that they require */
};

/* Finds and reads it, unless it was read before; *index is its place in items.
 * ERR_CONFIG says what is missing, with a hint. */
bool config_script_add(struct config_scripts *scripts, const char *dir,
                       const char *name, int *index, struct error *err);
void config_script_deinit(struct config_scripts *scripts);
