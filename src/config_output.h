/* config_output.h - the `outputs` of a configuration, checked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "relay.h"

struct contract_options;
struct error;
struct setting;

struct config_output {
    char *name;
    struct relay_options relay;     /* journal is filled at start */
    struct contract_options *types; /* NULL: any type goes */
};

struct config_outputs {
    struct config_output *items;
    size_t count;
    char **names; /* of items, in their order, NULL-terminated */
};

/* Adds each output of the table. dir: what the name of a file starts from. */
bool config_output_read(const struct setting *table, const char *dir,
                        struct config_outputs *outputs, struct error *err);

/* Without `outputs`: the InfluxDB that INFLUX_HOST, INFLUX_ORG, INFLUX_BUCKET
 * and INFLUX_TOKEN name, else stdout. */
bool config_output_default(struct config_outputs *outputs, struct error *err);

/* One that prints to stdout. */
void config_output_stdout(struct config_outputs *outputs);

void config_output_deinit(struct config_outputs *outputs);

/* The place of a name in items; count if there is none. */
size_t config_output_find(const struct config_outputs *outputs,
                          const char *name);
