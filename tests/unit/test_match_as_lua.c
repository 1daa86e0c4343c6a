/* string.find, match, gmatch and gsub: the same results as Lua's own on random
 * patterns, the manual's examples, and the bounds. */
#include "script_unit.h"

#include <stdlib.h>

#include <lauxlib.h>
#include <lualib.h>

#include "clock.h"
#include "lua_patterns.h"
#include "script_lua.h"
#include "script_match.h"

#define FUNCTION(body) "return function(req)\n" body "\nend\n"
/* Each error of Lua's is a longjmp, of which ThreadSanitizer remembers frames
 * for ever: with 200,000 cases it takes all memory. */
#ifdef __SANITIZE_THREAD__
#define CASES 2000
#else
#define CASES 200000
#endif

static void results_are_the_manuals(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{ ('hello world'):find('o w') }", "[5,7]"},
        {"{ ('hello world'):find('(o)( )') }", "[5,6,\"o\",\" \"]"},
        {"{ ('a.b.c'):find('.', 3, true) }", "[4,4]"},
        {"{ ('a.b'):find('', 4) }", "[4,3]"},
        {"('a.b'):find('', 5) == nil", "true"},
        {"('a.b'):find('b', -1)", "3"},
        {"('aab'):find('a', -2)", "2"},
        {"('aab'):find('a', -200)", "1"},
        {"('aab'):find('a', math.mininteger)", "1"},
        {"('aab'):find('a', math.maxinteger) == nil", "true"},
        {"('a]b'):find(']')", "2"},
        {"('a)b'):find(')')", "2"}, /* nothing special in it: plain text */
        {"string.match(12345, '3(.)')", "\"4\""},
        {"string.match(12345, 34)", "\"34\""},
        {"{ ('k = v'):match('^(%w+)%s*=%s*(%w+)$') }", "[\"k\",\"v\"]"},
        {"{ ('flaaap'):match('()aa()') }", "[3,5]"},
        {"('  trim '):match('^%s*(.-)%s*$')", "\"trim\""},
        {"('abc'):match('.-', 2)", "\"\""},
        {"('abc'):match('b', 3) == nil", "true"},
        {"('abc'):match('^b', 2)", "\"b\""},
        {"{ ('hello world'):gsub('(%w+)', '%1 %1') }",
         "[\"hello hello world world\",2]"},
        {"{ ('hello world'):gsub('%w+', '%0 %0', 1) }",
         "[\"hello hello world\",1]"},
        {"{ ('hello Lua'):gsub('(%w+)%s*(%w+)', '%2 %1') }",
         "[\"Lua hello\",1]"},
        {"{ ('$n-$v'):gsub('%$(%w+)', { n = 'lua', v = 5.4 }) }",
         "[\"lua-5.4\",2]"},
        {"{ ('$n-$v'):gsub('%$(%w+)', { n = false }) }", "[\"$n-$v\",2]"},
        {"{ ('a b'):gsub('%w', function(c) return c:upper() end) }",
         "[\"A B\",2]"},
        {"{ ('a b'):gsub('()%w', function(i) return i end) }", "[\"1 3\",2]"},
        {"{ ('abc'):gsub('', '-') }", "[\"-a-b-c-\",4]"},
        {"{ ('abc'):gsub('%w*', 'x') }", "[\"x\",1]"},
        {"{ ('aaa'):gsub('^a', 'b') }", "[\"baa\",1]"},
        {"{ ('aaa'):gsub('a', 'b', 2) }", "[\"bba\",2]"},
        {"{ ('aaa'):gsub('a', 'b', 0) }", "[\"aaa\",0]"},
        {"{ ('aaa'):gsub('a', 'b', -1) }", "[\"aaa\",0]"},
        {"{ ('50'):gsub('$', '%%') }", "[\"50%\",1]"},
        {"{ ('ab'):gsub('()b', '<%1>') }", "[\"a<2>\",1]"},
        {"{ ('a1'):gsub('%d', 7) }", "[\"a7\",1]"},
        {"(('x'):rep(100000) .. 'y'):find('y', 1, true)", "100001"},
        {"#(('x '):rep(300000)):gsub(' +', '')", "300000"},
        {"(function() local t = {} for k, v in ('a=1, b=2'):gmatch"
         "('(%w+)=(%w+)') do t[k] = v end return t end)()",
         "{\"a\":\"1\",\"b\":\"2\"}"},
        {"(function() local t = {} for w in ('one two'):gmatch('%a+', 3) do"
         " t[#t + 1] = w end return t end)()",
         "[\"e\",\"two\"]"},
        {"(function() local t = {} for i in ('ab'):gmatch('()') do"
         " t[#t + 1] = i end return t end)()",
         "[1,2,3]"},
        {"(function() for _ in ('ab'):gmatch('', 4) do return 1 end"
         " return 0 end)()",
         "0"},
        {"(function() local f = ('a'):gmatch('a') f() return f() == nil"
         " and f() == nil end)()",
         "true"},
        {"(function() local t = {} for a in ('ab'):gmatch('%w') do"
         " for b in ('xy'):gmatch('%w') do t[#t + 1] = a .. b end end"
         " return t end)()",
         "[\"ax\",\"ay\",\"bx\",\"by\"]"},
        {"(('ab'):gsub('%w', function(c) return (c:gsub('a', 'z')) end))",
         "\"zb\""},
        {"(('ab'):gsub('%w', function(c) return c .. c .. "
         "('x'):rep(3000):gsub('x', 'y', 1) end)):len()",
         "6004"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_result(cases[i][0], "", cases[i][1]);
}

static void mistakes_are_errors_of_the_script(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"('a'):find('%')",
         "malformed pattern: nothing follows the '%' (byte 1)"},
        {"('a'):match('[b')",
         "malformed pattern: '[' without its ']' (byte 1)"},
        {"('a'):gmatch('(b')",
         "malformed pattern: '(' without its ')' (byte 3)"},
        {"('a'):gsub('b)', '')",
         "malformed pattern: ')' without its '(' (byte 2)"},
        {"('a'):gsub('a', '%')", "invalid use of '%' in replacement string"},
        {"('a'):gsub('a', '%x')", "invalid use of '%' in replacement string"},
        {"('a'):gsub('a', '%2')",
         "invalid capture index %2 in replacement string"},
        {"('a'):gsub('(a)', '%2')",
         "invalid capture index %2 in replacement string"},
        {"('a'):gsub('a', function() return {} end)",
         "invalid replacement value (a table)"},
        {"('a'):gsub('a', { a = true })",
         "invalid replacement value (a boolean)"},
        {"('a'):gsub('a', nil)",
         "bad argument #2 to 'gsub' (string/function/table expected, got nil)"},
        {"('a'):gsub('a', 'b', 'c')",
         "bad argument #3 to 'gsub' (number expected, got string)"},
        {"('a'):find()", "bad argument #1 to 'find' (string expected, got no"
                         " value)"},
        {"string.match({}, 'a')",
         "bad argument #1 to 'match' (string expected, got table)"},
        {"('a'):find('a', 'x')",
         "bad argument #2 to 'find' (number expected, got string)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300], message[300];
        snprintf(text, sizeof text, FUNCTION("local x = %s"), cases[i][0]);
        snprintf(message, sizeof message, "t.lua:2: %s", cases[i][1]);
        expect_failure(text, "", ERR_SCRIPT, message);
    }
}

