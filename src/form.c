/* form.c - see form.h.
 *
 * Most pairs hold no escape, so they are cut out of the input without a copy;
 * the others are decoded into the arena, and, when the charset is not UTF-8,
 * converted from there. What can go wrong: a control byte (somebody's binary
 * with a form's type), too many pairs, a charset that nobody knows.
 */
#include "form.h"

#include <string.h>

#include "arena.h"
#include "buf.h"
#include "ceilings.h"
#include "codec.h"
#include "error.h"
#include "pairs.h"

bool form_next(struct text *rest, struct text *name, struct text *value)
{
    while (rest->len > 0 && *rest->at == '&')
        *rest = text_skip(*rest, 1);
    if (rest->len == 0)
        return false;
    *value = text_cut(rest, '&');
    *name = text_cut(value, '=');
    return true;
}

static bool is_utf8(struct text charset)
{
    return charset.len == 0 || text_equal_nocase(charset, TEXT("utf-8"))
           || text_equal_nocase(charset, TEXT("utf8"));
}

static bool is_escaped(struct text in)
{
    return in.len > 0
           && (memchr(in.at, '%', in.len) || memchr(in.at, '+', in.len));
}

static bool is_full(struct error *err)
{
    return fail(err, ERR_TOO_LARGE, "the form is too large");
}

static bool convert(struct text in, struct text charset, struct arena *arena,
                    struct text *out, struct error *err)
{
    struct buf utf8;
    buf_init(&utf8, arena->max_bytes);
    bool done = codec_to_utf8(in, charset, &utf8, err)
                && (arena_copy(arena, buf_text(&utf8), out) || is_full(err));
    buf_deinit(&utf8);
    return done;
}

static bool decode(struct text in, struct text charset, struct arena *arena,
                   struct text *out, struct error *err)
{
    *out = in;
    if (is_escaped(in)) {
        char *bytes = arena_alloc(arena, in.len);
        if (!bytes)
            return is_full(err);
        *out = (struct text){bytes, codec_url_decode(in, true, bytes)};
    }
    return is_utf8(charset) || convert(*out, charset, arena, out, err);
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20;
}

static bool has_no_control_byte(struct text in, struct error *err)
{
    bool is_gzip = text_starts_with(in, TEXT("\x1f\x8b"));
    for (size_t i = 0; i < in.len; i++)
        if (is_control(in.at[i]))
            return fail(err, ERR_BAD_REQUEST,
                        "offset %zu: byte 0x%02x cannot stand in a form (%s)",
                        i, (unsigned)(unsigned char)in.at[i],
                        is_gzip ? "gzip without a Content-Encoding?"
                                : "is the Content-Type right? The route's "
                                  "content_type overrules it");
    return true;
}

static struct text without_line_end(struct text in)
{
    while (in.len > 0
           && (in.at[in.len - 1] == '\n' || in.at[in.len - 1] == '\r'))
        in.len--;
    return in;
}

bool form_read(struct text in, struct text charset, struct pairs *pairs,
               struct arena *arena, struct error *err)
{
    struct text rest = without_line_end(in), name, value;
    if (!has_no_control_byte(rest, err))
        return false;
    while (form_next(&rest, &name, &value)) {
        struct text name_out, value_out;
        if (pairs->count >= LIMIT_FORM_PAIRS)
            return fail(err, ERR_TOO_LARGE,
                        "the form has more than %d names, the limit",
                        LIMIT_FORM_PAIRS);
        if (!decode(name, charset, arena, &name_out, err)
            || !decode(value, charset, arena, &value_out, err))
            return false;
        if (!pairs_add(pairs, arena, name_out, value_out))
            return is_full(err);
    }
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || (c != '\0' && strchr("_.-[]%+", c));
}

static bool is_value_byte(char c)
{
    return !is_control(c) && !strchr(" {}<>\"", c) && c != 0x7f;
}

bool form_looks_like_one(struct text body)
{
    body = without_line_end(body);
    size_t at = 0;
    while (at < body.len && is_name_byte(body.at[at]))
        at++;
    if (at == 0 || at == body.len || body.at[at] != '=' || *body.at == '[')
        return false;
    while (at < body.len && is_value_byte(body.at[at]))
        at++;
    return at == body.len;
}

bool form_looks_like_json(struct text body)
{
    size_t at = 0;
    while (at < body.len && body.at[at] && strchr(" \t\r\n", body.at[at]))
        at++;
    return at < body.len && (body.at[at] == '{' || body.at[at] == '[');
}
