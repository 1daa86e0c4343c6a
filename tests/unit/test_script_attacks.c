/* What a hostile script, or a sender who knows a script, can try against the
 * limits: each is over soon, and the next request finds everything as it should
 * be. Prints what each one took; only a hang fails by time.
 */
#include "script_unit.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "pulse.h"

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
static const char no_global[] = "there is no global ";

static const struct attack attacks[] = {
    {"endless loop", "", "while true do end", ENDED, time_limit},
    {"endless loop in pcall in a loop", "",
     "while true do pcall(function() while true do end end) end", ENDED,
     time_limit},
    {"endless loop in try in a loop", "",
     "while true do try(function() while true do end end) end", ENDED,
     time_limit},
    {"pcall that catches the end, 200 deep", "",
     "local function f(n) if n > 0 then pcall(f, n - 1) end"
     " while true do end end f(150)",
     ENDED, time_limit},
    {"xpcall with an endless handler", "",
     "xpcall(error, function() while true do end end)", RAISES, no_global},
    {"coroutine made while loading", "local co = coroutine.create(print)", "",
     REFUSED_AT, no_global},
    {"coroutine resumed later", "",
     "coroutine.wrap(function() while true do end end)()", RAISES, no_global},
    {"finalizer that loops", "",
     "setmetatable({}, { __gc = function() while true do end end })", RAISES,
     no_global},
    {"to-be-closed variable", "", "local x <close> = {} while true do end",
     RAISES, "non-closable value"},
    {"__index of the string metatable", "",
     "getmetatable('').__index.upper = function() return 'evil' end", RAISES,
     no_global},
    {"string.find, four lazy dots", "", "(req.text):find(('.-'):rep(4) .. 'b')",
     RAISES, "pattern"},
    {"string.find, three stars", "", "(req.text):find('a.-a.-a.-b')", RAISES,
     "pattern"},
    {"string.gsub, nested optionals", "",
     "(req.text):gsub(('a?'):rep(25) .. ('a'):rep(25) .. 'b', '')", RAISES,
     "pattern"},
    {"string.match, balanced", "", "('('):rep(60000):match('%b()%b()%b()x')",
     RAISES, "pattern"},
    {"string.gmatch for ever", "",
     "while true do for _ in (req.text):gmatch('a') do end end", ENDED,
     time_limit},
    {"table.move over everything", "",
     "table.move({}, 1, math.maxinteger - 2, 2)", RAISES, ""},
    {"table.concat over everything", "",
     "table.concat({}, '', 1, math.maxinteger - 1)", RAISES, ""},
    {"table.unpack over everything", "", "table.unpack({}, 1, 1e8)", RAISES,
     ""},
    {"table.insert far away", "",
     "local t = {} for i = 1, 1e9 do table.insert(t, 1, i) end", ENDED,
     "limit"},
    {"table.sort with a wrong order", "",
     "local t = {} for i = 1, 90000 do t[i] = i % 7 end"
     " while true do table.sort(t, function() return true end) end",
     RAISES, ""},
    {"string.rep of a gigabyte", "", "return ('x'):rep(1e9)", RAISES, "rep"},
    {"string.rep of nothing for ever", "", "while true do (''):rep(1e9) end",
     RAISES, ""},
    {"string.format with a huge width", "", "('%99999999d'):format(1)", RAISES,
     ""},
    {"growing table", "", "local t = {} while true do t[#t + 1] = {} end",
     ENDED, "limit"},
    {"doubling text", "", "local s = 'xxxxxxxx' while true do s = s .. s end",
     ENDED, "limit"},
    {"text kept in pieces", "",
     "local t = {} while true do t[#t + 1] = ('x'):rep(9e5) .. #t end", ENDED,
     "limit"},
    {"memory bomb in pcall", "",
     "while true do pcall(function() local t = {}"
     " while true do t[#t + 1] = ('x'):rep(1e5) .. #t end end) end",
     ENDED, "limit"},
    {"bytecode", "", "load(string.dump(function() end))", RAISES, ""},
    {"load of text", "", "load('while true do end')()", RAISES, no_global},
    {"dofile", "", "dofile('/etc/passwd')", RAISES, no_global},
    {"io", "", "io.open('/etc/passwd')", RAISES, no_global},
    {"os", "", "os.execute('true')", RAISES, no_global},
    {"debug", "", "debug.sethook()", RAISES, no_global},
    {"package", "", "package.loadlib('x', 'y')", RAISES, no_global},
    {"require in a request", "", "require('x')", RAISES, "require"},
    {"garbage collector stopped", "", "collectgarbage('stop')", RAISES,
     no_global},
    {"a global is set", "", "leaked = req.text", RAISES,
     "global leaked is set"},
    {"deep recursion", "", "local function f() return 1 + f() end return f()",
     ENDED, "limit"},
    {"deep recursion through pcall", "",
     "local function f() pcall(f) return f() end f()", ENDED, ""},
    {"deep recursion through sort", "",
     "local function f() table.sort({ 2, 1 }, f) end f()", RAISES, ""},
    {"deep recursion through gsub", "",
     "local function f() return (('x'):gsub('x', f)) end f()", RAISES, ""},
    {"error with a table", "", "error({})", RAISES, "not text"},
    {"error with nothing", "", "error()", RAISES, "not text"},
    {"error with a megabyte", "", "error(('x'):rep(1e6))", RAISES, "xxx"},
    {"error of a caught limit", "",
     "local ok, e = pcall(function() while true do end end) error(e)", ENDED,
     time_limit},
    {"json of a table in itself", "",
     "local t = {} t.t = t return nil, json.encode(t)", RAISES, ""},
    {"flatten of a table in itself", "", "local t = {} t.t = t flatten(t)",
     RAISES, ""},
    {"deep JSON", "", "json.decode(('['):rep(1e6))", RAISES, ""},
    {"JSON for ever", "",
     "local s = '[' .. ('1,'):rep(90000) .. '1]'"
     " while true do json.decode(s) end",
     ENDED, time_limit},
    {"base64, hex and back for ever", "",
     "while true do hex.decode(hex.encode(req.text)) end", ENDED, time_limit},
    {"hash for ever", "", "while true do hash('sha256', req.text) end", ENDED,
     time_limit},
    {"points for ever", "", "while true do emit('m', nil, { x = 1 }) end",
     ENDED, ""},
    {"log for ever", "", "while true do log.info('x') end", ENDED, time_limit},
    {"integer overflow in a for", "",
     "for i = math.maxinteger - 1, math.maxinteger do end"
     " for i = 1, math.huge do end",
     ENDED, time_limit},
};

