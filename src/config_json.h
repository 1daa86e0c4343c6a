/* config_json.h - a table of the configuration as JSON text, for req.vars. */
#pragma once

#include <stdbool.h>

struct buf;
struct error;
struct setting;

/* A list becomes an array, an empty table an object. ERR_CONFIG for what JSON
 * cannot say: a function, a number that is not finite, names beside elements,
 * bytes that are not UTF-8. */
bool config_json_write(const struct setting *setting, struct buf *out,
                       struct error *err);
