/* sender.h - the connections of one worker, and how long each may take.
 *
 * libmicrohttpd's own timer starts again at every byte, so a sender that drips
 * would stay for ever. Each connection therefore has a phase and the time when
 * it began; the worker sweeps its list once a second and ends what is overdue.
 * One thread, the worker.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network.h"

enum phase {
    PHASE_ACCEPTED, /* not a byte of a request line yet */
    PHASE_IDLE,     /* between two requests */
    PHASE_HEADERS,  /* the request line is there, the headers are not */
    PHASE_BODY,
    PHASE_PARKED, /* waits for the journal: never ended here */
    PHASE_ANSWER  /* what we say is on its way */
};

struct deadlines {
    int64_t headers_ns; /* from accept, or from the request line */
    int64_t idle_ns;
    int64_t body_ns;
    int64_t slow_body_ns; /* from then on at least body_bytes_per_s */
    uint64_t body_bytes_per_s;
    int64_t commit_ns; /* parked; then 503 */
    int64_t answer_ns;
    int64_t sweep_ns; /* how often is looked */
};

#define DEADLINES_DEFAULT                                                      \
    ((struct deadlines){.headers_ns = 10000000000,                             \
                        .idle_ns = 60000000000,                                \
                        .body_ns = 30000000000,                                \
                        .slow_body_ns = 5000000000,                            \
                        .body_bytes_per_s = 1024,                              \
                        .commit_ns = 5000000000,                               \
                        .answer_ns = 30000000000,                              \
                        .sweep_ns = 1000000000})

struct sender {
    struct sender *next;
    struct sender *previous;
    int fd;
    enum phase phase;
    int64_t since_ns; /* when the phase began */
    uint64_t body_bytes;
    const char *request_id; /* of the request under way, or NULL */
    struct address address;
    char remote[ADDRESS_TEXT_BYTES]; /* the address as text */
    size_t remote_len;
};

struct senders {
    struct sender *first;
    struct sender *spare; /* kept for the next ones */
    size_t count;
};

struct sender *senders_add(struct senders *senders, int fd,
                           const struct address *address, int64_t now_ns);
void senders_remove(struct senders *senders, struct sender *sender);
void senders_deinit(struct senders *senders);

void sender_enter(struct sender *sender, enum phase phase, int64_t now_ns);

/* Ends every connection that is overdue: a sender in the middle of a request
 * is told 408, then the socket is shut down, and libmicrohttpd closes it in
 * its next pass. */
void senders_sweep(struct senders *senders, const struct deadlines *deadlines,
                   int64_t now_ns);
