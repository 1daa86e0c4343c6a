/* sender.c - see sender.h.
 *
 * The answer 408 is written straight to the socket: in these phases
 * libmicrohttpd takes no response, and has sent none of its own. The descriptor
 * cannot belong to somebody else by now, since this thread alone closes it.
 */
#include "sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "buf.h"
#include "clock.h"
#include "stats.h"

static struct sender *take_spare(struct senders *senders)
{
    struct sender *sender = senders->spare;
    if (!sender)
        return xcalloc(1, sizeof *sender);
    senders->spare = sender->next;
    *sender = (struct sender){.fd = -1};
    return sender;
}

struct sender *senders_add(struct senders *senders, int fd,
                           const struct address *address, int64_t now_ns)
{
    struct sender *sender = take_spare(senders);
    sender->fd = fd;
    sender->address = *address;
    sender->remote_len = address_format(address, sender->remote);
    sender->next = senders->first;
    if (senders->first)
        senders->first->previous = sender;
    senders->first = sender;
    senders->count++;
    sender_enter(sender, PHASE_ACCEPTED, now_ns);
    return sender;
}

void senders_remove(struct senders *senders, struct sender *sender)
{
    if (sender->next)
        sender->next->previous = sender->previous;
    if (sender->previous)
        sender->previous->next = sender->next;
    else
        senders->first = sender->next;
    sender->next = senders->spare;
    senders->spare = sender;
    senders->count--;
}

static void free_list(struct sender *sender)
{
    while (sender) {
        struct sender *next = sender->next;
        free(sender);
        sender = next;
    }
}

void senders_deinit(struct senders *senders)
{
    free_list(senders->first);
    free_list(senders->spare);
    *senders = (struct senders){.first = NULL};
}

void sender_enter(struct sender *sender, enum phase phase, int64_t now_ns)
{
    sender->phase = phase;
    sender->since_ns = now_ns;
    if (phase == PHASE_HEADERS)
        sender->body_bytes = 0;
}

static bool is_slow(const struct sender *sender,
                    const struct deadlines *deadlines, int64_t elapsed_ns)
{
    uint64_t elapsed_ms = (uint64_t)(elapsed_ns / NS_PER_MS);
    return elapsed_ns > deadlines->slow_body_ns
           && sender->body_bytes
                  < deadlines->body_bytes_per_s * elapsed_ms / 1000;
}

static bool is_overdue(const struct sender *sender,
                       const struct deadlines *deadlines, int64_t now_ns)
{
    int64_t elapsed_ns = now_ns - sender->since_ns;
    switch (sender->phase) {
    case PHASE_ACCEPTED:
    case PHASE_HEADERS:
        return elapsed_ns > deadlines->headers_ns;
    case PHASE_IDLE:
        return elapsed_ns > deadlines->idle_ns;
    case PHASE_BODY:
        return elapsed_ns > deadlines->body_ns
               || is_slow(sender, deadlines, elapsed_ns);
    case PHASE_PARKED:
        return false;
    case PHASE_ANSWER:
        return elapsed_ns > deadlines->answer_ns;
    }
    return false;
}

/* It was in the middle of saying something. */
static bool is_talking(const struct sender *sender)
{
    return sender->phase == PHASE_HEADERS || sender->phase == PHASE_BODY;
}

static void tell_too_slow(const struct sender *sender)
{
    static const char body[] = "{\"code\":\"invalid\",\"message\":"
                               "\"the request did not end in time\"}\n";
    char answer[400];
    int len = snprintf(answer, sizeof answer,
                       "HTTP/1.1 408 Request Timeout\r\n"
                       "X-Request-Id: %s\r\n"
                       "Content-Type: application/json\r\n"
                       "Content-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s",
                       sender->request_id ? sender->request_id : "-",
                       sizeof body - 1, body);
    send(sender->fd, answer, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    stats_add(&stats.rejected[ERR_TIMEOUT], 1);
}

void senders_sweep(struct senders *senders, const struct deadlines *deadlines,
                   int64_t now_ns)
{
    for (const struct sender *sender = senders->first; sender;
         sender = sender->next)
        if (is_overdue(sender, deadlines, now_ns)) {
            if (is_talking(sender))
                tell_too_slow(sender);
            shutdown(sender->fd, SHUT_RDWR);
        }
}
