/* script_csv.h - csv.rows, csv.records: CSV text as Lua tables of texts.
 *
 * csv.rows(text [, { separator =, skip = }]) gives a list of rows, each a list
 * of texts. csv.records(text [, { separator =, skip =, header = }]) gives a
 * list of tables by the names of the first row, or those of the list header; a
 * column without a name is found by its number.
 *
 * separator: one byte; without it the first of tab, semicolon, bar and comma
 * that the first row has. skip: lines before the first row to leave out. A bad
 * quote raises a bad input: "line 3, column 8: ...".
 */
#pragma once

#include <stdbool.h>

#include <lua.h>

#include "text.h"

void script_csv_open(lua_State *L);

/* Pushes what csv.rows(text) gives. text must stay where it is. */
void script_csv_push(lua_State *L, struct text text);
