/* Multipart bodies: parts as browsers, curl and cameras send them, and where
 * each broken one says it is broken. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "multipart.h"

static void show(struct buf *out, struct text text)
{
    if (text.at)
        buf_printf(out, "[%.*s]", TEXT_ARG(text));
    else
        buf_append_char(out, '-');
}

/* name, filename, type, body of each part; or the error. The body stands in
 * memory of just its size, so that ASan sees a step beyond. */
static void expect_text(struct text body, const char *wanted)
{
    struct arena arena;
    struct parts parts = {.count = 0};
    struct error err = {0};
    struct buf out;
    char *own = malloc(body.len ? body.len : 1);
    memcpy(own, body.at, body.len);
    arena_init(&arena, LIMIT_REQUEST_ARENA_BYTES);
    buf_init(&out, 1 << 20);
    bool done = multipart_read((struct text){own, body.len}, TEXT("XX"), &parts,
                               &arena, &err);
    for (size_t i = 0; i < parts.count; i++) {
        show(&out, parts.items[i].name);
        show(&out, parts.items[i].filename);
        show(&out, parts.items[i].type);
        show(&out, parts.items[i].body);
        buf_append_char(&out, '\n');
    }
    buf_printf(&out, "%s", done ? "" : err.text);
    assert_text(buf_text(&out), wanted);
    buf_deinit(&out);
    arena_deinit(&arena);
    free(own);
}

static void expect(const char *body, const char *wanted)
{
    expect_text(text_of(body), wanted);
}

#define FIELD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n"

static void parts_are_cut_at_their_delimiters(void **state)
{
    (void)state;
    expect("--XX\r\n" FIELD("a") "\r\none\r\n--XX\r\n" FIELD(
               "b") "\r\n"
                    "two\r\nlines\r\n\r\n--XX--\r\n",
           "[a]--[one]\n[b]--[two\r\nlines\r\n]\n");
    expect("--XX\r\nContent-Disposition: form-data; name=\"f\";"
           " filename=\"a.bin\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n"
           "--XX--",
           "[f][a.bin][image/png][\x89PNG]\n");
    expect_text(TEXT("--XX\r\n\r\na\x01\xff\r\n--XX--"), "---[a\x01\xff]\n");
}

static void what_is_around_the_parts_is_nothing(void **state)
{
    (void)state;
    expect("a preamble\r\n --XX\r\n--XX\r\n\r\nx\r\n--XX--\r\nthe end --XX",
           "---[x]\n");
    expect("--XX--", "");
    expect("--XX  \r\n\r\nx\r\n--XX \t\r\n\r\ny\r\n--XX--", "---[x]\n---[y]\n");
}

static void a_part_may_be_empty_or_nearly_a_delimiter(void **state)
{
    (void)state;
    expect("--XX\r\n\r\n\r\n--XX--", "---[]\n");
    expect("--XX\r\n\r\n--XX--", "---[]\n");
    expect("--XX\r\n\r\na --XX\r\n--XXY\r\n-XX\r\n--X\r\n--XX--",
           "---[a --XX\r\n--XXY\r\n-XX\r\n--X]\n");
}

static void lines_may_end_with_lf_alone(void **state)
{
    (void)state;
    expect("--XX\nContent-Disposition: form-data; name=a\n\none\n--XX--\n",
           "[a]--[one]\n");
}

static void names_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"form-data; name=\"a;b\"", "[a;b]-"},
        {"form-data; name=\"a \\\"b\\\"\"", "[a \"b\"]-"},
        {"form-data; filename=\"C:\\dir\\x\"; name=y", "[y][C:\\dir\\x]"},
        {"form-data;NAME = z ;x", "[z]-"},
        {"form-data; name=\"\"", "[]-"},
        {"form-data; name=", "[]-"},
        {"form-data; name=\"open", "[open]-"},
        {"form-data; name", "[]-"},
        {"form-data; filename=\"\\\"\"", "-[\"]"},
        {"attachment", "--"},
        {"", "--"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[200], wanted[200];
        snprintf(body, sizeof body,
                 "--XX\r\ncontent-disposition: %s\r\n\r\n\r\n--XX--",
                 cases[i][0]);
        snprintf(wanted, sizeof wanted, "%s-[]\n", cases[i][1]);
        expect(body, wanted);
    }
}

