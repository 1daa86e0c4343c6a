/* influx.c - see influx.h.
 *
 * A write divides the stamps if it must, compresses, posts, and makes an answer
 * of what comes back. What goes over the network is in influx_wire.c, what an
 * answer means in verdict.c.
 *
 * Two answers are dealt with here, since they are not about the lines. A server
 * that cannot unpack gets the same lines once more as they are, and those of
 * the next minutes too. A server that says 401 gets them once more if the file
 * has another token or password by now.
 */
#include "influx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "gzip.h"
#include "influx_url.h"
#include "influx_wire.h"
#include "log.h"
#include "reason.h"
#include "retry_after.h"
#include "scan.h"

#define PLAIN_NS (600 * NS_PER_S) /* until compression is tried again */

enum {
    WRITE_TIMEOUT_MS = 30000,
    PROBE_TIMEOUT_MS = 1000,
    SECRET_BYTES = 8 << 10,
    MAX_BODY_BYTES = 256 << 20 /* batches are far smaller */
};

struct influx {
    struct influx_options options;
    struct influx_wire *wire;
    struct influx_wire_reply reply;
    struct verdict_ruling ruling;
    char *secret; /* the token or, with a user, the password in use */
    atomic_bool is_secret_old;
    int64_t plain_until_ns; /* monotonic: compression was refused */
    bool has_told_plain;
    bool has_told_secret; /* that the file cannot be read */
    struct buf url;
    size_t where_len; /* of the url, without the query: for people */
    struct buf scaled;
    struct buf packed;
};

/* ---- the token, or the password ---- */

static void authorize(struct influx *influx)
{
    const struct influx_options *o = &influx->options;
    struct buf value;
    if (o->user)
        influx_wire_password(influx->wire, influx->secret);
    if (!influx->secret || o->user)
        return;
    buf_init(&value, SECRET_BYTES + 16);
    buf_printf(&value, "%s %s", o->api == INFLUX_V3 ? "Bearer" : "Token",
               influx->secret);
    influx_wire_authorize(influx->wire, buf_string(&value));
    explicit_bzero(value.data, value.len);
    buf_deinit(&value);
}

static void set_secret(struct influx *influx, const char *secret, size_t len)
{
    char *old = influx->secret;
    influx->secret = secret ? xstrndup(secret, len) : NULL;
    authorize(influx);
    if (old)
        explicit_bzero(old, strlen(old));
    free(old);
}

/* The file without the line break at its end. */
static bool read_secret(struct influx *influx, struct buf *bytes,
                        struct error *err)
{
    const char *path = influx->options.secret_file;
    if (!file_read(&file_real, path, bytes, err))
        return false;
    while (bytes->len > 0 && strchr("\r\n", bytes->data[bytes->len - 1]))
        buf_truncate(bytes, bytes->len - 1);
    if (bytes->len > 0 && memchr(bytes->data, '\0', bytes->len))
        return fail(err, ERR_IO, "%s has a NUL byte in it", path);
    return (bytes->len > 0 || fail(err, ERR_IO, "%s is empty", path))
           && influx_url_check(path, buf_string(bytes), err);
}

/* True: the file has another secret than the one in use. */
static bool renew_secret(struct influx *influx)
{
    struct buf bytes;
    struct error err;
    bool is_other = false;
    if (!influx->options.secret_file)
        return false;
    buf_init(&bytes, SECRET_BYTES);
    bool is_read = read_secret(influx, &bytes, &err);
    if (!is_read && !influx->has_told_secret)
        log_line(LOG_WARN, "influx", "its secret stays as it was: %s",
                 err.text);
    influx->has_told_secret = !is_read;
    if (is_read) {
        struct text secret = buf_text(&bytes);
        is_other = !text_equal(secret, text_of(influx->secret));
        if (is_other)
            set_secret(influx, secret.at, secret.len);
    }
    if (bytes.data)
        explicit_bzero(bytes.data, bytes.capacity);
    buf_deinit(&bytes);
    return is_other;
}

void influx_secret_changed(struct influx *influx)
{
    atomic_store(&influx->is_secret_old, true);
}

/* ---- one request ---- */

/* Posts, and makes a verdict of the answer. */
static void post(struct influx *influx, struct text body, struct text lines,
                 long timeout_ms)
{
    struct influx_wire_reply *reply = &influx->reply;
    bool is_packed = body.at && body.at == influx->packed.data;
    if (atomic_exchange(&influx->is_secret_old, false))
        renew_secret(influx);
    influx_wire_post(influx->wire, body, is_packed, timeout_ms, reply);
    reason_blank(reply->bytes, reply->len, influx->secret);
    verdict_read(&influx->ruling,
                 &(struct verdict_reply){.status = reply->status,
                                         .body = {reply->bytes, reply->len},
                                         .is_cut = reply->is_cut,
                                         .is_packed = is_packed,
                                         .is_untrusted = reply->is_untrusted,
                                         .lines = lines});
}

static bool scale(struct influx *influx, struct text *lines, struct error *err)
{
    enum precision precision = influx->options.precision;
    buf_clear(&influx->scaled);
    if (precision == PRECISION_NS)
        return true;
    if (!batch_scale(*lines, precision, &influx->scaled, err))
        return false;
    *lines = buf_text(&influx->scaled);
    return true;
}

