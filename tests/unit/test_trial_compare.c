/* Expected against made, by meaning; and the difference when there is one. */
#include "unit.h"

#include <stdbool.h>

#include "buf.h"
#include "error.h"
#include "trial_compare.h"

enum { RECEIPT_NS = 1000 };

static void assert_report(const char *expected, const char *made,
                          const char *wanted)
{
    struct buf report;
    struct error err;
    buf_init(&report, 1 << 20);
    struct trial_difference difference;
    if (!trial_compare(text_of(expected), text_of(made), RECEIPT_NS, &report,
                       &difference, &err))
        fail_msg("%s", err.text);
    assert_text(buf_text(&report), wanted);
    assert_int_equal(difference.is_equal, wanted[0] == '\0');
    trial_difference_deinit(&difference);
    buf_deinit(&report);
}

static void assert_same(const char *expected, const char *made)
{
    assert_report(expected, made, "");
}

static void the_order_of_tags_and_fields_is_free(void **state)
{
    (void)state;
    assert_same("", "");
    assert_same("m a=1 5\n", "m a=1 5\n");
    assert_same("m,y=2,x=1 b=2i,a=1 5\n", "m,x=1,y=2 a=1,b=2i 5\n");
    assert_same("m a=21.50,s=\"x y\",t=T 5\n", "m a=21.5,s=\"x y\",t=true 5\n");
    assert_same("m a=1e3 5\n", "m a=1000 5\n");
    assert_same("m a=-0 5\n", "m a=0 5\n");
}

static void points_match_in_any_order(void **state)
{
    (void)state;
    assert_same("m a=1 1\nm a=2 2\nn a=3 3\n", "n a=3 3\nm a=2 2\nm a=1 1\n");
    assert_same("m a=1 1\nm a=1 1\n", "m a=1 1\nm a=1 1\n");
}

static void a_line_without_a_time_means_the_receipt_time(void **state)
{
    (void)state;
    assert_same("m a=1\n", "m a=1 1000\n");
    assert_report("m a=1\n", "m a=1 2000001000\n",
                  "- m a=1\n"
                  "+ m a=1 2000001000\n"
                  "    time: +2 s off\n");
}

static void types_count(void **state)
{
    (void)state;
    assert_report("m a=1i 5\n", "m a=1 5\n",
                  "- m a=1i 5\n"
                  "+ m a=1 5\n"
                  "    field a: another type\n");
    assert_report("m a=\"1\" 5\n", "m a=1u 5\n",
                  "- m a=\"1\" 5\n"
                  "+ m a=1u 5\n"
                  "    field a: another type\n");
    assert_same("m a=7u,b=7i,c=f 5\n", "m a=7u,b=7i,c=false 5\n");
}

static void a_difference_names_each_key(void **state)
{
    (void)state;
    assert_report("m,x=1,y=2 a=1,b=2 5\n", "m,x=1,z=3 a=1,c=3 5\n",
                  "- m,x=1,y=2 a=1,b=2 5\n"
                  "+ m,x=1,z=3 a=1,c=3 5\n"
                  "    tag y: missing\n"
                  "    tag z: not expected\n"
                  "    field b: missing\n"
                  "    field c: not expected\n");
    assert_report("m,x=1 a=1 5\n", "m,x=2 a=2 5\n",
                  "- m,x=1 a=1 5\n"
                  "+ m,x=2 a=2 5\n"
                  "    tag x: another value\n"
                  "    field a: another value\n");
}

static void what_only_one_side_has_is_shown(void **state)
{
    (void)state;
    assert_report("m a=1 5\n", "", "- m a=1 5\n");
    assert_report("", "m a=1 5\n", "+ m a=1 5\n");
    assert_report("m a=1 5\n", "n a=1 5\n", "- m a=1 5\n+ n a=1 5\n");
    assert_report("m a=1 5\n", "m a=1 5\nm a=1 5\n", "+ m a=1 5\n");
    assert_report("m a=1 5\nm a=1 5\n", "m a=1 5\n", "- m a=1 5\n");
}

static void an_expected_line_must_be_line_protocol(void **state)
{
    (void)state;
    struct buf report;
    struct error err;
    buf_init(&report, 1 << 20);
    struct trial_difference difference;
    assert_false(trial_compare(TEXT("m a=1\nm a=\n"), TEXT(""), RECEIPT_NS,
                               &report, &difference, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_int_equal(strncmp(err.text, "expected point 2: column ", 25), 0);
    assert_false(difference.is_equal);
    buf_deinit(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_tags_and_fields_is_free),
        cmocka_unit_test(points_match_in_any_order),
        cmocka_unit_test(a_line_without_a_time_means_the_receipt_time),
        cmocka_unit_test(types_count),
        cmocka_unit_test(a_difference_names_each_key),
        cmocka_unit_test(what_only_one_side_has_is_shown),
        cmocka_unit_test(an_expected_line_must_be_line_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
