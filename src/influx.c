/* influx.c - see influx.h.
 *
 * Everything that is the same for each write (url, headers, limits) is set once
 * at the start. A write divides the stamps if it must, compresses, posts, and
 * makes an answer of what comes back. libcurl keeps the connection, and repeats
 * a request itself that died on a connection the server had closed meanwhile.
 * The transfer is driven through the multi interface, since that returns every
 * tenth of a second to look whether we are stopping; curl_easy_perform takes a
 * second.
 *
 * What can go wrong: a server may answer before it has read everything (401,
 * 413), so a status counts although sending failed. It may answer for ever, so
 * what is read is bounded, and then the connection is dropped. It may redirect,
 * and is not followed, or the token would go elsewhere. What an answer means
 * stands in verdict.c.
 */
#include "influx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "batch.h"
#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "gzip.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    WRITE_TIMEOUT_MS = 30000,
    PROBE_TIMEOUT_MS = 1000,
    LOW_SPEED_BYTES = 1024, /* a second, for LOW_SPEED_S: given up */
    LOW_SPEED_S = 15,
    LOOK_MS = 100, /* how often we look whether we are stopping */
    MAX_RETRY_AFTER_S = 600,
    MAX_URL_BYTES = 8 << 10,
    MAX_BODY_BYTES = 256 << 20 /* batches are far smaller */
};

struct influx {
    struct influx_options options;
    CURLM *multi; /* has the connection */
    CURL *easy;
    struct curl_slist *headers; /* of every request */
    struct curl_slist *gzip_headers;
    struct buf url;
    size_t where_len; /* of the url, without the query: for people */
    struct buf scaled;
    struct buf packed;
    struct buf reply;
    size_t header_bytes;
    char trouble[CURL_ERROR_SIZE]; /* in libcurl's words */
};

/* ---- one request ---- */

static size_t take_reply(char *bytes, size_t size, size_t count, void *context)
{
    struct influx *influx = context;
    (void)size; /* libcurl: always 1 */
    return buf_append(&influx->reply, bytes, count) ? count : 0;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct influx *influx = context;
    (void)bytes, (void)size;
    influx->header_bytes += count;
    return influx->header_bytes <= LIMIT_ANSWER_BYTES ? count : 0;
}

static bool is_stopping(const struct influx *influx)
{
    return influx->options.stopping && atomic_load(influx->options.stopping);
}

static CURLcode perform(struct influx *influx)
{
    int running = 1, left;
    curl_multi_add_handle(influx->multi, influx->easy);
    while (running > 0 && !is_stopping(influx)) {
        if (curl_multi_perform(influx->multi, &running) != CURLM_OK)
            break;
        if (running > 0)
            curl_multi_poll(influx->multi, NULL, 0, LOOK_MS, NULL);
    }
    const CURLMsg *done = curl_multi_info_read(influx->multi, &left);
    CURLcode code = done ? done->data.result : CURLE_ABORTED_BY_CALLBACK;
    curl_multi_remove_handle(influx->multi, influx->easy);
    if (code != CURLE_OK && !influx->trouble[0])
        snprintf(influx->trouble, sizeof influx->trouble, "%s",
                 is_stopping(influx) ? "broken off" : curl_easy_strerror(code));
    return code;
}

/* The status, or 0 if there was no answer. A status that is no success counts
 * also when sending failed: it is why. */
static int post(struct influx *influx, struct text body, bool is_packed,
                long timeout_ms)
{
    CURL *easy = influx->easy;
    buf_clear(&influx->reply);
    influx->header_bytes = 0;
    influx->trouble[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                     is_packed ? influx->gzip_headers : influx->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.len ? body.at : "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    CURLcode code = perform(influx);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    bool is_cut = code != CURLE_OK && status < 300 && influx->reply.len == 0;
    return is_cut || status < 200 ? 0 : (int)status;
}

static int64_t retry_after_ns(struct influx *influx)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(influx->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds <= 0)
        return 0;
    return (seconds < MAX_RETRY_AFTER_S ? seconds : MAX_RETRY_AFTER_S)
           * NS_PER_S;
}

/* Divides and compresses as the options say. */
static bool make_body(struct influx *influx, struct text lines,
                      struct text *body, struct error *err)
{
    const struct influx_options *o = &influx->options;
    *body = lines;
    buf_clear(&influx->scaled);
    buf_clear(&influx->packed);
    if (o->precision != PRECISION_NS) {
        if (!batch_scale(lines, o->precision, &influx->scaled, err))
            return false;
        *body = buf_text(&influx->scaled);
    }
    if (o->gzip) {
        if (!gzip_deflate(*body, 1, &influx->packed, err))
            return false;
        *body = buf_text(&influx->packed);
    }
    return true;
}

