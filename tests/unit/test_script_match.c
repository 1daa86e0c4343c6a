/* find, match, gmatch and gsub as scripts see them. */
#include "script_unit.h"

#include <lauxlib.h>
#include <lualib.h>

/* What each gives must be what Lua's own library gives for it. */
static const char *const cases[] = {
    "('hello'):find('l')",
    "('hello'):find('l', -1)",
    "('hello'):find('', 6)",
    "('hello'):find('', 7)",
    "('hello'):find('l', math.mininteger)",
    "('hello'):find('l', math.maxinteger)",
    "('a.b'):find('.', 2, true)",
    "('hello'):find('(l)(l)')",
    "('hello'):find('x-')",
    "('a\\0b'):find('\\0')",
    "('a\\0b'):match('%z(.)')",
    "string.match(12345, '3(.)')",
    "('k=v'):match('(%w+)=(%w+)')",
    "('k=v'):match('()=()')",
    "('k=v'):match('x')",
    "('  x '):match('^%s*(.-)%s*$')",
    "('abc'):match('b', 3)",
    "('a1b22'):gsub('%d', '')",
    "('a1b22'):gsub('%d', '<%0>')",
    "('a1b22'):gsub('(%a)(%d)', '%2%1%%')",
    "('a1b22'):gsub('%a', '%1%1')",
    "('abc'):gsub('', '-')",
    "('abc'):gsub('b*', 'x')",
    "('abc'):gsub('%w', '%0%0', 2)",
    "('abc'):gsub('%w', 'x', 0)",
    "('abc'):gsub('%w', 'x', -1)",
    "('abc'):gsub('^%w', 'x')",
    "('abc'):gsub('()', '%1')",
    "('abc'):gsub('%w', { a = 1, b = false, c = 'see' })",
    "('abc'):gsub('(%w)', function(c) if c ~= 'b' then return c .. c end end)",
    "('abc'):gsub('()%w', function(at) return at * 1.5 end)",
    "('abc'):gsub('b', 7)",
    "(function() local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)')"
    " do t[#t + 1] = k .. v end return table.concat(t, ' ') end)()",
    "(function() local t = {} for w in ('one two'):gmatch('%a*')"
    " do t[#t + 1] = '<' .. w .. '>' end return table.concat(t) end)()",
    "(function() local t = {} for w in ('^a ^b'):gmatch('^%a')"
    " do t[#t + 1] = w end return table.concat(t) end)()",
    "(function() local t = {} for at in ('abc'):gmatch('()', 3)"
    " do t[#t + 1] = at end return table.concat(t, ' ') end)()",
    "(pcall(string.gsub, 'abc', 'b', '%2'))",
    "select(2, pcall(string.gsub, 'abc', 'b', '%x'))",
    "select(2, pcall(string.gsub, 'abc', 'b', { b = {} }))",
    "pcall(string.gsub, 'abc', 'b')",
};

/* All values of the expression, as one text. */
#define EXPRESSION                                                             \
    "(function(...) local t = table.pack(...) for i = 1, t.n do"               \
    " t[i] = math.type(t[i]) == 'float' and t[i] or tostring(t[i]) end"        \
    " return table.concat(t, '|') end)(%s)"

static void they_do_what_luas_own_do(void **state)
{
    (void)state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char code[1000], wanted[1000];
        snprintf(code, sizeof code, "return " EXPRESSION, cases[i]);
        if (luaL_dostring(L, code) != LUA_OK)
            fail_msg("%s: %s", cases[i], lua_tostring(L, -1));
        /* expect_result compares JSON */
        luaL_gsub(L, lua_tostring(L, -1), "\"", "\\\"");
        snprintf(wanted, sizeof wanted, "\"%s\"", lua_tostring(L, -1));
        snprintf(code, sizeof code, EXPRESSION, cases[i]);
        expect_result(code, "", wanted);
        lua_settop(L, 0);
    }
    lua_close(L);
}

static void expect_stopped(const char *expression, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, "return function(req)\nlocal _ = %s\nend\n",
             expression);
    expect_failure(text, "", ERR_SCRIPT, message);
}

static void a_payload_that_explodes_a_pattern_is_an_error(void **state)
{
    (void)state;
    expect_stopped(
        "('a'):rep(3000):find('a.-a.-a.-b')",
        "t.lua:2: this pattern takes too long on 3000 bytes of text");
    expect_stopped(
        "('a' .. ('1'):rep(60000) .. '!')"
        ":match('^(%a[%w_]-)(%d+)f?$')",
        "t.lua:2: this pattern takes too long on 60002 bytes of text");
    expect_stopped(
        "(' '):rep(60000):gsub('%s-$x', '')",
        "t.lua:2: this pattern takes too long on 60000 bytes of text");
    expect_stopped(
        "('('):rep(60000):gmatch('%b()')()",
        "t.lua:2: this pattern takes too long on 60000 bytes of text");
}

static void a_long_needle_is_looked_for_in_linear_time(void **state)
{
    (void)state;
    expect_result("tostring((('a'):rep(1000000)):find(('a'):rep(500000)"
                  " .. 'b', 1, true))",
                  "", "\"nil\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_do_what_luas_own_do),
        cmocka_unit_test(a_payload_that_explodes_a_pattern_is_an_error),
        cmocka_unit_test(a_long_needle_is_looked_for_in_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
