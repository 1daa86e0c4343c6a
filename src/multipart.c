/* multipart.c - see multipart.h.
 *
 * A delimiter is a line that begins with "--" and the boundary, so the reader
 * looks at the beginnings of lines only: one memchr a line, whatever a sender
 * chose as boundary. What stands before the first delimiter and behind the
 * last is nothing. The line end before a delimiter belongs to it.
 *
 * What can go wrong: a body cut short, headers that are none, a boundary that
 * is not there. Each is told with its offset in the body.
 */
#include "multipart.h"

#include <string.h>

#include "arena.h"
#include "ceilings.h"
#include "error.h"
#include "scan.h"

enum { FIRST_PARTS = 8, BOUNDARY_BYTES = 200 };

struct reader {
    struct text body;
    size_t at;
    struct text boundary;
    struct arena *arena;
    struct error *err;
};

static bool is_full(struct error *err)
{
    return fail(err, ERR_TOO_LARGE, "the parts need too much memory");
}

/* ------------------------------------------- parameters of a header ----- */

/* Takes "..." off *rest; a quote behind a backslash is a part of it. */
static struct text cut_quoted(struct text *rest)
{
    struct text value = text_skip(*rest, 1);
    size_t len = 0;
    while (len < value.len && value.at[len] != '"')
        len += value.at[len] == '\\' && len + 1 < value.len
                       && value.at[len + 1] == '"'
                   ? 2
                   : 1;
    *rest = text_skip(value, len < value.len ? len + 1 : len);
    value.len = len;
    return value;
}

static bool unescape(struct text in, struct arena *arena, struct text *out)
{
    *out = in;
    if (in.len == 0 || !memmem(in.at, in.len, "\\\"", 2))
        return true;
    char *bytes = arena_alloc(arena, in.len);
    size_t len = 0;
    if (!bytes)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        i += in.at[i] == '\\' && i + 1 < in.len && in.at[i + 1] == '"';
        bytes[len++] = in.at[i];
    }
    *out = (struct text){bytes, len};
    return true;
}

/* The value of `; name=value`, at NULL if there is none; false: no memory. */
static bool get_param(struct text header, struct text name, struct arena *arena,
                      struct text *value)
{
    *value = (struct text){NULL, 0};
    text_cut(&header, ';');
    while (header.len > 0) {
        struct text found;
        size_t len = 0;
        while (len < header.len && header.at[len] != '='
               && header.at[len] != ';')
            len++;
        struct text key = scan_trim((struct text){header.at, len});
        header = text_skip(header, len);
        if (text_starts_with(header, TEXT("=")))
            header = text_skip(header, 1);
        bool is_quoted = text_starts_with(header, TEXT("\""));
        if (is_quoted)
            found = cut_quoted(&header);
        struct text bare = scan_trim(text_cut(&header, ';'));
        if (text_equal_nocase(key, name))
            return unescape(is_quoted ? found : bare, arena, value);
    }
    return true;
}

bool multipart_boundary(struct text content_type, struct arena *arena,
                        struct text *boundary, struct error *err)
{
    if (!get_param(content_type, TEXT("boundary"), arena, boundary))
        return is_full(err);
    if (boundary->len == 0)
        return fail(err, ERR_BAD_REQUEST,
                    "Content-Type: multipart without a boundary");
    return boundary->len <= BOUNDARY_BYTES
           || fail(err, ERR_BAD_REQUEST,
                   "Content-Type: a boundary of %zu bytes, %d is the most",
                   boundary->len, BOUNDARY_BYTES);
}

/* ------------------------------------------------------- delimiters ----- */

struct delimiter {
    size_t at;   /* where its line begins */
    size_t next; /* what follows it */
    bool is_closing;
};

/* True if the line at `at` is one. */
static bool is_delimiter(const struct reader *r, size_t at,
                         struct delimiter *delimiter)
{
    struct text rest = text_skip(r->body, at);
    if (!text_starts_with(rest, TEXT("--"))
        || !text_starts_with(text_skip(rest, 2), r->boundary))
        return false;
    rest = text_skip(rest, 2 + r->boundary.len);
    delimiter->at = at;
    delimiter->is_closing = text_starts_with(rest, TEXT("--"));
    struct text tail = text_cut(&rest, '\n');
    delimiter->next = r->body.len - rest.len;
    return delimiter->is_closing || scan_trim(tail).len == 0;
}

