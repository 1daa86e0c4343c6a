/* script_say.c - see script_say.h.
 *
 * A reply's bytes are copied to the arena of the request's points, where they
 * live until the sender has its answer.
 *
 * A log line is cut at 1 KiB. When somebody asked for notes (try, a test) it
 * goes there instead of the log: they are looking. The log gets ten lines a
 * second of a script, after a quiet time up to fifty at once: a print that was
 * left in must not fill a disk, nor hide what others say.
 */
#include "script_say.h"

#include <stdio.h>

#include <lauxlib.h>

#include "arena.h"
#include "blank.h"
#include "clock.h"
#include "log.h"
#include "notes.h"
#include "point.h"
#include "script_encode.h"
#include "script_lua.h"

enum {
    LINE_BYTES = 1024,
    LINGER_BYTES = 256,
    TYPE_BYTES = 200,
    MOST_LINES = 50,
    LINES_PER_S = 10
};

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
                   "reply(%I): 200 to 299 only; to refuse, return nil,"
                   " \"why\", status",
                   (LUAI_UACINT)status);
    struct text body = keep_text(L, call, body_text(L, 2, &is_json));
    struct text type =
        is_json ? TEXT("application/json") : TEXT("text/plain; charset=utf-8");
    if (!lua_isnoneornil(L, 3))
        type = keep_text(L, call, script_lua_text(L, 3));
    if (type.len == 0 || type.len > TYPE_BYTES)
        luaL_error(L, "reply: the type has %d bytes, not 1 to %d",
                   (int)type.len, TYPE_BYTES);
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

/* False: there were too many of late. */
static bool may_say(struct script_voice *voice)
{
    int64_t now_ns = clock_mono_ns(), line_ns = NS_PER_S / LINES_PER_S;
    int64_t more =
        voice->from_ns ? (now_ns - voice->from_ns) / line_ns : MOST_LINES;
    if (more > 0) {
        int64_t left = voice->left + more;
        voice->left = left < MOST_LINES ? (unsigned)left : MOST_LINES;
        voice->from_ns = now_ns;
    }
    if (voice->left == 0) {
        voice->hidden++;
        return false;
    }
    voice->left--;
    return true;
}

/* A secret at the cut must not be known by its first half: hence LINGER. */
static struct text without_secrets(const struct script_call *call,
                                   struct text line, struct buf *out)
{
    if (line.len > LINE_BYTES + LINGER_BYTES)
        line.len = LINE_BYTES + LINGER_BYTES;
    if (call && blank_write(call->route, call->request, line, out))
        line = buf_text(out);
    if (line.len > LINE_BYTES)
        line.len = LINE_BYTES;
    return line;
}

static void say_to_log(struct script_lua *lua, enum log_level level,
                       const char *place, struct text line)
{
    struct buf clean;
    char more[50] = "";
    if (!may_say(&lua->voice))
        return;
    if (lua->voice.hidden > 0)
        snprintf(more, sizeof more, " (%llu lines before it left out)",
                 (unsigned long long)lua->voice.hidden);
    lua->voice.hidden = 0;
    buf_init(&clean, LINE_BYTES + LINGER_BYTES);
    line = without_secrets(lua->call, line, &clean);
    log_line(level, "script", "%s%.*s (request %s)%s", place, TEXT_ARG(line),
             lua->call ? lua->call->request->id : "none", more);
    buf_deinit(&clean);
}

/* All arguments, a blank between them, as one line to who listens. */
static int say(lua_State *L, enum log_level level)
{
    struct script_lua *lua = script_lua_of(L);
    struct script_call *call = lua->call;
    struct buf *line = &lua->scratch;
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
    if (call && call->notes)
        note(call->notes, NOTE_LOG, "%s%.*s", place, shown, buf_string(line));
    else
        say_to_log(lua, level, place, buf_text(line));
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
