/* script_match.h - string.find, match, gmatch and gsub, with a step budget.
 *
 * They do what the manual says, and a hook cannot end a loop inside C; so the
 * matcher counts its steps, and a pattern that needs too many of them on a text
 * (a hostile payload finds those) is an error of the script.
 */
#pragma once

#include <lua.h>

/* Takes the place of Lua's own. After the libraries were opened. */
void script_match_open(lua_State *L);
