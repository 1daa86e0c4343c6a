/* lua_words.c - see lua_words.h. */
#include "lua_words.h"

static const char *const keywords[] = {
    "and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while", NULL};

/* The longest first. */
static const char *const signs[] = {
    "...", "::", "..", "==", "~=", "<=", ">=", "//", "<<", ">>", NULL};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void lua_words_begin(struct lua_words *words, struct text lua)
{
    *words = (struct lua_words){.rest = lua, .line = 1};
    if (text_starts_with(lua, TEXT("\xef\xbb\xbf")))
        words->rest = text_skip(lua, 3);
    if (!text_starts_with(words->rest, TEXT("#")))
        return;
    text_cut(&words->rest, '\n');
    words->line++;
}

/* Takes len bytes off, and counts the lines in them. */
static struct text take(struct lua_words *words, size_t len)
{
    struct text taken = {words->rest.at, len};
    for (size_t i = 0; i < len; i++)
        words->line += taken.at[i] == '\n';
    words->rest = text_skip(words->rest, len);
    return taken;
}

/* The length of a "[==[ ... ]==]" that text begins with; 0: it does not. */
static size_t long_bracket(struct text text)
{
    size_t level = 1;
    while (level < text.len && text.at[level] == '=')
        level++;
    if (text.len < 2 || text.at[0] != '[' || level >= text.len
        || text.at[level] != '[')
        return 0;
    for (size_t at = level + 1; at + level < text.len; at++) {
        size_t same = 1;
        if (text.at[at] != ']')
            continue;
        while (same < level && text.at[at + same] == '=')
            same++;
        if (same == level && text.at[at + level] == ']')
            return at + level + 1;
    }
    return text.len;
}

static size_t comment(struct text text)
{
    size_t len = text.len > 2 ? long_bracket(text_skip(text, 2)) : 0;
    if (len > 0)
        return len + 2;
    struct text rest = text;
    return text_cut(&rest, '\n').len;
}

static void pass_blanks(struct lua_words *words)
{
    for (;;) {
        struct text rest = words->rest;
        if (rest.len > 0 && strchr(" \t\r\n\v\f", rest.at[0]) && rest.at[0])
            take(words, 1);
        else if (text_starts_with(rest, TEXT("--")))
            take(words, comment(rest));
        else
            return;
    }
}

static size_t quoted(struct text text)
{
    size_t len = 1;
    while (len < text.len && text.at[len] != text.at[0])
        len += text.at[len] == '\\' ? 2 : 1;
    return len < text.len ? len + 1 : text.len;
}

/* 1e-5 and 0x1p+3 have a sign inside. */
static size_t number(struct text text)
{
    size_t len = 1;
    for (; len < text.len; len++) {
        char c = text.at[len], before = text.at[len - 1];
        bool is_hex = text.len > 1 && (text.at[1] == 'x' || text.at[1] == 'X');
        bool is_exponent = is_hex ? before == 'p' || before == 'P'
                                  : before == 'e' || before == 'E';
        if (!is_letter(c) && !is_digit(c) && c != '.'
            && !((c == '+' || c == '-') && is_exponent))
            break;
    }
    return len;
}

static size_t sign(struct text text)
{
    for (const char *const *s = signs; *s; s++)
        if (text_starts_with(text, text_of(*s)))
            return strlen(*s);
    return 1;
}

static bool is_keyword(struct text name)
{
    for (const char *const *k = keywords; *k; k++)
        if (text_equal(name, text_of(*k)))
            return true;
    return false;
}

static size_t name_len(struct text text)
{
    size_t len = 0;
    while (len < text.len
           && (is_letter(text.at[len]) || is_digit(text.at[len])))
        len++;
    return len;
}

struct lua_word lua_words_next(struct lua_words *words)
{
    pass_blanks(words);
    struct text rest = words->rest;
    struct lua_word word = {.kind = LUA_WORD_END, .line = words->line};
    if (rest.len == 0)
        return word;
    char c = rest.at[0];
    size_t bracket = c == '[' ? long_bracket(rest) : 0;
    if (is_letter(c)) {
        word.text = take(words, name_len(rest));
        word.kind = is_keyword(word.text) ? LUA_WORD_KEYWORD : LUA_WORD_NAME;
    } else if (is_digit(c)
               || (c == '.' && rest.len > 1 && is_digit(rest.at[1]))) {
        word.kind = LUA_WORD_NUMBER;
        word.text = take(words, number(rest));
    } else if (c == '"' || c == '\'' || bracket > 0) {
        word.kind = LUA_WORD_TEXT;
        word.text = take(words, bracket > 0 ? bracket : quoted(rest));
    } else {
        word.kind = LUA_WORD_SIGN;
        word.text = take(words, sign(rest));
    }
    return word;
}

bool lua_word_is(const struct lua_word *word, const char *text)
{
    return word->kind != LUA_WORD_TEXT && text_equal(word->text, text_of(text));
}
