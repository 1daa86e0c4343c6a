/* server.c - see server.h. What there is one of: the sockets, the table of
 * addresses, what all workers share. The work is in worker.c (the loop),
 * exchange.c (one request) and gate.c (what is let in).
 *
 * A reload makes an edition for every worker here, on main's thread, and only
 * when all are made gives them out: a script that does not load leaves
 * everything as it was.
 */
#include "server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "listener.h"
#include "peers.h"
#include "worker.h"

enum { MAX_WORKERS = 64 };

/* Half a second of the two that stopping may take is left to the others. */
static const int64_t drain_ns = 3 * NS_PER_S / 2;

struct server {
    struct desk_shared shared;
    struct peers *peers;
    struct worker *workers[MAX_WORKERS];
    unsigned worker_count;
    unsigned port;
    pthread_mutex_t reading_lock;
    struct reading *reading; /* guarded; new requests are handled by it */
};

/* fds[address][worker]; those of workers that were made are no longer ours. */
struct sockets {
    int fds[WORKER_ADDRESSES][MAX_WORKERS];
    size_t address_count;
    unsigned worker_count;
    unsigned taken;
};

static void close_sockets(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->address_count; i++)
        for (unsigned k = sockets->taken; k < sockets->worker_count; k++)
            close(sockets->fds[i][k]);
}

static bool open_sockets(struct sockets *sockets,
                         const struct server_options *options,
                         struct error *err)
{
    for (char *const *address = options->listen; *address; address++) {
        if (sockets->address_count == WORKER_ADDRESSES)
            return fail(err, ERR_CONFIG, "listen has more than %d addresses",
                        WORKER_ADDRESSES);
        if (!listener_open(*address, sockets->fds[sockets->address_count],
                           sockets->worker_count, err))
            return false;
        sockets->address_count++;
    }
    return sockets->address_count > 0
           || fail(err, ERR_CONFIG, "listen has no address");
}

static bool add_worker(struct server *server, struct sockets *sockets,
                       struct reading *reading, struct error *err)
{
    int fds[WORKER_ADDRESSES];
    unsigned share = (unsigned)LIMIT_CONNECTIONS / sockets->worker_count;
    for (size_t i = 0; i < sockets->address_count; i++)
        fds[i] = sockets->fds[i][sockets->taken];
    sockets->taken++;
    struct worker *worker = worker_new(
        &(struct worker_options){.shared = &server->shared,
                                 .peers = server->peers,
                                 .reading = reading,
                                 .fds = fds,
                                 .fd_count = sockets->address_count,
                                 .max_connections =
                                     share / (unsigned)sockets->address_count},
        err);
    if (worker)
        server->workers[server->worker_count++] = worker;
    return worker != NULL;
}

static bool start_workers(struct server *server, struct error *err)
{
    for (unsigned i = 0; i < server->worker_count; i++)
        if (!worker_start(server->workers[i], err))
            return false;
    return true;
}

static bool add_workers(struct server *server, struct sockets *sockets,
                        const struct reading_options *options,
                        struct error *err)
{
    struct reading *reading = reading_new(options, err);
    bool made = reading != NULL;
    while (made && sockets->taken < sockets->worker_count)
        made = add_worker(server, sockets, reading, err);
    server->reading = reading;
    return made;
}

static bool open_all(struct server *server, struct sockets *sockets,
                     const struct server_options *options, struct error *err)
{
    if (!open_sockets(sockets, options, err))
        return false;
    server->port = listener_port(sockets->fds[0][0]);
    return add_workers(server, sockets, &options->reading, err);
}

struct server *server_start(const struct server_options *options,
                            struct error *err)
{
    struct server *server = xcalloc(1, sizeof *server);
    struct sockets sockets = {.worker_count = options->workers};
    pthread_mutex_init(&server->reading_lock, NULL);
    if (sockets.worker_count < 1)
        sockets.worker_count = 1;
    if (sockets.worker_count > MAX_WORKERS)
        sockets.worker_count = MAX_WORKERS;
    server->peers = peers_new(LIMIT_CONNECTIONS_PER_IP);
    server->shared.journal = options->reading.ingest.journal;
    server->shared.progress = options->progress;
    server->shared.recorder = options->recorder;
    server->shared.deadlines =
        options->deadlines ? *options->deadlines : DEADLINES_DEFAULT;
    bool started =
        open_all(server, &sockets, options, err) && start_workers(server, err);
    close_sockets(&sockets);
    if (started)
        return server;
    server_stop(server);
    return NULL;
}

/* The one before. */
static struct reading *swap_reading(struct server *server,
                                    struct reading *reading)
{
    pthread_mutex_lock(&server->reading_lock);
    struct reading *before = server->reading;
    server->reading = reading;
    pthread_mutex_unlock(&server->reading_lock);
    return before;
}

bool server_reload(struct server *server, const struct reading_options *options,
                   struct error *err)
{
    struct edition *editions[MAX_WORKERS];
    struct reading *reading = reading_new(options, err);
    unsigned made = 0;
    while (reading && made < server->worker_count
           && (editions[made] =
                   worker_make_edition(server->workers[made], reading, err)))
        made++;
    bool is_whole = made == server->worker_count;
    for (unsigned i = 0; i < made; i++)
        if (is_whole)
            worker_change(server->workers[i], editions[i]);
        else
            edition_free(editions[i]);
    reading_release(is_whole ? swap_reading(server, reading) : reading);
    return is_whole;
}

struct reading *server_reading(struct server *server)
{
    pthread_mutex_lock(&server->reading_lock);
    struct reading *reading = reading_hold(server->reading);
    pthread_mutex_unlock(&server->reading_lock);
    return reading;
}

bool server_hangs(struct server *server, char *what, size_t size)
{
    char found[WORKER_HANG_BYTES];
    for (unsigned i = 0; i < server->worker_count; i++)
        if (worker_hangs(server->workers[i], found)) {
            snprintf(what, size, "%s", found);
            return true;
        }
    return false;
}

void server_drain(struct server *server)
{
    int64_t until_ns = clock_mono_ns() + drain_ns;
    atomic_store(&server->shared.is_stopping, true);
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_wake(server->workers[i]);
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_wait_idle(server->workers[i], until_ns - clock_mono_ns());
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    atomic_store(&server->shared.is_stopping, true);
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_free(server->workers[i]);
    peers_free(server->peers);
    reading_release(server->reading);
    pthread_mutex_destroy(&server->reading_lock);
    free(server);
}

unsigned server_port(const struct server *server)
{
    return server->port;
}
