/* lua_globals.c - see lua_globals.h.
 *
 * The grammar of Lua 5.4, walked top down, with nothing kept but the names of
 * the locals in sight: a name that is none of them is a global. Precedence does
 * not matter, so an expression is a row of operands with operators between.
 * Every loop takes a word or ends, so a text that is no Lua ends, too; and what
 * is nested deeper than Lua itself allows is not looked into.
 */
#include "lua_globals.h"

#include <stdlib.h>

#include "buf.h"
#include "lua_words.h"

enum { MAX_DEPTH = 250, MAX_LOCALS = 20000 };

struct local {
    struct text name;
    bool is_request;
};

struct parser {
    struct lua_words words;
    struct lua_word now, next;
    struct local *locals;
    size_t local_count;
    unsigned functions; /* that we are in */
    struct text call;   /* a statement under way that is one, of a global */
    unsigned callback;  /* functions within its arguments; 0: there is none */
    unsigned depth;
    void (*found)(const struct lua_use *use, void *context);
    void *context;
};

static void statements(struct parser *p);
static void block(struct parser *p);
static void expression(struct parser *p);

/* --------------------------------------------------------------- words --- */

static void advance(struct parser *p)
{
    p->now = p->next;
    p->next = lua_words_next(&p->words);
}

static bool is(const struct parser *p, const char *text)
{
    return p->now.kind != LUA_WORD_END && lua_word_is(&p->now, text);
}

static bool accept(struct parser *p, const char *text)
{
    bool is_there = is(p, text);
    if (is_there)
        advance(p);
    return is_there;
}

/* Deeper is passed over word by word: whoever called does that. */
static bool enter(struct parser *p)
{
    return ++p->depth < MAX_DEPTH;
}

static void leave(struct parser *p)
{
    p->depth--;
}

/* -------------------------------------------------------------- locals --- */

static void declare(struct parser *p, struct text name, bool is_request)
{
    if (p->local_count == MAX_LOCALS)
        return;
    if ((p->local_count & (p->local_count + 1)) == 0)
        p->locals =
            xrealloc(p->locals, (p->local_count * 2 + 2) * sizeof *p->locals);
    p->locals[p->local_count++] = (struct local){name, is_request};
}

static const struct local *find_local(const struct parser *p, struct text name)
{
    for (size_t i = p->local_count; i-- > 0;)
        if (text_equal(p->locals[i].name, name))
            return &p->locals[i];
    return NULL;
}

/* "name(" or "name{", of a global. */
static bool is_global_call(const struct parser *p)
{
    return p->now.kind == LUA_WORD_NAME
           && (lua_word_is(&p->next, "(") || lua_word_is(&p->next, "{"))
           && !find_local(p, p->now.text);
}

static void tell_dropped(struct parser *p, struct text within)
{
    const struct lua_use use = {.kind = LUA_USE_DROPPED,
                                .name = p->now.text,
                                .within = within,
                                .line = p->now.line,
                                .is_in_function = p->functions > 0};
    p->found(&use, p->context);
}

static void tell(struct parser *p, enum lua_use_kind kind,
                 const struct lua_word *name, struct text field)
{
    const struct lua_use use = {.kind = kind,
                                .name = name->text,
                                .field = field,
                                .line = name->line,
                                .is_in_function = p->functions > 0};
    p->found(&use, p->context);
}

/* --------------------------------------------------------- expressions --- */

static void expressions(struct parser *p)
{
    do
        expression(p);
    while (accept(p, ","));
}

static void field(struct parser *p)
{
    if (accept(p, "[")) {
        expression(p);
        accept(p, "]");
        accept(p, "=");
    } else if (p->now.kind == LUA_WORD_NAME && lua_word_is(&p->next, "=")) {
        advance(p);
        advance(p);
    }
    expression(p);
}

static void constructor(struct parser *p)
{
    advance(p);
    while (p->now.kind != LUA_WORD_END && !is(p, "}")) {
        const char *before = p->words.rest.at;
        field(p);
        if (!accept(p, ",") && !accept(p, ";") && !is(p, "}")
            && p->words.rest.at == before)
            advance(p);
    }
    accept(p, "}");
}

/* From "(" to "end". */
static void function_body(struct parser *p, bool has_self, bool is_handler)
{
    size_t outer = p->local_count;
    p->functions++;
    if (has_self)
        declare(p, TEXT("self"), false);
    accept(p, "(");
    for (bool is_first = true; p->now.kind == LUA_WORD_NAME || is(p, "...");
         is_first = false) {
        if (p->now.kind == LUA_WORD_NAME)
            declare(p, p->now.text, is_handler && is_first);
        advance(p);
        accept(p, ",");
    }
    accept(p, ")");
    block(p);
    accept(p, "end");
    p->functions--;
    p->local_count = outer;
}

