/* What is said to whoever asks what a verb is for. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "help.h"
#include "text.h"

static const char *const verbs[] = {"serve", "check",   "try",  "test",
                                    "dead",  "journal", "sink", "version"};

enum { VERBS = sizeof verbs / sizeof *verbs };

/* malloc'ed; NULL if there is no such verb. */
static char *help_of(const char *verb)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    bool is_there = help_print(out, verb);
    fclose(out);
    if (is_there)
        return text;
    assert_int_equal(len, 0);
    free(text);
    return NULL;
}

static void assert_narrow(const char *help)
{
    struct text rest = text_of(help);
    while (rest.len > 0)
        assert_in_range(text_cut(&rest, '\n').len, 0, 79);
    assert_int_equal(help[strlen(help) - 1], '\n');
}

static void each_verb_has_its_own(void **state)
{
    (void)state;
    char *all = help_of(NULL);
    assert_narrow(all);
    for (int i = 0; i < VERBS; i++) {
        char head[40], line[20], *help = help_of(verbs[i]);
        snprintf(head, sizeof head, "usage: moonline %s", verbs[i]);
        snprintf(line, sizeof line, "\n  %s", verbs[i]);
        assert_memory_equal(help, head, strlen(head));
        assert_non_null(strstr(all, line));
        assert_narrow(help);
        free(help);
    }
    free(all);
}

static void there_is_none_for_what_is_no_verb(void **state)
{
    (void)state;
    assert_null(help_of("start"));
    assert_null(help_of(""));
    assert_null(help_of("SERVE"));
}

static void a_slip_gets_a_hint(void **state)
{
    (void)state;
    assert_string_equal(help_hint("tset"), " (did you mean test?)");
    assert_string_equal(help_hint("jounral"), " (did you mean journal?)");
    assert_string_equal(help_hint("frobnicate"), "");
    assert_string_equal(help_hint(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verb_has_its_own),
        cmocka_unit_test(there_is_none_for_what_is_no_verb),
        cmocka_unit_test(a_slip_gets_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
