/* gzip.c - see gzip.h.
 *
 * zlib writes straight into the room that the buf has left, a chunk at a time,
 * so memory grows with what really comes out and never past the ceiling.
 *
 * What can go wrong: a bomb (260 kB that become 256 MB) ends at the ceiling,
 * since once the buf is full one spare byte of room tells whether more would
 * come. Bytes that are damaged or end too early are told with their offset. In
 * each case out is cut back to what it held before.
 */
#include "gzip.h"

#include <assert.h>
#include <limits.h>

#define ZLIB_CONST
#include <zlib.h>

#include "buf.h"
#include "error.h"

enum {
    CHUNK_BYTES = 64 << 10,
    WINDOW_BITS = 15,
    GZIP_WRAPPER = 16, /* added to the window bits: RFC 1952 around it */
    MEMORY_LEVEL = 8
};

/* A zlib header is a method of 8 and a sum that 31 divides. Raw deflate cannot
 * look like it: the same bits would be a stored block with rubbish in the
 * padding, which no encoder writes. */
static bool has_zlib_header(struct text in)
{
    if (in.len < 2)
        return false;
    unsigned first = (unsigned char)in.at[0];
    unsigned second = (unsigned char)in.at[1];
    return (first & 0x0f) == Z_DEFLATED && (first << 8 | second) % 31 == 0;
}

static int window_bits(struct text in, enum gzip_format format)
{
    switch (format) {
    case GZIP_GZIP:
        return WINDOW_BITS + GZIP_WRAPPER;
    case GZIP_DEFLATE:
        return has_zlib_header(in) ? WINDOW_BITS : -WINDOW_BITS;
    }
    assert(false && "a gzip_format");
    return 0;
}

/* One call of inflate into what room out has left. */
static int inflate_some(z_stream *z, struct buf *out, struct error *err)
{
    char spare;
    size_t left = out->max_bytes - out->len;
    size_t room = left == 0            ? 1
                  : left > CHUNK_BYTES ? (size_t)CHUNK_BYTES
                                       : left;
    char *to = left ? buf_reserve(out, room) : &spare;
    if (!to) {
        fail(err, ERR_FULL, "no memory for what the body inflates to");
        return Z_MEM_ERROR;
    }
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)room;
    int code = inflate(z, Z_NO_FLUSH);
    size_t made = room - z->avail_out;
    if (left)
        buf_commit(out, made);
    else if (made > 0) {
        fail(err, ERR_TOO_LARGE, "the body inflates to more than %zu bytes",
             out->max_bytes);
        return Z_MEM_ERROR;
    }
    if (code == Z_MEM_ERROR)
        fail(err, ERR_FULL, "no memory to inflate the body");
    return code;
}

static bool inflate_all(z_stream *z, size_t in_len, enum gzip_format format,
                        struct buf *out, struct error *err)
{
    for (;;) {
        int code = inflate_some(z, out, err);
        size_t offset = in_len - z->avail_in;
        if (code == Z_MEM_ERROR)
            return false;
        if (code == Z_STREAM_END && z->avail_in == 0)
            return true;
        if (code == Z_STREAM_END && format == GZIP_GZIP)
            code = inflateReset(z); /* the next member */
        if (code == Z_STREAM_END)
            return fail(err, ERR_BAD_REQUEST,
                        "compressed body ends at byte %zu of %zu", offset,
                        in_len);
        if (code == Z_BUF_ERROR
            || (code == Z_OK && z->avail_in == 0 && z->avail_out > 0))
            return fail(err, ERR_BAD_REQUEST,
                        "compressed body is cut short after byte %zu", offset);
        if (code != Z_OK)
            return fail(err, ERR_BAD_REQUEST,
                        "compressed body is damaged at byte %zu: %s", offset,
                        z->msg ? z->msg : "a dictionary is missing");
    }
}

bool gzip_inflate(struct text in, enum gzip_format format, struct buf *out,
                  struct error *err)
{
    if (in.len > UINT_MAX)
        return fail(err, ERR_TOO_LARGE, "a compressed body of %zu bytes",
                    in.len);
    z_stream z = {.next_in = (const Bytef *)in.at, .avail_in = (uInt)in.len};
    if (inflateInit2(&z, window_bits(in, format)) != Z_OK)
        return fail(err, ERR_FULL, "no memory to inflate the body");
    size_t before = out->len;
    bool is_inflated = inflate_all(&z, in.len, format, out, err);
    if (!is_inflated)
        buf_truncate(out, before);
    inflateEnd(&z);
    return is_inflated;
}

bool gzip_deflate(struct text in, int level, struct buf *out, struct error *err)
{
    z_stream z = {.next_in = (const Bytef *)in.at, .avail_in = (uInt)in.len};
    if (in.len > UINT_MAX
        || deflateInit2(&z, level, Z_DEFLATED, WINDOW_BITS + GZIP_WRAPPER,
                        MEMORY_LEVEL, Z_DEFAULT_STRATEGY)
               != Z_OK)
        return fail(err, ERR_TOO_LARGE, "no memory to compress %zu bytes",
                    in.len);
    size_t room = deflateBound(&z, (uLong)in.len);
    if (room > out->max_bytes - out->len)
        room = out->max_bytes - out->len;
    char *to = buf_reserve(out, room);
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)room;
    bool is_whole = to && deflate(&z, Z_FINISH) == Z_STREAM_END;
    if (is_whole)
        buf_commit(out, room - z.avail_out);
    deflateEnd(&z);
    return is_whole
           || fail(err, ERR_TOO_LARGE,
                   "compressed, %zu bytes need more than %zu", in.len, room);
}

const char *gzip_library(void)
{
    return zlibVersion();
}
