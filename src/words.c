/* words.c - see words.h.
 *
 * InfluxDB 1 puts its message under "error", 2 under "message" beside "code", 3
 * under either, and the reasons for single lines under "data". VictoriaMetrics
 * writes plain text that begins with who asked for what.
 */
#include "words.h"

#include <stdlib.h>

#include "ceilings.h"
#include "json_walk.h"
#include "scan.h"

void words_init(struct words *words)
{
    *words = (struct words){.shape = WORDS_NONE};
    buf_init(&words->decoded, LIMIT_ANSWER_BYTES);
}

void words_deinit(struct words *words)
{
    buf_deinit(&words->decoded);
}

static bool is_named(const struct json_value *value, const char *key)
{
    return value->kind == JSON_STRING && text_equal(value->key, text_of(key));
}

static struct text decode(struct words *words, struct text raw)
{
    char *out = raw.len > 0 ? buf_reserve(&words->decoded, raw.len) : NULL;
    if (!out)
        return raw; /* empty, or longer than an answer can be */
    return (struct text){out, json_walk_unescape(raw, out)};
}

/* True if it is JSON with a message in it. */
static bool read_json(struct words *words, struct text body)
{
    struct json_walk walk = {.rest = body};
    struct json_value value;
    struct text message = {NULL, 0};
    bool has_code = false, is_error = false;
    while (json_walk_next(&walk, &value)) {
        if (value.depth == 1 && !message.at
            && (is_named(&value, "error") || is_named(&value, "message"))) {
            message = value.raw;
            is_error = is_named(&value, "error");
        }
        if (value.depth > 1 && !words->detail.at
            && is_named(&value, "error_message"))
            words->detail = value.raw;
        has_code |= value.depth == 1 && is_named(&value, "code");
    }
    if (message.at) {
        words->message = decode(words, message);
        words->shape = is_error || has_code ? WORDS_INFLUX : WORDS_OTHER;
    }
    return message.at != NULL;
}

static bool read_victoria(struct words *words, struct text body)
{
    static const char between[] = "; ";
    if (!text_starts_with(body, TEXT("remoteAddr: ")))
        return false;
    for (int i = 0; i < 2; i++) {
        const char *at = memmem(body.at, body.len, between, 2);
        if (!at)
            return false;
        body = text_skip(body, (size_t)(at - body.at) + 2);
    }
    words->shape = WORDS_VICTORIA;
    words->message = body;
    return true;
}

/* Up to the first quotation mark of any kind. */
static struct text head_of(struct text message)
{
    size_t len = 0;
    while (len < message.len && !strchr("'\"`", message.at[len]))
        len++;
    return (struct text){message.at, len};
}

void words_read(struct words *words, struct text body, bool is_cut)
{
    buf_clear(&words->decoded);
    words->is_cut = is_cut;
    words->detail = (struct text){NULL, 0};
    struct text trimmed = scan_trim(body);
    words->message = trimmed;
    words->shape = trimmed.len == 0 ? WORDS_NONE : WORDS_OTHER;
    if (trimmed.len > 0 && trimmed.at[0] == '<')
        words->shape = WORDS_HTML;
    else if (trimmed.len == 0 || trimmed.at[0] != '{'
             || !read_json(words, trimmed))
        read_victoria(words, trimmed);
    words->head = head_of(words->message);
}

bool words_head_has(const struct words *words, const char *phrase)
{
    size_t len = strlen(phrase);
    for (size_t i = 0; i + len <= words->head.len; i++)
        if (strncasecmp(words->head.at + i, phrase, len) == 0)
            return true;
    return false;
}
