/* script_sandbox.h - what of Lua a script can reach, and the rules around it.
 *
 * The base library without what loads code, reaches metatables or the system;
 * pcall and try that stop neither the time limit nor want of memory; globals
 * that can be written only while the file loads, and read only once they are.
 */
#pragma once

#include <lua.h>

/* Opens the libraries; the globals that exist then are what scripts see. */
void script_sandbox_open(lua_State *L);
/* Call it after all *_open: new chunks get an empty environment that reads
 * these globals. */
void script_sandbox_close(lua_State *L);
/* After the file has run: no more globals can be set. */
void script_sandbox_lock(lua_State *L);

/* Pushes the table of all globals that a script has, its own too. */
void script_sandbox_push_globals(lua_State *L);