static bool is_argument(const struct parser *p)
{
    return is(p, "(") || is(p, "{") || p->now.kind == LUA_WORD_TEXT;
}

static void argument(struct parser *p)
{
    if (is(p, "{"))
        constructor(p);
    else if (accept(p, "(")) {
        if (!is(p, ")"))
            expressions(p);
        accept(p, ")");
    } else {
        advance(p);
    }
}

/* What follows a name or a closing bracket; false: nothing. */
static bool suffix(struct parser *p)
{
    if (accept(p, ".")) {
        advance(p);
    } else if (accept(p, "[")) {
        expression(p);
        accept(p, "]");
    } else if (accept(p, ":")) {
        advance(p);
        if (is_argument(p))
            argument(p);
    } else if (is_argument(p)) {
        argument(p);
    } else {
        return false;
    }
    return true;
}

/* "name.field" is what was read just now, and stands on its own if an = comes
 * next. */
static void tell_field(struct parser *p, const struct lua_word *name,
                       const struct lua_word *field_name)
{
    const struct local *local = find_local(p, name->text);
    bool is_written = is(p, "=");
    if (!local)
        tell(p, is_written ? LUA_USE_READ : LUA_USE_FIELD, name,
             is_written ? TEXT("") : field_name->text);
    else if (local->is_request)
        tell(p, is_written ? LUA_USE_REQUEST_WRITE : LUA_USE_REQUEST, name,
             field_name->text);
}

/* A name or something in brackets, and all that follows. True: it was a name
 * alone, which is put into *alone and not told yet. */
static bool suffixed(struct parser *p, struct lua_word *alone)
{
    struct lua_word name = p->now;
    if (accept(p, "(")) {
        expression(p);
        accept(p, ")");
    } else {
        advance(p);
        if (is(p, ".") && p->next.kind == LUA_WORD_NAME) {
            advance(p);
            struct lua_word field_name = p->now;
            advance(p);
            tell_field(p, &name, &field_name);
        } else if (is(p, "[") || is(p, ":") || is_argument(p)) {
            if (!find_local(p, name.text))
                tell(p, LUA_USE_READ, &name, TEXT(""));
        } else {
            *alone = name;
            return true;
        }
    }
    while (suffix(p))
        continue;
    return false;
}

static void read_name(struct parser *p, const struct lua_word *name)
{
    if (!find_local(p, name->text))
        tell(p, LUA_USE_READ, name, TEXT(""));
}

/* returns: it is what the file returns, and so may be the handler itself. */
static void operand(struct parser *p, bool returns)
{
    struct lua_word alone;
    while (is(p, "not") || is(p, "-") || is(p, "#") || is(p, "~"))
        advance(p);
    if (is(p, "{"))
        constructor(p);
    else if (accept(p, "function"))
        function_body(p, false, returns);
    else if (is(p, "(") || p->now.kind == LUA_WORD_NAME) {
        if (suffixed(p, &alone))
            read_name(p, &alone);
    } else if (p->now.kind == LUA_WORD_NUMBER || p->now.kind == LUA_WORD_TEXT
               || is(p, "nil") || is(p, "true") || is(p, "false")
               || is(p, "...")) {
        advance(p);
    }
}

static bool operator_follows(const struct parser *p)
{
    static const char *const operators[] = {
        "+",  "-",  "*", "/",  "//", "^",  "%",  "&",  "~",   "|",  ">>",
        "<<", "..", "<", "<=", ">",  ">=", "==", "~=", "and", "or", NULL};
    for (const char *const *o = operators; *o; o++)
        if (is(p, *o))
            return true;
    return false;
}

static void expression_of(struct parser *p, bool returns)
{
    if (enter(p)) {
        operand(p, returns);
        while (operator_follows(p)) {
            advance(p);
            operand(p, false);
        }
    } else {
        advance(p);
    }
    leave(p);
}

static void expression(struct parser *p)
{
    expression_of(p, false);
}

/* ---------------------------------------------------------- statements --- */

static bool block_ends(const struct parser *p)
{
    return p->now.kind == LUA_WORD_END || is(p, "end") || is(p, "else")
           || is(p, "elseif") || is(p, "until");
}

static void if_statement(struct parser *p)
{
    do {
        expression(p);
        accept(p, "then");
        block(p);
    } while (accept(p, "elseif"));
    if (accept(p, "else"))
        block(p);
    accept(p, "end");
}

/* The names are in sight in the block only, not in what comes before it. */
static void for_statement(struct parser *p)
{
    size_t outer = p->local_count;
    struct text names[16];
    size_t count = 0;
    while (p->now.kind == LUA_WORD_NAME) {
        if (count < 16)
            names[count++] = p->now.text;
        advance(p);
        accept(p, ",");
    }
    if (accept(p, "=") || accept(p, "in"))
        expressions(p);
    for (size_t i = 0; i < count; i++)
        declare(p, names[i], false);
    accept(p, "do");
    block(p);
    accept(p, "end");
    p->local_count = outer;
}

