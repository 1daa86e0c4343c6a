/* lua_globals.h - which globals a Lua text uses, and where, without running it.
 *
 * The text must compile; of one that does not, any use may be missed, but it is
 * read to its end all the same. One thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "text.h"

enum lua_use_kind {
    LUA_USE_READ,
    LUA_USE_WRITE,
    LUA_USE_FIELD,   /* name.field is read, first of all of it */
    LUA_USE_REQUEST, /* field of the argument of the function that the file
                        returns, read */
    LUA_USE_REQUEST_WRITE,
    LUA_USE_DROPPED /* a call whose result nobody sees: a statement, or what the
                       function returns that stands within such a call */
};

struct lua_use {
    enum lua_use_kind kind;
    struct text name;   /* of the global; of the argument */
    struct text within; /* of LUA_USE_DROPPED: the call around it, or empty */
    struct text field;  /* of LUA_USE_FIELD and those of the request */
    unsigned line;
    bool is_in_function; /* else it happens while the file is loaded */
};

/* Calls found for each use, in the order of the text; its texts point into
 * lua. */
void lua_globals_find(struct text lua,
                      void (*found)(const struct lua_use *use, void *context),
                      void *context);
