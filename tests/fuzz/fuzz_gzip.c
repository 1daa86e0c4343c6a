/* Whatever a sender calls gzip or deflate: inflating ends, stays under the
 * ceiling, and leaves the buf as it was if it fails. What we compress comes
 * back as it went in. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "gzip.h"

enum { CEILING = 1 << 20 };

static void inflate_it(struct text in, enum gzip_format format)
{
    struct error err = {0};
    struct buf out;
    buf_init(&out, CEILING);
    buf_append(&out, "keep", 4);
    bool is_inflated = gzip_inflate(in, format, &out, &err);
    assert(out.len >= 4 && out.len <= CEILING);
    assert(memcmp(out.data, "keep", 4) == 0);
    assert(is_inflated || (out.len == 4 && err.text[0]));
    buf_deinit(&out);
}

static void there_and_back(struct text in)
{
    struct buf packed, plain;
    buf_init(&packed, CEILING);
    buf_init(&plain, CEILING);
    bool is_same = gzip_deflate(in, 1, &packed, NULL)
                   && gzip_inflate(buf_text(&packed), GZIP_GZIP, &plain, NULL)
                   && text_equal(buf_text(&plain), in);
    assert(is_same || in.len > CEILING / 2);
    buf_deinit(&packed);
    buf_deinit(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text in = {(const char *)data, size};
    inflate_it(in, GZIP_GZIP);
    inflate_it(in, GZIP_DEFLATE);
    there_and_back(in);
    return 0;
}
