/* printable.h - any bytes as printable UTF-8, for people: one line, or lines.
 * Reentrant. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "text.h"

/* Writes at most size - 1 bytes and a NUL, never more than in.len + 1, and cuts
 * between characters; returns the length. Blanks and control characters become
 * one space, those at the ends go; a byte that is no UTF-8 becomes '?'. */
size_t printable(struct text in, char *out, size_t size);

/* For a report of several lines: newlines and tabs stay, what could steer a
 * terminal becomes a space, a byte that is no UTF-8 '?'. */
void printable_write(struct text in, FILE *out);
