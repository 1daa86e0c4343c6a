/* influx_wire.c - see influx_wire.h.
 *
 * Everything that is the same for each request is set once. libcurl keeps the
 * connection. The transfer is driven through the multi interface, since that
 * returns every tenth of a second to look whether we are stopping;
 * curl_easy_perform takes a second.
 *
 * What can go wrong: a server may answer before it has read everything (401,
 * 413), so a status counts although sending failed. It may answer for ever, so
 * what is read is bounded, and then the connection is dropped. It may redirect,
 * and is not followed, or the token would go elsewhere; nor does a proxy get
 * it, which is told the way by CONNECT. A connection that was kept may have
 * been closed over there just now: a request that dies on one without a word
 * goes out once more on a new one.
 */
#include "influx_wire.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "buf.h"
#include "ceilings.h"
#include "printable.h"
#include "scan.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    LOW_SPEED_BYTES = 1024, /* a second, for LOW_SPEED_S: given up */
    LOW_SPEED_S = 15,
    LOOK_MS = 100 /* how often we look whether we are stopping */
};

struct influx_wire {
    struct influx_wire_options options;
    char *authorization; /* a header line, or NULL */
    CURLM *multi;        /* has the connection; NULL: not started */
    CURL *easy;
    struct curl_slist *headers; /* of every request */
    struct curl_slist *gzip_headers;
    struct buf body;
    bool is_full; /* the answer went past a ceiling */
    size_t header_bytes;
    char late[4096]; /* what was unread when a socket was closed */
    size_t late_len;
    struct influx_wire_reply *reply;
    char trouble[CURL_ERROR_SIZE]; /* in libcurl's words */
};

/* ---- what comes back ---- */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct influx_wire *wire = context;
    (void)size; /* libcurl: always 1 */
    size_t room = wire->body.max_bytes - wire->body.len;
    wire->is_full |= count > room;
    buf_append(&wire->body, bytes, count < room ? count : room);
    return wire->is_full ? 0 : count;
}

