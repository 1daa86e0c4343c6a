/* What a text begins with is taken, or the text stays as it was. */
#include "unit.h"

#include "scan.h"

static void a_character_is_taken_or_left(void **state)
{
    (void)state;
    struct text text = TEXT("ab");
    assert_false(scan_char(&text, 'b'));
    assert_text(text, "ab");
    assert_true(scan_char(&text, 'a'));
    assert_true(scan_char(&text, 'b'));
    assert_false(scan_char(&text, '\0'));
    assert_int_equal(text.len, 0);
}

static void any_of_several_says_which(void **state)
{
    (void)state;
    struct text text = TEXT("-/x");
    assert_int_equal(scan_any(&text, "/-"), '-');
    assert_int_equal(scan_any(&text, "/-"), '/');
    assert_int_equal(scan_any(&text, "/-"), 0);
    assert_int_equal(scan_any(&text, ""), 0);
    assert_text(text, "x");
}

static void a_word_is_taken_in_either_case(void **state)
{
    (void)state;
    struct text text = TEXT("pmPM");
    assert_true(scan_word(&text, "PM"));
    assert_true(scan_word(&text, "pm"));
    assert_false(scan_word(&text, "pm"));
    text = TEXT("Ma");
    assert_false(scan_word(&text, "May"));
    assert_text(text, "Ma");
}

static void blanks_are_counted(void **state)
{
    (void)state;
    struct text text = TEXT(" \t\r\n\v\fx ");
    assert_int_equal(scan_blanks(&text), 6);
    assert_int_equal(scan_blanks(&text), 0);
    assert_text(text, "x ");
}

static void digits_are_taken_up_to_a_number_of_them(void **state)
{
    (void)state;
    struct text text = TEXT("0123456789012x");
    int value = -1;
    assert_int_equal(scan_digits(&text, 4, &value), 4);
    assert_int_equal(value, 123);
    assert_int_equal(scan_digits(&text, 9, &value), 9);
    assert_int_equal(value, 456789012);
    assert_int_equal(scan_digits(&text, 9, &value), 0);
    assert_int_equal(value, 456789012);
    assert_text(text, "x");
}

static void a_fraction_becomes_billionths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int billionths;
    } cases[] = {
        {"0", 0},
        {"1", 100000000},
        {"000000001", 1},
        {"25", 250000000},
        {"999999999", 999999999},
        {"9999999999999", 999999999},
        {"1234567891", 123456789},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text = text_of(cases[i].text);
        int billionths = -1;
        assert_true(scan_billionths(&text, &billionths));
        assert_int_equal(billionths, cases[i].billionths);
        assert_int_equal(text.len, 0);
    }
    struct text none = TEXT("x1");
    int untouched = 7;
    assert_false(scan_billionths(&none, &untouched));
    assert_int_equal(untouched, 7);
}

static void both_ends_are_trimmed(void **state)
{
    (void)state;
    assert_text(scan_trim(TEXT(" \t a b \r\n")), "a b");
    assert_text(scan_trim(TEXT("ab")), "ab");
    assert_text(scan_trim(TEXT(" \n ")), "");
    assert_text(scan_trim((struct text){NULL, 0}), "");
    assert_int_equal(scan_trim((struct text){"\0 ", 2}).len, 1);
}

static void a_token_is_a_headers_name(void **state)
{
    (void)state;
    assert_true(scan_is_token(TEXT("X-Api-Key")));
    assert_true(scan_is_token(TEXT("!#$%&'*+-.^_`|~09AZaz")));
    assert_false(scan_is_token(TEXT("")));
    for (int c = 0; c < 256; c++) {
        const char name[] = {'a', (char)c, 'b'};
        bool is_mark = c > ' ' && c < 127 && !strchr("\"(),/:;<=>?@[\\]{}", c);
        assert_int_equal(scan_is_token((struct text){name, 3}), is_mark);
    }
}

/* text_cut of text.h, which readers of lines and pairs share. */
static void a_text_is_cut_at_a_byte(void **state)
{
    (void)state;
    struct text rest = TEXT("a\nb\n\nc");
    assert_text(text_cut(&rest, '\n'), "a");
    assert_text(text_cut(&rest, '\n'), "b");
    assert_text(text_cut(&rest, '\n'), "");
    assert_text(rest, "c");
    assert_text(text_cut(&rest, '\n'), "c");
    assert_int_equal(rest.len, 0);
    assert_text(text_cut(&rest, '\n'), "");
    rest = TEXT("x\n");
    assert_text(text_cut(&rest, '\n'), "x");
    assert_int_equal(rest.len, 0);
    rest = (struct text){NULL, 0};
    assert_int_equal(text_cut(&rest, '\n').len, 0);
}

static void a_text_is_known_by_its_end(void **state)
{
    (void)state;
    assert_true(text_ends_with(TEXT("x.http"), TEXT(".http")));
    assert_true(text_ends_with(TEXT(".http"), TEXT(".http")));
    assert_false(text_ends_with(TEXT("http"), TEXT(".http")));
    assert_false(text_ends_with(TEXT("x.httpx"), TEXT(".http")));
    assert_true(text_ends_with(TEXT("x"), TEXT("")));
    assert_true(text_ends_with((struct text){NULL, 0}, TEXT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_is_taken_or_left),
        cmocka_unit_test(any_of_several_says_which),
        cmocka_unit_test(a_token_is_a_headers_name),
        cmocka_unit_test(a_word_is_taken_in_either_case),
        cmocka_unit_test(blanks_are_counted),
        cmocka_unit_test(digits_are_taken_up_to_a_number_of_them),
        cmocka_unit_test(a_fraction_becomes_billionths),
        cmocka_unit_test(both_ends_are_trimmed),
        cmocka_unit_test(a_text_is_cut_at_a_byte),
        cmocka_unit_test(a_text_is_known_by_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
