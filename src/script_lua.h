/* script_lua.h - what the files that touch Lua share: the call that is under
 * way, and the one way to blame the sender's bytes.
 *
 * A function whose first parameter is a lua_State may not return. None of them
 * holds a lock, a file or heap memory across a call into Lua.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "text.h"

struct error;
struct script_call;

/* The call under way, or NULL while the script's file is being loaded. */
struct script_call *script_lua_call(lua_State *L);
void script_lua_set_call(lua_State *L, struct script_call *call);

/* Raises an error that is the sender's fault (a decoder could not read its
 * bytes): unless the script catches it, script_handle ends with
 * ERR_BAD_REQUEST and err->text. */
_Noreturn void script_lua_bad_input(lua_State *L, const struct error *err);

/* A string argument as text, with the usual Lua error if it is none. */
struct text script_lua_text(lua_State *L, int index);

/* A note that begins with the place in the script: "ecowitt.lua:14: ...". Costs
 * nothing when nobody asked for notes. kind is an enum note_kind. */
void script_lua_note(lua_State *L, int kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each file's functions, put into the globals of a new state. */
void script_api_open(lua_State *L);
void script_json_open(lua_State *L);
void script_time_open(lua_State *L);
void script_codec_open(lua_State *L);
