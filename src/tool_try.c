/* tool_try.c - see tool_try.h.
 *
 * Which route: -s names a script, or the request file does; else the
 * configuration's, by the path; else the script beside the request file. Points
 * go to stdout in their order and nothing else does, so that they can be piped.
 */
#include "tool_try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "attempt.h"
#include "buf.h"
#include "config.h"
#include "contracts.h"
#include "error.h"
#include "pulse.h"
#include "route.h"
#include "trial.h"
#include "try_flags.h"
#include "try_report.h"

enum { LINES_BYTES = 256 << 20 };

/* Without a path the only route is meant, if there is only one. */
static bool choose_path(const struct config *config, struct try_flags *flags,
                        struct error *err)
{
    const struct route *first = route_table_at(config->routes, 0);
    if (flags->has_target)
        return true;
    if (first && !route_table_at(config->routes, 1)
        && !strpbrk(first->pattern, ":*")) {
        free(flags->request.target);
        flags->request.target = xstrdup(first->pattern);
        return true;
    }
    return fail(err, ERR_USAGE,
                "which route? Give a path of %s with -p, or a script with -s",
                config->path);
}

static bool has_route(const struct config *config,
                      const struct attempt_request *request)
{
    struct route_match match;
    struct error err;
    return route_find(config->routes, method_of(text_of(request->method)),
                      attempt_request_path(request), &match, &err)
           || err.kind == ERR_METHOD;
}

/* The configuration that has a route for the request, or NULL and *err. */
static struct config *load_configured(struct try_flags *flags,
                                      const char *beside, struct error *err)
{
    struct error unset;
    struct config *config = config_load_to_look(flags->config, &unset, err);
    if (config && unset.kind != ERR_NONE)
        fprintf(stderr, "%s; it is \"unset\" here\n", unset.text);
    bool is_usable = config && choose_path(config, flags, err);
    if (is_usable && (!beside || has_route(config, &flags->request)))
        return config;
    config_free(config);
    return is_usable ? config_for_script(beside, flags->request.route,
                                         flags->request.vars, err)
                     : NULL;
}

static struct config *load(struct try_flags *flags, struct error *err)
{
    const struct attempt_request *request = &flags->request;
    const char *script = flags->script ? flags->script : request->script;
    char *beside = flags->file ? trial_script_beside(flags->file) : NULL;
    struct config *config;
    if (!script && beside && !flags->config && !config_find())
        script = beside;
    if (script)
        config = config_for_script(script, request->route, request->vars, err);
    else if (flags->config || config_find())
        config = load_configured(flags, beside, err);
    else {
        fail(err, ERR_USAGE,
             "no configuration and no script: give -c FILE or -s SCRIPT, or "
             "run it where moonline.lua is");
        config = NULL;
    }
    free(beside);
    return config;
}

static void print_points(const struct attempt *attempt,
                         const struct ingest *ingest)
{
    struct buf lines;
    struct error err;
    buf_init(&lines, LINES_BYTES);
    if (!attempt_lines(attempt, ingest, &lines, &err))
        fprintf(stderr, "%s\n", err.text);
    if (lines.len > 0)
        fwrite(lines.data, 1, lines.len, stdout);
    fflush(stdout);
    buf_deinit(&lines);
}

/* Nobody's path: those that there are. */
static void print_routes(const struct config *config)
{
    const struct route *route;
    for (size_t i = 0; (route = route_table_at(config->routes, i)); i++)
        fprintf(stderr, "%s%s", i == 0 ? "the routes are: " : ", ",
                route->pattern);
    fputc('\n', stderr);
}

static bool run(const struct config *config, struct ingest *ingest,
                const struct try_flags *flags)
{
    struct attempt attempt;
    attempt_init(&attempt);
    bool stored =
        attempt_run(&attempt, ingest, config->routes, &flags->request);
    print_points(&attempt, ingest);
    try_report(&attempt, ingest);
    if (flags->is_joined && (!stored || attempt.receipt.point_count == 0))
        fprintf(stderr, "-d took the ends of the lines out, as curl's does: "
                        "--data-binary keeps them\n");
    if (flags->further > 0)
        fprintf(stderr,
                "this was the first request of %zu in %s: `moonline test -v` "
                "runs all\n",
                flags->further + 1, flags->file);
    if (attempt.error.kind == ERR_NOT_FOUND)
        print_routes(config);
    bool is_only_kept =
        attempt.receipt.kept_count > 0 && attempt.receipt.point_count == 0;
    attempt_deinit(&attempt);
    return stored && !is_only_kept;
}

/* What was learnt counts here too, where it may be read. */
static struct contracts *read_contracts(const struct config *config)
{
    struct error err;
    struct contracts *contracts = config_contracts(config, &err);
    if (!contracts)
        fprintf(stderr, "types are not checked here: %s\n", err.text);
    return contracts;
}

int tool_try_run(int argc, char **argv)
{
    struct try_flags flags;
    struct error err = {0};
    struct config *config = NULL;
    struct ingest *ingest = NULL;
    struct contracts *contracts = NULL;
    struct pulse pulse = {0};
    int code = EX_USAGE;
    if (try_flags_read(argc, argv, &flags, &err))
        config = load(&flags, &err);
    if (config) {
        struct ingest_options options = config_ingest(config);
        options.contracts = contracts = read_contracts(config);
        options.pulse = &pulse;
        pulse_start(&pulse);
        ingest = ingest_new(&options, &err);
    }
    if (ingest) {
        code = run(config, ingest, &flags) ? EX_OK : 1;
    } else {
        fprintf(stderr, "%s\n", err.text);
        if (config && !flags.script)
            fprintf(stderr, "-s SCRIPT tries one script, whatever is wrong "
                            "with the others\n");
        code = err.kind == ERR_USAGE ? EX_USAGE : EX_CONFIG;
    }
    ingest_free(ingest);
    pulse_stop(&pulse);
    contracts_close(contracts);
    config_free(config);
    try_flags_deinit(&flags);
    return code;
}
