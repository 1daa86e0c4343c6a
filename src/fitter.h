/* fitter.h - one point held against one output's types: as it is, converted, or
 * why not.
 *
 * A fitter belongs to one thread; several share the types. Between two calls of
 * fitter_begin it remembers which entries were relied on that are not on disk
 * yet: whoever stores the points has to store those before them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct buf;
struct error;
struct point;
struct types;
struct fitter;

struct fitter *fitter_new(struct types *types);
void fitter_free(struct fitter *fitter);

/* Another request. */
void fitter_begin(struct fitter *fitter);

/* The point itself, or one with converted fields that lives until the next
 * call. NULL: a field does not fit, and fitter_why says which. learns: fields
 * that nothing is said of get the type that they have here. */
const struct point *fitter_fit(struct fitter *fitter, const struct point *point,
                               bool learns, int64_t wall_ns);
const char *fitter_why(const struct fitter *fitter);
/* The last point that fitted has a field that there was no room to learn. */
bool fitter_lacks_room(const struct fitter *fitter);

/* The numbers of the entries to be stored, each once. */
const uint32_t *fitter_news(const struct fitter *fitter, size_t *count);

/* Appends the line as the types have it now; what is not known yet is not
 * learnt from it. False: it is none, or ERR_REFUSED, a field does not fit. */
bool fitter_fit_line(struct types *types, struct text line, struct buf *out,
                     struct error *err);
