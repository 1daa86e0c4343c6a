/* script_json.h - JSON text straight into Lua tables.
 *
 * Strict (RFC 8259), bounded in depth (limits.depth) and in values
 * (LIMIT_JSON_VALUES). Integers without fraction or exponent are Lua integers,
 * or floats beyond 64 bits; null as an object's value is absence, in an array
 * json.null; an empty array is told from an empty object by its metatable.
 */
#pragma once

#include <stdbool.h>

#include <lua.h>

#include "text.h"

/* Pushes the value. text must stay where it is. Text that is no JSON raises a
 * bad input: "offset 7, line 1, column 8: ...". keep_null: json.null for an
 * object's values too. */
void script_json_decode(lua_State *L, struct text text, bool keep_null);

/* Pushes a list with the value of each line (NDJSON); lines of blanks are
 * nothing, null is json.null. A line that is no JSON is left out and noted as a
 * reason to keep the request, "line 3: column 8: ..."; if no line is JSON, or
 * there are too many values, that is a bad input. Only within a request. */
void script_json_decode_lines(lua_State *L, struct text text);
