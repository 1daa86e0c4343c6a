/* check_reach.h - what a configuration leaves unreached or open: routes that no
 * request gets to, scripts beside that nothing uses, recorded tests that cannot
 * run, routes that anybody may post to. */
#pragma once

struct config;

/* Calls tell with "file:line: message" for each. */
void check_reach(const struct config *config,
                 void (*tell)(const char *warning, void *context),
                 void *context);
