/* Memory that is refused is counted by the thread that was refused. */
#include "unit.h"

#include <pthread.h>

#include "arena.h"
#include "buf.h"
#include "memory.h"

/* A sanitizer's allocator would rather stop than refuse. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void a_full_buf_is_no_refusal(void **state)
{
    (void)state;
    struct buf buf;
    uint64_t before = memory_refusals();
    buf_init(&buf, 4);
    assert_false(buf_append(&buf, "12345", 5));
    assert_int_equal(memory_refusals(), before);
    buf_deinit(&buf);
}

static void memory_that_is_not_there_is_one(void **state)
{
    (void)state;
    struct buf buf;
    struct arena arena;
    uint64_t before = memory_refusals();
    buf_init(&buf, SIZE_MAX / 4);
    assert_null(buf_reserve(&buf, SIZE_MAX / 8));
    assert_int_equal(memory_refusals(), before + 1);
    arena_init(&arena, SIZE_MAX / 4);
    assert_null(arena_alloc(&arena, SIZE_MAX / 8));
    assert_int_equal(memory_refusals(), before + 2);
    arena_deinit(&arena);
    buf_deinit(&buf);
}

static void *count(void *context)
{
    memory_was_refused();
    *(uint64_t *)context = memory_refusals();
    return NULL;
}

static void threads_count_for_themselves(void **state)
{
    (void)state;
    pthread_t thread;
    uint64_t theirs = 0, before = memory_refusals();
    assert_int_equal(pthread_create(&thread, NULL, count, &theirs), 0);
    pthread_join(thread, NULL);
    assert_int_equal(theirs, 1);
    assert_int_equal(memory_refusals(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_buf_is_no_refusal),
        cmocka_unit_test(memory_that_is_not_there_is_one),
        cmocka_unit_test(threads_count_for_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
