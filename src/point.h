/* point.h - one measurement with its tags, fields and time, checked.
 *
 * Whatever is in a struct point can be written as line protocol that every
 * server reads the same way: the functions that fill it refuse names that line
 * protocol cannot carry, clean tag values, and leave out what has no value.
 *
 * A struct points is the points of one request. All bytes live in its arena,
 * so texts that were added may be freed at once. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "text.h"

struct arena;
struct error;
struct notes;

enum value_type {
    VALUE_FLOAT,
    VALUE_INT,
    VALUE_UINT,
    VALUE_BOOL,
    VALUE_STRING
};

struct value {
    enum value_type type;
    union {
        double number;
        int64_t integer;
        uint64_t natural;
        bool truth;
        struct text string;
    } as;
};

struct tag {
    struct text key;
    struct text value; /* never empty, as point_add_tag cleaned it */
};

struct field {
    struct text key;
    struct value value; /* finite if a float; a string is UTF-8 without control
                           bytes but newlines, which are written as \\n */
};

struct point {
    struct text measurement;
    struct tag *tags;     /* sorted by key bytewise, each key once */
    struct field *fields; /* in the order they were added, each key once */
    unsigned tag_count;
    unsigned field_count;
    bool has_time;
    int64_t time_ns;
    uint64_t outputs; /* a bit per output; 0: those of the route */
};

struct points {
    struct arena *arena;
    struct point *items;
    size_t count;
    size_t capacity;
    size_t max_count;
    size_t empty_count;  /* points that were dropped: no field had a value */
    struct notes *notes; /* may be NULL */

    /* The point being built, between point_begin and point_end. */
    struct point draft;
    struct tag draft_tags[LIMIT_POINT_ITEMS];
    struct field draft_fields[LIMIT_POINT_ITEMS];
};

/* items are malloc'ed and kept over points_reset; the arena is the caller's. */
void points_init(struct points *points, struct arena *arena, size_t max_count);
void points_deinit(struct points *points);
void points_reset(struct points *points);

/* Starts a point. ERR_SCRIPT for a name that cannot be: empty, with a control
 * byte, a leading '#', broken UTF-8, or a backslash where servers disagree (at
 * the end, before another one, before a blank, comma or equals sign). The names
 * time, _field and _measurement are refused for tags and fields. The errors
 * name the key. ERR_TOO_LARGE past a ceiling. */
bool point_begin(struct points *points, struct text measurement,
                 struct error *err);

/* False: no point can have a tag of that name, and *err as point_add_tag. */
bool point_check_tag_key(struct text key, struct error *err);

/* Control bytes become a blank, broken UTF-8 becomes U+FFFD, a backslash that
 * servers would read differently (see point_begin) goes; a value that is then
 * empty is left out. A key that is there already: the later value wins. */
bool point_add_tag(struct points *points, struct text key, struct text value,
                   struct error *err);
/* As point_add_tag, but a tag of that name that is there already stays. */
bool point_add_default_tag(struct points *points, struct text key,
                           struct text value, struct error *err);

/* NaN and infinities are left out. In a string broken UTF-8 becomes U+FFFD,
 * control bytes but the newline a blank. The later of equal keys wins. */
bool point_add_field(struct points *points, struct text key, struct value value,
                     struct error *err);

void point_set_time(struct points *points, int64_t time_ns);

/* Ends the point: *index is its place in items, or SIZE_MAX if no field had a
 * value (the point is dropped and counted; that is no error). ERR_SCRIPT for a
 * time that no server takes. */
bool point_end(struct points *points, size_t *index, struct error *err);
