/* Urlencoded text as pairs. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "form.h"
#include "pairs.h"

static struct arena arena;
static struct pairs pairs;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, LIMIT_REQUEST_ARENA_BYTES);
    pairs = (struct pairs){0};
    err = (struct error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

/* "[name]=[value] ..." so that nothing is hidden. */
static const char *shown(void)
{
    static char out[1024];
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < pairs.count; i++)
        used += (size_t)snprintf(out + used, sizeof out - used, "[%.*s=%.*s]",
                                 TEXT_ARG(pairs.items[i].name),
                                 TEXT_ARG(pairs.items[i].value));
    return out;
}

static const char *read_in(const char *in, const char *charset)
{
    pairs = (struct pairs){0};
    if (!form_read(text_of(in), text_of(charset), &pairs, &arena, &err))
        return "refused";
    return shown();
}

static void pairs_come_in_their_order_and_as_often(void **state)
{
    (void)state;
    assert_string_equal(read_in("a=1&b=2&a=3", ""), "[a=1][b=2][a=3]");
    assert_text(pairs_get(&pairs, TEXT("a")), "3");
    assert_string_equal(read_in("", ""), "");
    assert_string_equal(read_in("&&a=1&&&b&", ""), "[a=1][b=]");
    assert_string_equal(read_in("=nokey&=", ""), "[=nokey][=]");
    assert_string_equal(read_in("alarm&alarm=", ""), "[alarm=][alarm=]");
    assert_string_equal(read_in("a=b=c", ""), "[a=b=c]");
    assert_string_equal(read_in("a;b=1;c=2", ""), "[a;b=1;c=2]");
}

static void escapes_are_read_as_browsers_do(void **state)
{
    (void)state;
    assert_string_equal(read_in("a+b=c%20d%2B", ""), "[a b=c d+]");
    assert_string_equal(read_in("bad=%zz&end=%&one=%4", ""),
                        "[bad=%zz][end=%][one=%4]");
    assert_string_equal(read_in("tr%61iling=50%25+%26", ""),
                        "[trailing=50% &]");
    assert_string_equal(read_in("ch%5B%5D=1&ch%5b%5d=2", ""),
                        "[ch[]=1][ch[]=2]");
    assert_string_equal(read_in("nul=a%00b", ""), "[nul=a]"); /* shown by %s */
    assert_int_equal(pairs.items[0].value.len, 3);
}

static void what_has_no_escape_is_not_copied(void **state)
{
    (void)state;
    struct text in = TEXT("temp=21.5");
    assert_true(form_read(in, TEXT(""), &pairs, &arena, &err));
    assert_ptr_equal(pairs.items[0].name.at, in.at);
    assert_ptr_equal(pairs.items[0].value.at, in.at + 5);
}

static void latin1_becomes_utf8_when_it_says_so(void **state)
{
    (void)state;
    const char *in = "stadt=M%FCnchen&stra%DFe=1&raw=\xb0"
                     "C&plain=x";
    assert_string_equal(read_in(in, "iso-8859-1"),
                        "[stadt=M\xc3\xbcnchen][stra\xc3\x9f"
                        "e=1][raw=\xc2\xb0"
                        "C][plain=x]");
    assert_string_equal(read_in("a=M%FC", ""), "[a=M\xfc]");
    assert_string_equal(read_in("a=M%C3%BC", "UTF-8"), "[a=M\xc3\xbc]");
    assert_string_equal(read_in("a=1", "klingon"), "refused");
    assert_int_equal(err.kind, ERR_MEDIA_TYPE);
}

static void a_control_byte_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_false(
        form_read((struct text){"a=1\0b", 5}, TEXT(""), &pairs, &arena, &err));
    assert_int_equal(err.kind, ERR_BAD_REQUEST);
    assert_non_null(strstr(err.text, "offset 3"));
    assert_string_equal(read_in("a=1\nb=2", ""), "refused");
    assert_non_null(strstr(err.text, "0x0a"));
    assert_non_null(strstr(err.text, "is the Content-Type right? The route's"
                                     " content_type overrules it"));
    assert_string_equal(read_in("\x1f\x8b\x08", ""), "refused");
    assert_non_null(strstr(err.text, "(gzip without a Content-Encoding?)"));
    assert_string_equal(read_in("a=1\r\n", ""), "[a=1]");
}

