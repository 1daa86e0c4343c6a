/* Any bytes through every codec: what is written reads back as the same bytes,
 * and what is made UTF-8 is UTF-8. */
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "codec.h"
#include "utf8.h"

struct codec {
    bool (*decode)(struct text in, struct buf *out, struct error *err);
    bool (*encode)(struct text in, struct buf *out);
};

static bool url_decode(struct text in, struct buf *out, struct error *err)
{
    (void)err;
    char *to = buf_reserve(out, in.len + 1);
    if (to)
        buf_commit(out, codec_url_decode(in, true, to));
    return to != NULL;
}

static void must_be(bool holds)
{
    if (!holds)
        abort();
}

static void check_codec(const struct codec *codec, struct text bytes)
{
    struct buf text, back;
    buf_init(&text, 1 << 20);
    buf_init(&back, 1 << 20);
    must_be(codec->encode(bytes, &text));
    must_be(codec->decode(buf_text(&text), &back, NULL));
    must_be(text_equal(buf_text(&back), bytes));
    buf_clear(&back);
    codec->decode(bytes, &back, NULL);
    buf_deinit(&text);
    buf_deinit(&back);
}

static void check_charset(const char *charset, struct text bytes)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    if (codec_to_utf8(bytes, text_of(charset), &out, NULL))
        must_be(utf8_is_valid(buf_text(&out), NULL));
    else
        must_be(out.len == 0);
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct codec codecs[] = {
        {codec_hex_decode, codec_hex_encode},
        {codec_base64_decode, codec_base64_encode},
        {url_decode, codec_url_encode},
    };
    static const char *const charsets[] = {
        "",         "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252",
        "utf-16le", "utf-16be", "utf-16"};
    struct text bytes = {(const char *)data, size};
    if (size > 100000)
        return 0;
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        check_codec(&codecs[i], bytes);
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        check_charset(charsets[i], bytes);
    return 0;
}
