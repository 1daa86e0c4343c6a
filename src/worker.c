/* worker.c - see worker.h.
 *
 * The loop, whole. Each line is there because leaving it out loses wake-ups or
 * answers: libmicrohttpd's timeout knows nothing of resumed connections, and
 * resuming wakes nobody; so every pass first resumes what the committer has
 * finished, then lets the library run once, also after a plain timeout, and
 * only then, if something was parked, wakes the committer: once a pass, not
 * once a request, which is what makes groups large.
 *
 * Stopping: the sockets that listen are closed, new requests on open
 * connections are answered 503, and as soon as no request is under way the
 * worker says so. It goes on turning until worker_free: whoever still has a
 * connection gets an answer, not silence. A daemon is never stopped with
 * something parked, since the library then ends the process.
 */
#include "worker.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "edition.h"
#include "error.h"
#include "journal.h"
#include "log.h"
#include "peers.h"
#include "pulse.h"
#include "thread.h"

enum { LONGEST_WAIT_MS = 1000, TRIM_AFTER_FREED = 1000 };

/* Of CPU time, beyond a script's own limit, which ends it much earlier unless
 * it is in a loop of C that none of us knows. */
#define HANG_NS NS_PER_S

struct worker {
    struct desk desk;
    struct pulse pulse;
    struct pulse_watch watch; /* main's */
    struct peers *peers;
    struct MHD_Daemon *daemons[WORKER_ADDRESSES];
    struct pollfd fds[WORKER_ADDRESSES + 1]; /* the eventfd is the first */
    size_t daemon_count;
    _Atomic(struct edition *) next_edition; /* NULL: none waits */
    int64_t next_sweep_ns;
    bool is_quiet; /* no longer listening */
    bool has_said_idle;
    sem_t idle;
    atomic_bool is_ending;
    bool has_thread;
    pthread_t thread;
};

/* --------------------------------------------- callbacks of the library -- */

static bool address_of_connection(struct MHD_Connection *connection,
                                  struct address *address)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info && address_of(info->client_addr, address);
}

static enum MHD_Result may_connect(void *cls, const struct sockaddr *socket,
                                   socklen_t len)
{
    struct worker *worker = cls;
    struct address address;
    (void)len;
    return !address_of(socket, &address)
                   || peers_may_enter(worker->peers, &address)
               ? MHD_YES
               : MHD_NO;
}

static void connection_changed(void *cls, struct MHD_Connection *connection,
                               void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    struct worker *worker = cls;
    struct address address = {{0}};
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(connection,
                                         MHD_CONNECTION_INFO_CONNECTION_FD)
                     ->connect_fd;
        address_of_connection(connection, &address);
        peers_enter(worker->peers, &address);
        *socket_context = senders_add(&worker->desk.senders, fd, &address,
                                      worker->desk.now_ns);
        return;
    }
    struct sender *sender = *socket_context;
    peers_leave(worker->peers, &sender->address);
    senders_remove(&worker->desk.senders, sender);
    worker->desk.freed_count++;
}

static void log_library(void *cls, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void log_library(void *cls, const char *format, va_list args)
{
    static struct log_limit limit;
    uint64_t hidden;
    char text[500];
    (void)cls;
    if (!log_may_say(&limit, 1000, &hidden))
        return;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\r\n")] = '\0';
    log_line(LOG_DEBUG, "server", "libmicrohttpd: %s (%llu more)", text,
             (unsigned long long)hidden);
}

static struct MHD_Daemon *start_daemon(struct worker *worker, int fd,
                                       unsigned max_connections)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        may_connect, worker, exchange_handle, &worker->desk,
        MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)LIMIT_CONNECTION_POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)EXCHANGE_TIMEOUT_S, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_begin, &worker->desk, MHD_OPTION_NOTIFY_COMPLETED,
        exchange_end, &worker->desk, MHD_OPTION_NOTIFY_CONNECTION,
        connection_changed, worker, MHD_OPTION_END);
}

/* ------------------------------------------------------------ the loop --- */

