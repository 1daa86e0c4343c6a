/* The Lua file: what it can and cannot do, its lines, its messages. */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_file.h"
#include "config_tree.h"
#include "error.h"
#include "log.h"

static char folder[] = "/tmp/test_config_file.XXXXXX";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void load(const char *lua, struct setting *root)
{
    struct error err;
    write_file("moonline.lua", lua);
    if (!config_file_load("moonline.lua", root, NULL, &err))
        fail_msg("%s", err.text);
}

static void assert_fails(const char *lua, const char *expected)
{
    struct setting root;
    struct error err;
    write_file("moonline.lua", lua);
    assert_false(config_file_load("moonline.lua", &root, NULL, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, expected);
    config_tree_deinit(&root);
}

static const struct setting *get(const struct setting *table, const char *name)
{
    const struct setting *found = config_tree_get(table, text_of(name));
    if (!found)
        fail_msg("no %s", name);
    return found;
}

static void values_of_every_kind_are_copied(void **state)
{
    (void)state;
    struct setting root;
    load("return { yes = true, no = false, whole = 42, part = 1.5,\n"
         "  text = 'x\\0y', list = { 'a', 'b' }, empty = {},\n"
         "  code = function() end }",
         &root);
    assert_int_equal(root.type, SETTING_TABLE);
    assert_int_equal(root.count, 8);
    assert_true(get(&root, "yes")->truth);
    assert_false(get(&root, "no")->truth);
    assert_int_equal(get(&root, "whole")->type, SETTING_INT);
    assert_int_equal(get(&root, "whole")->integer, 42);
    assert_int_equal(get(&root, "part")->type, SETTING_FLOAT);
    assert_int_equal(get(&root, "text")->len, 3);
    assert_int_equal(get(&root, "list")->count, 2);
    assert_true(config_tree_is_list(get(&root, "list")));
    assert_true(config_tree_is_list(get(&root, "empty")));
    assert_false(config_tree_is_list(&root));
    assert_string_equal(config_tree_at(get(&root, "list"), 2)->text, "b");
    assert_null(config_tree_at(get(&root, "list"), 3));
    assert_int_equal(get(&root, "code")->type, SETTING_OTHER);
    assert_null(config_tree_get(&root, TEXT("nothing")));
    config_tree_deinit(&root);
}

static void each_key_knows_its_line(void **state)
{
    (void)state;
    struct setting root;
    load("-- a comment { a = 1 }\n"
         "--[[ longer\n"
         "  return { listen = 'no' } ]]\n"
         "local zone = [==[\n"
         "return {]==]\n"
         "return {\n"
         "  listen = 'a', -- } , = {\n"
         "  data = \"} \\\" {\",\n"
         "  ['quoted'] = 1; [\"twice\"] = 2,\n"
         "  routes = {\n"
         "    { path = '/a', verify = {\n"
         "        scheme = 'bearer' } },\n"
         "    { path = '/b',\n"
         "      tags = { x = zone == 1 and 'y' or 'z' } },\n"
         "  },\n"
         "  made = string.rep('x', 3), after = 1 }",
         &root);
    assert_int_equal(root.line, 6);
    assert_int_equal(get(&root, "listen")->line, 7);
    assert_int_equal(get(&root, "data")->line, 8);
    assert_int_equal(get(&root, "quoted")->line, 9);
    assert_int_equal(get(&root, "twice")->line, 9);
    const struct setting *routes = get(&root, "routes");
    assert_int_equal(routes->line, 10);
    const struct setting *a = config_tree_at(routes, 1);
    const struct setting *b = config_tree_at(routes, 2);
    assert_int_equal(a->line, 11);
    assert_int_equal(get(get(a, "verify"), "scheme")->line, 12);
    assert_int_equal(b->line, 13);
    assert_int_equal(get(b, "tags")->line, 14);
    assert_int_equal(get(get(b, "tags"), "x")->line, 14);
    assert_int_equal(get(&root, "made")->line, 16);
    assert_int_equal(get(&root, "after")->line, 16);
    config_tree_deinit(&root);
}

static void a_table_behind_a_name_is_found(void **state)
{
    (void)state;
    struct setting root;
    load("local influx = {\n"
         "  url = 'x',\n"
         "  token = 'y' }\n"
         "local all = {\n"
         "  outputs = { influx = influx },\n"
         "}\n"
         "return all\n",
         &root);
    const struct setting *outputs = get(&root, "outputs");
    assert_int_equal(outputs->line, 5);
    assert_int_equal(get(get(outputs, "influx"), "token")->line, 3);
    config_tree_deinit(&root);
}

static void what_code_builds_has_the_line_around_it(void **state)
{
    (void)state;
    struct setting root;
    load("local routes = {}\n"
         "for i = 1, 3 do routes[i] = { path = '/' .. i } end\n"
         "return {\n"
         "  data = (function(a) local b, c = 1, 2 return 'x' end)(1),\n"
         "  routes = routes,\n"
         "  listen = 'z' }",
         &root);
    assert_int_equal(get(&root, "routes")->line, 5);
    const struct setting *third = config_tree_at(get(&root, "routes"), 3);
    assert_int_equal(third->line, 5);
    assert_int_equal(get(third, "path")->line, 5);
    assert_int_equal(get(&root, "listen")->line, 6);
    config_tree_deinit(&root);
}

static void a_name_that_means_itself_ends(void **state)
{
    (void)state;
    struct setting root;
    load("local a = {}\n"
         "a = { b = { c = 1, a = a } }\n"
         "return { a = a }",
         &root);
    assert_int_equal(get(&root, "a")->line, 3);
    config_tree_deinit(&root);
}

static void items_stand_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct setting root;
    load("return {\n zebra = 1,\n apple = 2,\n mango = 3, kiwi = 4 }", &root);
    assert_string_equal(root.items[0].key, "zebra");
    assert_string_equal(root.items[1].key, "apple");
    assert_string_equal(root.items[2].key, "kiwi");
    assert_string_equal(root.items[3].key, "mango");
    config_tree_deinit(&root);
}

