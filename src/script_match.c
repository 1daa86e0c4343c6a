/* script_match.c - see script_match.h.
 *
 * The struct pattern of a search is on the C stack, or for gmatch in a userdata
 * beside the two strings; it owns nothing, so an error may leave it behind.
 */
#include "script_match.h"

#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "pattern.h"
#include "script_lua.h"

enum { MAX_SUBJECT_BYTES = 64 << 10 };

static void check_subject(lua_State *L, struct text subject,
                          const char *function)
{
    if (subject.len > MAX_SUBJECT_BYTES)
        luaL_error(L,
                   "string.%s: patterns are matched in at most %d bytes,"
                   " this text has %d",
                   function, MAX_SUBJECT_BYTES, (int)subject.len);
}

/* The offset that argument 3 means, 1 or -1 being the ends; past the text's
 * end: SIZE_MAX. */
static size_t start_of(lua_State *L, size_t len)
{
    lua_Integer init = luaL_optinteger(L, 3, 1);
    if (init > 0)
        return (lua_Unsigned)init - 1 > len ? SIZE_MAX : (size_t)init - 1;
    if (init == 0 || init < -(lua_Integer)len)
        return 0;
    return len - (size_t)-init;
}

static bool next(lua_State *L, struct pattern *pattern, struct text *whole,
                 const char *function)
{
    bool is_found = pattern_next(pattern, whole);
    if (pattern->problem)
        luaL_error(L, "string.%s: %s", function, pattern->problem);
    return is_found;
}

static void push_capture(lua_State *L, const struct pattern *pattern, size_t i)
{
    const struct pattern_capture *capture = &pattern->captures[i];
    if (capture->is_position)
        lua_pushinteger(L, (lua_Integer)capture->start + 1);
    else
        lua_pushlstring(L, pattern->subject.at + capture->start, capture->len);
}

static int push_captures(lua_State *L, const struct pattern *pattern)
{
    luaL_checkstack(L, PATTERN_CAPTURES, "too many captures");
    for (size_t i = 0; i < pattern->capture_count; i++)
        push_capture(L, pattern, i);
    return (int)pattern->capture_count;
}

/* The captures; if there are none, the whole match. */
static int push_results(lua_State *L, const struct pattern *pattern,
                        struct text whole)
{
    if (pattern->capture_count > 0)
        return push_captures(L, pattern);
    lua_pushlstring(L, whole.at, whole.len);
    return 1;
}

static int push_none(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

static int push_range(lua_State *L, struct text subject, struct text found)
{
    lua_Integer start = found.at - subject.at;
    lua_pushinteger(L, start + 1);
    lua_pushinteger(L, start + (lua_Integer)found.len);
    return 2;
}

static bool has_special(struct text pattern)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.at[i] != '\0' && strchr("^$*+?.([%-", pattern.at[i]))
            return true;
    return false;
}

static int find_plain(lua_State *L, struct text subject, struct text wanted,
                      size_t at)
{
    struct text rest = text_skip(subject, at);
    const char *found = wanted.len == 0
                            ? rest.at
                            : memmem(rest.at, rest.len, wanted.at, wanted.len);
    return found ? push_range(L, subject, (struct text){found, wanted.len})
                 : push_none(L);
}

/* string.find(s, pattern [, init [, plain]]) */
static int string_find(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    size_t at = start_of(L, subject.len);
    struct pattern pattern;
    struct text whole;
    script_lua_check_time(L);
    if (at == SIZE_MAX)
        return push_none(L);
    if (lua_toboolean(L, 4) || !has_special(text))
        return find_plain(L, subject, text, at);
    check_subject(L, subject, "find");
    pattern_init(&pattern, text, subject, at, false);
    if (!next(L, &pattern, &whole, "find"))
        return push_none(L);
    return push_range(L, subject, whole) + push_captures(L, &pattern);
}

/* string.match(s, pattern [, init]) */
static int string_match(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    size_t at = start_of(L, subject.len);
    struct pattern pattern;
    struct text whole;
    script_lua_check_time(L);
    check_subject(L, subject, "match");
    pattern_init(&pattern, text, subject, at, false);
    return at != SIZE_MAX && next(L, &pattern, &whole, "match")
               ? push_results(L, &pattern, whole)
               : push_none(L);
}

