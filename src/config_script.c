/* config_script.c - see config_script.h. */
#include "config_script.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "modules.h"
#include "near.h"

enum { PATH_BYTES = 4096 };

static bool is_dir(const char *path)
{
    struct stat st;
    return path && path[0] && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The first shipped folder that is there, or NULL. */
static const char *shipped_dir(void)
{
    const char *named = getenv("MOONLINE_SCRIPTS");
    if (is_dir(named))
        return named;
    if (is_dir(MOONLINE_SOURCE_SCRIPTS))
        return MOONLINE_SOURCE_SCRIPTS;
    return is_dir(MOONLINE_SCRIPTS) ? MOONLINE_SCRIPTS : NULL;
}

static bool is_shipped_name(const char *name)
{
    return !strchr(name, '/') && !text_ends_with(text_of(name), TEXT(".lua"));
}

/* The shipped script that was probably meant. */
static void find_near(const char *dir, struct near *near)
{
    DIR *stream = dir ? opendir(dir) : NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".lua") != 0)
            continue;
        *end = '\0';
        near_offer(near, entry->d_name);
    }
    if (stream)
        closedir(stream);
}

static bool missing(const char *dir, const char *name, const char *path,
                    struct error *err)
{
    if (!is_shipped_name(name))
        return fail(err, ERR_CONFIG, "there is no script %s", path);
    struct near near;
    near_init(&near, text_of(name));
    find_near(dir, &near);
    if (near.name[0])
        return fail(err, ERR_CONFIG,
                    "no shipped script \"%s\" (did you mean \"%s\"?)", name,
                    near.name);
    return fail(err, ERR_CONFIG,
                "no shipped script \"%s\" in %s (a file beside the "
                "configuration is \"%s.lua\")",
                name, dir ? dir : "any scripts folder", name);
}

static bool find(const char *dir, const char *name, char *path,
                 struct error *err)
{
    const char *shipped = shipped_dir();
    int len;
    if (is_shipped_name(name))
        len = snprintf(path, PATH_BYTES, "%s/%s.lua", shipped ? shipped : ".",
                       name);
    else if (name[0] == '/' || strcmp(dir, ".") == 0)
        len = snprintf(path, PATH_BYTES, "%s", name);
    else
        len = snprintf(path, PATH_BYTES, "%s/%s", dir, name);
    if (len >= PATH_BYTES)
        return fail(err, ERR_CONFIG, "the script's name is too long");
    return access(path, F_OK) == 0 || missing(shipped, name, path, err);
}

bool config_script_add(struct config_scripts *scripts, const char *dir,
                       const char *name, int *index, struct error *err)
{
    char path[PATH_BYTES];
    if (!find(dir, name, path, err))
        return false;
    for (size_t i = 0; i < scripts->count; i++)
        if (strcmp(scripts->items[i].path, path) == 0) {
            *index = (int)i;
            return true;
        }
    struct script_source source = {0};
    if (!script_source_load(&source, path, shipped_dir(), err))
        return false;
    if (!scripts->modules)
        scripts->modules = modules_new();
    source.modules = scripts->modules;
    scripts->items =
        xrealloc(scripts->items, (scripts->count + 1) * sizeof *scripts->items);
    *index = (int)scripts->count;
    scripts->items[scripts->count++] = source;
    return true;
}

void config_script_deinit(struct config_scripts *scripts)
{
    for (size_t i = 0; i < scripts->count; i++)
        script_source_deinit(&scripts->items[i]);
    free(scripts->items);
    modules_free(scripts->modules);
    *scripts = (struct config_scripts){0};
}