static void env_gives_what_is_set(void **state)
{
    (void)state;
    struct setting root;
    setenv("MOONLINE_TEST_TOKEN", "s3cret", 1);
    unsetenv("MOONLINE_TEST_UNSET");
    load("return { a = env 'MOONLINE_TEST_TOKEN',\n"
         "  b = env('MOONLINE_TEST_TOKEN', 'other'),\n"
         "  c = env('MOONLINE_TEST_UNSET', 'other'),\n"
         "  d = env('MOONLINE_TEST_UNSET', false),\n"
         "  e = env('MOONLINE_TEST_UNSET', nil) }",
         &root);
    assert_string_equal(get(&root, "a")->text, "s3cret");
    assert_string_equal(get(&root, "b")->text, "s3cret");
    assert_string_equal(get(&root, "c")->text, "other");
    assert_int_equal(get(&root, "d")->type, SETTING_BOOL);
    assert_null(config_tree_get(&root, TEXT("e")));
    config_tree_deinit(&root);
}

static void file_gives_the_contents_without_the_last_newline(void **state)
{
    (void)state;
    struct setting root;
    write_file("token", "s3cret\n");
    write_file("dos", "s3cret\r\n");
    write_file("bare", "s3cret");
    write_file("twice", "s3cret\n\n");
    write_file("nothing", "");
    assert_int_equal(chmod("token", 0600), 0);
    load("return { a = file 'token', b = file 'dos', c = file('bare'),\n"
         "  d = file 'twice', e = file 'nothing' }",
         &root);
    assert_string_equal(get(&root, "a")->text, "s3cret");
    assert_string_equal(get(&root, "b")->text, "s3cret");
    assert_string_equal(get(&root, "c")->text, "s3cret");
    assert_string_equal(get(&root, "d")->text, "s3cret\n");
    assert_string_equal(get(&root, "e")->text, "");
    config_tree_deinit(&root);
}

static void a_relative_file_lies_beside_the_configuration(void **state)
{
    (void)state;
    struct setting root;
    struct error err;
    char path[100];
    write_file("moonline.lua", "return { a = file 'token' }");
    write_file("token", "beside");
    snprintf(path, sizeof path, "%s/moonline.lua", folder);
    assert_int_equal(chdir("/"), 0);
    bool loaded = config_file_load(path, &root, NULL, &err);
    assert_int_equal(chdir(folder), 0);
    assert_true(loaded);
    assert_string_equal(get(&root, "a")->text, "beside");
    config_tree_deinit(&root);
}

