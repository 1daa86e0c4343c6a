/* config_route.c - see config_route.h.
 *
 * A route's options go into a struct route; those that need a look of their own
 * are kept as settings in a struct form and read in turn. route_table_add has
 * the last word, about patterns and doubles.
 */
#include "config_route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "config_json.h"
#include "config_table.h"
#include "config_tree.h"
#include "config_verify.h"
#include "error.h"
#include "point.h"
#include "verify.h"

enum { JSON_BYTES = 1 << 20, PLACE_BYTES = 256 };

struct form {
    struct route *route;
    char *path;
    char **methods;
    char *script;
    const struct setting *output;
    const struct setting *reply;
    int on_error;
    int on_bad_body;
    int repeats;
    int ack;
    uint64_t ack_timeout_ns;
    const struct setting *vars;
    const struct setting *tags;
    const struct setting *verify;
    char **secrets;
    char *content_type;
    const struct setting *limits;
    bool line_protocol;
    bool is_partial; /* an option could not be read */
};

static const struct config_name on_errors[] = {
    {"keep", false, false}, {"refuse", true, false}, {NULL, 0, false}};
static const struct config_name on_bad_bodies[] = {
    {"refuse", false, false}, {"keep", true, false}, {NULL, 0, false}};
static const struct config_name repeats[] = {
    {"warn", false, false}, {"spread", true, false}, {NULL, 0, false}};
static const struct config_name acks[] = {
    {"stored", false, false}, {"written", true, false}, {NULL, false, false}};

#define AT(member) offsetof(struct form, member)

static const struct config_option options[] = {
    {"path", CONFIG_TEXT, AT(path), .text = "such as \"/ecowitt/:station\""},
    {"method", CONFIG_LIST, AT(methods), .text = "default POST and PUT"},
    {"script", CONFIG_TEXT, AT(script), .text = "a shipped one, or a file.lua"},
    {"output", CONFIG_ANY, AT(output), .text = "one name or several"},
    {"reply", CONFIG_ANY, AT(reply), .text = "what a sender is answered"},
    {"on_error", CONFIG_NAME, AT(on_error), .text = "when the script fails",
     .names = on_errors},
    {"on_bad_body", CONFIG_NAME, AT(on_bad_body),
     .text = "when a body is unreadable", .names = on_bad_bodies},
    {"repeats", CONFIG_NAME, AT(repeats), .text = "of equal series and time",
     .names = repeats},
    {"ack", CONFIG_NAME, AT(ack), .text = "when a sender is answered",
     .names = acks},
    {"ack_timeout", CONFIG_TIME, AT(ack_timeout_ns),
     .text = "the longest wait of ack = \"written\"", .fallback = "10s",
     .min = 100000000, .max = UINT64_C(600000000000)},
    {"vars", CONFIG_ANY, AT(vars), .text = "req.vars of the script"},
    {"tags", CONFIG_ANY, AT(tags), .text = "added where the script set none"},
    {"verify", CONFIG_ANY, AT(verify), .text = "who may post"},
    {"secrets", CONFIG_LIST, AT(secrets),
     .text = "form and query names to blank"},
    {"content_type", CONFIG_TEXT, AT(content_type),
     .text = "overrules the sender's"},
    {"limits", CONFIG_ANY, AT(limits),
     .text = "other than those of all routes"},
    {"line_protocol", CONFIG_BOOL, AT(line_protocol), .text = "a native write"},
};

enum { OPTIONS = sizeof options / sizeof *options };

#define LIMIT(member) offsetof(struct limits, member)

