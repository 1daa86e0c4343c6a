/* influx_url.h - where a write goes: the address of each API, out of an
 * output's options, which are checked. Reentrant. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;
struct influx_options;

enum { INFLUX_URL_BYTES = 8 << 10 };

/* Appends the url; *where_len: its length without the query, as it is shown to
 * people. ERR_CONFIG for a url that is none, for a missing bucket or database,
 * or for a value with a control byte in it. */
bool influx_url_append(struct buf *out, const struct influx_options *options,
                       size_t *where_len, struct error *err);

/* ERR_CONFIG, with the place, if value (NULL is fine) has a control byte. */
bool influx_url_check(const char *name, const char *value, struct error *err);
