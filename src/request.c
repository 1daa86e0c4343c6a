/* request.c - see request.h.
 *
 * Most requests come as UTF-8 and not compressed: then body and text point
 * into what the door read, and nothing is copied. A compressed body is
 * inflated into a buffer that the request keeps; one in another charset is
 * converted into a second. What can go wrong: an encoding or charset that we
 * do not read, a body that is cut short or grows past the route's ceiling.
 */
#include "request.h"

#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "codec.h"
#include "error.h"
#include "file.h"
#include "form.h"
#include "gzip.h"
#include "route.h"
#include "scan.h"

/* Memory that a request keeps for the next one; more is given back. */
enum { KEPT_BYTES = 64 << 10 };

void request_init(struct request *request)
{
    *request = (struct request){.method = {NULL, 0}};
    arena_init(&request->arena, LIMIT_REQUEST_ARENA_BYTES);
}

void request_deinit(struct request *request)
{
    buf_deinit(&request->inflated);
    buf_deinit(&request->converted);
    arena_deinit(&request->arena);
}

static void shrink(struct buf *buf)
{
    if (buf->capacity > KEPT_BYTES)
        buf_deinit(buf);
    else
        buf_clear(buf);
}

void request_reset(struct request *request)
{
    struct arena arena = request->arena;
    struct buf inflated = request->inflated, converted = request->converted;
    arena_reset(&arena);
    shrink(&inflated);
    shrink(&converted);
    *request = (struct request){
        .arena = arena, .inflated = inflated, .converted = converted};
}

/* Different numbers stay different, near ones end up far apart. */
static uint64_t scramble(uint64_t x)
{
    x ^= x >> 31;
    x *= UINT64_C(0x7fb5d329728ea185);
    x ^= x >> 27;
    x *= UINT64_C(0x81dadef4bc2dd44d);
    return x ^ x >> 33;
}

/* The start is random, so that ids of two runs do not meet. */
static uint64_t next_number(void)
{
    static atomic_uint_least64_t counter;
    uint64_t start = 0;
    if (atomic_load_explicit(&counter, memory_order_relaxed) == 0)
        atomic_compare_exchange_strong(&counter, &start,
                                       file_real.random(&file_real) | 1);
    return atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
}

void request_stamp(struct request *request)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = scramble(next_number());
    for (int i = 0; i < REQUEST_ID_BYTES - 1; i++, number >>= 4)
        request->id[i] = digits[number & 15];
    request->id[REQUEST_ID_BYTES - 1] = '\0';
    request->time_ns = clock_stamp_ns();
}

/* Takes what stands before the next ';' off *rest. */
static struct text next_part(struct text *rest)
{
    return scan_trim(text_cut(rest, ';'));
}

static bool lower(struct arena *arena, struct text in, struct text *out)
{
    char *bytes = arena_alloc(arena, in.len);
    if (!bytes)
        return false;
    for (size_t i = 0; i < in.len; i++)
        bytes[i] = in.at[i] >= 'A' && in.at[i] <= 'Z'
                       ? (char)(in.at[i] - 'A' + 'a')
                       : in.at[i];
    *out = (struct text){bytes, in.len};
    return true;
}

static struct text without_quotes(struct text in)
{
    if (in.len >= 2 && in.at[0] == '"' && in.at[in.len - 1] == '"')
        return (struct text){in.at + 1, in.len - 2};
    return in;
}

static bool is_out_of_room(struct error *err)
{
    return fail(err, ERR_TOO_LARGE, "the request needs more than %d bytes",
                LIMIT_REQUEST_ARENA_BYTES);
}

static bool read_content_type(struct request *request, struct text type,
                              struct error *err)
{
    struct text rest = type;
    if (!lower(&request->arena, next_part(&rest), &request->media_type))
        return is_out_of_room(err);
    while (rest.len > 0) {
        struct text part = next_part(&rest), name = {part.at, 8};
        if (part.len > 8 && text_equal_nocase(name, TEXT("charset="))
            && !lower(&request->arena, without_quotes(text_skip(part, 8)),
                      &request->charset))
            return is_out_of_room(err);
    }
    if (text_equal(request->charset, TEXT("utf8")))
        request->charset = TEXT("utf-8");
    return true;
}

static bool inflate_body(struct request *request, enum gzip_format format,
                         size_t max_bytes, struct error *err)
{
    request->inflated.max_bytes = max_bytes;
    if (!gzip_inflate(request->raw_body, format, &request->inflated, err))
        return false;
    request->body = buf_text(&request->inflated);
    return true;
}

bool request_knows_encoding(struct text encoding)
{
    return encoding.len == 0 || text_equal_nocase(encoding, TEXT("identity"))
           || text_equal_nocase(encoding, TEXT("gzip"))
           || text_equal_nocase(encoding, TEXT("x-gzip"))
           || text_equal_nocase(encoding, TEXT("deflate"));
}

