/* health.h - is all well, and if not, what is wrong, in plain words.
 *
 * Asked by the operators' door, any number of times a second. One thread at a
 * time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct dead;
struct journal;
struct relay;

/* What is watched; all of it outlives whoever holds this. */
struct watched {
    struct journal *journal;
    struct relay *const *relays;
    const char *const *relay_names;
    size_t relay_count;
    struct dead *dead; /* NULL: none is looked at */
};

/* Both append one line of JSON:
 *   {"status":"pass","reasons":[]}
 *   {"status":"warn","reasons":["the journal was damaged ..."]}
 *   {"status":"fail","reasons":["the journal is full: ..."]}
 * and return true for pass and warn. health looks at everything; ready only at
 * what it takes to accept a write, so an InfluxDB that is down does not matter
 * to it.
 */
bool health_write(const struct watched *watched, struct buf *out);
bool health_write_ready(const struct watched *watched, struct buf *out);
