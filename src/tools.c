/* tools.c - see tools.h. The short ones; `try` has files of its own. */
#include "tools.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "answer.h"
#include "config.h"
#include "digest.h"
#include "error.h"
#include "gzip.h"
#include "influx.h"
#include "script.h"
#include "trial.h"

static int fail_with(const struct error *err)
{
    fprintf(stderr, "%s\n", err->text);
    return error_exit_code(err);
}

struct test_flags {
    const char *config;
    bool is_verbose;
    bool accepts;
};

/* https://no-color.org: set, to whatever but nothing, means no. */
static bool wants_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no && *no)
           && !(term && strcmp(term, "dumb") == 0);
}

static void print_summary(const struct trial_count *count, const char *where)
{
    printf("%u passed, %u failed", count->passed, count->failed);
    if (count->accepted > 0)
        printf(", %u accepted", count->accepted);
    printf("\n");
    if (count->files == 0)
        fprintf(stderr, "there is no recorded test, *.http, in %s\n", where);
    else if (count->passed + count->failed + count->accepted == 0)
        fprintf(stderr, "no request with an `### expect` was found: write that "
                        "line below one, and say --accept\n");
}

/* Without a path: the tests beside the -c FILE, else those here. */
static int run_tests(const struct config *config,
                     const struct test_flags *flags, char *const *paths,
                     size_t path_count)
{
    const struct trial_options options = {.config = config,
                                          .prefers_beside = !flags->config,
                                          .has_colour = wants_colour(),
                                          .is_verbose = flags->is_verbose,
                                          .accepts = flags->accepts};
    struct trial_count count;
    struct error err;
    const char *here = flags->config ? config->dir : ".";
    if (!(path_count > 0 ? trial_run(&options, paths, path_count, &count, &err)
                         : trial_run_here(&options, here, &count, &err)))
        return fail_with(&err);
    print_summary(&count, path_count > 0 ? paths[0] : here);
    return count.failed > 0 || count.passed + count.accepted == 0 ? 1 : EX_OK;
}

static bool take_test_flags(int argc, char **argv, struct test_flags *flags)
{
    static const struct option names[] = {{"accept", no_argument, NULL, 'a'},
                                          {NULL, 0, NULL, 0}};
    *flags = (struct test_flags){.config = NULL};
    for (int option;
         (option = getopt_long(argc, argv, "c:v", names, NULL)) != -1;) {
        if (option == 'c')
            flags->config = optarg;
        else if (option == 'v')
            flags->is_verbose = true;
        else if (option == 'a')
            flags->accepts = true;
        else
            return false;
    }
    return true;
}

static void tell_unset(const struct error *unset)
{
    if (unset->kind != ERR_NONE)
        fprintf(stderr, "%s; it is \"unset\" here\n", unset->text);
}

int tools_test(int argc, char **argv)
{
    struct test_flags flags;
    if (!take_test_flags(argc, argv, &flags)) {
        fprintf(stderr,
                "usage: moonline test [-c FILE] [-v] [--accept] [PATH...]\n");
        return EX_USAGE;
    }
    struct error err, unset;
    bool has_config = flags.config || config_find();
    struct config *config =
        has_config ? config_load_to_look(flags.config, &unset, &err) : NULL;
    if (flags.config && !config)
        return fail_with(&err);
    if (config)
        tell_unset(&unset);
    if (!config && has_config)
        fprintf(stderr, "%s: no routes, only the scripts beside the tests\n",
                err.text);
    int code =
        run_tests(config, &flags, argv + optind, (size_t)(argc - optind));
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
