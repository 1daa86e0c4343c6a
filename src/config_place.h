/* config_place.h - on which line of the file each setting stands.
 *
 * Lua forgets where the keys of a table were written, so the file's text is
 * walked beside the tree. What is built by code instead of written down gets
 * the line of the nearest key around it: a hint for people, never more.
 */
#pragma once

#include "text.h"

struct setting;

/* Sets the line of root and of all below it, then puts each table's items into
 * the order of their lines. */
void config_place(struct setting *root, struct text lua);
