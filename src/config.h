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
#include "config_output.h"
#include "config_script.h"
#include "ingest.h"
#include "journal.h"
#include "relay.h"
#include "route.h"
#include "script.h"

struct config_mistakes;
struct error;

/* The options that need a restart. */
enum { CONFIG_FIXED = 6 };
extern const char *const config_fixed_names[CONFIG_FIXED];

struct config {
    char *path;    /* the file, or NULL: built in */
    char *dir;     /* what relative names start from */
    char **listen; /* "127.0.0.1:8580", NULL-terminated */
    char *admin;   /* NULL: none */
    char *data;    /* absolute or relative to the working directory */
    unsigned workers;
    struct config_outputs outputs;
    struct route_table *routes;
    struct config_scripts scripts;
    struct limits limits;
    uint64_t journal_max_bytes;
    uint64_t journal_min_free_bytes;
    uint64_t journal_keep_ns;
    bool journal_is_unsynced; /* journal = { sync = false }, which is refused
                                 unless MOONLINE_BENCH=1: nothing survives a
                                 power cut then. For the benchmark only. */
    uint64_t
        journal_segment_bytes; /* 0: as fits. journal = { segment = "64KiB" },
                                  refused likewise: so that tests see many */
    char **trusted_proxies;    /* networks, NULL-terminated; may be NULL */
    bool tests_on_reload; /* recorded tests must pass, or it stays as it was */
    uint64_t fixed_marks[CONFIG_FIXED]; /* equal: the option says the same */
};

/* path NULL: $MOONLINE_CONFIG, ./moonline.lua, /etc/moonline/moonline.lua, the
 * first there is. ERR_CONFIG: "file:line: message". Which file it was is in
 * the struct; whether there is one at all, config_find knows. */
struct config *config_load(const char *path, struct error *err);
const char *config_find(void); /* NULL: none of them is there */

/* The same, with all that is wrong (as far as it fits) if mistakes->goes_on;
 * err is then the first of them, or what no mistake in the file is. */
struct config *config_load_all(const char *path,
                               struct config_mistakes *mistakes,
                               struct error *err);

/* For whoever only looks, and may not know the secrets: a text stands for what
 * env and file cannot give, and *unset says what the first of those is (and is
 * ERR_NONE if there is none). NULL: *err as of config_load. */
struct config *config_load_to_look(const char *path, struct error *unset,
                                   struct error *err);

/* A configuration with one route for a script alone, for `try -s` and for
 * recorded tests. pattern NULL: any path; vars_json may be NULL. The script is
 * a path, or the name of a shipped one. */
struct config *config_for_script(const char *script, const char *pattern,
                                 const char *vars_json, struct error *err);
void config_free(struct config *config);

/* What ingest needs of it; no journal, no waker. */
struct ingest_options config_ingest(const struct config *config);

/* What the journal needs of it; no folder, no sinks. */
struct journal_options config_journal(const struct config *config);

/* The types that its outputs take, with what was learnt; contracts_open. */
struct contracts *config_contracts(const struct config *config,
                                   struct error *err);
