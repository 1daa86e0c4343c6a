/* Options as data: each type, what it takes, and what is said otherwise. */
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>

#include "buf.h"
#include "config_json.h"
#include "config_table.h"
#include "config_tree.h"
#include "error.h"

struct options {
    char *text;
    char **list;
    bool flag;
    unsigned number;
    uint64_t bytes;
    uint64_t ns;
    int name;
    const struct setting *any;
};

static const struct config_name colours[] = {
    {"red", 10, false},
    {"green", 20, false},
    {"blue", 30, true},
    {NULL, 0, false},
};

#define AT(member) offsetof(struct options, member)

static const struct config_option table[] = {
    {"text", CONFIG_TEXT, AT(text), .text = "a text", .fallback = "plain"},
    {"list", CONFIG_LIST, AT(list), .text = "a list", .fallback = "one"},
    {"flag", CONFIG_BOOL, AT(flag), .text = "a flag", .fallback = "true"},
    {"number", CONFIG_INT, AT(number), .text = "a number", .fallback = "7",
     .min = 2, .max = 9},
    {"bytes", CONFIG_SIZE, AT(bytes), .text = "a size", .fallback = "1KB"},
    {"ns", CONFIG_TIME, AT(ns), .text = "a time", .fallback = "2ms"},
    {"name", CONFIG_NAME, AT(name), .text = "a colour", .fallback = "green",
     .names = colours},
    {"any", CONFIG_ANY, AT(any), .text = "anything"},
    {"later", CONFIG_LATER, 0, .text = "not yet"},
};

enum { OPTIONS = sizeof table / sizeof *table };

static void options_deinit(struct options *options)
{
    config_table_free_secret(options->text);
    config_table_free_list(options->list);
}

static struct setting text_setting(const char *key, const char *text)
{
    return (struct setting){.file = "x.lua",
                            .line = 5,
                            .key = (char *)key,
                            .type = SETTING_TEXT,
                            .text = (char *)text,
                            .len = text ? strlen(text) : 0};
}

static struct setting int_setting(const char *key, int64_t integer)
{
    return (struct setting){.file = "x.lua",
                            .line = 6,
                            .key = (char *)key,
                            .type = SETTING_INT,
                            .integer = integer,
                            .number = (double)integer};
}

/* Items come in pairs of what is read. */
static bool read_one(struct setting item, struct options *options,
                     struct error *err)
{
    struct setting whole = {.file = "x.lua",
                            .line = 4,
                            .type = SETTING_TABLE,
                            .items = &item,
                            .count = 1};
    return config_table_read(&whole, table, OPTIONS, options, err);
}

