/* gate.c - see gate.h.
 *
 * Some of what a smuggler writes never gets here: libmicrohttpd 0.9.75 takes
 * bare line feeds, removes bare carriage returns and cuts a value at a NUL. A
 * proxy in front that normalises is the cure for these.
 */
#include "gate.h"

#include <string.h>

#include "ceilings.h"
#include "error.h"
#include "journal.h"
#include "request.h"
#include "route.h"
#include "scan.h"
#include "verify.h"

static bool has_control_byte(struct text value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static bool read_length(struct text value, struct gate_body *body)
{
    if (value.len == 0 || value.len > 18)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
        body->length = body->length * 10 + (uint64_t)(value.at[i] - '0');
    }
    return true;
}

/* What was seen so far of the headers that must not come twice. */
struct framing {
    struct gate_body *body;
    bool has_host;
};

static bool refuse(struct error *err, const char *why)
{
    return fail(err, ERR_BAD_REQUEST, "headers: %s", why);
}

static bool check_framing(struct framing *seen, const struct pair *header,
                          struct error *err)
{
    struct gate_body *body = seen->body;
    if (text_equal_nocase(header->name, TEXT("Content-Length"))) {
        if (body->has_length)
            return refuse(err, "Content-Length twice");
        body->has_length = true;
        return read_length(header->value, body)
               || refuse(err, "Content-Length is no number");
    }
    if (text_equal_nocase(header->name, TEXT("Transfer-Encoding"))) {
        if (body->is_chunked)
            return refuse(err, "Transfer-Encoding twice");
        body->is_chunked = true;
        return text_equal_nocase(header->value, TEXT("chunked"))
               || refuse(err, "Transfer-Encoding is not chunked");
    }
    if (text_equal_nocase(header->name, TEXT("Host"))) {
        if (seen->has_host)
            return refuse(err, "Host twice");
        seen->has_host = true;
    }
    if (text_equal_nocase(header->name, TEXT("Expect")))
        body->expects_continue = true;
    return true;
}

static bool check_each(const struct pairs *headers, struct framing *seen,
                       struct error *err)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct pair *header = &headers->items[i];
        if (!scan_is_token(header->name))
            return refuse(err, "a name that is no token");
        if (has_control_byte(header->value))
            return refuse(err, "a control byte in a value");
        if (!check_framing(seen, header, err))
            return false;
    }
    return true;
}

bool gate_check_headers(const struct pairs *headers, struct text version,
                        struct gate_body *body, struct error *err)
{
    struct framing seen = {.body = body};
    *body = (struct gate_body){.length = 0};
    if (headers->count > LIMIT_HEADER_FIELDS)
        return fail(err, ERR_HEADERS, "%zu headers, the limit is %d",
                    headers->count, LIMIT_HEADER_FIELDS);
    if (!check_each(headers, &seen, err))
        return false;
    if (body->is_chunked && body->has_length)
        return refuse(err, "both Content-Length and Transfer-Encoding");
    if (body->is_chunked && !text_equal(version, TEXT("HTTP/1.1")))
        return refuse(err, "Transfer-Encoding before HTTP/1.1");
    return true;
}

static bool check_sender(const struct request *request,
                         const struct route *route, struct error *err)
{
    const struct verify_claim claim = {request->remote, &request->headers,
                                       request->query_string};
    return !route->verify || verify_sender(route->verify, &claim, err);
}

static bool check_body(const struct request *request, const struct route *route,
                       const struct gate_body *body, struct error *err)
{
    struct text encoding =
        pairs_get_nocase(&request->headers, TEXT("Content-Encoding"));
    if (!request_knows_encoding(encoding))
        return fail(err, ERR_MEDIA_TYPE,
                    "Content-Encoding is none of gzip, deflate, identity");
    if (body->length > route->limits.body_bytes)
        return fail(err, ERR_TOO_LARGE,
                    "the body has %llu bytes, the limit is %zu",
                    (unsigned long long)body->length, route->limits.body_bytes);
    return true;
}

/* "http://host/path" without what is in front of the path. */
static struct text without_host(struct text target)
{
    size_t at = text_starts_with(target, TEXT("http://"))    ? 7
                : text_starts_with(target, TEXT("https://")) ? 8
                                                             : 0;
    if (at == 0)
        return target;
    while (at < target.len && target.at[at] != '/')
        at++;
    return at < target.len ? text_skip(target, at) : TEXT("/");
}

void gate_split_target(struct request *request, struct text target)
{
    request->path = without_host(target);
    size_t len = 0;
    while (len < request->path.len && request->path.at[len] != '?')
        len++;
    if (len < request->path.len)
        request->query_string = text_skip(request->path, len + 1);
    request->path.len = len;
}

bool gate_check_target(const struct request *request, struct error *err)
{
    size_t len = request->path.len + request->query_string.len;
    if (len <= LIMIT_REQUEST_LINE_BYTES)
        return true;
    fail(err, ERR_HEADERS, "the path has %zu bytes, the limit is %d", len,
         LIMIT_REQUEST_LINE_BYTES);
    err->status = 414;
    return false;
}

bool gate_enter(const struct gate *gate, const struct request *request,
                unsigned method, const struct gate_body *body,
                struct route_match *match, struct error *err)
{
    if (!route_find(gate->routes, method, request->path, match, err))
        return false;
    if (method == METHOD_HEAD)
        return true;
    return check_sender(request, match->route, err)
           && check_body(request, match->route, body, err)
           && (!gate->journal
               || journal_has_room(gate->journal, match->route->outputs, err));
}
