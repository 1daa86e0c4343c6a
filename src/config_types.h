/* config_types.h - an output's `types`: which type each field has.
 *
 *   types = "learn"
 *   types = { ["soil.temperature"] = "float", learn = true, convert = "text" }
 *   types = { ["station.2"] = { ["rain.24h"] = "float" } }
 *
 * measurement.field has one dot; names with dots of their own are written as a
 * table of a measurement.
 */
#pragma once

#include <stdbool.h>

#include "contracts.h"

struct error;
struct setting;

/* Malloc'ed, or NULL and ERR_CONFIG with file and line. */
struct contract_options *config_types_read(const struct setting *setting,
                                           struct error *err);
/* NULL is fine. */
void config_types_free(struct contract_options *contract);