static int daemons_wait_ms(const struct worker *worker)
{
    int wait_ms = LONGEST_WAIT_MS;
    for (size_t i = 0; i < worker->daemon_count; i++) {
        MHD_UNSIGNED_LONG_LONG ms;
        if (MHD_get_timeout(worker->daemons[i], &ms) == MHD_YES
            && ms < (MHD_UNSIGNED_LONG_LONG)wait_ms)
            wait_ms = (int)ms;
    }
    return wait_ms;
}

static int next_wait_ms(const struct worker *worker)
{
    int wait_ms = daemons_wait_ms(worker);
    int64_t next_ns = parking_deadline_ns(&worker->desk.parking);
    if (worker->next_sweep_ns < next_ns)
        next_ns = worker->next_sweep_ns;
    int64_t left_ns = next_ns - worker->desk.now_ns;
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < wait_ms ? (int)left_ms : wait_ms;
}

static void drain_eventfd(struct worker *worker)
{
    uint64_t ignored;
    if (worker->fds[0].revents)
        while (read(worker->fds[0].fd, &ignored, sizeof ignored) < 0
               && errno == EINTR)
            ;
}

static void take_edition(struct worker *worker)
{
    struct edition *edition = atomic_exchange(&worker->next_edition, NULL);
    if (edition)
        desk_change(&worker->desk, edition);
}

static void run_daemons(struct worker *worker)
{
    for (size_t i = 0; i < worker->daemon_count; i++)
        MHD_run(worker->daemons[i]);
}

/* After a storm the heap is full of holes that glibc keeps for itself. */
static void trim_memory(struct desk *desk)
{
    if (desk->freed_count < TRIM_AFTER_FREED || desk->under_way > 0)
        return;
    desk->freed_count = 0;
    malloc_trim(0);
}

static void sweep(struct worker *worker)
{
    const struct deadlines *deadlines = &worker->desk.shared->deadlines;
    if (worker->desk.now_ns < worker->next_sweep_ns)
        return;
    worker->next_sweep_ns = worker->desk.now_ns + deadlines->sweep_ns;
    senders_sweep(&worker->desk.senders, deadlines, worker->desk.now_ns);
    trim_memory(&worker->desk);
}

static void stop_listening(struct worker *worker)
{
    for (size_t i = 0; i < worker->daemon_count; i++) {
        int fd = MHD_quiesce_daemon(worker->daemons[i]);
        if (fd >= 0)
            close(fd);
    }
    worker->is_quiet = true;
}

/* What waits in the listening sockets was let in by the pass before. */
static void look_at_stopping(struct worker *worker)
{
    struct desk *desk = &worker->desk;
    if (!atomic_load(&desk->shared->is_stopping))
        return;
    if (!worker->is_quiet)
        stop_listening(worker);
    if (worker->has_said_idle || desk->under_way > 0)
        return;
    worker->has_said_idle = true;
    sem_post(&worker->idle);
}

static void pass(struct worker *worker)
{
    struct desk *desk = &worker->desk;
    poll(worker->fds, worker->daemon_count + 1, next_wait_ms(worker));
    desk->now_ns = clock_mono_ns();
    drain_eventfd(worker);
    take_edition(worker);
    exchange_take_from_lane(desk);
    parking_resume(&desk->parking, desk->now_ns, false);
    run_daemons(worker);
    if (desk->parking.has_new)
        journal_kick(desk->shared->journal);
    desk->parking.has_new = false;
    sweep(worker);
    look_at_stopping(worker);
}

/* Nothing is parked any more, whatever its ticket says. */
static void resume_all(struct worker *worker)
{
    struct desk *desk = &worker->desk;
    lane_stop(desk->lane);
    exchange_take_from_lane(desk);
    do { /* a body may have its end only now */
        desk->now_ns = clock_mono_ns();
        parking_resume(&desk->parking, desk->now_ns, true);
        run_daemons(worker);
    } while (!parking_is_empty(&desk->parking));
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    pulse_start(&worker->pulse);
    while (!atomic_load_explicit(&worker->is_ending, memory_order_relaxed))
        pass(worker);
    resume_all(worker);
    pulse_stop(&worker->pulse);
    return NULL;
}

/* -------------------------------------------------------- new and free --- */

