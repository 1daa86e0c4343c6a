/* burial.c - see burial.h. One answer can refuse thousands of lines for one
 * reason, so a text equal to the one before is not copied again. */
#include "burial.h"

#include <stdlib.h>

#include "buf.h"
#include "clock.h"

enum {
    FIRST_ROOM = 16,
    DUE_COUNT = 100,
    REASON_BYTES = 500, /* what a dead letter keeps */
    TEXTS_BYTES = 1 << 30
};

#define DUE_NS NS_PER_S

void burial_init(struct burial *burial)
{
    *burial = (struct burial){0};
    arena_init(&burial->texts, TEXTS_BYTES);
}

void burial_deinit(struct burial *burial)
{
    free(burial->points);
    arena_deinit(&burial->texts);
    burial_init(burial);
}

static struct text keep(struct burial *burial, struct text text,
                        struct text before)
{
    struct text copy;
    if (text_equal(text, before))
        return before;
    if (!arena_copy(&burial->texts, text, &copy))
        return TEXT("");
    return copy;
}

void burial_add(struct burial *burial, const struct dead_point *point,
                int64_t now_ns)
{
    if (burial->count == burial->room) {
        burial->room = burial->room ? burial->room * 2 : FIRST_ROOM;
        burial->points =
            xrealloc(burial->points, burial->room * sizeof *burial->points);
    }
    if (burial->count == 0)
        burial->since_ns = now_ns;
    struct dead_point before = {0};
    if (burial->count > 0)
        before = burial->points[burial->count - 1];
    struct text reason = point->reason, id = text_of(point->request_id);
    if (reason.len > REASON_BYTES)
        reason.len = REASON_BYTES;
    id.len += id.at != NULL; /* its NUL too */
    struct text id_before = text_of(before.request_id);
    id_before.len += id_before.at != NULL;
    struct dead_point *kept = &burial->points[burial->count++];
    *kept = *point;
    kept->reason = keep(burial, reason, before.reason);
    kept->request_id = keep(burial, id, id_before).at;
}

bool burial_is_due(const struct burial *burial, int64_t now_ns)
{
    return burial->count >= DUE_COUNT
           || (burial->count > 0 && now_ns - burial->since_ns >= DUE_NS);
}

void burial_done(struct burial *burial)
{
    burial->count = 0;
    arena_reset(&burial->texts);
}
