/* Points of one request that would overwrite each other. */
#include "unit.h"

#include "arena.h"
#include "line.h"
#include "notes.h"
#include "point.h"
#include "repeats.h"

struct fixture {
    struct arena arena;
    struct points points;
    struct notes notes;
    size_t indices[5000];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    arena_init(&fixture.arena, LIMIT_REQUEST_ARENA_BYTES);
    points_init(&fixture.points, &fixture.arena, 5000);
    notes_init(&fixture.notes);
    fixture.points.notes = &fixture.notes;
    for (size_t i = 0; i < 5000; i++)
        fixture.indices[i] = i;
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

static size_t find(struct fixture *fixture, const char *body, bool spread)
{
    points_reset(&fixture->points);
    assert_true(
        line_read_all(text_of(body), PRECISION_NS, &fixture->points, NULL));
    return repeats_find(&fixture->points, fixture->indices,
                        fixture->points.count, 100, spread);
}

static void an_overwritten_field_is_a_warning(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(find(fixture, "m,t=1 v=1 5\nm,t=1 v=2 5\n", false), 1);
    assert_text(buf_text(&fixture->notes.lines[NOTE_WARNING]),
                "two points of m have the same tags and time 5: the later one"
                " overwrites (repeats = \"spread\" moves it)\n");
    assert_true(fixture->points.items[1].time_ns == 5);
}

static void what_merges_or_differs_is_no_repeat(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(find(fixture, "m,t=1 v=1 5\nm,t=1 w=2 5\n", true), 0);
    assert_int_equal(find(fixture, "m,t=1 v=1 5\nm,t=2 v=2 5\n", true), 0);
    assert_int_equal(find(fixture, "m,t=1 v=1 5\nm,u=1 v=2 5\n", true), 0);
    assert_int_equal(find(fixture, "m,t=1 v=1 5\nm v=2 5\n", true), 0);
    assert_int_equal(find(fixture, "m v=1 5\nn v=2 5\n", true), 0);
    assert_int_equal(find(fixture, "m v=1 5\nm v=2 6\n", true), 0);
    assert_int_equal(find(fixture, "m v=1 5\n", true), 0);
}

static void spread_moves_each_to_a_time_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(find(fixture, "m v=1\nm v=2\nm v=3 101\nm v=4\n", true),
                     3);
    static const int64_t times[] = {100, 101, 102, 103};
    for (size_t i = 0; i < 4; i++)
        assert_true(fixture->points.items[i].time_ns == times[i]);
}

static void many_at_one_time_are_spread_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct error *err = NULL;
    for (int i = 0; i < 5000; i++)
        assert_true(line_read(TEXT("m,t=x v=1 7"), PRECISION_NS,
                              &fixture->points, err));
    assert_int_equal(
        repeats_find(&fixture->points, fixture->indices, 5000, 0, true), 4999);
    for (int i = 0; i < 5000; i++)
        assert_true(fixture->points.items[i].time_ns == 7 + i);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_overwritten_field_is_a_warning),
        TEST(what_merges_or_differs_is_no_repeat),
        TEST(spread_moves_each_to_a_time_of_its_own),
        TEST(many_at_one_time_are_spread_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