static bool is_request_id(struct text name)
{
    static const char *const names[] = {"x-influxdb-request-id", "x-request-id",
                                        "request-id", "trace-id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal_nocase(name, text_of(names[i])))
            return true;
    return false;
}

static void read_header(struct influx_wire_reply *reply, struct text line)
{
    struct text value = line;
    struct text name = text_cut(&value, ':');
    value = scan_trim(value);
    if (text_equal_nocase(name, TEXT("retry-after")))
        printable(value, reply->retry_after, sizeof reply->retry_after);
    else if (is_request_id(name) && !reply->request_id[0])
        printable(value, reply->request_id, sizeof reply->request_id);
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct influx_wire *wire = context;
    (void)size;
    wire->header_bytes += count;
    wire->is_full |= wire->header_bytes > LIMIT_ANSWER_BYTES;
    read_header(wire->reply, (struct text){bytes, count});
    return wire->is_full ? 0 : count;
}

/* A server that says no at once and closes may have done so while we were in
 * the middle of sending. Then libcurl gives up without a look at what came, so
 * we look, before the socket goes. */
static int close_socket(void *context, curl_socket_t fd)
{
    struct influx_wire *wire = context;
    ssize_t got = recv(fd, wire->late, sizeof wire->late, MSG_DONTWAIT);
    wire->late_len = got > 0 ? (size_t)got : 0;
    return close(fd);
}

/* What was found there is "HTTP/1.1 413 Too Large", headers, body, as far as
 * they came: the status, and what follows; else 0. */
static int late_status(const struct influx_wire *wire, struct text *rest)
{
    int status;
    *rest = (struct text){wire->late, wire->late_len};
    bool is_answer = scan_word(rest, "http/1.") && scan_any(rest, "01")
                     && scan_char(rest, ' ')
                     && scan_digits(rest, 3, &status) == 3 && status >= 300;
    return is_answer ? status : 0;
}

static int take_late(struct influx_wire *wire)
{
    struct text rest, line;
    int status = late_status(wire, &rest);
    if (status == 0)
        return 0;
    text_cut(&rest, '\n');
    while ((line = scan_trim(text_cut(&rest, '\n'))).len > 0)
        read_header(wire->reply, line);
    buf_append_text(&wire->body, rest);
    return status;
}

/* ---- one request ---- */

static bool is_stopping(const struct influx_wire *wire)
{
    return wire->options.stopping && atomic_load(wire->options.stopping);
}

static CURLcode perform(struct influx_wire *wire)
{
    int running = 1, left;
    curl_multi_add_handle(wire->multi, wire->easy);
    while (running > 0 && !is_stopping(wire)) {
        if (curl_multi_perform(wire->multi, &running) != CURLM_OK)
            break;
        if (running > 0)
            curl_multi_poll(wire->multi, NULL, 0, LOOK_MS, NULL);
    }
    const CURLMsg *done = curl_multi_info_read(wire->multi, &left);
    CURLcode code = done ? done->data.result : CURLE_ABORTED_BY_CALLBACK;
    curl_multi_remove_handle(wire->multi, wire->easy);
    return code;
}

static void forget(struct influx_wire *wire)
{
    struct influx_wire_reply *reply = wire->reply;
    *reply = (struct influx_wire_reply){0};
    buf_clear(&wire->body);
    wire->header_bytes = 0;
    wire->is_full = false;
    wire->late_len = 0;
    wire->trouble[0] = '\0';
}

static CURLcode perform_once(struct influx_wire *wire)
{
    forget(wire);
    return perform(wire);
}

/* Nothing came back on a connection that was there before. */
static bool was_stale(struct influx_wire *wire, CURLcode code)
{
    long connects = 1;
    struct text rest;
    curl_easy_getinfo(wire->easy, CURLINFO_NUM_CONNECTS, &connects);
    return connects == 0 && wire->header_bytes == 0
           && late_status(wire, &rest) == 0
           && (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR
               || code == CURLE_GOT_NOTHING);
}

static CURLcode perform_again_if_stale(struct influx_wire *wire)
{
    CURLcode code = perform_once(wire);
    if (!was_stale(wire, code) || is_stopping(wire))
        return code;
    curl_easy_setopt(wire->easy, CURLOPT_FRESH_CONNECT, 1L);
    code = perform_once(wire);
    curl_easy_setopt(wire->easy, CURLOPT_FRESH_CONNECT, 0L);
    return code;
}

static bool is_about_trust(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION
           || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM
           || code == CURLE_SSL_ISSUER_ERROR;
}

/* A status that is no success counts also when sending failed, or when there is
 * too much of the answer: it is why. A success counts whole, or (a page that is
 * too long) to be shown; with headers that never ended it is none. */
static void judge(struct influx_wire *wire, CURLcode code)
{
    struct influx_wire_reply *reply = wire->reply;
    long status = 0;
    if (wire->header_bytes > 0)
        curl_easy_getinfo(wire->easy, CURLINFO_RESPONSE_CODE, &status);
    else if (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR)
        status = take_late(wire);
    bool is_page = wire->is_full && wire->body.len > 0;
    bool is_lost = code != CURLE_OK && status < 300 && !is_page;
    reply->is_cut = code != CURLE_OK;
    reply->bytes = wire->body.data;
    reply->len = wire->body.len;
    if (status >= 200 && !is_lost) {
        reply->status = (int)status;
        return;
    }
    if (!wire->trouble[0])
        snprintf(wire->trouble, sizeof wire->trouble, "%s",
                 is_stopping(wire) ? "broken off" : curl_easy_strerror(code));
    reply->is_untrusted = is_about_trust(code);
    reply->bytes = wire->trouble;
    reply->len = strlen(wire->trouble);
}

/* ---- the start ---- */

/* libcurl copies a text; without memory for that it would go on without, with
 * another proxy, say. So we stop, as xcalloc does. */
static void set_text(CURL *easy, CURLoption option, const char *text)
{
    if (curl_easy_setopt(easy, option, text) == CURLE_OUT_OF_MEMORY)
        xgiven(NULL);
}

static void set_limits(CURL *easy)
{
    set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set_text(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)LOW_SPEED_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* A server that moved is found at once; a connection is kept anyway. */
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
}

/* A proxy is what the configuration names, never what the environment does, and
 * is not told what is for the server. */
static void set_proxy(CURL *easy, const char *proxy)
{
    set_text(easy, CURLOPT_PROXY, proxy ? proxy : "");
    set_text(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_trust(CURL *easy, const struct influx_wire_options *options)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (options->ca_file) {
        set_text(easy, CURLOPT_CAINFO, options->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (options->cert_file)
        set_text(easy, CURLOPT_SSLCERT, options->cert_file);
    if (options->key_file)
        set_text(easy, CURLOPT_SSLKEY, options->key_file);
}

static void set_user(CURL *easy, const struct influx_wire_options *options)
{
    if (!options->user)
        return;
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    set_text(easy, CURLOPT_USERNAME, options->user);
    set_text(easy, CURLOPT_PASSWORD,
             options->password ? options->password : "");
}

/* What is sent without its Content-Encoding is rubbish to a server, and would
 * be refused for good. */
static void extend(struct curl_slist **list, const char *header)
{
    *list = xgiven(curl_slist_append(*list, header));
}

static void add_header(struct influx_wire *wire, const char *header)
{
    extend(&wire->headers, header);
    extend(&wire->gzip_headers, header);
}

static void make_headers(struct influx_wire *wire)
{
    curl_slist_free_all(wire->headers);
    curl_slist_free_all(wire->gzip_headers);
    wire->headers = NULL;
    wire->gzip_headers = NULL;
    add_header(wire, "Content-Type: text/plain; charset=utf-8");
    /* Waiting for "100 Continue" costs a second where it is not spoken. */
    add_header(wire, "Expect:");
    extend(&wire->gzip_headers, "Content-Encoding: gzip");
    if (wire->authorization)
        add_header(wire, wire->authorization);
}

static void set_up(struct influx_wire *wire)
{
    CURL *easy = wire->easy;
    set_limits(easy);
    set_proxy(easy, wire->options.proxy);
    set_trust(easy, &wire->options);
    set_user(easy, &wire->options);
    set_text(easy, CURLOPT_URL, wire->options.url);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    set_text(easy, CURLOPT_USERAGENT, "moonline/" MOONLINE_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, wire->trouble);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, wire);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, wire);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, wire);
}

/* False: libcurl has no memory, which may pass. */
static bool start(struct influx_wire *wire)
{
    if (wire->easy)
        return true;
    if (!wire->multi) {
        curl_global_init(CURL_GLOBAL_DEFAULT); /* counts how often */
        wire->multi = curl_multi_init();
    }
    wire->easy = wire->multi ? curl_easy_init() : NULL;
    if (!wire->easy)
        return false;
    make_headers(wire);
    set_up(wire);
    return true;
}

void influx_wire_post(struct influx_wire *wire, struct text body,
                      bool is_packed, long timeout_ms,
                      struct influx_wire_reply *reply)
{
    CURLcode code = CURLE_OUT_OF_MEMORY;
    wire->reply = reply;
    forget(wire);
    if (start(wire)) {
        CURL *easy = wire->easy;
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                         is_packed ? wire->gzip_headers : wire->headers);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.len ? body.at : "");
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
        code = perform_again_if_stale(wire);
    }
    judge(wire, code);
}

