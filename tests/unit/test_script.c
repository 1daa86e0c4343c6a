/* One run of a user's function: its endings, its limits, and that the next
 * request finds everything as it should be. */
#include "script_unit.h"

static void a_returned_point_is_stored(void **state)
{
    (void)state;
    expect_lines("return function(req)\n"
                 "  return point('m', { a = req.json.name }, "
                 "{ x = req.json.x })\n"
                 "end",
                 "{\"name\":\"n\",\"x\":1.5}", "m,a=n x=1.5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_returned_point_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
