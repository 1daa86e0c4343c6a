/* script_keep.h - keep(reason), and what else makes a request worth keeping: an
 * element or a line of it that failed.
 *
 * keep(reason) stores the points all the same. The reasons are in call->kept,
 * each with its place: "element 3: up.lua:12: no position".
 */
#pragma once

#include <lua.h>

#include "text.h"

void script_keep_open(lua_State *L);

/* Adds a reason: the elements that are under way, place ("up.lua:12: ", may be
 * empty), reason. Never raises. */
void script_keep(lua_State *L, const char *place, struct text reason);
