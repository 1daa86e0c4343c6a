/* check_scripts.c - see check_scripts.h. */
#include "check_scripts.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "check_script.h"
#include "config.h"
#include "error.h"
#include "modules.h"
#include "route.h"
#include "script.h"

struct look {
    const struct config *config;
    struct script **scripts; /* loaded; NULL where that failed */
    struct script **loaded;  /* the same without gaps */
    size_t loaded_count;
    size_t mistakes;
    void (*tell)(const char *mistake, void *context);
    void *context;
};

static void tell_mistake(const char *text, void *context)
{
    struct look *look = context;
    look->mistakes++;
    look->tell(text, look->context);
}

static const struct limits *limits_of(const struct config *config, size_t index)
{
    const struct route *route;
    for (size_t i = 0; (route = route_table_at(config->routes, i)); i++)
        if (route->script == (int)index)
            return &route->limits;
    return &config->limits;
}

static void load_scripts(struct look *look)
{
    const struct config *config = look->config;
    const struct ingest_options options = config_ingest(config);
    size_t count = config->scripts.count;
    look->scripts = xcalloc(count, sizeof *look->scripts);
    look->loaded = xcalloc(count, sizeof *look->loaded);
    for (size_t i = 0; i < count; i++) {
        struct error err;
        struct script *script =
            script_new(&config->scripts.items[i], limits_of(config, i),
                       &options.outputs, &err);
        look->scripts[i] = script;
        if (script)
            look->loaded[look->loaded_count++] = script;
        else
            tell_mistake(err.text, look);
    }
}

static void look_through_scripts(struct look *look)
{
    for (size_t i = 0; i < look->config->scripts.count; i++) {
        const struct script_source *source = &look->config->scripts.items[i];
        const struct check_script check = {.path = source->path,
                                           .text = {source->text, source->len},
                                           .scripts = &look->scripts[i],
                                           .script_count = 1,
                                           .tell = tell_mistake,
                                           .context = look};
        if (look->scripts[i])
            check_script(&check);
    }
}

static void look_through_module(struct look *look, const char *path)
{
    struct error err;
    const struct script_source *source =
        modules_get(look->config->scripts.modules, path, &err);
    if (!source)
        return;
    if (strncmp(path, "./", 2) == 0)
        path += 2;
    const struct check_script check = {.path = path,
                                       .text = {source->text, source->len},
                                       .scripts = look->loaded,
                                       .script_count = look->loaded_count,
                                       .is_module = true,
                                       .tell = tell_mistake,
                                       .context = look};
    check_script(&check);
}

struct paths {
    char **items;
    size_t count;
};

/* Only taken down: the modules are locked meanwhile. */
static void take_path(const char *path, void *context)
{
    struct paths *paths = context;
    paths->items =
        xrealloc(paths->items, (paths->count + 1) * sizeof *paths->items);
    paths->items[paths->count++] = xstrdup(path);
}

/* A module is known only once a script has required it. */
static void look_through_modules(struct look *look)
{
    struct modules *modules = look->config->scripts.modules;
    struct paths paths = {0};
    if (modules)
        modules_each(modules, take_path, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        if (look->loaded_count > 0)
            look_through_module(look, paths.items[i]);
        free(paths.items[i]);
    }
    free(paths.items);
}

size_t check_scripts(const struct config *config,
                     void (*tell)(const char *mistake, void *context),
                     void *context)
{
    struct look look = {.config = config, .tell = tell, .context = context};
    load_scripts(&look);
    look_through_scripts(&look);
    look_through_modules(&look);
    for (size_t i = 0; i < look.loaded_count; i++)
        script_free(look.loaded[i]);
    free(look.loaded);
    free(look.scripts);
    return look.mistakes;
}
