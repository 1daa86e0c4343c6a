/* json_walk.c - see json_walk.h.
 *
 * One look at the first byte tells what comes. A string with a colon behind it
 * is the key of the value that follows.
 */
#include "json_walk.h"

#include <stdint.h>

#include "scan.h"
#include "utf8.h"

enum { REPLACEMENT = 0xfffd };

static bool is_between(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ','
           || c == ':';
}

static void skip_between(struct text *rest)
{
    while (rest->len > 0 && is_between(rest->at[0]))
        *rest = text_skip(*rest, 1);
}

/* The text begins with a quote. False: it has no second one. */
static bool take_string(struct text *rest, struct text *raw)
{
    size_t i = 1;
    while (i < rest->len && rest->at[i] != '"')
        i += rest->at[i] == '\\' ? 2 : 1;
    bool is_whole = i < rest->len;
    if (i > rest->len)
        i = rest->len;
    *raw = (struct text){rest->at + 1, i - 1};
    *rest = text_skip(*rest, is_whole ? i + 1 : i);
    return is_whole;
}

static void take_other(struct text *rest, struct text *raw)
{
    size_t i = 0;
    while (i < rest->len && !is_between(rest->at[i]) && rest->at[i] != '}'
           && rest->at[i] != ']')
        i++;
    *raw = (struct text){rest->at, i};
    *rest = text_skip(*rest, i);
}

static bool is_key(struct text rest)
{
    scan_blanks(&rest);
    return rest.len > 0 && rest.at[0] == ':';
}

/* A string, which is a value, or the key of *value: false, more is to come. */
static bool take_value_string(struct json_walk *walk, struct json_value *value)
{
    struct text raw;
    value->is_cut = !take_string(&walk->rest, &raw);
    if (value->key.at == NULL && is_key(walk->rest)) {
        value->key = raw;
        skip_between(&walk->rest);
        return false;
    }
    value->kind = JSON_STRING;
    value->raw = raw;
    return true;
}

static bool take_bracket(struct json_walk *walk, struct json_value *value)
{
    bool is_open = walk->rest.at[0] == '{' || walk->rest.at[0] == '[';
    value->kind = is_open ? JSON_OPEN : JSON_CLOSE;
    walk->rest = text_skip(walk->rest, 1);
    if (!is_open && walk->depth == 0)
        return false;
    walk->depth += is_open ? 1u : -1u;
    if (!is_open)
        value->depth--;
    return true;
}

bool json_walk_next(struct json_walk *walk, struct json_value *value)
{
    *value = (struct json_value){.depth = walk->depth};
    skip_between(&walk->rest);
    if (walk->rest.len > 0 && walk->rest.at[0] == '"'
        && take_value_string(walk, value))
        return true;
    if (walk->rest.len == 0)
        return false;
    switch (walk->rest.at[0]) {
    case '{':
    case '[':
    case '}':
    case ']':
        return take_bracket(walk, value);
    case '"':
        return take_value_string(walk, value);
    default:
        value->kind = JSON_OTHER;
        take_other(&walk->rest, &value->raw);
        value->is_cut = walk->rest.len == 0;
        return true;
    }
}

/* ---- escapes ---- */

static bool hex_digit(char c, uint32_t *digit)
{
    if (c >= '0' && c <= '9')
        *digit = (uint32_t)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        *digit = (uint32_t)((c | 0x20) - 'a') + 10;
    else
        return false;
    return true;
}

/* "u" and four digits. */
static bool take_unit(struct text *raw, uint32_t *unit)
{
    *unit = 0;
    if (raw->len < 5 || raw->at[0] != 'u')
        return false;
    for (size_t i = 1; i < 5; i++) {
        uint32_t digit;
        if (!hex_digit(raw->at[i], &digit))
            return false;
        *unit = *unit << 4 | digit;
    }
    *raw = text_skip(*raw, 5);
    return true;
}

static uint32_t take_low(struct text *raw, uint32_t high)
{
    struct text after = *raw;
    uint32_t low;
    if (after.len < 1 || after.at[0] != '\\')
        return REPLACEMENT;
    after = text_skip(after, 1);
    if (!take_unit(&after, &low) || low < 0xdc00 || low > 0xdfff)
        return REPLACEMENT;
    *raw = after;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_unit(struct text *raw, uint32_t unit, char *out)
{
    if (unit >= 0xd800 && unit <= 0xdbff)
        unit = take_low(raw, unit);
    else if (unit >= 0xdc00 && unit <= 0xdfff)
        unit = REPLACEMENT;
    return utf8_put(unit, out);
}

/* What stands behind a backslash, which is not at the end. */
static size_t put_escape(struct text *raw, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t unit;
    char bytes[UTF8_BYTES];
    if (take_unit(raw, &unit)) {
        size_t len = put_unit(raw, unit, bytes);
        memcpy(out, bytes, len);
        return len;
    }
    const char *known = raw->at[0] ? strchr(from, raw->at[0]) : NULL;
    out[0] = known ? to[known - from] : '\\';
    if (known)
        *raw = text_skip(*raw, 1);
    return 1;
}

size_t json_walk_unescape(struct text raw, char *out)
{
    size_t len = 0;
    while (raw.len > 0) {
        char c = raw.at[0];
        raw = text_skip(raw, 1);
        if (c == '\\' && raw.len > 0)
            len += put_escape(&raw, out + len);
        else
            out[len++] = c;
    }
    return len;
}
