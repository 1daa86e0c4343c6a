/* keeping.c - see keeping.h.
 *
 *   ### POST /overland
 *   # @time ... @remote ... @id ... @route ...      (recorded.c)
 *   # @reason element 1: overland.lua:12: time.parse: cannot read "soon" (and 1
 *     more)
 *   # @kept element 1: overland.lua:12: time.parse: cannot read "soon"
 *   #   element 7: overland.lua:12: time.parse: cannot read "later"
 *   # @traceback stack traceback:
 *   #   ...
 *   POST /overland HTTP/1.1
 *
 * The whole request is kept also where only a part of it failed: run again, it
 * makes the same points at the same times, which changes nothing, and those
 * that were missing.
 */
#include "keeping.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "blank.h"
#include "error.h"
#include "json_text.h"
#include "recorded.h"
#include "route.h"

enum {
    LETTER_BYTES = LIMIT_BODIES_IN_FLIGHT_BYTES + (1 << 20),
    USUAL_LETTER_BYTES = 64 << 10, /* memory for more is given back */
    REPLY_BYTES = 8 << 10,
    SAY_EVERY_MS = 300,
};

void keeping_init(struct keeping *keeping, const struct route_table *routes)
{
    size_t count = 0;
    while (route_table_at(routes, count))
        count++;
    *keeping = (struct keeping){.routes = routes};
    keeping->said = xcalloc(count + 1, sizeof *keeping->said);
    buf_init(&keeping->letter, LETTER_BYTES);
    buf_init(&keeping->reason, KEPT_REASON_BYTES);
}

void keeping_deinit(struct keeping *keeping)
{
    free(keeping->said);
    keeping->said = NULL;
    buf_deinit(&keeping->letter);
    buf_deinit(&keeping->reason);
}

bool keeping_takes(const struct route *route, const struct error *why,
                   bool in_script)
{
    if (why->kind == ERR_BAD_REQUEST)
        return route->keeps_bad_bodies;
    return !route->refuses_errors
           && (why->kind == ERR_SCRIPT
               || (in_script && why->kind == ERR_TOO_LARGE));
}

void keeping_blank(struct keeping *keeping, const struct keepsake *keepsake,
                   struct kept *kept)
{
    struct buf *clean = &keeping->letter;
    buf_clear(clean);
    if (!blank_write(keepsake->route, keepsake->request, buf_text(&kept->lines),
                     clean))
        return;
    buf_truncate(&kept->lines, 0);
    buf_append_text(&kept->lines, buf_text(clean));
}

static struct text reason_of(struct keeping *keeping,
                             const struct keepsake *keepsake)
{
    buf_clear(&keeping->reason);
    kept_summary(keepsake->kept, &keeping->reason);
    return buf_text(&keeping->reason);
}

bool keeping_write(struct keeping *keeping, const struct keepsake *keepsake,
                   struct text *letter, struct error *err)
{
    struct recorded_note notes[3];
    size_t count = 0;
    if (keeping->letter.capacity > USUAL_LETTER_BYTES)
        buf_deinit(&keeping->letter);
    buf_clear(&keeping->letter);
    notes[count++] =
        (struct recorded_note){"reason", reason_of(keeping, keepsake)};
    if (keepsake->kept->count > 1)
        notes[count++] =
            (struct recorded_note){"kept", buf_text(&keepsake->kept->lines)};
    if (keepsake->traceback.len > 0)
        notes[count++] =
            (struct recorded_note){"traceback", keepsake->traceback};
    const struct recorded_options options = {.notes = notes,
                                             .note_count = count};
    if (!recorded_write(&keeping->letter, keepsake->request, keepsake->route,
                        &options, err))
        return false;
    *letter = buf_text(&keeping->letter);
    return true;
}

struct reply keeping_reply(struct keeping *keeping,
                           const struct keepsake *keepsake, struct arena *arena)
{
    struct reply reply = {.status = 202};
    struct buf json;
    buf_init(&json, REPLY_BYTES);
    buf_printf(&json, "{\"id\":\"%s\",\"kept\":\"", keepsake->request->id);
    json_text_append(&json, reason_of(keeping, keepsake));
    buf_append_text(&json, TEXT("\"}\n"));
    if (arena_copy(arena, buf_text(&json), &reply.body))
        reply.type = TEXT("application/json");
    buf_deinit(&json);
    return reply;
}

static struct log_limit *limit_of(struct keeping *keeping,
                                  const struct route *route)
{
    size_t i = 0;
    const struct route *at;
    while ((at = route_table_at(keeping->routes, i)) && at != route)
        i++;
    return &keeping->said[i];
}

void keeping_say(struct keeping *keeping, const struct keepsake *keepsake)
{
    const struct request *request = keepsake->request;
    struct text reason = reason_of(keeping, keepsake);
    uint64_t hidden;
    if (!log_may_say_some(limit_of(keeping, keepsake->route), LOG_AT_ONCE,
                          SAY_EVERY_MS, &hidden))
        return;
    char more[LOG_MORE_BYTES];
    log_line(LOG_WARN, "keep", "%.*s %s from %.*s is kept as %s: %.*s%s",
             TEXT_ARG(request->method), keepsake->route->pattern,
             TEXT_ARG(request->remote), request->id, TEXT_ARG(reason),
             log_more(hidden, more));
}
