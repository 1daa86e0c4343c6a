/* trial_compare.c - see trial_compare.h.
 *
 * Both sides are read by the strict reader. Each expected point is paired with
 * an equal one that was made and is still free. What is left over is the
 * difference; a leftover is told apart, key by key, from the one of the same
 * measurement that differs least, which is what one wants to know.
 */
#include "trial_compare.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "error.h"
#include "line.h"
#include "point.h"

enum { ARENA_BYTES = 256 << 20, MAX_POINTS = 1000000, CANDIDATES = 100 };

struct side {
    struct arena arena;
    struct points points;
    struct text *texts; /* the line of each point */
    bool *is_paired;
};

static size_t count_lines(struct text lines)
{
    size_t count = 0;
    for (size_t i = 0; i < lines.len; i++)
        count += lines.at[i] == '\n';
    return count;
}

static void side_init(struct side *side, size_t lines)
{
    arena_init(&side->arena, ARENA_BYTES);
    points_init(&side->points, &side->arena, MAX_POINTS);
    side->texts = xcalloc(lines + 1, sizeof *side->texts);
    side->is_paired = xcalloc(lines + 1, sizeof *side->is_paired);
}

static void side_deinit(struct side *side)
{
    points_deinit(&side->points);
    arena_deinit(&side->arena);
    free(side->texts);
    free(side->is_paired);
}

static bool side_read(struct side *side, struct text lines, int64_t receipt_ns,
                      struct error *err)
{
    for (size_t i = 0; lines.len > 0; i++) {
        struct text line = text_cut(&lines, '\n');
        struct error why;
        if (!line_read(line, PRECISION_NS, &side->points, &why))
            return fail(err, ERR_USAGE, "expected point %zu: %s", i + 1,
                        why.text);
        struct point *point = &side->points.items[i];
        if (!point->has_time)
            point->time_ns = receipt_ns;
        side->texts[i] = line;
    }
    return true;
}

static bool values_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_FLOAT:
        return a->as.number <= b->as.number && a->as.number >= b->as.number;
    case VALUE_INT:
        return a->as.integer == b->as.integer;
    case VALUE_UINT:
        return a->as.natural == b->as.natural;
    case VALUE_BOOL:
        return a->as.truth == b->as.truth;
    case VALUE_STRING:
        return text_equal(a->as.string, b->as.string);
    }
    return false;
}

static const struct field *field_of(const struct point *point, struct text key)
{
    for (unsigned i = 0; i < point->field_count; i++)
        if (text_equal(point->fields[i].key, key))
            return &point->fields[i];
    return NULL;
}

static const struct tag *tag_of(const struct point *point, struct text key)
{
    for (unsigned i = 0; i < point->tag_count; i++)
        if (text_equal(point->tags[i].key, key))
            return &point->tags[i];
    return NULL;
}

static bool points_equal(const struct point *a, const struct point *b)
{
    if (!text_equal(a->measurement, b->measurement) || a->time_ns != b->time_ns
        || a->tag_count != b->tag_count || a->field_count != b->field_count)
        return false;
    for (unsigned i = 0; i < a->tag_count; i++) {
        const struct tag *other = tag_of(b, a->tags[i].key);
        if (!other || !text_equal(other->value, a->tags[i].value))
            return false;
    }
    for (unsigned i = 0; i < a->field_count; i++) {
        const struct field *other = field_of(b, a->fields[i].key);
        if (!other || !values_equal(&other->value, &a->fields[i].value))
            return false;
    }
    return true;
}

static void pair_equal(struct side *expected, struct side *made)
{
    size_t count = made->points.count;
    for (size_t i = 0; i < expected->points.count; i++)
        for (size_t k = 0; k < count; k++) {
            size_t j = (i + k) % count; /* mostly they come in order */
            if (made->is_paired[j]
                || !points_equal(&expected->points.items[i],
                                 &made->points.items[j]))
                continue;
            expected->is_paired[i] = made->is_paired[j] = true;
            break;
        }
}

/* Keys of one point that the other does not have, or has otherwise. */
static void explain(const struct point *expected, const struct point *made,
                    struct buf *report)
{
    for (unsigned i = 0; i < expected->tag_count; i++) {
        const struct tag *tag = &expected->tags[i];
        const struct tag *other = tag_of(made, tag->key);
        if (!other || !text_equal(tag->value, other->value))
            buf_printf(report, "    tag %.*s: %s\n", TEXT_ARG(tag->key),
                       other ? "another value" : "missing");
    }
    for (unsigned i = 0; i < made->tag_count; i++)
        if (!tag_of(expected, made->tags[i].key))
            buf_printf(report, "    tag %.*s: not expected\n",
                       TEXT_ARG(made->tags[i].key));
    for (unsigned i = 0; i < expected->field_count; i++) {
        const struct field *field = &expected->fields[i];
        const struct field *other = field_of(made, field->key);
        if (!other || !values_equal(&field->value, &other->value))
            buf_printf(report, "    field %.*s: %s\n", TEXT_ARG(field->key),
                       !other ? "missing"
                       : other->value.type != field->value.type
                           ? "another type"
                           : "another value");
    }
    for (unsigned i = 0; i < made->field_count; i++)
        if (!field_of(expected, made->fields[i].key))
            buf_printf(report, "    field %.*s: not expected\n",
                       TEXT_ARG(made->fields[i].key));
    if (expected->time_ns != made->time_ns)
        buf_printf(report, "    time: %+.9g s off\n",
                   (double)(made->time_ns - expected->time_ns) / 1e9);
}

