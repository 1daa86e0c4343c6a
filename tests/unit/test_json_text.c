/* The inside of a JSON string, read back by a reader of its own. */
#include "unit.h"

#include <stdlib.h>

#include "buf.h"
#include "json_text.h"
#include "utf8.h"

static struct buf out;

static void assert_written(struct text text, const char *expected)
{
    buf_clear(&out);
    assert_true(json_text_append(&out, text));
    assert_text(buf_text(&out), expected);
}

static int start(void **state)
{
    (void)state;
    buf_init(&out, 1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_deinit(&out);
    return 0;
}

static void plain_text_stays(void **state)
{
    (void)state;
    assert_written(TEXT("a b/c'd"), "a b/c'd");
    assert_written(TEXT("grün €"), "grün €");
    assert_written((struct text){NULL, 0}, "");
}

static void what_json_would_misread_is_escaped(void **state)
{
    (void)state;
    assert_written(TEXT("say \"hi\""), "say \\\"hi\\\"");
    assert_written(TEXT("a\\b"), "a\\\\b");
    assert_written((struct text){"\0", 1}, "\\u0000");
    assert_written(TEXT("\x1f"), "\\u001f");
}

static void what_is_no_utf8_becomes_question_marks(void **state)
{
    (void)state;
    assert_written(TEXT("caf\xe9"), "caf?");
    assert_written(TEXT("\xe2\x82\xac\xff"), "????");
}

/* One character of the escaped text; *at moves behind it. */
static char read_back(const char **at)
{
    if (**at != '\\')
        return *(*at)++;
    (*at)++;
    switch (*(*at)++) {
    case 'u': {
        char digits[5] = {(*at)[0], (*at)[1], (*at)[2], (*at)[3], 0};
        *at += 4;
        return (char)strtol(digits, NULL, 16);
    }
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default:
        return (*at)[-1];
    }
}

static void every_ascii_byte_reads_back(void **state)
{
    (void)state;
    char all[128];
    for (int i = 0; i < 128; i++)
        all[i] = (char)i;
    buf_clear(&out);
    assert_true(json_text_append(&out, (struct text){all, sizeof all}));
    const char *at = buf_string(&out);
    for (int i = 0; i < 128; i++)
        assert_int_equal(read_back(&at), i);
    assert_int_equal(*at, '\0');
    for (size_t i = 0; i < out.len; i++)
        assert_true((unsigned char)out.data[i] >= 0x20);
}

static void whatever_comes_the_result_is_utf8(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int round = 0; round < 5000; round++) {
        char bytes[8];
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        memcpy(bytes, &random, sizeof bytes);
        buf_clear(&out);
        assert_true(json_text_append(
            &out, (struct text){bytes, (size_t)(random >> 60) % 9}));
        assert_true(utf8_is_valid(buf_text(&out), NULL));
    }
}

static void a_full_buffer_says_so(void **state)
{
    (void)state;
    struct buf small;
    buf_init(&small, 4);
    assert_false(json_text_append(&small, TEXT("\x01")));
    buf_clear(&small);
    assert_true(json_text_append(&small, TEXT("\"\"")));
    buf_deinit(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(what_json_would_misread_is_escaped),
        cmocka_unit_test(what_is_no_utf8_becomes_question_marks),
        cmocka_unit_test(every_ascii_byte_reads_back),
        cmocka_unit_test(whatever_comes_the_result_is_utf8),
        cmocka_unit_test(a_full_buffer_says_so),
    };
    return cmocka_run_group_tests(tests, start, end);
}
