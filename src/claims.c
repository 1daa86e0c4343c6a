/* claims.c - see claims.h.
 *
 * InfluxDB 1 and 2 and the cloud of 2 quote: "unable to parse 'LINE': reason",
 * one to a line of the message. LINE may hold "': " itself, so each place where
 * it could end is a claim. InfluxDB 3 has objects with line_number,
 * original_line (from 3.10 on only its first 20 bytes) and error_message;
 * Serverless has "error parsing line N (1-based): reason" and the number of the
 * first under "line". VictoriaMetrics quotes everything from the bad line on,
 * as Go quotes it, or gives the length that a line went past.
 *
 * What can go wrong: a quoted line is what a sender made up, and may look like
 * a complaint about another one. So a complaint counts only where the server
 * begins one: at the start of a line, since ours hold no raw newline.
 */
#include "claims.h"

#include <stdlib.h>

#include "ceilings.h"
#include "json_walk.h"
#include "number.h"
#include "scan.h"
#include "words.h"

enum {
    MAX_CLAIMS = 8192,
    MAX_READINGS = 16,    /* of one quote; with as many it is unclear */
    SERVERLESS_MOST = 100 /* messages in one answer, however many there are */
};

void claims_init(struct claims *claims)
{
    *claims = (struct claims){0};
    buf_init(&claims->texts, LIMIT_ANSWER_BYTES);
}

void claims_deinit(struct claims *claims)
{
    free(claims->items);
    buf_deinit(&claims->texts);
}

static void add(struct claims *claims, struct claim claim)
{
    if (claims->count == MAX_CLAIMS) { /* then the entry is unclear */
        claims->is_incomplete = true;
        return;
    }
    if (claims->count == claims->capacity) {
        claims->capacity = claims->capacity ? 2 * claims->capacity : 16;
        claims->items =
            xrealloc(claims->items, claims->capacity * sizeof *claims->items);
    }
    claims->items[claims->count++] = claim;
}

/* Its room was reserved at the start, so what is there does not move. */
static struct text keep_decoded(struct claims *claims, struct text raw)
{
    char *out = raw.len > 0 ? buf_reserve(&claims->texts, raw.len) : NULL;
    if (!out)
        return (struct text){NULL, 0};
    size_t len = json_walk_unescape(raw, out);
    buf_commit(&claims->texts, len);
    return (struct text){out, len};
}

/* ---- by its text, in single quotes ---- */

/* Behind the last reason stands how many points were dropped for others. */
static struct text without_count(struct text reason)
{
    static const char count[] = " dropped=";
    size_t len = sizeof count - 1;
    const char *at = reason.len ? memmem(reason.at, reason.len, count, len) : 0;
    return at ? (struct text){reason.at, (size_t)(at - reason.at)} : reason;
}

/* rest begins with the line. Each "': " may be its end; where there are too
 * many of them, none is. */
static void read_quoted(struct claims *claims, struct text rest)
{
    static const char close[] = "': ";
    size_t count_before = claims->count;
    unsigned readings = 0;
    const char *from = rest.at, *end = rest.at + rest.len, *at;
    while ((at = memmem(from, (size_t)(end - from), close, 3))) {
        struct text reason = {at + 3, (size_t)(end - at) - 3};
        add(claims, (struct claim){.kind = CLAIM_TEXT,
                                   .entry = claims->entries,
                                   .text = {rest.at, (size_t)(at - rest.at)},
                                   .reason = without_count(reason)});
        from = at + 1;
        if (++readings == MAX_READINGS || claims->count == MAX_CLAIMS) {
            claims->count = count_before;
            break;
        }
    }
    claims->entries++;
}

static bool has_quote(struct text text)
{
    return memchr(text.at, '\'', text.len) || memchr(text.at, '"', text.len);
}

/* In front of the first complaint stand words of the server. */
static void read_parse_line(struct claims *claims, struct text line,
                            bool is_first)
{
    static const char open[] = "unable to parse '";
    const size_t open_len = sizeof open - 1;
    const char *at = line.len ? memmem(line.at, line.len, open, open_len) : 0;
    if (!at)
        return;
    size_t before = (size_t)(at - line.at);
    if (before > 0 && (!is_first || has_quote((struct text){line.at, before})))
        return;
    read_quoted(claims, text_skip(line, before + open_len));
}

/* ---- by its number, in words ---- */

/* "error parsing line 2 (1-based): reason" */
static void read_numbered_line(struct claims *claims, struct text line)
{
    struct text rest = scan_trim(line);
    int number;
    if (!scan_word(&rest, "error parsing line ")
        || !scan_digits(&rest, 9, &number) || !scan_word(&rest, " (1-based): "))
        return;
    add(claims, (struct claim){.kind = CLAIM_NUMBER,
                               .entry = claims->entries,
                               .number = (uint64_t)number,
                               .reason = rest});
    claims->entries++;
    if (claims->entries >= SERVERLESS_MOST)
        claims->is_incomplete = true;
}

