/* attempt.c - see attempt.h. The texts of a struct attempt_request stay where
 * they are; the struct request only points to them. */
#include "attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "ceilings.h"

enum { HEADER_BYTES = 64 << 10 };

void attempt_request_init(struct attempt_request *request)
{
    *request = (struct attempt_request){0};
    buf_init(&request->body, LIMIT_BODIES_IN_FLIGHT_BYTES);
    arena_init(&request->arena, HEADER_BYTES);
}

void attempt_request_deinit(struct attempt_request *request)
{
    buf_deinit(&request->body);
    arena_deinit(&request->arena);
    free(request->method);
    free(request->target);
    free(request->script);
    free(request->route);
    free(request->remote);
    free(request->vars);
    free(request->id);
    *request = (struct attempt_request){0};
}

bool attempt_request_header(struct attempt_request *request, struct text name,
                            struct text value)
{
    struct text own_name, own_value;
    return arena_copy(&request->arena, name, &own_name)
           && arena_copy(&request->arena, value, &own_value)
           && pairs_add(&request->headers, &request->arena, own_name,
                        own_value);
}

struct text attempt_request_target(const struct attempt_request *request)
{
    struct text target = text_of(request->target);
    const char *host = request->target ? strstr(request->target, "://") : NULL;
    if (host && target.at[0] != '/') {
        size_t skipped = (size_t)(host + 3 - target.at);
        skipped += strcspn(host + 3, "/?");
        target = text_skip(target, skipped);
    }
    return target.len > 0 ? target : TEXT("/");
}

struct text attempt_request_path(const struct attempt_request *request)
{
    struct text target = attempt_request_target(request);
    const char *query = memchr(target.at, '?', target.len);
    if (query == target.at)
        return TEXT("/");
    return query ? (struct text){target.at, (size_t)(query - target.at)}
                 : target;
}

void attempt_init(struct attempt *attempt)
{
    memset(attempt, 0, sizeof *attempt);
    request_init(&attempt->request);
    notes_init(&attempt->notes);
}

void attempt_deinit(struct attempt *attempt)
{
    notes_deinit(&attempt->notes);
    request_deinit(&attempt->request);
}

/* As the door would have filled it. */
static bool fill(struct request *request, const struct attempt_request *made,
                 struct error *err)
{
    struct text target = attempt_request_target(made);
    const char *query = memchr(target.at, '?', target.len);
    request_stamp(request);
    if (made->has_time)
        request->time_ns = made->time_ns;
    if (made->id)
        snprintf(request->id, sizeof request->id, "%s", made->id);
    request->method = text_of(made->method);
    request->path = attempt_request_path(made);
    if (query)
        request->query_string =
            text_skip(target, (size_t)(query + 1 - target.at));
    request->remote = text_of(made->remote ? made->remote : "127.0.0.1");
    request->raw_body = buf_text(&made->body);
    for (size_t i = 0; i < made->headers.count; i++)
        if (!pairs_add(&request->headers, &request->arena,
                       made->headers.items[i].name,
                       made->headers.items[i].value))
            return fail(err, ERR_HEADERS, "too many headers");
    return true;
}

static bool find(struct attempt *attempt, const struct route_table *routes,
                 struct error *err)
{
    unsigned method = method_of(attempt->request.method);
    if (route_find(routes, method, attempt->request.path, &attempt->match, err))
        return true;
    attempt->match.route = NULL;
    return false;
}

static bool is_body_allowed(const struct attempt *attempt, struct error *err)
{
    size_t limit = attempt->match.route->limits.body_bytes;
    return attempt->request.raw_body.len <= limit
           || fail(err, ERR_TOO_LARGE,
                   "the body has %zu bytes, its limit is %zu",
                   attempt->request.raw_body.len, limit);
}

bool attempt_run(struct attempt *attempt, struct ingest *ingest,
                 const struct route_table *routes,
                 const struct attempt_request *made)
{
    struct error *err = &attempt->error;
    request_reset(&attempt->request);
    notes_deinit(&attempt->notes);
    notes_init(&attempt->notes);
    attempt->match = (struct route_match){0};
    attempt->receipt = (struct receipt){0};
    bool stored = fill(&attempt->request, made, err)
                  && find(attempt, routes, err) && is_body_allowed(attempt, err)
                  && ingest_request(ingest, &attempt->request, &attempt->match,
                                    &attempt->notes, &attempt->receipt, err);
    if (stored)
        *err = (struct error){0};
    attempt->status =
        stored ? attempt->receipt.reply.status : (int)answer_status(err);
    return stored;
}

bool attempt_lines(const struct attempt *attempt, const struct ingest *ingest,
                   struct buf *lines, struct error *err)
{
    return attempt->error.kind != ERR_NONE
           || ingest_points(ingest, attempt->request.time_ns, lines, err);
}
