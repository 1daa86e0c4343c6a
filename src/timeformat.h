/* timeformat.h - times in a format that the script spells out (strptime).
 *
 * English names, no locale. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct error;

/* format: %Y %m %d %e %H %I %p %M %S (with a fraction) %f %y %b %B %h %a %A %j
 * %z %Z %s %T %D %F %R %n %t %%; a blank stands for any number of them. The
 * whole text must be used up, and a date must be among it; weekdays are read
 * and not believed. zone is used where the text has none. ERR_BAD_REQUEST names
 * the text, ERR_SCRIPT what is wrong with the format. */
bool timeformat_read(struct text text, struct text format, struct text zone,
                     int64_t *ns, struct error *err);
