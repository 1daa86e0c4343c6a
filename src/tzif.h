/* tzif.h - a compiled time zone (RFC 8536): how far from UTC at each moment.
 *
 * Reads the bytes of one file of /usr/share/zoneinfo: the 64-bit transitions,
 * and for what comes after the last of them the rule in the footer, as POSIX
 * writes it in TZ. Immutable once parsed: any thread may ask.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct error;
struct tzif;

/* NULL and ERR_CONFIG if the bytes are no such file. Nothing of them is kept.
 */
struct tzif *tzif_new(struct text bytes, struct error *err);
void tzif_free(struct tzif *zone);

/* Seconds to add to UTC for local time, at this second of UTC. */
int64_t tzif_offset_s(const struct tzif *zone, int64_t utc_s);
