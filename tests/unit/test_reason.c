/* Why a write was not taken, in one line, and without secrets. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "reason.h"
#include "words.h"

static int set_up(void **state)
{
    static struct words words;
    words_init(&words);
    *state = &words;
    return 0;
}

static int tear_down(void **state)
{
    words_deinit(*state);
    return 0;
}

static void a_reason_has_status_place_words_and_advice(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *advice;
        const char *reason;
    } rows[] = {
        {400, "{\"error\":\"line 1\\nline 2\\n\"}", "",
         "400 from X: line 1 line 2"},
        {401, "", "check the token", "401 from X (check the token)"},
        {404, "caf\xc3\xa9\x1b[2J", "create it",
         "404 from X: caf\xc3\xa9 [2J (create it)"},
        {0, "Connection refused", "", "no answer from X: Connection refused"},
        {400,
         "{\"error\":\"partial write\",\"data\":[{\"error_message\":\"bad"
         " \\\"x\\\"\"}]}",
         "", "400 from X: partial write: bad \"x\""},
    };
    struct words *words = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char reason[512];
        words_read(words, text_of(rows[i].body), false);
        reason_write(rows[i].status, TEXT("X"), words, rows[i].advice, reason,
                     sizeof reason);
        assert_string_equal(reason, rows[i].reason);
    }
}

static void a_reason_is_cut_and_keeps_its_advice(void **state)
{
    struct words *words = *state;
    char body[3000], reason[512], advice[110];
    struct text long_one = {body, sizeof body};
    memset(body, 'x', sizeof body);
    memset(advice, 'y', sizeof advice - 1);
    advice[sizeof advice - 1] = '\0';
    words_read(words, long_one, false);
    reason_write(401, long_one, words, advice, reason, sizeof reason);
    assert_in_range(strlen(reason), 400, sizeof reason - 1);
    assert_non_null(strstr(reason, "xx (yyy"));
    assert_int_equal(reason[strlen(reason) - 1], ')');
    reason_write(401, long_one, words, "", reason, 20);
    assert_int_equal(strlen(reason), 19);
}

static void a_long_detail_is_cut(void **state)
{
    struct words *words = *state;
    char body[3000], reason[512];
    int len =
        snprintf(body, sizeof body,
                 "{\"error\":\"e\",\"data\":{\"error_message\":\"%02000d", 1);
    words_read(words, (struct text){body, (size_t)len}, true);
    reason_write(400, TEXT("X"), words, "", reason, sizeof reason);
    assert_in_range(strlen(reason), 250, 400);
}

static void secrets_become_stars(void **state)
{
    char reply[] = "bad token tok123! tok123!tok123! (tok123)";
    (void)state;
    reason_blank(reply, strlen(reply), "tok123!");
    assert_string_equal(reply, "bad token ******* ************** (tok123)");
    reason_blank(reply, strlen(reply), NULL);
    reason_blank(reply, strlen(reply), "bad"); /* too short for a secret */
    assert_memory_equal(reply, "bad", 3);
    reason_blank(NULL, 0, "tok123!");
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_reason_has_status_place_words_and_advice),
        ROW(a_reason_is_cut_and_keeps_its_advice),
        ROW(a_long_detail_is_cut),
        cmocka_unit_test(secrets_become_stars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
