/* dead_letter.c - see dead_letter.h. Files are read that a person may have
 * edited and a disk may have damaged, so nothing is taken for granted: what is
 * no letter is passed over.
 */
#include "dead_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "number.h"
#include "scan.h"
#include "siphash.h"
#include "timestamp.h"
#include "utf8.h"

enum {
    ID_DIGITS = 16,
    TIME_BYTES = DEAD_AGAIN_BYTES - ID_DIGITS - 2 /* a space, a newline */
};

/* One line of printable text, of so many bytes at most, not in the middle of a
 * character. */
static void append_reason(struct buf *out, struct text reason)
{
    reason = scan_trim(reason);
    if (reason.len > LIMIT_DEAD_REASON_BYTES) {
        reason.len = LIMIT_DEAD_REASON_BYTES;
        while (reason.len > 0 && (reason.at[reason.len] & 0xc0) == 0x80)
            reason.len--;
    }
    bool is_text = utf8_is_valid(reason, NULL);
    for (size_t i = 0; i < reason.len; i++) {
        unsigned char c = (unsigned char)reason.at[i];
        bool is_fine = c >= ' ' && c != 0x7f && (c < 0x80 || is_text);
        buf_append_char(out, is_fine ? (char)c : c < ' ' ? ' ' : '?');
    }
}

/* ---- requests ---- */

static void take_annotation(struct text line, struct dead_request *request)
{
    const struct {
        struct text name;
        struct text *value;
    } wanted[] = {
        {TEXT("@id"), &request->id},         {TEXT("@time"), &request->time},
        {TEXT("@remote"), &request->remote}, {TEXT("@route"), &request->route},
        {TEXT("@reason"), &request->reason}, {TEXT("@key"), &request->key}};
    struct text rest = scan_trim(text_skip(line, 1));
    struct text name = text_cut(&rest, ' ');
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (text_equal(name, wanted[i].name) && wanted[i].value->len == 0)
            *wanted[i].value = scan_trim(rest);
}

bool dead_request_read(struct text text, struct dead_request *request)
{
    *request = (struct dead_request){.has_body = false};
    if (text_starts_with(text, TEXT("###"))) {
        struct text rest = text;
        text_cut(&rest, '\n');
        request->title = (struct text){text.at, text.len - rest.len};
        text = rest;
    }
    while (text_starts_with(text, TEXT("#")))
        take_annotation(text_cut(&text, '\n'), request);
    request->line = scan_trim(text_cut(&text, '\n'));
    request->headers = text;
    while (text.len > 0 && !request->has_body)
        request->has_body = scan_trim(text_cut(&text, '\n')).len == 0;
    request->headers.len -= text.len;
    if (request->has_body)
        request->body = text;
    return memchr(request->line.at ? request->line.at : "", ' ',
                  request->line.len)
           != NULL;
}

bool dead_request_equal(const struct dead_request *a,
                        const struct dead_request *b)
{
    return a->has_body && b->has_body && text_equal(a->line, b->line)
           && text_equal(a->body, b->body) && text_equal(a->route, b->route)
           && text_equal(a->reason, b->reason)
           && text_equal(a->remote, b->remote)
           && text_equal(a->headers, b->headers);
}

/* The key is kept in the files, so its own key cannot be a secret of this
 * process; whoever makes two keys equal gains nothing, for what has equal keys
 * is compared. */
uint64_t dead_request_key(const struct dead_request *request)
{
    static const struct siphash_key fixed = {{1, 2}};
    const struct text parts[] = {request->line,   request->body,
                                 request->route,  request->reason,
                                 request->remote, request->headers};
    uint64_t hashes[sizeof parts / sizeof *parts];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hashes[i] = siphash(&fixed, parts[i]);
    return siphash(&fixed, (struct text){(char *)hashes, sizeof hashes});
}

/* Copies the head of a letter without the annotations of these names (and the
 * lines that continue them), up to the request line; the rest of the text. */
static struct text copy_head(struct buf *out, struct text text,
                             const char *const *without)
{
    bool is_left_out = false;
    if (text_starts_with(text, TEXT("###"))) {
        buf_append_text(out, text_cut(&text, '\n'));
        buf_append_char(out, '\n');
    }
    while (text_starts_with(text, TEXT("#"))) {
        struct text line = text_cut(&text, '\n');
        struct text rest = scan_trim(text_skip(line, 1));
        struct text name = text_cut(&rest, ' ');
        if (text_starts_with(name, TEXT("@"))
            || !text_starts_with(line, TEXT("#   ")))
            is_left_out = false;
        for (size_t i = 0; without[i]; i++)
            is_left_out = is_left_out || text_equal(name, text_of(without[i]));
        if (!is_left_out) {
            buf_append_text(out, line);
            buf_append_char(out, '\n');
        }
    }
    return text;
}

bool dead_request_plain(struct buf *out, struct text text)
{
    static const char *const without[] = {"@key", NULL};
    buf_append_text(out, copy_head(out, text, without));
    return !out->has_overflowed;
}

