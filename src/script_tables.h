/* script_tables.h - get, flatten, merge: ways through nested tables that
 * do not stumble over what is not there. */
#pragma once

#include <lua.h>

void script_tables_open(lua_State *L);
