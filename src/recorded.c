/* recorded.c - see recorded.h.
 *
 *   ### POST /ecowitt/:station
 *   # @time 2026-01-02T03:04:05.123456789Z
 *   # @remote 192.0.2.7
 *   # @id 0123456789abcdef
 *   # @route /ecowitt/:station
 *   POST /ecowitt/garden HTTP/1.1
 *   Content-Type: application/x-www-form-urlencoded
 *
 *   PASSKEY=***&tempf=68.5
 *
 * A body that is plain text stands there as it is. One that the reader could
 * take for something else (a line with ###, a "< file"), or that an editor
 * could change unseen (carriage returns, bytes that are no text), has its
 * length in `# @bytes N`, and the reader then counts instead of looking.
 *
 * What can go wrong: a sender that writes our marks into its headers. A control
 * byte becomes a blank, a header whose name begins with ### is left out.
 */
#include "recorded.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "request.h"
#include "route.h"
#include "scan.h"
#include "secrets.h"
#include "utf8.h"

enum { MESSAGE_BYTES = 500 };

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* One line of it: what has no place in a line becomes a blank. */
static void append_line(struct buf *out, struct text text)
{
    size_t from = out->len;
    if (buf_append_text(out, text))
        for (size_t i = from; i < out->len; i++)
            if (is_control(out->data[i]))
                out->data[i] = ' ';
}

/* ---------------------------------------------------------- annotations -- */

static void append_note(struct buf *out, const char *name, struct text value)
{
    buf_printf(out, "# @%s ", name);
    append_line(out, text_cut(&value, '\n'));
    buf_append_char(out, '\n');
    while (value.len > 0) {
        buf_append_text(out, TEXT("#   "));
        append_line(out, text_cut(&value, '\n'));
        buf_append_char(out, '\n');
    }
}

/* Nanoseconds: points that take the receipt time must come out the same. */
static void append_time(struct buf *out, int64_t time_ns)
{
    char text[CLOCK_TEXT_BYTES];
    int64_t rest = time_ns % NS_PER_S;
    clock_format(time_ns, text);
    buf_printf(out, "# @time %.19s.%09dZ\n", text,
               (int)(rest < 0 ? rest + NS_PER_S : rest));
}

/* "expect" would begin an expectation. */
static void append_title(struct buf *out, const struct request *request,
                         const struct route *route, const char *title)
{
    buf_append_text(out, TEXT("### "));
    if (!title) {
        append_line(out, request->method);
        buf_append_char(out, ' ');
        append_line(out, route ? text_of(route->pattern) : request->path);
    } else {
        if (text_starts_with(scan_trim(text_of(title)), TEXT("expect")))
            buf_append_text(out, TEXT("it "));
        append_line(out, text_of(title));
    }
    buf_append_char(out, '\n');
}

static void append_head(struct buf *out, const struct request *request,
                        const struct route *route,
                        const struct recorded_options *options)
{
    append_title(out, request, route, options->title);
    append_time(out, request->time_ns);
    if (request->remote.len > 0)
        append_note(out, "remote", request->remote);
    if (request->id[0])
        append_note(out, "id", text_of(request->id));
    if (route)
        append_note(out, "route", text_of(route->pattern));
    for (size_t i = 0; i < options->note_count; i++)
        append_note(out, options->notes[i].name, options->notes[i].value);
}

/* -------------------------------------------- request line and headers --- */

/* Blanks and control bytes of a target as %XX, which means the same. */
static void escape_from(struct buf *out, size_t from)
{
    size_t bad = 0;
    for (size_t i = from; i < out->len; i++)
        bad += is_control(out->data[i]) || out->data[i] == ' ';
    if (bad == 0 || !buf_reserve(out, bad * 2))
        return;
    size_t to = out->len + bad * 2;
    for (size_t i = out->len; i-- > from;) {
        static const char digits[] = "0123456789ABCDEF";
        unsigned char c = (unsigned char)out->data[i];
        if (!is_control((char)c) && c != ' ') {
            out->data[--to] = (char)c;
            continue;
        }
        out->data[--to] = digits[c & 15];
        out->data[--to] = digits[c >> 4];
        out->data[--to] = '%';
    }
    buf_commit(out, bad * 2);
}

static void append_request_line(struct buf *out, const struct request *request,
                                const struct route *route)
{
    buf_append_text(out, request->method);
    buf_append_char(out, ' ');
    size_t from = out->len;
    secrets_write_path(route, request->path, out);
    if (request->query_string.len > 0) {
        buf_append_char(out, '?');
        secrets_write_form(route, request->query_string, out);
    }
    escape_from(out, from);
    buf_append_text(out, TEXT(" HTTP/1.1\n"));
}

