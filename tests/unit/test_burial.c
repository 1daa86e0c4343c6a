/* Refused lines are collected with what was said of them. */
#include "unit.h"

#include <string.h>

#include "burial.h"
#include "clock.h"

static void words_are_copied(void **state)
{
    (void)state;
    struct burial burial;
    char reason[] = "it is bad", id[] = "abc-1";
    burial_init(&burial);
    struct dead_point point = {.seq = 7,
                               .line = TEXT("m v=1 1"),
                               .status = 400,
                               .request_id = id,
                               .reason = text_of(reason)};
    burial_add(&burial, &point, 5);
    memset(reason, 'x', sizeof reason - 1);
    memset(id, 'x', sizeof id - 1);
    point.request_id = NULL;
    burial_add(&burial, &point, 6);
    assert_int_equal(burial.count, 2);
    assert_int_equal(burial.points[0].seq, 7);
    assert_int_equal(burial.points[0].status, 400);
    assert_string_equal(burial.points[0].request_id, "abc-1");
    assert_text(burial.points[0].reason, "it is bad");
    assert_text(burial.points[0].line, "m v=1 1");
    assert_null(burial.points[1].request_id);
    burial_deinit(&burial);
    assert_int_equal(burial.count, 0);
}

/* Thousands of lines for one reason: it is there once. */
static void equal_words_are_kept_once(void **state)
{
    (void)state;
    struct burial burial;
    static char reason[5000];
    memset(reason, 'r', sizeof reason);
    burial_init(&burial);
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 5000; i++) {
            struct dead_point point = {.seq = i,
                                       .request_id = "id",
                                       .reason = {reason, sizeof reason}};
            burial_add(&burial, &point, 5);
        }
        assert_in_range(burial.texts.used_bytes, 500, 1000);
        assert_int_equal(burial.points[4999].reason.len, 500);
        assert_ptr_equal(burial.points[4999].reason.at,
                         burial.points[0].reason.at);
        burial_done(&burial);
        assert_int_equal(burial.count, 0);
    }
    burial_deinit(&burial);
}

static void it_is_due_when_they_are_many_or_wait_long(void **state)
{
    (void)state;
    struct burial burial;
    const struct dead_point point = {.reason = TEXT("r")};
    burial_init(&burial);
    assert_false(burial_is_due(&burial, INT64_MAX));
    burial_add(&burial, &point, 5 * NS_PER_S);
    burial_add(&burial, &point, 6 * NS_PER_S - 1);
    assert_false(burial_is_due(&burial, 6 * NS_PER_S - 1));
    assert_true(burial_is_due(&burial, 6 * NS_PER_S));
    burial_done(&burial);
    assert_false(burial_is_due(&burial, 6 * NS_PER_S));
    for (int i = 0; i < 100; i++) {
        assert_false(burial_is_due(&burial, 5));
        burial_add(&burial, &point, 5);
    }
    assert_true(burial_is_due(&burial, 5));
    burial_deinit(&burial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_copied),
        cmocka_unit_test(equal_words_are_kept_once),
        cmocka_unit_test(it_is_due_when_they_are_many_or_wait_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
