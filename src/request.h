/* request.h - a decoded request: params, query, headers, plain body.
 *
 * The door (server, or a recorded test) fills what came over the wire; then
 * request_decode makes the rest from it. All texts live in the request's arena
 * or with the door until the request is answered. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "ceilings.h"
#include "multipart.h"
#include "pairs.h"
#include "text.h"

struct error;
struct route_match;

enum { REQUEST_ID_BYTES = 17 };

struct request {
    struct arena arena; /* all that one request needs */

    /* Filled by the door. */
    struct text method;       /* "POST" */
    struct text path;         /* percent-encoded, without the query */
    struct text query_string; /* what follows '?', percent-encoded */
    struct text remote;       /* the peer's address as text, no port */
    struct pairs headers;
    struct text raw_body; /* as it came, may be gzip */
    int64_t time_ns;      /* receipt */
    char id[REQUEST_ID_BYTES];

    /* Filled by request_decode. */
    struct buf inflated;    /* holds body when it came compressed */
    struct buf converted;   /* holds text when it came in another charset */
    struct text body;       /* the bytes, after gunzip */
    struct text text;       /* body as UTF-8 by its charset, BOM off */
    struct text media_type; /* "application/json", lower case, no parameters */
    struct text charset;    /* lower case, empty: not said */
    struct pairs params;    /* percent-decoded */
    struct pairs query;
    struct pairs form;  /* of an urlencoded body, see form.h; or the parts of
                         * a multipart one that are no files */
    struct parts parts; /* of a multipart body; empty otherwise */
};

/* init once, reset between requests: it keeps memory for the next. */
void request_init(struct request *request);
void request_deinit(struct request *request);
void request_reset(struct request *request);

/* Makes an id (16 hex digits, unique in this process and unlikely elsewhere)
 * and the receipt time. */
void request_stamp(struct request *request);

/* Splits and decodes: content type (match->route->content_type overrules),
 * gzip or deflate up to the route's limit, charset, query, form, params.
 * ERR_BAD_REQUEST with the place, ERR_TOO_LARGE, ERR_MEDIA_TYPE. */
bool request_decode(struct request *request, const struct route_match *match,
                    struct error *err);

/* True for a Content-Encoding that request_decode reads; empty is one. */
bool request_knows_encoding(struct text encoding);

/* What a sender is to be told. */
struct reply {
    int status;       /* 0: the route's, else 204 */
    struct text body; /* in the request's arena */
    struct text type;
};
