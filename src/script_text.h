/* script_text.h - string and table functions with bounds.
 *
 * The functions of Lua's own libraries, behind checks: a hook cannot end a
 * loop inside a C function, so none may be asked for a long one. Ranges of
 * table functions are at most 100,000 wide, string.rep gives at most 1 MiB.
 * Patterns are matched in script_match.
 */
#pragma once

#include <lua.h>

/* string.dump goes too; and (text).name raises, where Lua says nil, unless it
 * is a function of string's. After the libraries were opened. */
void script_text_open(lua_State *L);
