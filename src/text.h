/* text.h - bytes that somebody else owns: a pointer and a length.
 *
 * A text is never NUL-terminated by promise and may hold any byte. Whoever
 * hands one out says how long it lives. at may be NULL only when len is 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct text {
    const char *at;
    size_t len;
};

/* A string literal as text. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* For printf: "%.*s", TEXT_ARG(text). */
#define TEXT_ARG(text) (int)(text).len, (text).at ? (text).at : ""

static inline struct text text_of(const char *string)
{
    return (struct text){string, string ? strlen(string) : 0};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Below, at or above zero as a stands before, with or after b, bytewise. */
static inline int text_compare(struct text a, struct text b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.at, b.at, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* ASCII letters match in either case; for header names and schemes. */
static inline bool text_equal_nocase(struct text a, struct text b)
{
    return a.len == b.len
           && (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

static inline bool text_starts_with(struct text a, struct text prefix)
{
    return a.len >= prefix.len
           && (prefix.len == 0 || memcmp(a.at, prefix.at, prefix.len) == 0);
}

static inline bool text_ends_with(struct text a, struct text end)
{
    return a.len >= end.len
           && (end.len == 0
               || memcmp(a.at + a.len - end.len, end.at, end.len) == 0);
}

static inline struct text text_skip(struct text a, size_t bytes)
{
    return (struct text){bytes ? a.at + bytes : a.at, a.len - bytes};
}

/* Takes everything up to the byte off *rest, and the byte too; all of it if the
 * byte is not there. "a\nb" by lines, "a=1&b=2" by pairs. */
static inline struct text text_cut(struct text *rest, char at)
{
    const char *end = rest->len ? memchr(rest->at, at, rest->len) : NULL;
    struct text head = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
    *rest = text_skip(*rest, end ? head.len + 1 : head.len);
    return head;
}