static bool is_unpacked(const struct request *request)
{
    return request->body.at && request->body.at != request->raw_body.at;
}

/* What belongs to one connection, or says how long a body was. */
static bool is_of_wire(const struct request *request, struct text name)
{
    return text_equal_nocase(name, TEXT("Content-Length"))
           || text_equal_nocase(name, TEXT("Transfer-Encoding"))
           || text_equal_nocase(name, TEXT("Connection"))
           || text_equal_nocase(name, TEXT("Expect"))
           || (is_unpacked(request)
               && text_equal_nocase(name, TEXT("Content-Encoding")));
}

static bool is_name(struct text name)
{
    return scan_is_token(name) && !text_starts_with(name, TEXT("###"));
}

static void append_headers(struct buf *out, const struct request *request,
                           const struct route *route)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        const struct pair *header = &request->headers.items[i];
        if (is_of_wire(request, header->name) || !is_name(header->name))
            continue;
        buf_append_text(out, header->name);
        buf_append_text(out, TEXT(": "));
        size_t from = out->len;
        secrets_write_header(route, header->name, header->value, out);
        for (size_t at = from; at < out->len; at++)
            if (is_control(out->data[at]))
                out->data[at] = ' ';
        buf_append_char(out, '\n');
    }
}

/* ---------------------------------------------------------------- body --- */

static bool is_plain(struct text body)
{
    if (text_starts_with(body, TEXT("###"))
        || text_starts_with(body, TEXT("< "))
        || (body.len > 0 && memmem(body.at, body.len, "\n###", 4)))
        return false;
    for (size_t i = 0; i < body.len; i++)
        if (is_control(body.at[i]) && body.at[i] != '\n' && body.at[i] != '\t')
            return false;
    return utf8_is_valid(body, NULL);
}

/* The body is written where it belongs; only then is it known whether its
 * length has to stand before the request line. */
static void append_all(struct buf *out, const struct request *request,
                       const struct route *route,
                       const struct recorded_options *options)
{
    char note[40] = "";
    append_head(out, request, route, options);
    size_t notes_end = out->len;
    append_request_line(out, request, route);
    append_headers(out, request, route);
    buf_append_char(out, '\n');
    size_t start = out->len;
    if (!secrets_write_body(route, request, out))
        return;
    struct text body = text_skip(buf_text(out), start);
    if (!is_plain(body))
        snprintf(note, sizeof note, "# @bytes %zu\n", body.len);
    buf_append_char(out, '\n');
    size_t len = strlen(note), moved = out->len - notes_end;
    if (len == 0 || !buf_reserve(out, len))
        return;
    memmove(out->data + notes_end + len, out->data + notes_end, moved);
    memcpy(out->data + notes_end, note, len);
    buf_commit(out, len);
}

static bool is_writable(const struct request *request, struct error *err)
{
    return (method_of(request->method) != 0
            && text_starts_with(request->path, TEXT("/")))
           || fail(err, ERR_BAD_REQUEST, "no route has such a request");
}

/* The ceiling was reached: nothing of it stays. */
static bool take_back(struct buf *out, size_t before, struct error *err)
{
    size_t limit = out->max_bytes;
    buf_truncate(out, before);
    return fail(err, ERR_TOO_LARGE,
                "the request as a recorded test needs more than %zu bytes",
                limit);
}

bool recorded_write(struct buf *out, const struct request *request,
                    const struct route *route,
                    const struct recorded_options *options, struct error *err)
{
    static const struct recorded_options none;
    size_t before = out->len;
    if (!is_writable(request, err))
        return false;
    append_all(out, request, route, options ? options : &none);
    return !out->has_overflowed || take_back(out, before, err);
}

struct text recorded_message(struct text answer)
{
    size_t len = 0;
    while (len < answer.len && !is_control(answer.at[len]))
        len++;
    if (len > MESSAGE_BYTES) {
        len = MESSAGE_BYTES;
        while (len > 0 && (answer.at[len] & 0xc0) == 0x80)
            len--;
    }
    return scan_trim((struct text){answer.at, len});
}

bool recorded_write_expect(struct buf *out, int status, struct text message,
                           struct text lines, struct error *err)
{
    size_t before = out->len;
    struct text part = recorded_message(message);
    buf_printf(out, "\n### expect %d%s%.*s\n", status, part.len > 0 ? " " : "",
               TEXT_ARG(part));
    buf_append_text(out, lines);
    return !out->has_overflowed || take_back(out, before, err);
}
