/* trial.h - recorded tests: a *.http file is read, run and compared.
 *
 * A file holds requests and what is expected of each; see README. The same
 * code as in the gateway handles them, without a socket.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "request.h"

struct ingest_options;
struct error;

struct trial_options {
    /* Routes and scripts of a configuration, for requests whose path has a
     * route there; NULL, or no route: the script beside each file (x.lua for
     * x.http and x_*.http). */
    const struct ingest_options *pipeline;
    const char *shipped_dir; /* where `require` looks second */
    bool is_verbose;         /* show the points of every request */
    bool has_colour;
};

struct trial_count {
    unsigned passed;
    unsigned failed;
};

/* Runs every path: a file, or a folder with all its *.http files below it. The
 * report goes to stdout. False: a path could not be read (ERR_USAGE), which is
 * no failed test. */
bool trial_run(const struct trial_options *options, char *const *paths,
               size_t path_count, struct trial_count *count, struct error *err);

/* One request of a .http file, for `try x.http`. */
struct trial_request {
    struct buf body;
    char *method;
    char *target;  /* path and query */
    char *script;  /* @script, or NULL */
    char *route;   /* @route, or NULL */
    char *remote;  /* @remote, or NULL */
    char *vars;    /* @vars as JSON, or NULL */
    bool has_time; /* @time */
    int64_t time_ns;
    struct pairs headers;
    struct arena arena;
};

/* Reads the first request of a file. ERR_USAGE with file:line. */
bool trial_read_first(const char *path, struct trial_request *request,
                      struct error *err);
void trial_request_deinit(struct trial_request *request);
