/* attack.h - a table of attacks on the limits, each tried twice, with an honest
 * request after each: it must be over soon, and the next one finds everything
 * as it should be. Only a hang fails by time.
 */
#pragma once

#include "script_unit.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "pulse.h"
#include "store.h"

/* Far more than twice the budget of 10 ms: sanitizers and busy machines are
 * slow, a hang is for ever. */
#define HANG_NS (5 * NS_PER_S)

enum outcome {
    ENDED,     /* by a limit */
    RAISES,    /* an error like any other */
    REFUSED_AT /* the file does not load: there is no such thing */
};

struct attack {
    const char *name;
    const char *before; /* at the top of the file */
    const char *inside; /* the function, when the body is not empty */
    enum outcome outcome;
    const char *message; /* a part of the error */
};

static const char time_limit[] = "time limit of 10 ms reached";

static char hostile_text[3001];
static unsigned complaints;

/* All of them are tried; one report names all that failed. */
#define COMPLAIN(...)                                                          \
    (complaints++, print_error(__VA_ARGS__), print_error("\n"))

/* A sanitizer may be so slow that the time limit comes first. */
static inline void judge(const struct attack *attack, struct bench *bench,
                         bool ok)
{
    const char *said = bench->err.text;
    if (ok) {
        COMPLAIN("%s: no error", attack->name);
        return;
    }
    assert_int_equal(bench->call.stored_count, 0);
    if (!strstr(said, attack->message) && !strstr(said, time_limit))
        COMPLAIN("%s: \"%s\", not \"%s\"", attack->name, said, attack->message);
    if (attack->outcome == ENDED && !strstr(said, "limit")
        && !strstr(said, "stack") && !strstr(said, "points"))
        COMPLAIN("%s: ended by %s", attack->name, said);
}

/* The same state serves the next request, and remembers nothing. */
static inline void expect_unharmed(const struct attack *attack,
                                   struct bench *bench)
{
    if (!bench_run(bench, "") || bench->lines.len == 0)
        COMPLAIN("after %s: %s", attack->name, bench->err.text);
    assert_string_equal(buf_string(&bench->lines),
                        "m x=\"UP\",y=\"a,b\" 1767323045000000000\n");
    if (script_memory_bytes(bench->script) > 4 << 20)
        COMPLAIN("after %s: %zu bytes are held", attack->name,
                 script_memory_bytes(bench->script));
}

static inline void try_attack(const struct attack *attack, struct pulse *pulse)
{
    struct bench bench;
    char text[2000];
    snprintf(text, sizeof text,
             "%s\nreturn function(req)\nif #req.text > 0 then %s end\n"
             "return point('m', nil, { x = ('up'):upper(),"
             " y = table.concat({ 'a', 'b' }, ',') })\nend\n",
             attack->before, attack->inside);
    int64_t from_ns = clock_thread_cpu_ns();
    if (!bench_load(&bench, text)) {
        if (attack->outcome != REFUSED_AT
            || !strstr(bench.err.text, attack->message))
            COMPLAIN("%s: %s", attack->name, bench.err.text);
        printf("%-44s refused at load\n", attack->name);
        bench_free(&bench);
        return;
    }
    assert_int_not_equal(attack->outcome, REFUSED_AT);
    bench.route.limits.time_ns = 10 * NS_PER_MS;
    bench.call.pulse = pulse;
    bench.call.store = store_new(1000, 1 << 20);
    for (int i = 0; i < 2; i++) {
        from_ns = clock_thread_cpu_ns();
        bool ok = bench_run(&bench, hostile_text);
        int64_t took_ns = clock_thread_cpu_ns() - from_ns;
        judge(attack, &bench, ok);
        if (i == 0)
            printf("%-44s %7.2f ms  %.60s\n", attack->name,
                   (double)took_ns / (double)NS_PER_MS,
                   ok ? "" : bench.err.text);
        if (took_ns > HANG_NS)
            COMPLAIN("%s: %lld ms", attack->name,
                     (long long)(took_ns / NS_PER_MS));
        expect_unharmed(attack, &bench);
    }
    store_free(bench.call.store);
    bench_free(&bench);
}

static inline void try_attacks(const struct attack *attacks, size_t count,
                               struct pulse *pulse)
{
    complaints = 0;
    log_set_level(LOG_ERROR);
    memset(hostile_text, 'a', sizeof hostile_text - 1);
    for (size_t i = 0; i < count; i++)
        try_attack(&attacks[i], pulse);
    assert_int_equal(complaints, 0);
}

/* As the gateway runs scripts. */
static inline void try_attacks_beating(const struct attack *attacks,
                                       size_t count)
{
    struct pulse pulse = {.beats = false};
    if (!pulse_start(&pulse))
        skip(); /* under ThreadSanitizer; test_pulse has it that this works */
    try_attacks(attacks, count, &pulse);
    pulse_stop(&pulse);
}
