/* config_file.c - see config_file.h.
 *
 * The text is read first, since config_place needs it too, and then run in a
 * fresh Lua state. What it returns is copied into plain C and the state is
 * closed, so that no other module of the configuration knows Lua.
 *
 * What can go wrong: Lua's messages quote the source. Where such a quote is a
 * string it might be a token, so the message is cut before it. Reading a global
 * that nobody set is an error here: `token = TOKEN` would else be no token. A
 * file that loops or fills the memory ends with its line, as a script does, and
 * one that names a table again and again (30 times two of the one before) ends
 * at a number of values: the copy has each of them.
 */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "buf.h"
#include "clock.h"
#include "config_mistakes.h"
#include "config_place.h"
#include "config_tree.h"
#include "error.h"
#include "file.h"
#include "log.h"
#include "script_lua.h"
#include "script_text.h"

enum {
    FILE_BYTES = 1 << 20,
    SECRET_BYTES = 16 << 10,
    MAX_DEPTH = 32,
    MAX_VALUES = 50000, /* LIMIT_ROUTES routes of fifty each */
    MEMORY_BYTES = 64 << 20
};

#define BUDGET_NS (UINT64_C(2000) * NS_PER_MS)

/* The chunk's name: Lua would shorten a long path in its messages. */
#define CHUNK "configuration"

struct mistakes_of {
    struct config_mistakes *mistakes; /* may be NULL */
    const char *path;
};

/* Upvalue 1 of env and file. */
static struct mistakes_of *mistakes_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* What is at the top was given by the system: it may be a secret. */
static void hide(lua_State *L)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    if (mistakes_of(L)->mistakes)
        config_mistakes_hide(mistakes_of(L)->mistakes,
                             (struct text){text, len});
}

/* Told now, where others may follow; a text stands for what is missing. */
static int go_on_without(lua_State *L, const char *why)
{
    const struct mistakes_of *of = mistakes_of(L);
    lua_Debug ar;
    struct error told;
    if (of->mistakes && of->mistakes->looks_only) {
        lua_pushliteral(L, "unset");
        return 1;
    }
    if (!of->mistakes || !of->mistakes->goes_on || !lua_getstack(L, 1, &ar)
        || !lua_getinfo(L, "l", &ar))
        return luaL_error(L, "%s", why);
    fail(&told, ERR_CONFIG, "%s:%d: %.400s", of->path, ar.currentline, why);
    of->mistakes->goes_on = config_mistakes_add_unset(
        of->mistakes, (unsigned)ar.currentline, told.text);
    lua_pushliteral(L, "unset");
    return 1;
}

static int lua_env(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *value = getenv(name);
    if (value) {
        lua_pushstring(L, value);
        hide(L);
    } else if (lua_gettop(L) >= 2) {
        lua_settop(L, 2);
    } else {
        return go_on_without(
            L,
            lua_pushfstring(L, "the environment variable %s is not set", name));
    }
    return 1;
}

/* Returns the length, or -1 and errno. */
static ssize_t read_secret(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return -1;
    size_t len = 0;
    ssize_t got = 0;
    while (len < size && (got = read(fd, out + len, size - len)) > 0)
        len += (size_t)got;
    int code = errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & S_IROTH)
        log_line(LOG_WARN, "config", "%s can be read by everybody", path);
    close(fd);
    errno = got < 0 ? code : EFBIG;
    return got < 0 || len == size ? -1 : (ssize_t)len;
}

/* The key of a table in the registry: which text came from which file. A token
 * that did can be read again. */
static const char sources = 0;

/* A relative name starts from the folder of the configuration, upvalue 2. */
static int lua_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char secret[SECRET_BYTES];
    if (path[0] != '/')
        path = lua_pushfstring(L, "%s%s", lua_tostring(L, lua_upvalueindex(2)),
                               path);
    ssize_t len = read_secret(path, secret, sizeof secret);
    if (len < 0)
        return go_on_without(
            L, lua_pushfstring(L, "file %s: %s", path, strerror(errno)));
    if (len > 0 && secret[len - 1] == '\n')
        len--;
    if (len > 0 && secret[len - 1] == '\r')
        len--;
    lua_pushlstring(L, secret, (size_t)len);
    hide(L);
    explicit_bzero(secret, sizeof secret);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &sources);
    lua_pushvalue(L, -2);
    lua_pushstring(L, path);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return 1;
}

