/* Which of the lines that were sent an answer names, beyond the plain rows of
 * test_verdict.c: doubt, repetition, size. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "ceilings.h"
#include "refusal.h"
#include "words.h"

struct fixture {
    struct words words;
    struct refusals refusals;
    struct buf body;
    struct buf lines;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    words_init(&f->words);
    refusals_init(&f->refusals);
    buf_init(&f->body, 64 << 20);
    buf_init(&f->lines, 64 << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    words_deinit(&f->words);
    refusals_deinit(&f->refusals);
    buf_deinit(&f->body);
    buf_deinit(&f->lines);
    free(f);
    return 0;
}

static void read_buffers(struct fixture *f)
{
    struct text body = buf_text(&f->body);
    bool is_cut = body.len > LIMIT_ANSWER_BYTES;
    if (is_cut)
        body.len = LIMIT_ANSWER_BYTES;
    words_read(&f->words, body, is_cut);
    refusals_read(&f->refusals, &f->words, body, buf_text(&f->lines));
}

static void read(struct fixture *f, const char *lines, const char *body)
{
    buf_clear(&f->body);
    buf_clear(&f->lines);
    buf_append_text(&f->body, text_of(body));
    buf_append_text(&f->lines, text_of(lines));
    read_buffers(f);
}

/* "1 3 " for two lines, and the doubts. */
static void assert_lines(const struct fixture *f, const char *want,
                         size_t unclear)
{
    char got[500] = "";
    for (size_t i = 0; i < f->refusals.count; i++) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%zu ",
                 f->refusals.items[i].line);
    }
    assert_string_equal(got, want);
    assert_int_equal(f->refusals.unclear, unclear);
}

static void equal_lines_are_named_together(void **state)
{
    struct fixture *f = *state;
    read(f, "a 1\nb 1\na 1\n",
         "{\"error\":\"unable to parse 'a 1': x\\nunable to parse 'a 1': x\"}");
    assert_lines(f, "0 2 ", 0);
    assert_text(f->refusals.items[1].reason, "x");
    assert_int_equal(f->refusals.line_count, 3);
}

static void a_line_may_hold_what_ends_a_quote(void **state)
{
    struct fixture *f = *state;
    read(f, "a\nm v=\"it': so\" 1\nb\n",
         "{\"error\":\"unable to parse 'm v=\\\"it': so\\\" 1': x': y\"}");
    assert_lines(f, "1 ", 0);
    assert_text(f->refusals.items[0].reason, "x': y");
}

static void a_quote_that_fits_two_lines_names_none(void **state)
{
    struct fixture *f = *state;
    read(f, "m v=\"it\nm v=\"it': so\" 1\n",
         "{\"error\":\"unable to parse 'm v=\\\"it': so\\\" 1': x\"}");
    assert_lines(f, "", 1);
}

static void a_quote_that_fits_nothing_names_none(void **state)
{
    struct fixture *f = *state;
    read(f, "a\nb\n",
         "{\"error\":\"unable to parse 'c': x\\nunable to parse 'b': y\"}");
    assert_lines(f, "1 ", 1);
    read(f, "a\nb\n", "{\"error\":\"unable to parse 'a\"}");
    assert_lines(f, "", 1);
    read(f, "a\nb\n", "{\"error\":\"unable to parse ''a': x\"}");
    assert_lines(f, "", 1);
}

/* It would take too long to try where such a line ends. */
static void a_quote_of_quotes_names_none(void **state)
{
    struct fixture *f = *state;
    buf_append_text(&f->body, TEXT("{\"error\":\"unable to parse '"));
    for (int i = 0; i < 5000; i++) {
        buf_append_text(&f->lines, TEXT("': "));
        buf_append_text(&f->body, TEXT("': "));
    }
    buf_append_text(&f->lines, TEXT("\na\n"));
    buf_append_text(&f->body, TEXT("': x\\nunable to parse 'a': y\"}"));
    read_buffers(f);
    assert_lines(f, "1 ", 1);
}

static void escapes_of_go_are_undone(void **state)
{
    struct fixture *f = *state;
    read(f, "m t=<a&b>\xc3\xa9 \"\\\" 1\nb\n",
         "{\"error\":\"unable to parse 'm t=\\u003ca\\u0026b\\u003e\xc3\xa9"
         " \\\"\\\\\\\" 1': x\"}");
    assert_lines(f, "0 ", 0);
}

static void a_number_counts_lines_that_are_not_blank(void **state)
{
    struct fixture *f = *state;
    read(f, "a\n\nb\nc\n",
         "{\"error\":\"line protocol\",\"data\":[{\"line_number\":2}]}");
    assert_lines(f, "2 ", 0);
    read(f, "a\nb\n",
         "{\"error\":\"line protocol\",\"data\":[{\"line_number\":3},"
         "{\"line_number\":0},{\"line_number\":-1},{\"line_number\":1.5},"
         "{\"line_number\":99999999999999999999}]}");
    assert_lines(f, "", 5);
}

