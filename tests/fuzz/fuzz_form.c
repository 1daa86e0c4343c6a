/* fuzz_form.c - any bytes as a form or a query: no crash, every text inside
 * the input or the arena, and reading is stable: what was read, encoded again,
 * reads the same. The first byte picks the charset.
 */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "ceilings.h"
#include "codec.h"
#include "error.h"
#include "form.h"
#include "pairs.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct text charset_of(uint8_t pick)
{
    switch (pick % 4) {
    case 0:
        return TEXT("iso-8859-1");
    case 1:
        return TEXT("utf-16le");
    case 2:
        return TEXT("utf-8");
    default:
        return TEXT("");
    }
}

static void write_again(const struct pairs *pairs, struct buf *out)
{
    for (size_t i = 0; i < pairs->count; i++)
        must(codec_url_encode(pairs->items[i].name, out)
             && buf_append_char(out, '=')
             && codec_url_encode(pairs->items[i].value, out)
             && buf_append_char(out, '&'));
}

static void check_same(const struct pairs *a, const struct pairs *b)
{
    must(a->count == b->count);
    for (size_t i = 0; i < a->count; i++)
        must(text_equal(a->items[i].name, b->items[i].name)
             && text_equal(a->items[i].value, b->items[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct text in = {(const char *)data + 1, size - 1};
    struct arena arena;
    struct pairs pairs = {0}, again = {0};
    struct error err = {0};
    struct buf out;
    arena_init(&arena, LIMIT_REQUEST_ARENA_BYTES);
    buf_init(&out, SIZE_MAX);
    if (form_read(in, charset_of(data[0]), &pairs, &arena, &err)) {
        write_again(&pairs, &out);
        must(form_read(buf_text(&out), TEXT(""), &again, &arena, &err));
        check_same(&pairs, &again);
    } else {
        must(err.kind != ERR_NONE && err.text[0]);
    }
    if (form_looks_like_one(in))
        must(!form_looks_like_json(in));
    buf_deinit(&out);
    arena_deinit(&arena);
    return 0;
}
