/* script_require.h - require(name): a module beside the script, or among the
 * shipped ones.
 *
 * Only while the script's file loads: reading a file would hold up every
 * sender. The module's text is loaded once for a state; its value is what its
 * file returns.
 */
#pragma once

#include <lua.h>

void script_require_open(lua_State *L);
