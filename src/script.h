/* script.h - runs a user's Lua function within its limits on time and memory.
 *
 * A struct script is one script file in a Lua state of its own: it belongs to
 * one thread, shares nothing with other scripts, and is rebuilt by itself after
 * it ran out of memory. Lua's heap is capped, a count hook ends a loop, and no
 * function of Lua's libraries that reaches the system is there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ceilings.h"
#include "script_call.h"

struct error;
struct script;

/* Loads and runs the file up to the function it returns. ERR_CONFIG with
 * "file:line: message" if it does not compile, raises, or returns no function.
 * outputs may be NULL and must outlive the script. */
struct script *script_new(const struct script_source *source,
                          const struct limits *limits,
                          const struct script_outputs *outputs,
                          struct error *err);
void script_free(struct script *script);

/* True: the points that call->stored names are to be stored. False, and none
 * is: ERR_REFUSED (`return nil, why, status`), ERR_BAD_REQUEST (a decoder
 * refused the sender's bytes; text with offset, line, column), ERR_SCRIPT
 * ("file:line: message", time and memory limits too), ERR_TOO_LARGE. */
bool script_handle(struct script *script, struct script_call *call,
                   struct error *err);

/* Calls each for every global that the script has, its own too; or, with the
 * name of a library ("json"), for every name in that; "req": for what a request
 * has. In no order. */
void script_each_name(struct script *script, const char *library,
                      void (*each)(const char *name, void *context),
                      void *context);

/* The last call ran into its limit of time or memory. */
bool script_was_stopped(const struct script *script);

/* Bytes of Lua heap in use; for tests. */
size_t script_memory_bytes(const struct script *script);

/* The version of Lua that this was built with; the library has the same. */
const char *script_library(void);
