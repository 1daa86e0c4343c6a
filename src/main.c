/* main.c - the verbs, and what is said when there is none.
 *
 * Exit codes: 0, 64 (usage), 70 (start failed), 78 (configuration), and 1 where
 * `try` and `test` say no.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"
#include "error.h"
#include "help.h"
#include "serve.h"
#include "sink.h"
#include "tool_check.h"
#include "tool_dead.h"
#include "tool_journal.h"
#include "tool_try.h"
#include "tools.h"

/* For what is wrong with a known verb: what is said must not scroll away. */
static int fail_usage(const char *said)
{
    fprintf(stderr, "moonline: %s (`moonline help` shows all)\n", said);
    return EX_USAGE;
}

static int fail_with(const struct error *err)
{
    fprintf(stderr, "%s\n", err->text);
    return error_exit_code(err);
}

static int run_serve(int argc, char **argv)
{
    static const struct option flags[] = {
        {"record", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
    const char *path = NULL, *record_dir = NULL;
    for (int option;
         (option = getopt_long(argc, argv, "c:", flags, NULL)) != -1;) {
        if (option != 'c' && option != 'r')
            return fail_usage("serve takes only -c FILE and --record DIR");
        *(option == 'c' ? &path : &record_dir) = optarg;
    }
    if (optind < argc)
        return fail_usage("serve takes only -c FILE and --record DIR");
    int code;
    struct config *config = tool_check_load(path, &code);
    if (!config)
        return code;
    /* Workers may still run, and what they use must stay. */
    _exit(serve_run(config, record_dir));
}

static int run_sink(int argc, char **argv)
{
    static const struct option flags[] = {
        {"listen", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
    const char *listen = "127.0.0.1:8086";
    for (int option;
         (option = getopt_long(argc, argv, "l:", flags, NULL)) != -1;) {
        if (option != 'l')
            return fail_usage("sink takes only --listen ADDR and a FILE");
        listen = optarg;
    }
    if (optind + 1 < argc)
        return fail_usage("sink takes one FILE");
    struct error err;
    return sink_run(listen, argv[optind], &err) ? EX_OK : fail_with(&err);
}

static int run_version(int argc, char **argv)
{
    (void)argv;
    return argc == 1 ? tools_version() : fail_usage("version takes nothing");
}

static int run_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    help_print(stdout, NULL);
    return EX_OK;
}

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"serve", run_serve},       {"check", tool_check_run},
    {"try", tool_try_run},      {"test", tools_test},
    {"sink", run_sink},         {"version", run_version},
    {"--version", run_version}, {"help", run_help},
    {"--help", run_help},       {"-h", run_help},
    {"dead", tool_dead_run},    {"journal", tool_journal_run},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    return NULL;
}

/* `moonline dead ls --help` too is a question, not a mistake. */
static bool asks_for_help(int argc, char **argv)
{
    bool asks = argc == 3 && strcmp(argv[2], "-h") == 0;
    for (int i = 2; i < argc; i++)
        asks |= strcmp(argv[i], "--help") == 0;
    return asks;
}

int main(int argc, char **argv)
{
    const struct verb *verb = argc < 2 ? NULL : find_verb(argv[1]);
    if (verb && asks_for_help(argc, argv) && help_print(stdout, argv[1]))
        return EX_OK;
    if (verb)
        return verb->run(argc - 1, argv + 1);
    help_print(stderr, NULL);
    if (argc < 2)
        fprintf(stderr, "\nmoonline: what to do?\n");
    else
        fprintf(stderr, "\nmoonline: no verb `%.60s`%s\n", argv[1],
                help_hint(argv[1]));
    return EX_USAGE;
}
