/* What a hostile script, or a sender who knows a script, can try against the
 * limits. Prints what each one took.
 */
#include "attack.h"

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

/* As `try` and recorded tests run scripts. */
static void with_a_hook_each_is_over_soon(void **state)
{
    (void)state;
    try_attacks(attacks, ATTACKS, NULL);
}

/* As the gateway does. */
static void with_a_pulse_each_is_over_soon(void **state)
{
    (void)state;
    try_attacks_beating(attacks, ATTACKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_hook_each_is_over_soon),
        cmocka_unit_test(with_a_pulse_each_is_over_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
