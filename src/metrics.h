/* metrics.h - every counter and gauge as text for Prometheus.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 * One thread at a time.
 */
#pragma once

#include <stdbool.h>

struct buf;
struct watched;

/* False: out is full. */
bool metrics_write(const struct watched *watched, struct buf *out);
