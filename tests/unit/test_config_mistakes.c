/* All that is wrong, in the order of the file, and nothing that is secret. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "config_mistakes.h"

static void assert_blanked(const char *hidden, const char *said,
                           const char *wanted)
{
    struct config_mistakes mistakes = {0};
    char sentence[200];
    snprintf(sentence, sizeof sentence, "%s", said);
    config_mistakes_hide(&mistakes, text_of(hidden));
    config_mistakes_blank(&mistakes, sentence);
    assert_string_equal(sentence, wanted);
    config_mistakes_deinit(&mistakes);
}

static void what_is_hidden_is_blanked(void **state)
{
    (void)state;
    assert_blanked("hush", "no \"hush\", hush", "no \"***\", ***");
    assert_blanked("hushhush", "hushhushhushhush", "******");
    assert_blanked("hush-and-more", "cut: \"hush-and", "cut: \"***");
    assert_blanked("hush-and-more", "cut: \"hush-\"", "cut: \"***\"");
    assert_blanked("hush-and-more", "hush is a word", "hush is a word");
    assert_blanked("", "nothing", "nothing");
    assert_blanked("*", "a \"*\" b", "a \"*\" b");
}

static void a_short_text_is_blanked_where_it_is_quoted(void **state)
{
    (void)state;
    assert_blanked("no", "no \"no\" or \"none\"", "no \"**\" or \"none\"");
    assert_blanked("x", "\"x\"", "\"*\"");
}

static void mistakes_stand_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct config_mistakes mistakes = {0};
    assert_true(config_mistakes_add(&mistakes, 7, "7 first"));
    assert_true(config_mistakes_add(&mistakes, 3, "3"));
    assert_true(config_mistakes_add(&mistakes, 7, "7 second"));
    assert_true(config_mistakes_add(&mistakes, 3, "3"));
    config_mistakes_sort(&mistakes);
    assert_int_equal(mistakes.count, 3);
    assert_string_equal(mistakes.items[0].text, "3");
    assert_string_equal(mistakes.items[1].text, "7 first");
    assert_string_equal(mistakes.items[2].text, "7 second");
    config_mistakes_deinit(&mistakes);
}

static void what_follows_from_a_missing_value_is_not_told(void **state)
{
    (void)state;
    struct config_mistakes mistakes = {0};
    assert_true(config_mistakes_add_unset(&mistakes, 3, "X is not set"));
    assert_true(config_mistakes_add_unset(&mistakes, 3, "Y is not set"));
    assert_true(config_mistakes_add(&mistakes, 3, "\"unset\" is no url"));
    assert_true(config_mistakes_add(&mistakes, 4, "another"));
    assert_int_equal(mistakes.count, 3);
    config_mistakes_deinit(&mistakes);
}

static void there_is_an_end(void **state)
{
    (void)state;
    struct config_mistakes mistakes = {0};
    char text[20];
    for (unsigned i = 1; i <= CONFIG_MISTAKES + 3; i++) {
        snprintf(text, sizeof text, "%u", i);
        assert_int_equal(config_mistakes_add(&mistakes, i, text),
                         i < CONFIG_MISTAKES);
    }
    assert_int_equal(mistakes.count, CONFIG_MISTAKES);
    config_mistakes_deinit(&mistakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_hidden_is_blanked),
        cmocka_unit_test(a_short_text_is_blanked_where_it_is_quoted),
        cmocka_unit_test(mistakes_stand_in_the_order_of_the_file),
        cmocka_unit_test(what_follows_from_a_missing_value_is_not_told),
        cmocka_unit_test(there_is_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
