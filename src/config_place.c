/* config_place.c - see config_place.h.
 *
 * The text is cut into Lua's tokens, the last `return` outside of any
 * function is looked up, and the table constructor behind it is walked with the
 * tree at hand: `name = value` and `["name"] = value` are keys, anything else
 * counts as the next element. A value that is a constructor is walked in turn;
 * one that is just a name is looked up as `name = {` anywhere in the file; any
 * other expression is skipped up to its comma.
 *
 * What can go wrong: code may build the table in ways that no walk can follow.
 * Then a key is not found, or found where another of its name was written; the
 * message still names the key, so the line is only less of a help.
 */
#include "config_place.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config_tree.h"

enum { MAX_DEPTH = 32 };

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_SIGN
};

struct token {
    enum token_kind kind;
    struct text text; /* of a string: what stands between the quotes */
    unsigned line;
};

struct scan {
    struct text whole;
    size_t at;
    unsigned line;
    unsigned depth;
};

static int peek(const struct scan *scan, size_t ahead)
{
    size_t at = scan->at + ahead;
    return at < scan->whole.len ? (unsigned char)scan->whole.at[at] : 0;
}

static void step(struct scan *scan)
{
    if (peek(scan, 0) == '\n')
        scan->line++;
    if (scan->at < scan->whole.len)
        scan->at++;
}

static bool is_at_end(const struct scan *scan)
{
    return scan->at >= scan->whole.len;
}

/* How many `=` stand in a long bracket that opens here; -1: none opens. */
static int long_bracket_level(const struct scan *scan)
{
    if (peek(scan, 0) != '[')
        return -1;
    size_t level = 0;
    while (peek(scan, 1 + level) == '=')
        level++;
    return peek(scan, 1 + level) == '[' ? (int)level : -1;
}

static bool closes_long(const struct scan *scan, int level)
{
    if (peek(scan, 0) != ']')
        return false;
    for (int i = 0; i < level; i++)
        if (peek(scan, 1 + (size_t)i) != '=')
            return false;
    return peek(scan, 1 + (size_t)level) == ']';
}

static struct text take_long(struct scan *scan, int level)
{
    scan->at += (size_t)level + 2;
    size_t start = scan->at;
    while (!is_at_end(scan) && !closes_long(scan, level))
        step(scan);
    size_t len = scan->at - start;
    for (int i = 0; i < level + 2; i++)
        step(scan);
    return (struct text){scan->whole.at + start, len};
}

static struct text take_quoted(struct scan *scan)
{
    int quote = peek(scan, 0);
    step(scan);
    size_t start = scan->at;
    while (!is_at_end(scan) && peek(scan, 0) != quote) {
        if (peek(scan, 0) == '\\')
            step(scan);
        step(scan);
    }
    size_t len = scan->at - start;
    step(scan);
    return (struct text){scan->whole.at + start, len};
}

static void skip_comment(struct scan *scan)
{
    scan->at += 2;
    int level = long_bracket_level(scan);
    if (level >= 0) {
        take_long(scan, level);
        return;
    }
    while (!is_at_end(scan) && peek(scan, 0) != '\n')
        step(scan);
}

static void skip_blanks(struct scan *scan)
{
    for (;;) {
        if (peek(scan, 0) == '-' && peek(scan, 1) == '-')
            skip_comment(scan);
        else if (!is_at_end(scan) && isspace(peek(scan, 0)))
            step(scan);
        else
            return;
    }
}

static struct text take_word(struct scan *scan)
{
    size_t start = scan->at;
    while (isalnum(peek(scan, 0)) || peek(scan, 0) == '_'
           || (isdigit((unsigned char)scan->whole.at[start])
               && peek(scan, 0) == '.'))
        step(scan);
    return (struct text){scan->whole.at + start, scan->at - start};
}

static struct text take_sign(struct scan *scan)
{
    size_t len = peek(scan, 0) == '=' && peek(scan, 1) == '=' ? 2 : 1;
    struct text sign = {scan->whole.at + scan->at, len};
    scan->at += len;
    return sign;
}

static struct token next_token(struct scan *scan)
{
    skip_blanks(scan);
    struct token token = {TOKEN_END, {NULL, 0}, scan->line};
    if (is_at_end(scan))
        return token;
    int c = peek(scan, 0), level = long_bracket_level(scan);
    if (isalpha(c) || c == '_' || isdigit(c)) {
        token.kind = isdigit(c) ? TOKEN_NUMBER : TOKEN_NAME;
        token.text = take_word(scan);
    } else if (c == '"' || c == '\'' || level >= 0) {
        token.kind = TOKEN_STRING;
        token.text = level >= 0 ? take_long(scan, level) : take_quoted(scan);
    } else {
        token.kind = TOKEN_SIGN;
        token.text = take_sign(scan);
    }
    return token;
}

static struct token peek_token(const struct scan *scan)
{
    struct scan copy = *scan;
    return next_token(&copy);
}