/* Upvalues: the subject, the pattern (both keep their bytes alive), the state.
 */
static int gmatch_next(lua_State *L)
{
    struct pattern *pattern = lua_touserdata(L, lua_upvalueindex(3));
    struct text whole;
    script_lua_check_time(L);
    pattern->steps_left = PATTERN_STEPS;
    if (!next(L, pattern, &whole, "gmatch"))
        return 0;
    return push_results(L, pattern, whole);
}

/* string.gmatch(s, pattern [, init]) */
static int string_gmatch(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    size_t at = start_of(L, subject.len);
    check_subject(L, subject, "gmatch");
    lua_settop(L, 2);
    struct pattern *pattern = lua_newuserdatauv(L, sizeof *pattern, 0);
    pattern_init(pattern, text, subject, at, true);
    lua_pushcclosure(L, gmatch_next, 3);
    return 1;
}

/* The replacement text with its %0 to %9 filled in. */
static void add_text(lua_State *L, luaL_Buffer *out,
                     const struct pattern *pattern, struct text whole)
{
    struct text text = script_lua_string(L, 3);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '%') {
            luaL_addchar(out, text.at[i]);
            continue;
        }
        char c = ++i < text.len ? text.at[i] : '\0';
        size_t index = (size_t)(c - '1');
        if (c == '%')
            luaL_addchar(out, '%');
        else if (c == '0' || (c == '1' && pattern->capture_count == 0))
            luaL_addlstring(out, whole.at, whole.len);
        else if (c < '1' || c > '9')
            luaL_error(L, "invalid use of '%%' in replacement string");
        else if (index >= pattern->capture_count)
            luaL_error(L, "invalid capture index %%%d in replacement string",
                       (int)index + 1);
        else {
            push_capture(L, pattern, index);
            luaL_tolstring(L, -1, NULL);
            lua_remove(L, -2);
            luaL_addvalue(out);
        }
    }
}

/* What the table or function in argument 3 gives for the match. */
static void add_value(lua_State *L, luaL_Buffer *out,
                      const struct pattern *pattern, struct text whole)
{
    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_results(L, pattern, whole), 1);
    } else {
        if (pattern->capture_count > 0)
            push_capture(L, pattern, 0);
        else
            lua_pushlstring(L, whole.at, whole.len);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, whole.at, whole.len);
    } else if (lua_isstring(L, -1)) {
        luaL_addvalue(out);
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

static void check_replacement(lua_State *L)
{
    int type = lua_type(L, 3);
    luaL_argexpected(L,
                     type == LUA_TNUMBER || type == LUA_TSTRING
                         || type == LUA_TFUNCTION || type == LUA_TTABLE,
                     3, "string/function/table");
    if (type == LUA_TNUMBER)
        lua_tostring(L, 3); /* in place: from here on it is text */
}

/* string.gsub(s, pattern, replacement [, n]) */
static int string_gsub(lua_State *L)
{
    struct text subject = script_lua_text(L, 1);
    struct text text = script_lua_text(L, 2);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)subject.len + 1);
    struct pattern pattern;
    struct text whole;
    luaL_Buffer out;
    lua_Integer count = 0;
    size_t copied = 0;
    check_replacement(L);
    script_lua_check_time(L);
    check_subject(L, subject, "gsub");
    pattern_init(&pattern, text, subject, 0, false);
    luaL_buffinit(L, &out);
    for (; count < most && next(L, &pattern, &whole, "gsub"); count++) {
        size_t start = (size_t)(whole.at - subject.at);
        luaL_addlstring(&out, subject.at + copied, start - copied);
        if (lua_type(L, 3) == LUA_TSTRING)
            add_text(L, &out, &pattern, whole);
        else
            add_value(L, &out, &pattern, whole);
        copied = start + whole.len;
    }
    luaL_addlstring(&out, subject.at + copied, subject.len - copied);
    luaL_pushresult(&out);
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
