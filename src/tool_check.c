/* tool_check.c - see tool_check.h.
 *
 * First the configuration, then every script is loaded as a gateway would, then
 * the texts are looked through for what loading does not find. Mistakes and
 * warnings go to stderr, one a line, in the order in which one would read them.
 */
#include "tool_check.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "check_reach.h"
#include "check_script.h"
#include "config.h"
#include "config_mistakes.h"
#include "error.h"
#include "modules.h"
#include "route.h"
#include "script.h"

struct checking {
    const struct config *config;
    struct script **scripts; /* loaded; NULL where that failed */
    struct script **loaded;  /* the same without gaps */
    size_t loaded_count;
    unsigned mistakes;
    unsigned warnings;
};

struct config *tool_check_load(const char *path, int *code)
{
    struct config_mistakes mistakes = {.goes_on = true};
    struct error err;
    struct config *config = config_load_all(path, &mistakes, &err);
    for (size_t i = 0; i < mistakes.count; i++)
        fprintf(stderr, "%s\n", mistakes.items[i].text);
    if (!config && mistakes.count == 0)
        fprintf(stderr, "%s\n", err.text);
    if (mistakes.count == CONFIG_MISTAKES)
        fprintf(stderr, "these are the first %d; there may be more\n",
                CONFIG_MISTAKES);
    if (!config)
        *code = error_exit_code(&err);
    config_mistakes_deinit(&mistakes);
    return config;
}

static void tell_mistake(const char *text, void *context)
{
    struct checking *checking = context;
    checking->mistakes++;
    fprintf(stderr, "%s\n", text);
}

static void tell_warning(const char *text, void *context)
{
    struct checking *checking = context;
    checking->warnings++;
    fprintf(stderr, "warning: %s\n", text);
}

/* ------------------------------------------------------------- scripts --- */

static const struct limits *limits_of(const struct config *config, size_t index)
{
    const struct route *route;
    for (size_t i = 0; (route = route_table_at(config->routes, i)); i++)
        if (route->script == (int)index)
            return &route->limits;
    return &config->limits;
}

static void load_scripts(struct checking *checking)
{
    const struct config *config = checking->config;
    const struct ingest_options options = config_ingest(config);
    size_t count = config->scripts.count;
    checking->scripts = xcalloc(count, sizeof *checking->scripts);
    checking->loaded = xcalloc(count, sizeof *checking->loaded);
    for (size_t i = 0; i < count; i++) {
        struct error err;
        struct script *script =
            script_new(&config->scripts.items[i], limits_of(config, i),
                       &options.outputs, &err);
        checking->scripts[i] = script;
        if (script)
            checking->loaded[checking->loaded_count++] = script;
        else
            tell_mistake(err.text, checking);
    }
}

static void look_through_scripts(struct checking *checking)
{
    for (size_t i = 0; i < checking->config->scripts.count; i++) {
        const struct script_source *source =
            &checking->config->scripts.items[i];
        const struct check_script check = {.path = source->path,
                                           .text = {source->text, source->len},
                                           .scripts = &checking->scripts[i],
                                           .script_count = 1,
                                           .tell = tell_mistake,
                                           .context = checking};
        if (checking->scripts[i])
            check_script(&check);
    }
}

static void look_through_module(struct checking *checking, const char *path)
{
    struct error err;
    const struct script_source *source =
        modules_get(checking->config->scripts.modules, path, &err);
    if (!source)
        return;
    if (strncmp(path, "./", 2) == 0)
        path += 2;
    const struct check_script check = {.path = path,
                                       .text = {source->text, source->len},
                                       .scripts = checking->loaded,
                                       .script_count = checking->loaded_count,
                                       .is_module = true,
                                       .tell = tell_mistake,
                                       .context = checking};
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
static void look_through_modules(struct checking *checking)
{
    struct modules *modules = checking->config->scripts.modules;
    struct paths paths = {0};
    if (modules)
        modules_each(modules, take_path, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        if (checking->loaded_count > 0)
            look_through_module(checking, paths.items[i]);
        free(paths.items[i]);
    }
    free(paths.items);
}

/* ------------------------------------------------------------ the verb --- */

static void print_count(const char *before, size_t count, const char *thing)
{
    printf("%s%zu %s%s", before, count, thing, count == 1 ? "" : "s");
}

static void print_fine(const struct checking *checking)
{
    const struct config *config = checking->config;
    size_t routes = 0;
    while (route_table_at(config->routes, routes))
        routes++;
    printf("%s: ", config->path);
    print_count("", routes, "route");
    print_count(", ", config->scripts.count, "script");
    print_count(", ", config->outputs.count, "output");
    if (checking->warnings > 0)
        print_count(", ", checking->warnings, "warning");
    else
        printf(": fine");
    printf("\n");
}

static int check(const struct config *config)
{
    struct checking checking = {.config = config};
    load_scripts(&checking);
    look_through_scripts(&checking);
    look_through_modules(&checking);
    check_reach(config, tell_warning, &checking);
    if (checking.mistakes == 0)
        print_fine(&checking);
    for (size_t i = 0; i < checking.loaded_count; i++)
        script_free(checking.loaded[i]);
    free(checking.loaded);
    free(checking.scripts);
    return checking.mistakes > 0 ? EX_CONFIG : EX_OK;
}

int tool_check_run(int argc, char **argv)
{
    const char *path = NULL;
    bool is_usage = false;
    for (int option; (option = getopt(argc, argv, "c:")) != -1;) {
        is_usage |= option != 'c';
        path = optarg;
    }
    if (is_usage || optind < argc) {
        fprintf(stderr, "usage: moonline check [-c FILE]\n");
        return EX_USAGE;
    }
    int code;
    struct config *config = tool_check_load(path, &code);
    if (config)
        code = check(config);
    config_free(config);
    return code;
}