static void what_is_wrong_has_file_and_line(void **state)
{
    (void)state;
    unsetenv("MOONLINE_TEST_UNSET");
    assert_fails("return {\n  token = env 'MOONLINE_TEST_UNSET',\n}",
                 "moonline.lua:2: the environment variable MOONLINE_TEST_UNSET "
                 "is not set");
    assert_fails("return {\n\n  token = file '/no/such/file' }",
                 "moonline.lua:3: file /no/such/file: No such file or "
                 "directory");
    assert_fails("return {\n  token = TOKEN }",
                 "moonline.lua:2: `TOKEN` is not defined");
    assert_fails("return {\n  a = evn 'X' }",
                 "moonline.lua:2: `evn` is not defined");
    assert_fails("return {\n  a = 1\n  b = 2 }",
                 "moonline.lua:3: '}' expected (to close '{' at line 1) near "
                 "'b'");
    assert_fails("x = 1",
                 "moonline.lua: the file must return a table: return { ... }");
    assert_fails("",
                 "moonline.lua: the file must return a table: return { ... }");
    assert_fails("return 'text'",
                 "moonline.lua: the file must return a table: return { ... }");
    assert_fails("error({})", "moonline.lua: an error that is no text");
    assert_fails("error('mine', 0)", "moonline.lua: mine");
    assert_fails("error('mine')", "moonline.lua:1: mine");
    assert_fails("return { [true] = 1 }",
                 "moonline.lua: a boolean as the key in what the file "
                 "returns");
    assert_fails("return { a = { [1.5] = 1 } }",
                 "moonline.lua: a number as the key in `a`");
    assert_fails("local t = {} t.t = t return t",
                 "moonline.lua: `t` is nested deeper than 32");
    assert_fails("\x1bLua", "moonline.lua: attempt to load a binary chunk "
                            "(mode is 't')");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct setting root;
    struct error err;
    assert_false(config_file_load("absent.lua", &root, NULL, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, "opening absent.lua: No such file or "
                                  "directory");
    config_tree_deinit(&root);
}

static void a_file_that_everybody_may_write_is_refused(void **state)
{
    (void)state;
    struct setting root;
    load("return {}", &root);
    config_tree_deinit(&root);
    assert_int_equal(chmod("moonline.lua", 0622), 0);
    assert_fails("return {}", "moonline.lua: everybody may write it"
                              " (chmod o-w moonline.lua)");
    assert_int_equal(chmod("moonline.lua", 0660), 0);
    load("return {}", &root);
    config_tree_deinit(&root);
}

static void nothing_of_the_system_is_within_reach(void **state)
{
    (void)state;
    static const char *const names[] = {
        "io",    "os",     "debug",        "package",      "require",
        "load",  "dofile", "loadfile",     "coroutine",    "collectgarbage",
        "print", "rawset", "setmetatable", "getmetatable", "loadstring"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char lua[100], expected[100];
        snprintf(lua, sizeof lua, "return { x = %s }", names[i]);
        snprintf(expected, sizeof expected,
                 "moonline.lua:1: `%s` is not defined", names[i]);
        if (strcmp(names[i], "os") != 0)
            assert_fails(lua, expected);
    }
    assert_fails("return { token = os.getenv('TOKEN') }",
                 "moonline.lua:1: `os` is not defined (env \"NAME\" gives what "
                 "a variable of the environment is)");
}

/* A text of the file could be a token, so no message quotes one. */
static void a_file_that_never_ends_is_ended(void **state)
{
    (void)state;
    assert_fails("while true do end",
                 "moonline.lua:1: time limit of 2000 ms reached");
    assert_fails("local function loop() while true do end end\n"
                 "while true do\n"
                 "  pcall(loop)\n"
                 "end",
                 "moonline.lua:3: time limit of 2000 ms reached");
    assert_fails("return { a = xpcall }",
                 "moonline.lua:1: `xpcall` is not defined");
    assert_fails("return { a = ('x'):rep(1e9) }",
                 "moonline.lua:1: string.rep: more than 1048576 bytes");
}

static void a_file_that_fills_the_memory_is_ended(void **state)
{
    (void)state;
    assert_fails("local s = 'x'\nwhile true do s = s .. s end",
                 "moonline.lua: not enough memory");
}

static void a_file_of_too_many_values_is_refused(void **state)
{
    (void)state;
    assert_fails("local t = {}\nfor i = 1, 60000 do t[i] = i end\n"
                 "return { many = t }",
                 "moonline.lua: more than 50000 values, at `many`");
    assert_fails("local t = {}\nfor i = 1, 30 do t = { t, t } end\n"
                 "return { twice = t }",
                 "moonline.lua: more than 50000 values, at element 1");
}

static void no_message_quotes_a_text(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "return { token = 's3cret }",
        "return { token = \"s3cret\n\" }",
        "return { token = 's3cret' 'again' }",
        "return { token = [[s3cret }",
        "return { token = 's3cret' + 1 }",
        "return { 's3cret' = 1 }",
        "return { token = ('s3cret')() }",
        "return { token = 's3cret\\q' }",
        "return { token = env 'MOONLINE_TEST_TOKEN' + {} }",
    };
    setenv("MOONLINE_TEST_TOKEN", "s3cret", 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct setting root;
        struct error err;
        write_file("moonline.lua", wrong[i]);
        assert_false(config_file_load("moonline.lua", &root, NULL, &err));
        if (strstr(err.text, "s3cret")
            || strncmp(err.text, "moonline.lua:", 13))
            fail_msg("%s", err.text);
        config_tree_deinit(&root);
    }
}

static int enter(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    umask(077);
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    static const char *const names[] = {"moonline.lua", "token", "dos",
                                        "bare",         "twice", "nothing"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_copied),
        cmocka_unit_test(each_key_knows_its_line),
        cmocka_unit_test(a_table_behind_a_name_is_found),
        cmocka_unit_test(what_code_builds_has_the_line_around_it),
        cmocka_unit_test(a_name_that_means_itself_ends),
        cmocka_unit_test(items_stand_in_the_order_of_the_file),
        cmocka_unit_test(env_gives_what_is_set),
        cmocka_unit_test(file_gives_the_contents_without_the_last_newline),
        cmocka_unit_test(a_relative_file_lies_beside_the_configuration),
        cmocka_unit_test(what_is_wrong_has_file_and_line),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_file_that_everybody_may_write_is_refused),
        cmocka_unit_test(nothing_of_the_system_is_within_reach),
        cmocka_unit_test(a_file_that_never_ends_is_ended),
        cmocka_unit_test(a_file_that_fills_the_memory_is_ended),
        cmocka_unit_test(a_file_of_too_many_values_is_refused),
        cmocka_unit_test(no_message_quotes_a_text),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
