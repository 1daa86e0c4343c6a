/* sink.h - a stand-in InfluxDB for trying things out: takes v1, v2 and v3
 * writes, checks every line strictly, prints them or appends them to a file.
 */
#pragma once

#include <stdbool.h>

struct error;

/* Runs until SIGINT or SIGTERM. file NULL: stdout. Port 0 takes a free one; the
 * first line on stderr says which address it is. A bad line is answered 400
 * with its place, and nothing of that body is kept. */
bool sink_run(const char *listen, const char *file, struct error *err);
