/* reason.h - why a write was not taken, in one line for people. Reentrant. */
#pragma once

#include <stddef.h>

#include "text.h"

struct words;

/* Writes "<status> from <where>: <what the answer says> (<advice>)" as one line
 * of printable UTF-8, cut to size; the advice is what stays. With status 0 the
 * words are why there was no answer. */
void reason_write(int status, struct text where, const struct words *words,
                  const char *advice, char *out, size_t size);

/* Puts stars in place of a secret, which may be NULL. To be done before an
 * answer is cut or decoded, so that no half of one remains. */
void reason_blank(char *bytes, size_t len, const char *secret);
