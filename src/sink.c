/* sink.c - see sink.h.
 *
 * One thread: a daemon of libmicrohttpd that is driven from the loop below, and
 * a file descriptor for the signals. A body is gathered whole, inflated, read
 * by the strict reader, and written out again by our writer, so what comes out
 * has its stamps in nanoseconds and its tags in order. Then comes the 204.
 *
 * What can go wrong is what a client does wrong; that is what this is for. Each
 * error has the shape of the API that was spoken, and its text names the line
 * and the column. If the output cannot be written (a pipe that is closed), the
 * client gets a 500 and the sink ends.
 */
#include "sink.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <microhttpd.h>

#include "arena.h"
#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "gzip.h"
#include "json_text.h"
#include "line.h"
#include "listener.h"
#include "log.h"
#include "point.h"

enum {
    MAX_BODY_BYTES = 64 << 20, /* as sent, and inflated */
    MAX_ARENA_BYTES = 512 << 20,
    MAX_POINTS = 1000000,
    MAX_ERROR_BYTES = 8 << 10,
    CONNECTIONS = 100, /* below 128: at that number 0.9.75 holds events back */
    IDLE_S = 60,
    LOOP_MS = 1000
};

enum api { API_NONE, API_V1, API_V2, API_V3, API_PING, API_HEALTH };

struct sink {
    struct MHD_Daemon *daemon;
    int listener;
    int signals;
    int out;
    const char *out_name;
    bool has_failed; /* out cannot be written */
    struct error failure;
    uint64_t points_written;
    struct arena arena;
    struct points points;
    struct buf plain;
    struct buf lines;
};

/* A request whose body is not complete. */
struct upload {
    struct buf body;
};

/* ---- answers ---- */

static const struct {
    const char *path;
    enum api api;
} paths[] = {
    {"/write", API_V1},           {"/api/v2/write", API_V2},
    {"/api/v3/write_lp", API_V3}, {"/ping", API_PING},
    {"/health", API_HEALTH},
};

static enum api api_of(const char *path)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(paths[i].path, path) == 0)
            return paths[i].api;
    return API_NONE;
}

static const struct {
    unsigned status;
    const char *code; /* v2's word for it */
} answers[ERR_KINDS] = {
    [ERR_BAD_REQUEST] = {400, "invalid"},
    [ERR_NOT_FOUND] = {404, "not found"},
    [ERR_METHOD] = {405, "method not allowed"},
    [ERR_TOO_LARGE] = {413, "request too large"},
    [ERR_MEDIA_TYPE] = {415, "unsupported media type"},
};

static enum MHD_Result answer(struct MHD_Connection *connection,
                              unsigned status, struct text body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.at, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    if (body.len > 0)
        MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "X-Influxdb-Version",
                            "moonline-sink-" MOONLINE_VERSION);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_error(struct MHD_Connection *connection,
                                    enum api api, const struct error *err)
{
    unsigned status = answers[err->kind].status;
    const char *code = answers[err->kind].code;
    struct buf body;
    buf_init(&body, MAX_ERROR_BYTES);
    if (api == API_V1 || api == API_V3)
        buf_printf(&body, "{\"error\":\"");
    else
        buf_printf(&body, "{\"code\":\"%s\",\"message\":\"",
                   code ? code : "internal error");
    json_text_append(&body, text_of(err->text));
    buf_append_text(&body, TEXT("\"}\n"));
    log_line(LOG_WARN, "sink", "%u: %s", status ? status : 500, err->text);
    enum MHD_Result result =
        answer(connection, status ? status : 500, buf_text(&body));
    buf_deinit(&body);
    return result;
}

/* ---- a write ---- */

