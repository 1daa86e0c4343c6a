/* admin.c - see admin.h. One thread, one daemon, driven from a loop of its own
 * as the workers' are. Questions wait for no disk and no network, nor for a
 * post, which may for seconds: those are done in turn by a clerk (clerk.h),
 * their connections suspended meanwhile, as parking.c does it. Fewer than 128
 * connections: with that many libmicrohttpd 0.9.75 can go on waiting for one
 * more.
 */
#include "admin.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <microhttpd.h>

#include "buf.h"
#include "clerk.h"
#include "error.h"
#include "health.h"
#include "listener.h"
#include "metrics.h"
#include "thread.h"

enum {
    MAX_CONNECTIONS = 64,
    TIMEOUT_S = 10,
    SUSPENDED_S = 11, /* any but the default: see parking.c */
    LONGEST_WAIT_MS = 1000,
    PAGE_BYTES = 1 << 20,
    POST_BYTES = 128 << 10
};

struct admin {
    struct watched watched;
    const struct admin_post *posts;
    struct buf page;
    struct MHD_Daemon *daemon;
    struct pollfd fds[2]; /* the daemon's, and an eventfd: a stop, the clerk */
    struct clerk clerk;
    unsigned port;
    atomic_bool is_stopping;
    bool has_thread;
    pthread_t thread;
};

/* ------------------------------------------------------------- answers --- */

static unsigned health_page(struct admin *admin)
{
    return health_write(&admin->watched, &admin->page) ? 200 : 503;
}

static unsigned ready_page(struct admin *admin)
{
    return health_write_ready(&admin->watched, &admin->page) ? 200 : 503;
}

static unsigned metrics_page(struct admin *admin)
{
    return metrics_write(&admin->watched, &admin->page) ? 200 : 500;
}

static const char json_type[] = "application/json";

static const struct page {
    const char *path;
    const char *type;
    unsigned (*write)(struct admin *admin); /* fills page, gives the status */
} pages[] = {
    {"/health", json_type, health_page},
    {"/ready", json_type, ready_page},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", metrics_page},
};

static const struct page *find_page(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    return NULL;
}

static unsigned refuse(struct admin *admin, unsigned status, const char *code,
                       const char *message)
{
    buf_printf(&admin->page, "{\"code\":\"%s\",\"message\":\"%s\"}\n", code,
               message);
    return status;
}

