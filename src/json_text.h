/* json_text.h - a text as the inside of a JSON string. Reentrant. */
#pragma once

#include <stdbool.h>

#include "text.h"

struct buf;

/* Appends text, escaped, without the quotes around it. If it is no UTF-8, each
 * byte beyond ASCII becomes a question mark. */
bool json_text_append(struct buf *out, struct text text);
