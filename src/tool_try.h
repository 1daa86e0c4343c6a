/* tool_try.h - the verb `try`: one request through its route, without a server.
 */
#pragma once

/* argv begins with the verb; returns the exit code: 0 if the request would be
 * stored, 1 if not, 64 or 78 if it could not be tried. */
int tool_try_run(int argc, char **argv);
