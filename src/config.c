/* config.c - see config.h.
 *
 * config_file runs the file, config_place finds its lines, config_table checks
 * the options of the top here; outputs and routes have files of their own. The
 * order matters: outputs before routes, which name them; addresses before
 * routes, since only a gateway on loopback may leave `verify` out.
 *
 * What can go wrong ends in one ERR_CONFIG with file and line, and everything
 * half made is freed by config_free.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "config_address.h"
#include "config_file.h"
#include "config_mark.h"
#include "config_mistakes.h"
#include "config_route.h"
#include "config_table.h"
#include "config_tree.h"
#include "contracts.h"
#include "error.h"
#include "file.h"
#include "network.h"

enum { ADDRESSES = 16 };

struct form {
    char **listen;
    const struct setting *admin;
    char *data;
    unsigned workers;
    const struct setting *outputs;
    char *default_output;
    const struct setting *routes;
    const struct setting *limits;
    const struct setting *journal;
    char **trusted_proxies;
    bool test_on_reload;
    const char *open_address; /* the first that is not loopback, or NULL */
};

#define AT(member) offsetof(struct form, member)

static const struct config_option options[] = {
    {"listen", CONFIG_LIST, AT(listen), .text = "where senders post",
     .fallback = "127.0.0.1:8580"},
    {"admin", CONFIG_ANY, AT(admin), .text = "health and metrics; false: none"},
    {"data", CONFIG_TEXT, AT(data), .text = "the folder of the journals",
     .fallback = "moonline-data"},
    {"workers", CONFIG_INT, AT(workers), .text = "threads that take requests",
     .min = 1, .max = 64},
    {"outputs", CONFIG_ANY, AT(outputs), .text = "where points go"},
    {"default_output", CONFIG_TEXT, AT(default_output), .text = "of a route"},
    {"routes", CONFIG_ANY, AT(routes), .text = "which path means which script"},
    {"limits", CONFIG_ANY, AT(limits), .text = "of a request and its script"},
    {"journal", CONFIG_ANY, AT(journal), .text = "how much may wait"},
    {"trusted_proxies", CONFIG_LIST, AT(trusted_proxies),
     .text = "whose X-Forwarded-For is believed"},
    {"test_on_reload", CONFIG_BOOL, AT(test_on_reload),
     .text = "recorded tests must pass before changed scripts count",
     .fallback = "false"},
    {"tls", CONFIG_LATER, 0, .text = "certificates"},
    {"include", CONFIG_LATER, 0, .text = "more files of routes"},
};

enum { OPTIONS = sizeof options / sizeof *options };

struct journal_form {
    uint64_t max_bytes;
    uint64_t min_free_bytes;
    uint64_t keep_ns;
    uint64_t segment_bytes;
    bool sync;
};

#define JOURNAL(member) offsetof(struct journal_form, member)

static const struct config_option journal_options[] = {
    {"max", CONFIG_SIZE, JOURNAL(max_bytes), .text = "all journals together",
     .fallback = "10GB", .min = 16 << 20, .max = UINT64_C(1000000000000000)},
    {"min_free", CONFIG_SIZE, JOURNAL(min_free_bytes),
     .text = "left on the disk", .fallback = "1GB"},
    {"keep", CONFIG_TIME, JOURNAL(keep_ns),
     .text = "delivered segments, to send again", .fallback = "0s"},
    {"segment", CONFIG_SIZE, JOURNAL(segment_bytes), .text = "for tests only",
     .min = 4096, .max = LIMIT_SEGMENT_BYTES},
    {"sync", CONFIG_BOOL, JOURNAL(sync), .text = "for the benchmark only",
     .fallback = "true"},
};

enum { JOURNAL_OPTIONS = sizeof journal_options / sizeof *journal_options };

const char *const config_fixed_names[CONFIG_FIXED] = {
    "listen", "admin", "data", "workers", "outputs", "journal"};

static const char default_admin[] = "127.0.0.1:8581";

static void form_deinit(struct form *form)
{
    config_table_free_list(form->listen);
    config_table_free_list(form->trusted_proxies);
    config_table_free_secret(form->data);
    config_table_free_secret(form->default_output);
}

