/* types.h - which type each field of one output has: written down by the
 * operator, or learnt from the first value.
 *
 * A table that only grows. Looking into it takes no lock; adding to it takes
 * one, and the first who adds a field decides. An entry never moves and, once
 * other threads run, never changes but for its marks.
 *
 * Threads: any, but for types_new and types_free.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "point.h"
#include "text.h"

struct types;

struct types_options {
    const char *output; /* its name */
    bool learns;
    bool reads_text;     /* text that reads as a number is one */
    uint32_t max_fields; /* 0: LIMIT_TYPED_FIELDS */
};

/* What is said of one field. */
struct type_rule {
    struct text measurement;
    struct text field;
    enum value_type type;
    const char *where; /* "moonline.lua:12"; NULL: it was learnt */
    int64_t learnt_ns; /* wall time; 0: not known */
};

struct type_entry {
    struct type_rule rule; /* its texts live as long as the types */
    uint64_t hash;
    uint32_t number;     /* counts from 0 */
    atomic_bool is_kept; /* it is on disk, or in the configuration */
    bool is_listed;      /* whoever writes it to disk has it in hand */
    bool is_from_file;   /* and so may be replaced by a later line */
};

struct types *types_new(const struct types_options *options);
void types_free(struct types *types);
const struct types_options *types_options(const struct types *types);

/* Half a key: what the fields of one measurement have in common. */
uint64_t types_measurement(const struct types *types, struct text measurement);

/* NULL: nothing is said of it. hash: of types_measurement. */
struct type_entry *types_find(const struct types *types, uint64_t hash,
                              struct text measurement, struct text field);

/* The entry that is there, or a new one with copies of the rule's texts; NULL:
 * there is no room, or the names are too long to be remembered. */
struct type_entry *types_add(struct types *types, const struct type_rule *rule,
                             bool is_kept);
/* Before other threads look: the rule of an entry is another one now. */
void types_replace(struct type_entry *entry, const struct type_rule *rule);

uint32_t types_count(const struct types *types);
uint32_t types_max(const struct types *types);
struct type_entry *types_at(const struct types *types, uint32_t number);
