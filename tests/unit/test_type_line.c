/* Lines of what was learnt: written, read, edited by people, torn by disks. */
#include "unit.h"

#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "fit.h"
#include "type_line.h"

#define LEARNT_NS INT64_C(1767323045678000000) /* 2026-01-02T03:04:05.678Z */

static void expect_line(struct type_rule rule, const char *line)
{
    struct buf out, room;
    struct type_rule again;
    struct error err;
    buf_init(&out, 4096);
    buf_init(&room, 4096);
    assert_true(type_line_write(&out, &rule));
    assert_text(buf_text(&out), line);
    const struct text bare = {out.data, out.len - 1};
    if (!type_line_read(bare, &room, &again, &err))
        fail_msg("%s: %s", line, err.text);
    assert_true(text_equal(again.measurement, rule.measurement));
    assert_true(text_equal(again.field, rule.field));
    assert_int_equal(again.type, rule.type);
    assert_int_equal(again.learnt_ns, rule.learnt_ns);
    assert_null(again.where);
    buf_deinit(&out);
    buf_deinit(&room);
}

static void a_line_is_written_and_read(void **state)
{
    (void)state;
    expect_line((struct type_rule){TEXT("soil"), TEXT("temperature"),
                                   VALUE_FLOAT, NULL, LEARNT_NS},
                "soil temperature float 2026-01-02T03:04:05.678Z\n");
    expect_line((struct type_rule){TEXT("weather station"), TEXT(" rain 24h "),
                                   VALUE_UINT, NULL, 0},
                "weather\\ station \\ rain\\ 24h\\  uint\n");
    expect_line((struct type_rule){TEXT("a.b,c=d"), TEXT("C:\\x\"#\xc3\xa4"),
                                   VALUE_STRING, NULL, 0},
                "a.b,c=d C:\\x\"#\xc3\xa4 string\n");
    expect_line((struct type_rule){TEXT("a"), TEXT("b"), VALUE_BOOL, NULL, 0},
                "a b bool\n");
}

static void a_full_buffer_gets_no_half_line(void **state)
{
    (void)state;
    struct buf out;
    const struct type_rule rule = {TEXT("soil"), TEXT("temperature"),
                                   VALUE_FLOAT, NULL, 0};
    buf_init(&out, 20);
    assert_false(type_line_write(&out, &rule));
    assert_int_equal(out.len, 0);
    buf_deinit(&out);
}

static void expect_read(const char *line, const char *measurement,
                        const char *field, enum value_type type)
{
    struct buf room;
    struct type_rule rule;
    struct error err;
    buf_init(&room, 4096);
    if (!type_line_read(text_of(line), &room, &rule, &err))
        fail_msg("%s: %s", line, err.text);
    assert_text(rule.measurement, measurement);
    assert_text(rule.field, field);
    assert_int_equal(rule.type, type);
    buf_deinit(&room);
}

static void what_a_person_types_is_read(void **state)
{
    (void)state;
    expect_read("soil temperature float", "soil", "temperature", VALUE_FLOAT);
    expect_read("  soil\ttemperature   int \r", "soil", "temperature",
                VALUE_INT);
    expect_read("soil t bool 2026-01-02", "soil", "t", VALUE_BOOL);
    expect_read("soil t bool 2026-01-02 03:04:05", "soil", "t", VALUE_BOOL);
    expect_read("soil #t string", "soil", "#t", VALUE_STRING);
}

static void comments_and_blanks_say_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "  ", "# soil t float", "\t# x",
                                        "\r"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_read(lines[i], "", "", VALUE_FLOAT);
}

static void expect_bad(struct text line, const char *why)
{
    struct buf room;
    struct type_rule rule;
    struct error err;
    buf_init(&room, 4096);
    if (type_line_read(line, &room, &rule, &err))
        fail_msg("read: %.*s", TEXT_ARG(line));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, why);
    buf_deinit(&room);
}

static void what_is_no_such_line_is_told(void **state)
{
    (void)state;
    expect_bad(TEXT("soil"), "it is not: measurement field type: \"soil\"");
    expect_bad(TEXT("a\\\tt float"),
               "a name ends in a backslash: \"a\\ t float\"");
    expect_bad(TEXT("a t\\\tfloat"),
               "a name ends in a backslash: \"a t\\ float\"");
    expect_bad(TEXT("soil t"), "it is not: measurement field type: \"soil t\"");
    expect_bad(TEXT("soil\\ t float"),
               "it is not: measurement field type: \"soil\\ t float\"");
    expect_bad(TEXT("soil t flaot"), "no type (float, int, uint, bool or "
                                     "string): \"flaot\"");
    expect_bad(TEXT("soil t float yesterday"),
               "what stands behind the type is no time: \"yesterday\"");
    expect_bad(TEXT("soil \0 float"), "it has a control byte: \"soil float\"");
    expect_bad(TEXT("s\x7f t float"), "it has a control byte: \"s t float\"");
    expect_bad(TEXT("soil \xff float"),
               "it is not valid UTF-8: \"soil ? float\"");
}

static void a_line_that_is_too_long_is_told(void **state)
{
    (void)state;
    static char line[2 * LIMIT_TYPED_NAME_BYTES + 100];
    memset(line, 'x', sizeof line);
    expect_bad((struct text){line, sizeof line},
               "it is too long: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxx\"");
}

/* Whatever part of it a crash leaves: the same type of the same field, or
 * nothing. */
static void a_torn_line_never_reads_as_something_else(void **state)
{
    (void)state;
    struct buf out, room;
    struct error err;
    buf_init(&out, 4096);
    buf_init(&room, 4096);
    for (int type = VALUE_FLOAT; type <= VALUE_STRING; type++) {
        const struct type_rule rule = {TEXT("weather station"),
                                       TEXT("rain 24h"), (enum value_type)type,
                                       NULL, LEARNT_NS};
        buf_clear(&out);
        assert_true(type_line_write(&out, &rule));
        for (size_t len = 1; len < out.len; len++) {
            struct type_rule torn;
            const struct text part = {out.data, len};
            if (!type_line_read(part, &room, &torn, &err))
                continue;
            assert_int_equal(torn.type, type);
            assert_text(torn.measurement, "weather station");
            assert_text(torn.field, "rain 24h");
        }
    }
    buf_deinit(&out);
    buf_deinit(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_written_and_read),
        cmocka_unit_test(a_full_buffer_gets_no_half_line),
        cmocka_unit_test(what_a_person_types_is_read),
        cmocka_unit_test(comments_and_blanks_say_nothing),
        cmocka_unit_test(what_is_no_such_line_is_told),
        cmocka_unit_test(a_line_that_is_too_long_is_told),
        cmocka_unit_test(a_torn_line_never_reads_as_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
