/* verify.h - who may post to a route.
 *
 * Immutable once made; checked by any thread. Secrets are kept as digests,
 * compared in constant time whatever their length, wiped when freed; they
 * never stand in an error text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct error;
struct pairs;
struct verify;

enum verify_scheme {
    VERIFY_NONE,   /* only the networks count */
    VERIFY_BEARER, /* Authorization: Bearer S (or Token S) */
    VERIFY_BASIC,  /* Authorization: Basic, "user:password" is the secret */
    VERIFY_HEADER, /* the header called name is the secret */
    VERIFY_QUERY   /* the query parameter called name is the secret */
};

struct verify_options {
    enum verify_scheme scheme;
    const char *name;           /* of the header or query parameter */
    const char *const *secrets; /* any of them will do; NULL-terminated */
    const char *const *allow;   /* networks, "192.168.1.0/24", "::1", NULL-t. */
};

/* Copies what it needs. NULL and ERR_CONFIG for a network that is none, or a
 * scheme without its secret or name. */
struct verify *verify_new(const struct verify_options *options,
                          struct error *err);
void verify_free(struct verify *verify);

/* What is known of a sender before its body is read. */
struct verify_claim {
    struct text remote; /* its address as text */
    const struct pairs *headers;
    struct text query_string; /* percent-encoded */
};

/* ERR_FORBIDDEN: not from there. ERR_UNAUTHORIZED: no secret, or a wrong one.
 */
bool verify_sender(const struct verify *verify,
                   const struct verify_claim *claim, struct error *err);

/* True if the secret is in the header, or query parameter, of that name:
 * whoever keeps a request must blank it. */
bool verify_reads_header(const struct verify *verify, struct text name);
bool verify_reads_query(const struct verify *verify, struct text name);

/* What WWW-Authenticate is to say with a 401; NULL: there is no such scheme. */
const char *verify_challenge(const struct verify *verify);
