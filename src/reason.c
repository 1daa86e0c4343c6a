/* reason.c - see reason.h. A server may quote what we sent, so its words are
 * cleaned and cut, and the caller blanks the secrets in them. */
#include "reason.h"

#include <stdio.h>
#include <string.h>

#include "json_walk.h"
#include "printable.h"
#include "words.h"

enum {
    SECRET_BYTES = 4, /* what is shorter is no secret */
    WHERE_BYTES = 100,
    SAID_BYTES = 280
};

/* What InfluxDB 3 says of the first line, behind what it says of all. */
static void append_detail(struct text raw, char *said, size_t size)
{
    char plain[SAID_BYTES];
    size_t used = strlen(said);
    if (raw.len > sizeof plain)
        raw.len = sizeof plain;
    if (raw.len == 0 || used + 3 >= size)
        return;
    memcpy(said + used, ": ", 3);
    struct text text = {plain, json_walk_unescape(raw, plain)};
    printable(text, said + used + 2, size - used - 2);
}

void reason_write(int status, struct text where, const struct words *words,
                  const char *advice, char *out, size_t size)
{
    char head[16] = "no answer", said[SAID_BYTES];
    if (status != 0)
        snprintf(head, sizeof head, "%d", status);
    printable(words->message, said, sizeof said);
    append_detail(words->detail, said, sizeof said);
    if (where.len > WHERE_BYTES)
        where.len = WHERE_BYTES;
    snprintf(out, size, "%s from %.*s%s%s%s%s%s", head, TEXT_ARG(where),
             said[0] ? ": " : "", said, advice[0] ? " (" : "", advice,
             advice[0] ? ")" : "");
}

void reason_blank(char *bytes, size_t len, const char *secret)
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