static void read_message(struct claims *claims, const struct words *words)
{
    struct text rest = words->message;
    for (bool is_first = true; rest.len > 0; is_first = false) {
        struct text line = text_cut(&rest, '\n');
        /* The last one of an answer that was cut is not whole. */
        if (words->is_cut && rest.len == 0)
            break;
        read_parse_line(claims, line, is_first);
        read_numbered_line(claims, line);
    }
}

/* ---- by its number, in JSON ---- */

struct object {
    struct text number;
    struct text line;
    struct text message;
};

static void read_member(struct object *object, const struct json_value *value)
{
    if (text_equal(value->key, TEXT("line_number")))
        object->number = value->raw;
    else if (text_equal(value->key, TEXT("original_line")))
        object->line = value->raw;
    else if (text_equal(value->key, TEXT("error_message")))
        object->message = value->raw;
}

/* A cut may have split a character, which then shows as U+FFFD. */
static struct text without_replacement(struct text text)
{
    while (text_ends_with(text, TEXT("\xef\xbf\xbd")))
        text.len -= 3;
    return text;
}

static void close_object(struct claims *claims, struct object *object)
{
    struct claim claim = {.kind = CLAIM_NUMBER, .entry = claims->entries};
    bool has_number = number_read_uint(object->number, &claim.number);
    claim.reason = keep_decoded(claims, object->message);
    claim.text = keep_decoded(claims, object->line);
    if (has_number)
        claim.text = without_replacement(claim.text);
    else
        claim.kind = CLAIM_TEXT;
    if (has_number || claim.text.len > 0)
        add(claims, claim);
    if (object->message.at || object->number.at || object->line.at)
        claims->entries++;
    *object = (struct object){0};
}

/* Serverless: the number of the first one, where the message names none. */
static void read_line_member(struct claims *claims, const struct words *words,
                             struct text raw)
{
    struct claim claim = {.kind = CLAIM_NUMBER, .reason = words->message};
    if (claims->entries > 0 || !number_read_uint(raw, &claim.number))
        return;
    add(claims, claim);
    claims->entries++;
    claims->is_incomplete = true;
}

static void read_objects(struct claims *claims, const struct words *words,
                         struct text body)
{
    struct json_walk walk = {.rest = body};
    struct json_value value;
    struct object object = {0};
    while (json_walk_next(&walk, &value)) {
        if (value.depth > 1 && !value.is_cut && value.key.at)
            read_member(&object, &value);
        if (value.kind == JSON_CLOSE)
            close_object(claims, &object);
        if (value.depth == 1 && value.kind == JSON_OTHER && !value.is_cut
            && text_equal(value.key, TEXT("line")))
            read_line_member(claims, words, value.raw);
    }
}

/* ---- VictoriaMetrics ---- */

/* What a backslash of Go stands for, where no plain JSON reader knows it. */
static void read_go_quote(struct claims *claims, struct text rest)
{
    static const char end_of_line[] = "\\n";
    size_t i = 0;
    while (i < rest.len && rest.at[i] != '"'
           && strncmp(rest.at + i, end_of_line,
                      rest.len - i < 2 ? rest.len - i : 2)
                  != 0)
        i += rest.at[i] == '\\' ? 2 : 1;
    claims->entries++;
    if (i >= rest.len)
        return;
    struct text raw = {rest.at, i};
    add(claims, (struct claim){.kind = CLAIM_TEXT,
                               .entry = claims->entries - 1,
                               .text = keep_decoded(claims, raw),
                               .reason = TEXT("incorrect influx line")});
}

static void read_victoria(struct claims *claims, const struct words *words)
{
    static const char quote[] = "incorrect influx line \"";
    static const char longer[] = "too long line: more than ";
    struct text said = words->message;
    const char *at = memmem(said.at, said.len, quote, sizeof quote - 1);
    if (at && at + sizeof quote - 2 == words->head.at + words->head.len) {
        size_t skip = (size_t)(at - said.at) + sizeof quote - 1;
        read_go_quote(claims, text_skip(said, skip));
        return;
    }
    at = memmem(words->head.at, words->head.len, longer, sizeof longer - 1);
    if (!at)
        return;
    size_t skip = (size_t)(at - said.at);
    struct text rest = text_skip(words->head, skip + sizeof longer - 1);
    struct claim claim = {.kind = CLAIM_LONGER, .entry = claims->entries};
    claim.reason = text_skip(words->head, skip);
    if (number_read_uint(text_cut(&rest, ' '), &claim.number))
        add(claims, claim);
    claims->entries++;
}

void claims_read(struct claims *claims, const struct words *words,
                 struct text body)
{
    claims->count = 0;
    claims->entries = 0;
    claims->is_incomplete = words->is_cut;
    buf_clear(&claims->texts);
    if (!buf_reserve(&claims->texts, body.len)) {
        claims->is_incomplete = true;
        return;
    }
    if (words->shape == WORDS_VICTORIA)
        read_victoria(claims, words);
    if (words->shape != WORDS_INFLUX)
        return;
    read_message(claims, words);
    read_objects(claims, words, body);
}
