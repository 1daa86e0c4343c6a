/* Every type of value held against every type that a field may have. */
#include "unit.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "fit.h"

static struct value of_float(double number)
{
    return (struct value){.type = VALUE_FLOAT, .as.number = number};
}

static struct value of_int(int64_t integer)
{
    return (struct value){.type = VALUE_INT, .as.integer = integer};
}

static struct value of_uint(uint64_t natural)
{
    return (struct value){.type = VALUE_UINT, .as.natural = natural};
}

static struct value of_bool(bool truth)
{
    return (struct value){.type = VALUE_BOOL, .as.truth = truth};
}

static struct value of_text(const char *text)
{
    return (struct value){.type = VALUE_STRING, .as.string = text_of(text)};
}

static bool is_same(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_FLOAT:
        return a->as.number == b->as.number;
    case VALUE_INT:
        return a->as.integer == b->as.integer;
    case VALUE_UINT:
        return a->as.natural == b->as.natural;
    case VALUE_BOOL:
        return a->as.truth == b->as.truth;
    case VALUE_STRING:
        return text_equal(a->as.string, b->as.string);
    }
    return false;
}

static void expect_fit(struct value value, struct value expected,
                       bool reads_text)
{
    struct value fitted;
    char from[80], to[80];
    fit_describe(&value, from, sizeof from);
    fit_describe(&expected, to, sizeof to);
    if (!fit_value(&value, expected.type, reads_text, &fitted))
        fail_msg("%s does not become %s", from, to);
    if (!is_same(&fitted, &expected))
        fail_msg("%s does not become %s, but something else", from, to);
}

static void expect_misfit(struct value value, enum value_type type,
                          bool reads_text)
{
    struct value fitted;
    char from[80];
    if (!fit_value(&value, type, reads_text, &fitted))
        return;
    fit_describe(&value, from, sizeof from);
    fail_msg("%s is taken as %s", from, fit_type_name(type));
}

static void a_value_of_the_type_stays(void **state)
{
    (void)state;
    const struct value values[] = {of_float(-0.5), of_int(INT64_MIN),
                                   of_uint(UINT64_MAX), of_bool(true),
                                   of_text("n/a")};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int reads = 0; reads < 2; reads++)
            expect_fit(values[i], values[i], reads);
}

static void whole_numbers_change_their_type(void **state)
{
    (void)state;
    expect_fit(of_int(20), of_float(20), false);
    expect_fit(of_int(-20), of_float(-20), false);
    expect_fit(of_uint(20), of_float(20), false);
    expect_fit(of_float(20), of_int(20), false);
    expect_fit(of_float(-20), of_int(-20), false);
    expect_fit(of_float(20), of_uint(20), false);
    expect_fit(of_float(-0.0), of_uint(0), false);
    expect_fit(of_uint(20), of_int(20), false);
    expect_fit(of_int(20), of_uint(20), false);
    expect_fit(of_int(0), of_uint(0), false);
}

static void what_would_be_rounded_does_not_fit(void **state)
{
    (void)state;
    const int64_t odd = (INT64_C(1) << 53) + 1;
    expect_fit(of_int(odd - 1), of_float(9007199254740992.0), false);
    expect_misfit(of_int(odd), VALUE_FLOAT, false);
    expect_fit(of_int(INT64_MIN), of_float(-9223372036854775808.0), false);
    expect_misfit(of_int(INT64_MAX), VALUE_FLOAT, false);
    expect_misfit(of_uint((uint64_t)odd), VALUE_FLOAT, false);
    expect_misfit(of_uint(UINT64_MAX), VALUE_FLOAT, false);
    expect_fit(of_uint(UINT64_C(1) << 63), of_float(9223372036854775808.0),
               false);
    expect_misfit(of_float(20.5), VALUE_INT, false);
    expect_misfit(of_float(20.5), VALUE_UINT, false);
}

static void what_is_out_of_range_does_not_fit(void **state)
{
    (void)state;
    expect_misfit(of_float(9223372036854775808.0), VALUE_INT, false);
    expect_fit(of_float(-9223372036854775808.0), of_int(INT64_MIN), false);
    expect_misfit(of_float(-9223372036854777856.0), VALUE_INT, false);
    expect_misfit(of_float(18446744073709551616.0), VALUE_UINT, false);
    expect_misfit(of_float(-1), VALUE_UINT, false);
    expect_misfit(of_float(1e300), VALUE_INT, false);
    expect_misfit(of_int(-1), VALUE_UINT, false);
    expect_misfit(of_uint((uint64_t)INT64_MAX + 1), VALUE_INT, false);
    expect_fit(of_uint((uint64_t)INT64_MAX), of_int(INT64_MAX), false);
    expect_misfit(of_float(NAN), VALUE_INT, false);
    expect_misfit(of_float(NAN), VALUE_UINT, false);
    expect_misfit(of_float(INFINITY), VALUE_UINT, false);
}

