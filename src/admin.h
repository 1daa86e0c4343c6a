/* admin.h - the operators' HTTP door: /health, /ready, /metrics.
 *
 * A thread with a libmicrohttpd daemon of its own. It asks the journal and the
 * relays, and prints stats.h.
 */
#pragma once

#include <stddef.h>

struct admin;
struct dead;
struct error;
struct journal;
struct relay;

struct admin_options {
    const char *listen; /* "127.0.0.1:8581" */
    struct journal *journal;
    struct dead *dead; /* NULL: none is shown */
    struct relay *const *relays;
    const char *const *relay_names;
    size_t relay_count;
};

/* ERR_IO or ERR_CONFIG names the address. */
struct admin *admin_start(const struct admin_options *options,
                          struct error *err);
/* Ends the thread, frees. NULL is fine. */
void admin_stop(struct admin *admin);

/* The port, for port 0. */
unsigned admin_port(const struct admin *admin);
