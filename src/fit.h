/* fit.h - a value as another type, where nothing of it is lost.
 *
 * 20 is 20.0 and 20.0 is 20; 20.5 is no int, and an int of twenty digits that a
 * float would round is no float. Nothing becomes text, and text becomes a
 * number or a truth only when told. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "point.h"
#include "text.h"

/* "float", "int", "uint", "bool", "string". */
const char *fit_type_name(enum value_type type);
bool fit_type_read(struct text name, enum value_type *type);

/* *fitted is the value as that type. False: it does not fit. reads_text: "21.5"
 * counts as 21.5, with blanks around it too, "TRUE" as true. */
bool fit_value(const struct value *value, enum value_type type, bool reads_text,
               struct value *fitted);

/* What it is, for people: float 20.5, int 20, bool true, text "n/a" (cut). */
void fit_describe(const struct value *value, char *out, size_t size);
