/* reload_status.h - how the last reload went, for /health and the metrics. Any
 * thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { RELOAD_REASON_BYTES = 1100 };

/* reason NULL: all is well. */
void reload_status_set(const char *reason);
/* False: the last one failed, *since_ns (wall time) and reason say when and
 * why. Without any reload all is well since the start. */
bool reload_status_look(int64_t *since_ns, char reason[RELOAD_REASON_BYTES]);
