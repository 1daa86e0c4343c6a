/* script_match.h - string.find, match, gmatch and gsub, with a step budget.
 *
 * They do what the manual says, in texts of any length, by a matcher of ours
 * (match.h): a hook cannot end a loop inside C. A search that needs more steps
 * than honest work does (a hostile payload finds those) is an error of the
 * script, and its time counts against the script's also within one call. A
 * fault in a pattern is told at its first use, even if no match gets that far.
 */
#pragma once

#include <lua.h>

/* Takes the place of Lua's own. After the libraries were opened. */
void script_match_open(lua_State *L);
