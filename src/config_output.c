/* config_output.c - see config_output.h.
 *
 * An output's options go straight into relay's and influx's own structs. Which
 * API is spoken follows from what is given: org and bucket mean v2, database
 * v1, unless `api` says so. A client is made and thrown away, so that a url
 * that is none is told with its line and not at the first write.
 */
#include "config_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "ceilings.h"
#include "config_table.h"
#include "config_tree.h"
#include "config_types.h"
#include "error.h"
#include "file.h"

enum {
    API_UNSAID = -1,
    NAME_BYTES = 64,
    DEFAULT_BATCH_LINES = 5000,
    DEFAULT_BATCH_BYTES = 1000000,
    /* InfluxDB 3 acknowledges once a second, whatever the size. */
    V3_BATCH_LINES = 1000000,
    V3_BATCH_BYTES = 8000000
};

struct form {
    struct relay_options relay;
    int api;
    int precision;
    uint64_t batch_bytes;
    uint64_t flush_ns;
    uint64_t timeout_ns;
    const struct setting *types;
};

static const struct config_name apis[] = {
    {"v1", INFLUX_V1, false},
    {"v2", INFLUX_V2, false},
    {"v3", INFLUX_V3, false},
    {NULL, 0, false},
};

static const struct config_name precisions[] = {
    {"ns", PRECISION_NS, false},
    {"us", PRECISION_US, false},
    {"ms", PRECISION_MS, false},
    {"s", PRECISION_S, false},
    {NULL, 0, false},
};

#define AT(member) offsetof(struct form, member)
#define INFLUX(member) offsetof(struct form, relay.influx.member)

static const struct config_option options[] = {
    {"url", CONFIG_TEXT, INFLUX(url), .text = "where InfluxDB listens"},
    {"api", CONFIG_NAME, AT(api), .text = "which write API it speaks",
     .names = apis},
    {"org", CONFIG_TEXT, INFLUX(org), .text = "v2: the organisation"},
    {"bucket", CONFIG_TEXT, INFLUX(bucket), .text = "v2: the bucket"},
    {"database", CONFIG_TEXT, INFLUX(database),
     .text = "v1 and v3: the database"},
    {"retention_policy", CONFIG_TEXT, INFLUX(retention_policy), .text = "v1"},
    {"token", CONFIG_TEXT, INFLUX(token), .text = "v2 and v3"},
    {"user", CONFIG_TEXT, INFLUX(user), .text = "v1"},
    {"password", CONFIG_TEXT, INFLUX(password), .text = "v1"},
    {"precision", CONFIG_NAME, AT(precision),
     .text = "of the stamps that are sent", .fallback = "ns",
     .names = precisions},
    {"gzip", CONFIG_BOOL, INFLUX(gzip), .text = "compress what is sent",
     .fallback = "true"},
    {"batch_lines", CONFIG_INT, AT(relay.batch_lines),
     .text = "lines in one write", .min = 1, .max = 1000000},
    {"batch_bytes", CONFIG_SIZE, AT(batch_bytes), .text = "bytes in one write",
     .min = LIMIT_FRAME_BYTES, .max = 64000000},
    {"parallel", CONFIG_INT, AT(relay.parallel),
     .text = "writes in flight; with several, order is lost", .fallback = "1",
     .min = 1, .max = LIMIT_PARALLEL},
    {"flush", CONFIG_TIME, AT(flush_ns),
     .text = "how long a write waits to fill", .fallback = "200ms",
     .max = UINT64_C(60000000000)},
    {"timeout", CONFIG_TIME, AT(timeout_ns), .text = "of one write, whole",
     .fallback = "30s", .min = 1000000000, .max = UINT64_C(600000000000)},
    {"proxy", CONFIG_TEXT, INFLUX(proxy),
     .text = "a proxy on the way to it; that of the environment is not used"},
    {"ca_file", CONFIG_TEXT, INFLUX(ca_file),
     .text = "https: whom to trust, as PEM; else whom the system trusts"},
    {"cert_file", CONFIG_TEXT, INFLUX(cert_file),
     .text = "https: our own certificate, as PEM"},
    {"key_file", CONFIG_TEXT, INFLUX(key_file), .text = "the key of cert_file"},
    {"types", CONFIG_ANY, AT(types), .text = "which type each field has"},
    {"file", CONFIG_TEXT, AT(relay.file),
     .text = "write there; \"-\" is stdout"},
};

enum { OPTIONS = sizeof options / sizeof *options };

static void relay_deinit(struct relay_options *relay)
{
    const struct influx_options *influx = &relay->influx;
    const char *const texts[] = {
        relay->file,       influx->url,         influx->org,
        influx->bucket,    influx->database,    influx->retention_policy,
        influx->token,     influx->secret_file, influx->user,
        influx->password,  influx->proxy,       influx->ca_file,
        influx->cert_file, influx->key_file};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        config_table_free_secret(texts[i]);
}

