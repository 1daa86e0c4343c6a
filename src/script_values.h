/* script_values.h - number, int, uint, bool, round, numbers: what a sender
 * wrote, as the value that it means.
 *
 * All take a number, text or nil. Nil, "" and what cannot be read give nil,
 * with a note; only a fraction or an overflow in int and uint raises.
 */
#pragma once

#include <lua.h>

void script_values_open(lua_State *L);
