/* script_say.c - see script_say.h.
 *
 * A reply's bytes are copied to the arena of the request's points, where they
 * live until the sender has its answer.
 *
 * A log line is cut at 1 KiB. When somebody asked for notes (try, a test) it
 * goes there instead of the log: they are looking.
 */
#include "script_say.h"

#include <lauxlib.h>

#include "arena.h"
#include "log.h"
#include "notes.h"
#include "point.h"
#include "script_encode.h"
#include "script_lua.h"

enum { LINE_BYTES = 1024 };

static struct text keep_text(lua_State *L, struct script_call *call,
                             struct text text)
{
    struct text kept;
    if (!arena_copy(call->points->arena, text, &kept))
        luaL_error(L, "reply: no room for %d bytes", (int)text.len);
    return kept;
}

/* The body as text; *is_json if it had to be encoded. */
static struct text body_text(lua_State *L, int index, bool *is_json)
{
    struct buf *scratch = &script_lua_of(L)->scratch;
    *is_json = lua_type(L, index) == LUA_TTABLE;
    if (lua_isnoneornil(L, index))
        return (struct text){NULL, 0};
    if (!*is_json)
        return script_lua_text(L, index);
    buf_clear(scratch);
    script_encode(L, index, scratch);
    return buf_text(scratch);
}

/* reply(status, body [, type]) */
static int api_reply(lua_State *L)
{
    struct script_call *call = script_lua_need_call(L, "reply()");
    lua_Integer status = luaL_checkinteger(L, 1);
    bool is_json;
    if (status < 200 || status > 299)
        luaL_error(L,
                   "reply(%d): 200 to 299 only; to refuse, return nil,"
                   " \"why\", status",
                   (int)status);
    struct text body = keep_text(L, call, body_text(L, 2, &is_json));
    struct text type =
        is_json ? TEXT("application/json") : TEXT("text/plain; charset=utf-8");
    if (!lua_isnoneornil(L, 3))
        type = keep_text(L, call, script_lua_text(L, 3));
    for (size_t i = 0; i < type.len; i++)
        if ((unsigned char)type.at[i] < ' ' || type.at[i] == 0x7f)
            luaL_error(L, "reply: the type has a control byte");
    call->reply = (struct reply){(int)status, body, type};
    return 0;
}

static void append_value(lua_State *L, int index, struct buf *out)
{
    if (lua_type(L, index) == LUA_TTABLE) {
        script_encode(L, index, out);
        return;
    }
    if (script_lua_is_null(L, index)) {
        buf_append_text(out, TEXT("null"));
        return;
    }
    luaL_tolstring(L, index, NULL);
    buf_append_text(out, script_lua_string(L, -1));
    lua_pop(L, 1);
}

/* All arguments, a blank between them, as one line to who listens. */
static int say(lua_State *L, enum log_level level)
{
    const struct script_lua *lua = script_lua_of(L);
    struct script_call *call = lua->call;
    struct buf *line = &script_lua_of(L)->scratch;
    int count = lua_gettop(L);
    luaL_where(L, 1);
    const char *place = lua_tostring(L, -1);
    buf_clear(line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            buf_append_char(line, ' ');
        append_value(L, i, line);
    }
    int shown = line->len < LINE_BYTES ? (int)line->len : LINE_BYTES;
    const char *text = line->data ? line->data : "";
    if (call && call->notes)
        note(call->notes, NOTE_LOG, "%s%.*s", place, shown, text);
    else
        log_line(level, "script", "%s%.*s (request %s)", place, shown, text,
                 call ? call->request->id : "none");
    return 0;
}

static int api_info(lua_State *L)
{
    return say(L, LOG_INFO);
}

static int api_warn(lua_State *L)
{
    return say(L, LOG_WARN);
}

static int api_error(lua_State *L)
{
    return say(L, LOG_ERROR);
}

void script_say_open(lua_State *L)
{
    static const struct script_function levels[] = {{"info", api_info},
                                                    {"warn", api_warn},
                                                    {"error", api_error},
                                                    {NULL, NULL}};
    lua_pushglobaltable(L);
    lua_newtable(L);
    script_lua_set_functions(L, levels);
    lua_setfield(L, -2, "log");
    lua_pushcfunction(L, api_info);
    lua_setfield(L, -2, "print");
    lua_pushcfunction(L, api_reply);
    lua_setfield(L, -2, "reply");
    lua_pop(L, 1);
}
