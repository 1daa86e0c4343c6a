/* script_match.c - see script_match.h.
 *
 * A pattern is compiled at each call, into room on the C stack; a long one into
 * a userdata. gmatch keeps its pattern and its search in one userdata, so that
 * each round of its loop goes on where the last one ended.
 *
 * The matcher is let run in slices; after each one the clock may end the
 * script. What is copied into Lua's heap is paid for in steps, too.
 */
#include "script_match.h"

#include <stdalign.h>
#include <string.h>

#include <lauxlib.h>

#include "match.h"
#include "script_lua.h"

enum {
    ROOM_BYTES = 2048, /* patterns of up to some 40 bytes */
    SLICE_STEPS = 20000,
    COPIED_PER_STEP = 16,
    PLAIN_STOPS = 16
};

struct room {
    alignas(struct match_program) char bytes[ROOM_BYTES];
};

static void compile(lua_State *L, struct match_program *pattern,
                    struct text text, bool has_anchor)
{
    struct error err;
    script_lua_spend(L, text.len);
    if (!match_program_compile(pattern, text, has_anchor, &err))
        luaL_error(L, "%s", err.text);
}

/* May push a userdata, which holds the pattern. */
static struct match_program *compile_into(lua_State *L, struct room *room,
                                          struct text text)
{
    size_t bytes = match_program_bytes(text.len);
    struct match_program *pattern =
        bytes <= ROOM_BYTES ? (struct match_program *)(void *)room->bytes
                            : lua_newuserdatauv(L, bytes, 0);
    compile(L, pattern, text, true);
    return pattern;
}

static void pay_for_copy(lua_State *L, size_t len)
{
    script_lua_spend(L, len / COPIED_PER_STEP);
}

/* The next match at or behind from. */
static bool search(lua_State *L, struct match *match, size_t from)
{
    enum match_end end;
    uint64_t paid = 0;
    match_start(match, from);
    do {
        end = match_run(match, SLICE_STEPS);
        script_lua_spend(L, match->steps - paid);
        paid = match->steps;
    } while (end == MATCH_PAUSED);
    if (end == MATCH_TOO_LONG)
        luaL_error(L, "this pattern takes too long on %I bytes of text",
                   (lua_Integer)match->subject.len);
    return end == MATCH_FOUND;
}

static struct text range_text(const struct match *match,
                              struct match_range range)
{
    return (struct text){match->subject.at + range.from, range.to - range.from};
}

static void push_range(lua_State *L, const struct match *match,
                       struct match_range range)
{
    if (range.to == MATCH_POSITION) {
        lua_pushinteger(L, (lua_Integer)range.from + 1);
        return;
    }
    struct text text = range_text(match, range);
    pay_for_copy(L, text.len);
    lua_pushlstring(L, text.at, text.len);
}

static int push_captures(lua_State *L, const struct match *match)
{
    unsigned count = match->pattern->capture_count;
    luaL_checkstack(L, (int)count, "too many captures");
    for (unsigned i = 0; i < count; i++)
        push_range(L, match, match->captures[i]);
    return (int)count;
}

/* The captures, or the whole match if the pattern has none. */
static int push_results(lua_State *L, const struct match *match)
{
    if (match->pattern->capture_count > 0)
        return push_captures(L, match);
    push_range(L, match, match->whole);
    return 1;
}

/* The offset that init means, an index from 1 or, negative, from the end. It
 * may be beyond len. */
static size_t start_offset(lua_State *L, int index, size_t len)
{
    lua_Integer init = luaL_optinteger(L, index, 1);
    if (init > 0)
        return (lua_Unsigned)init > len ? len + (len + 1 < (lua_Unsigned)init)
                                        : (size_t)init - 1;
    lua_Unsigned back = 0 - (lua_Unsigned)init;
    return back == 0 || back > len ? 0 : len - (size_t)back;
}

/* Without any of ^$*+?.([%- a pattern is a text to look for. */
static bool is_plain(struct text pattern)
{
    static const struct charset special = {
        {UINT64_C(0x80006d3000000000), UINT64_C(0x48000000), 0, 0}};
    for (size_t i = 0; i < pattern.len; i++)
        if (charset_has(&special, (uint8_t)pattern.at[i]))
            return false;
    return true;
}

