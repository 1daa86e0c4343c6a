/* script_encode.h - Lua values as JSON text.
 *
 * An object's names are sorted, so that equal tables give equal text. What has
 * no JSON (a function, a point, a list with names in it) raises; NaN and the
 * infinities become null. Bytes that are not UTF-8 become U+FFFD.
 */
#pragma once

#include <stdbool.h>

#include <lua.h>

struct buf;

/* Appends the value at index; raises if it cannot, or if out is full. */
void script_encode(lua_State *L, int index, struct buf *out);

/* Pushes the metatable that marks an empty array. */
void script_encode_push_empty(lua_State *L);
/* A table with [1], or one that is marked. */
bool script_encode_is_array(lua_State *L, int index);
