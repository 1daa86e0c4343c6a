/* script_unit.h - runs a script's text against a request made by hand. */
#pragma once

#include "unit.h"

#include <stdio.h>

#include "arena.h"
#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "line.h"
#include "notes.h"
#include "point.h"
#include "route.h"
#include "script.h"

#define RECEIPT_NS INT64_C(1767323045000000000) /* 2026-01-02T03:04:05Z */

struct bench {
    struct script_source source;
    struct limits limits;
    struct script_outputs outputs;
    struct script *script;
    struct request request;
    struct route route;
    struct points points;
    struct notes notes;
    struct script_call call;
    struct buf traceback;
    struct buf lines; /* what the last run would store */
    struct error err;
};

/* The text becomes t.lua; line 1 is its first. False: bench->err. */
static inline bool bench_load(struct bench *bench, const char *text)
{
    memset(bench, 0, sizeof *bench);
    bench->source = (struct script_source){.name = (char *)"t.lua",
                                           .path = (char *)"t.lua",
                                           .text = (char *)text,
                                           .len = strlen(text),
                                           .dir = (char *)"."};
    bench->limits = LIMITS_DEFAULT;
    bench->limits.time_ns = UINT64_C(5000000000); /* sanitizers are slow */
    arena_init(&bench->request.arena, LIMIT_REQUEST_ARENA_BYTES);
    points_init(&bench->points, &bench->request.arena, bench->limits.points);
    notes_init(&bench->notes);
    script_call_init(&bench->call);
    buf_init(&bench->traceback, 64 << 10);
    buf_init(&bench->lines, 64 << 20);
    bench->route.pattern = (char *)"/t";
    bench->route.limits = bench->limits;
    bench->request.method = TEXT("POST");
    bench->request.path = TEXT("/t");
    bench->request.time_ns = RECEIPT_NS;
    snprintf(bench->request.id, sizeof bench->request.id, "0123456789abcdef");
    bench->call.request = &bench->request;
    bench->call.route = &bench->route;
    bench->call.points = &bench->points;
    bench->call.traceback = &bench->traceback;
    bench->script = script_new(&bench->source, &bench->limits, &bench->outputs,
                               &bench->err);
    return bench->script != NULL;
}

static inline void bench_free(struct bench *bench)
{
    script_free(bench->script);
    script_call_deinit(&bench->call);
    points_deinit(&bench->points);
    notes_deinit(&bench->notes);
    buf_deinit(&bench->traceback);
    buf_deinit(&bench->lines);
    arena_deinit(&bench->request.arena);
}

static inline void bench_ask_for_notes(struct bench *bench)
{
    bench->call.notes = &bench->notes;
    bench->points.notes = &bench->notes;
}

/* One request with that JSON body; the points as lines in bench->lines. */
static inline bool bench_run_text(struct bench *bench, struct text body)
{
    bench->request.body = bench->request.text = body;
    buf_clear(&bench->lines);
    points_reset(&bench->points);
    bench->err = (struct error){0};
    bool ok = script_handle(bench->script, &bench->call, &bench->err);
    for (size_t i = 0; ok && i < bench->call.stored_count; i++)
        ok = line_append(&bench->lines,
                         &bench->points.items[bench->call.stored[i]],
                         RECEIPT_NS, &bench->err);
    return ok;
}

static inline bool bench_run(struct bench *bench, const char *body)
{
    return bench_run_text(bench, text_of(body));
}

/* Loads text, runs it on body and expects these lines. The receipt time at
 * the end of each line may be left out. */
static inline void expect_lines(const char *text, const char *body,
                                const char *lines)
{
    struct bench bench;
    if (!bench_load(&bench, text) || !bench_run(&bench, body))
        fail_msg("%s\nfor %s", bench.err.text, text);
    struct buf bare;
    buf_init(&bare, 1 << 20);
    char stamp[40];
    snprintf(stamp, sizeof stamp, " %lld\n", (long long)RECEIPT_NS);
    for (const char *at = buf_string(&bench.lines); *at;) {
        bool is_stamp = strncmp(at, stamp, strlen(stamp)) == 0;
        buf_append_char(&bare, is_stamp ? '\n' : *at);
        at += is_stamp ? strlen(stamp) : 1;
    }
    assert_string_equal(buf_string(&bare), lines);
    buf_deinit(&bare);
    bench_free(&bench);
}

/* Loads text, runs it on body and expects it to fail so. */
static inline void expect_failure(const char *text, const char *body,
                                  enum error_kind kind, const char *message)
{
    struct bench bench;
    if (!bench_load(&bench, text))
        fail_msg("%s\nfor %s", bench.err.text, text);
    if (bench_run(&bench, body))
        fail_msg("no error, but %s\nfor %s", buf_string(&bench.lines), text);
    assert_string_equal(bench.err.text, message);
    assert_int_equal(bench.err.kind, kind);
    assert_int_equal(bench.call.stored_count, 0);
    bench_free(&bench);
}

/* `return {expression}` gives that text: the quickest way to ask for a value.
 * body is the request's. */
static inline void expect_result(const char *expression, const char *body,
                                 const char *text)
{
    static char script[64 << 10], line[64 << 10];
    snprintf(script, sizeof script,
             "return function(req) return nil, json.encode((function()"
             " return %s end)()) end",
             expression);
    snprintf(line, sizeof line, "%s", text);
    expect_failure(script, body, ERR_REFUSED, line);
}
