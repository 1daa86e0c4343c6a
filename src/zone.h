/* zone.h - how far a place is from UTC at a moment.
 *
 * Reads the compiled zone files of the system (RFC 8536, /usr/share/zoneinfo);
 * zones that were read are kept for the life of the process. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct error;

/* True if name says its offset itself: "", "Z", "UTC", "GMT", "UT", "+01:00",
 * "-0700", "+01". */
bool zone_fixed_offset(struct text name, int64_t *offset_s);

/* Local wall time, as seconds since 1970 read as if it were UTC, to UTC. name:
 * "Europe/Berlin", "+01:00", "-0700", "UTC", "" (UTC). In the hour that comes
 * twice the first counts; a time that is skipped is moved ahead by the gap.
 * ERR_CONFIG: there is no such zone. */
bool zone_to_utc(struct text name, int64_t local_s, int64_t *utc_s,
                 struct error *err);
