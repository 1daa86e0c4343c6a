/* script_say.h - what a script says: reply to the sender, log and print to the
 * operator. */
#pragma once

#include <lua.h>

void script_say_open(lua_State *L);
