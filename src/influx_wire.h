/* influx_wire.h - one connection to an upstream, and one request at a time on
 * it.
 *
 * libcurl is started with the first request, not before. One thread at a time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct error;
struct influx_wire;

/* Strings outlive the handle; NULL: not given. */
struct influx_wire_options {
    const char *url;
    const char *user; /* Basic; else authorization */
    const char *password;
    const char *proxy;
    const char *ca_file; /* NULL: the system's */
    const char *cert_file;
    const char *key_file;
    const atomic_bool *stopping; /* set: a request under way ends at once */
};

/* The bytes hold until the next post, and may be changed: secrets in them. */
struct influx_wire_reply {
    int status;  /* 0: no answer */
    char *bytes; /* the body as far as it was read; status 0: why there is none
                  */
    size_t len;
    bool is_cut;           /* there was more of it */
    bool is_untrusted;     /* no answer for the sake of certificates */
    char retry_after[100]; /* as the header has it; "": not there */
    char request_id[64];   /* printable */
};

struct influx_wire *influx_wire_new(const struct influx_wire_options *options);
void influx_wire_free(struct influx_wire *wire);

/* The value of the Authorization header from now on, copied; NULL: none. */
void influx_wire_authorize(struct influx_wire *wire, const char *value);

/* That of the options' user from now on; it outlives the handle, or the next
 * call. NULL: none. */
void influx_wire_password(struct influx_wire *wire, const char *password);

/* Always fills *reply. */
void influx_wire_post(struct influx_wire *wire, struct text body,
                      bool is_packed, long timeout_ms,
                      struct influx_wire_reply *reply);

/* The version of libcurl in use. */
const char *influx_wire_library(void);