static void tell(struct influx *influx, struct influx_answer *answer)
{
    struct buf *reply = &influx->reply;
    struct text where = {influx->url.data, influx->where_len};
    verdict_blank(reply->data, reply->len, influx->options.token);
    verdict_blank(reply->data, reply->len, influx->options.password);
    struct text said =
        answer->status ? buf_text(reply) : text_of(influx->trouble);
    verdict_reason(answer->status, where, said, answer->reason,
                   sizeof answer->reason);
}

void influx_write(struct influx *influx, struct text lines,
                  struct influx_answer *answer)
{
    struct error err;
    struct text body;
    *answer = (struct influx_answer){.verdict = VERDICT_RETRY};
    if (!make_body(influx, lines, &body, &err)) {
        snprintf(answer->reason, sizeof answer->reason, "%.500s", err.text);
        return;
    }
    int64_t timeout_ns = influx->options.timeout_ns;
    long timeout_ms = timeout_ns > 0 ? (long)(timeout_ns / NS_PER_MS)
                                     : (long)WRITE_TIMEOUT_MS;
    answer->status = post(influx, body, influx->options.gzip, timeout_ms);
    answer->verdict =
        verdict_of(answer->status, buf_text(&influx->reply), NULL);
    if (answer->verdict == VERDICT_ACCEPTED)
        return;
    if (answer->status != 0)
        answer->retry_after_ns = retry_after_ns(influx);
    tell(influx, answer);
}

bool influx_probe(struct influx *influx)
{
    int status = post(influx, TEXT(""), false, PROBE_TIMEOUT_MS);
    enum verdict verdict = verdict_of(status, buf_text(&influx->reply), NULL);
    /* InfluxDB 3 calls an empty write a bad one, after it has looked at the
     * token and the rest. */
    return verdict == VERDICT_ACCEPTED
           || (status == 400 && verdict == VERDICT_HOLD);
}

/* ---- the start ---- */

static bool check_value(const char *name, const char *value, struct error *err)
{
    for (const char *c = value ? value : ""; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return fail(err, ERR_CONFIG,
                        "%s has a control byte at position %zu (a line break"
                        " at its end?)",
                        name, (size_t)(c - value) + 1);
    return true;
}

static bool check_options(const struct influx_options *options,
                          struct error *err)
{
    if (options->api == INFLUX_V2 && !options->bucket)
        return fail(err, ERR_CONFIG, "bucket is missing");
    if (options->api != INFLUX_V2 && !options->database)
        return fail(err, ERR_CONFIG, "database is missing");
    return check_value("org", options->org, err)
           && check_value("bucket", options->bucket, err)
           && check_value("database", options->database, err)
           && check_value("retention_policy", options->retention_policy, err)
           && check_value("token", options->token, err)
           && check_value("user", options->user, err)
           && check_value("password", options->password, err);
}

static bool has_part(CURLU *parts, CURLUPart which)
{
    char *value = NULL;
    bool is_there = curl_url_get(parts, which, &value, 0) == CURLUE_OK;
    curl_free(value);
    return is_there;
}

static bool check_parts(CURLU *parts, const char *url, struct error *err)
{
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, url ? url : "", 0);
    /* The url itself is not shown: there may be a password in it. */
    if (code != CURLUE_OK)
        return fail(err, ERR_CONFIG,
                    "`url` is no server's address (%s); one is "
                    "http://127.0.0.1:8086",
                    curl_url_strerror(code));
    if (has_part(parts, CURLUPART_USER) || has_part(parts, CURLUPART_PASSWORD))
        return fail(err, ERR_CONFIG,
                    "url holds a user or password; they are"
                    " options of their own");
    if (has_part(parts, CURLUPART_QUERY) || has_part(parts, CURLUPART_FRAGMENT))
        return fail(err, ERR_CONFIG,
                    "url holds a query; org, bucket and database are options of"
                    " their own");
    return true;
}

/* url as libcurl writes it, without the slash at its end. */
static bool append_base(struct buf *out, const char *url, struct error *err)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *whole = NULL;
    bool is_good = check_parts(parts, url, err);
    if (is_good) {
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
        curl_url_get(parts, CURLUPART_URL, &whole, 0);
        is_good =
            scheme && whole
            && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
        if (!is_good)
            fail(err, ERR_CONFIG, "url must begin with http:// or https://");
    }
    if (is_good)
        buf_append_text(out, text_of(whole));
    while (out->len > 0 && out->data[out->len - 1] == '/')
        buf_truncate(out, out->len - 1);
    curl_free(scheme);
    curl_free(whole);
    curl_url_cleanup(parts);
    return is_good;
}

