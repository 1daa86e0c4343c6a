/* config_verify.h - the `verify` of a route, checked. */
#pragma once

#include <stdbool.h>

struct error;
struct setting;
struct verify;

/* `false`, written out, gives *verify NULL: anybody may post. */
bool config_verify_read(const struct setting *setting, struct verify **verify,
                        struct error *err);
