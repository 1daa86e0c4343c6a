/* buf.h - bytes that grow up to a ceiling.
 *
 * A buf is born with the most it may ever hold. An append beyond that (or
 * beyond memory) stores nothing, sets has_overflowed and returns false; the
 * mark stays until buf_clear, so a row of appends can be checked once at its
 * end. The struct is open: read data and len, change them only through here.
 * One thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct buf {
    char *data; /* NULL while nothing was appended; not NUL-terminated */
    size_t len;
    size_t capacity;
    size_t max_bytes;
    bool has_overflowed;
};

void buf_init(struct buf *buf, size_t max_bytes);
/* Frees the memory; the buf is then as after buf_init. A zeroed buf is fine. */
void buf_deinit(struct buf *buf);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *buf);

bool buf_append(struct buf *buf, const void *bytes, size_t len);
bool buf_append_text(struct buf *buf, struct text text);
bool buf_append_char(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for len more bytes: where to write them, or NULL past the ceiling.
 * buf_commit says how many were written. Valid until the next append. */
char *buf_reserve(struct buf *buf, size_t len);
void buf_commit(struct buf *buf, size_t len);

/* Cuts back to len bytes, which must not be more than it holds. */
void buf_truncate(struct buf *buf, size_t len);
/* Removes len bytes at the front; the rest moves up. */
void buf_consume(struct buf *buf, size_t len);

/* A view, valid until the next append. */
struct text buf_text(const struct buf *buf);
/* The same as a C string (a NUL is put behind, not counted); "" if it is full
 * to the brim or empty. */
const char *buf_string(struct buf *buf);

/* For sizes that we choose: stop the process (exit 71) when there is no memory;
 * what was promised is in the journal. The memory is zeroed. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *string);
char *xstrndup(const char *bytes, size_t len);
/* What a library allocated; stops likewise at NULL. */
void *xgiven(void *memory);
