/* script_explain.c - see script_explain.h.
 *
 * The traceback that a request ends with is that of its last error. Of the
 * elements that failed within each(x, f) the first one's is kept: one is
 * enough, and a thousand would cost the time that the others need.
 */
#include "script_explain.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "script_lua.h"

enum { TRACE_LEVELS_SKIPPED = 1, TRACE_LEVELS = 20 };

/* The innermost place in the script, "name:line: ", or that of its function. */
static void push_place(lua_State *L)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) {
            lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
            return;
        }
    }
    const struct script_lua *lua = script_lua_of(L);
    lua_pushfstring(L, "%s:%d: ", lua->source->name, lua->first_line);
}

/* True for "name.lua:12: ..." */
static bool has_place(const char *message)
{
    const char *colon = strchr(message, ':');
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    return digits > 0 && colon[1 + digits] == ':'
           && !memchr(message, ' ', (size_t)(colon - message));
}

static const char *what_body_is(const struct script_call *call)
{
    if (call->request->body.len == 0)
        return "the body is empty";
    if (call->request->form.count > 0)
        return "the body is a form";
    return "the body does not look like it";
}

/* Most often nil was to be something of the body: then what the body is helps
 * more than which name was nil. */
static void append_absence(lua_State *L)
{
    const struct script_lua *lua = script_lua_of(L);
    const char *message = lua_tostring(L, -1);
    if (!lua->absent || !lua->call || !strstr(message, ": attempt to ")
        || !strstr(message, "a nil value"))
        return;
    const char *why = strcmp(lua->absent, "points") == 0
                          ? "the route has no line_protocol = true"
                          : what_body_is(lua->call);
    lua_pushfstring(L, "%s; req.%s is nil: %s", message, lua->absent, why);
}

/* The C that holds it all has no name, and tells nothing. */
static bool is_worth_a_line(const lua_Debug *ar)
{
    return *ar->what != 'C' || *ar->namewhat;
}

static void trace_level(struct buf *out, const lua_Debug *ar)
{
    if (out->len == 0)
        buf_append_text(out, TEXT("stack traceback:"));
    buf_printf(out, "\n\t%s:", ar->short_src);
    if (ar->currentline > 0)
        buf_printf(out, "%d:", ar->currentline);
    if (*ar->namewhat)
        buf_printf(out, " in %s '%s'", ar->namewhat, ar->name);
    else if (*ar->what == 'L')
        buf_printf(out, " in function <%s:%d>", ar->short_src, ar->linedefined);
}

/* The innermost levels. Lua's own traceback also looks for the outermost, which
 * takes longer than the script's whole budget after a deep recursion. */
static void write_traceback(lua_State *L, struct buf *out)
{
    lua_Debug ar;
    int level = TRACE_LEVELS_SKIPPED, last = level + TRACE_LEVELS;
    buf_clear(out);
    for (; level < last && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Slnt", &ar);
        if (is_worth_a_line(&ar))
            trace_level(out, &ar);
    }
    if (out->len > 0 && lua_getstack(L, level, &ar))
        buf_append_text(out, TEXT("\n\t..."));
}

static void keep_traceback(lua_State *L)
{
    const struct script_lua *lua = script_lua_of(L);
    struct buf *traceback = lua->call ? lua->call->traceback : NULL;
    bool is_first = !lua->element || !traceback || traceback->len == 0;
    if (traceback && !lua->is_traced && (is_first || lua->has_expired))
        write_traceback(L, traceback);
}

/* An error that is not the script's tells no place; an element's is to. */
static void keep_place(lua_State *L)
{
    struct script_lua *lua = script_lua_of(L);
    if (!lua->element)
        return;
    push_place(L);
    snprintf(lua->place, sizeof lua->place, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
}

int script_explain(lua_State *L)
{
    const struct error *typed = script_lua_error(L, 1);
    if (typed) {
        if (typed->kind == ERR_BAD_REQUEST)
            keep_traceback(L);
        keep_place(L);
        return 1;
    }
    keep_traceback(L);
    if (lua_type(L, 1) != LUA_TSTRING) {
        push_place(L);
        lua_pushfstring(L, "the error is %s, not text", script_lua_kind(L, 1));
        lua_concat(L, 2);
    } else if (!has_place(lua_tostring(L, 1))) {
        push_place(L);
        lua_pushvalue(L, 1);
        lua_concat(L, 2);
    }
    append_absence(L);
    return 1;
}