bool dead_request_rewrite(struct buf *out, struct text text, struct text reason,
                          struct text details)
{
    static const char *const without[] = {"@key", "@reason", "@kept",
                                          "@traceback", NULL};
    struct text rest = copy_head(out, text, without);
    buf_append_text(out, TEXT("# @reason "));
    append_reason(out, reason);
    buf_append_char(out, '\n');
    for (bool is_first = true; details.len > 0; is_first = false) {
        buf_append_text(out, is_first ? TEXT("# @traceback ") : TEXT("#   "));
        append_reason(out, text_cut(&details, '\n'));
        buf_append_char(out, '\n');
    }
    buf_append_text(out, rest);
    return !out->has_overflowed;
}

/* ---- points ---- */

/* One word, for it stands between blanks. */
static void append_word(struct buf *out, const char *word)
{
    enum { WORD_BYTES = 100 };
    size_t len = 0;
    for (; word && word[len] && len < WORD_BYTES; len++)
        buf_append_char(out,
                        word[len] > ' ' && word[len] < 0x7f ? word[len] : '_');
    if (len == 0)
        buf_append_char(out, '-');
}

bool dead_letter_write(struct buf *out, const struct dead_point *point,
                       int64_t wall_ns)
{
    char name[DEAD_NAME_BYTES], time[CLOCK_TEXT_BYTES];
    size_t before = out->len;
    if (point->seq > 0)
        snprintf(name, sizeof name, "%020" PRIu64, point->seq);
    else
        snprintf(name, sizeof name, "%s", point->name);
    clock_format(wall_ns, time);
    buf_printf(out, "#dead %s %s %d ", name, time, point->status);
    append_word(out, point->request_id);
    buf_append_char(out, ' ');
    append_reason(out, point->reason);
    buf_append_char(out, '\n');
    buf_append_text(out, point->line);
    buf_append_char(out, '\n');
    if (!out->has_overflowed)
        return true;
    buf_truncate(out, before);
    return false;
}

static bool read_letter(struct text head, struct dead_letter *letter)
{
    int64_t status;
    letter->name = text_cut(&head, ' ');
    letter->time = text_cut(&head, ' ');
    if (letter->name.len == 0 || letter->name.len >= DEAD_NAME_BYTES
        || !number_read_int(text_cut(&head, ' '), &status) || status < 0
        || status > 999)
        return false;
    letter->status = (int)status;
    letter->request_id = text_cut(&head, ' ');
    letter->reason = head;
    return letter->request_id.len > 0;
}

bool dead_letter_next(struct text *rest, struct dead_letter *letter)
{
    while (rest->len > 0) {
        const char *start = rest->at;
        struct text head = text_cut(rest, '\n');
        if (!text_starts_with(head, TEXT("#dead "))
            || !read_letter(text_skip(head, 6), letter)
            || text_starts_with(*rest, TEXT("#")))
            continue;
        letter->line = text_cut(rest, '\n');
        letter->whole = (struct text){start, (size_t)(rest->at - start)};
        if (letter->line.len > 0)
            return true;
    }
    return false;
}

bool dead_is_id(struct text text)
{
    if (text.len != ID_DIGITS)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!memchr("0123456789abcdef", text.at[i], 16))
            return false;
    return true;
}

void dead_again_write(const struct dead_request *request,
                      char out[DEAD_AGAIN_BYTES + 1])
{
    int time_len =
        request->time.len < TIME_BYTES ? (int)request->time.len : TIME_BYTES;
    snprintf(out, DEAD_AGAIN_BYTES + 1, "%.*s %-*.*s\n", TEXT_ARG(request->id),
             TIME_BYTES, time_len, time_len > 0 ? request->time.at : "");
}

bool dead_again_next(struct text *rest, struct dead_again *again)
{
    while (rest->len >= DEAD_AGAIN_BYTES) {
        struct text line = {rest->at, DEAD_AGAIN_BYTES - 1};
        bool is_whole = rest->at[DEAD_AGAIN_BYTES - 1] == '\n';
        *rest = text_skip(*rest, DEAD_AGAIN_BYTES);
        again->id = text_cut(&line, ' ');
        again->time = text_cut(&line, ' ');
        if (is_whole && dead_is_id(again->id) && again->time.len > 0)
            return true;
    }
    return false;
}

bool dead_head_write(struct buf *out, uint64_t count, int64_t wall_ns)
{
    char time[CLOCK_TEXT_BYTES];
    clock_format(wall_ns, time);
    return buf_printf(out, "#letters %" PRIu64 " %s\n", count, time);
}

bool dead_head_read(struct text text, uint64_t *count, int64_t *wall_ns)
{
    struct text line = text_cut(&text, '\n');
    return text_equal(text_cut(&line, ' '), TEXT("#letters"))
           && number_read_uint(text_cut(&line, ' '), count)
           && timestamp_parse(line, (struct text){0}, wall_ns, NULL);
}
