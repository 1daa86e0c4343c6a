/* script_chunk.h - the text of a file as a function, and whether it still has
 * the globals that it was given.
 *
 * A script can write `_ENV = nil`; every function of that file is then without
 * globals, in later requests too.
 */
#pragma once

#include <stdbool.h>

#include <lua.h>

#include "text.h"

/* Pushes the function; raises what the compiler says. name: "@file.lua". */
void script_chunk_load(lua_State *L, struct text text, const char *name);

/* False: some file has lost its globals; the state has to be rebuilt. */
bool script_chunks_are_intact(lua_State *L);
