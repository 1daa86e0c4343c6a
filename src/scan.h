/* scan.h - takes what a text begins with, or leaves the text as it was.
 *
 * The small steps of readers that go left to right: each takes what it knows
 * from the front of *text and says whether it was there. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

bool scan_char(struct text *text, char c);
/* Any of the characters in the string; the one taken, or 0. */
char scan_any(struct text *text, const char *of);
/* The word, its ASCII letters in either case. */
bool scan_word(struct text *text, const char *word);
/* Spaces, tabs and line ends; how many there were. */
size_t scan_blanks(struct text *text);
/* Decimal digits, `most` at most (up to 9); how many there were. *value is set
 * only then. */
size_t scan_digits(struct text *text, size_t most, int *value);
/* The digits behind a decimal point as billionths; those past the ninth count
 * nothing. False: there is no digit. */
bool scan_billionths(struct text *text, int *billionths);
/* The text without blanks at both ends. */
struct text scan_trim(struct text text);
/* A header's name, as RFC 9110 5.6.2 has it. */
bool scan_is_token(struct text name);
