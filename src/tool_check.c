/* tool_check.c - see tool_check.h.
 *
 * First the configuration, then every script is loaded as a gateway would, then
 * the texts are looked through for what loading does not find. Mistakes and
 * warnings go to stderr, one a line, in the order in which one would read them.
 */
#include "tool_check.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "check_reach.h"
#include "check_scripts.h"
#include "config.h"
#include "config_mistakes.h"
#include "error.h"
#include "route.h"

struct checking {
    const struct config *config;
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
    check_scripts(config, tell_mistake, &checking);
    check_reach(config, tell_warning, &checking);
    if (!route_table_at(config->routes, 0))
        tell_warning("`routes` is empty: whoever posts gets a 404", &checking);
    if (checking.mistakes == 0)
        print_fine(&checking);
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
