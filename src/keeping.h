/* keeping.h - what becomes of a request that failed, wholly or in part: it is
 * kept or refused, and its sender is told.
 *
 * A kept request is a dead letter: a recorded test with the reason, without its
 * secrets, that can be shown and replayed. This makes its bytes; ingest has
 * them synced with the lines of the same request. One per thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "kept.h"
#include "log.h"
#include "request.h"
#include "text.h"

struct error;
struct route;
struct route_table;

struct keeping {
    const struct route_table *routes;
    struct log_limit *said; /* of each route, in their order */
    struct buf letter;
    struct buf reason; /* all reasons in one line */
};

void keeping_init(struct keeping *keeping, const struct route_table *routes);
void keeping_deinit(struct keeping *keeping);

/* Whether a request of this route that ended with why is kept; else it is
 * refused. in_script: the script had begun. */
bool keeping_takes(const struct route *route, const struct error *why,
                   bool in_script);

/* What is kept, and of which request. */
struct keepsake {
    const struct request *request;
    const struct route *route;
    const struct kept *kept;
    struct text traceback; /* may be empty */
};

/* Takes out of kept, which is the keepsake's, the secrets that its request
 * carries. */
void keeping_blank(struct keeping *keeping, const struct keepsake *keepsake,
                   struct kept *kept);

/* The letter, until the next one. ERR_TOO_LARGE. */
bool keeping_write(struct keeping *keeping, const struct keepsake *keepsake,
                   struct text *letter, struct error *err);

/* What a sender is told where neither script nor route said it: 202 with the
 * id and the reason. The body lives in the request's arena. */
struct reply keeping_reply(struct keeping *keeping,
                           const struct keepsake *keepsake,
                           struct arena *arena);

/* One line to the log, a few a second of each route. */
void keeping_say(struct keeping *keeping, const struct keepsake *keepsake);
