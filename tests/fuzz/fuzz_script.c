/* Bytes as a script: each byte chooses what the grammar below writes next, out
 * of every function and library that a script can reach, by their own list.
 * Whatever it does, it ends soon after its 5 ms of CPU time, its heap stays
 * below its 8 MiB, and what it stores are lines that can be read. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "line.h"
#include "point.h"
#include "route.h"
#include "script.h"
#include "store.h"

enum {
    MAX_NAMES = 400,
    NAME_BYTES = 40,
    MAX_DEPTH = 5,
    MEMORY_BYTES = 8 << 20,
    SCRIPT_BYTES = 16 << 10
};

static const int64_t soon_ns = 2 * NS_PER_S; /* with sanitizers, too */

/* Everything that can be called, sorted: Lua has no order of its own. */
static struct {
    char names[MAX_NAMES][NAME_BYTES];
    size_t count;
    const char *library;
} api;

static void take_name(const char *name, void *context)
{
    (void)context;
    assert(api.count < MAX_NAMES);
    snprintf(api.names[api.count++], NAME_BYTES, "%s%s%s",
             api.library ? api.library : "", api.library ? "." : "", name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static struct script *load(const char *text, const struct limits *limits)
{
    static struct script_source source; /* outlives the script */
    struct error err;
    source = (struct script_source){.name = (char *)"t.lua",
                                    .path = (char *)"t.lua",
                                    .text = (char *)text,
                                    .len = strlen(text)};
    return script_new(&source, limits, NULL, &err);
}

static void learn_api(const struct limits *limits)
{
    static const char *const libraries[] = {
        NULL,  "json",  "time", "hex",    "base64", "url", "csv",
        "log", "store", "math", "string", "table",  "utf8"};
    struct script *script = load("return function(req) end", limits);
    assert(script);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        api.library = libraries[i];
        script_each_name(script, libraries[i], take_name, NULL);
    }
    script_free(script);
    qsort(api.names, api.count, NAME_BYTES, compare_names);
}

/* ---------------------------------------------------------- the grammar --- */

struct writer {
    const uint8_t *at, *end;
    struct buf *out;
    int depth;
};

static unsigned choose(struct writer *w, unsigned choices)
{
    return w->at < w->end ? *w->at++ % choices : 0;
}

static void say(struct writer *w, const char *text)
{
    buf_append_text(w->out, text_of(text));
}

static void one_of(struct writer *w, const char *const *texts, unsigned count)
{
    say(w, texts[choose(w, count)]);
}

#define ONE_OF(w, texts) one_of(w, texts, sizeof(texts) / sizeof *(texts))

static void variable(struct writer *w)
{
    buf_printf(w->out, "v[%u]", choose(w, 4));
}

static void literal(struct writer *w)
{
    static const char *const literals[] = {"nil",
                                           "true",
                                           "0",
                                           "1",
                                           "-1",
                                           "2.5",
                                           "1e308",
                                           "1/0",
                                           "0/0",
                                           "100000",
                                           "math.mininteger",
                                           "9223372036854775807",
                                           "''",
                                           "'a'",
                                           "'21.5'",
                                           "'--'",
                                           "'\\xff\\0'",
                                           "'a,b;c\\n\"x\"'",
                                           "'[1,{\"a\":null}]'",
                                           "'%d+(.-)%1'",
                                           "'1710408847'",
                                           "'2026-01-02T03:04:05Z'",
                                           "'%Y-%m-%d'",
                                           "'sha256'",
                                           "('x'):rep(5000)",
                                           "('a.'):rep(300)",
                                           "{}",
                                           "{1,2,3}",
                                           "{a={b={1}}}",
                                           "json.null",
                                           "json.array()",
                                           "int(7)",
                                           "uint('18446744073709551615')",
                                           "'>i2I2'",
                                           "print",
                                           "req",
                                           "point('m',nil,{a=1})"};
    ONE_OF(w, literals);
}

static void request_entry(struct writer *w)
{
    static const char *const entries[] = {
        "req.json", "req.form",  "req.query", "req.headers", "req.text",
        "req.body", "req.lines", "req.csv",   "req.ndjson",  "req.parts",
        "req.vars", "req.time",  "req.data",  "req.points"};
    ONE_OF(w, entries);
}

static void expression(struct writer *w);
static void block(struct writer *w);

static void call(struct writer *w)
{
    unsigned arguments = choose(w, 5);
    say(w, api.names[choose(w, (unsigned)api.count)]);
    say(w, "(");
    for (unsigned i = 0; i < arguments; i++) {
        say(w, i ? "," : "");
        expression(w);
    }
    say(w, ")");
}

static void table(struct writer *w)
{
    static const char *const keys[] = {
        "", "a=", "measurement=", "tags=", "fields=", "time=", "[1.5]="};
    say(w, "{");
    for (unsigned i = choose(w, 4); i > 0; i--) {
        ONE_OF(w, keys);
        expression(w);
        say(w, ",");
    }
    say(w, "}");
}

static void operation(struct writer *w)
{
    static const char *const signs[] = {"+",  "..", "*", "//",    "%",
                                        "<<", "==", "<", " and ", " or "};
    say(w, "(");
    expression(w);
    ONE_OF(w, signs);
    expression(w);
    say(w, ")");
}

static void function(struct writer *w)
{
    say(w, "function(a,b)v[0]=a;v[1]=b;");
    block(w);
    say(w, "return v[2] end");
}

static void expression(struct writer *w)
{
    static void (*const kinds[])(struct writer *) = {
        literal,       variable, call,      call,
        request_entry, table,    operation, function};
    unsigned kind = choose(w, 8);
    w->depth++;
    if (w->depth > MAX_DEPTH || w->at == w->end)
        literal(w);
    else
        kinds[kind](w);
    w->depth--;
}

static void assignment(struct writer *w)
{
    variable(w);
    say(w, "=");
    expression(w);
    say(w, ";");
}

static void loop(struct writer *w)
{
    static const char *const heads[] = {
        "for i=1,3 do ", "for i=1,1e9 do ", "while true do ",
        "for k,x in pairs(req.json) do v[3]=k;"};
    ONE_OF(w, heads);
    block(w);
    say(w, "end;");
}

static void protected_block(struct writer *w)
{
    static const char *const catchers[] = {"pcall(", "try(", "each({1,2},",
                                           "v[1]=each(req.json,"};
    ONE_OF(w, catchers);
    function(w);
    say(w, ");");
}

static void statement(struct writer *w)
{
    static void (*const kinds[])(struct writer *) = {
        assignment, assignment, loop, protected_block, protected_block};
    unsigned kind = choose(w, 6);
    if (kind < 5) {
        kinds[kind](w);
        return;
    }
    say(w, "emit('m',{t=");
    expression(w);
    say(w, "},{f=");
    expression(w);
    say(w, "});");
}

static void block(struct writer *w)
{
    w->depth++;
    for (unsigned i = choose(w, 4); i > 0 && w->depth <= MAX_DEPTH; i--)
        statement(w);
    w->depth--;
}

static void write_script(const uint8_t *data, size_t size, struct buf *out)
{
    struct writer w = {data, data + size, out, 0};
    say(&w, "local v={[0]=0} local req={} return function(r) req=r ");
    while (w.at < w.end && out->len < SCRIPT_BYTES / 2)
        statement(&w);
    say(&w, "return ");
    expression(&w);
    say(&w, " end");
}

/* -------------------------------------------------------------- the run --- */

static struct {
    struct limits limits;
    struct request request;
    struct route route;
    struct points points;
    struct store *store;
    struct buf script, lines;
} all;

static void set_up(void)
{
    all.limits = LIMITS_DEFAULT;
    all.limits.time_ns = 5000000;
    all.limits.memory_bytes = MEMORY_BYTES;
    learn_api(&all.limits);
    arena_init(&all.request.arena, LIMIT_REQUEST_ARENA_BYTES);
    points_init(&all.points, &all.request.arena, 1000);
    buf_init(&all.script, SCRIPT_BYTES);
    buf_init(&all.lines, 1 << 20);
    all.store = store_new(100, 1 << 16);
    all.request.text = all.request.body =
        TEXT("{\"a\":[1,\"21.5\",null],\"b\":{\"c\":\"--\"}}");
    all.request.time_ns = INT64_C(1767323045000000000);
    all.route.limits = all.limits;
    assert(all.store);
}

static void check_points(const struct script_call *call)
{
    struct error err;
    for (size_t i = 0; i < call->stored_count; i++) {
        const struct point *point = &all.points.items[call->stored[i]];
        buf_clear(&all.lines);
        bool fits = line_append(&all.lines, point, all.request.time_ns, &err);
        struct text line = buf_text(&all.lines);
        if (fits && text_ends_with(line, TEXT("\n")))
            line.len--;
        assert(!fits || line_check(line, &err));
    }
}

static void run(struct script *script)
{
    struct error err = {0};
    struct script_call call;
    script_call_init(&call);
    call.request = &all.request;
    call.route = &all.route;
    call.points = &all.points;
    call.store = all.store;
    int64_t start_ns = clock_thread_cpu_ns();
    bool is_handled = script_handle(script, &call, &err);
    assert(clock_thread_cpu_ns() - start_ns < soon_ns);
    assert(script_memory_bytes(script) <= MEMORY_BYTES);
    assert(is_handled || (err.text[0] != '\0' && call.stored_count == 0));
    check_points(&call);
    script_call_deinit(&call);
    points_reset(&all.points);
    arena_reset(&all.request.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!all.store)
        set_up();
    buf_clear(&all.script);
    write_script(data, size, &all.script);
    if (all.script.has_overflowed)
        return 0;
    struct script *script = load(buf_string(&all.script), &all.limits);
    if (script)
        run(script);
    if (script)
        run(script); /* what the first run did to the state */
    script_free(script);
    return 0;
}