static unsigned default_workers(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores <= 2 ? 1 : (unsigned)(cores < 65 ? cores - 1 : 64);
}

/* *open_address becomes the first that is not loopback. */
static bool check_listen(const struct setting *root, char *const *listen,
                         const char **open_address, struct error *err)
{
    *open_address = NULL;
    for (size_t i = 0; listen[i]; i++) {
        bool is_loopback;
        if (i == ADDRESSES || !config_address_check(listen[i], &is_loopback))
            return config_tree_fail(err, config_tree_get(root, TEXT("listen")),
                                    i == ADDRESSES
                                        ? "`listen` has too many addresses, "
                                          "from %.60s on"
                                        : "`listen`: \"%.60s\" is no address "
                                          "like \"127.0.0.1:8580\" or "
                                          "\"[::1]:8580\"",
                                    listen[i]);
        if (!is_loopback && !*open_address)
            *open_address = listen[i];
    }
    return true;
}

static bool read_admin(const struct setting *admin, struct config *config,
                       struct error *err)
{
    bool is_loopback;
    if (!admin)
        config->admin = xstrdup(default_admin);
    if (!admin || (admin->type == SETTING_BOOL && !admin->truth))
        return true;
    if (admin->type != SETTING_TEXT
        || !config_address_check(admin->text, &is_loopback))
        return config_tree_fail(err, admin,
                                "`admin` must be an address like \"%s\", or "
                                "false (none)",
                                default_admin);
    config->admin = xstrdup(admin->text);
    return true;
}

/* Operators' and senders' doors are never the same; port 0 is any free one. */
static bool check_doors(const struct setting *root, char *const *listen,
                        const char *admin, struct error *err)
{
    const struct setting *said = config_tree_get(root, TEXT("admin"));
    if (!said)
        said = config_tree_get(root, TEXT("listen"));
    for (size_t i = 0; admin && listen[i]; i++)
        if (strcmp(admin, listen[i]) == 0
            && strcmp(strrchr(admin, ':'), ":0") != 0)
            return config_tree_fail(err, said,
                                    "`admin` and `listen` are both %s; health "
                                    "and metrics need an address of their own",
                                    admin);
    return true;
}

/* What is for the benchmark and for tests. */
static bool check_bench(const struct setting *journal, bool is_synced,
                        struct error *err)
{
    const char *bench = getenv("MOONLINE_BENCH");
    const struct setting *segment =
        journal ? config_tree_get(journal, TEXT("segment")) : NULL;
    if (bench && strcmp(bench, "1") == 0)
        return true;
    if (segment)
        return config_tree_fail(err, segment,
                                "segments are always of one size");
    return is_synced
           || config_tree_fail(err, config_tree_get(journal, TEXT("sync")),
                               "the journal is always synced: a 2xx means "
                               "that it is on disk");
}

static bool read_journal(const struct setting *setting, struct config *config,
                         struct error *err)
{
    struct journal_form form = {0};
    config_table_default(journal_options, JOURNAL_OPTIONS, &form);
    if (setting
        && !config_table_read(setting, journal_options, JOURNAL_OPTIONS, &form,
                              err))
        return false;
    if (!check_bench(setting, form.sync, err))
        return false;
    config->journal_segment_bytes = form.segment_bytes;
    config->journal_max_bytes = form.max_bytes;
    config->journal_min_free_bytes = form.min_free_bytes;
    config->journal_keep_ns = form.keep_ns;
    config->journal_is_unsynced = !form.sync;
    return true;
}

static bool read_outputs(const struct form *form, struct config *config,
                         struct error *err)
{
    bool fine = form->outputs ? config_output_read(form->outputs, config->dir,
                                                   &config->outputs, err)
                              : config_output_default(&config->outputs, err);
    for (size_t i = 0; i < config->outputs.count; i++)
        config->outputs.items[i].relay.keep_ns = config->journal_keep_ns;
    return fine;
}

/* Where a route's points go that names no output: bits, 0 if it must. */
static bool default_outputs(const struct form *form, const struct setting *root,
                            const struct config *config, uint64_t *outputs,
                            struct error *err)
{
    *outputs = config->outputs.count == 1 ? 1 : 0;
    if (!form->default_output)
        return true;
    size_t output = config_output_find(&config->outputs, form->default_output);
    if (output == config->outputs.count)
        return config_tree_fail(
            err, config_tree_get(root, TEXT("default_output")),
            "there is no output \"%.60s\"", form->default_output);
    *outputs = UINT64_C(1) << output;
    return true;
}

