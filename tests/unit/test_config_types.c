/* An output's `types`: what it becomes, and what is said of a wrong one. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "contracts.h"
#include "error.h"
#include "fit.h"

static char folder[] = "/tmp/test_config_types.XXXXXX";

static struct config *load(const char *types, struct error *err)
{
    FILE *file = fopen("moonline.lua", "w");
    assert_non_null(file);
    fprintf(file,
            "return { routes = {}, outputs = {\n"
            "  db = { file = '-',\n types = %s } } }",
            types);
    fclose(file);
    return config_load("moonline.lua", err);
}

static struct config *load_fine(const char *types)
{
    struct error err;
    struct config *config = load(types, &err);
    if (!config)
        fail_msg("%s: %s", types, err.text);
    return config;
}

static void assert_fails(const char *types, const char *expected)
{
    struct error err = {0};
    struct config *config = load(types, &err);
    if (config)
        fail_msg("accepted: %s", types);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, expected);
}

static const struct contract_options *types_of(const struct config *config)
{
    return config->outputs.items[0].types;
}

static void an_output_without_types_has_none(void **state)
{
    (void)state;
    struct config *config = load_fine("nil");
    struct error err;
    assert_null(types_of(config));
    struct contracts *contracts = config_contracts(config, &err);
    assert_non_null(contracts);
    assert_null(contracts_of(contracts, 0));
    contracts_close(contracts);
    config_free(config);
}

static void learn_alone_is_enough(void **state)
{
    (void)state;
    static const char *const ways[] = {"'learn'", "{ learn = true }"};
    for (int i = 0; i < 2; i++) {
        struct config *config = load_fine(ways[i]);
        assert_true(types_of(config)->types.learns);
        assert_false(types_of(config)->types.reads_text);
        assert_int_equal(types_of(config)->rule_count, 0);
        config_free(config);
    }
}

static void expect_rule(const struct type_rule *rule, const char *measurement,
                        const char *field, enum value_type type,
                        const char *where)
{
    assert_text(rule->measurement, measurement);
    assert_text(rule->field, field);
    assert_int_equal(rule->type, type);
    assert_string_equal(rule->where, where);
    assert_int_equal(rule->learnt_ns, 0);
}

static void fields_are_written_down(void **state)
{
    (void)state;
    struct config *config = load_fine("{ ['soil.temperature'] = 'float',\n"
                                      "['soil.n'] = 'int',\n"
                                      "['learn.x'] = 'uint',\n"
                                      "['a.b'] = { c = 'bool',\n"
                                      "  ['d.e'] = 'string' },\n"
                                      "learn = { y = 'int' },\n"
                                      "convert = 'text' }");
    const struct contract_options *types = types_of(config);
    assert_false(types->types.learns);
    assert_true(types->types.reads_text);
    assert_int_equal(types->rule_count, 6);
    expect_rule(&types->rules[0], "soil", "temperature", VALUE_FLOAT,
                "moonline.lua:3");
    expect_rule(&types->rules[1], "soil", "n", VALUE_INT, "moonline.lua:4");
    expect_rule(&types->rules[2], "learn", "x", VALUE_UINT, "moonline.lua:5");
    expect_rule(&types->rules[3], "a.b", "c", VALUE_BOOL, "moonline.lua:6");
    expect_rule(&types->rules[4], "a.b", "d.e", VALUE_STRING, "moonline.lua:7");
    expect_rule(&types->rules[5], "learn", "y", VALUE_INT, "moonline.lua:8");
    config_free(config);
}

static void both_go_together(void **state)
{
    (void)state;
    struct config *config = load_fine("{ ['soil.t'] = 'float', learn = true }");
    assert_true(types_of(config)->types.learns);
    assert_int_equal(types_of(config)->rule_count, 1);
    config_free(config);
    config = load_fine("{ ['soil.t'] = 'float', learn = false }");
    assert_false(types_of(config)->types.learns);
    config_free(config);
}

#define AT "moonline.lua:3: "

static void what_is_wrong_as_a_whole_is_told(void **state)
{
    (void)state;
    const char *neither = AT
        "`types` must be \"learn\" or a table such as { [\"soil.temperature\"] "
        "= \"float\", learn = true }";
    assert_fails("'lern'", neither);
    assert_fails("true", neither);
    const char *empty = AT "`types` names no field; write "
                           "[\"measurement.field\"] = \"float\", or learn = "
                           "true";
    assert_fails("{}", empty);
    assert_fails("{ learn = false }", empty);
    assert_fails("{ convert = 'text' }", empty);
    assert_fails("{ 'float' }", AT "element 1 has no name; write "
                                   "[\"measurement.field\"] = \"float\"");
}

static void a_wrong_option_is_told(void **state)
{
    (void)state;
    assert_fails("{ learn = 1 }",
                 AT "`learn` must be true or false, not a number");
    assert_fails("{ learn = true, convert = true }",
                 AT "`convert` must be \"text\": what is written as text "
                    "counts as the number that it reads as");
    assert_fails("{ lern = true }",
                 AT "`lern` has no measurement: write [\"measurement.lern\"] = "
                    "\"float\" (did you mean learn?)");
    assert_fails("{ temperature = 'float' }",
                 AT "`temperature` has no measurement: write "
                    "[\"measurement.temperature\"] = \"float\"");
}

static void a_wrong_field_is_told(void **state)
{
    (void)state;
    assert_fails("{ ['soil.t'] = 'flaot' }",
                 AT "`soil.t` must be \"float\", \"int\", \"uint\", \"bool\" "
                    "or \"string\", not \"flaot\" (did you mean float?)");
    assert_fails("{ ['soil.t'] = 3 }",
                 AT "`soil.t` must be \"float\", \"int\", \"uint\", \"bool\" "
                    "or \"string\", not a number");
    assert_fails("{ ['a.b.c'] = 'float' }", AT
                 "`a.b.c` has several dots: which is the measurement? Write "
                 "[\"a\"] = { [\"b.c\"] = ... }, or with another part of it");
    const char *no_name =
        " is not measurement.field, as in [\"soil.temperature\"] = \"float\"";
    char message[200];
    snprintf(message, sizeof message, AT "`.t`%s", no_name);
    assert_fails("{ ['.t'] = 'float' }", message);
    snprintf(message, sizeof message, AT "`soil.`%s", no_name);
    assert_fails("{ ['soil.'] = 'float' }", message);
    assert_fails("{ ['soil.t'] = 'int',\n soil = {\n t = 'float' } }",
                 "moonline.lua:5: `t`: the same field is said at "
                 "moonline.lua:3 already");
}

static void a_wrong_measurement_is_told(void **state)
{
    (void)state;
    assert_fails("{ soil = {} }", AT "`soil` names no field");
    assert_fails("{ soil = { 'float' } }",
                 AT "element 1 has no name; write [\"soil\"] = { field = "
                    "\"float\" }");
}

static void a_name_that_is_too_long_is_told(void **state)
{
    (void)state;
    char lua[2000], message[1000];
    char name[601];
    memset(name, 'x', sizeof name);
    name[600] = '\0';
    snprintf(lua, sizeof lua, "{ soil = { %s = 'float' } }", name);
    snprintf(message, sizeof message,
             AT "`%.60s`: more than 100000 fields, or a name longer than 512 "
                "bytes",
             name);
    assert_fails(lua, message);
}

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    unlink("moonline.lua");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_without_types_has_none),
        cmocka_unit_test(learn_alone_is_enough),
        cmocka_unit_test(fields_are_written_down),
        cmocka_unit_test(both_go_together),
        cmocka_unit_test(what_is_wrong_as_a_whole_is_told),
        cmocka_unit_test(a_wrong_option_is_told),
        cmocka_unit_test(a_wrong_field_is_told),
        cmocka_unit_test(a_wrong_measurement_is_told),
        cmocka_unit_test(a_name_that_is_too_long_is_told),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