static const char *query(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static bool check_place(struct MHD_Connection *connection, enum api api,
                        struct error *err)
{
    if (api == API_V1)
        return query(connection, "db")
               || fail(err, ERR_BAD_REQUEST, "database is required: db=");
    if (api == API_V3)
        return query(connection, "db")
               || fail(err, ERR_BAD_REQUEST, "missing query parameter 'db'");
    if (!query(connection, "org") && !query(connection, "orgID"))
        return fail(err, ERR_NOT_FOUND, "organization not found: org=");
    return query(connection, "bucket")
           || fail(err, ERR_NOT_FOUND, "bucket not found: bucket=");
}

/* What real servers of that API take, of the units that we know. */
static bool read_precision(struct MHD_Connection *connection, enum api api,
                           enum precision *precision, struct error *err)
{
    const char *name = query(connection, "precision");
    bool is_long = name && strstr(name, "second");
    *precision = PRECISION_NS;
    if (!name && api == API_V3)
        return fail(err, ERR_BAD_REQUEST,
                    "without precision= InfluxDB 3 guesses, sink does not; say"
                    " precision=nanosecond");
    if (!name)
        return true;
    bool is_known = precision_read(text_of(name), precision)
                    && (api == API_V1 || *precision <= PRECISION_S)
                    && (api == API_V1   ? !is_long && strcmp(name, "us") != 0
                        : api == API_V2 ? !is_long && strcmp(name, "u") != 0
                                              && strcmp(name, "n") != 0
                                        : true);
    return is_known
           || fail(err, ERR_BAD_REQUEST,
                   api == API_V1 ? "invalid precision \"%s\" (use n, ns, u, ms,"
                                   " s, m or h)"
                   : api == API_V2
                       ? "invalid precision \"%s\"; valid precision units are"
                         " ns, us, ms, and s"
                       : "invalid precision \"%s\" (use nanosecond,"
                         " microsecond, millisecond or second)",
                   name);
}

static bool inflate_body(struct sink *sink, struct MHD_Connection *connection,
                         struct upload *upload, struct text *body,
                         struct error *err)
{
    const char *encoding = MHD_lookup_connection_value(
        connection, MHD_HEADER_KIND, "Content-Encoding");
    if (upload->body.has_overflowed)
        return fail(err, ERR_TOO_LARGE, "a body of more than %d bytes",
                    (int)MAX_BODY_BYTES);
    *body = buf_text(&upload->body);
    if (!encoding || strcmp(encoding, "identity") == 0)
        return true;
    if (strcmp(encoding, "gzip") != 0)
        return fail(err, ERR_MEDIA_TYPE,
                    "Content-Encoding %s; only gzip is"
                    " read",
                    encoding);
    if (!gzip_inflate(*body, GZIP_GZIP, &sink->plain, err))
        return false;
    *body = buf_text(&sink->plain);
    return true;
}

static bool write_points(struct sink *sink, struct error *err)
{
    int64_t now_ns = clock_stamp_ns();
    for (size_t i = 0; i < sink->points.count; i++)
        if (!line_append(&sink->lines, &sink->points.items[i], now_ns, err))
            return false;
    if (!file_write_all(&file_real, sink->out, sink->lines.data,
                        sink->lines.len, sink->out_name, err)) {
        sink->has_failed = true;
        sink->failure = *err;
        return false;
    }
    sink->points_written += sink->points.count;
    return true;
}

static bool take_write(struct sink *sink, struct MHD_Connection *connection,
                       enum api api, struct upload *upload, struct error *err)
{
    enum precision precision;
    struct text body;
    buf_clear(&sink->plain);
    buf_clear(&sink->lines);
    points_reset(&sink->points);
    arena_reset(&sink->arena);
    if (!check_place(connection, api, err)
        || !read_precision(connection, api, &precision, err)
        || !inflate_body(sink, connection, upload, &body, err))
        return false;
    if (body.len == 0 && api == API_V3)
        return fail(err, ERR_BAD_REQUEST, "incoming write was empty");
    return line_read_all(body, precision, &sink->points, err)
           && write_points(sink, err);
}

/* ---- requests ---- */

static const char healthy[] =
    "{\"name\":\"influxdb\",\"message\":\"ready for queries and writes\","
    "\"status\":\"pass\",\"checks\":[]}\n";

static bool is_write(enum api api)
{
    return api == API_V1 || api == API_V2 || api == API_V3;
}

static enum MHD_Result respond(struct sink *sink,
                               struct MHD_Connection *connection,
                               const char *path, const char *method,
                               struct upload *upload)
{
    struct error err = {0};
    enum api api = api_of(path);
    bool is_get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    bool is_done = false;
    if (api == API_NONE)
        fail(&err, ERR_NOT_FOUND, "path not found: %.200s", path);
    else if (is_write(api) ? strcmp(method, "POST") != 0 : !is_get)
        fail(&err, ERR_METHOD, "%s takes %s, not %.20s", path,
             is_write(api) ? "POST" : "GET", method);
    else if (is_write(api))
        is_done = take_write(sink, connection, api, upload, &err);
    else
        is_done = true;
    if (!is_done)
        return answer_error(connection, api, &err);
    return api == API_HEALTH ? answer(connection, 200, text_of(healthy))
                             : answer(connection, 204, TEXT(""));
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *path, const char *method,
                              const char *version, const char *bytes,
                              size_t *len, void **state)
{
    struct sink *sink = context;
    struct upload *upload = *state;
    (void)version;
    if (!upload) {
        *state = upload = xcalloc(1, sizeof *upload);
        buf_init(&upload->body, MAX_BODY_BYTES);
        return MHD_YES;
    }
    if (*len == 0)
        return respond(sink, connection, path, method, upload);
    /* Past the ceiling it is swallowed; no answer can be given here yet. */
    if (!upload->body.has_overflowed)
        buf_append(&upload->body, bytes, *len);
    *len = 0;
    return MHD_YES;
}

static void completed(void *context, struct MHD_Connection *connection,
                      void **state, enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *state;
    (void)context, (void)connection, (void)code;
    if (upload)
        buf_deinit(&upload->body);
    free(upload);
    *state = NULL;
}

/* ---- start, loop, stop ---- */

/* A port 0 is told as the port that it became. */
static void say_address(const struct sink *sink, const char *name)
{
    log_line(LOG_INFO, "sink", "listens on http://%.*s:%u",
             (int)(strrchr(name, ':') - name), name,
             listener_port(sink->listener));
}

/* A wrong address is a wrong command line here. */
static bool open_listener(struct sink *sink, const char *name,
                          struct error *err)
{
    if (listener_open(name, &sink->listener, 1, err))
        return true;
    sink->listener = -1;
    if (err->kind == ERR_CONFIG)
        err->kind = ERR_USAGE;
    return false;
}

static bool open_output(struct sink *sink, const char *file, struct error *err)
{
    sink->out_name = file ? file : "stdout";
    sink->out =
        file ? open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)
             : STDOUT_FILENO;
    return sink->out >= 0 || fail_errno(err, "opening %s", file);
}

