/* types.c - see types.h.
 *
 * Open addressing in a table of a fixed size, at most half full, so a look-up
 * reads a slot or two and never waits. A slot is stored when its entry is
 * complete; whoever loads it (acquire) sees all of the entry. The table is
 * large, but memory that nobody wrote to yet costs nothing.
 *
 * What can go wrong: senders who choose names. The key of the hash is random,
 * fields are counted, and names that are too long are not remembered.
 */
#include "types.h"

#include <pthread.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "file.h"
#include "siphash.h"

struct types {
    struct types_options options;
    struct siphash_key key;
    size_t mask; /* of slots */
    _Atomic(struct type_entry *) *slots;
    _Atomic(struct type_entry *) *entries; /* by number */
    atomic_uint_least32_t count;
    pthread_mutex_t lock; /* for whoever adds */
};

struct types *types_new(const struct types_options *options)
{
    struct types *types = xcalloc(1, sizeof *types);
    size_t slots = 16;
    types->options = *options;
    types->options.output = xstrdup(options->output);
    if (types->options.max_fields == 0)
        types->options.max_fields = LIMIT_TYPED_FIELDS;
    while (slots < 2 * (size_t)types->options.max_fields)
        slots *= 2;
    types->mask = slots - 1;
    types->slots = xcalloc(slots, sizeof *types->slots);
    types->entries = xcalloc(types->options.max_fields, sizeof *types->entries);
    for (int i = 0; i < 2; i++)
        types->key.halves[i] = file_real.random(&file_real);
    pthread_mutex_init(&types->lock, NULL);
    return types;
}

static void free_rule(const struct type_rule *rule)
{
    free((char *)rule->measurement.at);
    free((char *)rule->field.at);
    free((char *)rule->where);
}

void types_free(struct types *types)
{
    if (!types)
        return;
    for (uint32_t i = 0; i < types_count(types); i++) {
        struct type_entry *entry = types_at(types, i);
        free_rule(&entry->rule);
        free(entry);
    }
    pthread_mutex_destroy(&types->lock);
    free(types->slots);
    free(types->entries);
    free((char *)types->options.output);
    free(types);
}

const struct types_options *types_options(const struct types *types)
{
    return &types->options;
}

uint32_t types_count(const struct types *types)
{
    return atomic_load_explicit(&types->count, memory_order_acquire);
}

uint32_t types_max(const struct types *types)
{
    return types->options.max_fields;
}

struct type_entry *types_at(const struct types *types, uint32_t number)
{
    return number < types->options.max_fields ? atomic_load_explicit(
               &types->entries[number], memory_order_acquire)
                                              : NULL;
}

/* ---- look-up ---- */

uint64_t types_measurement(const struct types *types, struct text measurement)
{
    return siphash(&types->key, measurement);
}

static uint64_t hash_field(const struct types *types, uint64_t hash,
                           struct text field)
{
    const struct siphash_key key = {
        {types->key.halves[0] ^ hash, types->key.halves[1]}};
    return siphash(&key, field);
}

/* The slot that has the field, or the empty one where it would stand. */
static _Atomic(struct type_entry *) *
find_slot(const struct types *types, uint64_t hash, struct text measurement,
          struct text field, struct type_entry **entry)
{
    for (size_t at = hash;; at++) {
        _Atomic(struct type_entry *) *slot = &types->slots[at & types->mask];
        *entry = atomic_load_explicit(slot, memory_order_acquire);
        if (!*entry
            || ((*entry)->hash == hash
                && text_equal((*entry)->rule.field, field)
                && text_equal((*entry)->rule.measurement, measurement)))
            return slot;
    }
}

struct type_entry *types_find(const struct types *types, uint64_t hash,
                              struct text measurement, struct text field)
{
    struct type_entry *entry;
    find_slot(types, hash_field(types, hash, field), measurement, field,
              &entry);
    return entry;
}

/* ---- additions ---- */

static struct text copy(struct text text)
{
    return (struct text){xstrndup(text.at, text.len), text.len};
}

static struct type_rule copy_rule(const struct type_rule *rule)
{
    struct type_rule own = *rule;
    own.measurement = copy(rule->measurement);
    own.field = copy(rule->field);
    own.where = rule->where ? xstrdup(rule->where) : NULL;
    return own;
}

/* Under the lock. */
static struct type_entry *new_entry(struct types *types,
                                    const struct type_rule *rule, uint64_t hash,
                                    bool is_kept)
{
    uint32_t number = types_count(types);
    if (number == types->options.max_fields
        || rule->measurement.len + rule->field.len > LIMIT_TYPED_NAME_BYTES)
        return NULL;
    struct type_entry *entry = xcalloc(1, sizeof *entry);
    entry->rule = copy_rule(rule);
    entry->hash = hash;
    entry->number = number;
    atomic_init(&entry->is_kept, is_kept);
    atomic_store_explicit(&types->entries[number], entry, memory_order_release);
    atomic_store_explicit(&types->count, number + 1, memory_order_release);
    return entry;
}

struct type_entry *types_add(struct types *types, const struct type_rule *rule,
                             bool is_kept)
{
    struct type_entry *entry;
    uint64_t hash = hash_field(
        types, types_measurement(types, rule->measurement), rule->field);
    pthread_mutex_lock(&types->lock);
    _Atomic(struct type_entry *) *slot =
        find_slot(types, hash, rule->measurement, rule->field, &entry);
    if (!entry && (entry = new_entry(types, rule, hash, is_kept)))
        atomic_store_explicit(slot, entry, memory_order_release);
    pthread_mutex_unlock(&types->lock);
    return entry;
}

void types_replace(struct type_entry *entry, const struct type_rule *rule)
{
    struct type_rule old = entry->rule;
    entry->rule = copy_rule(rule);
    free_rule(&old);
}
