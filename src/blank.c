/* blank.c - see blank.h. */
#include "blank.h"

#include <stdio.h>

#include "buf.h"
#include "error.h"
#include "request.h"
#include "scan.h"
#include "secrets.h"

enum { MOST_VALUES = 32, LEAST_BYTES = 4, MOST_FORM_BYTES = 64 << 10 };

struct values {
    struct text items[MOST_VALUES];
    size_t count;
};

static void add(struct values *values, struct text value)
{
    if (value.len >= LEAST_BYTES && values->count < MOST_VALUES)
        values->items[values->count++] = value;
}

/* "Bearer s3cret" is one, and so is what stands behind the blank. */
static void add_headers(struct values *values, const struct route *route,
                        const struct pairs *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct pair *header = &headers->items[i];
        if (!secrets_is_header(route, header->name))
            continue;
        struct text behind = header->value;
        text_cut(&behind, ' ');
        add(values, header->value);
        add(values, behind);
    }
}

static void add_fields(struct values *values, const struct route *route,
                       const struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (secrets_is_field(route, pairs->items[i].name))
            add(values, pairs->items[i].value);
}

/* A script that shows a whole body shows the value as it was sent. */
static void add_encoded(struct values *values, const struct route *route,
                        struct text form)
{
    while (form.len > 0) {
        struct text value = text_cut(&form, '&');
        struct text name = text_cut(&value, '=');
        if (secrets_is_encoded_field(route, name))
            add(values, scan_trim(value));
    }
}

static void collect(struct values *values, const struct route *route,
                    const struct request *request)
{
    values->count = 0;
    add_headers(values, route, &request->headers);
    add_fields(values, route, &request->query);
    add_fields(values, route, &request->form);
    add_fields(values, route, &request->params);
    add_encoded(values, route, request->query_string);
    struct text body = request->body.at ? request->body : request->raw_body;
    if (body.len <= MOST_FORM_BYTES)
        add_encoded(values, route, body);
}

/* How long the secret is that text begins with; 0: none. */
static size_t secret_at(const struct values *values, struct text text)
{
    for (size_t i = 0; i < values->count; i++)
        if (text_starts_with(text, values->items[i]))
            return values->items[i].len;
    return 0;
}

bool blank_write(const struct route *route, const struct request *request,
                 struct text text, struct buf *out)
{
    struct values values;
    collect(&values, route, request);
    if (values.count == 0)
        return buf_append_text(out, text);
    while (text.len > 0 && !out->has_overflowed) {
        size_t len = secret_at(&values, text);
        if (len > 0)
            buf_append_text(out, TEXT(SECRET_BLANK));
        else
            buf_append_char(out, text.at[0]);
        text = text_skip(text, len > 0 ? len : 1);
    }
    return !out->has_overflowed;
}

void blank_error(const struct route *route, const struct request *request,
                 struct error *err)
{
    struct buf text;
    buf_init(&text, sizeof err->text);
    if (blank_write(route, request, text_of(err->text), &text))
        snprintf(err->text, sizeof err->text, "%s", buf_string(&text));
    buf_deinit(&text);
}
