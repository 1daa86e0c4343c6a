/* help.h - what each verb is for, for `moonline VERB --help`.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Of a verb, "dead"; NULL: all of them in short. False: there is no such verb,
 * and nothing was written. */
bool help_print(FILE *out, const char *verb);

/* " (did you mean test?)", or "". Valid until the next call. */
const char *help_hint(const char *verb);
