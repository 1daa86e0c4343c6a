/* script_req.h - req: the request as a script sees it.
 *
 * A table whose entries are made when they are first read, so a script pays
 * for what it uses.
 */
#pragma once

#include <lua.h>

/* all(t, name), and what req needs. */
void script_req_open(lua_State *L);

/* Calls each for every name that req has. */
void script_req_each_name(void (*each)(const char *name, void *context),
                          void *context);

/* Pushes req for the call under way. */
void script_req_push(lua_State *L);