static void assert_refused(struct setting item, const char *expected)
{
    struct options options = {0};
    struct error err;
    assert_false(read_one(item, &options, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, expected);
    options_deinit(&options);
}

static void fallbacks_are_read_like_the_file(void **state)
{
    (void)state;
    struct options options = {0};
    config_table_default(table, OPTIONS, &options);
    assert_string_equal(options.text, "plain");
    assert_string_equal(options.list[0], "one");
    assert_null(options.list[1]);
    assert_true(options.flag);
    assert_int_equal(options.number, 7);
    assert_int_equal(options.bytes, 1000);
    assert_int_equal(options.ns, 2000000);
    assert_int_equal(options.name, 20);
    assert_null(options.any);
    options_deinit(&options);
}

static void what_the_file_says_replaces_a_fallback(void **state)
{
    (void)state;
    struct options options = {0};
    struct error err;
    config_table_default(table, OPTIONS, &options);
    assert_true(read_one(text_setting("text", "mine"), &options, &err));
    assert_true(read_one(text_setting("list", "two"), &options, &err));
    assert_true(read_one(text_setting("bytes", "3KiB"), &options, &err));
    assert_true(read_one(text_setting("ns", "0"), &options, &err));
    assert_true(read_one(text_setting("name", "red"), &options, &err));
    assert_true(read_one(int_setting("number", 9), &options, &err));
    assert_string_equal(options.text, "mine");
    assert_string_equal(options.list[0], "two");
    assert_null(options.list[1]);
    assert_int_equal(options.bytes, 3072);
    assert_int_equal(options.ns, 0);
    assert_int_equal(options.name, 10);
    assert_int_equal(options.number, 9);
    assert_true(read_one(int_setting("bytes", 5), &options, &err));
    assert_int_equal(options.bytes, 5);
    struct setting flag = {.key = (char *)"flag", .type = SETTING_BOOL};
    assert_true(read_one(flag, &options, &err));
    assert_false(options.flag);
    options_deinit(&options);
}

static void any_is_handed_over_unread(void **state)
{
    (void)state;
    struct options options = {0};
    struct error err;
    struct setting item = int_setting("any", 3);
    struct setting whole = {.type = SETTING_TABLE, .items = &item, .count = 1};
    assert_true(config_table_read(&whole, table, OPTIONS, &options, &err));
    assert_ptr_equal(options.any, &item);
}

static void a_wrong_type_names_all_four(void **state)
{
    (void)state;
    assert_refused(int_setting("text", 1),
                   "x.lua:6: `text` must be text, not a number (a text)");
    assert_refused(text_setting("flag", "yes"),
                   "x.lua:5: `flag` must be true or false, not text (a flag)");
    assert_refused(text_setting("number", "7"),
                   "x.lua:5: `number` must be a whole number, not text (a "
                   "number)");
    assert_refused(int_setting("number", -7),
                   "x.lua:6: `number` must be a whole number from 0 up (a "
                   "number)");
    assert_refused(int_setting("bytes", -1),
                   "x.lua:6: `bytes` must be a size such as \"64KB\" or "
                   "\"1MiB\", not a number (a size)");
    assert_refused(text_setting("ns", "3"),
                   "x.lua:5: `ns` must be a time such as \"200ms\" or "
                   "\"10s\", not \"3\" (a time)");
    assert_refused(int_setting("name", 10),
                   "x.lua:6: `name` must be \"red\", \"green\", not a number "
                   "(a colour)");
}

static void bounds_are_told(void **state)
{
    (void)state;
    assert_refused(int_setting("number", 1),
                   "x.lua:6: `number` must be from 2 to 9 (a number)");
    assert_refused(int_setting("number", 10),
                   "x.lua:6: `number` must be from 2 to 9 (a number)");
    assert_refused(int_setting("number", INT64_C(1) << 32 | 5),
                   "x.lua:6: `number` must be from 2 to 9 (a number)");
}

static void a_name_of_a_later_version_is_known(void **state)
{
    (void)state;
    assert_refused(text_setting("name", "blue"),
                   "x.lua:5: `name` = \"blue\" is not available in this "
                   "version, which has \"red\", \"green\"");
    assert_refused(text_setting("later", "x"),
                   "x.lua:5: `later` is not available in this version");
    assert_refused(text_setting("name", "grey"),
                   "x.lua:5: `name` must be one of \"red\", \"green\" (a "
                   "colour)");
}

static void an_unknown_option_gets_a_hint(void **state)
{
    (void)state;
    assert_refused(text_setting("lst", "x"),
                   "x.lua:5: unknown option `lst` (did you mean `list`?)");
    assert_refused(text_setting("something", "x"),
                   "x.lua:5: unknown option `something` (there are text, list, "
                   "flag, number, bytes, ns, name, any)");
    struct setting nameless = text_setting(NULL, "x");
    nameless.index = 2;
    assert_refused(nameless, "x.lua:5: element 2 has no name; each option is "
                             "name = value");
}

static void empty_texts_and_nuls_are_refused(void **state)
{
    (void)state;
    assert_refused(text_setting("text", ""), "x.lua:5: `text` is empty");
    struct setting nul = text_setting("text", "a\0b");
    nul.len = 3;
    assert_refused(nul, "x.lua:5: `text` has a NUL byte in it");
    nul.key = (char *)"list";
    assert_refused(nul, "x.lua:5: `list` has a NUL byte in it");
}

static void what_is_no_table_is_told(void **state)
{
    (void)state;
    struct options options = {0};
    struct error err;
    struct setting item = text_setting("limits", "x");
    assert_false(config_table_read(&item, table, OPTIONS, &options, &err));
    assert_string_equal(err.text,
                        "x.lua:5: `limits` must be a table, not text");
    item.type = SETTING_OTHER;
    assert_false(config_table_read(&item, table, OPTIONS, &options, &err));
    assert_string_equal(err.text,
                        "x.lua:5: `limits` must be a table, not a function");
    item.type = SETTING_BOOL;
    item.truth = true;
    item.key = NULL;
    assert_false(config_table_read(&item, table, OPTIONS, &options, &err));
    assert_string_equal(err.text, "x.lua:5: what the file returns must be a "
                                  "table, not true");
}

static void another_modules_error_gets_the_place(void **state)
{
    (void)state;
    struct error err;
    struct setting item = text_setting("x", "y");
    fail(&err, ERR_IO, "no such thing");
    assert_false(config_tree_blame(&err, &item));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, "x.lua:5: no such thing");
}

/* ------------------------------------------------------------------ JSON -- */

