/* route.c - see route.h.
 *
 * A tree with a node per path segment. Each node has its literal children, one
 * child for any :param, and the routes that end there. A look-up walks down
 * the literal first and comes back for the param, then for the nearest *rest;
 * since the segments of a path are given, no node is looked at twice. A route
 * that does not take the method does not end the walk: a less exact one may.
 *
 * The names of params belong to routes, not to nodes: /a/:x and /a/:y/b share
 * a node.
 */
#include "route.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "codec.h"
#include "error.h"
#include "verify.h"

enum { MAX_SEGMENTS = 32 };

struct entry {
    struct route *route;
    struct text names[ROUTE_PARAMS]; /* of its params, in the pattern */
    size_t name_count;
};

struct entries {
    struct entry *items;
    size_t count;
};

struct node {
    struct text literal; /* decoded; malloc'ed; empty for :param */
    struct node **children;
    size_t child_count;
    struct node *param;
    struct entries ends; /* routes whose pattern ends here */
    struct entries rest; /* routes that go on with *rest */
};

struct route_table {
    struct node root;
    struct route **routes; /* in the order they were added */
    size_t count;
};

static const struct {
    struct text name;
    unsigned method;
} methods[] = {
    {{"GET", 3}, METHOD_GET},     {{"HEAD", 4}, METHOD_HEAD},
    {{"POST", 4}, METHOD_POST},   {{"PUT", 3}, METHOD_PUT},
    {{"PATCH", 5}, METHOD_PATCH}, {{"DELETE", 6}, METHOD_DELETE},
};
enum { METHODS = sizeof methods / sizeof *methods };

unsigned method_of(struct text name)
{
    for (size_t i = 0; i < METHODS; i++)
        if (text_equal(methods[i].name, name))
            return methods[i].method;
    return 0;
}

void method_list(unsigned wanted, char out[METHODS_BYTES])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < METHODS; i++)
        if (wanted & methods[i].method)
            used += (size_t)snprintf(out + used, METHODS_BYTES - used, "%s%s",
                                     used ? ", " : "", methods[i].name.at);
}

struct route_table *route_table_new(void)
{
    return xcalloc(1, sizeof(struct route_table));
}

static void free_route(struct route *route)
{
    for (size_t i = 0; i < route->tag_count; i++) {
        free(route->tags[i].key);
        free(route->tags[i].value);
    }
    free(route->tags);
    verify_free(route->verify);
    for (size_t i = 0; route->secrets && route->secrets[i]; i++)
        free(route->secrets[i]);
    free(route->secrets);
    free(route->content_type);
    free(route->vars_json);
    free(route->reply_type);
    free(route->reply_body);
    free(route->where);
    free(route->pattern);
    free(route);
}

static void deinit_node(struct node *node)
{
    for (size_t i = 0; i < node->child_count; i++) {
        deinit_node(node->children[i]);
        free((char *)(uintptr_t)node->children[i]->literal.at);
        free(node->children[i]);
    }
    if (node->param) {
        deinit_node(node->param);
        free(node->param);
    }
    free(node->children);
    free(node->ends.items);
    free(node->rest.items);
}

void route_table_free(struct route_table *table)
{
    if (!table)
        return;
    deinit_node(&table->root);
    for (size_t i = 0; i < table->count; i++)
        free_route(table->routes[i]);
    free(table->routes);
    free(table);
}

const struct route *route_table_at(const struct route_table *table,
                                   size_t index)
{
    return index < table->count ? table->routes[index] : NULL;
}

/* "/x/" is "/x", and "/" is no segment at all. */
static struct text without_last_slash(struct text path)
{
    if (path.len > 0 && path.at[path.len - 1] == '/')
        path.len--;
    return path;
}

/* Takes the segment behind the leading slash off *path. */
static struct text next_segment(struct text *path)
{
    struct text segment = text_skip(*path, 1);
    const char *end = segment.len ? memchr(segment.at, '/', segment.len) : NULL;
    if (end)
        segment.len = (size_t)(end - segment.at);
    *path = text_skip(*path, 1 + segment.len);
    return segment;
}

