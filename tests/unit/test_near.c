/* Which name was meant, and when no guess is better. */
#include "unit.h"

#include "near.h"

static const char *hint_for(const char *word)
{
    static const char *const names[] = {"point",
                                        "print",
                                        "flatten",
                                        "json",
                                        "a_name_that_is_longer_than_any_guess",
                                        NULL};
    static char out[NEAR_BYTES * 2];
    struct near near;
    near_init(&near, text_of(word));
    for (const char *const *name = names; *name; name++)
        near_offer(&near, *name);
    return near_hint(&near, out);
}

static void a_slip_is_understood(void **state)
{
    (void)state;
    assert_string_equal(hint_for("poit"), " (did you mean point?)");
    assert_string_equal(hint_for("pointt"), " (did you mean point?)");
    assert_string_equal(hint_for("piont"), " (did you mean point?)");
    assert_string_equal(hint_for("prnit"), " (did you mean print?)");
    assert_string_equal(hint_for("flaten"), " (did you mean flatten?)");
    assert_string_equal(hint_for("jsn"), " (did you mean json?)");
    assert_string_equal(hint_for("point"), " (did you mean point?)");
}

static void its_case_does_not_count(void **state)
{
    (void)state;
    assert_string_equal(hint_for("POINT"), " (did you mean point?)");
    assert_string_equal(hint_for("Pirnt"), " (did you mean print?)");
}

static void another_word_gets_no_guess(void **state)
{
    (void)state;
    assert_string_equal(hint_for("x"), "");
    assert_string_equal(hint_for(""), "");
    assert_string_equal(hint_for("temperature"), "");
    assert_string_equal(hint_for("a_name_that_is_longer_than_any_guess"), "");
}

static void words_from_elsewhere_are_understood(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"null", " (did you mean nil?)"},
        {"NULL", " (did you mean nil?)"},
        {"None", " (did you mean nil?)"},
        {"undefined", " (did you mean nil?)"},
        {"os", " (did you mean req.time?)"},
        {"nul", ""},
        {"undefine", ""},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char out[NEAR_BYTES * 2];
        struct near near;
        near_init(&near, text_of(words[i][0]));
        near_offer(&near, "all");
        near_offer_elsewhere(&near);
        assert_string_equal(near_hint(&near, out), words[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_is_understood),
        cmocka_unit_test(its_case_does_not_count),
        cmocka_unit_test(another_word_gets_no_guess),
        cmocka_unit_test(words_from_elsewhere_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
