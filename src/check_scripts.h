/* check_scripts.h - what the first requests would find in the scripts of a
 * configuration and in the modules that these require: each is loaded as a
 * gateway would, then its text is looked through (check_script.h). */
#pragma once

#include <stddef.h>

struct config;

/* Calls tell for each mistake with "path:line: message"; how many there were.
 * Any thread; the configuration must stay. */
size_t check_scripts(const struct config *config,
                     void (*tell)(const char *mistake, void *context),
                     void *context);
