/* What a sender is told when it is refused. */
#include "unit.h"

#include <stdio.h>

#include "answer.h"
#include "arena.h"
#include "error.h"

static void each_kind_has_its_status(void **state)
{
    (void)state;
    static const struct {
        enum error_kind kind;
        unsigned status;
    } rows[] = {
        {ERR_BAD_REQUEST, 400}, {ERR_UNAUTHORIZED, 401}, {ERR_FORBIDDEN, 403},
        {ERR_NOT_FOUND, 404},   {ERR_METHOD, 405},       {ERR_TIMEOUT, 408},
        {ERR_TOO_LARGE, 413},   {ERR_MEDIA_TYPE, 415},   {ERR_HEADERS, 431},
        {ERR_REFUSED, 422},     {ERR_SCRIPT, 500},       {ERR_FULL, 503},
        {ERR_IO, 503},          {ERR_CONFIG, 500},       {ERR_USAGE, 500},
        {ERR_NONE, 500}};
    assert_int_equal(sizeof rows / sizeof *rows, ERR_KINDS);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {.kind = rows[i].kind};
        assert_int_equal(answer_status(&err), rows[i].status);
    }
}

static void a_script_may_choose_a_refusal(void **state)
{
    (void)state;
    static const int rows[][2] = {{409, 409}, {400, 400}, {599, 599},
                                  {200, 422}, {399, 422}, {600, 422},
                                  {-1, 422},  {0, 422}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {.kind = ERR_REFUSED, .status = rows[i][0]};
        assert_int_equal(answer_status(&err), rows[i][1]);
    }
}

static void errors_have_the_shape_of_the_api_spoken(void **state)
{
    (void)state;
    struct arena arena;
    struct error err;
    struct answer answer = {.status = 0};
    arena_init(&arena, 1 << 20);
    fail(&err, ERR_BAD_REQUEST, "line 3: \"x\"\n");
    answer_from_error(&answer, &err, false, &arena);
    assert_int_equal(answer.status, 400);
    assert_text(answer.type, "application/json");
    assert_text(answer.body, "{\"code\":\"invalid\",\"message\":"
                             "\"line 3: \\\"x\\\"\\u000a\"}\n");
    answer_from_error(&answer, &err, true, &arena);
    assert_text(answer.body, "{\"error\":\"line 3: \\\"x\\\"\\u000a\"}\n");
    arena_deinit(&arena);
}

static const char *code_for(enum error_kind kind, int status)
{
    static char code[64];
    struct arena arena;
    struct error err = {.kind = kind, .status = status};
    struct answer answer = {.status = 0};
    arena_init(&arena, 1 << 20);
    answer_from_error(&answer, &err, false, &arena);
    assert_true(answer.body.len < 1000);
    char text[1000];
    memcpy(text, answer.body.at, answer.body.len);
    text[answer.body.len] = '\0';
    assert_int_equal(sscanf(text, "{\"code\":\"%63[^\"]", code), 1);
    arena_deinit(&arena);
    return code;
}

static void codes_are_the_words_that_clients_know(void **state)
{
    (void)state;
    assert_string_equal(code_for(ERR_BAD_REQUEST, 0), "invalid");
    assert_string_equal(code_for(ERR_UNAUTHORIZED, 0), "unauthorized");
    assert_string_equal(code_for(ERR_FORBIDDEN, 0), "forbidden");
    assert_string_equal(code_for(ERR_NOT_FOUND, 0), "not found");
    assert_string_equal(code_for(ERR_METHOD, 0), "method not allowed");
    assert_string_equal(code_for(ERR_TOO_LARGE, 0), "request too large");
    assert_string_equal(code_for(ERR_MEDIA_TYPE, 0), "unsupported media type");
    assert_string_equal(code_for(ERR_REFUSED, 0), "unprocessable entity");
    assert_string_equal(code_for(ERR_REFUSED, 409), "invalid");
    assert_string_equal(code_for(ERR_REFUSED, 429), "too many requests");
    assert_string_equal(code_for(ERR_REFUSED, 502), "internal error");
    assert_string_equal(code_for(ERR_SCRIPT, 0), "internal error");
    assert_string_equal(code_for(ERR_FULL, 0), "unavailable");
    assert_string_equal(code_for(ERR_IO, 0), "unavailable");
}

static void a_full_arena_still_leaves_a_status(void **state)
{
    (void)state;
    struct arena arena;
    struct answer answer = {.status = 0};
    struct error err;
    arena_init(&arena, 0);
    fail(&err, ERR_TOO_LARGE, "too large");
    answer_from_error(&answer, &err, false, &arena);
    assert_int_equal(answer.status, 413);
    assert_int_equal(answer.body.len, 0);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_status),
        cmocka_unit_test(a_script_may_choose_a_refusal),
        cmocka_unit_test(errors_have_the_shape_of_the_api_spoken),
        cmocka_unit_test(codes_are_the_words_that_clients_know),
        cmocka_unit_test(a_full_arena_still_leaves_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