enum { ATTACKS = sizeof attacks / sizeof *attacks };

static char hostile_text[3001];
static unsigned complaints;

/* All of them are tried; one report names all that failed. */
#define COMPLAIN(...)                                                          \
    (complaints++, print_error(__VA_ARGS__), print_error("\n"))

/* A sanitizer may be so slow that the time limit comes first. */
static void judge(const struct attack *attack, struct bench *bench, bool ok)
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
static void expect_unharmed(const struct attack *attack, struct bench *bench)
{
    if (!bench_run(bench, "") || bench->lines.len == 0)
        COMPLAIN("after %s: %s", attack->name, bench->err.text);
    assert_string_equal(buf_string(&bench->lines),
                        "m x=\"UP\",y=\"a,b\" 1767323045000000000\n");
    if (script_memory_bytes(bench->script) > 4 << 20)
        COMPLAIN("after %s: %zu bytes are held", attack->name,
                 script_memory_bytes(bench->script));
}

static void try_attack(const struct attack *attack, struct pulse *pulse)
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
    bench_free(&bench);
}

static void try_all(struct pulse *pulse)
{
    log_set_level(LOG_ERROR);
    memset(hostile_text, 'a', sizeof hostile_text - 1);
    for (int i = 0; i < ATTACKS; i++)
        try_attack(&attacks[i], pulse);
    assert_int_equal(complaints, 0);
}

/* As `try` and recorded tests run scripts. */
static void with_a_hook_each_is_over_soon(void **state)
{
    (void)state;
    try_all(NULL);
}

/* As the gateway does. */
static void with_a_pulse_each_is_over_soon(void **state)
{
    (void)state;
    struct pulse pulse = {.beats = false};
    pulse_start(&pulse); /* test_pulse has it that this works */
    try_all(&pulse);
    pulse_stop(&pulse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_hook_each_is_over_soon),
        cmocka_unit_test(with_a_pulse_each_is_over_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
