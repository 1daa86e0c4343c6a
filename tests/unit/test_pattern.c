/* Patterns: the same answers as Lua's own library gives, in bounded time. */
#include "unit.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#include "clock.h"
#include "pattern.h"

/* Small and the same everywhere. */
static uint32_t seed = 2463534242u;

static uint32_t chance(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static const char *search(struct pattern *pattern, const char *text,
                          const char *subject, char *out, size_t size)
{
    struct text whole;
    pattern_init(pattern, text_of(text), text_of(subject), 0, false);
    if (!pattern_next(pattern, &whole))
        return pattern->problem ? "problem" : "none";
    size_t start = (size_t)(whole.at - subject);
    int used = snprintf(out, size, "%zu-%zu", start + 1, start + whole.len);
    for (size_t i = 0; i < pattern->capture_count; i++) {
        const struct pattern_capture *capture = &pattern->captures[i];
        if (capture->is_position)
            used += snprintf(out + used, size - (size_t)used, " @%zu",
                             capture->start + 1);
        else
            used += snprintf(out + used, size - (size_t)used, " %.*s",
                             (int)capture->len, subject + capture->start);
    }
    return out;
}

static void expect(const char *text, const char *subject, const char *wanted)
{
    struct pattern pattern;
    char out[400];
    const char *got = search(&pattern, text, subject, out, sizeof out);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s in %s: %s, not %s", text, subject, got, wanted);
}

static void each_item_of_the_manual_is_known(void **state)
{
    (void)state;
    expect("", "abc", "1-0");
    expect("b", "abc", "2-2");
    expect("^b", "abc", "none");
    expect("c$", "abc", "3-3");
    expect("$c", "a$c", "2-3");
    expect(".-c", "abcc", "1-3");
    expect("b*", "abb", "1-0");
    expect("b+", "abb", "2-3");
    expect("xb?", "axb", "2-3");
    expect("%d+", "a12b", "2-3");
    expect("%D", "1a", "2-2");
    expect("%.", "a.b", "2-2");
    expect("[a-c]+", "xabcd", "2-4");
    expect("[^a-c]+", "abxy", "3-4");
    expect("[]]", "a]", "2-2");
    expect("[%]x-]+", "a-]x", "2-4");
    expect("(%w+)=(%w*)", "k=v", "1-3 k v");
    expect("()b()", "abc", "2-2 @2 @3");
    expect("((a)b)", "ab", "1-2 ab a");
    expect("(.)%1", "abb", "2-3 b");
    expect("%b()", ")(a(b)c)(", "2-8");
    expect("()%1", "aa", "none");
    expect("%b()", ")(", "none");
    expect("%f[%w]%w+", "  word ", "3-6");
    expect("%f[%z]", "ab", "3-2");
}

static void what_is_no_pattern_is_a_problem(void **state)
{
    (void)state;
    static const char *const broken[] = {"%",   "[a", "[%",   "(a",
                                         "a)",  "%1", "(%1)", "%b",
                                         "%bx", "%f", "%fa",  "%0"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        expect(broken[i], "a", "problem");
    char deep[1000] = "";
    for (int i = 0; i < 40; i++)
        strcat(deep, "(a");
    expect(deep, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "problem");
}

/* The same from Lua's string.find, in the same form. */
static const char *ask_lua(lua_State *L, const char *text, const char *subject,
                           char *out, size_t size)
{
    lua_settop(L, 0);
    lua_getglobal(L, "string");
    lua_getfield(L, 1, "find");
    lua_pushstring(L, subject);
    lua_pushstring(L, text);
    if (lua_pcall(L, 2, LUA_MULTRET, 0) != LUA_OK)
        return "problem";
    if (lua_isnil(L, 2))
        return "none";
    int used = snprintf(out, size, "%d-%d", (int)lua_tointeger(L, 2),
                        (int)lua_tointeger(L, 3));
    for (int i = 4; i <= lua_gettop(L); i++) {
        const char *format = lua_type(L, i) == LUA_TNUMBER ? " @%s" : " %s";
        used += snprintf(out + used, size - (size_t)used, format,
                         lua_tostring(L, i));
    }
    return out;
}

static void random_patterns_match_as_in_lua(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a",    "b",  ".",  "%a", "%d",   "[ab]", "[^a]",  "[a-c1]",
        "%w",   "%S", "(",  ")",  "()",   "*",    "+",     "-",
        "?",    "^",  "$",  "%1", "%b()", "%bab", "%f[a]", "%f[^a]",
        "[%w]", "1",  "%(", "%",  "[",    "]",    "[]a]",  "c"};
    static const char letters[] = "aab1c( )-]";
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    size_t found = 0, problems = 0;
    for (int round = 0; round < 100000; round++) {
        struct pattern pattern;
        char text[100] = "", subject[20] = "", ours[400], theirs[400];
        for (uint32_t i = chance(8); i > 0; i--)
            strcat(text, pieces[chance(sizeof pieces / sizeof *pieces)]);
        for (uint32_t i = 0, len = chance(12); i < len; i++)
            subject[i] = letters[chance(sizeof letters - 1)];
        if (!strpbrk(text, "^$*+?.([%-"))
            continue; /* Lua's find takes that as plain text */
        const char *mine = search(&pattern, text, subject, ours, sizeof ours);
        const char *his = ask_lua(L, text, subject, theirs, sizeof theirs);
        if (strcmp(mine, his) != 0)
            fail_msg("%s in \"%s\": %s, Lua says %s (%s)", text, subject, mine,
                     his, pattern.problem ? pattern.problem : "no problem");
        found += mine == ours;
        problems += pattern.problem != NULL;
    }
    assert_in_range(found, 10000, 90000);
    assert_in_range(problems, 10000, 90000);
    lua_close(L);
}

static void matches_follow_each_other(void **state)
{
    (void)state;
    struct pattern pattern;
    struct text whole;
    size_t starts[8], count = 0;
    const char *subject = "abc d";
    pattern_init(&pattern, TEXT("%a*"), text_of(subject), 0, false);
    while (count < 8 && pattern_next(&pattern, &whole))
        starts[count++] = (size_t)(whole.at - subject);
    assert_int_equal(count, 2);
    assert_int_equal(starts[0], 0);
    assert_int_equal(starts[1], 4);
    pattern_init(&pattern, TEXT("^a"), TEXT("aaa"), 0, false);
    assert_true(pattern_next(&pattern, &whole));
    assert_false(pattern_next(&pattern, &whole));
    pattern_init(&pattern, TEXT("^a"), TEXT("a^a"), 0, true);
    assert_true(pattern_next(&pattern, &whole));
    assert_int_equal(whole.len, 2);
}

/* On each of these Lua's own goes on for minutes, or for ever. */
static void a_pattern_that_explodes_is_stopped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char letter;
    } cases[] = {{"a.-a.-a.-b", 'a'},
                 {".-.-.-.-b", 'a'},
                 {"a*a*a*a*a*b", 'a'},
                 {"(a+)(a+)(a+)%1%2%3b", 'a'},
                 {"^(%a[%w_]-)(%d+)f?$", '1'},
                 {"%b()", '('},
                 {"%s-$x", ' '}};
    static char subject[60001];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pattern pattern;
        struct text whole;
        memset(subject, cases[i].letter, sizeof subject - 1);
        subject[0] = cases[i].letter == '1' ? 'a' : subject[0];
        subject[sizeof subject - 2] = '!';
        int64_t before_ns = clock_thread_cpu_ns();
        pattern_init(&pattern, text_of(cases[i].text), text_of(subject), 0,
                     false);
        assert_false(pattern_next(&pattern, &whole));
        assert_string_equal(pattern.problem,
                            "the pattern takes too many steps on this text");
        assert_in_range(clock_thread_cpu_ns() - before_ns, 0,
                        5 * NS_PER_S); /* sanitizers are slow */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_of_the_manual_is_known),
        cmocka_unit_test(what_is_no_pattern_is_a_problem),
        cmocka_unit_test(random_patterns_match_as_in_lua),
        cmocka_unit_test(matches_follow_each_other),
        cmocka_unit_test(a_pattern_that_explodes_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