static void assert_json(struct setting setting, const char *expected)
{
    struct buf out;
    struct error err;
    buf_init(&out, 1000);
    if (!config_json_write(&setting, &out, &err))
        fail_msg("%s", err.text);
    assert_text(buf_text(&out), expected);
    buf_deinit(&out);
}

static struct setting float_setting(double number)
{
    return (struct setting){.file = "x.lua",
                            .line = 7,
                            .key = (char *)"f",
                            .type = SETTING_FLOAT,
                            .number = number};
}

static void numbers_keep_their_kind(void **state)
{
    (void)state;
    assert_json(int_setting("n", 0), "0");
    assert_json(int_setting("n", INT64_MIN), "-9223372036854775808");
    assert_json(int_setting("n", INT64_MAX), "9223372036854775807");
    assert_json(float_setting(1), "1.0");
    assert_json(float_setting(-0.5), "-0.5");
    assert_json(float_setting(0.1 + 0.2), "0.30000000000000004");
    assert_json(float_setting(1e300), "1e300");
}

static void texts_are_escaped(void **state)
{
    (void)state;
    assert_json(text_setting("t", ""), "\"\"");
    assert_json(text_setting("t", "a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    assert_json(text_setting("t", "\x01\n\x1f"), "\"\\u0001\\u000a\\u001f\"");
    assert_json(text_setting("t", "gr\xc3\xbc\xc3\x9f"),
                "\"gr\xc3\xbc\xc3\x9f\"");
    struct setting nul = text_setting("t", "a\0b");
    nul.len = 3;
    assert_json(nul, "\"a\\u0000b\"");
}

static void lists_are_in_the_order_of_their_indices(void **state)
{
    (void)state;
    struct setting items[] = {int_setting(NULL, 30), int_setting(NULL, 10),
                              int_setting(NULL, 20)};
    items[0].index = 3;
    items[1].index = 1;
    items[2].index = 2;
    struct setting list = {.type = SETTING_TABLE, .items = items, .count = 3};
    assert_json(list, "[10,20,30]");
    list.count = 0;
    assert_json(list, "{}");
}

static void what_json_cannot_say_is_refused(void **state)
{
    (void)state;
    struct buf out;
    struct error err;
    buf_init(&out, 1000);
    struct setting infinite = float_setting(1e308 * 10);
    assert_false(config_json_write(&infinite, &out, &err));
    assert_string_equal(err.text, "x.lua:7: `f` is not a finite number");
    struct setting code = {
        .file = "x.lua", .line = 8, .key = (char *)"g", .type = SETTING_OTHER};
    assert_false(config_json_write(&code, &out, &err));
    assert_string_equal(err.text, "x.lua:8: `g` is a function; JSON has none");
    struct setting gap = int_setting(NULL, 1);
    gap.index = 2;
    struct setting list = {.type = SETTING_TABLE, .items = &gap, .count = 1};
    assert_false(config_json_write(&list, &out, &err));
    assert_string_equal(err.text, "x.lua:6: element 2 stands beside names; a "
                                  "table is a list or has names");
    struct setting latin = text_setting("t", "gr\xfc\xdf");
    assert_false(config_json_write(&latin, &out, &err));
    assert_string_equal(err.text, "x.lua:5: `t` is not UTF-8");
    buf_deinit(&out);
}

static void a_json_text_too_large_is_told(void **state)
{
    (void)state;
    struct buf out;
    struct error err;
    buf_init(&out, 4);
    struct setting item = text_setting("t", "too long");
    assert_false(config_json_write(&item, &out, &err));
    assert_string_equal(err.text, "x.lua:5: `t` is larger than 4 bytes");
    buf_clear(&out);
    item = int_setting("n", 123456);
    assert_false(config_json_write(&item, &out, &err));
    assert_string_equal(err.text, "x.lua:6: `n` is larger than 4 bytes");
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fallbacks_are_read_like_the_file),
        cmocka_unit_test(what_the_file_says_replaces_a_fallback),
        cmocka_unit_test(any_is_handed_over_unread),
        cmocka_unit_test(a_wrong_type_names_all_four),
        cmocka_unit_test(bounds_are_told),
        cmocka_unit_test(a_name_of_a_later_version_is_known),
        cmocka_unit_test(an_unknown_option_gets_a_hint),
        cmocka_unit_test(empty_texts_and_nuls_are_refused),
        cmocka_unit_test(what_is_no_table_is_told),
        cmocka_unit_test(another_modules_error_gets_the_place),
        cmocka_unit_test(numbers_keep_their_kind),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(lists_are_in_the_order_of_their_indices),
        cmocka_unit_test(what_json_cannot_say_is_refused),
        cmocka_unit_test(a_json_text_too_large_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
