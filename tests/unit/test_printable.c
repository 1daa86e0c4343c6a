/* Any bytes as one line of printable UTF-8. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"
#include "utf8.h"

static void lines_become_one(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {" a\r\n\tb  c ", "a b c"},
        {"a\x1b[2Jb\x7f", "a [2Jb"},
        {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
        {"a\xc2\x85\xc2\x9b"
         "b\xc2\xa0",
         "a b\xc2\xa0"},
        {"a\xff\xc3", "a??"},
        {"\n\n", ""},
    };
    char out[100];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = printable(text_of(rows[i].in), out, sizeof out);
        assert_string_equal(out, rows[i].out);
        assert_int_equal(len, strlen(out));
    }
}

static void a_cut_is_between_characters(void **state)
{
    static const char in[] = "ab\xc3\xa9 \xe2\x82\xac\xff";
    char out[sizeof in];
    (void)state;
    for (size_t size = 1; size <= sizeof in; size++) {
        size_t len = printable(text_of(in), out, size);
        assert_true(len < size);
        assert_int_equal(out[len], '\0');
        assert_true(utf8_is_valid((struct text){out, len}, NULL));
    }
    assert_int_equal(printable(TEXT("abc"), out, 0), 0);
}

static void every_byte_has_a_place(void **state)
{
    char in[512], out[sizeof in + 1];
    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (char)i;
    size_t len = printable((struct text){in, sizeof in}, out, sizeof out);
    assert_true(utf8_is_valid((struct text){out, len}, NULL));
    for (size_t i = 0; i < len; i++)
        assert_false((unsigned char)out[i] < ' ' || out[i] == 0x7f);
}

static void lines_stay_lines_and_steer_nothing(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"", ""},
        {" a  b\n\tc\r\n", " a  b\n\tc \n"},
        {"\x1b]0;title\x07\x1b[2J", " ]0;title  [2J"},
        {"\xc2\x9b"
         "31m caf\xc3\xa9\xff",
         " 31m caf\xc3\xa9?"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *got = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&got, &len);
        printable_write(text_of(rows[i].in), out);
        fclose(out);
        assert_string_equal(got, rows[i].out);
        free(got);
    }
    printable_write((struct text){NULL, 0}, stderr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_one),
        cmocka_unit_test(a_cut_is_between_characters),
        cmocka_unit_test(every_byte_has_a_place),
        cmocka_unit_test(lines_stay_lines_and_steer_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
