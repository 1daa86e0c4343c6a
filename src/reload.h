/* reload.h - reads the configuration and the scripts again while the gateway
 * runs.
 *
 * All or nothing: one that cannot be read, a script that does not load, a
 * recorded test beside it that fails (test_on_reload), and everything stays as
 * it was, which the log, /health and the metrics say. What needs a restart
 * (`listen admin data workers outputs journal`) is told and left as it is. One
 * thread, main.
 */
#pragma once

#include <stdint.h>

#include "ingest.h"

struct config;
struct reload;
struct server;

struct reload_options {
    const struct config *running; /* with which the gateway was started */
    struct server *server;
    /* What the gateway adds to config_ingest(): its journal, its store. */
    struct ingest_options (*ingest)(void *gateway, const struct config *config);
    void *gateway;
};

/* For the life of the process. Never fails: where nothing can be watched, the
 * log says so. */
struct reload *reload_new(const struct reload_options *options);

/* Reads everything again, now: a SIGHUP. */
void reload_now(struct reload *reload);

/* For poll(): a descriptor that is readable when a file changed, or -1; and how
 * long to wait at most, since a change is acted on a moment later. */
int reload_fd(const struct reload *reload);
int reload_wait_ms(const struct reload *reload);
/* After poll: takes what changed, and reads all again when it has settled. */
void reload_look(struct reload *reload);
