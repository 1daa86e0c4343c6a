/* trial.h - recorded tests: *.http files are read, run and compared.
 *
 * The same code as in the gateway handles the requests, without a socket and
 * without asking who posts. The requests of one file share what their scripts
 * keep, and every file starts afresh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct config;
struct error;

struct trial_options {
    /* Requests whose path has a route there go through it; NULL, or no route:
     * the script beside each file (x.lua for x.http and x_*.http). */
    const struct config *config;
    /* The configuration was found, not named: where a script is beside the
     * file, only a route that runs that very script counts. */
    bool prefers_beside;
    bool has_colour;
    bool is_verbose; /* every test is told, with the points that it made */
    bool accepts;    /* what fails becomes what its file expects */
    FILE *report;    /* NULL: stdout */
};

struct trial_count {
    unsigned files;
    unsigned passed;
    unsigned failed;
    unsigned accepted;
};

/* Runs every path: a file, or a folder with all its *.http files below it.
 * False: a path could not be read, or with accepts not be written (ERR_USAGE),
 * or a script of the configuration not be loaded (ERR_CONFIG); neither is a
 * failed test. */
bool trial_run(const struct trial_options *options, char *const *paths,
               size_t path_count, struct trial_count *count, struct error *err);

/* The same for the files in a folder and those of its folder `scripts`; where
 * it has none, for all that are below it. */
bool trial_run_here(const struct trial_options *options, const char *dir,
                    struct trial_count *count, struct error *err);

/* Runs the files beside every script of options->config: x.http and x_*.http
 * for x.lua. */
bool trial_run_beside(const struct trial_options *options,
                      struct trial_count *count, struct error *err);

/* The script beside a *.http file, malloc'ed; NULL: there is none. */
char *trial_script_beside(const char *path);
