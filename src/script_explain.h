/* script_explain.h - the message handler: what a script raised, as
 * "file:line: message", and the traceback of it. */
#pragma once

#include <lua.h>

/* For script_lua_pcall. Runs where the error was raised, so the stack can still
 * be looked at. An error that is not the script's stays as it is. */
int script_explain(lua_State *L);