static void too_many_names_are_too_large(void **state)
{
    (void)state;
    struct buf in;
    buf_init(&in, SIZE_MAX);
    for (int i = 0; i < LIMIT_FORM_PAIRS; i++)
        buf_append(&in, "a&", 2);
    assert_true(form_read(buf_text(&in), TEXT(""), &pairs, &arena, &err));
    assert_int_equal(pairs.count, LIMIT_FORM_PAIRS);
    buf_append(&in, "b", 1);
    pairs = (struct pairs){0};
    assert_false(form_read(buf_text(&in), TEXT(""), &pairs, &arena, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    buf_deinit(&in);
}

/* Whatever the ceiling, a full arena is an answer and not a crash. */
static void a_full_arena_is_an_answer(void **state)
{
    (void)state;
    for (size_t room = 0; room < 4000; room += 16) {
        struct arena small;
        arena_init(&small, room);
        pairs = (struct pairs){0};
        bool done = form_read(TEXT("a=%20b&c=1&%41=d%FC"), TEXT("iso-8859-1"),
                              &pairs, &small, &err);
        assert_true(done || err.kind == ERR_TOO_LARGE);
        assert_true(done || room < 2000);
        arena_deinit(&small);
    }
}

static void a_form_is_known_by_its_looks(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool is_form;
    } rows[] = {
        {"a=1", true},
        {"temp=21.5&hum=40", true},
        {"ch%5B%5D=1&x=", true},
        {"a=1\r\n", true},
        {"PASSKEY=ABC&dateutc=2024-01-01+00:00:00", true},
        {"", false},
        {"=", false},
        {"a", false},
        {"{\"a\":\"b=c\"}", false},
        {"[1,2]=3", false},
        {"<a b=\"c\"/>", false},
        {"weather,station=x temp=1 123", false},
        {"weather temp=1", false},
        {"a=1\nb=2", false},
        {"a=\"b\"", false},
        {"a, b = c", false},
        {"1;2;3", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (form_looks_like_one(text_of(rows[i].body)) != rows[i].is_form)
            fail_msg("\"%s\"", rows[i].body);
    assert_false(form_looks_like_one((struct text){"a=\0", 3}));
    assert_false(form_looks_like_one((struct text){"\0=a", 3}));
}

static void json_is_known_by_its_first_byte(void **state)
{
    (void)state;
    assert_true(form_looks_like_json(TEXT(" \r\n\t{\"a\":1}")));
    assert_true(form_looks_like_json(TEXT("[1]")));
    assert_false(form_looks_like_json(TEXT("a={1}")));
    assert_false(form_looks_like_json(TEXT("")));
    assert_false(form_looks_like_json(TEXT("  ")));
    assert_false(form_looks_like_json((struct text){"\0{", 2}));
}

static void the_last_of_equal_names_counts(void **state)
{
    (void)state;
    struct pairs headers = {0};
    assert_true(pairs_add(&headers, &arena, TEXT("X-A"), TEXT("1")));
    assert_true(
        pairs_add(&headers, &arena, TEXT("x-a"), (struct text){NULL, 0}));
    assert_text(pairs_get(&headers, TEXT("X-A")), "1");
    assert_non_null(pairs_get_nocase(&headers, TEXT("X-a")).at);
    assert_int_equal(pairs_get_nocase(&headers, TEXT("X-a")).len, 0);
    assert_null(pairs_get(&headers, TEXT("X-a")).at);
    assert_null(pairs_get_nocase(&headers, TEXT("X-B")).at);
}

#define FORM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FORM_TEST(pairs_come_in_their_order_and_as_often),
        FORM_TEST(escapes_are_read_as_browsers_do),
        FORM_TEST(what_has_no_escape_is_not_copied),
        FORM_TEST(latin1_becomes_utf8_when_it_says_so),
        FORM_TEST(a_control_byte_is_refused_with_its_place),
        FORM_TEST(too_many_names_are_too_large),
        FORM_TEST(a_full_arena_is_an_answer),
        FORM_TEST(a_form_is_known_by_its_looks),
        FORM_TEST(json_is_known_by_its_first_byte),
        FORM_TEST(the_last_of_equal_names_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
