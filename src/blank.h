/* blank.h - what is said about a request, without the secrets that it carries.
 *
 * secrets.h knows them by name; here their values are looked for, wherever they
 * turn up: in an error that quotes what could not be read, in a reason, in what
 * a script prints. A value of less than four bytes is let through, since it
 * could be anything. Reentrant.
 */
#pragma once

#include <stdbool.h>

#include "text.h"

struct buf;
struct error;
struct request;
struct route;

/* Appends text, each secret in it as "***"; never longer than text. False: out
 * is full. route may be NULL. */
bool blank_write(const struct route *route, const struct request *request,
                 struct text text, struct buf *out);

/* The same for what an error says. */
void blank_error(const struct route *route, const struct request *request,
                 struct error *err);
