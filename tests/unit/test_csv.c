/* Rows and fields of CSV, as RFC 4180 has them and as old boxes write them. */
#include "unit.h"

#include <stdlib.h>

#include "buf.h"
#include "csv.h"
#include "error.h"

/* [a][b]\n for each row, from memory of just that size, so that ASan sees a
 * step beyond. A bad text gives its message behind what was read. */
static void show(struct text text, size_t offset, char separator,
                 struct buf *out)
{
    struct csv csv;
    struct csv_field field;
    struct error err;
    enum csv_step step;
    char *own = malloc(text.len + 1);
    memcpy(own, text.at, text.len);
    own = realloc(own, text.len ? text.len : 1);
    csv_init(&csv, (struct text){own, text.len}, offset, separator);
    while ((step = csv_next(&csv, &field, &err)) == CSV_FIELD) {
        char *plain = malloc(field.text.len + 1);
        size_t len = csv_unquote(field.text, plain);
        assert_true(field.has_doubled_quotes || len == field.text.len);
        buf_append_char(out, '[');
        buf_append(out, plain, len);
        buf_append_char(out, ']');
        if (field.is_last)
            buf_append_char(out, '\n');
        free(plain);
    }
    if (step == CSV_BAD) {
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
        buf_append_text(out, text_of(err.text));
    }
    free(own);
}

static void expect(const char *text, const char *rows)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    show(text_of(text), 0, ',', &out);
    assert_text(buf_text(&out), rows);
    buf_deinit(&out);
}

static void rows_are_cut_at_separators_and_line_ends(void **state)
{
    (void)state;
    expect("a,b\nc,d\n", "[a][b]\n[c][d]\n");
    expect("a,b\r\nc,d", "[a][b]\n[c][d]\n");
    expect("a\rb\r", "[a]\n[b]\n");
    expect("a", "[a]\n");
    expect("a,", "[a][]\n");
    expect(",\n,", "[][]\n[][]\n");
    expect(" a , b ", "[ a ][ b ]\n");
    expect("", "");
}

static void a_row_without_a_byte_is_none(void **state)
{
    (void)state;
    expect("\n\r\n\r\r\n\n", "");
    expect("\n\na\n\n\nb\n\n", "[a]\n[b]\n");
    expect("\"\"\n", "[]\n");
}

static void quotes_hold_what_would_cut(void **state)
{
    (void)state;
    expect("\"a,b\",c", "[a,b][c]\n");
    expect("\"a\nb\r\nc\"\nd", "[a\nb\r\nc]\n[d]\n");
    expect("\"say \"\"hi\"\"\"", "[say \"hi\"]\n");
    expect("\"\"\"\"", "[\"]\n");
    expect("\"\"\"\"\"\",x", "[\"\"][x]\n");
    expect("\"\",\"\"", "[][]\n");
}

static void a_bad_quote_says_where_it_stands(void **state)
{
    (void)state;
    expect("a\nb,5\" pipe", "[a]\n[b]bad CSV at line 2, column 4: a quote "
                            "within a field that does not"
                            " begin with one");
    expect("a, \"b\"", "[a]bad CSV at line 1, column 4: a quote within a field "
                       "that does not begin"
                       " with one");
    expect("\"a\r\nb\" c",
           "bad CSV at line 2, column 3: more text behind a closing quote");
    expect("x,\"a\n\nb",
           "[x]bad CSV at line 1, column 3: a quote that is never closed");
    expect("x\r\ry,\"",
           "[x]\n[y]bad CSV at line 3, column 3: a quote that is never"
           " closed");
    /* columns count characters */
    expect("\xc3\xa4\xe2\x82\xac\"", "bad CSV at line 1, column 3: a quote "
                                     "within a field that does not begin with"
                                     " one");
    expect("\"a\"\"",
           "bad CSV at line 1, column 1: a quote that is never closed");
}

static void any_byte_may_separate(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 10);
    show(TEXT("a;b,c;\"d;e\"\n"), 0, ';', &out);
    assert_text(buf_text(&out), "[a][b,c][d;e]\n");
    buf_clear(&out);
    show(TEXT("a\0b\nc"), 0, '\0', &out);
    assert_text(buf_text(&out), "[a][b]\n[c]\n");
    buf_clear(&out);
    /* and reading may begin further on, with places from the start */
    show(TEXT("#,\"\nx,y\""), 4, ',', &out);
    assert_text(buf_text(&out),
                "[x]bad CSV at line 2, column 4: a quote within a field"
                " that does not begin with one");
    buf_deinit(&out);
}

static void the_separator_is_found_in_the_first_row(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char separator;
    } cases[] = {
        {"a,b", ','},         {"time;temp\n1,5;2", ';'},
        {"1,5;2,5;3,5", ';'}, {"a\tb;c,d", '\t'},
        {"a|1,5", '|'},       {"\"a;b\",c", ','},
        {"one\na,b", '\0'},   {"", '\0'},
        {"\r\n\na;b", ';'},   {"\"x\ny\";\"z\"", ';'},
        {"\"a,b\"", '\0'},    {"\"a\"\";\",b", ','},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(csv_separator_of(text_of(cases[i].text)),
                         cases[i].separator);
}

static void lines_are_skipped_whatever_they_hold(void **state)
{
    (void)state;
    struct text text = TEXT("one \" quote\r\n\rthree\nfour");
    assert_text(csv_skip_lines(text, 0), "one \" quote\r\n\rthree\nfour");
    assert_text(csv_skip_lines(text, 1), "\rthree\nfour");
    assert_text(csv_skip_lines(text, 2), "three\nfour");
    assert_text(csv_skip_lines(text, 3), "four");
    assert_text(csv_skip_lines(text, 4), "");
    assert_text(csv_skip_lines(text, SIZE_MAX), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_cut_at_separators_and_line_ends),
        cmocka_unit_test(a_row_without_a_byte_is_none),
        cmocka_unit_test(quotes_hold_what_would_cut),
        cmocka_unit_test(a_bad_quote_says_where_it_stands),
        cmocka_unit_test(any_byte_may_separate),
        cmocka_unit_test(the_separator_is_found_in_the_first_row),
        cmocka_unit_test(lines_are_skipped_whatever_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