static int push_span(lua_State *L, struct match_range span)
{
    lua_pushinteger(L, (lua_Integer)span.from + 1);
    lua_pushinteger(L, (lua_Integer)span.to);
    return 2;
}

/* memchr is many times as fast as memmem, unless it stops too often. */
static const char *look_for(struct text wanted, struct text in)
{
    if (wanted.len == 0)
        return in.at;
    for (int stops = 0; stops < PLAIN_STOPS && in.len >= wanted.len; stops++) {
        const char *at = memchr(in.at, wanted.at[0], in.len - wanted.len + 1);
        if (!at || memcmp(at, wanted.at, wanted.len) == 0)
            return at;
        in = text_skip(in, (size_t)(at - in.at) + 1);
    }
    return memmem(in.at, in.len, wanted.at, wanted.len);
}

static int find_plain(lua_State *L, struct text subject, size_t from,
                      struct text wanted)
{
    const char *at = look_for(wanted, text_skip(subject, from));
    size_t found = at ? (size_t)(at - subject.at) : subject.len;
    pay_for_copy(L, found - from);
    if (at)
        return push_span(L, (struct match_range){found, found + wanted.len});
    lua_pushnil(L);
    return 1;
}

/* find(s, pattern [, init [, plain]]): begin, end and the captures, or nil */
static int string_find(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    size_t from = start_offset(L, 3, subject.len);
    bool is_beyond = from > subject.len;
    pay_for_copy(L, text.len);
    if (!is_beyond && (lua_toboolean(L, 4) || is_plain(text)))
        return find_plain(L, subject, from, text);
    struct room room;
    struct match match;
    match_init(&match, compile_into(L, &room, text), subject);
    if (!is_beyond && search(L, &match, from))
        return push_span(L, match.whole) + push_captures(L, &match);
    lua_pushnil(L);
    return 1;
}

/* match(s, pattern [, init]): the captures or the whole match, or nil */
static int string_match(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    size_t from = start_offset(L, 3, subject.len);
    struct room room;
    struct match match;
    match_init(&match, compile_into(L, &room, text), subject);
    if (from <= subject.len && search(L, &match, from))
        return push_results(L, &match);
    lua_pushnil(L);
    return 1;
}

/* What gmatch keeps; its pattern is behind it. */
struct rounds {
    struct match match;
    size_t from;
    alignas(struct match_program) char pattern[];
};

static int next_round(lua_State *L)
{
    struct rounds *rounds = lua_touserdata(L, lua_upvalueindex(1));
    struct match *match = &rounds->match;
    if (rounds->from > match->subject.len || !search(L, match, rounds->from)) {
        rounds->from = match->subject.len + 1;
        return 0;
    }
    rounds->from = match->whole.to;
    return push_results(L, match);
}

/* gmatch(s, pattern [, init]): an iterator; a '^' is no anchor here */
static int string_gmatch(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    size_t from = start_offset(L, 3, subject.len);
    struct rounds *rounds =
        lua_newuserdatauv(L, sizeof *rounds + match_program_bytes(text.len), 0);
    struct match_program *pattern =
        (struct match_program *)(void *)rounds->pattern;
    compile(L, pattern, text, false);
    match_init(&rounds->match, pattern, subject);
    rounds->from = from;
    lua_pushvalue(L, 1); /* both texts must live on */
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, next_round, 3);
    return 1;
}

enum { REPLACEMENT = 3, MAX_COUNT = 4 };

struct replacing {
    struct match match;
    luaL_Buffer out;
    int kind;         /* of the replacement, a type of Lua's */
    struct text text; /* if it is text */
    bool has_changed;
};

static void append(struct replacing *r, struct text text)
{
    pay_for_copy(r->out.L, text.len);
    luaL_addlstring(&r->out, text.at, text.len);
}

