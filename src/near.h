/* near.h - "did you mean": the known name nearest to one that is not
 * known. Reentrant. */
#pragma once

#include "text.h"

enum { NEAR_BYTES = 32 };

struct near {
    struct text word;
    unsigned distance;
    char name[NEAR_BYTES]; /* empty while nothing was near enough */
};

void near_init(struct near *near, struct text word);
void near_offer(struct near *near, const char *name);
/* Where a name of a script is wanted: what other languages call nil, and the
 * clock of Lua at home. */
void near_offer_elsewhere(struct near *near);
/* " (did you mean point?)" or "". */
const char *near_hint(struct near *near, char out[NEAR_BYTES * 2]);
