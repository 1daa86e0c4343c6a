/* verdict.c - see verdict.h.
 *
 * A table by status, and the few answers that lie: a 200 with a text is some
 * proxy's page and no yes; a 400 that complains of the write-ahead log is a
 * disk's trouble and passes. What a server says is shown as it stands, but for
 * the two plain shapes of JSON, where only the message is. It may quote what we
 * sent, so it is cleaned and cut, and the caller blanks the secrets in it.
 */
#include "verdict.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    SECRET_BYTES = 4, /* what is shorter is no secret */
    WHERE_BYTES = 100,
    SAID_BYTES = 300
};

struct rule {
    int first; /* of the statuses it is for */
    int last;
    enum verdict verdict;
    const char *advice;
};

/* The first that fits counts. */
static const struct rule rules[] = {
    {0, 0, VERDICT_RETRY, ""},
    {204, 204, VERDICT_ACCEPTED, ""},
    {0, 299, VERDICT_HOLD, " (no InfluxDB, maybe a proxy: correct the url)"},
    {300, 399, VERDICT_HOLD, " (redirects are not followed: correct the url)"},
    {401, 401, VERDICT_HOLD, " (check the token, or user and password)"},
    {403, 403, VERDICT_HOLD, " (the token may not write there)"},
    {404, 404, VERDICT_HOLD, " (create it, or correct its name or the url)"},
    {405, 405, VERDICT_HOLD, " (correct the url)"},
    {408, 408, VERDICT_RETRY, ""},
    {413, 413, VERDICT_HOLD, " (make batch_bytes smaller)"},
    {425, 425, VERDICT_RETRY, ""},
    {429, 429, VERDICT_RETRY, ""},
    {400, 499, VERDICT_HOLD, ""},
    {500, 999, VERDICT_RETRY, ""},
};

/* InfluxDB 3 up to 3.10 says 400 on v2 when its disk had an error. */
static bool is_wal_trouble(struct text reply)
{
    static const char words[] = "error from wal";
    return reply.len > 0
           && memmem(reply.at, reply.len, words, sizeof words - 1) != NULL;
}

/* What Go's server says of a path that it does not know, as InfluxDB before
 * 1.8 does of v2, and 1 and 2 of v3. */
static const char *advice_for(int status, struct text reply,
                              const char *otherwise)
{
    if (status != 404 || !text_starts_with(reply, TEXT("404 page not found")))
        return otherwise;
    return " (this server has no such API, InfluxDB before 1.8 only v1:"
           " `database`; or correct the url)";
}

enum verdict verdict_of(int status, struct text reply, const char **advice)
{
    if (status == 400 && is_wal_trouble(reply))
        status = 500;
    if (status == 200 && reply.len == 0)
        status = 204;
    size_t i = 0;
    while (status < rules[i].first || status > rules[i].last)
        i++;
    if (advice)
        *advice = advice_for(status, reply, rules[i].advice);
    return rules[i].verdict;
}

/* The text of "message" or "error" in a plain JSON answer, escapes and all;
 * otherwise all of it (InfluxDB 3 says more in "data"). */
static struct text message_in(struct text reply)
{
    static const char *const keys[] = {"\"message\":\"", "\"error\":\""};
    if (reply.len == 0 || reply.at[0] != '{'
        || memmem(reply.at, reply.len, "\"data\":", 7))
        return reply;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t key_len = strlen(keys[i]);
        const char *key = memmem(reply.at, reply.len, keys[i], key_len);
        const char *end = reply.at + reply.len;
        if (!key)
            continue;
        const char *start = key + key_len, *at = start;
        while (at < end && *at != '"')
            at += *at == '\\' && at + 1 < end ? 2 : 1;
        return (struct text){start, (size_t)(at - start)};
    }
    return reply;
}

/* A quote, backslash or blank for what stands behind a JSON backslash. */
static char unescape(char c)
{
    return c == 'n' || c == 'r' || c == 't' ? ' ' : c;
}

/* One line of ASCII, blanks joined. */
static void clean(struct text from, char out[SAID_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; i < from.len && used + 1 < SAID_BYTES; i++) {
        char c = from.at[i];
        if (c == '\\' && i + 1 < from.len)
            c = unescape(from.at[++i]);
        if ((unsigned char)c >= 0x7f)
            c = '?';
        if (c > ' ')
            out[used++] = c;
        else if (used > 0 && out[used - 1] != ' ')
            out[used++] = ' ';
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

void verdict_reason(int status, struct text where, struct text reply,
                    char *reason, size_t size)
{
    const char *advice;
    char head[16] = "no answer", said[SAID_BYTES];
    verdict_of(status, reply, &advice);
    if (status != 0)
        snprintf(head, sizeof head, "%d", status);
    clean(status ? message_in(reply) : reply, said);
    if (where.len > WHERE_BYTES)
        where.len = WHERE_BYTES;
    snprintf(reason, size, "%s from %.*s%s%s%s", head, TEXT_ARG(where),
             said[0] ? ": " : "", said, advice);
}

void verdict_blank(char *bytes, size_t len, const char *secret)
{
    size_t secret_len = secret ? strlen(secret) : 0;
    if (secret_len < SECRET_BYTES || len == 0)
        return;
    const char *end = bytes + len;
    for (char *at = bytes;
         (at = memmem(at, (size_t)(end - at), secret, secret_len));
         at += secret_len)
        memset(at, '*', secret_len);
}
