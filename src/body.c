/* body.c - see body.h.
 *
 * What can go wrong is that it does not fit. Then all of it is let go at once,
 * and what still comes is only counted: its sender may hear the answer at the
 * end, but does not go on for ever.
 */
#include "body.h"

#include "ceilings.h"
#include "error.h"

enum { USUAL_BYTES = 64 << 10 };

void body_init(struct body *body, atomic_size_t *held_bytes)
{
    *body = (struct body){.held_bytes = held_bytes};
    buf_init(&body->bytes, 0);
}

static void uncount(struct body *body)
{
    if (body->counted_bytes > 0)
        atomic_fetch_sub_explicit(body->held_bytes, body->counted_bytes,
                                  memory_order_relaxed);
    body->counted_bytes = 0;
}

static void let_go(struct body *body)
{
    buf_deinit(&body->bytes);
    uncount(body);
}

void body_deinit(struct body *body)
{
    let_go(body);
}

void body_reset(struct body *body)
{
    uncount(body);
    if (body->bytes.capacity > USUAL_BYTES)
        buf_deinit(&body->bytes);
    buf_clear(&body->bytes);
    body->seen_bytes = 0;
}

bool body_has_room(const struct body *body, size_t more_bytes,
                   struct error *err)
{
    size_t held_bytes =
        atomic_load_explicit(body->held_bytes, memory_order_relaxed);
    return held_bytes + more_bytes <= LIMIT_BODIES_IN_FLIGHT_BYTES
           || fail(err, ERR_FULL,
                   "bodies under way hold %zu bytes, the limit is %d",
                   held_bytes, LIMIT_BODIES_IN_FLIGHT_BYTES);
}

bool body_see(struct body *body, size_t len)
{
    body->seen_bytes += len;
    return body->seen_bytes / 2 <= body->max_bytes;
}

static bool append(struct body *body, const char *piece, size_t len,
                   struct error *err)
{
    if (body->seen_bytes > body->max_bytes)
        return fail(err, ERR_TOO_LARGE,
                    "the body has more than %zu bytes, the limit",
                    body->max_bytes);
    if (!body_has_room(body, len, err))
        return false;
    body->bytes.max_bytes = body->max_bytes;
    return buf_append(&body->bytes, piece, len)
           || fail(err, ERR_FULL, "no memory for a body of %zu bytes",
                   body->seen_bytes);
}

bool body_keep(struct body *body, const char *piece, size_t len,
               struct error *err)
{
    if (!append(body, piece, len, err)) {
        let_go(body);
        return false;
    }
    body->counted_bytes += len;
    atomic_fetch_add_explicit(body->held_bytes, len, memory_order_relaxed);
    return true;
}
