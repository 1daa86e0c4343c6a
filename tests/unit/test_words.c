/* What an answer says, out of the shape it says it in. */
#include "unit.h"

#include "words.h"

struct row {
    const char *body;
    enum words_shape shape;
    const char *message;
    const char *head;
};

static const struct row rows[] = {
    {"", WORDS_NONE, "", ""},
    {" \r\n", WORDS_NONE, "", ""},
    {"{\"error\":\"oh \\\"x\\\"\"}\n", WORDS_INFLUX, "oh \"x\"", "oh "},
    {"{\"code\":\"invalid\",\"message\":\"a\\nb\"}", WORDS_INFLUX, "a\nb",
     "a\nb"},
    {"{\"message\":\"m\",\"code\":\"invalid\"}", WORDS_INFLUX, "m", "m"},
    {"{\"error\": \"spaced\" }", WORDS_INFLUX, "spaced", "spaced"},
    {"{\"message\":\"no code\"}", WORDS_OTHER, "no code", "no code"},
    {"{\"status\":\"starting\"}", WORDS_OTHER, "{\"status\":\"starting\"}",
     "{"},
    {"{\"data\":{\"error\":\"deep\"}}", WORDS_OTHER,
     "{\"data\":{\"error\":\"deep\"}}", "{"},
    {"{\"error\":17}", WORDS_OTHER, "{\"error\":17}", "{"},
    {"{\"error\":\"\"}", WORDS_INFLUX, "", ""},
    {"{\"error\":\"cut", WORDS_INFLUX, "cut", "cut"},
    {"{\"error\":\"cut\\", WORDS_INFLUX, "cut\\", "cut\\"},
    {"{\"error\":\"it's\"}", WORDS_INFLUX, "it's", "it"},
    {"<html>", WORDS_HTML, "<html>", "<html>"},
    {"404 page not found\n", WORDS_OTHER, "404 page not found",
     "404 page not found"},
    {"remoteAddr: \"1.2.3.4:5\"; requestURI: /write?db=t; oh \"x\"\n",
     WORDS_VICTORIA, "oh \"x\"", "oh "},
    {"remoteAddr: \"1.2.3.4:5\"; oh", WORDS_OTHER,
     "remoteAddr: \"1.2.3.4:5\"; oh", "remoteAddr: "},
};

static void each_shape_is_known(void **state)
{
    struct words words;
    (void)state;
    words_init(&words);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].body);
        words_read(&words, text_of(rows[i].body), false);
        assert_int_equal(words.shape, rows[i].shape);
        assert_text(words.message, rows[i].message);
        assert_text(words.head, rows[i].head);
    }
    words_deinit(&words);
}

static void the_first_detail_is_kept(void **state)
{
    struct words words;
    (void)state;
    words_init(&words);
    words_read(&words,
               TEXT("{\"error\":\"partial\",\"data\":[{\"error_message\":\"a\"}"
                    ",{\"error_message\":\"b\"}]}"),
               true);
    assert_text(words.detail, "a");
    assert_true(words.is_cut);
    words_read(&words, TEXT("{\"error\":\"partial\"}"), false);
    assert_int_equal(words.detail.len, 0);
    words_deinit(&words);
}

static void phrases_are_found_in_either_case(void **state)
{
    struct words words;
    (void)state;
    words_init(&words);
    words_read(&words, TEXT("Max Request size 'gzip'"), false);
    assert_true(words_head_has(&words, "max request SIZE"));
    assert_true(words_head_has(&words, ""));
    assert_false(words_head_has(&words, "gzip"));
    assert_false(words_head_has(&words, "max request size and more of it"));
    words_read(&words, TEXT(""), false);
    assert_false(words_head_has(&words, "x"));
    words_deinit(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape_is_known),
        cmocka_unit_test(the_first_detail_is_kept),
        cmocka_unit_test(phrases_are_found_in_either_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
