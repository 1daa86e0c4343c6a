/* config.h - the configuration file as one immutable struct.
 *
 * A Lua file that returns a table; every key is checked, an unknown one is an
 * error with file, line and a hint. The struct owns everything that it points
 * to, the text of every script too. Secrets in it are never printed. Made by
 * one thread, then read by any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "ingest.h"
#include "relay.h"
#include "route.h"
#include "script.h"

struct error;

struct config_output {
    char *name;
    struct relay_options relay; /* journal is filled at start */
};

struct config {
    char *path;    /* the file, or NULL: built in */
    char *dir;     /* what relative names start from */
    char **listen; /* "127.0.0.1:8580", NULL-terminated */
    char *admin;   /* NULL: none */
    char *data;    /* absolute or relative to the working directory */
    unsigned workers;
    struct config_output *outputs;
    size_t output_count;
    char **output_names; /* of outputs, in their order */
    struct route_table *routes;
    struct script_source *scripts;
    size_t script_count;
    struct limits limits;
    uint64_t journal_max_bytes;
    uint64_t journal_min_free_bytes;
    uint64_t journal_keep_ns;
    char **trusted_proxies; /* networks, NULL-terminated */
};

/* path NULL: $MOONLINE_CONFIG, ./moonline.lua, /etc/moonline/moonline.lua, the
 * first there is. ERR_CONFIG: "file:line: message". */
struct config *config_load(const char *path, struct error *err);
/* A configuration with one route for a script alone, for `try -s`. */
struct config *config_for_script(const char *script, struct error *err);
void config_free(struct config *config);

/* What ingest needs of it; no journal, no waker. */
struct ingest_options config_ingest(const struct config *config);
