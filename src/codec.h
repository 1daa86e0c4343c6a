/* codec.h - hex, base64, percent-encoding and charsets.
 *
 * Every decoder appends to out, whose ceiling holds, and on bytes that it
 * cannot read fails with ERR_BAD_REQUEST and the offset. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct buf;
struct error;

bool codec_hex_decode(struct text in, struct buf *out, struct error *err);
bool codec_hex_encode(struct text in, struct buf *out);

/* decode asks for room of 3 bytes for each 4 begun, then gives back the rest.
 * Both alphabets (+/ and -_) are read, with or without padding; blanks and
 * newlines are skipped. The writer uses +/ and padding. */
bool codec_base64_decode(struct text in, struct buf *out, struct error *err);
bool codec_base64_encode(struct text in, struct buf *out);

/* Percent-decoding as browsers do it: a broken %zz stays as it is; with
 * plus_is_space '+' becomes a blank. out needs at.len bytes at most; it may be
 * the input itself. Returns the length. */
size_t codec_url_decode(struct text in, bool plus_is_space, char *out);
/* All but letters, digits and -._~ is encoded. */
bool codec_url_encode(struct text in, struct buf *out);

/* Appends in as UTF-8. charset as in a Content-Type, in any case; empty means
 * UTF-8. Read: utf-8, us-ascii, iso-8859-1 (whose control bytes are read as
 * windows-1252), iso-8859-15, windows-1252, utf-16, utf-16le, utf-16be. A BOM
 * goes. ERR_MEDIA_TYPE for another charset; ERR_BAD_REQUEST for bytes that are
 * none of it. */
bool codec_to_utf8(struct text in, struct text charset, struct buf *out,
                   struct error *err);
