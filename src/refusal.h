/* refusal.h - the lines that an answer names as refused, and why. */
#pragma once

#include <stddef.h>

#include "text.h"

struct refusal {
    size_t line;        /* counted from 0, of those that were sent */
    struct text reason; /* the server's words: one line of printable UTF-8 */
};
