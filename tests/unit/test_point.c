/* What is refused, mended and left out on the way into a point. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "notes.h"
#include "point.h"

struct fixture {
    struct arena arena;
    struct points points;
    struct notes notes;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    arena_init(&fixture.arena, LIMIT_REQUEST_ARENA_BYTES);
    points_init(&fixture.points, &fixture.arena, 3);
    notes_init(&fixture.notes);
    fixture.points.notes = &fixture.notes;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    points_deinit(&fixture->points);
    arena_deinit(&fixture->arena);
    notes_deinit(&fixture->notes);
    return 0;
}

static struct value string_of(const char *text)
{
    return (struct value){.type = VALUE_STRING, .as.string = text_of(text)};
}

static struct value float_of(double number)
{
    return (struct value){.type = VALUE_FLOAT, .as.number = number};
}

static void a_tag_value_is_mended(void **state)
{
    struct points *points = &((struct fixture *)*state)->points;
    static const char *const rows[][2] = {
        {"plain", "plain"},
        {"Fr\xc3\xbchling", "Fr\xc3\xbchling"},
        {"a\nb\tc\x7f", "a b c "},
        {"C:\\temp\\x", "C:\\temp\\x"},
        {"\\\\server\\share", "\\server\\share"},
        {"ends\\", "ends"},
        {"ends\\\\\\", "ends"},
        {"a\\ b", "a b"},
        {"a\\,b\\=c", "a,b=c"},
        {"a\\\nb", "a b"},
        {"x\xff\xfey", "x\xef\xbf\xbd\xef\xbf\xbdy"},
        {"\xff", "\xef\xbf\xbd"},
        {"\xc3", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err;
        assert_true(point_begin(points, TEXT("m"), &err));
        assert_true(
            point_add_tag(points, TEXT("t"), text_of(rows[i][0]), &err));
        assert_int_equal(points->draft.tag_count, 1);
        assert_text(points->draft.tags[0].value, rows[i][1]);
    }
}

static void a_tag_without_a_value_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    static const char *const empty[] = {"", "\\", "\\\\"};
    assert_true(point_begin(&fixture->points, TEXT("m"), &err));
    for (size_t i = 0; i < 3; i++)
        assert_true(point_add_tag(&fixture->points, TEXT("device"),
                                  text_of(empty[i]), &err));
    assert_int_equal(fixture->points.draft.tag_count, 0);
    assert_text(buf_text(&fixture->notes.lines[NOTE_LEFT_OUT]),
                "tag device \"\"\n");
}

static void tags_are_sorted_and_each_is_there_once(void **state)
{
    struct points *points = &((struct fixture *)*state)->points;
    struct error err;
    static const char *const keys[] = {"b", "a", "aa", "B", "c", "a"};
    assert_true(point_begin(points, TEXT("m"), &err));
    for (size_t i = 0; i < 6; i++)
        assert_true(point_add_tag(points, text_of(keys[i]),
                                  i == 5 ? TEXT("last") : TEXT("x"), &err));
    assert_true(point_add_default_tag(points, TEXT("c"), TEXT("no"), &err));
    assert_true(point_add_default_tag(points, TEXT("d"), TEXT("yes"), &err));
    static const char *const sorted[][2] = {{"B", "x"},  {"a", "last"},
                                            {"aa", "x"}, {"b", "x"},
                                            {"c", "x"},  {"d", "yes"}};
    assert_int_equal(points->draft.tag_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_text(points->draft.tags[i].key, sorted[i][0]);
        assert_text(points->draft.tags[i].value, sorted[i][1]);
    }
}

static void a_string_is_mended_but_keeps_its_newlines(void **state)
{
    struct points *points = &((struct fixture *)*state)->points;
    static const char *const rows[][2] = {
        {"plain", "plain"},
        {"a\nb", "a\nb"},
        {"a\r\nb", "a\nb"},
        {"a\rb", "a b"},
        {"tab\there", "tab here"},
        {"back\\\\slash\\", "back\\\\slash\\"},
        {"", ""},
        {"bad \xe2\x82 byte", "bad \xef\xbf\xbd\xef\xbf\xbd byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err;
        assert_true(point_begin(points, TEXT("m"), &err));
        assert_true(
            point_add_field(points, TEXT("f"), string_of(rows[i][0]), &err));
        assert_text(points->draft.fields[0].value.as.string, rows[i][1]);
    }
}

static void what_is_not_finite_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    size_t index;
    assert_true(point_begin(&fixture->points, TEXT("m"), &err));
    assert_true(
        point_add_field(&fixture->points, TEXT("a"), float_of(NAN), &err));
    assert_true(
        point_add_field(&fixture->points, TEXT("b"), float_of(INFINITY), &err));
    assert_true(point_end(&fixture->points, &index, &err));
    assert_true(index == SIZE_MAX);
    assert_int_equal(fixture->points.count, 0);
    assert_int_equal(fixture->points.empty_count, 1);
    assert_text(buf_text(&fixture->notes.lines[NOTE_LEFT_OUT]),
                "field a NaN\nfield b infinite\n");
}

static void the_later_of_equal_fields_wins(void **state)
{
    struct points *points = &((struct fixture *)*state)->points;
    struct error err;
    assert_true(point_begin(points, TEXT("m"), &err));
    assert_true(point_add_field(points, TEXT("f"), float_of(1), &err));
    assert_true(point_add_field(points, TEXT("f"), string_of("two"), &err));
    assert_int_equal(points->draft.field_count, 1);
    assert_text(points->draft.fields[0].value.as.string, "two");
}

static void a_bad_name_is_refused_and_named(void **state)
{
    struct points *points = &((struct fixture *)*state)->points;
    static const struct {
        const char *name;
        const char *message;
    } rows[] = {
        {"", "a measurement has no name"},
        {"#x", "measurement \"#x\" begins with '#': a comment"},
        {"a\nb", "measurement has a control byte, number 2"},
        {"end\\", "measurement \"end\\\" has a backslash that line protocol"
                  " cannot carry"},
        {"a\\\\b", "measurement \"a\\\\b\" has a backslash that line protocol"
                   " cannot carry"},
        {"a\\ b", "measurement \"a\\ b\" has a backslash that line protocol"
                  " cannot carry"},
        {"\xff", "measurement is not valid UTF-8"},
    };
    struct error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(point_begin(points, text_of(rows[i].name), &err));
        assert_string_equal(err.text, rows[i].message);
        assert_int_equal(err.kind, ERR_SCRIPT);
    }
    assert_true(point_begin(points, TEXT("m"), &err));
    assert_false(point_add_tag(points, TEXT("time"), TEXT("x"), &err));
    assert_string_equal(err.text, "tag \"time\" is a name that InfluxDB keeps");
    assert_false(point_add_field(points, TEXT("_field"), float_of(1), &err));
    assert_false(
        point_add_field(points, TEXT("_measurement"), float_of(1), &err));
    assert_false(point_add_field(points, TEXT(""), float_of(1), &err));
    assert_string_equal(err.text, "a field has no name");
}

static void ceilings_hold(void **state)
{
    struct points *points = &((struct fixture *)*state)->points;
    struct error err;
    size_t index;
    char key[8];
    assert_true(point_begin(points, TEXT("m"), &err));
    for (int i = 0; i < LIMIT_POINT_ITEMS; i++) {
        snprintf(key, sizeof key, "f%d", i);
        assert_true(point_add_field(points, text_of(key), float_of(1), &err));
    }
    assert_false(point_add_field(points, TEXT("more"), float_of(1), &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_false(point_add_tag(points, TEXT("more"), TEXT("x"), &err));
    for (int i = 0; i < 3; i++)
        assert_true(point_end(points, &index, &err));
    assert_false(point_end(points, &index, &err));
    assert_string_equal(err.text,
                        "more than 3 points from one request (limits.points)");
}

static void a_time_beyond_the_servers_is_refused(void **state)
{
    struct points *points = &((struct fixture *)*state)->points;
    struct error err;
    size_t index;
    const int64_t beyond[] = {INT64_MAX, INT64_MIN, -INT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        assert_true(point_begin(points, TEXT("m"), &err));
        assert_true(point_add_field(points, TEXT("f"), float_of(1), &err));
        point_set_time(points, beyond[i]);
        assert_false(point_end(points, &index, &err));
    }
    point_set_time(points, INT64_MAX - 1);
    assert_true(point_end(points, &index, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tag_value_is_mended),
        TEST(a_tag_without_a_value_is_left_out),
        TEST(tags_are_sorted_and_each_is_there_once),
        TEST(a_string_is_mended_but_keeps_its_newlines),
        TEST(what_is_not_finite_is_left_out),
        TEST(the_later_of_equal_fields_wins),
        TEST(a_bad_name_is_refused_and_named),
        TEST(ceilings_hold),
        TEST(a_time_beyond_the_servers_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
