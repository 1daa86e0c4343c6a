/* typecheck.c - see typecheck.h.
 *
 * Misfits are rare, so what is kept of them is in the request's arena, and
 * their letters are made at the end, when it is known that the request is
 * stored. Each output has a fitter; one without a contract has none, and its
 * points pass by untouched.
 *
 * What can go wrong: a request of misfits alone may be larger as letters than
 * as lines; past a ceiling it is refused whole (413).
 */
#include "typecheck.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "contracts.h"
#include "dead.h"
#include "error.h"
#include "fitter.h"
#include "log.h"
#include "stats.h"

enum {
    RIDERS_BYTES = 64 << 20,
    USUAL_BYTES = 64 << 10, /* memory for more is given back */
    SAY_EVERY_MS = 60000
};

/* One output's part. */
struct part {
    struct fitter *fitter; /* NULL: any type goes */
    struct dead_point *misfits;
    size_t count;
    size_t capacity;
};

struct typecheck {
    struct typecheck_options options;
    struct part parts[LIMIT_OUTPUTS];
    struct arena *arena;
    const char *id;
    int64_t time_ns;
    struct buf bytes; /* of riders */
};

struct typecheck *typecheck_new(const struct typecheck_options *options)
{
    struct typecheck *typecheck = NULL;
    for (unsigned i = 0; i < options->output_count; i++) {
        struct types *types = contracts_of(options->contracts, i);
        if (!types)
            continue;
        if (!typecheck)
            typecheck = xcalloc(1, sizeof *typecheck);
        typecheck->parts[i].fitter = fitter_new(types);
    }
    if (typecheck) {
        typecheck->options = *options;
        buf_init(&typecheck->bytes, RIDERS_BYTES);
    }
    return typecheck;
}

void typecheck_free(struct typecheck *typecheck)
{
    if (!typecheck)
        return;
    for (unsigned i = 0; i < LIMIT_OUTPUTS; i++) {
        fitter_free(typecheck->parts[i].fitter);
        free(typecheck->parts[i].misfits);
    }
    buf_deinit(&typecheck->bytes);
    free(typecheck);
}

void typecheck_begin(struct typecheck *typecheck, struct arena *arena,
                     const char *id, int64_t time_ns)
{
    typecheck->arena = arena;
    typecheck->id = id;
    typecheck->time_ns = time_ns;
    for (unsigned i = 0; i < typecheck->options.output_count; i++) {
        typecheck->parts[i].count = 0;
        if (typecheck->parts[i].fitter)
            fitter_begin(typecheck->parts[i].fitter);
    }
    if (typecheck->bytes.capacity > USUAL_BYTES)
        buf_deinit(&typecheck->bytes);
    buf_clear(&typecheck->bytes);
}

/* ---- points ---- */

static void tell_of_room(const struct typecheck *typecheck, unsigned output)
{
    static struct log_limit limits[LIMIT_OUTPUTS];
    stats_add(&stats.outputs[output].unlearnt_fields, 1);
    if (log_may_say(&limits[output], SAY_EVERY_MS, NULL))
        log_line(LOG_WARN, "types",
                 "output %s: a field is not held to a type: as many as may be "
                 "are known (%d), or its name is longer than %d bytes",
                 typecheck->options.outputs[output], (int)LIMIT_TYPED_FIELDS,
                 (int)LIMIT_TYPED_NAME_BYTES);
}

const struct point *typecheck_point(struct typecheck *typecheck,
                                    unsigned output, const struct point *point,
                                    const char **why)
{
    struct fitter *fitter = typecheck->parts[output].fitter;
    if (!fitter)
        return point;
    const struct point *fitted =
        fitter_fit(fitter, point, true, typecheck->time_ns);
    *why = fitter_why(fitter);
    if (fitter_lacks_room(fitter))
        tell_of_room(typecheck, output);
    return fitted;
}

static bool grow(struct part *part)
{
    if (part->count < part->capacity)
        return true;
    size_t capacity = part->capacity ? 2 * part->capacity : 16;
    struct dead_point *more =
        realloc(part->misfits, capacity * sizeof *part->misfits);
    if (!more)
        return false;
    part->misfits = more;
    part->capacity = capacity;
    return true;
}

