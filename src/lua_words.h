/* lua_words.h - the words of a Lua text that compiles: names, keywords, texts,
 * numbers and signs, each with its line. Comments are passed over. Reentrant.
 */
#pragma once

#include <stdbool.h>

#include "text.h"

enum lua_word_kind {
    LUA_WORD_END, /* of the text; also before what is no Lua */
    LUA_WORD_NAME,
    LUA_WORD_KEYWORD,
    LUA_WORD_TEXT, /* as written, with its quotes */
    LUA_WORD_NUMBER,
    LUA_WORD_SIGN /* "==", "::", "..." are one */
};

struct lua_word {
    enum lua_word_kind kind;
    struct text text; /* in the text that is read */
    unsigned line;
};

struct lua_words {
    struct text rest;
    unsigned line;
};

/* A byte order mark and a first line that begins with # are passed over. */
void lua_words_begin(struct lua_words *words, struct text lua);
struct lua_word lua_words_next(struct lua_words *words);

bool lua_word_is(const struct lua_word *word, const char *text);