static void an_exploding_pattern_names_its_line(void **state)
{
    (void)state;
    static const char *const calls[] = {
        "req.text:find(('.-'):rep(4) .. 'b')",
        "req.text:find('a.-a.-a.-b')",
        "req.text:match('(a*)(a*)(a*)%1b')",
        "req.text:gsub('a*a*a*a*b', '')",
        "for _ in req.text:gmatch('.-.-.-b') do end",
    };
    char *body = malloc(3001);
    memset(body, 'a', 3000);
    body[3000] = '\0';
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char text[200];
        snprintf(text, sizeof text, FUNCTION("%s"), calls[i]);
        expect_failure(text, body, ERR_SCRIPT,
                       "t.lua:2: this pattern takes too long on 3000 bytes of"
                       " text");
    }
    free(body);
}

/* One call that would take seconds ends with the script's time, and a pcall
 * around it does not help. */
static void one_call_cannot_outlast_the_script(void **state)
{
    (void)state;
    static const char *const calls[] = {
        "s:find('a-b')",
        "s:gsub('a-b', '')",
        "for _ in s:gmatch('a-b') do end",
        "while true do pcall(s.match, s, 'a-b') end",
        "while true do s:gsub('^a', 'b') end",
        "while true do s:match('.*') end",
        "while true do s:find('b', 1, true) end"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct bench bench;
        char text[200];
        snprintf(text, sizeof text,
                 FUNCTION("local s = ('a'):rep(1000000)\n%s"), calls[i]);
        assert_true(bench_load(&bench, text));
        bench.route.limits.time_ns = 2000000;
        int64_t from = clock_thread_cpu_ns();
        assert_false(bench_run(&bench, ""));
        int64_t spent = clock_thread_cpu_ns() - from;
        if (strcmp(bench.err.text, "t.lua:3: time limit of 2 ms reached") != 0)
            fail_msg("%s: %s", calls[i], bench.err.text);
        if (spent > NS_PER_S) /* far off, for sanitizers on a busy machine */
            fail_msg("%s: %lld ms", calls[i], (long long)(spent / NS_PER_MS));
        bench_free(&bench);
    }
}

