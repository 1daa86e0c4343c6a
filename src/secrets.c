/* secrets.c - see secrets.h.
 *
 * Names decide, never values. Headers are judged by how their names end, since
 * senders invent them freely; fields of a form only by a short list of whole
 * names, since `tokens=15` may well be a measurement, and a replayed request
 * must make the points that the first one would have made.
 *
 * What can go wrong: a multipart body that cannot be read to its end. What was
 * not read is kept only if no secret's name occurs in it, else cut there.
 */
#include "secrets.h"

#include <string.h>

#include "buf.h"
#include "codec.h"
#include "form.h"
#include "request.h"
#include "route.h"
#include "verify.h"

enum { NAME_BYTES = 256 };

static const char *const header_ends[] = {
    "authorization", "cookie",  "token",    "secret",     "password",
    "api-key",       "apikey",  "api_key",  "access-key", "auth-key",
    "x-auth",        "passkey", "-session", "signature",  NULL};
/* Signatures end with their algorithm. */
static const char *const header_starts[] = {"x-hub-signature", "x-amz-security",
                                            NULL};
static const char *const fields[] = {
    "password", "passwd",        "passkey", "api_key",       "apikey",
    "api-key",  "access_token",  "token",   "client_secret", "secret",
    "auth",     "authorization", NULL};

static bool is_listed(const char *const *names, struct text name)
{
    for (; names && *names; names++)
        if (text_equal_nocase(text_of(*names), name))
            return true;
    return false;
}

static bool is_of_route(const struct route *route, struct text name)
{
    return route && is_listed((const char *const *)route->secrets, name);
}

static bool starts_with(struct text name, struct text start)
{
    return name.len >= start.len
           && text_equal_nocase((struct text){name.at, start.len}, start);
}

static bool ends_with(struct text name, struct text end)
{
    return name.len >= end.len
           && text_equal_nocase(text_skip(name, name.len - end.len), end);
}

bool secrets_is_header(const struct route *route, struct text name)
{
    for (const char *const *end = header_ends; *end; end++)
        if (ends_with(name, text_of(*end)))
            return true;
    for (const char *const *start = header_starts; *start; start++)
        if (starts_with(name, text_of(*start)))
            return true;
    return is_of_route(route, name)
           || (route && route->verify
               && verify_reads_header(route->verify, name));
}

bool secrets_is_field(const struct route *route, struct text name)
{
    if (is_listed(fields, name) || is_of_route(route, name))
        return true;
    /* As clients of InfluxDB 1 say who they are. */
    if (route && route->line_protocol && text_equal(name, TEXT("p")))
        return true;
    return route && route->verify && verify_reads_query(route->verify, name);
}

/* ------------------------------------------------------------- headers --- */

/* "https://user:password@host/", anywhere in a value. */
static bool write_without_user(struct text value, struct buf *out)
{
    const char *scheme;
    while (value.len > 0 && (scheme = memmem(value.at, value.len, "://", 3))) {
        size_t head = (size_t)(scheme + 3 - value.at), len = 0, user = 0;
        struct text host = text_skip(value, head);
        for (; len < host.len && !memchr("/?# \t\"'<>,", host.at[len], 10);
             len++)
            if (host.at[len] == '@')
                user = len;
        buf_append(out, value.at, head);
        if (user > 0)
            buf_append(out, SECRET_BLANK, sizeof SECRET_BLANK - 1);
        value = text_skip(host, user);
    }
    return buf_append_text(out, value);
}

bool secrets_write_header(const struct route *route, struct text name,
                          struct text value, struct buf *out)
{
    return secrets_is_header(route, name)
               ? buf_append_text(out, TEXT(SECRET_BLANK))
               : write_without_user(value, out);
}

/* ------------------------------------------------------ path and query --- */

/* The pattern's segment for the path's is ":name" (or "*name", which is all the
 * rest), and the name is secret. */