/* How much one differs from the other; a tag counts for more than a field,
 * since tags say which point it is. */
static unsigned distance(const struct point *a, const struct point *b)
{
    unsigned sum = a->time_ns != b->time_ns;
    for (unsigned i = 0; i < a->tag_count; i++) {
        const struct tag *other = tag_of(b, a->tags[i].key);
        sum += !other || !text_equal(other->value, a->tags[i].value) ? 8 : 0;
    }
    for (unsigned i = 0; i < a->field_count; i++) {
        const struct field *other = field_of(b, a->fields[i].key);
        sum += !other || !values_equal(&other->value, &a->fields[i].value);
    }
    return sum;
}

/* The leftover that was probably meant; none: the count. */
static size_t nearest(const struct point *point, const struct side *made)
{
    size_t best = made->points.count;
    unsigned least = UINT_MAX, looked_at = 0;
    for (size_t j = 0; j < made->points.count && looked_at < CANDIDATES; j++) {
        const struct point *other = &made->points.items[j];
        if (made->is_paired[j]
            || !text_equal(point->measurement, other->measurement))
            continue;
        looked_at++;
        unsigned far = distance(point, other);
        if (far < least) {
            least = far;
            best = j;
        }
    }
    return best;
}

static void tell_leftover(const struct side *expected, size_t i,
                          struct side *made, struct trial_fate *fate,
                          struct buf *report)
{
    const struct point *point = &expected->points.items[i];
    buf_printf(report, "- %.*s\n", TEXT_ARG(expected->texts[i]));
    size_t j = nearest(point, made);
    if (j == made->points.count)
        return;
    buf_printf(report, "+ %.*s\n", TEXT_ARG(made->texts[j]));
    explain(point, &made->points.items[j], report);
    made->is_paired[j] = true;
    fate->instead = made->texts[j];
}

static void tell(struct side *expected, struct side *made, struct buf *report,
                 struct trial_difference *difference)
{
    size_t count = expected->points.count;
    difference->fates = xcalloc(count, sizeof *difference->fates);
    difference->fate_count = count;
    difference->is_equal = true;
    for (size_t i = 0; i < count; i++) {
        struct trial_fate *fate = &difference->fates[i];
        fate->was_made = expected->is_paired[i];
        fate->has_time = expected->points.items[i].has_time;
        difference->is_equal &= fate->was_made;
        if (!fate->was_made)
            tell_leftover(expected, i, made, fate, report);
    }
    difference->unforeseen =
        xcalloc(made->points.count, sizeof *difference->unforeseen);
    for (size_t j = 0; j < made->points.count; j++) {
        if (made->is_paired[j])
            continue;
        buf_printf(report, "+ %.*s\n", TEXT_ARG(made->texts[j]));
        difference->unforeseen[difference->unforeseen_count++] = made->texts[j];
        difference->is_equal = false;
    }
}

bool trial_compare(struct text expected, struct text made, int64_t receipt_ns,
                   struct buf *report, struct trial_difference *difference,
                   struct error *err)
{
    struct side sides[2];
    *difference = (struct trial_difference){.is_equal = false};
    side_init(&sides[0], count_lines(expected));
    side_init(&sides[1], count_lines(made));
    bool fine = side_read(&sides[0], expected, receipt_ns, err)
                && side_read(&sides[1], made, receipt_ns, err);
    if (fine) {
        pair_equal(&sides[0], &sides[1]);
        tell(&sides[0], &sides[1], report, difference);
    }
    side_deinit(&sides[0]);
    side_deinit(&sides[1]);
    return fine;
}

void trial_difference_deinit(struct trial_difference *difference)
{
    free(difference->fates);
    free(difference->unforeseen);
    *difference = (struct trial_difference){.is_equal = false};
}

/* Takes a line of *made that has wanted as a part of it. */
static bool take_reason(struct buf *made, struct text wanted)
{
    struct text rest = buf_text(made);
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        if (wanted.len > 0 && !memmem(line.at, line.len, wanted.at, wanted.len))
            continue;
        size_t from = (size_t)(line.at - made->data);
        memmove(made->data + from, rest.at, rest.len);
        buf_truncate(made, from + rest.len);
        return true;
    }
    return false;
}

void trial_compare_kept(struct text wanted, struct buf *made,
                        struct buf *report, struct buf *fates)
{
    while (wanted.len > 0) {
        struct text line = text_cut(&wanted, '\n');
        bool was_made = take_reason(made, line);
        buf_append_char(fates, was_made ? '+' : '-');
        if (!was_made)
            buf_printf(report, "- kept: %.*s\n", TEXT_ARG(line));
    }
    struct text left = buf_text(made);
    while (left.len > 0) {
        struct text line = text_cut(&left, '\n');
        buf_printf(report, "+ kept: %.*s\n", TEXT_ARG(line));
    }
}
