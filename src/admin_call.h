/* admin_call.h - one POST to the admin port of a gateway that runs.
 */
#pragma once

#include <stdbool.h>

#include "text.h"

struct buf;
struct error;

/* address: "127.0.0.1:8581". The answer, wanted as plain text, goes to out.
 * ERR_IO: nobody answers there, or not 200; the text says what it said. */
bool admin_call(const char *address, const char *path, struct text body,
                struct buf *out, struct error *err);
