/* utf8.h - UTF-8: is it, how long is a character, how is one written.
 *
 * Well-formed means no surrogate, nothing overlong, nothing beyond U+10FFFF.
 * Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* How many bytes (1 to 4) the character at at has; 0 if there is none: a stray
 * byte, what is not well-formed, what end cuts. at must be before end. */
size_t utf8_sequence(const char *at, const char *end);

/* True if all of it is; else *offset of the first byte that is not. offset may
 * be NULL. */
bool utf8_is_valid(struct text in, size_t *offset);

/* Writes a character that is no surrogate; returns its length. */
enum { UTF8_BYTES = 4 };
size_t utf8_put(uint32_t character, char out[UTF8_BYTES]);