bool secrets_write_path(const struct route *route, struct text path,
                        struct buf *out)
{
    struct text pattern = text_of(route ? route->pattern : NULL);
    if (!route || !route->secrets)
        return buf_append_text(out, path);
    while (path.len > 0) {
        size_t before = path.len;
        struct text segment = text_cut(&path, '/');
        struct text name = text_cut(&pattern, '/');
        bool is_rest = text_starts_with(name, TEXT("*"));
        bool is_secret = segment.len > 0
                         && (is_rest || text_starts_with(name, TEXT(":")))
                         && is_of_route(route, text_skip(name, 1));
        buf_append_text(out, is_secret ? TEXT(SECRET_BLANK) : segment);
        if (is_secret && is_rest)
            break;
        if (before > segment.len)
            buf_append_char(out, '/');
    }
    return !out->has_overflowed;
}

bool secrets_is_encoded_field(const struct route *route, struct text name)
{
    char bytes[NAME_BYTES];
    if (name.len > sizeof bytes)
        return false;
    struct text plain = {bytes, codec_url_decode(name, true, bytes)};
    return secrets_is_field(route, plain);
}

/* A line end behind the last pair is none of its value. */
static struct text take_line_end(struct text *value)
{
    size_t len = value->len;
    while (len > 0
           && (value->at[len - 1] == '\n' || value->at[len - 1] == '\r'))
        len--;
    struct text end = text_skip(*value, len);
    value->len = len;
    return end;
}

bool secrets_write_form(const struct route *route, struct text form,
                        struct buf *out)
{
    while (form.len > 0) {
        size_t before = form.len;
        struct text pair = text_cut(&form, '&'), value = pair;
        struct text name = text_cut(&value, '=');
        if (value.len > 0 && secrets_is_encoded_field(route, name)) {
            struct text end = take_line_end(&value);
            buf_append_text(out, name);
            buf_append_text(out, TEXT("=" SECRET_BLANK));
            buf_append_text(out, end);
        } else {
            buf_append_text(out, pair);
        }
        if (before > pair.len)
            buf_append_char(out, '&');
    }
    return !out->has_overflowed;
}

/* ---------------------------------------------------------------- body --- */

static const char *find_nocase(struct text in, struct text word)
{
    for (; in.len >= word.len && word.len > 0; in = text_skip(in, 1))
        if (starts_with(in, word))
            return in.at;
    return NULL;
}

/* Cuts text before the first of the names that occurs in it. */
static void cut_before(struct text *text, const char *const *names)
{
    for (; names && *names; names++) {
        const char *found = find_nocase(*text, text_of(*names));
        if (found)
            text->len = (size_t)(found - text->at);
    }
}

/* What stands behind the last part that could be read: the closing delimiter,
 * or parts that were not read. */
static bool write_rest(const struct route *route, struct text rest,
                       struct buf *out)
{
    struct text head = rest;
    if (find_nocase(rest, TEXT("name="))) {
        cut_before(&head, fields);
        if (route)
            cut_before(&head, (const char *const *)route->secrets);
    }
    buf_append_text(out, head);
    if (head.len < rest.len)
        buf_append_text(out, TEXT(SECRET_BLANK));
    return !out->has_overflowed;
}

static bool write_parts(const struct route *route,
                        const struct request *request, struct text body,
                        struct buf *out)
{
    const char *at = body.at, *end = body.at + body.len;
    for (size_t i = 0; i < request->parts.count; i++) {
        const struct part *part = &request->parts.items[i];
        const char *part_end = part->body.at + part->body.len;
        bool is_secret = secrets_is_field(route, part->name);
        const char *head_end = is_secret ? part->body.at : part_end;
        buf_append(out, at, (size_t)(head_end - at));
        if (is_secret)
            buf_append_text(out, TEXT(SECRET_BLANK));
        at = part_end;
    }
    return write_rest(route, (struct text){at, (size_t)(end - at)}, out);
}

static bool is_form(const struct request *request, struct text body)
{
    if (text_equal(request->media_type,
                   TEXT("application/x-www-form-urlencoded")))
        return !form_looks_like_json(body);
    return form_looks_like_one(body);
}

bool secrets_write_body(const struct route *route,
                        const struct request *request, struct buf *out)
{
    struct text body = request->body.at ? request->body : request->raw_body;
    if (body.len == 0 || (route && route->line_protocol))
        return buf_append_text(out, body);
    if (text_starts_with(request->media_type, TEXT("multipart/")))
        return write_parts(route, request, body, out);
    return is_form(request, body) ? secrets_write_form(route, body, out)
                                  : buf_append_text(out, body);
}
