/* Words of a Lua text, and the globals that it uses. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "lua_globals.h"
#include "lua_words.h"

static void note_use(const struct lua_use *use, void *context)
{
    static const char kinds[] = {[LUA_USE_READ] = 'r',
                                 [LUA_USE_WRITE] = 'w',
                                 [LUA_USE_FIELD] = 'f',
                                 [LUA_USE_REQUEST] = 'q',
                                 [LUA_USE_REQUEST_WRITE] = 'Q'};
    if (use->kind == LUA_USE_DROPPED)
        return;
    buf_printf(context, "%c%s%u:%.*s%s%.*s ", kinds[use->kind],
               use->is_in_function ? "f" : "", use->line, TEXT_ARG(use->name),
               use->field.len > 0 ? "." : "", TEXT_ARG(use->field));
}

static void assert_uses(const char *lua, const char *wanted)
{
    struct buf uses;
    buf_init(&uses, 1 << 16);
    lua_globals_find(text_of(lua), note_use, &uses);
    if (strcmp(buf_string(&uses), wanted) != 0)
        fail_msg("%s: got \"%s\", wanted \"%s\"", lua, buf_string(&uses),
                 wanted);
    buf_deinit(&uses);
}

static void words_have_kinds_and_lines(void **state)
{
    (void)state;
    static const char lua[] =
        "#!x\nlocal a<const> = 0x1p+3 -- b\n--[==[ c\n]=] ]==] d =\n"
        "[[e\n]] .. 'f\\'g' .. \"\\\"h\" ... 1..2 3e-5 :: // ~= and";
    static const struct {
        const char *text;
        enum lua_word_kind kind;
        unsigned line;
    } wanted[] = {
        {"local", LUA_WORD_KEYWORD, 2}, {"a", LUA_WORD_NAME, 2},
        {"<", LUA_WORD_SIGN, 2},        {"const", LUA_WORD_NAME, 2},
        {">", LUA_WORD_SIGN, 2},        {"=", LUA_WORD_SIGN, 2},
        {"0x1p+3", LUA_WORD_NUMBER, 2}, {"d", LUA_WORD_NAME, 4},
        {"=", LUA_WORD_SIGN, 4},        {"[[e\n]]", LUA_WORD_TEXT, 5},
        {"..", LUA_WORD_SIGN, 6},       {"'f\\'g'", LUA_WORD_TEXT, 6},
        {"..", LUA_WORD_SIGN, 6},       {"\"\\\"h\"", LUA_WORD_TEXT, 6},
        {"...", LUA_WORD_SIGN, 6},      {"1..2", LUA_WORD_NUMBER, 6},
        {"3e-5", LUA_WORD_NUMBER, 6},   {"::", LUA_WORD_SIGN, 6},
        {"//", LUA_WORD_SIGN, 6},       {"~=", LUA_WORD_SIGN, 6},
        {"and", LUA_WORD_KEYWORD, 6},
    };
    struct lua_words words;
    lua_words_begin(&words, text_of(lua));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct lua_word word = lua_words_next(&words);
        assert_text(word.text, wanted[i].text);
        assert_int_equal(word.kind, wanted[i].kind);
        assert_int_equal(word.line, wanted[i].line);
    }
    assert_int_equal(lua_words_next(&words).kind, LUA_WORD_END);
    assert_int_equal(lua_words_next(&words).kind, LUA_WORD_END);
}

static void a_text_is_never_a_sign_or_a_name(void **state)
{
    (void)state;
    struct lua_words words;
    lua_words_begin(&words, TEXT("\xef\xbb\xbf'end'"));
    struct lua_word word = lua_words_next(&words);
    assert_false(lua_word_is(&word, "'end'"));
    assert_uses("return 'a', \"b.c\", [[d]], #'e'", "");
}

static void names_in_sight_are_no_globals(void **state)
{
    (void)state;
    assert_uses("local a, b <const> = c; return a + b", "r1:c ");
    assert_uses("local x = x", "r1:x ");
    assert_uses("local function f() return f end f()", "");
    assert_uses("local f = function() return f end", "rf1:f ");
    assert_uses("local function f(a, ...) return a, ..., b end", "rf1:b ");
    assert_uses("do local a = 1 end return a", "r1:a ");
    assert_uses("for i = 1, i do p(i) end i()", "r1:i r1:p r1:i ");
    assert_uses("for k, v in next, k do k(v) end", "r1:next r1:k ");
    assert_uses("repeat local a = 1 until a == 2; a()", "r1:a ");
    assert_uses("while w do local w; w() end", "r1:w ");
    assert_uses("if a then local b elseif b then b() else c() end",
                "r1:a r1:b r1:b r1:c ");
}

static void fields_and_labels_are_no_globals(void **state)
{
    (void)state;
    assert_uses("local t = {} return t.a.b:c('x').d, t[e]", "r1:e ");
    assert_uses("return { a = 1, b = c, [d] = e, f == g, h; i }",
                "r1:c r1:d r1:e r1:f r1:g r1:h r1:i ");
    assert_uses("goto a ::a::", "");
    assert_uses("local t function t.a.b:c() return self end", "");
}

static void reads_writes_and_fields_are_told_apart(void **state)
{
    (void)state;
    assert_uses("a = 1", "w1:a ");
    assert_uses("a, b.c, d[1] = e", "w1:a f1:b.c r1:d r1:e ");
    assert_uses("a.b = 1", "r1:a ");
    assert_uses("a.b.c = 1", "f1:a.b ");
    assert_uses("a.b()", "f1:a.b ");
    assert_uses("a:b() c 'x' d {} (e)()", "r1:a r1:c r1:d r1:e ");
    assert_uses("function a() end function b.c() end", "w1:a r1:b ");
    assert_uses("return function() a = b end", "wf1:a rf1:b ");
    assert_uses("return not a and -b .. #c ~ ~d", "r1:a r1:b r1:c r1:d ");
}

static void what_is_asked_of_the_request_is_told(void **state)
{
    (void)state;
    assert_uses("return function(req) req.a = req.b.c; req.d() end",
                "Qf1:req.a qf1:req.b qf1:req.d ");
    assert_uses("return function(r)\n local function f(r) return r.x end\n"
                " return r.y, f(r)\nend",
                "qf3:r.y ");
    assert_uses("local function f(req) return req.x end return f", "");
    assert_uses("return wrap(function(req) return req.x end)", "r1:wrap ");
    assert_uses("return { function(req) return req.x end }", "");
    assert_uses("return function(req) return function(q) return q.x end end",
                "");
}

static void note_dropped(const struct lua_use *use, void *context)
{
    if (use->kind == LUA_USE_DROPPED)
        buf_printf(context, "%u:%.*s%s%.*s ", use->line, TEXT_ARG(use->name),
                   use->within.len > 0 ? "<" : "", TEXT_ARG(use->within));
}

static void assert_dropped(const char *lua, const char *wanted)
{
    struct buf uses;
    buf_init(&uses, 1 << 16);
    lua_globals_find(text_of(lua), note_dropped, &uses);
    if (strcmp(buf_string(&uses), wanted) != 0)
        fail_msg("%s: got \"%s\", wanted \"%s\"", lua, buf_string(&uses),
                 wanted);
    buf_deinit(&uses);
}

static void results_that_nobody_sees_are_told(void **state)
{
    (void)state;
    assert_dropped("a(1)\nb{ 2 } if c then\nd() end", "1:a 2:b 3:d ");
    assert_dropped("local x = a(1) y = b() t[c()] = d(), e() return f()", "");
    assert_dropped("a.b(1) a:b(2) (a)(3) local f f(4)", "");
    assert_dropped("a(b(1), { c(2) }, function() d(3) end)", "1:a 1:d ");
    assert_dropped("a(x, function() return b(1) end)", "1:a 1:b<a ");
    assert_dropped("a(x, function() return b, c(1) end)", "1:a ");
    assert_dropped("a(x, function() if y then return b{} end\n"
                   "c(1) return d() end)",
                   "1:a 1:b<a 2:c 2:d<a ");
    assert_dropped("return a(x, function() return b(1) end)", "");
    assert_dropped("local t = a(x, function() return b(1) end)", "");
    assert_dropped("a(x, function()\n local f = function() return b(1) end\n"
                   " return a(f, function() return c(1) end) end)",
                   "1:a 3:a<a ");
    assert_dropped("return function() a(x, function() return b() end) return"
                   " c() end",
                   "1:a 1:b<a ");
    assert_dropped("a(1).b = c()", "1:a ");
}

/* Only what stands within another makes it deeper. */
static void one_after_the_other_is_no_depth(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "repeat local b until b\n", "do end\n", "local a = (((1)))\n",
        "local f = function() end\n", "if 1 then else end\n"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char text[20000] = "";
        size_t len = strlen(pieces[i]);
        for (size_t k = 0; k < 600; k++)
            memcpy(text + k * len, pieces[i], len + 1);
        memcpy(text + 600 * len, "b()", 4);
        assert_uses(text, "r601:b ");
    }
}

