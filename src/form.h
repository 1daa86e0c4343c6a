/* form.h - urlencoded text, in a body or a query, as names with values.
 *
 * "a=1&b=x+y%20z&a=2": pairs in the order they came, a repeated name as often
 * as it came, '+' a blank, a broken %zz kept as it stands, a name without '='
 * with an empty value. Only '&' separates. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct arena;
struct error;
struct pairs;

/* Adds the pairs of in to pairs. Texts without an escape point into in, the
 * others live in the arena. charset (as in a Content-Type, empty: UTF-8) is
 * what the bytes are in after percent-decoding; bytes that are no UTF-8 though
 * no other charset was said stay as they are.
 *
 * A line end after the last pair is not part of it. Any other control byte
 * cannot stand in a form: ERR_BAD_REQUEST with its offset. ERR_TOO_LARGE past
 * LIMIT_FORM_PAIRS or the arena, ERR_MEDIA_TYPE for an unknown charset. */
bool form_read(struct text in, struct text charset, struct pairs *pairs,
               struct arena *arena, struct error *err);

/* Takes the next pair off *rest, still encoded; false at the end. */
bool form_next(struct text *rest, struct text *name, struct text *value);

/* True for a body that looks like a form though nobody said so: a name of
 * letters, digits and _ . - [ ] % + first, then '=', and up to the end no
 * blank, no control byte and none of { } < > " (JSON, line protocol, XML and
 * sentences have one of these). */
bool form_looks_like_one(struct text body);

/* True for a body that is left to JSON although its type says form: the first
 * byte after blanks is { or [. */
bool form_looks_like_json(struct text body);
