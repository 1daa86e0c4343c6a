/* script_point.h - point() and emit(): Lua's values as a checked point. */
#pragma once

#include <lua.h>

void script_point_open(lua_State *L);

/* What point is in a script: takes its arguments from the stack, makes a point
 * in call->points and leaves its handle. */
int script_point_make(lua_State *L);