static void append_query(struct buf *url, const char *name, const char *value)
{
    if (!value)
        return;
    char *escaped = curl_easy_escape(NULL, value, 0);
    bool is_first = memchr(url->data, '?', url->len) == NULL;
    buf_printf(url, "%c%s=%s", is_first ? '?' : '&', name, escaped);
    curl_free(escaped);
}

/* 1.x takes "us" for nanoseconds without a word, so microseconds are "u"
 * there. For nanoseconds "ns" is what all of them read, VictoriaMetrics too,
 * to which "n" means "guess". */
static const char *precision_name(enum influx_api api, enum precision precision)
{
    static const char *const names[][4] = {
        [INFLUX_V2] = {"ns", "us", "ms", "s"},
        [INFLUX_V1] = {"ns", "u", "ms", "s"},
        [INFLUX_V3] = {"nanosecond", "microsecond", "millisecond", "second"},
    };
    return names[api][precision];
}

static bool make_url(struct influx *influx, struct error *err)
{
    static const char *const paths[] = {
        [INFLUX_V2] = "/api/v2/write",
        [INFLUX_V1] = "/write",
        [INFLUX_V3] = "/api/v3/write_lp",
    };
    const struct influx_options *o = &influx->options;
    struct buf *url = &influx->url;
    if (!append_base(url, o->url, err))
        return false;
    buf_append_text(url, text_of(paths[o->api]));
    influx->where_len = url->len;
    if (o->api == INFLUX_V2) {
        append_query(url, "org", o->org);
        append_query(url, "bucket", o->bucket);
    } else {
        append_query(url, "db", o->database);
        if (o->api == INFLUX_V1)
            append_query(url, "rp", o->retention_policy);
    }
    append_query(url, "precision", precision_name(o->api, o->precision));
    return !url->has_overflowed
           || fail(err, ERR_CONFIG, "url is longer than %d bytes",
                   (int)MAX_URL_BYTES);
}

static void add_header(struct influx *influx, const char *header)
{
    influx->headers = curl_slist_append(influx->headers, header);
    influx->gzip_headers = curl_slist_append(influx->gzip_headers, header);
}

static void make_headers(struct influx *influx)
{
    const struct influx_options *o = &influx->options;
    add_header(influx, "Content-Type: text/plain; charset=utf-8");
    /* Waiting for "100 Continue" costs a second where it is not spoken. */
    add_header(influx, "Expect:");
    influx->gzip_headers =
        curl_slist_append(influx->gzip_headers, "Content-Encoding: gzip");
    if (!o->token || o->user)
        return;
    struct buf header;
    buf_init(&header, MAX_URL_BYTES);
    buf_printf(&header, "Authorization: %s %s",
               o->api == INFLUX_V3 ? "Bearer" : "Token", o->token);
    add_header(influx, buf_string(&header));
    buf_deinit(&header);
}

static void set_limits(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)LOW_SPEED_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* A server that moved is found at once; a connection is kept anyway. */
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
}

static void set_options(struct influx *influx)
{
    CURL *easy = influx->easy;
    set_limits(easy);
    curl_easy_setopt(easy, CURLOPT_URL, buf_string(&influx->url));
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "moonline/" MOONLINE_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, influx->trouble);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_reply);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, influx);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, influx);
    if (influx->options.user) {
        const char *password = influx->options.password;
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, influx->options.user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, password ? password : "");
    }
}

struct influx *influx_new(const struct influx_options *options,
                          struct error *err)
{
    if (!check_options(options, err))
        return NULL;
    struct influx *influx = xcalloc(1, sizeof *influx);
    influx->options = *options;
    buf_init(&influx->url, MAX_URL_BYTES);
    buf_init(&influx->scaled, MAX_BODY_BYTES);
    buf_init(&influx->packed, MAX_BODY_BYTES);
    buf_init(&influx->reply, LIMIT_ANSWER_BYTES);
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counts how often */
    influx->multi = curl_multi_init();
    influx->easy = curl_easy_init();
    bool is_made = (influx->multi && influx->easy)
                   || fail(err, ERR_IO, "libcurl has no memory");
    if (!is_made || !make_url(influx, err)) {
        influx_free(influx);
        return NULL;
    }
    make_headers(influx);
    set_options(influx);
    return influx;
}

void influx_free(struct influx *influx)
{
    if (!influx)
        return;
    curl_easy_cleanup(influx->easy);
    curl_multi_cleanup(influx->multi);
    curl_slist_free_all(influx->headers);
    curl_slist_free_all(influx->gzip_headers);
    curl_global_cleanup();
    buf_deinit(&influx->url);
    buf_deinit(&influx->scaled);
    buf_deinit(&influx->packed);
    buf_deinit(&influx->reply);
    free(influx);
}

const char *influx_library(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}
