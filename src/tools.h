/* tools.h - the verbs that need no server: each takes its own arguments (argv
 * begins with the verb) and returns the exit code.
 */
#pragma once

int tools_test(int argc, char **argv);
int tools_version(void);