static bool check_proxies(const struct form *form, const struct setting *root,
                          struct error *err)
{
    struct networks networks;
    bool fine = networks_init(&networks,
                              (const char *const *)form->trusted_proxies, err);
    networks_deinit(&networks);
    return fine
           || config_tree_blame(err,
                                config_tree_get(root, TEXT("trusted_proxies")));
}

static bool read_routes(const struct form *form, const struct setting *root,
                        struct config *config, struct error *err)
{
    struct config_route_context context = {.dir = config->dir,
                                           .outputs = &config->outputs,
                                           .limits = config->limits,
                                           .scripts = &config->scripts};
    if (!form->routes)
        return config_tree_fail(err, root,
                                "no `routes`: which path means which script");
    context.open_address = form->open_address;
    bool fine =
        default_outputs(form, root, config, &context.default_outputs, err);
    if (!fine)
        context.default_outputs = 1; /* that was one mistake, not one a route */
    return (fine || config_tree_goes_on(root))
           && config_route_read(form->routes, &context, config->routes, err)
           && fine;
}

enum { STEPS = 8 };

static bool take_step(int step, struct form *form, const struct setting *root,
                      struct config *config, struct error *err)
{
    switch (step) {
    case 0:
        return !form->limits
               || config_route_limits(form->limits, &config->limits, err);
    case 1:
        return read_admin(form->admin, config, err);
    case 2:
        return check_doors(root, form->listen, config->admin, err);
    case 3:
        return read_journal(form->journal, config, err);
    case 4:
        return check_proxies(form, root, err);
    case 5:
        return read_outputs(form, config, err);
    case 6:
        return check_listen(root, form->listen, &form->open_address, err);
    default:
        return read_routes(form, root, config, err);
    }
}

/* Where more mistakes than the first are wanted, each step is taken whatever
 * became of the others. */
static bool fill(struct form *form, const struct setting *root,
                 struct config *config, struct error *err)
{
    bool fine = config_table_read(root, options, OPTIONS, form, err);
    for (int step = 0; step < STEPS && (fine || config_tree_goes_on(root));
         step++)
        fine &= take_step(step, form, root, config, err);
    return fine;
}

/* The folder of a path, malloc'ed. */
static char *dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static struct config *config_new(const char *dir)
{
    struct config *config = xcalloc(1, sizeof *config);
    config->dir = xstrdup(dir);
    config->limits = LIMITS_DEFAULT;
    config->workers = default_workers();
    config->routes = route_table_new();
    return config;
}

static bool load(struct config *config, struct setting *root, struct error *err)
{
    struct form form = {0};
    config_table_default(options, OPTIONS, &form);
    bool fine = fill(&form, root, config, err);
    if (fine) {
        config->listen = form.listen;
        config->trusted_proxies = form.trusted_proxies;
        config->data = file_beside(config->dir, form.data);
        config->tests_on_reload = form.test_on_reload;
        for (size_t i = 0; i < CONFIG_FIXED; i++)
            config->fixed_marks[i] = config_mark(
                config_tree_get(root, text_of(config_fixed_names[i])));
        form.listen = form.trusted_proxies = NULL;
        if (form.workers)
            config->workers = form.workers;
    }
    form_deinit(&form);
    return fine;
}