static bool open_signals(struct sink *sink, struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    sink->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return sink->signals >= 0 || fail_errno(err, "a file for signals");
}

static bool start_daemon(struct sink *sink, struct error *err)
{
    sink->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, handle, sink, MHD_OPTION_LISTEN_SOCKET,
        sink->listener, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
    return sink->daemon || fail(err, ERR_IO, "libmicrohttpd does not start");
}

static int next_timeout_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (MHD_get_timeout(daemon, &wait_ms) != MHD_YES || wait_ms > LOOP_MS)
        return LOOP_MS;
    return (int)wait_ms;
}

/* MHD_run waits for nothing, so the waiting is ours. */
static void loop(struct sink *sink)
{
    const union MHD_DaemonInfo *epoll =
        MHD_get_daemon_info(sink->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = {{.fd = epoll->epoll_fd, .events = POLLIN},
                           {.fd = sink->signals, .events = POLLIN}};
    while (!fds[1].revents && !sink->has_failed) {
        poll(fds, 2, next_timeout_ms(sink->daemon));
        MHD_run(sink->daemon);
    }
}

static void close_all(struct sink *sink)
{
    if (sink->daemon)
        MHD_stop_daemon(sink->daemon); /* closes the listener */
    else if (sink->listener >= 0)
        close(sink->listener);
    if (sink->signals >= 0)
        close(sink->signals);
    if (sink->out >= 0 && sink->out != STDOUT_FILENO)
        close(sink->out);
    points_deinit(&sink->points);
    arena_deinit(&sink->arena);
    buf_deinit(&sink->plain);
    buf_deinit(&sink->lines);
}

bool sink_run(const char *listen, const char *file, struct error *err)
{
    struct sink *sink = xcalloc(1, sizeof *sink);
    *sink = (struct sink){.listener = -1, .signals = -1, .out = -1};
    arena_init(&sink->arena, MAX_ARENA_BYTES);
    points_init(&sink->points, &sink->arena, MAX_POINTS);
    buf_init(&sink->plain, MAX_BODY_BYTES);
    buf_init(&sink->lines, 2 * MAX_BODY_BYTES);
    bool has_run = open_output(sink, file, err)
                   && open_listener(sink, listen, err)
                   && open_signals(sink, err) && start_daemon(sink, err);
    if (has_run) {
        say_address(sink, listen);
        loop(sink);
        log_line(LOG_INFO, "sink", "%llu points written to %s",
                 (unsigned long long)sink->points_written, sink->out_name);
    }
    if (sink->has_failed) {
        *err = sink->failure;
        has_run = false;
    }
    close_all(sink);
    free(sink);
    return has_run;
}
