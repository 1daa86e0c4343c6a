/* verdict.c - see verdict.h.
 *
 * A table: the first row that fits the status, and the words if it has some,
 * is the verdict. Words are looked for only in what the server says itself,
 * before it quotes anything, or a sender's line could choose the verdict.
 *
 * What can go wrong is that an answer lies. A 200 with a page is some proxy's.
 * A 400 that complains of the write-ahead log is a disk's trouble and passes; a
 * 500 about a retention policy never does. A 400 in words that we do not know
 * may blame anything, so it is taken to blame our lines only if it stays while
 * an empty write is taken: VERDICT_RETRY_BOUNDED. A
 * partial write that does not say for sure which lines are left out counts as
 * none: what it wrote is written a second time, which changes nothing.
 */
#include "verdict.h"

#include <limits.h>
#include <string.h>

#include "number.h"

enum {
    ANY = -1,
    UNTRUSTED = -2 /* for a status */
};

struct rule {
    int first; /* of the statuses it is for */
    int last;
    int shape;          /* enum words_shape, or ANY */
    const char *phrase; /* NULL: whatever it says */
    enum verdict verdict;
    const char *advice;
};

#define NO_INFLUXDB "no InfluxDB, maybe a proxy: correct the url"
#define SETTINGS "correct the output's settings"

static const struct rule rules[] = {
    {0, 0, ANY, NULL, VERDICT_RETRY, ""},
    {UNTRUSTED, UNTRUSTED, ANY, NULL, VERDICT_HOLD,
     "check ca_file, the name in the url, and the clocks"},
    {204, 204, ANY, NULL, VERDICT_ACCEPTED, ""},
    {200, 200, WORDS_NONE, NULL, VERDICT_ACCEPTED, ""},
    /* Dedicated and Clustered say 201 of a partial write. */
    {201, 201, WORDS_INFLUX, "partial write", VERDICT_PARTLY, ""},
    {201, 201, WORDS_INFLUX, "failed to parse", VERDICT_PARTLY, ""},
    {201, 201, WORDS_INFLUX, "errors encountered", VERDICT_PARTLY, ""},
    {1, 299, ANY, NULL, VERDICT_HOLD, NO_INFLUXDB},
    {300, 399, ANY, NULL, VERDICT_HOLD,
     "redirects are not followed: correct the url"},

    {400, 400, WORDS_HTML, NULL, VERDICT_HOLD, NO_INFLUXDB},
    {400, 400, ANY, "to an HTTPS server", VERDICT_HOLD,
     "the url must begin with https://"},
    {400, 599, WORDS_INFLUX, "partial write", VERDICT_PARTLY, ""},
    {400, 400, ANY, "error from wal", VERDICT_RETRY, ""},
    {400, 500, ANY, "max request size", VERDICT_TOO_LARGE, ""},
    {400, 500, ANY, "retention policy not found", VERDICT_HOLD,
     "create it, or correct retention_policy"},
    {400, 400, ANY, "database is required", VERDICT_HOLD, SETTINGS},
    {400, 400, ANY, "invalid consistency level", VERDICT_HOLD, SETTINGS},
    {400, 400, ANY, "invalid precision", VERDICT_HOLD, SETTINGS},
    {400, 400, ANY, "missing query parameter", VERDICT_HOLD, SETTINGS},
    {400, 400, ANY, "db name", VERDICT_HOLD, "correct its name"},
    {400, 400, ANY, "database name", VERDICT_HOLD, "correct its name"},
    {400, 400, ANY, "unsupported path", VERDICT_HOLD, "correct the url"},
    {400, 400, ANY, "content-encoding", VERDICT_HOLD, "set gzip = false"},
    {400, 400, ANY, "authorization header", VERDICT_HOLD, "check the token"},
    {400, 400, ANY, "body content is not valid utf8", VERDICT_REFUSED, ""},
    {400, 400, ANY, "incorrect influx line", VERDICT_REFUSED, ""},
    {400, 400, ANY, "too long line", VERDICT_REFUSED, ""},
    {400, 400, ANY, "unexpected EOF", VERDICT_RETRY, ""},
    {400, 400, ANY, "gzip", VERDICT_RETRY_BOUNDED, ""},
    {400, 400, WORDS_INFLUX, "pars", VERDICT_REFUSED, ""},
    {400, 400, WORDS_INFLUX, "write buffer error", VERDICT_REFUSED, ""},
    {400, 400, ANY, NULL, VERDICT_RETRY_BOUNDED, ""},
    {422, 422, WORDS_HTML, NULL, VERDICT_HOLD, NO_INFLUXDB},
    {422, 422, ANY, NULL, VERDICT_RETRY_BOUNDED, ""},

    {401, 401, ANY, NULL, VERDICT_HOLD,
     "check the token, or user and password"},
    {403, 403, ANY, NULL, VERDICT_HOLD, "the token may not write there"},
    /* What Go's server says of a path that it does not know, as InfluxDB
     * before 1.8 does of v2, and 1 and 2 of v3. */
    {404, 404, ANY, "404 page not found", VERDICT_HOLD,
     "this server has no such API, InfluxDB before 1.8 only v1: `database`; or"
     " correct the url"},
    {404, 404, ANY, NULL, VERDICT_HOLD,
     "create it, or correct its name or the url"},
    {405, 405, ANY, NULL, VERDICT_HOLD, "correct the url"},
    {407, 407, ANY, NULL, VERDICT_HOLD, "the proxy wants a user and password"},
    {408, 408, ANY, NULL, VERDICT_RETRY, ""},
    {413, 413, ANY, NULL, VERDICT_TOO_LARGE, ""},
    {415, 415, ANY, NULL, VERDICT_HOLD, "set gzip = false"},
    {425, 425, ANY, NULL, VERDICT_RETRY, ""},
    {429, 429, ANY, NULL, VERDICT_RETRY, ""},
    {499, 499, ANY, NULL, VERDICT_RETRY, ""},
    {400, 499, ANY, NULL, VERDICT_HOLD, ""},

    {500, 500, WORDS_HTML, NULL, VERDICT_RETRY, ""},
    {500, 500, ANY, "engine: unable to parse", VERDICT_REFUSED, ""},
    {500, 500, ANY, "proto: field", VERDICT_HOLD,
     "a shard of that server is damaged: mend or drop it there"},
    {500, 500, ANY, "cache-max-memory-size exceeded", VERDICT_RETRY, ""},
    {500, 500, ANY, "timeout", VERDICT_RETRY, ""},
    {500, 500, ANY, "write failed", VERDICT_RETRY, ""},
    {500, 500, ANY, "hinted handoff", VERDICT_RETRY, ""},
    {500, 500, ANY, NULL, VERDICT_RETRY_BOUNDED, ""},
    {501, 999, ANY, NULL, VERDICT_RETRY, ""},
    /* what is no status */
    {INT_MIN, INT_MAX, ANY, NULL, VERDICT_RETRY, ""},
};

