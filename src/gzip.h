/* gzip.h - inflate with a ceiling; deflate.
 *
 * Reentrant. All members of a gzip body are read; bytes behind the last one are
 * an error, as for InfluxDB.
 */
#pragma once

#include <stdbool.h>

#include "text.h"

struct buf;
struct error;

enum gzip_format {
    GZIP_GZIP,   /* RFC 1952 */
    GZIP_DEFLATE /* RFC 1950, or raw RFC 1951 as some senders do */
};

/* Appends what comes out to out, whose max_bytes is the ceiling. ERR_TOO_LARGE
 * past it; ERR_BAD_REQUEST for bytes that are cut short or damaged, with the
 * offset. */
bool gzip_inflate(struct text in, enum gzip_format format, struct buf *out,
                  struct error *err);

/* Appends one gzip member. level 1 (fast) to 9. ERR_TOO_LARGE if out is full.
 */
bool gzip_deflate(struct text in, int level, struct buf *out,
                  struct error *err);

/* The version of zlib in use. */
const char *gzip_library(void);