/* True if the segment, percent-decoded, is the literal. */
static bool is_literal(struct text segment, struct text literal)
{
    if (segment.len == 0 || !memchr(segment.at, '%', segment.len))
        return text_equal(segment, literal);
    char decoded[256];
    if (segment.len > sizeof decoded)
        return false;
    size_t len = codec_url_decode(segment, false, decoded);
    return text_equal((struct text){decoded, len}, literal);
}

static struct node *find_child(const struct node *node, struct text segment)
{
    for (size_t i = 0; i < node->child_count; i++)
        if (is_literal(segment, node->children[i]->literal))
            return node->children[i];
    return NULL;
}

static struct node *add_child(struct node *node, struct text segment)
{
    struct node *child = xcalloc(1, sizeof *child);
    char *literal = xcalloc(segment.len, 1);
    size_t len = codec_url_decode(segment, false, literal);
    child->literal = (struct text){literal, len};
    node->children = xrealloc(node->children,
                              (node->child_count + 1) * sizeof(struct node *));
    node->children[node->child_count++] = child;
    return child;
}

static bool is_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name.len > 0;
}

static bool add_name(struct entry *entry, struct text name, struct error *err)
{
    const char *pattern = entry->route->pattern;
    if (!is_name(name))
        return fail(err, ERR_CONFIG,
                    "path \"%s\": \"%.*s\" is no name for a param", pattern,
                    TEXT_ARG(name));
    if (entry->name_count == ROUTE_PARAMS)
        return fail(err, ERR_CONFIG, "path \"%s\" has more than %d params",
                    pattern, ROUTE_PARAMS);
    for (size_t i = 0; i < entry->name_count; i++)
        if (text_equal(entry->names[i], name))
            return fail(err, ERR_CONFIG, "path \"%s\" has :%.*s twice", pattern,
                        TEXT_ARG(name));
    entry->names[entry->name_count++] = name;
    return true;
}

static bool check_pattern(const char *pattern, struct error *err)
{
    if (pattern[0] != '/')
        return fail(err, ERR_CONFIG, "path \"%s\" does not begin with /",
                    pattern);
    for (const char *c = pattern; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '?' || *c == '#' || *c == 0x7f)
            return fail(err, ERR_CONFIG,
                        "path \"%s\": byte 0x%02x at offset %zu cannot stand in"
                        " a path",
                        pattern, (unsigned)(unsigned char)*c,
                        (size_t)(c - pattern));
    return true;
}

static bool step_down(struct node **node, struct text segment,
                      struct entry *entry, struct error *err)
{
    if (segment.len == 0)
        return fail(err, ERR_CONFIG, "path \"%s\" has an empty segment",
                    entry->route->pattern);
    if (*segment.at == ':') {
        if (!(*node)->param)
            (*node)->param = xcalloc(1, sizeof(struct node));
        *node = (*node)->param;
        return add_name(entry, text_skip(segment, 1), err);
    }
    struct node *child = find_child(*node, segment);
    *node = child ? child : add_child(*node, segment);
    return true;
}

/* Walks the pattern, making nodes; *ends is where its route belongs. */
static bool walk(struct node *node, struct entry *entry, struct entries **ends,
                 struct error *err)
{
    struct text path = without_last_slash(text_of(entry->route->pattern));
    for (int depth = 0; path.len > 0; depth++) {
        if (depth == MAX_SEGMENTS)
            return fail(err, ERR_CONFIG, "path \"%s\" has more than %d parts",
                        entry->route->pattern, MAX_SEGMENTS);
        struct text segment = next_segment(&path);
        if (segment.len > 0 && *segment.at == '*') {
            *ends = &node->rest;
            if (path.len > 0)
                return fail(
                    err, ERR_CONFIG, "path \"%s\": *%.*s must be its end",
                    entry->route->pattern, TEXT_ARG(text_skip(segment, 1)));
            return add_name(entry, text_skip(segment, 1), err);
        }
        if (!step_down(&node, segment, entry, err))
            return false;
    }
    *ends = &node->ends;
    return true;
}