static bool add_daemons(struct worker *worker,
                        const struct worker_options *options, struct error *err)
{
    for (size_t i = 0; i < options->fd_count; i++) {
        struct MHD_Daemon *daemon =
            start_daemon(worker, options->fds[i], options->max_connections);
        if (!daemon) {
            for (; i < options->fd_count; i++)
                close(options->fds[i]);
            return fail(err, ERR_IO, "libmicrohttpd does not start");
        }
        worker->daemons[worker->daemon_count++] = daemon;
        worker->fds[worker->daemon_count] = (struct pollfd){
            .fd =
                MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
            .events = POLLIN};
    }
    return true;
}

struct worker *worker_new(const struct worker_options *options,
                          struct error *err)
{
    struct worker *worker = xcalloc(1, sizeof *worker);
    int waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    worker->desk.shared = options->shared;
    worker->desk.now_ns = clock_mono_ns();
    worker->desk.parking =
        (struct parking){.journal = options->shared->journal,
                         .progress = options->shared->progress,
                         .waker = waker,
                         .commit_ns = options->shared->deadlines.commit_ns,
                         .is_stopping = &options->shared->is_stopping};
    worker->desk.lane = lane_new(waker);
    worker->peers = options->peers;
    worker->fds[0] = (struct pollfd){.fd = waker, .events = POLLIN};
    sem_init(&worker->idle, 0, 0);
    if (waker >= 0)
        worker->desk.edition =
            edition_new(options->reading, waker, &worker->pulse, err);
    else
        fail_errno(err, "eventfd");
    bool made = worker->desk.edition != NULL;
    if (!made)
        for (size_t i = 0; i < options->fd_count; i++)
            close(options->fds[i]);
    if (made && add_daemons(worker, options, err))
        return worker;
    worker_free(worker);
    return NULL;
}

bool worker_start(struct worker *worker, struct error *err)
{
    worker->has_thread =
        thread_start(&worker->thread, work, worker, "a worker", err);
    worker->watch.pulse = &worker->pulse;
    if (worker->has_thread)
        pthread_getcpuclockid(worker->thread, &worker->watch.clock);
    return worker->has_thread;
}

struct edition *worker_make_edition(struct worker *worker,
                                    struct reading *reading, struct error *err)
{
    return edition_new(reading, worker->fds[0].fd, &worker->pulse, err);
}

/* One that the worker has not taken yet served nobody. */
void worker_change(struct worker *worker, struct edition *edition)
{
    edition_free(atomic_exchange(&worker->next_edition, edition));
    worker_wake(worker);
}

static bool tell_hang(const struct pulse *pulse, char *what)
{
    snprintf(what, WORKER_HANG_BYTES, "script %.100s, request %.40s",
             atomic_load(&pulse->script), atomic_load(&pulse->request_id));
    return true;
}

bool worker_hangs(struct worker *worker, char what[WORKER_HANG_BYTES])
{
    struct lane *lane = worker->desk.lane;
    if (worker->has_thread && pulse_hangs(&worker->watch, HANG_NS))
        return tell_hang(&worker->pulse, what);
    return lane_hangs(lane, HANG_NS) && tell_hang(lane_pulse(lane), what);
}

void worker_wake(struct worker *worker)
{
    uint64_t one = 1;
    ssize_t ignored = write(worker->fds[0].fd, &one, sizeof one);
    (void)ignored;
}

bool worker_wait_idle(struct worker *worker, int64_t wait_ns)
{
    int64_t until_ns = clock_mono_ns() + (wait_ns > 0 ? wait_ns : 0);
    struct timespec until = {.tv_sec = until_ns / NS_PER_S,
                             .tv_nsec = until_ns % NS_PER_S};
    int code;
    while ((code = sem_clockwait(&worker->idle, CLOCK_MONOTONIC, &until)) < 0
           && errno == EINTR)
        ;
    return code == 0;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    atomic_store(&worker->is_ending, true);
    worker_wake(worker);
    if (worker->has_thread)
        pthread_join(worker->thread, NULL);
    for (size_t i = 0; i < worker->daemon_count; i++)
        MHD_stop_daemon(worker->daemons[i]);
    edition_free(atomic_load(&worker->next_edition));
    lane_free(worker->desk.lane);
    desk_deinit(&worker->desk);
    if (worker->fds[0].fd >= 0)
        close(worker->fds[0].fd);
    sem_destroy(&worker->idle);
    free(worker);
}