/* The file is made where it is not there, its folder is not. */
static bool place_output(struct form *form, const struct setting *setting,
                         const char *dir, struct error *err)
{
    if (strcmp(form->relay.file, "-") == 0)
        return true;
    char *path = file_beside(dir, form->relay.file);
    config_table_free_secret(form->relay.file);
    form->relay.file = path;
    char *folder = xstrdup(path), *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    bool is_there = !slash || access(folder, F_OK) == 0;
    if (!is_there)
        config_tree_fail(err, config_tree_get(setting, TEXT("file")),
                         "`file` %s: there is no folder %s", path, folder);
    free(folder);
    return is_there;
}

static bool check_file(struct form *form, const struct setting *setting,
                       const char *dir, struct error *err)
{
    const struct influx_options *influx = &form->relay.influx;
    const char *name = config_tree_name(setting);
    if (form->relay.parallel > 1)
        return config_tree_fail(err, setting,
                                "output %s is a file: `parallel` is for "
                                "servers",
                                name);
    if (influx->url || form->api != API_UNSAID || influx->org || influx->bucket
        || influx->database)
        return config_tree_fail(err, setting,
                                "output %s has a `file` and a server; make "
                                "them two outputs",
                                name);
    return place_output(form, setting, dir, err);
}

static bool choose_api(struct form *form, const struct setting *setting,
                       struct error *err)
{
    struct influx_options *influx = &form->relay.influx;
    const char *name = config_tree_name(setting);
    bool has_v2 = influx->org || influx->bucket, has_v1 = influx->database;
    if (has_v2 && has_v1)
        return config_tree_fail(err, setting,
                                "output %s has `database` (v1, v3) beside "
                                "`org` and `bucket` (v2)",
                                name);
    if (form->api == API_UNSAID && !has_v1 && !(influx->org && influx->bucket))
        return config_tree_fail(err, setting,
                                "output %s needs `org` and `bucket` (v2), or "
                                "`database` (v1)",
                                name);
    if (form->api == API_UNSAID)
        form->api = has_v1 ? INFLUX_V1 : INFLUX_V2;
    influx->api = (enum influx_api)form->api;
    if (influx->api != INFLUX_V2 && !has_v1)
        return config_tree_fail(err, setting, "output %s needs `database`",
                                name);
    return influx->api != INFLUX_V2 || !has_v1
           || config_tree_fail(err, setting,
                               "output %s has `database`, which v2 does not "
                               "know",
                               name);
}

/* A path starts from the folder of the configuration, and must be readable now,
 * not at the first write. */
static bool place_file(const struct setting *table, const char *name,
                       const char **path, const char *dir, struct error *err)
{
    if (!*path)
        return true;
    char *placed = file_beside(dir, *path);
    config_table_free_secret(*path);
    *path = placed;
    return access(placed, R_OK) == 0
           || config_tree_fail(err, config_tree_get(table, text_of(name)),
                               "`%s` %s: %s", name, placed, strerror(errno));
}

static bool place_files(struct influx_options *influx,
                        const struct setting *setting, const char *dir,
                        struct error *err)
{
    const struct setting *secret = config_tree_get(
        setting, influx->user ? TEXT("password") : TEXT("token"));
    if (secret && secret->source)
        influx->secret_file = xstrdup(secret->source);
    return place_file(setting, "ca_file", &influx->ca_file, dir, err)
           && place_file(setting, "cert_file", &influx->cert_file, dir, err)
           && place_file(setting, "key_file", &influx->key_file, dir, err);
}

static bool check_server(struct form *form, const struct setting *setting,
                         const char *dir, struct error *err)
{
    if (!form->relay.influx.url)
        return config_tree_fail(err, setting, "output %s needs `url` or `file`",
                                config_tree_name(setting));
    if (!choose_api(form, setting, err)
        || !place_files(&form->relay.influx, setting, dir, err))
        return false;
    struct influx *probe = influx_new(&form->relay.influx, err);
    influx_free(probe);
    return probe || config_tree_blame(err, setting);
}

/* What the option arrays could not put where relay and influx want it. */
static void settle(struct form *form)
{
    struct relay_options *relay = &form->relay;
    bool is_v3 = !relay->file && relay->influx.api == INFLUX_V3;
    if (relay->batch_lines == 0)
        relay->batch_lines = is_v3 ? V3_BATCH_LINES : DEFAULT_BATCH_LINES;
    if (form->batch_bytes == 0)
        form->batch_bytes = is_v3 ? V3_BATCH_BYTES : DEFAULT_BATCH_BYTES;
    relay->batch_bytes = form->batch_bytes;
    relay->flush_ns = (int64_t)form->flush_ns;
    relay->influx.timeout_ns = (int64_t)form->timeout_ns;
    relay->influx.precision = (enum precision)form->precision;
}

static void add(struct config_outputs *outputs, const char *name,
                const struct relay_options *relay,
                struct contract_options *types)
{
    size_t count = outputs->count++;
    outputs->items =
        xrealloc(outputs->items, outputs->count * sizeof *outputs->items);
    outputs->names =
        xrealloc(outputs->names, (outputs->count + 1) * sizeof *outputs->names);
    struct config_output *output = &outputs->items[count];
    *output = (struct config_output){
        .name = xstrdup(name), .relay = *relay, .types = types};
    output->relay.name = output->name;
    output->relay.output = (unsigned)count;
    outputs->names[count] = output->name;
    outputs->names[count + 1] = NULL;
}