static const char *where_of(const struct route *route)
{
    return route->where ? route->where : "the configuration";
}

static bool place(struct entries *ends, const struct entry *entry,
                  struct error *err)
{
    for (size_t i = 0; i < ends->count; i++) {
        const struct route *other = ends->items[i].route;
        if (other->methods & entry->route->methods)
            return fail(err, ERR_CONFIG,
                        "path \"%s\" (%s) is the same as \"%s\" (%s)",
                        entry->route->pattern, where_of(entry->route),
                        other->pattern, where_of(other));
    }
    ends->items =
        xrealloc(ends->items, (ends->count + 1) * sizeof *ends->items);
    ends->items[ends->count++] = *entry;
    return true;
}

bool route_table_add(struct route_table *table, struct route *route,
                     struct error *err)
{
    table->routes =
        xrealloc(table->routes, (table->count + 1) * sizeof(struct route *));
    table->routes[table->count++] = route;
    struct entry entry = {.route = route};
    struct entries *ends = NULL;
    return check_pattern(route->pattern, err)
           && walk(&table->root, &entry, &ends, err)
           && place(ends, &entry, err);
}

/* What a look-up carries along. */
struct look_up {
    unsigned method;
    struct text values[MAX_SEGMENTS + 1];
    size_t value_count;
    struct route_match *match;
};

static bool take(struct look_up *look_up, const struct entries *ends)
{
    struct route_match *match = look_up->match;
    for (size_t i = 0; i < ends->count; i++) {
        const struct entry *entry = &ends->items[i];
        match->allowed |= entry->route->methods | METHOD_HEAD;
        if (!((entry->route->methods | METHOD_HEAD) & look_up->method))
            continue;
        assert(entry->name_count == look_up->value_count);
        match->route = entry->route;
        match->param_count = entry->name_count;
        for (size_t k = 0; k < entry->name_count; k++)
            match->params[k] =
                (struct route_param){entry->names[k], look_up->values[k]};
        return true;
    }
    return false;
}

static bool take_rest(struct look_up *look_up, const struct node *node,
                      struct text path)
{
    if (node->rest.count == 0)
        return false;
    look_up->values[look_up->value_count++] =
        path.len > 0 ? text_skip(path, 1) : path;
    bool taken = take(look_up, &node->rest);
    look_up->value_count--;
    return taken;
}

/* Recurses at most as deep as the deepest pattern. */
static bool descend(struct look_up *look_up, const struct node *node,
                    struct text path)
{
    if (path.len == 0)
        return take(look_up, &node->ends) || take_rest(look_up, node, path);
    struct text behind = path, segment = next_segment(&behind);
    const struct node *child = find_child(node, segment);
    if (child && descend(look_up, child, behind))
        return true;
    if (node->param && segment.len > 0) {
        look_up->values[look_up->value_count++] = segment;
        if (descend(look_up, node->param, behind))
            return true;
        look_up->value_count--;
    }
    return take_rest(look_up, node, path);
}

static bool fail_method(unsigned allowed, struct error *err)
{
    char list[METHODS_BYTES];
    method_list(allowed & ~(unsigned)METHOD_HEAD, list);
    return fail(err, ERR_METHOD, "this path takes %s only", list);
}

bool route_find(const struct route_table *table, unsigned method,
                struct text path, struct route_match *match, struct error *err)
{
    struct look_up look_up = {.method = method, .match = match};
    match->route = NULL;
    match->param_count = 0;
    match->allowed = 0;
    if (path.len > 0 && *path.at == '/'
        && descend(&look_up, &table->root, without_last_slash(path)))
        return true;
    if (match->allowed)
        return fail_method(match->allowed, err);
    return fail(err, ERR_NOT_FOUND, "no route has this path");
}
