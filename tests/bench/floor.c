/* floor.c - the price of HTTP alone: libmicrohttpd reads a body, throws it
 * away and answers 204.
 *
 * What the gateway costs is told as a multiple of this, so it has to be driven
 * as the gateway drives the library: one daemon, one thread, poll on the
 * daemon's epoll descriptor and then one MHD_run, a 16 KiB pool for each
 * connection. With one of the library's own threads it would collapse at
 * multiples of 128 connections (it waits for a 129th that does not come), and
 * with the default pool of 32 KiB it would be a sixth slower, because the whole
 * pool is zeroed after each request.
 *
 *     floor PORT        until SIGTERM; the number of answers on stdout
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <microhttpd.h>

enum { POOL_BYTES = 16384, CONNECTIONS = 4096, LONGEST_WAIT_MS = 1000 };

static volatile sig_atomic_t stopping;
static uint64_t answered;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

/* Called first when the headers are there, then for each piece of the body,
 * and at last with none left: that is the time to answer. */
static enum MHD_Result answer(void *response, struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *body,
                              size_t *body_bytes, void **state)
{
    (void)url, (void)method, (void)version, (void)body;
    if (*state == NULL) {
        *state = &answered;
        return MHD_YES;
    }
    if (*body_bytes > 0) {
        *body_bytes = 0;
        return MHD_YES;
    }
    answered++;
    return MHD_queue_response(connection, MHD_HTTP_NO_CONTENT, response);
}

static struct MHD_Daemon *start(uint16_t port, struct MHD_Response *response)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, answer, response, MHD_OPTION_SOCK_ADDR,
        &address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, 60U, MHD_OPTION_LISTEN_BACKLOG_SIZE,
        1024U, MHD_OPTION_END);
}

static int wait_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms = LONGEST_WAIT_MS;

    if (MHD_get_timeout(daemon, &ms) == MHD_NO || ms > LONGEST_WAIT_MS)
        return LONGEST_WAIT_MS;
    return (int)ms;
}

static void serve(struct MHD_Daemon *daemon)
{
    struct pollfd waiting = {
        .fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
        .events = POLLIN,
    };

    while (!stopping) {
        if (poll(&waiting, 1, wait_ms(daemon)) < 0 && errno != EINTR)
            return;
        MHD_run(daemon);
    }
}

int main(int argc, char **argv)
{
    unsigned long port = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct MHD_Daemon *daemon;

    if (port == 0 || port > UINT16_MAX) {
        fprintf(stderr, "usage: floor PORT\n");
        return 64;
    }
    signal(SIGTERM, stop);
    daemon = start((uint16_t)port, response);
    if (daemon == NULL) {
        fprintf(stderr, "floor: cannot listen on port %lu\n", port);
        return 1;
    }
    serve(daemon);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    printf("%llu\n", (unsigned long long)answered);
    return 0;
}