/* The name becomes a folder's. */
static bool check_name(const struct setting *setting, struct error *err)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789_-";
    const char *name = setting->key;
    if (!name)
        return config_tree_fail(err, setting,
                                "an output needs a name: outputs = { influx = "
                                "{ ... } }");
    return (name[0] && strspn(name, allowed) == strlen(name)
            && strlen(name) <= NAME_BYTES)
           || config_tree_fail(err, setting,
                               "an output's name is made of letters, digits, "
                               "- and _, at most %d of them",
                               NAME_BYTES);
}

static bool read_output(const struct setting *setting, const char *dir,
                        struct config_outputs *outputs, struct error *err)
{
    struct form form = {.api = API_UNSAID};
    config_table_default(options, OPTIONS, &form);
    bool fine = check_name(setting, err)
                && config_table_read(setting, options, OPTIONS, &form, err)
                && (form.relay.file ? check_file(&form, setting, dir, err)
                                    : check_server(&form, setting, dir, err));
    struct contract_options *types = NULL;
    if (fine && form.types)
        fine = (types = config_types_read(form.types, err));
    if (!fine) {
        relay_deinit(&form.relay);
        form.relay = (struct relay_options){.file = NULL};
        if (config_tree_goes_on(setting) && setting->key)
            add(outputs, setting->key, &form.relay, NULL); /* for routes */
        return false;
    }
    settle(&form);
    add(outputs, setting->key, &form.relay, types);
    return true;
}

bool config_output_read(const struct setting *table, const char *dir,
                        struct config_outputs *outputs, struct error *err)
{
    if (table->type != SETTING_TABLE || table->count == 0)
        return config_tree_fail(err, table,
                                "`outputs` must be a table with a name for "
                                "each output");
    if (table->count > LIMIT_OUTPUTS)
        return config_tree_fail(err, table, "%zu outputs, at most %d",
                                table->count, LIMIT_OUTPUTS);
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i].key && table->items[i].type != SETTING_TABLE)
            return config_tree_fail(err, &table->items[i],
                                    "each output is a table with a name: "
                                    "outputs = { influx = { %s = ... } }",
                                    table->items[i].key);
    bool fine = true;
    for (size_t i = 0; i < table->count && (fine || config_tree_goes_on(table));
         i++)
        fine &= read_output(&table->items[i], dir, outputs, err);
    return fine;
}

static char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? xstrdup(value) : NULL;
}

static bool fill_from_environment(struct influx_options *influx,
                                  struct error *err)
{
    influx->url = from_environment("INFLUX_HOST");
    influx->org = from_environment("INFLUX_ORG");
    influx->bucket = from_environment("INFLUX_BUCKET");
    influx->token = from_environment("INFLUX_TOKEN");
    influx->api = INFLUX_V2;
    if (!influx->org || !influx->bucket)
        return fail(err, ERR_CONFIG,
                    "INFLUX_HOST is set, but not %s; without `outputs` it "
                    "takes INFLUX_HOST, INFLUX_ORG, INFLUX_BUCKET and "
                    "INFLUX_TOKEN",
                    influx->org ? "INFLUX_BUCKET" : "INFLUX_ORG");
    struct influx *probe = influx_new(influx, err);
    influx_free(probe);
    return probe
           || fail(err, ERR_CONFIG,
                   "INFLUX_HOST or INFLUX_TOKEN cannot "
                   "be used: it is no http(s) address, "
                   "or has a line break");
}

void config_output_stdout(struct config_outputs *outputs)
{
    struct form form = {.api = INFLUX_V2};
    config_table_default(options, OPTIONS, &form);
    form.relay.file = xstrdup("-");
    settle(&form);
    add(outputs, "stdout", &form.relay, NULL);
}

bool config_output_default(struct config_outputs *outputs, struct error *err)
{
    const char *host = getenv("INFLUX_HOST");
    if (!host || !host[0]) {
        config_output_stdout(outputs);
        return true;
    }
    struct form form = {.api = INFLUX_V2};
    config_table_default(options, OPTIONS, &form);
    if (!fill_from_environment(&form.relay.influx, err)) {
        relay_deinit(&form.relay);
        return false;
    }
    settle(&form);
    add(outputs, "influx", &form.relay, NULL);
    return true;
}

void config_output_deinit(struct config_outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        relay_deinit(&outputs->items[i].relay);
        config_types_free(outputs->items[i].types);
        free(outputs->items[i].name);
    }
    free(outputs->items);
    free(outputs->names);
    *outputs = (struct config_outputs){0};
}

size_t config_output_find(const struct config_outputs *outputs,
                          const char *name)
{
    size_t i = 0;
    while (i < outputs->count && strcmp(outputs->items[i].name, name) != 0)
        i++;
    return i;
}
