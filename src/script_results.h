/* script_results.h - what a script's function returned: points, or a refusal.
 */
#pragma once

#include <lua.h>

/* Takes what the function returned: the values from first to the top. Raises
 * for what is none of the endings; a refusal (`return nil, why, status`) is
 * raised as ERR_REFUSED. */
void script_results_take(lua_State *L, int first);
