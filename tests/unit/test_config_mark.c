/* When two readings of an option say the same. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config_file.h"
#include "config_mark.h"
#include "config_tree.h"
#include "error.h"
#include "unit.h"

/* The mark of what this Lua text returns. */
static uint64_t mark_of(const char *lua)
{
    char path[] = "/tmp/moonline-mark-XXXXXX";
    struct setting root = {0};
    struct error err;
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    fputs(lua, file);
    fclose(file);
    if (!config_file_load(path, &root, NULL, &err))
        fail_msg("%s", err.text);
    uint64_t mark = config_mark(&root);
    config_tree_deinit(&root);
    unlink(path);
    return mark;
}

static void lines_and_order_do_not_count(void **state)
{
    (void)state;
    assert_true(mark_of("return { a = 1, b = { 'x', 'y' } }")
                == mark_of("-- new\nreturn {\n  b = { 'x', 'y' },\n a = 1 }"));
}

static void every_value_counts(void **state)
{
    (void)state;
    static const char *const all[] = {
        "return {}",
        "return { a = 1 }",
        "return { a = 2 }",
        "return { a = 1.5 }",
        "return { a = true }",
        "return { a = false }",
        "return { a = '1' }",
        "return { b = 1 }",
        "return { a = { 1 } }",
        "return { a = { 'x', 'y' } }",
        "return { a = { 'y', 'x' } }",
        "return { a = { x = 'y' } }",
        "return { a = { y = 'x' } }",
        "return { a = 1, b = 1 }",
    };
    enum { COUNT = sizeof all / sizeof *all };
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < i; k++)
            if (mark_of(all[i]) == mark_of(all[k]))
                fail_msg("%s is taken for %s", all[i], all[k]);
}

static void secrets_do_not_count(void **state)
{
    (void)state;
    assert_true(mark_of("return { i = { url = 'u', token = 'a' } }")
                == mark_of("return { i = { url = 'u', token = 'b' } }"));
    assert_true(mark_of("return { i = { user = 'u', password = 'a' } }")
                == mark_of("return { i = { user = 'u', password = 'b' } }"));
    assert_false(mark_of("return { i = { url = 'u', token = 'a' } }")
                 == mark_of("return { i = { url = 'u' } }"));
}

static void what_is_not_said_is_a_mark_of_its_own(void **state)
{
    (void)state;
    assert_true(config_mark(NULL) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_order_do_not_count),
        cmocka_unit_test(every_value_counts),
        cmocka_unit_test(secrets_do_not_count),
        cmocka_unit_test(what_is_not_said_is_a_mark_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