static int lua_undeclared(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    return luaL_error(L, "`%s` is not defined%s", name,
                      strcmp(name, "os") == 0
                          ? " (env \"NAME\" gives what a "
                            "variable of the environment is)"
                          : "");
}

/* Argument 1: a struct mistakes_of; 2: what relative names start from. */
static int open_libraries(lua_State *L)
{
    static const char *const left_out[] = {
        "dofile",       "loadfile", "load",  "collectgarbage", "getmetatable",
        "setmetatable", "rawset",   "print", "xpcall"};
    luaL_requiref(L, "_G", luaopen_base, 1);
    luaL_requiref(L, "string", luaopen_string, 1);
    luaL_requiref(L, "table", luaopen_table, 1);
    luaL_requiref(L, "math", luaopen_math, 1);
    luaL_requiref(L, "utf8", luaopen_utf8, 1);
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        lua_pushnil(L);
        lua_setglobal(L, left_out[i]);
    }
    script_text_open(L);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &sources);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, lua_env, 1);
    lua_setglobal(L, "env");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, lua_file, 2);
    lua_setglobal(L, "file");
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, lua_undeclared);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 0;
}

/* Cuts a message of Lua before the text of the file that it quotes. */
static void cut_quote(char *message)
{
    static const char *const quotes[] = {" near '\"", " near ''", " near '[",
                                         " (constant '"};
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        char *quote = strstr(message, quotes[i]);
        if (quote)
            *quote = '\0';
    }
}

static bool fail_lua(lua_State *L, const char *path,
                     const struct config_mistakes *mistakes, struct error *err)
{
    const char *said = lua_tostring(L, -1);
    if (!said)
        return fail(err, ERR_CONFIG, "%s: an error that is no text", path);
    char message[600] = "";
    strncat(message, said, sizeof message - 1);
    cut_quote(message);
    if (mistakes)
        config_mistakes_blank(mistakes, message);
    bool has_line = strncmp(message, CHUNK ":", sizeof CHUNK) == 0;
    return fail(err, ERR_CONFIG, "%s%s%s", path, has_line ? ":" : ": ",
                message + (has_line ? sizeof CHUNK : 0));
}

/* Where the copy goes on, and how many values it may still have. */
struct copying {
    int depth;
    size_t *left;
};

static bool copy_value(lua_State *L, struct setting *setting,
                       struct copying copying, struct error *err);

/* Room for twice as many at 1, 2, 4, 8 ...: one by one would copy a long list
 * over and over. */
static void add_room(struct setting *setting)
{
    size_t count = setting->count;
    bool is_full = (count & (count - 1)) == 0; /* at 0 and the powers of two */
    if (is_full)
        setting->items = xrealloc(setting->items, (count ? 2 * count : 1)
                                                      * sizeof *setting->items);
}

/* The key at -2 and the value at -1 become an item of setting. */
static bool copy_item(lua_State *L, struct setting *setting,
                      struct copying copying, struct error *err)
{
    if ((*copying.left)-- == 0) {
        *copying.left = 0;
        return fail(err, ERR_CONFIG, "%s: more than %d values, at %s",
                    setting->file, MAX_VALUES, config_tree_name(setting));
    }
    add_room(setting);
    struct setting *item = &setting->items[setting->count++];
    *item =
        (struct setting){.file = setting->file, .mistakes = setting->mistakes};
    if (lua_isinteger(L, -2))
        item->index = lua_tointeger(L, -2);
    else if (lua_type(L, -2) == LUA_TSTRING)
        item->key = xstrdup(lua_tostring(L, -2));
    else
        return fail(err, ERR_CONFIG, "%s: a %s as the key in %s", setting->file,
                    luaL_typename(L, -2), config_tree_name(setting));
    return copy_value(L, item, copying, err);
}

