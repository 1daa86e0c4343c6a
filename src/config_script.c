/* config_script.c - see config_script.h. */
#include "config_script.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "config_units.h"
#include "error.h"

enum { PATH_BYTES = 4096, MAX_SHIPPED = 200 };

static bool is_dir(const char *path)
{
    struct stat st;
    return path && path[0] && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *config_script_shipped_dir(void)
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
    size_t len = strlen(name);
    bool ends_in_lua = len > 4 && strcmp(name + len - 4, ".lua") == 0;
    return !strchr(name, '/') && !ends_in_lua;
}

/* The shipped script that was probably meant, into out; empty: none is near. */
static void nearest_shipped(const char *dir, const char *name, char *out,
                            size_t size)
{
    char *names[MAX_SHIPPED];
    size_t count = 0;
    DIR *stream = dir ? opendir(dir) : NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        size_t len = strlen(entry->d_name);
        if (count < MAX_SHIPPED && len > 4
            && strcmp(entry->d_name + len - 4, ".lua") == 0)
            names[count++] = xstrndup(entry->d_name, len - 4);
    }
    if (stream)
        closedir(stream);
    size_t nearest =
        config_units_nearest(name, (const char *const *)names, count);
    snprintf(out, size, "%s", nearest < count ? names[nearest] : "");
    for (size_t i = 0; i < count; i++)
        free(names[i]);
}

static bool missing(const char *dir, const char *name, const char *path,
                    struct error *err)
{
    if (!is_shipped_name(name))
        return fail(err, ERR_CONFIG, "there is no script %s", path);
    char hint[100];
    nearest_shipped(dir, name, hint, sizeof hint);
    if (hint[0])
        return fail(err, ERR_CONFIG,
                    "no shipped script \"%s\" (did you mean \"%s\"?)", name,
                    hint);
    return fail(err, ERR_CONFIG,
                "no shipped script \"%s\" in %s (a file beside the "
                "configuration is \"%s.lua\")",
                name, dir ? dir : "any scripts folder", name);
}

static bool find(const char *dir, const char *name, char *path,
                 struct error *err)
{
    const char *shipped = config_script_shipped_dir();
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
    if (!script_source_load(&source, path, config_script_shipped_dir(), err))
        return false;
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
    *scripts = (struct config_scripts){0};
}
