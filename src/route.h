/* route.h - which route a method and a path mean, with its params.
 *
 * A struct route is all that the configuration says about one: open, filled by
 * config, immutable once the table is published, and then read by any thread.
 * The table owns its routes and everything in them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "text.h"

struct error;
struct verify;

enum method { /* bits */
              METHOD_GET = 1,
              METHOD_HEAD = 2, /* every route answers it */
              METHOD_POST = 4,
              METHOD_PUT = 8,
              METHOD_PATCH = 16,
              METHOD_DELETE = 32
};

/* 0 for a method that is none of the above. */
unsigned method_of(struct text name);

/* "GET, POST" of the bits in wanted. */
enum { METHODS_BYTES = 40 };
void method_list(unsigned wanted, char out[METHODS_BYTES]);

struct route_tag {
    char *key;
    char *value;
};

struct route {
    char *pattern;      /* "/ecowitt/:station", "/files/" followed by "*rest" */
    char *where;        /* "moonline.lua:12", for messages */
    unsigned methods;   /* bits of enum method; default POST and PUT */
    int script;         /* index of the script, -1: none */
    bool line_protocol; /* a native write */
    uint64_t outputs;   /* a bit per output */
    int reply_status;   /* 0: none said; then 204, or 202 if it is kept */
    char *reply_body;   /* NULL: none */
    char *reply_type;   /* NULL: none */
    bool refuses_errors;     /* on_error = "refuse": 500, nothing kept */
    bool keeps_bad_bodies;   /* on_bad_body = "keep" */
    bool spread_repeats;     /* repeats = "spread" */
    int64_t written_wait_ns; /* ack = "written": at most so long; 0: stored */
    char *vars_json;         /* vars as JSON, NULL: none */
    struct route_tag *tags;
    size_t tag_count;
    struct verify *verify; /* NULL: anybody may post */
    char **secrets;        /* names to blank, NULL-terminated; may be NULL */
    char *content_type;    /* overrules the sender's, NULL: none */
    struct limits limits;
};

struct route_table;

struct route_table *route_table_new(void);
/* Frees every route with its contents. NULL is fine. */
void route_table_free(struct route_table *table);

/* Takes route over in any case (also when it fails). ERR_CONFIG for a pattern
 * that is none, or for one that equals another's with a method in common; the
 * text names both places. */
bool route_table_add(struct route_table *table, struct route *route,
                     struct error *err);

/* For listing them: in the order they were added; NULL at the end. */
const struct route *route_table_at(const struct route_table *table,
                                   size_t index);

enum { ROUTE_PARAMS = 16 };

struct route_param {
    struct text name;
    struct text value; /* as in the path, still percent-encoded */
};

struct route_match {
    const struct route *route;
    struct route_param params[ROUTE_PARAMS];
    size_t param_count;
    unsigned allowed; /* methods of the path, when the method was not */
};

/* path: without the query, still percent-encoded. The most exact route wins: a
 * literal segment over :param over *rest, from left to right; "/x/" is "/x".
 * False: ERR_NOT_FOUND, or ERR_METHOD with match->allowed set. The texts of
 * params point into path and the table. */
bool route_find(const struct route_table *table, unsigned method,
                struct text path, struct route_match *match, struct error *err);
