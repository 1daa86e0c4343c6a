/* gate.h - what is decided before a body is read: whether a request may come
 * in at all.
 *
 * In this order: do the headers make sense (an ambiguous request is refused,
 * since a proxy in front might read it another way), is there a route for the
 * path and the method, may the sender use it, can we read the encoding, is the
 * body within the route's limit, does the journal have room. Knows nothing of
 * libmicrohttpd. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct error;
struct journal;
struct pairs;
struct request;
struct route_match;
struct route_table;

/* How the headers announce the body. */
struct gate_body {
    bool is_chunked;
    bool has_length;
    uint64_t length;       /* 0 without has_length */
    bool expects_continue; /* the sender waits for our word */
};

/* ERR_BAD_REQUEST for headers that can be read in two ways: a name that is no
 * token, a control byte, Content-Length with Transfer-Encoding, either of them
 * or Host twice, an encoding other than chunked, a length that is no number,
 * chunked in HTTP/1.0. ERR_HEADERS for more than LIMIT_HEADER_FIELDS. */
bool gate_check_headers(const struct pairs *headers, struct text version,
                        struct gate_body *body, struct error *err);

/* Path and query of a target as it stands in the request line, "http://host" or
 * not. */
void gate_split_target(struct request *request, struct text target);
/* ERR_HEADERS (414) for one that is too long. */
bool gate_check_target(const struct request *request, struct error *err);

struct gate {
    const struct route_table *routes;
    struct journal *journal; /* NULL: nothing is stored */
};

/* The rest, in the order above; *match is filled as soon as there is a route,
 * and match->allowed after ERR_METHOD. method is a bit of enum method. A HEAD
 * is a question, not a write: it is let in wherever there is a route. */
bool gate_enter(const struct gate *gate, const struct request *request,
                unsigned method, const struct gate_body *body,
                struct route_match *match, struct error *err);
