/* try_has.c - see try_has.h.
 *
 * The names of a JSON body are those of its outermost object, or of the first
 * one in an array. They are picked out by depth and quotes: a script has
 * decoded the body by then, or said that it is no JSON, and a wrong guess here
 * costs an odd word on a terminal. Bytes that could move it become '?'.
 */
#include "try_has.h"

#include <stdbool.h>

#include "buf.h"
#include "form.h"
#include "request.h"

enum { MAX_NAMES = 30, NAME_BYTES = 40 };

struct listing { /* the heading comes with the first name */
    struct buf *out;
    const char *heading;
    unsigned count;
};

static void add_name(struct listing *listing, struct text name)
{
    listing->count++;
    if (listing->count > MAX_NAMES + 1)
        return;
    if (listing->count == MAX_NAMES + 1) {
        buf_printf(listing->out, " ...");
        return;
    }
    if (listing->count == 1)
        buf_printf(listing->out, "%s%s ", listing->out->len ? "   " : "",
                   listing->heading);
    else
        buf_printf(listing->out, ", ");
    for (size_t i = 0; i < name.len && i < NAME_BYTES; i++) {
        unsigned char byte = (unsigned char)name.at[i];
        buf_append_char(listing->out,
                        byte < 0x20 || byte == 0x7f ? '?' : name.at[i]);
    }
}

static void add_pairs(struct buf *out, const char *heading,
                      const struct pairs *pairs)
{
    struct listing listing = {.out = out, .heading = heading};
    for (size_t i = 0; i < pairs->count; i++)
        add_name(&listing, pairs->items[i].name);
}

/* From behind a quote up to the one that ends the string. */
static struct text take_string(struct text *rest)
{
    size_t end = 0;
    while (end < rest->len && rest->at[end] != '"')
        end += rest->at[end] == '\\' && end + 1 < rest->len ? 2 : 1;
    struct text string = {rest->at, end};
    *rest = text_skip(*rest, end < rest->len ? end + 1 : end);
    return string;
}

static bool is_before_colon(struct text rest)
{
    size_t at = 0;
    while (at < rest.len && strchr(" \t\r\n", rest.at[at]))
        at++;
    return at < rest.len && rest.at[at] == ':';
}

static void add_json(struct buf *out, struct text rest)
{
    struct listing listing = {.out = out, .heading = "JSON"};
    unsigned depth = 0, wanted = 0;
    while (rest.len > 0) {
        char byte = *rest.at;
        rest = text_skip(rest, 1);
        if (byte == '"') {
            struct text string = take_string(&rest);
            if (wanted > 0 && depth == wanted && is_before_colon(rest))
                add_name(&listing, string);
        } else if (byte == '{' || byte == '[') {
            depth++;
            if (byte == '{' && wanted == 0)
                wanted = depth;
        } else if (byte == '}' || byte == ']') {
            if (depth == 0 || depth-- == wanted)
                break;
        }
    }
    if (listing.count == 0)
        buf_printf(out, "%sJSON without names", out->len ? "   " : "");
}

void try_has(const struct request *request, struct buf *out)
{
    add_pairs(out, "form", &request->form);
    if (request->form.count == 0 && form_looks_like_json(request->text))
        add_json(out, request->text);
    add_pairs(out, "query", &request->query);
    if (request->body.len == 0)
        buf_printf(out, "%sno body", out->len ? "   " : "");
    else if (out->len == 0)
        buf_printf(out, "%zu bytes of %.*s", request->body.len,
                   TEXT_ARG(request->media_type.len ? request->media_type
                                                    : TEXT("no type")));
}
