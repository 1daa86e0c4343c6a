/* The ceiling of a buf, and what still holds once it was reached. */
#include "unit.h"

#include "arena.h"
#include "buf.h"

static void grows_up_to_its_ceiling(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++)
        assert_true(buf_append_char(&buf, 'x'));
    assert_false(buf_append_char(&buf, 'y'));
    assert_true(buf.has_overflowed);
    assert_int_equal(buf.len, 1000);
    buf_clear(&buf);
    assert_true(buf_append(&buf, "ab", 2));
    assert_text(buf_text(&buf), "ab");
    assert_string_equal(buf_string(&buf), "ab");
    buf_deinit(&buf);
}

static void an_append_is_whole_or_nothing(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    assert_true(buf_append(&buf, "abc", 3));
    assert_false(buf_append(&buf, "de", 2));
    assert_text(buf_text(&buf), "abc");
    assert_true(buf_append_char(&buf, 'd'));
    assert_true(buf.has_overflowed);
    buf_consume(&buf, 2);
    assert_text(buf_text(&buf), "cd");
    buf_deinit(&buf);
}

static void an_empty_buf_is_harmless(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 0);
    assert_true(buf_append(&buf, NULL, 0));
    assert_null(buf_reserve(&buf, 0));
    assert_string_equal(buf_string(&buf), "");
    buf_deinit(&buf);
}

static void printf_appends_without_its_nul(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    assert_true(buf_printf(&buf, "%d-%s", 42, "x"));
    assert_true(buf_printf(&buf, "!"));
    assert_text(buf_text(&buf), "42-x!");
    buf_deinit(&buf);
}

static void an_arena_keeps_its_pieces_in_place(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct text first;
    assert_true(arena_copy(&arena, TEXT("first"), &first));
    const char *where = first.at;
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&arena, 500));
    assert_ptr_equal(first.at, where);
    assert_text(first, "first");
    assert_null(arena_alloc(&arena, 1 << 20));
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 1 << 20));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_ceiling),
        cmocka_unit_test(an_append_is_whole_or_nothing),
        cmocka_unit_test(an_empty_buf_is_harmless),
        cmocka_unit_test(printf_appends_without_its_nul),
        cmocka_unit_test(an_arena_keeps_its_pieces_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