static bool pack(struct influx *influx, struct text lines, struct text *body,
                 struct error *err)
{
    *body = lines;
    buf_clear(&influx->packed);
    if (!influx->options.gzip || clock_mono_ns() < influx->plain_until_ns)
        return true;
    if (!gzip_deflate(lines, 1, &influx->packed, err))
        return false;
    *body = buf_text(&influx->packed);
    return true;
}

/* The same lines as they are. If that helps, it stays so for a while. */
static void post_plain(struct influx *influx, struct text lines,
                       long timeout_ms)
{
    int status = influx->reply.status;
    post(influx, lines, lines, timeout_ms);
    enum verdict verdict = influx->ruling.verdict;
    if (verdict != VERDICT_ACCEPTED && verdict != VERDICT_PARTLY
        && verdict != VERDICT_REFUSED)
        return;
    influx->plain_until_ns = clock_mono_ns() + PLAIN_NS;
    if (!influx->has_told_plain)
        log_line(LOG_WARN, "influx",
                 "%.*s answers %d to gzip; without it goes well, so it is left"
                 " off for 10 minutes at a time (gzip = false spares this)",
                 (int)influx->where_len, influx->url.data, status);
    influx->has_told_plain = true;
}

static void tell(struct influx *influx, struct influx_answer *answer)
{
    const struct verdict_ruling *ruling = &influx->ruling;
    const struct influx_wire_reply *reply = &influx->reply;
    answer->verdict = ruling->verdict;
    answer->status = reply->status;
    answer->refusals = ruling->refusals.items;
    answer->refusal_count = ruling->refusals.count;
    answer->unnamed = ruling->unnamed;
    snprintf(answer->request_id, sizeof answer->request_id, "%s",
             reply->request_id);
    if (ruling->verdict == VERDICT_ACCEPTED)
        return;
    answer->retry_after_ns =
        retry_after_ns(text_of(reply->retry_after), clock_wall_ns());
    if (ruling->verdict == VERDICT_RETRY && answer->retry_after_ns > 0)
        answer->verdict = VERDICT_WAIT;
    reason_write(
        reply->status, (struct text){influx->url.data, influx->where_len},
        &ruling->words, ruling->advice, answer->reason, sizeof answer->reason);
}

static long write_timeout_ms(const struct influx *influx)
{
    int64_t timeout_ns = influx->options.timeout_ns;
    return timeout_ns > 0 ? (long)(timeout_ns / NS_PER_MS)
                          : (long)WRITE_TIMEOUT_MS;
}

void influx_write(struct influx *influx, struct text lines,
                  struct influx_answer *answer)
{
    struct error err;
    struct text body;
    long timeout_ms = write_timeout_ms(influx);
    *answer = (struct influx_answer){.verdict = VERDICT_RETRY};
    if (!scale(influx, &lines, &err) || !pack(influx, lines, &body, &err)) {
        snprintf(answer->reason, sizeof answer->reason, "%.500s", err.text);
        return;
    }
    post(influx, body, lines, timeout_ms);
    if (influx->reply.status == 401 && renew_secret(influx))
        post(influx, body, lines, timeout_ms);
    if (influx->ruling.blames_packing)
        post_plain(influx, lines, timeout_ms);
    tell(influx, answer);
}

bool influx_probe(struct influx *influx)
{
    post(influx, TEXT(""), TEXT(""), PROBE_TIMEOUT_MS);
    if (influx->reply.status == 401 && renew_secret(influx))
        post(influx, TEXT(""), TEXT(""), PROBE_TIMEOUT_MS);
    return verdict_is_alive(&influx->ruling, influx->reply.status);
}

/* ---- the start ---- */

static void make_wire(struct influx *influx)
{
    const struct influx_options *o = &influx->options;
    influx->wire = influx_wire_new(
        &(struct influx_wire_options){.url = buf_string(&influx->url),
                                      .user = o->user,
                                      .proxy = o->proxy,
                                      .ca_file = o->ca_file,
                                      .cert_file = o->cert_file,
                                      .key_file = o->key_file,
                                      .stopping = o->stopping});
}

struct influx *influx_new(const struct influx_options *options,
                          struct error *err)
{
    struct influx *influx = xcalloc(1, sizeof *influx);
    influx->options = *options;
    verdict_init(&influx->ruling);
    buf_init(&influx->url, INFLUX_URL_BYTES);
    buf_init(&influx->scaled, MAX_BODY_BYTES);
    buf_init(&influx->packed, MAX_BODY_BYTES);
    if (!influx_url_append(&influx->url, options, &influx->where_len, err)) {
        influx_free(influx);
        return NULL;
    }
    make_wire(influx);
    const char *secret = options->user ? options->password : options->token;
    if (secret)
        set_secret(influx, secret, strlen(secret));
    return influx;
}

void influx_free(struct influx *influx)
{
    if (!influx)
        return;
    influx_wire_free(influx->wire);
    verdict_deinit(&influx->ruling);
    if (influx->secret)
        explicit_bzero(influx->secret, strlen(influx->secret));
    free(influx->secret);
    buf_deinit(&influx->url);
    buf_deinit(&influx->scaled);
    buf_deinit(&influx->packed);
    free(influx);
}

void influx_trim(struct influx *influx)
{
    buf_deinit(&influx->scaled);
    buf_deinit(&influx->packed);
}

const char *influx_library(void)
{
    return influx_wire_library();
}