static void memory_is_still_bounded(void **state)
{
    (void)state;
    expect_failure(FUNCTION("local s = ('a'):rep(1000000)\n"
                            "s:gsub('a', ('b'):rep(100))"),
                   "", ERR_SCRIPT,
                   "t.lua: memory limit of 32000000 bytes reached");
}

/* Calls one function of both libraries; what differs is an error. */
static const char copier[] = "local copy = {}\n"
                             "for k, v in pairs(string) do copy[k] = v end\n"
                             "return copy\n";
static const char comparer[] =
    "local theirs, ours = ...\n"
    "local function pack(...) return { n = select('#', ...), ... } end\n"
    "local function all(lib, s, p, init)\n"
    "  local out = {}\n"
    "  for a, b, c in lib.gmatch(s, p, init) do\n"
    "    out[#out + 1] = tostring(a) .. ',' .. tostring(b) .. ','"
    " .. tostring(c)\n"
    "    if #out > 100 then break end\n"
    "  end\n"
    "  return table.concat(out, ';')\n"
    "end\n"
    "local function same(what, strict, f, ...)\n"
    "  local a = pack(pcall(f, theirs, ...))\n"
    "  local b = pack(pcall(f, ours, ...))\n"
    "  if a[1] and not b[1] and not strict then return 0 end\n"
    "  local equal = a[1] == b[1] and (a[1] or not strict)\n"
    "  if a[1] then\n"
    "    equal = equal and a.n == b.n\n"
    "    for i = 2, a.n do equal = equal and rawequal(a[i], b[i])\n"
    "      and math.type(a[i]) == math.type(b[i]) end\n"
    "  end\n"
    "  if equal then return a[1] and a[2] and 1 or 0 end\n"
    "  error(string.format('%s %q: theirs %s %s %s, ours %s %s %s', what,\n"
    "    table.concat({ ... }, '|', 1, 2), a[1], a[2], a[3], b[1], b[2],"
    " b[3]))\n"
    "end\n"
    "local map = { a = 'X', b = false, ab = 7, ['1'] = '%1' }\n"
    "local function swap(a, b)\n"
    "  if a == 'a' then return nil end\n"
    "  return tostring(b) .. tostring(a)\n"
    "end\n"
    "local function find(l, s, p, i) return l.find(s, p, i) end\n"
    "local function match(l, s, p, i) return l.match(s, p, i) end\n"
    "local function gsub(l, s, p, r, n) return l.gsub(s, p, r, n) end\n"
    "return function(s, p, init, repl, n, strict)\n"
    "  local found = same('find', strict, find, s, p, init)\n"
    "  same('match', strict, match, s, p, init)\n"
    "  same('gmatch', strict, all, s, p, init)\n"
    "  same('gsub', strict, gsub, s, p, repl, n)\n"
    "  same('gsub', strict, gsub, s, p, map, n)\n"
    "  same('gsub', strict, gsub, s, p, swap, n)\n"
    "  return found\n"
    "end\n";