static bool is_question(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static unsigned fill_page(struct admin *admin, const char *path,
                          const char *method, const char **type)
{
    const struct page *page = find_page(path);
    *type = json_type;
    if (!page)
        return refuse(admin, 404, "not found",
                      "there are /health, /ready and /metrics");
    if (!is_question(method))
        return refuse(admin, 405, "method not allowed", "only GET and HEAD");
    *type = page->type;
    return page->write(admin);
}

/* --------------------------------------------------------------- posts --- */

/* A request under way; the rest is only for a post. */
struct call {
    struct clerk_job job; /* stands first */
    struct MHD_Connection *connection;
    const struct admin_post *post;
    struct buf body;
    struct buf answer;
    bool wants_text;
    bool was_with_clerk;
    unsigned status;
};

static void work_on_post(struct clerk_job *job)
{
    struct call *call = (struct call *)job;
    call->status = call->post->answer(call->post->self, buf_text(&call->body),
                                      call->wants_text, &call->answer);
}

static const struct admin_post *find_post(const struct admin *admin,
                                          const char *path, const char *method)
{
    const struct admin_post *post = admin->posts;
    if (strcmp(method, "POST") != 0)
        return NULL;
    while (post && post->path && strcmp(post->path, path) != 0)
        post++;
    return post && post->path ? post : NULL;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* localhost or digits: whoever gives a name of its own to our address has to
 * call us by that name. Letters only within brackets, for there are domains
 * that have none beyond f. */
static bool is_address(const char *host)
{
    static const char *const hex = "0123456789abcdefABCDEF.:";
    if (!host)
        return false;
    if (strncasecmp(host, "localhost", 9) == 0)
        host += 9;
    else if (host[0] == '[' && host[1 + strspn(host + 1, hex)] == ']')
        host += 2 + strspn(host + 1, hex);
    else
        host += strspn(host, "0123456789.");
    return !*host
           || (*host == ':'
               && strspn(host + 1, "0123456789") == strlen(host + 1));
}

/* False: it is refused, and page says why. */
static bool may_post(struct admin *admin, const struct call *call,
                     unsigned *status)
{
    *status = 0;
    if (!header(call->connection, "X-Moonline"))
        *status = refuse(admin, 403, "forbidden",
                         "a POST needs the header X-Moonline: 1");
    else if (!is_address(header(call->connection, "Host")))
        *status = refuse(admin, 403, "forbidden",
                         "a POST must name the address, not a host's name");
    else if (call->body.has_overflowed)
        *status = refuse(admin, 413, "too large", "the body is too large");
    return *status == 0;
}

static void suspend(struct admin *admin, struct call *call)
{
    const char *accept = header(call->connection, "Accept");
    call->wants_text = accept && strcmp(accept, "text/plain") == 0;
    call->was_with_clerk = true;
    call->job.work = work_on_post;
    MHD_suspend_connection(call->connection);
    MHD_set_connection_option(call->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              (unsigned)SUSPENDED_S);
    clerk_put(&admin->clerk, &call->job);
}

static void resume_done(struct admin *admin)
{
    struct clerk_job *job;
    while ((job = clerk_take(&admin->clerk)) != NULL)
        MHD_resume_connection(((struct call *)job)->connection);
}

/* ---------------------------------------------------------- one request -- */

static enum MHD_Result send_answer(struct MHD_Connection *connection,
                                   unsigned status, const char *type,
                                   const struct buf *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->len, body->data, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            "no-store");
    if (status == 405)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_page(struct admin *admin,
                                   struct MHD_Connection *connection,
                                   const char *path, const char *method)
{
    const char *type;
    buf_clear(&admin->page);
    unsigned status = fill_page(admin, path, method, &type);
    return send_answer(connection, status, type, &admin->page);
}

/* Comes twice: before the clerk has it, and when it is done. */
static enum MHD_Result answer_post(struct admin *admin, struct call *call)
{
    unsigned status;
    buf_clear(&admin->page);
    if (call->job.is_done)
        return send_answer(call->connection, call->status,
                           call->wants_text ? "text/plain; charset=utf-8"
                                            : json_type,
                           &call->answer);
    if (call->was_with_clerk || atomic_load(&admin->is_stopping))
        status = refuse(admin, 503, "unavailable", "the gateway stops");
    else if (may_post(admin, call, &status)) {
        suspend(admin, call);
        return MHD_YES;
    }
    return send_answer(call->connection, status, json_type, &admin->page);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *bytes,
                              size_t *len, void **state)
{
    struct admin *admin = cls;
    struct call *call = *state;
    (void)version;
    if (!call) {
        *state = call = xcalloc(1, sizeof *call);
        call->post = find_post(admin, url, method);
        call->connection = connection;
        buf_init(&call->body, POST_BYTES);
        buf_init(&call->answer, PAGE_BYTES);
        return MHD_YES;
    }
    if (*len > 0) {
        if (call->post)
            buf_append(&call->body, bytes, *len);
        *len = 0;
        return MHD_YES;
    }
    return call->post ? answer_post(admin, call)
                      : answer_page(admin, connection, url, method);
}

static void end(void *cls, struct MHD_Connection *connection, void **state,
                enum MHD_RequestTerminationCode why)
{
    (void)cls, (void)connection, (void)why;
    struct call *call = *state;
    if (call) {
        buf_deinit(&call->body);
        buf_deinit(&call->answer);
    }
    free(call);
    *state = NULL;
}

/* ------------------------------------------------------------ the loop --- */

static void drain(const struct admin *admin)
{
    uint64_t wakes;
    ssize_t ignored = read(admin->fds[1].fd, &wakes, sizeof wakes);
    (void)ignored;
}

static void *work(void *arg)
{
    struct admin *admin = arg;
    while (!atomic_load(&admin->is_stopping)) {
        MHD_UNSIGNED_LONG_LONG ms;
        int wait_ms = LONGEST_WAIT_MS;
        if (MHD_get_timeout(admin->daemon, &ms) == MHD_YES
            && ms < LONGEST_WAIT_MS)
            wait_ms = (int)ms;
        poll(admin->fds, 2, wait_ms);
        drain(admin);
        resume_done(admin);
        MHD_run(admin->daemon);
    }
    return NULL;
}

static bool start_daemon(struct admin *admin, int fd, struct error *err)
{
    admin->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, admin,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
        MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_END);
    if (!admin->daemon) {
        close(fd);
        return fail(err, ERR_IO, "libmicrohttpd does not start");
    }
    admin->fds[0] = (struct pollfd){
        .fd = MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_EPOLL_FD)
                  ->epoll_fd,
        .events = POLLIN};
    return true;
}

static bool start_thread(struct admin *admin, struct error *err)
{
    admin->has_thread =
        thread_start(&admin->thread, work, admin, "the admin port", err);
    return admin->has_thread;
}

static bool start(struct admin *admin, const char *listen, struct error *err)
{
    int fd;
    int waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    admin->fds[1] = (struct pollfd){.fd = waker, .events = POLLIN};
    if (waker < 0)
        return fail_errno(err, "eventfd");
    if (!listener_open(listen, &fd, 1, err))
        return false;
    admin->port = listener_port(fd);
    return start_daemon(admin, fd, err) && clerk_open(&admin->clerk, waker, err)
           && start_thread(admin, err);
}

struct admin *admin_start(const struct admin_options *options,
                          struct error *err)
{
    struct admin *admin = xcalloc(1, sizeof *admin);
    admin->watched = (struct watched){.journal = options->journal,
                                      .dead = options->dead,
                                      .relays = options->relays,
                                      .relay_names = options->relay_names,
                                      .relay_count = options->relay_count};
    admin->posts = options->posts;
    buf_init(&admin->page, PAGE_BYTES);
    if (start(admin, options->listen, err))
        return admin;
    admin_stop(admin);
    return NULL;
}

/* No connection may be suspended when the daemon stops; so each has an answer,
 * if the job is done or not. */
static void end_posts(struct admin *admin)
{
    if (!admin->clerk.is_open)
        return;
    clerk_close(&admin->clerk);
    resume_done(admin);
    MHD_run(admin->daemon);
}

void admin_stop(struct admin *admin)
{
    if (!admin)
        return;
    uint64_t one = 1;
    atomic_store(&admin->is_stopping, true);
    ssize_t ignored = write(admin->fds[1].fd, &one, sizeof one);
    (void)ignored;
    if (admin->has_thread)
        pthread_join(admin->thread, NULL);
    end_posts(admin);
    if (admin->daemon)
        MHD_stop_daemon(admin->daemon);
    if (admin->fds[1].fd >= 0)
        close(admin->fds[1].fd);
    buf_deinit(&admin->page);
    free(admin);
}

unsigned admin_port(const struct admin *admin)
{
    return admin->port;
}