static void a_broken_body_says_where(void **state)
{
    (void)state;
    expect("no delimiter", "offset 0: the body has no line with its boundary");
    expect("--XX\r\n\r\nx", "offset 8: a part begins here and never ends");
    expect("--XX\r\n\r\nx\r\n--XX\r\n",
           "---[x]\noffset 17: the body ends within a part's headers");
    expect("--XX\r\nA: b\r\n",
           "offset 12: the body ends within a part's headers");
    expect("--XX\r\nA: b\r\nno colon\r\n\r\n--XX--",
           "offset 12: a part's header is \"Name: value\"");
    expect("--XX\r\n: b\r\n\r\n--XX--",
           "offset 6: a part's header is \"Name: value\"");
}

/* However it is cut it is an error, but behind the closing delimiter. */
static void a_body_cut_short_is_never_whole(void **state)
{
    (void)state;
    static const char body[] = "--XX\r\n" FIELD("a") "\r\none\r\n--XX--";
    for (size_t len = 0; len < sizeof body - 1; len++) {
        struct arena arena;
        struct parts parts = {.count = 0};
        struct error err = {0};
        arena_init(&arena, 1 << 20);
        assert_false(multipart_read((struct text){body, len}, TEXT("XX"),
                                    &parts, &arena, &err));
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
        arena_deinit(&arena);
    }
}

static bool read_many(int count, const char *unit, const char *last,
                      struct error *err)
{
    struct arena arena;
    struct parts parts = {.count = 0};
    struct buf body;
    arena_init(&arena, LIMIT_REQUEST_ARENA_BYTES);
    buf_init(&body, 1 << 20);
    for (int i = 0; i < count; i++)
        buf_append_text(&body, text_of(unit));
    buf_append_text(&body, text_of(last));
    bool done =
        multipart_read(buf_text(&body), TEXT("XX"), &parts, &arena, err);
    buf_deinit(&body);
    arena_deinit(&arena);
    return done;
}

static void parts_and_headers_are_bounded(void **state)
{
    (void)state;
    struct error err;
    assert_true(read_many(LIMIT_PARTS, "--XX\n\nx\n", "--XX--", &err));
    assert_false(read_many(LIMIT_PARTS + 1, "--XX\n\nx\n", "--XX--", &err));
    assert_string_equal(err.text, "offset 8005: the body has more than 1000"
                                  " parts, the limit");
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_false(read_many(1, "--XX\n",
                           "\n--XX\nA:\nA:\nA:\nA:\nA:\nA:\nA:\n"
                           "A:\nA:\nA:\nA:\nA:\nA:\nA:\nA:\nA:\n"
                           "A:\n\n--XX--",
                           &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
}

static void expect_boundary(const char *type, const char *wanted)
{
    struct arena arena;
    struct text boundary;
    struct error err;
    arena_init(&arena, 1 << 16);
    if (multipart_boundary(text_of(type), &arena, &boundary, &err))
        assert_text(boundary, wanted);
    else
        assert_string_equal(err.text, wanted);
    arena_deinit(&arena);
}

static void the_boundary_is_a_parameter(void **state)
{
    (void)state;
    char type[300] = "multipart/form-data; boundary=", wanted[100];
    expect_boundary("multipart/form-data; boundary=aB3", "aB3");
    expect_boundary("multipart/x; charset=utf-8; Boundary=\"a;b c\"; y=z",
                    "a;b c");
    expect_boundary("multipart/form-data; boundary=a ; x", "a");
    expect_boundary("multipart/form-data",
                    "Content-Type: multipart without a boundary");
    expect_boundary("multipart/form-data; boundary=\"\"",
                    "Content-Type: multipart without a boundary");
    memset(type + 30, 'x', 201);
    snprintf(wanted, sizeof wanted,
             "Content-Type: a boundary of 201 bytes, 200 is the most");
    expect_boundary(type, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_cut_at_their_delimiters),
        cmocka_unit_test(what_is_around_the_parts_is_nothing),
        cmocka_unit_test(a_part_may_be_empty_or_nearly_a_delimiter),
        cmocka_unit_test(lines_may_end_with_lf_alone),
        cmocka_unit_test(names_are_read_as_they_are_written),
        cmocka_unit_test(a_broken_body_says_where),
        cmocka_unit_test(a_body_cut_short_is_never_whole),
        cmocka_unit_test(parts_and_headers_are_bounded),
        cmocka_unit_test(the_boundary_is_a_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