static void a_number_must_agree_with_what_is_quoted(void **state)
{
    struct fixture *f = *state;
    static const char lines[] = "abcdefghijklmnopqrstuvwxyz 1\ncaf\xc3\xa9 2\n";
    read(f, lines,
         "{\"error\":\"e\",\"data\":[{\"line_number\":1,\"original_line\":"
         "\"abcdefghijklmnopqrst\"},{\"line_number\":2,\"original_line\":"
         "\"caf\\ufffd\"}]}");
    assert_lines(f, "0 1 ", 0);
    read(f, lines,
         "{\"error\":\"e\",\"data\":[{\"line_number\":2,\"original_line\":"
         "\"abcdefghijklmnopqrst\"}]}");
    assert_lines(f, "", 1);
}

static void a_line_without_a_number_must_be_whole(void **state)
{
    struct fixture *f = *state;
    read(f, "abc 1\nabd 2\n",
         "{\"error\":\"e\",\"data\":[{\"original_line\":\"abc 1\"},"
         "{\"original_line\":\"abd\"},{\"error_message\":\"who?\"}]}");
    assert_lines(f, "0 ", 2);
    assert_int_equal(f->refusals.items[0].reason.len, 0);
}

static void a_line_has_one_reason(void **state)
{
    struct fixture *f = *state;
    read(f, "a\nb\n",
         "{\"error\":\"e\",\"data\":[{\"line_number\":1,\"error_message\":"
         "\"first\"},{\"line_number\":1,\"error_message\":\"second\"}]}");
    assert_lines(f, "0 ", 0);
    assert_text(f->refusals.items[0].reason, "first");
}

static void serverless_tells_a_hundred_at_most(void **state)
{
    struct fixture *f = *state;
    buf_append_text(&f->body, TEXT("{\"code\":\"invalid\",\"message\":\""));
    for (int i = 0; i < 100; i++) {
        assert_false(f->refusals.is_incomplete);
        buf_printf(&f->lines, "line %d\n", i);
        buf_printf(&f->body, "\\n error parsing line %d (1-based): no", i + 1);
    }
    buf_append_text(&f->body, TEXT("\"}"));
    read_buffers(f);
    assert_int_equal(f->refusals.count, 100);
    assert_true(f->refusals.is_incomplete);
}

/* 1.x and 2.x quote every bad line, in an answer without bounds. */
static void thousands_are_named_as_far_as_the_answer_was_read(void **state)
{
    struct fixture *f = *state;
    buf_append_text(&f->body, TEXT("{\"error\":\"partial write: "));
    for (int i = 0; i < 20000; i++) {
        buf_printf(&f->lines, "bad%d\n", i);
        buf_printf(&f->body, "%sunable to parse 'bad%d': x", i ? "\\n" : "", i);
    }
    read_buffers(f);
    assert_true(f->refusals.is_incomplete);
    assert_in_range(f->refusals.count, 2000, 2600);
    for (size_t i = 0; i < f->refusals.count; i++)
        assert_int_equal(f->refusals.items[i].line, i);
}

static void what_is_named_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2 * LIMIT_REFUSALS; i++)
        buf_append_text(&f->lines, TEXT("a\n"));
    buf_append_text(&f->body, TEXT("{\"error\":\"unable to parse 'a': x\"}"));
    read_buffers(f);
    assert_int_equal(f->refusals.count, LIMIT_REFUSALS);
    assert_true(f->refusals.is_incomplete);
    buf_clear(&f->body);
    buf_append_text(&f->body, TEXT("{\"error\":\"unable to parse 'b': x\"}"));
    read_buffers(f);
    assert_lines(f, "", 1);
    assert_false(f->refusals.is_incomplete);
}

static void the_only_line_gets_the_whole_message(void **state)
{
    struct fixture *f = *state;
    read(f, "a\n", "{\"error\":\"oh\\nno\"}");
    assert_lines(f, "", 0);
    refusals_name_only(&f->refusals, &f->words);
    assert_lines(f, "0 ", 0);
    assert_text(f->refusals.items[0].reason, "oh no");
    refusals_clear(&f->refusals);
    assert_lines(f, "", 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(equal_lines_are_named_together),
        ROW(a_line_may_hold_what_ends_a_quote),
        ROW(a_quote_that_fits_two_lines_names_none),
        ROW(a_quote_that_fits_nothing_names_none),
        ROW(a_quote_of_quotes_names_none),
        ROW(escapes_of_go_are_undone),
        ROW(a_number_counts_lines_that_are_not_blank),
        ROW(a_number_must_agree_with_what_is_quoted),
        ROW(a_line_without_a_number_must_be_whole),
        ROW(a_line_has_one_reason),
        ROW(serverless_tells_a_hundred_at_most),
        ROW(thousands_are_named_as_far_as_the_answer_was_read),
        ROW(what_is_named_is_bounded),
        ROW(the_only_line_gets_the_whole_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