static bool is_sign(struct token token, char sign)
{
    return token.kind == TOKEN_SIGN && token.text.len == 1
           && token.text.at[0] == sign;
}

static bool is_name(struct token token, const char *name)
{
    return token.kind == TOKEN_NAME && text_equal(token.text, text_of(name));
}

static bool ends_value(struct token token)
{
    return token.kind == TOKEN_END || is_sign(token, ',') || is_sign(token, ';')
           || is_sign(token, '}');
}

/* +1 for what opens a bracket or a block, -1 for what closes one. */
static int nesting(struct token token)
{
    static const char *const openers[] = {"function", "if", "do", "repeat"};
    if (is_sign(token, '{') || is_sign(token, '(') || is_sign(token, '['))
        return 1;
    if (is_sign(token, '}') || is_sign(token, ')') || is_sign(token, ']')
        || is_name(token, "end") || is_name(token, "until"))
        return -1;
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
        if (is_name(token, openers[i]))
            return 1;
    return 0;
}

/* Up to the comma or brace that ends the value, which is left in place. */
static void skip_value(struct scan *scan)
{
    for (int depth = 0;;) {
        struct token token = peek_token(scan);
        if (token.kind == TOKEN_END || (depth == 0 && ends_value(token)))
            return;
        depth += nesting(next_token(scan));
    }
}

static void walk_value(struct scan *scan, struct setting *setting);

/* A value that is a name: its constructor may stand further up. */
static void walk_named(const struct scan *from, struct text name,
                       struct setting *setting)
{
    struct scan scan = {
        .whole = from->whole, .line = 1, .depth = from->depth + 1};
    if (scan.depth > MAX_DEPTH)
        return;
    for (;;) {
        struct token token = next_token(&scan);
        if (token.kind == TOKEN_END)
            return;
        if (token.kind != TOKEN_NAME || !text_equal(token.text, name))
            continue;
        struct scan ahead = scan;
        if (is_sign(next_token(&ahead), '=')
            && is_sign(peek_token(&ahead), '{')) {
            walk_value(&ahead, setting);
            return;
        }
    }
}

/* The key of the field that starts here, with its `=` taken; an element of a
 * list takes nothing and counts *index up. */
static struct setting *take_key(struct scan *scan, const struct setting *table,
                                int64_t *index)
{
    struct scan ahead = *scan;
    struct token key = next_token(&ahead);
    bool is_bracketed = is_sign(key, '[');
    if (is_bracketed)
        key = next_token(&ahead);
    bool is_key = is_bracketed ? is_sign(next_token(&ahead), ']')
                               : key.kind == TOKEN_NAME;
    if (!is_key || !is_sign(next_token(&ahead), '='))
        return config_tree_at(table, ++*index);
    *scan = ahead;
    return key.kind == TOKEN_NUMBER
               ? config_tree_at(table, strtoll(key.text.at, NULL, 10))
               : config_tree_get(table, key.text);
}

static void walk_table(struct scan *scan, struct setting *table)
{
    static const struct setting nobody;
    int64_t index = 0;
    for (;;) {
        struct token first = peek_token(scan);
        if (first.kind == TOKEN_END || is_sign(first, '}')) {
            next_token(scan);
            return;
        }
        struct setting *child = take_key(scan, table ? table : &nobody, &index);
        if (child)
            child->line = first.line;
        walk_value(scan, child);
        if (!is_sign(peek_token(scan), '}'))
            next_token(scan);
    }
}

static void walk_value(struct scan *scan, struct setting *setting)
{
    struct scan ahead = *scan;
    struct token first = next_token(&ahead);
    if (is_sign(first, '{') && scan->depth < MAX_DEPTH) {
        scan->at = ahead.at;
        scan->line = ahead.line;
        scan->depth++;
        walk_table(scan, setting);
        scan->depth--;
    } else if (first.kind == TOKEN_NAME && setting
               && ends_value(peek_token(&ahead))) {
        walk_named(scan, first.text, setting);
    }
    skip_value(scan);
}

static int by_line(const void *a, const void *b)
{
    const struct setting *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (!x->key != !y->key)
        return x->key ? 1 : -1;
    if (x->key)
        return strcmp(x->key, y->key);
    return (x->index > y->index) - (x->index < y->index);
}

static void settle_lines(struct setting *setting, unsigned outer_line)
{
    if (setting->line == 0)
        setting->line = outer_line;
    for (size_t i = 0; i < setting->count; i++)
        settle_lines(&setting->items[i], setting->line);
    if (setting->count > 1)
        qsort(setting->items, setting->count, sizeof *setting->items, by_line);
}

void config_place(struct setting *root, struct text lua)
{
    struct scan scan = {.whole = lua, .line = 1}, last = scan;
    root->line = 1;
    int depth = 0;
    for (struct token token; (token = next_token(&scan)).kind != TOKEN_END;) {
        depth += nesting(token);
        if (depth == 0 && is_name(token, "return")) {
            last = scan;
            root->line = token.line;
        }
    }
    walk_value(&last, root);
    settle_lines(root, root->line);
}
