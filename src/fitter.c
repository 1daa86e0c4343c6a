/* fitter.c - see fitter.h.
 *
 * Mostly each field has an entry of its own type, and the point is handed back
 * as it came. Only a point that fits teaches: its fields are looked up first,
 * then those are added that nobody has said anything of, and all are looked up
 * again, since another thread may have been first with another type.
 */
#include "fitter.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "error.h"
#include "fit.h"
#include "line.h"
#include "point.h"
#include "printable.h"
#include "types.h"

enum { LINE_ARENA_BYTES = 1 << 20 }; /* of one line's point */

enum { WHY_BYTES = 450, NAME_BYTES = 60, WHERE_BYTES = 120, VALUE_BYTES = 64 };

struct fitter {
    struct types *types;
    struct point converted;
    struct field fields[LIMIT_POINT_ITEMS]; /* of converted */
    char why[WHY_BYTES];
    bool lacks_room;
    uint64_t *seen; /* a bit for each entry that is in news; NULL: none */
    uint32_t *news;
    size_t news_count;
    size_t news_capacity;
};

enum { SEEN_BITS = 64 };

struct fitter *fitter_new(struct types *types)
{
    struct fitter *fitter = xcalloc(1, sizeof *fitter);
    fitter->types = types;
    return fitter;
}

void fitter_free(struct fitter *fitter)
{
    if (!fitter)
        return;
    free(fitter->seen);
    free(fitter->news);
    free(fitter);
}

/* ---- what is not on disk yet ---- */

void fitter_begin(struct fitter *fitter)
{
    for (size_t i = 0; i < fitter->news_count; i++)
        fitter->seen[fitter->news[i] / SEEN_BITS] = 0;
    fitter->news_count = 0;
}

static void note_news(struct fitter *fitter, uint32_t number)
{
    if (!fitter->seen)
        fitter->seen = xcalloc(types_max(fitter->types) / SEEN_BITS + 1,
                               sizeof *fitter->seen);
    uint64_t *word = &fitter->seen[number / SEEN_BITS];
    uint64_t bit = UINT64_C(1) << number % SEEN_BITS;
    if (*word & bit)
        return;
    *word |= bit;
    if (fitter->news_count == fitter->news_capacity) {
        fitter->news_capacity =
            fitter->news_capacity ? 2 * fitter->news_capacity : 16;
        fitter->news = xrealloc(fitter->news,
                                fitter->news_capacity * sizeof *fitter->news);
    }
    fitter->news[fitter->news_count++] = number;
}

const uint32_t *fitter_news(const struct fitter *fitter, size_t *count)
{
    *count = fitter->news_count;
    return fitter->news;
}

/* ---- one point ---- */

static void explain(struct fitter *fitter, const struct type_rule *rule,
                    const struct value *value)
{
    char measurement[NAME_BYTES + 1], field[NAME_BYTES + 1];
    char shown[VALUE_BYTES], time[CLOCK_TEXT_BYTES] = "", where[WHERE_BYTES];
    printable(rule->measurement, measurement, sizeof measurement);
    printable(rule->field, field, sizeof field);
    fit_describe(value, shown, sizeof shown);
    if (rule->learnt_ns != 0)
        clock_format(rule->learnt_ns, time);
    if (rule->where)
        snprintf(where, sizeof where, "%s", rule->where);
    else
        snprintf(where, sizeof where, "learnt %s", time);
    snprintf(fitter->why, sizeof fitter->why,
             "%s.%s is %s, the contract says %s (%s)", measurement, field,
             shown, fit_type_name(rule->type), where);
}

/* The point's own fields stay as they are: another output may want others. */
static void convert(struct fitter *fitter, const struct point *point,
                    unsigned at, const struct value *value)
{
    struct point *converted = &fitter->converted;
    if (converted->fields != fitter->fields) {
        *converted = *point;
        memcpy(fitter->fields, point->fields,
               point->field_count * sizeof *point->fields);
        converted->fields = fitter->fields;
    }
    fitter->fields[at].value = *value;
}

/* *unknown: fields that nothing is said of. */
static const struct point *fit_known(struct fitter *fitter,
                                     const struct point *point, uint64_t hash,
                                     unsigned *unknown)
{
    bool reads_text = types_options(fitter->types)->reads_text;
    fitter->converted.fields = NULL;
    *unknown = 0;
    for (unsigned i = 0; i < point->field_count; i++) {
        const struct field *field = &point->fields[i];
        struct type_entry *entry =
            types_find(fitter->types, hash, point->measurement, field->key);
        struct value value;
        if (!entry) {
            ++*unknown;
            continue;
        }
        if (!atomic_load_explicit(&entry->is_kept, memory_order_acquire))
            note_news(fitter, entry->number);
        if (field->value.type == entry->rule.type)
            continue;
        if (!fit_value(&field->value, entry->rule.type, reads_text, &value)) {
            explain(fitter, &entry->rule, &field->value);
            return NULL;
        }
        convert(fitter, point, i, &value);
    }
    return fitter->converted.fields ? &fitter->converted : point;
}

/* False: there was room for none. */
static bool learn(struct types *types, const struct point *point,
                  int64_t wall_ns)
{
    bool has_learnt = false;
    for (unsigned i = 0; i < point->field_count; i++) {
        const struct type_rule rule = {.measurement = point->measurement,
                                       .field = point->fields[i].key,
                                       .type = point->fields[i].value.type,
                                       .learnt_ns = wall_ns};
        if (types_count(types) == types_max(types))
            break;
        has_learnt = types_add(types, &rule, false) || has_learnt;
    }
    return has_learnt;
}

const struct point *fitter_fit(struct fitter *fitter, const struct point *point,
                               bool learns, int64_t wall_ns)
{
    struct types *types = fitter->types;
    uint64_t hash = types_measurement(types, point->measurement);
    unsigned unknown;
    const struct point *fitted = fit_known(fitter, point, hash, &unknown);
    bool has_more = fitted && unknown > 0 && types_options(types)->learns;
    if (has_more && learns && learn(types, point, wall_ns))
        fitted = fit_known(fitter, point, hash, &unknown);
    fitter->lacks_room = has_more && learns && unknown > 0;
    return fitted;
}

bool fitter_lacks_room(const struct fitter *fitter)
{
    return fitter->lacks_room;
}

const char *fitter_why(const struct fitter *fitter)
{
    return fitter->why;
}

bool fitter_fit_line(struct types *types, struct text line, struct buf *out,
                     struct error *err)
{
    struct arena arena;
    struct points *points = xcalloc(1, sizeof *points);
    struct fitter *fitter = fitter_new(types);
    arena_init(&arena, LINE_ARENA_BYTES);
    points_init(points, &arena, 1);
    bool is_read = line_read(line, PRECISION_NS, points, err);
    const struct point *fitted =
        is_read ? fitter_fit(fitter, &points->items[0], false, 0) : NULL;
    bool is_done =
        fitted ? line_append(out, fitted, 0, err)
               : is_read && fail(err, ERR_REFUSED, "%s", fitter_why(fitter));
    points_deinit(points);
    arena_deinit(&arena);
    fitter_free(fitter);
    free(points);
    return is_done;
}