static void wipe(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

void influx_wire_authorize(struct influx_wire *wire, const char *value)
{
    static const char name[] = "Authorization: ";
    wipe(&wire->authorization);
    if (value) {
        size_t size = sizeof name + strlen(value);
        wire->authorization = xcalloc(1, size);
        snprintf(wire->authorization, size, "%s%s", name, value);
    }
    if (wire->easy)
        make_headers(wire);
}

void influx_wire_password(struct influx_wire *wire, const char *password)
{
    wire->options.password = password;
    if (wire->easy)
        set_user(wire->easy, &wire->options);
}

struct influx_wire *influx_wire_new(const struct influx_wire_options *options)
{
    struct influx_wire *wire = xcalloc(1, sizeof *wire);
    wire->options = *options;
    buf_init(&wire->body, LIMIT_ANSWER_BYTES);
    return wire;
}

void influx_wire_free(struct influx_wire *wire)
{
    if (!wire)
        return;
    if (wire->multi) {
        curl_easy_cleanup(wire->easy);
        curl_multi_cleanup(wire->multi);
        curl_slist_free_all(wire->headers);
        curl_slist_free_all(wire->gzip_headers);
        curl_global_cleanup();
    }
    wipe(&wire->authorization);
    buf_deinit(&wire->body);
    free(wire);
}

const char *influx_wire_library(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}