static const struct config_option limit_options[] = {
    {"body", CONFIG_SIZE, LIMIT(body_bytes),
     .text = "of a request, also unpacked", .min = 1,
     .max = LIMIT_BODIES_IN_FLIGHT_BYTES},
    {"points", CONFIG_INT, LIMIT(points), .text = "from one request", .min = 1,
     .max = 1000000},
    {"time", CONFIG_TIME, LIMIT(time_ns), .text = "a script's CPU time",
     .min = 1000000, .max = UINT64_C(10000000000)},
    {"memory", CONFIG_SIZE, LIMIT(memory_bytes), .text = "of one script",
     .min = 1000000, .max = UINT64_C(4000000000)},
    {"depth", CONFIG_INT, LIMIT(depth), .text = "of nested JSON", .min = 1,
     .max = 200},
};

bool config_route_limits(const struct setting *setting, struct limits *limits,
                         struct error *err)
{
    return config_table_read(setting, limit_options,
                             sizeof limit_options / sizeof *limit_options,
                             limits, err);
}

static bool read_methods(const struct form *form, const struct setting *setting,
                         struct error *err)
{
    struct route *route = form->route;
    route->methods = form->methods ? 0 : METHOD_POST | METHOD_PUT;
    for (size_t i = 0; form->methods && form->methods[i]; i++) {
        unsigned method = method_of(text_of(form->methods[i]));
        if (method == 0)
            return config_tree_fail(err,
                                    config_tree_get(setting, TEXT("method")),
                                    "no such method \"%.40s\" (GET, POST, PUT, "
                                    "PATCH or DELETE, in capitals)",
                                    form->methods[i]);
        route->methods |= method;
    }
    return true;
}

/* Which outputs the points go to. */
static bool read_outputs(const struct form *form, const struct setting *setting,
                         const struct config_route_context *context,
                         struct error *err)
{
    struct route *route = form->route;
    route->outputs = context->default_outputs;
    if (!form->output)
        return route->outputs != 0 || form->is_partial
               || config_tree_fail(err, setting,
                                   "route %s must say its `output`: there are "
                                   "several, and no `default_output`",
                                   form->path);
    char **names = NULL;
    bool fine = config_table_list(form->output, &names, err);
    route->outputs = 0;
    for (size_t i = 0; fine && names[i]; i++) {
        size_t output = config_output_find(context->outputs, names[i]);
        if (output == context->outputs->count)
            fine = config_tree_fail(err, form->output,
                                    "there is no output \"%.60s\"", names[i]);
        else
            route->outputs |= UINT64_C(1) << output;
    }
    config_table_free_list(names);
    return fine;
}

struct reply_form {
    unsigned status;
    const struct setting *body;
    char *type;
};

#define REPLY(member) offsetof(struct reply_form, member)

static const struct config_option reply_options[] = {
    {"status", CONFIG_INT, REPLY(status), .text = "of an accepted request",
     .min = 200, .max = 299},
    {"body", CONFIG_ANY, REPLY(body), .text = "text, or a table sent as JSON"},
    {"type", CONFIG_TEXT, REPLY(type), .text = "the Content-Type of `body`"},
};

/* JSON text of a setting, malloc'ed; NULL and *err. */
static char *json_of(const struct setting *setting, struct error *err)
{
    struct buf json;
    buf_init(&json, JSON_BYTES);
    char *text = config_json_write(setting, &json, err)
                     ? xstrdup(buf_string(&json))
                     : NULL;
    buf_deinit(&json);
    return text;
}

static bool read_reply_body(const struct setting *body, struct route *route,
                            struct error *err)
{
    if (body->type == SETTING_TEXT)
        route->reply_body = xstrdup(body->text);
    else if (body->type == SETTING_TABLE)
        route->reply_body = json_of(body, err);
    else
        return config_tree_fail(err, body,
                                "`body` must be text or a table, not %s",
                                config_tree_type_name(body));
    if (route->reply_body && body->type == SETTING_TABLE && !route->reply_type)
        route->reply_type = xstrdup("application/json");
    return route->reply_body != NULL;
}

