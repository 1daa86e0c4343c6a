/* repeats.c - see repeats.h.
 *
 * An open hash table holds the points that were seen; its key is the series and
 * the time. Points with equal keys and no field in common merge in InfluxDB as
 * their sender wants it, so they are compared field by field too. The hash is
 * a plain FNV-1a: the table lives for one request and holds at most
 * limits.points, and the worst a sender can reach with colliding keys is
 * bounded by MAX_PROBES, after which a point counts as no repeat.
 */
#include "repeats.h"

#include <inttypes.h>
#include <stdlib.h>

#include "notes.h"
#include "point.h"
#include "text.h"

enum { MAX_PROBES = 1000 };

static const int64_t last_movable_ns = INT64_MAX - 1000000;

static uint64_t hash_bytes(uint64_t hash, struct text bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.at[i]) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t hash_point(const struct point *point)
{
    uint64_t hash =
        hash_bytes(UINT64_C(0xcbf29ce484222325), point->measurement);
    for (unsigned i = 0; i < point->tag_count; i++) {
        hash = hash_bytes(hash, point->tags[i].key);
        hash = hash_bytes(hash, point->tags[i].value);
    }
    struct text time = {(const char *)&point->time_ns, sizeof point->time_ns};
    return hash_bytes(hash, time);
}

static bool is_same_series(const struct point *a, const struct point *b)
{
    if (a->time_ns != b->time_ns || a->tag_count != b->tag_count
        || !text_equal(a->measurement, b->measurement))
        return false;
    for (unsigned i = 0; i < a->tag_count; i++)
        if (!text_equal(a->tags[i].key, b->tags[i].key)
            || !text_equal(a->tags[i].value, b->tags[i].value))
            return false;
    return true;
}

static bool shares_field(const struct point *a, const struct point *b)
{
    for (unsigned i = 0; i < a->field_count; i++)
        for (unsigned j = 0; j < b->field_count; j++)
            if (text_equal(a->fields[i].key, b->fields[j].key))
                return true;
    return false;
}

/* next_ns: where the last point that had to move away from this one went, plus
 * one; a thousand points at one time are then placed in a thousand steps. */
struct slot {
    struct point *point;
    int64_t next_ns;
};

struct table {
    struct slot *slots;
    size_t mask;
};

/* Puts the point in, or gives the slot of one that it would overwrite. */
static struct slot *insert(struct table *table, struct point *point)
{
    size_t at = hash_point(point) & table->mask;
    for (int probe = 0; probe < MAX_PROBES; probe++) {
        struct slot *slot = &table->slots[at];
        if (!slot->point) {
            *slot = (struct slot){point, point->time_ns + 1};
            return NULL;
        }
        if (is_same_series(slot->point, point)
            && shares_field(slot->point, point))
            return slot;
        at = (at + 1) & table->mask;
    }
    return NULL;
}

static void move_on(struct table *table, struct point *point,
                    struct slot *first)
{
    for (struct slot *slot = first; slot; slot = insert(table, point))
        point->time_ns = slot->next_ns;
    first->next_ns = point->time_ns + 1;
}

/* False if the point overwrites, or overwrote, another. */
static bool place(struct table *table, struct points *points,
                  struct point *point, bool spread)
{
    struct slot *taken = insert(table, point);
    if (!taken)
        return true;
    if (spread && point->time_ns < last_movable_ns)
        move_on(table, point, taken);
    else
        note(points->notes, NOTE_WARNING,
             "two points of %.*s have the same tags and time %" PRId64
             ": the later one overwrites (repeats = \"spread\" moves it)",
             TEXT_ARG(point->measurement), point->time_ns);
    return false;
}

size_t repeats_find(struct points *points, const size_t *indices, size_t count,
                    int64_t default_time_ns, bool spread)
{
    if (count < 2)
        return 0;
    size_t size = 4;
    while (size < 2 * count)
        size *= 2;
    struct table table = {calloc(size, sizeof(struct slot)), size - 1};
    if (!table.slots)
        return 0;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct point *point = &points->items[indices[i]];
        if (!point->has_time) {
            point->has_time = true;
            point->time_ns = default_time_ns;
        }
        found += !place(&table, points, point, spread);
    }
    free(table.slots);
    return found;
}