struct both {
    struct script_lua lua;
    lua_State *L;
    struct dice dice;
};

/* A state with both libraries, and the function that compares on its stack. */
static void both_open(struct both *both)
{
    memset(both, 0, sizeof *both);
    both->lua.limits = LIMITS_DEFAULT;
    both->lua.budget_ns = UINT64_MAX / 4;
    both->dice.state = UINT64_C(88172645463325252);
    both->L = script_lua_new_state(&both->lua);
    luaL_openlibs(both->L);
    assert_int_equal(luaL_loadstring(both->L, comparer), LUA_OK);
    assert_int_equal(luaL_dostring(both->L, copier), LUA_OK);
    script_match_open(both->L);
    lua_getglobal(both->L, "string");
    assert_int_equal(script_lua_pcall(both->L, 2, 1, 0), LUA_OK);
}

static bool compare(struct both *both, const char *pattern, bool is_strict)
{
    char subject[20];
    struct dice *dice = &both->dice;
    size_t len = random_subject(dice, subject);
    const char *repl = DICE_PICK(dice, "", "x", "<%0>", "%%", "a%0b");
    lua_State *L = both->L;
    lua_pushvalue(L, -1);
    lua_pushlstring(L, subject, len);
    lua_pushstring(L, pattern);
    lua_pushinteger(L, dice_below(dice, 4) ? 1 : (int)dice_below(dice, 16) - 5);
    lua_pushstring(L, strchr(pattern, '(') && !is_strict ? "x" : repl);
    if (dice_below(dice, 4))
        lua_pushnil(L);
    else
        lua_pushinteger(L, dice_below(dice, 4));
    lua_pushboolean(L, is_strict);
    if (script_lua_pcall(L, 6, 1, 0) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    bool is_found = lua_tointeger(L, -1) == 1;
    lua_pop(L, 1);
    return is_found;
}

static void well_formed_patterns_do_as_in_lua(void **state)
{
    (void)state;
    struct both both;
    unsigned found = 0;
    both_open(&both);
    for (int i = 0; i < CASES; i++) {
        char pattern[200];
        random_pattern(&both.dice, pattern);
        found += compare(&both, pattern, true);
    }
    if (found < CASES / 10 || found > CASES - CASES / 10)
        fail_msg("only %u of %d say something", found, CASES);
    lua_close(both.L);
}

/* Lua finds a fault only when a match gets there; we always do. */
static void any_bytes_as_a_pattern_do_as_in_lua(void **state)
{
    (void)state;
    struct both both;
    unsigned found = 0;
    both_open(&both);
    for (int i = 0; i < CASES; i++) {
        char pattern[200];
        random_soup(&both.dice, pattern);
        found += compare(&both, pattern, false);
    }
    if (found < CASES / 20)
        fail_msg("only %u of %d say something", found, CASES);
    lua_close(both.L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_the_manuals),
        cmocka_unit_test(mistakes_are_errors_of_the_script),
        cmocka_unit_test(an_exploding_pattern_names_its_line),
        cmocka_unit_test(one_call_cannot_outlast_the_script),
        cmocka_unit_test(memory_is_still_bounded),
        cmocka_unit_test(well_formed_patterns_do_as_in_lua),
        cmocka_unit_test(any_bytes_as_a_pattern_do_as_in_lua),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
