/* tool_check.h - `moonline check`: all that is wrong with a configuration, and
 * what its first request would find. */
#pragma once

struct config;

/* Returns the exit code: 0, also with warnings, or 78. */
int tool_check_run(int argc, char **argv);

/* The configuration (see config_load); NULL: every mistake of it is on stderr,
 * and *code is what to exit with. */
struct config *tool_check_load(const char *path, int *code);
