/* script_taken.h - which of the points that a script made are to be stored.
 *
 * A script holds a point by a light handle: which request it belongs to and its
 * place in call->points. Taking it puts its index into call->stored, once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

void script_taken_open(lua_State *L);
/* Before a call: nothing is taken yet. */
void script_taken_begin(lua_State *L);
/* After it: the notes about points that were not. */
void script_taken_finish(lua_State *L);

/* Pushes the handle of a point just made. index SIZE_MAX: it was dropped, for
 * want of a field. */
void script_taken_push(lua_State *L, size_t index);
/* Takes a point just made, without a handle. */
void script_taken_new(lua_State *L, size_t index);
/* Takes the point whose handle is at index; nothing if it was dropped. Raises
 * if it belongs to an earlier request. */
void script_taken_add(lua_State *L, int index);

/* What is taken now, to go back to it: what was made and taken since is then
 * as if it had not been. */
struct script_taken_mark {
    size_t stored, made;
};
struct script_taken_mark script_taken_mark(lua_State *L);
void script_taken_back(lua_State *L, struct script_taken_mark mark);