static bool copy_table(lua_State *L, struct setting *setting,
                       struct copying copying, struct error *err)
{
    setting->type = SETTING_TABLE;
    if (copying.depth++ > MAX_DEPTH || !lua_checkstack(L, 4))
        return fail(err, ERR_CONFIG, "%s: %s is nested deeper than %d",
                    setting->file, config_tree_name(setting), MAX_DEPTH);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool copied = copy_item(L, setting, copying, err);
        lua_pop(L, 1);
        if (!copied)
            return false;
    }
    return true;
}

static void copy_text(lua_State *L, struct setting *setting)
{
    const char *text = lua_tolstring(L, -1, &setting->len);
    setting->type = SETTING_TEXT;
    setting->text = xcalloc(1, setting->len + 1);
    memcpy(setting->text, text, setting->len);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &sources);
    lua_pushvalue(L, -2);
    if (lua_rawget(L, -2) == LUA_TSTRING)
        setting->source = xstrdup(lua_tostring(L, -1));
    lua_pop(L, 2);
}

static bool copy_value(lua_State *L, struct setting *setting,
                       struct copying copying, struct error *err)
{
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        setting->type = SETTING_BOOL;
        setting->truth = lua_toboolean(L, -1);
        return true;
    case LUA_TNUMBER:
        setting->type = lua_isinteger(L, -1) ? SETTING_INT : SETTING_FLOAT;
        setting->integer = lua_tointeger(L, -1);
        setting->number = lua_tonumber(L, -1);
        return true;
    case LUA_TSTRING:
        copy_text(L, setting);
        return true;
    case LUA_TTABLE:
        return copy_table(L, setting, copying, err);
    default:
        setting->type = SETTING_OTHER;
        return true;
    }
}

static bool run(lua_State *L, const struct buf *lua, struct setting *root,
                struct error *err)
{
    const char *path = root->file;
    const char *slash = strrchr(path, '/');
    script_lua_limit(L, BUDGET_NS, false);
    struct mistakes_of of = {root->mistakes, path};
    lua_pushcfunction(L, open_libraries);
    lua_pushlightuserdata(L, &of);
    lua_pushlstring(L, path, slash ? (size_t)(slash + 1 - path) : 0);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK
        || luaL_loadbufferx(L, lua->data ? lua->data : "", lua->len, "=" CHUNK,
                            "t")
               != LUA_OK
        || lua_pcall(L, 0, 1, 0) != LUA_OK)
        return fail_lua(L, path, root->mistakes, err);
    if (!lua_istable(L, -1))
        return fail(err, ERR_CONFIG,
                    "%s: the file must return a table: return { ... }", path);
    size_t left = MAX_VALUES;
    return copy_value(L, root, (struct copying){.left = &left}, err);
}

/* Whoever can write it can read every secret in it, and every request. */
static bool check_mode(const char *path, struct error *err)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IWOTH))
        return true;
    return fail(err, ERR_CONFIG, "%s: everybody may write it (chmod o-w %s)",
                path, path);
}

bool config_file_load(const char *path, struct setting *root,
                      struct config_mistakes *mistakes, struct error *err)
{
    struct buf lua;
    buf_init(&lua, FILE_BYTES);
    *root = (struct setting){.file = path, .mistakes = mistakes};
    struct script_lua bounds = {.limits = {.memory_bytes = MEMORY_BYTES}};
    lua_State *L = script_lua_new_state(&bounds);
    bool loaded = L && check_mode(path, err)
                  && file_read(&file_real, path, &lua, err)
                  && run(L, &lua, root, err);
    if (loaded)
        config_place(root, buf_text(&lua));
    else
        err->kind = ERR_CONFIG;
    if (L)
        lua_close(L);
    if (lua.data)
        explicit_bzero(lua.data, lua.len);
    buf_deinit(&lua);
    return loaded;
}
