/* influx_url.c - see influx_url.h.
 *
 * libcurl takes the url apart and puts it together again, so what it will make
 * of it later is known now. Names are escaped, since they may hold anything but
 * control bytes.
 */
#include "influx_url.h"

#include <string.h>

#include <curl/curl.h>

#include "buf.h"
#include "error.h"
#include "influx_options.h"
#include "text.h"

bool influx_url_check(const char *name, const char *value, struct error *err)
{
    for (const char *c = value ? value : ""; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return fail(err, ERR_CONFIG,
                        "%s has a control byte at position %zu (a line break"
                        " at its end?)",
                        name, (size_t)(c - value) + 1);
    return true;
}

/* It is not shown: there may be a password in it. */
static bool check_proxy(const char *proxy, struct error *err)
{
    static const char *const schemes[] = {"http://",   "https://",
                                          "socks4://", "socks4a://",
                                          "socks5://", "socks5h://"};
    CURLU *parts = proxy ? curl_url() : NULL;
    bool is_good = !proxy;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !is_good; i++)
        is_good = strncmp(proxy, schemes[i], strlen(schemes[i])) == 0;
    if (proxy && is_good)
        is_good =
            curl_url_set(parts, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME)
            == CURLUE_OK;
    curl_url_cleanup(parts);
    return is_good
           || fail(err, ERR_CONFIG,
                   "`proxy` is no proxy's address; one is http://proxy:3128");
}

static bool check_files(const struct influx_options *options, struct error *err)
{
    bool is_https = options->url && strncasecmp(options->url, "https:", 6) == 0;
    if ((options->ca_file || options->cert_file) && !is_https)
        return fail(err, ERR_CONFIG, "%s is for a url that begins with https:",
                    options->ca_file ? "ca_file" : "cert_file");
    return !options->cert_file == !options->key_file
           || fail(err, ERR_CONFIG,
                   "cert_file and key_file belong together (they may be the"
                   " same file)");
}

static bool check_place(const struct influx_options *options, struct error *err)
{
    if (options->api == INFLUX_V2 && !options->bucket)
        return fail(err, ERR_CONFIG, "bucket is missing");
    return options->api == INFLUX_V2 || options->database
           || fail(err, ERR_CONFIG, "database is missing");
}

static bool check_options(const struct influx_options *options,
                          struct error *err)
{
    return check_place(options, err)
           && influx_url_check("org", options->org, err)
           && influx_url_check("bucket", options->bucket, err)
           && influx_url_check("database", options->database, err)
           && influx_url_check("retention_policy", options->retention_policy,
                               err)
           && influx_url_check("token", options->token, err)
           && influx_url_check("user", options->user, err)
           && influx_url_check("password", options->password, err)
           && influx_url_check("proxy", options->proxy, err)
           && check_proxy(options->proxy, err) && check_files(options, err);
}

static bool has_part(CURLU *parts, CURLUPart which)
{
    char *value = NULL;
    bool is_there = curl_url_get(parts, which, &value, 0) == CURLUE_OK;
    curl_free(value);
    return is_there;
}

/* The address of the writes, as people copy it out of a manual. */
static bool is_of_writes(CURLU *parts)
{
    static const char *const ends[] = {"/write", "/api/v2/write",
                                       "/api/v3/write_lp"};
    char *path = NULL;
    bool is_it = false;
    if (curl_url_get(parts, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        is_it |= text_ends_with(text_of(path), text_of(ends[i]));
    curl_free(path);
    return is_it;
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
    if (is_of_writes(parts))
        return fail(err, ERR_CONFIG,
                    "`url` is the server's address alone, as "
                    "http://127.0.0.1:8086; what writes need is added");
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
    /* Without memory we stop: another bucket would be no better. */
    char *escaped = xgiven(curl_easy_escape(NULL, value, 0));
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

bool influx_url_append(struct buf *out, const struct influx_options *options,
                       size_t *where_len, struct error *err)
{
    static const char *const paths[] = {
        [INFLUX_V2] = "/api/v2/write",
        [INFLUX_V1] = "/write",
        [INFLUX_V3] = "/api/v3/write_lp",
    };
    const struct influx_options *o = options;
    if (!check_options(o, err) || !append_base(out, o->url, err))
        return false;
    buf_append_text(out, text_of(paths[o->api]));
    *where_len = out->len;
    if (o->api == INFLUX_V2) {
        append_query(out, "org", o->org);
        append_query(out, "bucket", o->bucket);
    } else {
        append_query(out, "db", o->database);
        if (o->api == INFLUX_V1)
            append_query(out, "rp", o->retention_policy);
    }
    append_query(out, "precision", precision_name(o->api, o->precision));
    return !out->has_overflowed
           || fail(err, ERR_CONFIG, "url is longer than %d bytes",
                   (int)INFLUX_URL_BYTES);
}