/* It becomes a header; one with a line break would not be sent. */
static bool check_reply_type(const struct setting *reply, const char *type,
                             struct error *err)
{
    for (const char *c = type ? type : ""; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return config_tree_fail(err, config_tree_get(reply, TEXT("type")),
                                    "`type` has a control byte");
    return true;
}

static bool read_reply(const struct form *form, struct error *err)
{
    struct route *route = form->route;
    struct reply_form reply = {0};
    if (!form->reply)
        return true;
    bool fine = config_table_read(form->reply, reply_options,
                                  sizeof reply_options / sizeof *reply_options,
                                  &reply, err);
    route->reply_type = reply.type;
    if (!fine || !check_reply_type(form->reply, reply.type, err)
        || (reply.body && !read_reply_body(reply.body, route, err)))
        return false;
    if (reply.status)
        route->reply_status = (int)reply.status;
    else
        route->reply_status = reply.body ? 200 : 204;
    return !reply.body || route->reply_status != 204
           || config_tree_fail(err, form->reply,
                               "a reply of 204 has no body; use 200");
}

static bool read_tag(const struct setting *item, struct route_tag *tag,
                     struct error *err)
{
    if (!item->key)
        return config_tree_fail(err, item, "a tag is name = value");
    if (item->type == SETTING_TABLE || item->type == SETTING_OTHER)
        return config_tree_fail(err, item, "tag %s must be text, not %s",
                                config_tree_name(item),
                                config_tree_type_name(item));
    struct error why;
    if (!point_check_tag_key(text_of(item->key), &why))
        return config_tree_fail(err, item, "%s", why.text);
    tag->key = xstrdup(item->key);
    if (item->type == SETTING_TEXT)
        tag->value = xstrdup(item->text);
    else
        tag->value = json_of(item, err);
    return tag->value != NULL;
}

static bool read_tags(const struct form *form, struct error *err)
{
    const struct setting *tags = form->tags;
    if (!tags)
        return true;
    if (tags->type != SETTING_TABLE)
        return config_tree_fail(err, tags, "`tags` must be a table, not %s",
                                config_tree_type_name(tags));
    struct route *route = form->route;
    route->tags = xcalloc(tags->count + 1, sizeof *route->tags);
    for (size_t i = 0; i < tags->count; i++)
        if (!read_tag(&tags->items[i], &route->tags[route->tag_count++], err))
            return false;
    return true;
}

static bool read_vars(const struct form *form, struct error *err)
{
    if (!form->vars)
        return true;
    if (form->vars->type != SETTING_TABLE)
        return config_tree_fail(err, form->vars,
                                "`vars` must be a table, not %s",
                                config_tree_type_name(form->vars));
    form->route->vars_json = json_of(form->vars, err);
    return form->route->vars_json != NULL;
}

static bool read_verify(const struct form *form, const struct setting *setting,
                        const struct config_route_context *context,
                        struct error *err)
{
    struct route *route = form->route;
    if (form->verify)
        return config_verify_read(form->verify, &route->verify, err);
    return !context->open_address || form->is_partial
           || config_tree_fail(err, setting,
                               "route %s has no `verify`, and %s is not "
                               "loopback: say who may post, or write verify = "
                               "false",
                               form->path, context->open_address);
}

static bool read_script(const struct form *form, const struct setting *setting,
                        const struct config_route_context *context,
                        struct error *err)
{
    struct route *route = form->route;
    route->script = -1;
    route->line_protocol = form->line_protocol;
    if (!form->script)
        return form->line_protocol || form->is_partial
               || config_tree_fail(err, setting,
                                   "route %s needs `script`, or line_protocol "
                                   "= true",
                                   form->path);
    const struct setting *name = config_tree_get(setting, TEXT("script"));
    return config_script_add(context->scripts, context->dir, form->script,
                             &route->script, err)
           || config_tree_blame(err, name);
}

static bool read_limits(const struct form *form,
                        const struct config_route_context *context,
                        struct error *err)
{
    form->route->limits = context->limits;
    return !form->limits
           || config_route_limits(form->limits, &form->route->limits, err);
}

static void take_texts(struct form *form)
{
    struct route *route = form->route;
    route->pattern = form->path;
    route->secrets = form->secrets;
    route->content_type = form->content_type;
    route->refuses_errors = form->on_error;
    route->keeps_bad_bodies = form->on_bad_body;
    route->spread_repeats = form->repeats;
    route->written_wait_ns = form->ack ? (int64_t)form->ack_timeout_ns : 0;
    form->path = NULL;
    form->secrets = NULL;
    form->content_type = NULL;
}

static void form_deinit(struct form *form)
{
    config_table_free_secret(form->path);
    config_table_free_secret(form->script);
    config_table_free_secret(form->content_type);
    config_table_free_list(form->methods);
    config_table_free_list(form->secrets);
}

static bool has_path(const struct form *form, const struct setting *setting,
                     struct error *err)
{
    return form->path || form->is_partial
           || config_tree_fail(err, setting, "a route needs `path`");
}

enum { STEPS = 9 };

static bool take_step(int step, struct form *form,
                      const struct setting *setting,
                      const struct config_route_context *context,
                      struct error *err)
{
    switch (step) {
    case 0:
        return has_path(form, setting, err);
    case 1:
        return read_methods(form, setting, err);
    case 2:
        return read_script(form, setting, context, err);
    case 3:
        return read_outputs(form, setting, context, err);
    case 4:
        return read_reply(form, err);
    case 5:
        return read_tags(form, err);
    case 6:
        return read_vars(form, err);
    case 7:
        return read_verify(form, setting, context, err);
    default:
        return read_limits(form, context, err);
    }
}

/* Everything of a route but what the table itself checks. Where more mistakes
 * than the first are wanted, each step is taken whatever became of the others;
 * what is missing is then told only if all that is there could be read. */
static bool fill(struct form *form, const struct setting *setting,
                 const struct config_route_context *context, struct error *err)
{
    bool fine = config_table_read(setting, options, OPTIONS, form, err);
    form->is_partial = !fine;
    for (int step = 0; step < STEPS && (fine || config_tree_goes_on(setting));
         step++)
        fine &= take_step(step, form, setting, context, err);
    return fine;
}

/* The table takes a half-filled route too: it is freed with it soon after. */
static bool read_route(const struct setting *setting,
                       const struct config_route_context *context,
                       struct route_table *table, struct error *err)
{
    char where[PLACE_BYTES];
    snprintf(where, sizeof where, "%s:%u", setting->file, setting->line);
    struct route *route = xcalloc(1, sizeof *route);
    route->where = xstrdup(where);
    struct form form = {.route = NULL};
    config_table_default(options, OPTIONS, &form);
    form.route = route;
    bool fine = fill(&form, setting, context, err);
    if (form.path)
        take_texts(&form);
    else
        route->pattern = xstrdup("");
    form_deinit(&form);
    struct error why;
    bool has_pattern = route->pattern[0] != '\0';
    bool added = route_table_add(table, route, &why);
    if (!added && has_pattern && (fine || config_tree_goes_on(setting)))
        config_tree_fail(err, setting, "%s", why.text);
    return fine && added;
}

bool config_route_read(const struct setting *list,
                       const struct config_route_context *context,
                       struct route_table *table, struct error *err)
{
    if (!config_tree_is_list(list))
        return config_tree_fail(err, list,
                                "`routes` must be a list: { { path = ... }, "
                                "... }");
    if (list->count > LIMIT_ROUTES)
        return config_tree_fail(err, list, "%zu routes, at most %d",
                                list->count, LIMIT_ROUTES);
    bool fine = true;
    for (size_t i = 0; i < list->count && (fine || config_tree_goes_on(list));
         i++)
        fine &= read_route(config_tree_at(list, (int64_t)i + 1), context, table,
                           err);
    return fine;
}