/* The next one at the beginning of a line; from is such a beginning. */
static bool find_delimiter(const struct reader *r, size_t from,
                           struct delimiter *delimiter)
{
    while (!is_delimiter(r, from, delimiter)) {
        struct text rest = text_skip(r->body, from);
        const char *end = rest.len ? memchr(rest.at, '\n', rest.len) : NULL;
        if (!end)
            return false;
        from = (size_t)(end - r->body.at) + 1;
    }
    return true;
}

/* ------------------------------------------------------------ parts ----- */

static bool read_header(struct reader *r, struct part *part, size_t line_at,
                        struct text line)
{
    const char *colon = memchr(line.at, ':', line.len);
    if (!colon || colon == line.at)
        return fail(r->err, ERR_BAD_REQUEST,
                    "offset %zu: a part's header is \"Name: value\"", line_at);
    if (part->headers.count >= LIMIT_PART_HEADERS)
        return fail(r->err, ERR_TOO_LARGE,
                    "offset %zu: a part has more than %d headers, the limit",
                    line_at, LIMIT_PART_HEADERS);
    struct text name = {line.at, (size_t)(colon - line.at)};
    struct text value = scan_trim(text_skip(line, name.len + 1));
    return pairs_add(&part->headers, r->arena, scan_trim(name), value)
           || is_full(r->err);
}

/* Up to the empty line, which goes too. */
static bool read_headers(struct reader *r, struct part *part)
{
    while (r->at < r->body.len) {
        size_t line_at = r->at;
        struct text rest = text_skip(r->body, r->at);
        struct text line = text_cut(&rest, '\n');
        r->at = r->body.len - rest.len;
        if (text_ends_with(line, TEXT("\r")))
            line.len--;
        if (line.len == 0)
            return true;
        if (!read_header(r, part, line_at, line))
            return false;
    }
    return fail(r->err, ERR_BAD_REQUEST,
                "offset %zu: the body ends within a part's headers", r->at);
}

static bool name_part(struct reader *r, struct part *part)
{
    struct text disposition =
        pairs_get_nocase(&part->headers, TEXT("Content-Disposition"));
    part->type = pairs_get_nocase(&part->headers, TEXT("Content-Type"));
    return (get_param(disposition, TEXT("name"), r->arena, &part->name)
            && get_param(disposition, TEXT("filename"), r->arena,
                         &part->filename))
           || is_full(r->err);
}

static struct part *add_part(struct reader *r, struct parts *parts)
{
    if (parts->count >= LIMIT_PARTS) {
        fail(r->err, ERR_TOO_LARGE,
             "offset %zu: the body has more than %d parts, the limit", r->at,
             LIMIT_PARTS);
        return NULL;
    }
    if (parts->count == parts->capacity) {
        size_t capacity = parts->capacity ? parts->capacity * 2 : FIRST_PARTS;
        struct part *items = arena_alloc(r->arena, capacity * sizeof *items);
        if (!items) {
            is_full(r->err);
            return NULL;
        }
        if (parts->count > 0)
            memcpy(items, parts->items, parts->count * sizeof *items);
        parts->items = items;
        parts->capacity = capacity;
    }
    struct part *part = &parts->items[parts->count];
    *part = (struct part){.name = {NULL, 0}};
    return part;
}

/* From behind a delimiter to the next one, which is put into *delimiter. */
static bool read_part(struct reader *r, struct parts *parts,
                      struct delimiter *delimiter)
{
    r->at = delimiter->next;
    struct part *part = add_part(r, parts);
    if (!part || !read_headers(r, part) || !name_part(r, part))
        return false;
    size_t start = r->at;
    if (!find_delimiter(r, start, delimiter))
        return fail(r->err, ERR_BAD_REQUEST,
                    "offset %zu: a part begins here and never ends", start);
    part->body = (struct text){r->body.at + start, delimiter->at - start};
    if (text_ends_with(part->body, TEXT("\n")))
        part->body.len--;
    if (text_ends_with(part->body, TEXT("\r")))
        part->body.len--;
    parts->count++;
    return true;
}

bool multipart_read(struct text body, struct text boundary, struct parts *parts,
                    struct arena *arena, struct error *err)
{
    struct reader r = {
        .body = body, .boundary = boundary, .arena = arena, .err = err};
    struct delimiter delimiter;
    if (!find_delimiter(&r, 0, &delimiter))
        return fail(err, ERR_BAD_REQUEST,
                    "offset 0: the body has no line with its boundary");
    while (!delimiter.is_closing)
        if (!read_part(&r, parts, &delimiter))
            return false;
    return true;
}
