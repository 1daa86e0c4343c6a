/* admin.h - the operators' HTTP door: /health, /ready, /metrics.
 *
 * A thread with a libmicrohttpd daemon of its own. It asks the journal and the
 * relays, and prints stats.h. What else may be asked of it, by POST, is handed
 * in; a POST must carry the header X-Moonline, which no web page of another
 * site can send, and a Host that is an address, so that none can pretend to be
 * of ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct admin;
struct dead;
struct error;
struct journal;
struct relay;

struct buf;

/* What a POST to path does, in a thread of its own, one after the other: fills
 * out, gives the status. wants_text: plain lines rather than JSON. */
struct admin_post {
    const char *path; /* NULL ends a list */
    unsigned (*answer)(void *self, struct text body, bool wants_text,
                       struct buf *out);
    void *self;
};

struct admin_options {
    const char *listen; /* "127.0.0.1:8581" */
    struct journal *journal;
    struct dead *dead; /* NULL: none is shown */
    struct relay *const *relays;
    const char *const *relay_names;
    size_t relay_count;
    const struct admin_post *posts; /* NULL: none; outlive the admin */
};

/* ERR_IO or ERR_CONFIG names the address. */
struct admin *admin_start(const struct admin_options *options,
                          struct error *err);
/* Ends the thread, frees. NULL is fine. */
void admin_stop(struct admin *admin);

/* The port, for port 0. */
unsigned admin_port(const struct admin *admin);
