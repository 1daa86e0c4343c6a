/* script_each.h - each(x) and each(x, f): through a list, or the one thing that
 * a sender wrote where a list was meant.
 *
 * With f an element that fails is kept, with its index and the reason; what it
 * emitted is taken back, the others go on.
 */
#pragma once

#include <lua.h>

void script_each_open(lua_State *L);
