/* tools.c - see tools.h. The short ones; `try` has files of its own. */
#include "tools.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "answer.h"
#include "config.h"
#include "digest.h"
#include "error.h"
#include "gzip.h"
#include "influx.h"
#include "ingest.h"
#include "route.h"
#include "script.h"
#include "trial.h"

static int fail_with(const struct error *err)
{
    fprintf(stderr, "%s\n", err->text);
    return error_exit_code(err);
}

/* The one flag that `check` and `test` have. False: usage. */
static bool take_config_flag(int argc, char **argv, const char **path)
{
    *path = NULL;
    for (int option; (option = getopt(argc, argv, "c:")) != -1; *path = optarg)
        if (option != 'c')
            return false;
    return true;
}

static size_t count_routes(const struct config *config)
{
    size_t count = 0;
    while (route_table_at(config->routes, count))
        count++;
    return count;
}

static void print_count(const char *before, size_t count, const char *thing)
{
    printf("%s%zu %s%s", before, count, thing, count == 1 ? "" : "s");
}

static void print_fine(const struct config *config)
{
    printf("%s: ", config->path);
    print_count("", count_routes(config), "route");
    print_count(", ", config->scripts.count, "script");
    print_count(", ", config->outputs.count, "output");
    printf(": fine\n");
}

int tools_check(int argc, char **argv)
{
    const char *path;
    if (!take_config_flag(argc, argv, &path) || optind < argc) {
        fprintf(stderr, "usage: moonline check [-c FILE]\n");
        return EX_USAGE;
    }
    struct error err;
    struct config *config = config_load(path, &err);
    if (!config)
        return fail_with(&err);
    const struct ingest_options options = config_ingest(config);
    struct ingest *ingest = ingest_new(&options, &err);
    if (ingest)
        print_fine(config);
    ingest_free(ingest);
    config_free(config);
    return ingest ? EX_OK : fail_with(&err);
}

/* Without a path: the scripts beside the -c FILE, else those here. */
static const char *default_path(const struct config *config, char *out,
                                size_t size)
{
    snprintf(out, size, "%s/scripts", config ? config->dir : ".");
    if (access(out, R_OK) != 0)
        snprintf(out, size, "%s", config ? config->dir : ".");
    return out;
}

static int run_tests(const struct config *config, bool is_named,
                     char *const *paths, size_t path_count)
{
    const struct trial_options options = {.config = config,
                                          .prefers_beside = !is_named,
                                          .has_colour = isatty(STDOUT_FILENO)};
    struct trial_count count;
    struct error err;
    if (!trial_run(&options, paths, path_count, &count, &err))
        return fail_with(&err);
    printf("%u passed, %u failed\n", count.passed, count.failed);
    if (count.passed + count.failed == 0)
        fprintf(stderr, "no request with an `### expect` was found\n");
    return count.failed > 0 || count.passed == 0 ? 1 : EX_OK;
}

int tools_test(int argc, char **argv)
{
    const char *path;
    if (!take_config_flag(argc, argv, &path)) {
        fprintf(stderr, "usage: moonline test [-c FILE] [PATH...]\n");
        return EX_USAGE;
    }
    struct error err;
    struct config *config =
        path || config_find() ? config_load(path, &err) : NULL;
    if (path && !config)
        return fail_with(&err);
    if (!path && !config && config_find())
        fprintf(stderr, "%s: no routes, only the scripts beside the tests\n",
                err.text);
    char found[4096];
    char *fallback =
        (char *)default_path(path ? config : NULL, found, sizeof found);
    bool has_paths = optind < argc;
    int code =
        run_tests(config, path != NULL, has_paths ? argv + optind : &fallback,
                  has_paths ? (size_t)(argc - optind) : 1);
    config_free(config);
    return code;
}

int tools_version(void)
{
    printf("moonline %s\n"
           "Lua %s, libmicrohttpd %s, libcurl %s, zlib %s, GnuTLS %s\n",
           MOONLINE_VERSION, script_library(), answer_library(),
           influx_library(), gzip_library(), digest_library());
    return EX_OK;
}