/* What until asks for still sees the locals of the block. */
static void repeat_statement(struct parser *p)
{
    size_t outer = p->local_count;
    if (enter(p))
        statements(p);
    leave(p);
    accept(p, "until");
    expression(p);
    p->local_count = outer;
}

/* "local a <const>, b = ...": in sight only behind the statement. */
static void local_statement(struct parser *p)
{
    struct text names[200];
    size_t count = 0;
    if (accept(p, "function")) {
        declare(p, p->now.text, false);
        advance(p);
        function_body(p, false, false);
        return;
    }
    while (p->now.kind == LUA_WORD_NAME) {
        if (count < 200)
            names[count++] = p->now.text;
        advance(p);
        if (accept(p, "<")) {
            advance(p);
            accept(p, ">");
        }
        if (!accept(p, ","))
            break;
    }
    if (accept(p, "="))
        expressions(p);
    for (size_t i = 0; i < count; i++)
        declare(p, names[i], false);
}

/* "function name.a:b() ... end" */
static void function_statement(struct parser *p)
{
    struct lua_word name = p->now;
    bool has_self = false, is_field = false;
    advance(p);
    while (is(p, ".") || is(p, ":")) {
        is_field = true;
        has_self = is(p, ":");
        advance(p);
        advance(p);
    }
    if (!find_local(p, name.text))
        tell(p, is_field ? LUA_USE_READ : LUA_USE_WRITE, &name, TEXT(""));
    function_body(p, has_self, false);
}

/* What functions in its arguments return goes to the callee, and from there
 * maybe nowhere. */
static void call_statement(struct parser *p)
{
    struct lua_word alone;
    const struct text outer_call = p->call;
    unsigned outer_callback = p->callback;
    tell_dropped(p, TEXT(""));
    p->call = p->now.text;
    p->callback = p->functions + 1;
    suffixed(p, &alone);
    p->call = outer_call;
    p->callback = outer_callback;
}

/* A call, or the targets of an assignment. */
static void plain_statement(struct parser *p)
{
    struct lua_word alone = {.kind = LUA_WORD_END};
    bool is_first = true;
    do {
        bool is_call = is_first && is_global_call(p);
        if (is_call)
            call_statement(p);
        bool is_alone = !is_call && suffixed(p, &alone);
        bool is_target = is(p, "=") || is(p, ",") || !is_first;
        if (is_alone && !find_local(p, alone.text))
            tell(p, is_target ? LUA_USE_WRITE : LUA_USE_READ, &alone, TEXT(""));
        is_first = false;
    } while (accept(p, ","));
    if (accept(p, "="))
        expressions(p);
}

static void return_statement(struct parser *p)
{
    if (p->callback > 0 && p->callback == p->functions && is_global_call(p))
        tell_dropped(p, p->call);
    if (!block_ends(p) && !is(p, ";"))
        expression_of(p, p->functions == 0);
    while (accept(p, ","))
        expression(p);
    accept(p, ";");
}

static void loop_statement(struct parser *p)
{
    expression(p);
    accept(p, "do");
    block(p);
    accept(p, "end");
}

static void statement(struct parser *p)
{
    if (accept(p, "if"))
        if_statement(p);
    else if (accept(p, "while"))
        loop_statement(p);
    else if (accept(p, "for"))
        for_statement(p);
    else if (accept(p, "repeat"))
        repeat_statement(p);
    else if (accept(p, "function"))
        function_statement(p);
    else if (accept(p, "local"))
        local_statement(p);
    else if (accept(p, "return"))
        return_statement(p);
    else if (accept(p, "do")) {
        block(p);
        accept(p, "end");
    } else if (accept(p, "goto")) {
        advance(p);
    } else if (accept(p, "::")) {
        advance(p);
        accept(p, "::");
    } else if (is(p, "(") || p->now.kind == LUA_WORD_NAME) {
        plain_statement(p);
    } else {
        advance(p); /* ; and break, and what is no Lua */
    }
}

static void statements(struct parser *p)
{
    while (!block_ends(p))
        statement(p);
}

static void block(struct parser *p)
{
    size_t outer = p->local_count;
    if (enter(p))
        statements(p);
    else
        advance(p);
    leave(p);
    p->local_count = outer;
}

void lua_globals_find(struct text lua,
                      void (*found)(const struct lua_use *use, void *context),
                      void *context)
{
    struct parser p = {.found = found, .context = context};
    lua_words_begin(&p.words, lua);
    advance(&p);
    advance(&p);
    while (p.now.kind != LUA_WORD_END) {
        statements(&p);
        advance(&p); /* a stray "end" in what is no Lua */
    }
    free(p.locals);
}