void verdict_init(struct verdict_ruling *ruling)
{
    *ruling = (struct verdict_ruling){.advice = ""};
    words_init(&ruling->words);
    refusals_init(&ruling->refusals);
}

void verdict_deinit(struct verdict_ruling *ruling)
{
    words_deinit(&ruling->words);
    refusals_deinit(&ruling->refusals);
}

static bool rule_fits(const struct rule *rule, int status,
                      const struct words *words)
{
    return status >= rule->first && status <= rule->last
           && (rule->shape == ANY || rule->shape == (int)words->shape)
           && (!rule->phrase || words_head_has(words, rule->phrase));
}

static const struct rule *rule_for(int status, const struct words *words)
{
    const struct rule *last = &rules[sizeof rules / sizeof *rules - 1];
    const struct rule *rule = rules;
    while (rule < last && !rule_fits(rule, status, words))
        rule++;
    return rule;
}

/* A server that does not unpack reads the packed bytes as a line, which begins
 * with the two that every gzip begins with. */
static bool blames_packing(int status, const struct words *words)
{
    static const char *const phrases[] = {
        "gzip",
        "encoding",
        "unexpected EOF",
        "internal error has occurred",
    };
    static const char as_line[] = "unable to parse '\x1f";
    if (status == 415)
        return true;
    if (status != 400 && status != 500)
        return false;
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (words_head_has(words, phrases[i]))
            return true;
    return text_starts_with(words->message, text_of(as_line));
}

/* The number behind the last "dropped=": in front of it a line of ours may be
 * quoted, behind it there is only where it went to. */
static size_t dropped_in(const struct words *words)
{
    static const char name[] = "dropped=";
    struct text rest = words->message, digits = {NULL, 0};
    uint64_t dropped = 0;
    const char *at;
    while (rest.len > 0
           && (at = memmem(rest.at, rest.len, name, sizeof name - 1))) {
        rest = text_skip(rest, (size_t)(at - rest.at) + sizeof name - 1);
        digits = rest;
    }
    size_t len = 0;
    while (len < digits.len && digits.at[len] >= '0' && digits.at[len] <= '9')
        len++;
    number_read_uint((struct text){digits.at, len}, &dropped);
    return dropped;
}

/* More lines may be refused than the answer lets us see. The cloud names the
 * first one only. */
static bool is_open(const struct verdict_ruling *ruling)
{
    const struct refusals *refusals = &ruling->refusals;
    return refusals->is_incomplete || refusals->unclear > 0
           || words_head_has(&ruling->words, " written)")
           || words_head_has(&ruling->words, " accepted)");
}

/* Only what is certain counts. Where more is possible, the others must go out
 * again, as if nothing were written. */
static void count_unnamed(struct verdict_ruling *ruling)
{
    const struct refusals *refusals = &ruling->refusals;
    size_t left = refusals->line_count - refusals->count;
    size_t dropped = dropped_in(&ruling->words);
    size_t unnamed = refusals->count == 0;
    if (ruling->verdict == VERDICT_PARTLY && dropped > refusals->count)
        unnamed = dropped - refusals->count;
    ruling->unnamed = unnamed < left ? unnamed : left;
    if (unnamed == 0 && is_open(ruling))
        ruling->verdict = VERDICT_REFUSED;
}

void verdict_read(struct verdict_ruling *ruling,
                  const struct verdict_reply *reply)
{
    struct words *words = &ruling->words;
    struct refusals *refusals = &ruling->refusals;
    words_read(words, reply->body, reply->is_cut);
    bool is_untrusted = reply->status == 0 && reply->is_untrusted;
    const struct rule *rule =
        rule_for(is_untrusted ? UNTRUSTED : reply->status, words);
    ruling->verdict = rule->verdict;
    ruling->advice = rule->advice;
    ruling->blames_packing =
        reply->is_packed && blames_packing(reply->status, words);
    ruling->unnamed = 0;
    if (rule->verdict != VERDICT_PARTLY && rule->verdict != VERDICT_REFUSED) {
        refusals_clear(refusals);
        return;
    }
    refusals_read(refusals, words, reply->body, reply->lines);
    if (refusals->line_count == 1 && refusals->count == 0)
        refusals_name_only(refusals, words);
    count_unnamed(ruling);
}

bool verdict_is_alive(const struct verdict_ruling *ruling, int status)
{
    return ruling->verdict == VERDICT_ACCEPTED
           || (status == 400
               && words_head_has(&ruling->words, "write was empty"));
}