/* %0 to %9 */
static void append_capture(lua_State *L, struct replacing *r, unsigned number)
{
    unsigned count = r->match.pattern->capture_count;
    if (number == 0 || (number == 1 && count == 0)) {
        append(r, range_text(&r->match, r->match.whole));
        return;
    }
    if (number > count)
        luaL_error(L, "invalid capture index %%%d in replacement string",
                   (int)number);
    push_range(L, &r->match, r->match.captures[number - 1]);
    luaL_addvalue(&r->out);
}

static void append_expanded(lua_State *L, struct replacing *r)
{
    struct text rest = r->text;
    script_lua_spend(L, rest.len);
    while (rest.len > 0) {
        struct text head = text_cut(&rest, '%');
        append(r, head);
        if (head.at + head.len == r->text.at + r->text.len)
            return; /* no more % */
        char next = rest.len > 0 ? rest.at[0] : '\0';
        if (next >= '0' && next <= '9')
            append_capture(L, r, (unsigned)(next - '0'));
        else if (next == '%')
            luaL_addchar(&r->out, '%');
        else
            luaL_error(L, "invalid use of '%%' in replacement string");
        rest = text_skip(rest, 1);
    }
}

/* What a table holds for the first capture, or a function gives for all. */
static void append_result(lua_State *L, struct replacing *r)
{
    const struct match *match = &r->match;
    if (r->kind == LUA_TFUNCTION) {
        lua_pushvalue(L, REPLACEMENT);
        lua_call(L, push_results(L, match), 1);
    } else {
        bool has_capture = match->pattern->capture_count > 0;
        push_range(L, match, has_capture ? match->captures[0] : match->whole);
        lua_gettable(L, REPLACEMENT);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        append(r, range_text(match, match->whole));
        return;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(&r->out);
    r->has_changed = true;
}

static void append_replacement(lua_State *L, struct replacing *r)
{
    if (r->kind != LUA_TSTRING) {
        append_result(L, r);
        return;
    }
    append_expanded(L, r);
    r->has_changed = true;
}

/* Replaces up to max matches. */
static lua_Integer replace_all(lua_State *L, struct replacing *r,
                               lua_Integer max)
{
    struct match *match = &r->match;
    size_t copied = 0;
    lua_Integer count = 0;
    while (count < max && search(L, match, copied)) {
        size_t gap = match->whole.from - copied;
        append(r, (struct text){match->subject.at + copied, gap});
        append_replacement(L, r);
        copied = match->whole.to;
        count++;
        if (match->pattern->is_anchored)
            break;
    }
    if (r->has_changed)
        append(r, text_skip(match->subject, copied));
    return count;
}

/* gsub(s, pattern, replacement [, n]): the text, and how many were replaced */
static int string_gsub(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    struct replacing r = {.kind = lua_type(L, REPLACEMENT)};
    luaL_argexpected(L,
                     r.kind == LUA_TNUMBER || r.kind == LUA_TSTRING
                         || r.kind == LUA_TTABLE || r.kind == LUA_TFUNCTION,
                     REPLACEMENT, "string/function/table");
    lua_Integer max =
        luaL_optinteger(L, MAX_COUNT, (lua_Integer)subject.len + 1);
    if (r.kind == LUA_TNUMBER || r.kind == LUA_TSTRING) {
        r.kind = LUA_TSTRING;
        r.text = script_lua_string(L, REPLACEMENT);
    }
    struct room room;
    match_init(&r.match, compile_into(L, &room, text), subject);
    luaL_buffinit(L, &r.out);
    lua_Integer count = replace_all(L, &r, max);
    if (r.has_changed)
        luaL_pushresult(&r.out);
    else
        lua_pushvalue(L, 1);
    lua_pushinteger(L, count);
    return 2;
}

void script_match_open(lua_State *L)
{
    static const struct script_function functions[] = {
        {"find", string_find},
        {"match", string_match},
        {"gmatch", string_gmatch},
        {"gsub", string_gsub},
        {NULL, NULL},
    };
    lua_getglobal(L, "string");
    script_lua_set_functions(L, functions);
    lua_pop(L, 1);
}
