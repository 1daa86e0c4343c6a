/* buf.c - see buf.h. Capacity doubles, so n appends cost O(n) copying; memory
 * that was refused counts as the ceiling, so callers know one failure only. */
#include "buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "memory.h"

enum { FIRST_CAPACITY = 256 };

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max_bytes = max_bytes};
}

void buf_deinit(struct buf *buf)
{
    size_t max_bytes = buf->max_bytes;
    free(buf->data);
    buf_init(buf, max_bytes);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->has_overflowed = false;
}

static bool grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > buf->max_bytes)
        capacity = buf->max_bytes;
    char *data = realloc(buf->data, capacity);
    if (!data) {
        memory_was_refused();
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (len > buf->max_bytes - buf->len
        || (len > buf->capacity - buf->len && !grow(buf, buf->len + len))
        || !buf->data) {
        buf->has_overflowed = true;
        return NULL;
    }
    return buf->data + buf->len;
}

void buf_commit(struct buf *buf, size_t len)
{
    assert(len <= buf->capacity - buf->len);
    buf->len += len;
}

bool buf_append(struct buf *buf, const void *bytes, size_t len)
{
    if (len == 0)
        return true;
    char *to = buf_reserve(buf, len);
    if (!to)
        return false;
    memcpy(to, bytes, len);
    buf->len += len;
    return true;
}

bool buf_append_text(struct buf *buf, struct text text)
{
    return buf_append(buf, text.at, text.len);
}

bool buf_append_char(struct buf *buf, char c)
{
    return buf_append(buf, &c, 1);
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *to = len >= 0 ? buf_reserve(buf, (size_t)len + 1) : NULL;
    if (to) {
        vsnprintf(to, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
    return to != NULL;
}

void buf_truncate(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len = len;
}

void buf_consume(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    if (len == 0)
        return;
    memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len;
}

struct text buf_text(const struct buf *buf)
{
    return (struct text){buf->data, buf->len};
}

const char *buf_string(struct buf *buf)
{
    bool was_overflowed = buf->has_overflowed;
    char *end = buf_reserve(buf, 1);
    buf->has_overflowed = was_overflowed;
    if (!end)
        return "";
    *end = '\0';
    return buf->data;
}

void *xgiven(void *memory)
{
    static const char why[] = "moonline: out of memory, stopping; what was"
                              " acknowledged is in the journal\n";
    if (memory)
        return memory;
    ssize_t ignored = write(STDERR_FILENO, why, sizeof why - 1);
    (void)ignored;
    _exit(EX_OSERR);
}

void *xcalloc(size_t count, size_t size)
{
    return xgiven(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *memory, size_t size)
{
    return xgiven(realloc(memory, size ? size : 1));
}

char *xstrndup(const char *bytes, size_t len)
{
    char *copy = xcalloc(len + 1, 1);
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

char *xstrdup(const char *string)
{
    return xstrndup(string, strlen(string));
}