static void what_is_no_lua_is_read_to_its_end(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "end end end", "return {", "f(", "local",        "local function",
        "for",         "a.",       "a:", "::",           "[==[",
        "'",           "{ { {",    "if", "repeat until", "function",
        "return ) ]",  "goto",     ",,", "a, = b",       "- -",
    };
    struct buf uses;
    buf_init(&uses, 1 << 20);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        lua_globals_find(text_of(odd[i]), note_use, &uses);
    char deep[4001];
    memset(deep, '(', 2000);
    memset(deep + 2000, '{', 2000);
    lua_globals_find((struct text){deep, 4000}, note_use, &uses);
    lua_globals_find(TEXT(""), note_use, &uses);
    buf_deinit(&uses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_have_kinds_and_lines),
        cmocka_unit_test(a_text_is_never_a_sign_or_a_name),
        cmocka_unit_test(names_in_sight_are_no_globals),
        cmocka_unit_test(fields_and_labels_are_no_globals),
        cmocka_unit_test(reads_writes_and_fields_are_told_apart),
        cmocka_unit_test(what_is_asked_of_the_request_is_told),
        cmocka_unit_test(results_that_nobody_sees_are_told),
        cmocka_unit_test(one_after_the_other_is_no_depth),
        cmocka_unit_test(what_is_no_lua_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
