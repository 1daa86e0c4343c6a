/* script_point.h - point(), emit() and what a script may return.
 *
 * point() makes a point in call->points and returns a light handle: which
 * request it belongs to and its place there. Returning or emitting it puts its
 * index into call->stored.
 */
#pragma once

#include <stdbool.h>

#include <lua.h>

struct value;

void script_point_open(lua_State *L);

/* Before a call: nothing is taken yet. */
void script_point_begin(lua_State *L);
/* Takes what the function returned: the values from first to the top. Raises
 * for what is none of the endings; a refusal (`return nil, why, status`) is
 * raised as ERR_REFUSED. */
void script_point_take_results(lua_State *L, int first);
/* After it: the notes about points. */
void script_point_finish(lua_State *L);