bool typecheck_bury(struct typecheck *typecheck, unsigned output,
                    struct text line, size_t number, struct error *err)
{
    struct part *part = &typecheck->parts[output];
    struct dead_point misfit = {.seq = 0};
    struct text name_copy;
    char name[DEAD_NAME_BYTES];
    snprintf(name, sizeof name, "%s.%zu", typecheck->id, number);
    const struct text c_name = {name, strlen(name) + 1};
    if (!arena_copy(typecheck->arena, line, &misfit.line)
        || !arena_copy(typecheck->arena, c_name, &name_copy)
        || !arena_copy(typecheck->arena, text_of(fitter_why(part->fitter)),
                       &misfit.reason)
        || !grow(part))
        return fail(err, ERR_TOO_LARGE,
                    "%zu points of this request do not fit the contract of "
                    "output %s: too many to be kept",
                    part->count + 1, typecheck->options.outputs[output]);
    misfit.name = name_copy.at;
    part->misfits[part->count++] = misfit;
    return true;
}

/* ---- what is stored ---- */

static bool write_news(struct typecheck *typecheck, unsigned output)
{
    size_t count;
    const uint32_t *news = fitter_news(typecheck->parts[output].fitter, &count);
    uint32_t head = output;
    return count == 0
           || (buf_append(&typecheck->bytes, &head, sizeof head)
               && buf_append(&typecheck->bytes, news, count * sizeof *news));
}

static bool write_letters(struct typecheck *typecheck, unsigned output)
{
    const struct part *part = &typecheck->parts[output];
    return part->count == 0
           || dead_write_rider(&typecheck->bytes,
                               typecheck->options.outputs[output],
                               part->misfits, part->count, typecheck->time_ns);
}

/* The texts of the riders are only lengths until bytes has stopped growing. */
static bool add(struct typecheck *typecheck, struct journal_rider *riders,
                size_t *count, unsigned sink, unsigned output,
                bool (*write)(struct typecheck *typecheck, unsigned output))
{
    size_t before = typecheck->bytes.len;
    if (!write(typecheck, output))
        return false;
    if (typecheck->bytes.len > before)
        riders[(*count)++] =
            (struct journal_rider){sink, {NULL, typecheck->bytes.len - before}};
    return true;
}

bool typecheck_riders(struct typecheck *typecheck,
                      struct journal_rider riders[TYPECHECK_RIDERS],
                      size_t *count, struct error *err)
{
    const struct typecheck_options *options = &typecheck->options;
    *count = 0;
    for (unsigned i = 0; i < options->output_count; i++)
        if (typecheck->parts[i].fitter
            && !(add(typecheck, riders, count, options->news, i, write_news)
                 && add(typecheck, riders, count, options->letters, i,
                        write_letters)))
            return fail(err, ERR_TOO_LARGE,
                        "the points of this request that do not fit the "
                        "contract of output %s are more than %d bytes",
                        options->outputs[i], (int)RIDERS_BYTES);
    const char *at = typecheck->bytes.data;
    for (size_t i = 0; i < *count; i++) {
        riders[i].bytes.at = at;
        at += riders[i].bytes.len;
    }
    return true;
}

struct text typecheck_refusal(const struct typecheck *typecheck)
{
    for (unsigned i = 0; i < typecheck->options.output_count; i++)
        if (typecheck->parts[i].count > 0)
            return typecheck->parts[i].misfits[0].reason;
    return TEXT("");
}

void typecheck_say(const struct typecheck *typecheck)
{
    static struct log_limit limits[LIMIT_OUTPUTS];
    for (unsigned i = 0; i < typecheck->options.output_count; i++) {
        const struct part *part = &typecheck->parts[i];
        const char *output = typecheck->options.outputs[i];
        char more[LOG_MORE_BYTES];
        uint64_t hidden;
        if (part->count == 0)
            continue;
        stats_add(&stats.outputs[i].misfit_points, part->count);
        if (!log_may_say(&limits[i], SAY_EVERY_MS, &hidden))
            continue;
        log_line(
            LOG_WARN, "types", "output %s: %.*s; the point is kept as %s/%s%s",
            output, TEXT_ARG(part->misfits[0].reason), output,
            part->misfits[0].name, log_more(hidden + part->count - 1, more));
    }
}
