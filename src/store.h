/* store.h - values that scripts share, bounded, with a time to live.
 *
 * Names to values, the same for all scripts and workers, lost at a restart.
 * Once it is full (in entries or bytes) the least recently used goes first.
 * Time is what the caller says it is: the receipt of the request, so a recorded
 * test sees the same as the request did.
 *
 * Threads: any; one lock, held for the look-up and the copy only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct buf;
struct error;
struct store;

enum store_type { STORE_TEXT, STORE_INTEGER, STORE_FLOAT, STORE_BOOLEAN };

struct store_value {
    enum store_type type;
    union {
        struct text text;
        int64_t integer;
        double number;
        bool truth;
    } as;
};

struct store *store_new(size_t max_entries, size_t max_bytes);
void store_free(struct store *store);
/* Forgets everything. */
void store_clear(struct store *store);

/* ERR_SCRIPT if name and value are more than LIMIT_STORE_ENTRY_BYTES, or there
 * is no memory; nothing has changed then. ttl_ns 0: until it is pushed out. */
bool store_set(struct store *store, struct text name,
               const struct store_value *value, int64_t now_ns, uint64_t ttl_ns,
               struct error *err);
/* What adds has a mark of its own, which no ticket is like. */
#define STORE_MARK (UINT64_C(1) << 63)
uint64_t store_mark(struct store *store);
/* The same, if there is nothing of that name; *added says so. *ticket is the
 * mark of who adds; then that of who was first, or what store_settle made of
 * it, or 0 where there is nothing to wait for, as it is one's own. */
bool store_add(struct store *store, struct text name,
               const struct store_value *value, int64_t now_ns, uint64_t ttl_ns,
               bool *added, uint64_t *ticket, struct error *err);
/* What was added has another ticket now, if it still has the one it had. */
void store_settle(struct store *store, struct text name, int64_t now_ns,
                  uint64_t had, uint64_t ticket);
/* False: there is none. A text is copied into out, which is cleared first. */
bool store_get(struct store *store, struct text name, int64_t now_ns,
               struct buf *out, struct store_value *value);
/* Adds by, an integer or a float, to the number there, or to 0; *sum is what
 * came out, an integer where both are. ttl_ns counts for a new one only. ERR_
 * SCRIPT if the value is no number, or leaves the range of its integers. */
bool store_incr(struct store *store, struct text name,
                const struct store_value *by, int64_t now_ns, uint64_t ttl_ns,
                struct store_value *sum, struct error *err);
/* False: there was none. */
bool store_delete(struct store *store, struct text name, int64_t now_ns);

/* Entries and bytes in use; for tests and metrics. */
size_t store_count(struct store *store);
size_t store_bytes(struct store *store);