static bool read_body(struct request *request, size_t max_bytes,
                      struct error *err)
{
    struct text encoding = scan_trim(
        pairs_get_nocase(&request->headers, TEXT("Content-Encoding")));
    if (!request_knows_encoding(encoding))
        return fail(err, ERR_MEDIA_TYPE,
                    "Content-Encoding is none of gzip, deflate, identity");
    if (request->raw_body.len > max_bytes)
        return fail(err, ERR_TOO_LARGE,
                    "the body has %zu bytes, the limit is %zu",
                    request->raw_body.len, max_bytes);
    request->body = request->raw_body;
    if (encoding.len == 0 || request->raw_body.len == 0
        || text_equal_nocase(encoding, TEXT("identity")))
        return true;
    bool is_deflate = text_equal_nocase(encoding, TEXT("deflate"));
    return inflate_body(request, is_deflate ? GZIP_DEFLATE : GZIP_GZIP,
                        max_bytes, err);
}

/* The charset that a byte order mark gives away; empty: there is none. */
static struct text charset_by_mark(struct text body)
{
    if (text_starts_with(body, TEXT("\xff\xfe"))
        || text_starts_with(body, TEXT("\xfe\xff")))
        return TEXT("utf-16");
    return TEXT("");
}

/* Bytes that are no UTF-8 although they should be stay as they are: each
 * reader of the text says where, or cleans what it uses. */
static bool make_text(struct request *request, struct error *err)
{
    struct text charset = request->charset;
    request->text = request->body;
    if (charset.len == 0)
        charset = charset_by_mark(request->body);
    if (charset.len == 0 || text_equal(charset, TEXT("utf-8"))) {
        if (text_starts_with(request->body, TEXT("\xef\xbb\xbf")))
            request->text = text_skip(request->body, 3);
        return true;
    }
    /* One byte becomes three at most. */
    request->converted.max_bytes = request->body.len * 3 + 4;
    if (!codec_to_utf8(request->body, charset, &request->converted, err))
        return false;
    request->text = buf_text(&request->converted);
    return true;
}

static bool says_form(const struct request *request)
{
    return text_equal(request->media_type,
                      TEXT("application/x-www-form-urlencoded"));
}

static bool is_form(const struct request *request)
{
    if (says_form(request))
        return !form_looks_like_json(request->text);
    return !text_starts_with(request->media_type, TEXT("multipart/"))
           && form_looks_like_one(request->text);
}

/* A form is ASCII whose escapes are in the charset, so it is read from the
 * bytes; only in UTF-16 the text itself is what was escaped. */
static bool read_form(struct request *request, struct error *err)
{
    struct text in = request->body, charset = request->charset;
    if (!is_form(request))
        return true;
    if (charset.len == 0 || text_starts_with(charset, TEXT("utf-"))) {
        in = request->text;
        charset = TEXT("");
    }
    return form_read(in, charset, &request->form, &request->arena, err);
}

/* Parts without a file name are what a form has as text. */
static bool add_to_form(struct request *request, struct error *err)
{
    for (size_t i = 0; i < request->parts.count; i++) {
        const struct part *part = &request->parts.items[i];
        if (part->name.at && !part->filename.at
            && !pairs_add(&request->form, &request->arena, part->name,
                          part->body))
            return is_out_of_room(err);
    }
    return true;
}

static bool read_parts(struct request *request, struct text content_type,
                       struct error *err)
{
    struct text boundary;
    if (!text_starts_with(request->media_type, TEXT("multipart/"))
        || request->body.len == 0)
        return true;
    return multipart_boundary(content_type, &request->arena, &boundary, err)
           && multipart_read(request->body, boundary, &request->parts,
                             &request->arena, err)
           && add_to_form(request, err);
}

static bool decode_param(struct request *request, struct text in,
                         struct text *out)
{
    *out = in;
    if (in.len == 0 || !memchr(in.at, '%', in.len))
        return true;
    char *bytes = arena_alloc(&request->arena, in.len);
    if (!bytes)
        return false;
    *out = (struct text){bytes, codec_url_decode(in, false, bytes)};
    return true;
}

static bool read_params(struct request *request,
                        const struct route_match *match, struct error *err)
{
    for (size_t i = 0; i < match->param_count; i++) {
        struct text value;
        if (!decode_param(request, match->params[i].value, &value)
            || !pairs_add(&request->params, &request->arena,
                          match->params[i].name, value))
            return is_out_of_room(err);
    }
    return true;
}

static struct text content_type_of(const struct request *request,
                                   const struct route *route)
{
    return route->content_type
               ? text_of(route->content_type)
               : pairs_get_nocase(&request->headers, TEXT("Content-Type"));
}

bool request_decode(struct request *request, const struct route_match *match,
                    struct error *err)
{
    const struct route *route = match->route;
    return read_content_type(request, content_type_of(request, route), err)
           && read_params(request, match, err)
           && form_read(request->query_string, TEXT(""), &request->query,
                        &request->arena, err)
           && read_body(request, route->limits.body_bytes, err)
           && make_text(request, err)
           && (route->line_protocol
               || (read_form(request, err)
                   && read_parts(request, content_type_of(request, route),
                                 err)));
}
