/* check_reach.c - see check_reach.h.
 *
 * Whether a route is reached is tried out: a path is made from its pattern, and
 * the table asked whose it is. Files are looked for in the folders of the
 * configuration and of its own scripts, not below them and not in the folder of
 * the shipped ones.
 */
#include "check_reach.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buf.h"
#include "config.h"
#include "config_address.h"
#include "error.h"
#include "file.h"
#include "lua_words.h"
#include "modules.h"
#include "route.h"
#include "trial.h"
#include "trial_file.h"

enum { MESSAGE_BYTES = 1200, PATH_BYTES = 4096, LUA_BYTES = 1 << 20 };

struct reach {
    const struct config *config;
    void (*tell)(const char *warning, void *context);
    void *context;
    const char *path; /* of the file under way */
    bool is_used;
};

static void warn(const struct reach *reach, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void warn(const struct reach *reach, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    reach->tell(message, reach->context);
}

/* -------------------------------------------------------------- routes --- */

/* "/a/:x/" followed by "*rest" as "/a/~x~/~/~": nobody would write such a
 * segment. */
static void example_of(const char *pattern, struct buf *path)
{
    for (const char *c = pattern; *c; c++) {
        bool is_start = c > pattern && c[-1] == '/';
        if (is_start && *c == '*') {
            buf_append_text(path, TEXT("~/~"));
            return;
        }
        if (is_start && *c == ':') {
            buf_append_text(path, TEXT("~x~"));
            c += strcspn(c, "/") - 1;
            continue;
        }
        buf_append_char(path, *c);
    }
}

static void check_route(const struct reach *reach, const struct route *route)
{
    static const unsigned methods[] = {METHOD_GET, METHOD_POST, METHOD_PUT,
                                       METHOD_PATCH, METHOD_DELETE};
    char list[METHODS_BYTES];
    unsigned taken = 0;
    struct buf path;
    buf_init(&path, PATH_BYTES);
    example_of(route->pattern, &path);
    struct text asked = buf_text(&path);
    text_cut(&asked, '?');
    asked = (struct text){path.data, path.len - asked.len};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct route_match match;
        bool found =
            route_find(reach->config->routes, methods[i], asked, &match, NULL);
        if (route->methods & methods[i] && (!found || match.route != route))
            taken |= methods[i];
    }
    method_list(taken, list);
    if (taken)
        warn(reach, "%s: no request reaches route %s (%s)", route->where,
             route->pattern, list);
    buf_deinit(&path);
}

static const char *open_address(const struct config *config)
{
    bool is_loopback;
    for (size_t i = 0; config->listen[i]; i++)
        if (config_address_check(config->listen[i], &is_loopback)
            && !is_loopback)
            return config->listen[i];
    return NULL;
}

static void check_routes(const struct reach *reach)
{
    const char *address = open_address(reach->config);
    const struct route *route;
    for (size_t i = 0; (route = route_table_at(reach->config->routes, i));
         i++) {
        check_route(reach, route);
        if (address && !route->verify)
            warn(reach,
                 "%s: whoever reaches %s may post to %s (verify = false)",
                 route->where, address, route->pattern);
    }
    bool is_loopback = true;
    if (reach->config->admin
        && config_address_check(reach->config->admin, &is_loopback)
        && !is_loopback)
        warn(reach,
             "%s: `admin` on %s: whoever reaches it sees health and metrics",
             reach->config->path, reach->config->admin);
}

/* --------------------------------------------------------------- files --- */

static bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0
           && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static void look_at_module(const char *path, void *context)
{
    struct reach *reach = context;
    reach->is_used |= is_same_file(path, reach->path);
}

static bool is_used(struct reach *reach)
{
    const struct config_scripts *scripts = &reach->config->scripts;
    reach->is_used = is_same_file(reach->path, reach->config->path);
    for (size_t i = 0; i < scripts->count; i++)
        reach->is_used |= is_same_file(scripts->items[i].path, reach->path);
    if (scripts->modules)
        modules_each(scripts->modules, look_at_module, reach);
    return reach->is_used;
}

/* Other Lua files (another configuration, say) are nobody's business. */
static bool returns_function(const char *path)
{
    struct buf lua;
    struct lua_words words;
    bool found = false;
    buf_init(&lua, LUA_BYTES);
    if (file_read(&file_real, path, &lua, NULL)) {
        lua_words_begin(&words, buf_text(&lua));
        struct lua_word before = {.kind = LUA_WORD_END};
        struct lua_word word = lua_words_next(&words);
        for (; word.kind != LUA_WORD_END && !found;
             word = lua_words_next(&words)) {
            found = lua_word_is(&before, "return")
                    && lua_word_is(&word, "function");
            before = word;
        }
    }
    buf_deinit(&lua);
    return found;
}

static bool has_own_way(const struct reach *reach,
                        const struct attempt_request *request)
{
    struct route_match match;
    struct error err;
    return request->script
           || route_find(reach->config->routes,
                         method_of(text_of(request->method)),
                         attempt_request_path(request), &match, &err)
           || err.kind == ERR_METHOD;
}

static void check_test(const struct reach *reach)
{
    struct trial_file file;
    struct error err;
    char *script = trial_script_beside(reach->path);
    bool is_read = trial_file_read(reach->path, &file, &err);
    if (!is_read)
        warn(reach, "%s", err.text);
    for (size_t i = 0; is_read && !script && i < file.count; i++)
        if (!has_own_way(reach, &file.cases[i].request))
            warn(reach, "%s:%u: no script beside it, and no route for %s",
                 reach->path, file.cases[i].line, file.cases[i].request.target);
    trial_file_deinit(&file);
    free(script);
}

static void check_file(struct reach *reach)
{
    struct text path = text_of(reach->path);
    if (text_ends_with(path, TEXT(".http")))
        check_test(reach);
    else if (text_ends_with(path, TEXT(".lua")) && !is_used(reach)
             && returns_function(reach->path))
        warn(reach, "%s: no route uses this script", reach->path);
}

static void check_folder(struct reach *reach, const char *dir)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        bool is_here = strcmp(dir, ".") == 0;
        int len = snprintf(path, sizeof path, "%s%s%s", is_here ? "" : dir,
                           is_here ? "" : "/", entries[i]->d_name);
        reach->path = path;
        if (len < PATH_BYTES && entries[i]->d_name[0] != '.')
            check_file(reach);
        free(entries[i]);
    }
    free(entries);
}

static bool is_looked_at(const struct config *config, size_t index)
{
    const struct script_source *script = &config->scripts.items[index];
    if (script->shipped_dir && is_same_file(script->dir, script->shipped_dir))
        return false;
    if (is_same_file(script->dir, config->dir))
        return false;
    for (size_t i = 0; i < index; i++)
        if (is_same_file(script->dir, config->scripts.items[i].dir))
            return false;
    return true;
}

void check_reach(const struct config *config,
                 void (*tell)(const char *warning, void *context),
                 void *context)
{
    struct reach reach = {.config = config, .tell = tell, .context = context};
    check_routes(&reach);
    check_folder(&reach, config->dir);
    for (size_t i = 0; i < config->scripts.count; i++)
        if (is_looked_at(config, i))
            check_folder(&reach, config->scripts.items[i].dir);
}