static void truths_texts_and_numbers_stay_apart(void **state)
{
    (void)state;
    const struct value numbers[] = {of_float(1), of_int(1), of_uint(1)};
    for (int reads = 0; reads < 2; reads++) {
        for (size_t i = 0; i < 3; i++) {
            expect_misfit(numbers[i], VALUE_BOOL, reads);
            expect_misfit(numbers[i], VALUE_STRING, reads);
            expect_misfit(of_bool(true), numbers[i].type, reads);
        }
        expect_misfit(of_bool(true), VALUE_STRING, reads);
    }
    for (int type = VALUE_FLOAT; type < VALUE_STRING; type++)
        expect_misfit(of_text("1"), (enum value_type)type, false);
    expect_misfit(of_text("true"), VALUE_BOOL, false);
}

static void text_is_read_when_told(void **state)
{
    (void)state;
    expect_fit(of_text("21.5"), of_float(21.5), true);
    expect_fit(of_text(" -21.5\n"), of_float(-21.5), true);
    expect_fit(of_text("20"), of_float(20), true);
    expect_fit(of_text("20"), of_int(20), true);
    expect_fit(of_text("20.0"), of_int(20), true);
    expect_fit(of_text("-9223372036854775808"), of_int(INT64_MIN), true);
    expect_fit(of_text("18446744073709551615"), of_uint(UINT64_MAX), true);
    expect_fit(of_text("2e1"), of_uint(20), true);
    expect_fit(of_text("TRUE"), of_bool(true), true);
    expect_fit(of_text("False"), of_bool(false), true);
}

static void text_that_reads_as_something_else_does_not_fit(void **state)
{
    (void)state;
    static const char *const no_numbers[] = {
        "", " ", "n/a", "--", "nan", "inf", "0x10", "1,5", "20 C", "1e999"};
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++) {
        expect_misfit(of_text(no_numbers[i]), VALUE_FLOAT, true);
        expect_misfit(of_text(no_numbers[i]), VALUE_INT, true);
        expect_misfit(of_text(no_numbers[i]), VALUE_UINT, true);
        expect_misfit(of_text(no_numbers[i]), VALUE_BOOL, true);
    }
    expect_misfit(of_text("20.5"), VALUE_INT, true);
    expect_misfit(of_text("-1"), VALUE_UINT, true);
    expect_misfit(of_text("9223372036854775808"), VALUE_INT, true);
    expect_misfit(of_text("9007199254740993.0"), VALUE_INT, true);
    expect_misfit(of_text("18446744073709551616"), VALUE_UINT, true);
    expect_misfit(of_text("1"), VALUE_BOOL, true);
}

static void a_value_is_described(void **state)
{
    (void)state;
    const struct {
        struct value value;
        const char *text;
    } rows[] = {
        {of_float(20.5), "float 20.5"},
        {of_float(20), "float 20"},
        {of_int(-7), "int -7"},
        {of_uint(UINT64_MAX), "uint 18446744073709551615"},
        {of_bool(true), "bool true"},
        {of_bool(false), "bool false"},
        {of_text("n/a"), "text \"n/a\""},
        {of_text("two\nlines"), "text \"two lines\""},
        {of_text("0123456789012345678901234567890123456789x"),
         "text \"0123456789012345678901234567890123456789\" ..."},
    };
    char shown[80];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fit_describe(&rows[i].value, shown, sizeof shown);
        assert_string_equal(shown, rows[i].text);
    }
}

static void types_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"float", "int", "uint", "bool",
                                        "string"};
    enum value_type type;
    for (int i = VALUE_FLOAT; i <= VALUE_STRING; i++) {
        assert_string_equal(fit_type_name((enum value_type)i), names[i]);
        assert_true(fit_type_read(text_of(names[i]), &type));
        assert_int_equal(type, i);
    }
    assert_false(fit_type_read(TEXT("Float"), &type));
    assert_false(fit_type_read(TEXT("floa"), &type));
    assert_false(fit_type_read(TEXT(""), &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_of_the_type_stays),
        cmocka_unit_test(whole_numbers_change_their_type),
        cmocka_unit_test(what_would_be_rounded_does_not_fit),
        cmocka_unit_test(what_is_out_of_range_does_not_fit),
        cmocka_unit_test(truths_texts_and_numbers_stay_apart),
        cmocka_unit_test(text_is_read_when_told),
        cmocka_unit_test(text_that_reads_as_something_else_does_not_fit),
        cmocka_unit_test(a_value_is_described),
        cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
