/* config_route.h - the `routes` of a configuration, checked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "config_output.h"
#include "config_script.h"
#include "route.h"

struct error;
struct setting;

/* What the routes need of the rest; scripts is filled on the way. */
struct config_route_context {
    const char *dir;
    const struct config_outputs *outputs;
    uint64_t default_outputs; /* bits; 0: a route must say */
    struct limits limits;     /* where a route says nothing else */
    struct config_scripts *scripts;
    const char *open_address; /* one that is not loopback; NULL: none */
};

bool config_route_read(const struct setting *list,
                       const struct config_route_context *context,
                       struct route_table *table, struct error *err);

/* `limits`, of a route or of all. */
bool config_route_limits(const struct setting *setting, struct limits *limits,
                         struct error *err);
