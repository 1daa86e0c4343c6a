/* The writer's form, the reader's strictness, and read(write(p)) = p. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "error.h"
#include "line.h"
#include "point.h"

struct fixture {
    struct arena arena;
    struct points points;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    arena_init(&fixture.arena, LIMIT_REQUEST_ARENA_BYTES);
    points_init(&fixture.points, &fixture.arena, 1000);
    buf_init(&fixture.out, 1 << 20);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    points_deinit(&fixture->points);
    arena_deinit(&fixture->arena);
    buf_deinit(&fixture->out);
    return 0;
}

/* Reads a body and writes all its points again, each with receipt time 7. */
static const char *rewritten(struct fixture *fixture, const char *body)
{
    struct error err;
    points_reset(&fixture->points);
    buf_clear(&fixture->out);
    if (!line_read_all(text_of(body), PRECISION_NS, &fixture->points, &err))
        fail_msg("%s: %s", body, err.text);
    for (size_t i = 0; i < fixture->points.count; i++)
        if (!line_append(&fixture->out, &fixture->points.items[i], 7, &err))
            fail_msg("%s: %s", body, err.text);
    return buf_string(&fixture->out);
}

static void what_is_read_is_written_in_the_one_form(void **state)
{
    static const char *const rows[][2] = {
        {"m v=1 9", "m v=1 9\n"},
        {"m v=1", "m v=1 7\n"},
        {"m,b=2,a=1 v=1 9", "m,a=1,b=2 v=1 9\n"},
        {"m  v=1.50   9 ", "m v=1.5 9\n"},
        {"  m v=1 9\r", "m v=1 9\n"},
        {"m v=1,v=2 9", "m v=2 9\n"},
        {"m a=1i,b=-9223372036854775808i,c=18446744073709551615u 9",
         "m a=1i,b=-9223372036854775808i,c=18446744073709551615u 9\n"},
        {"m a=t,b=F,c=True,d=FALSE 9", "m a=true,b=false,c=true,d=false 9\n"},
        {"m a=.5,b=1.,c=1e3,d=-0.0 9", "m a=0.5,b=1,c=1000,d=-0 9\n"},
        {"my\\ m\\,x,t\\=k=a\\ b f\\,k=1 9",
         "my\\ m\\,x,t\\=k=a\\ b f\\,k=1 9\n"},
        {"m=x v=1 9", "m=x v=1 9\n"},
        {"m,p=C:\\temp v=1 9", "m,p=C:\\temp v=1 9\n"},
        {"m,q=\"x\" v=1 9", "m,q=\"x\" v=1 9\n"},
        {"m s=\"a\\\"b\\\\c\" 9", "m s=\"a\\\"b\\\\c\" 9\n"},
        {"m s=\"x, y=z w\" 9", "m s=\"x, y=z w\" 9\n"},
        {"m s=\"two\nlines\" 9", "m s=\"two\\nlines\" 9\n"},
        {"m s=\"two\\nlines\" 9", "m s=\"two\\nlines\" 9\n"},
        {"m s=\"\" 9", "m s=\"\" 9\n"},
        {"# note\n\nm v=1 1\r\n   \nm v=2 2\n#end", "m v=1 1\nm v=2 2\n"},
        {"", ""},
        {"m,\xc3\xa4=\xe2\x82\xac v=1 -5", "m,\xc3\xa4=\xe2\x82\xac v=1 -5\n"},
        {"#x", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(rewritten(*state, rows[i][0]), rows[i][1]);
}

static void every_line_of_ours_passes_the_strict_check(void **state)
{
    struct error err;
    static const char *const lines[] = {
        "m v=1 9", "m,a=1,b=2 v=1i,w=\"x\\\"\" -9", "m\\ x,t\\==\\,\\  f=t 1",
        "m s=\"a\\nb\" 9223372036854775806"};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        if (!line_check(text_of(lines[i]), &err))
            fail_msg("%s: %s", lines[i], err.text);
}

static void only_the_one_form_passes_the_strict_check(void **state)
{
    (void)state;
    static const char *const lines[] = {"",
                                        "m v=1",
                                        " m v=1 9",
                                        "m  v=1 9",
                                        "m v=1  9",
                                        "m v=1 9 ",
                                        "m v=1 9\n",
                                        "#m v=1 9",
                                        "m v=1 9\r",
                                        "m s=\"a\nb\" 9",
                                        "m s=\"a\tb\" 9",
                                        "m,t=a\\\\b v=1 9",
                                        "m,t=a\\ v=1 9",
                                        "m,t=\xff v=1 9",
                                        "m,time=1 v=1 9",
                                        "m v=1 9223372036854775807",
                                        "m v=1e999 9",
                                        "m v=nan 9",
                                        "m v=1 9\nm v=2 9"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (line_check(text_of(lines[i]), NULL))
            fail_msg("\"%s\" passed", lines[i]);
}

static void a_bad_line_is_named_by_its_place(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *body;
        const char *message;
    } rows[] = {
        {"m", "line 1, column 2: no field: a blank and field=value is missing"},
        {"m v=1 1\n\nm v=x 2",
         "line 3, column 5: a field value that is no number, boolean or quoted"
         " string"},
        {"m s=\"a\nb\" 1\nm, v=1", "line 3, column 3: a tag key is empty"},
        {"m,t= v=1", "line 1, column 5: a tag value is empty"},
        {"m,t v=1", "line 1, column 4: a tag without '='"},
        {"m,t=a=b v=1", "line 1, column 6: a bare '=' in a tag value"},
        {"m,t=a,t=b v=1", "line 1, column 7: this tag is there twice"},
        {"m v", "line 1, column 4: a field without '='"},
        {"m v=", "line 1, column 5: a field without a value"},
        {"m =1", "line 1, column 3: a field key is empty"},
        {"m a=1,", "line 1, column 7: a field key is empty"},
        {"m s=\"open 1\nm v=1",
         "line 1, column 5: a string without its closing quote"},
        {"m s=\"a\"x 1", "line 1, column 8: text right behind a value"},
        {"m v=1 1.5", "line 1, column 7: a time stamp that is no integer"},
        {"m v=1 +1", "line 1, column 7: a time stamp that is no integer"},
        {"m v=1 -", "line 1, column 7: a time stamp that is no integer"},
        {"m v=1 17673230450000000000",
         "line 1, column 7: a time stamp beyond what InfluxDB takes"},
        {"m v=1 1 x", "line 1, column 9: text behind the time stamp"},
        {",t=1 v=1", "line 1, column 1: the measurement is empty"},
        {"m\\", "line 1, column 2: the measurement ends in a backslash"},
        {"m,t=a\\\nm v=1", "line 1, column 6: a tag value ends in a backslash"},
        {"m,t=a\\\\b v=1", "line 1, column 6: a tag value has two backslashes"},
        {"m,t=a\tb v=1", "line 1, column 6: a tag value has a control byte"},
        {"m,time=1 v=1",
         "line 1, column 3: a name that InfluxDB keeps for itself"},
        {"m v=+1", "line 1, column 5: a field value that is no number, boolean"
                   " or quoted string"},
        {"m v=1i,w=9223372036854775808i",
         "line 1, column 10: a field value that is no number, boolean or quoted"
         " string"},
    };
    struct error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        points_reset(&fixture->points);
        if (line_read_all(text_of(rows[i].body), PRECISION_NS, &fixture->points,
                          &err))
            fail_msg("\"%s\" was read", rows[i].body);
        assert_string_equal(err.text, rows[i].message);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
    }
}

static void a_coarser_precision_is_scaled(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    enum precision seconds;
    assert_true(precision_read(TEXT("s"), &seconds));
    assert_true(
        line_read(TEXT("m v=1 1710408847"), seconds, &fixture->points, &err));
    assert_true(fixture->points.items[0].time_ns
                == INT64_C(1710408847000000000));
    assert_false(
        line_read(TEXT("m v=1 17104088470"), seconds, &fixture->points, &err));
    assert_string_equal(err.text,
                        "column 7: a time stamp beyond what InfluxDB takes");
    enum precision hours;
    assert_true(precision_read(TEXT("h"), &hours));
    assert_true(line_read(TEXT("m v=1 -2"), hours, &fixture->points, &err));
    assert_true(fixture->points.items[1].time_ns == -INT64_C(7200000000000));
    assert_false(precision_read(TEXT("fortnight"), &seconds));
}

static void a_line_that_fits_no_frame_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static char big[LIMIT_LINE_BYTES + 1];
    memset(big, 'x', sizeof big);
    struct value string = {.type = VALUE_STRING,
                           .as.string = {big, sizeof big}};
    struct error err;
    size_t index;
    assert_true(point_begin(&fixture->points, TEXT("m"), &err));
    assert_true(point_add_field(&fixture->points, TEXT("f"), string, &err));
    assert_true(point_end(&fixture->points, &index, &err));
    assert_false(line_append(&fixture->out, fixture->points.items, 0, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_string_equal(err.text, "a point of m takes 61450 bytes as a line,"
                                  " the limit is 61440");
    assert_int_equal(fixture->out.len, 0);
}

/* ------------------------------------------------- read(write(p)) = p --- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Bytes that matter to line protocol, far more often than chance has it. */
static struct text random_text(uint64_t *seed, char *room, size_t most)
{
    static const char pool[] = "ab ,=\"\\\n\r\t#\xc3\xa4\xff"
                               "0-.";
    size_t len = next_random(seed) % (most + 1);
    for (size_t i = 0; i < len; i++)
        room[i] = pool[next_random(seed) % (sizeof pool - 1)];
    return (struct text){room, len};
}

/* The same with less that names may not hold, so that most points get built. */
static struct text random_name(uint64_t *seed, char *room)
{
    static const char pool[] = "abc ,=\"#0-.\\";
    size_t len = 1 + next_random(seed) % 5;
    room[0] = 'n';
    for (size_t i = 1; i < len; i++)
        room[i] = pool[next_random(seed) % (sizeof pool - 1)];
    return (struct text){room, len};
}

static struct value random_value(uint64_t *seed, char *room)
{
    struct value value = {.type = next_random(seed) % 5};
    uint64_t bits = next_random(seed);
    switch (value.type) {
    case VALUE_FLOAT:
        value.as.number = (double)(int64_t)bits / 1000;
        break;
    case VALUE_INT:
        value.as.integer = (int64_t)bits;
        break;
    case VALUE_UINT:
        value.as.natural = bits;
        break;
    case VALUE_BOOL:
        value.as.truth = bits & 1;
        break;
    case VALUE_STRING:
        value.as.string = random_text(seed, room, 12);
    }
    return value;
}

static bool build_random(struct points *points, uint64_t *seed, size_t *index)
{
    char a[32], b[32];
    if (!point_begin(points, random_name(seed, a), NULL))
        return false;
    for (uint64_t i = next_random(seed) % 4; i > 0; i--)
        point_add_tag(points, random_name(seed, a), random_text(seed, b, 8),
                      NULL);
    for (uint64_t i = next_random(seed) % 4; i > 0; i--)
        point_add_field(points, random_name(seed, a), random_value(seed, b),
                        NULL);
    point_set_time(points, (int64_t)next_random(seed) / 2);
    return point_end(points, index, NULL) && *index != SIZE_MAX;
}

static void assert_same(const struct point *a, const struct point *b)
{
    assert_true(text_equal(a->measurement, b->measurement));
    assert_int_equal(a->tag_count, b->tag_count);
    assert_int_equal(a->field_count, b->field_count);
    assert_true(a->time_ns == b->time_ns);
    for (unsigned i = 0; i < a->tag_count; i++) {
        assert_true(text_equal(a->tags[i].key, b->tags[i].key));
        assert_true(text_equal(a->tags[i].value, b->tags[i].value));
    }
    for (unsigned i = 0; i < a->field_count; i++) {
        const struct value *x = &a->fields[i].value, *y = &b->fields[i].value;
        assert_true(text_equal(a->fields[i].key, b->fields[i].key));
        assert_int_equal(x->type, y->type);
        if (x->type == VALUE_STRING)
            assert_true(text_equal(x->as.string, y->as.string));
        else if (x->type == VALUE_BOOL)
            assert_int_equal(x->as.truth, y->as.truth);
        else
            assert_memory_equal(&x->as, &y->as, 8);
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    struct fixture *fixture = *state;
    uint64_t seed = 20260102;
    size_t built = 0;
    for (int round = 0; round < 100000; round++) {
        size_t written, read;
        struct error err;
        arena_reset(&fixture->arena);
        points_reset(&fixture->points);
        buf_clear(&fixture->out);
        if (!build_random(&fixture->points, &seed, &written))
            continue;
        built++;
        assert_true(line_append(&fixture->out, &fixture->points.items[written],
                                0, &err));
        struct text line = {fixture->out.data, fixture->out.len - 1};
        assert_null(memchr(line.at, '\n', line.len));
        if (!line_check(line, &err)
            || !line_read(line, PRECISION_NS, &fixture->points, &err))
            fail_msg("round %d: %.*s: %s", round, TEXT_ARG(line), err.text);
        read = fixture->points.count - 1;
        assert_same(&fixture->points.items[written],
                    &fixture->points.items[read]);
    }
    assert_true(built > 30000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_read_is_written_in_the_one_form),
        TEST(every_line_of_ours_passes_the_strict_check),
        TEST(only_the_one_form_passes_the_strict_check),
        TEST(a_bad_line_is_named_by_its_place),
        TEST(a_coarser_precision_is_scaled),
        TEST(a_line_that_fits_no_frame_is_refused),
        TEST(what_is_written_reads_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