const char *config_find(void)
{
    const char *named = getenv("MOONLINE_CONFIG");
    if (named && named[0])
        return named;
    static const char *const places[] = {"moonline.lua",
                                         "/etc/moonline/moonline.lua"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

/* path is there. */
static struct config *
load_file(const char *path, struct config_mistakes *mistakes, struct error *err)
{
    struct setting root = {0};
    struct config *config = NULL;
    char *dir = dir_of(path);
    if (config_file_load(path, &root, mistakes, err)) {
        config = config_new(dir);
        config->path = xstrdup(path);
        if (!load(config, &root, err) || mistakes->count > 0) {
            config_free(config);
            config = NULL;
        }
    } else if (mistakes->goes_on) {
        config_mistakes_add(mistakes, 0, err->text);
    }
    config_tree_deinit(&root);
    free(dir);
    return config;
}

struct config *config_load_all(const char *path,
                               struct config_mistakes *mistakes,
                               struct error *err)
{
    if (!path && !(path = config_find())) {
        fail(err, ERR_CONFIG,
             "no configuration: give one with -c FILE or $MOONLINE_CONFIG, or "
             "make ./moonline.lua or /etc/moonline/moonline.lua");
        return NULL;
    }
    struct config *config = load_file(path, mistakes, err);
    config_mistakes_sort(mistakes);
    if (mistakes->count > 0)
        fail(err, ERR_CONFIG, "%s", mistakes->items[0].text);
    return config;
}

struct config *config_load(const char *path, struct error *err)
{
    struct config_mistakes mistakes = {.goes_on = false};
    struct config *config = config_load_all(path, &mistakes, err);
    config_mistakes_deinit(&mistakes);
    return config;
}

struct config *config_load_to_look(const char *path, struct error *unset,
                                   struct error *err)
{
    struct config_mistakes mistakes = {.looks_only = true};
    struct error ignored;
    *unset = (struct error){.kind = ERR_NONE};
    struct config *config = config_load(path, err);
    if (!config) {
        config = config_load_all(path, &mistakes, &ignored);
        *unset = *err;
    }
    config_mistakes_deinit(&mistakes);
    return config;
}

/* One route that takes anything. */
static bool add_script_route(struct config *config, const char *script,
                             const char *pattern, const char *vars_json,
                             struct error *err)
{
    struct route *route = xcalloc(1, sizeof *route);
    route->pattern = xstrdup(pattern ? pattern : "/*path");
    route->where = xstrdup(script);
    route->methods = METHOD_GET | METHOD_HEAD | METHOD_POST | METHOD_PUT
                     | METHOD_PATCH | METHOD_DELETE;
    route->outputs = 1;
    route->vars_json = vars_json ? xstrdup(vars_json) : NULL;
    route->limits = config->limits;
    bool found =
        config_script_add(&config->scripts, ".", script, &route->script, err);
    struct error ignored;
    return route_table_add(config->routes, route, found ? err : &ignored)
           && found;
}

struct config *config_for_script(const char *script, const char *pattern,
                                 const char *vars_json, struct error *err)
{
    struct config *config = config_new(".");
    config_output_stdout(&config->outputs);
    if (!add_script_route(config, script, pattern, vars_json, err)) {
        config_free(config);
        return NULL;
    }
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    route_table_free(config->routes);
    config_script_deinit(&config->scripts);
    config_output_deinit(&config->outputs);
    config_table_free_list(config->listen);
    config_table_free_list(config->trusted_proxies);
    free(config->admin);
    free(config->data);
    free(config->dir);
    free(config->path);
    free(config);
}

struct ingest_options config_ingest(const struct config *config)
{
    return (struct ingest_options){.routes = config->routes,
                                   .scripts = config->scripts.items,
                                   .script_count = config->scripts.count,
                                   .outputs = {.names = config->outputs.names,
                                               .count = config->outputs.count},
                                   .waker = -1};
}

struct journal_options config_journal(const struct config *config)
{
    return (struct journal_options){
        .outputs = (const char *const *)config->outputs.names,
        .output_count = config->outputs.count,
        .max_bytes = config->journal_max_bytes,
        .min_free_bytes = config->journal_min_free_bytes,
        .is_unsynced = config->journal_is_unsynced,
        .segment_bytes = config->journal_segment_bytes};
}

struct contracts *config_contracts(const struct config *config,
                                   struct error *err)
{
    const struct contract_options *items[LIMIT_OUTPUTS];
    const struct config_outputs *outputs = &config->outputs;
    for (size_t i = 0; i < outputs->count; i++)
        items[i] = outputs->items[i].types;
    char *dir = file_beside(config->data ? config->data : ".", "types");
    const struct contracts_options contracts = {
        .dir = dir,
        .outputs = (const char *const *)outputs->names,
        .items = items,
        .count = outputs->count};
    struct contracts *opened = contracts_open(&contracts, err);
    free(dir);
    return opened;
}
