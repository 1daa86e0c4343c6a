/* script_whole.h - what int() and uint() give: a whole number that line
 * protocol writes as 42i or 42u.
 *
 * A full userdata with a struct value in it, so that it is told from Lua's own
 * integers, which are written as floats.
 */
#pragma once

#include <stddef.h>

#include <lua.h>

#include "number.h"
#include "point.h"

/* Pushes one. type: VALUE_INT or VALUE_UINT. */
void script_whole_push(lua_State *L, struct value value);
/* The value at index, NULL if it is none of these. */
const struct value *script_whole(lua_State *L, int index);
/* Its digits. */
size_t script_whole_format(const struct value *value,
                           char out[NUMBER_TEXT_BYTES]);
