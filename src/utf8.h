/* utf8.h - UTF-8, one character at a time. Reentrant. */
#pragma once

#include <stddef.h>

/* How many bytes (1 to 4) the character at at has; 0 if there is none: a stray
 * byte, an overlong form, a surrogate, beyond U+10FFFF, cut by end. at must be
 * before end. */
size_t utf8_sequence(const char *at, const char *end);
