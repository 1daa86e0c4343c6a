/* ceilings.h - the ceilings, all in one place.
 *
 * What a sender, a script or a server can make us hold is bounded here. The
 * struct holds those that the configuration can change, per route too.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct limits {
    size_t body_bytes;   /* of a request, before and after gunzip, each */
    unsigned points;     /* from one request */
    uint64_t time_ns;    /* thread CPU time of a script; see script.h */
    size_t memory_bytes; /* of one script's Lua state */
    unsigned depth;      /* of nested JSON */
};

#define LIMITS_DEFAULT                                                         \
    ((struct limits){.body_bytes = 8000000,                                    \
                     .points = 100000,                                         \
                     .time_ns = 10000000,                                      \
                     .memory_bytes = 32000000,                                 \
                     .depth = 64})

enum {
    /* HTTP; libmicrohttpd's pool of 16 KiB holds 8 to 9 KiB of headers. */
    LIMIT_CONNECTION_POOL_BYTES = 16 << 10,
    LIMIT_REQUEST_LINE_BYTES = 4 << 10,
    LIMIT_HEADER_FIELDS = 64,
    LIMIT_CONNECTIONS = 10000,
    LIMIT_CONNECTIONS_PER_IP = 256, /* none for loopback */
    LIMIT_FORM_PAIRS = 100000,      /* of one query or form */
    LIMIT_PARTS = 1000,             /* of a multipart body */
    LIMIT_PART_HEADERS = 16,
    LIMIT_BODIES_IN_FLIGHT_BYTES = 256 << 20,

    /* Points and lines. */
    LIMIT_LINE_BYTES = 60 << 10, /* a line must fit a frame */
    LIMIT_POINT_ITEMS = 256,     /* tags and fields of one point */
    LIMIT_JSON_VALUES = 100000,  /* of one document */
    LIMIT_CSV_FIELDS = 250000,   /* of one text */
    LIMIT_REQUEST_ARENA_BYTES = 64 << 20,
    LIMIT_REQUEST_LINES_BYTES = 7 << 20, /* line protocol from one request */

    /* What scripts share. */
    LIMIT_STORE_ENTRIES = 100000,
    LIMIT_STORE_BYTES = 16 << 20,
    LIMIT_STORE_ENTRY_BYTES = 64 << 10, /* name and value */

    /* The journal. */
    LIMIT_FRAME_BYTES = 64 << 10,
    LIMIT_SEGMENT_BYTES = 8 << 20,
    LIMIT_GROUP_BYTES = 8 << 20, /* the open group, not yet on disk */

    /* Dead letters. */
    LIMIT_DEAD_REQUESTS = 10000,
    LIMIT_DEAD_REQUEST_BYTES = 256 << 20,
    LIMIT_DEAD_POINT_BYTES = 256 << 20, /* of each output */
    LIMIT_DEAD_POINT_DAYS = 90,
    LIMIT_DEAD_REASON_BYTES = 500,

    /* The types of one output's fields. */
    LIMIT_TYPED_FIELDS = 100000,
    LIMIT_TYPED_NAME_BYTES = 512, /* measurement and field together */
    LIMIT_TYPES_FILE_BYTES = 128 << 20,

    LIMIT_OUTPUTS = 16,
    LIMIT_PARALLEL = 16, /* requests in flight to one output */
    LIMIT_SINKS = 4,     /* of a journal, for what rides in its groups */
    LIMIT_ROUTES = 1000,
    LIMIT_ANSWER_BYTES = 64 << 10, /* of an upstream's answer that we read */
    LIMIT_REFUSALS = 10000,        /* lines that one answer names */
};
