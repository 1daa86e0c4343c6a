/* What each server's answers mean, and the line that says so. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "verdict.h"

struct row {
    int status;
    const char *reply;
    enum verdict verdict;
    const char *reason; /* the end of it */
};

static const struct row rows[] = {
    {204, "", VERDICT_ACCEPTED, NULL},
    {200, "", VERDICT_ACCEPTED, NULL},
    {200, "<html>welcome</html>", VERDICT_HOLD,
     "200 from X: <html>welcome</html> (no InfluxDB, maybe a proxy: correct"
     " the url)"},
    {201, "", VERDICT_HOLD,
     "201 from X (no InfluxDB, maybe a proxy: correct the url)"},
    {202, "{}", VERDICT_HOLD,
     "202 from X: {} (no InfluxDB, maybe a proxy: correct the url)"},
    {301, "", VERDICT_HOLD,
     "301 from X (redirects are not followed: correct the url)"},
    {308, "", VERDICT_HOLD,
     "308 from X (redirects are not followed: correct the url)"},
    /* v1 */
    {400, "{\"error\":\"unable to parse 'bad': missing fields\"}\n",
     VERDICT_HOLD, "400 from X: unable to parse 'bad': missing fields"},
    {400,
     "{\"error\":\"partial write: field type conflict: input field \\\"v\\\""
     " on measurement \\\"m9\\\" is type string dropped=2\"}\n",
     VERDICT_HOLD,
     "400 from X: partial write: field type conflict: input field \"v\" on"
     " measurement \"m9\" is type string dropped=2"},
    {401, "{\"error\":\"authorization failed\"}\n", VERDICT_HOLD,
     "401 from X: authorization failed (check the token, or user and"
     " password)"},
    {404, "{\"error\":\"database not found: \\\"nope\\\"\"}\n", VERDICT_HOLD,
     "404 from X: database not found: \"nope\" (create it, or correct its name"
     " or the url)"},
    {404, "404 page not found\n", VERDICT_HOLD,
     "404 from X: 404 page not found (this server has no such API, InfluxDB"
     " before 1.8 only v1: `database`; or correct the url)"},
    {405, "Method Not Allowed\n", VERDICT_HOLD,
     "405 from X: Method Not Allowed (correct the url)"},
    {413, "{\"error\":\"Request Entity Too Large\"}\n", VERDICT_HOLD,
     "413 from X: Request Entity Too Large (make batch_bytes smaller)"},
    {500, "{\"error\":\"timeout\"}\n", VERDICT_RETRY, "500 from X: timeout"},
    {503, "request throttled, queue full\n", VERDICT_RETRY,
     "503 from X: request throttled, queue full"},
    /* v2 */
    {400, "{\"code\":\"invalid\",\"message\":\"line 1\\nline 2\\n\"}",
     VERDICT_HOLD, "400 from X: line 1 line 2"},
    {401, "{\"code\":\"unauthorized\",\"message\":\"unauthorized access\"}",
     VERDICT_HOLD,
     "401 from X: unauthorized access (check the token, or user and"
     " password)"},
    {403, "{\"code\":\"forbidden\",\"message\":\"insufficient permissions\"}",
     VERDICT_HOLD,
     "403 from X: insufficient permissions (the token may not write there)"},
    {422, "{\"message\":\"failure writing points\"}", VERDICT_HOLD,
     "422 from X: failure writing points"},
    {429, "", VERDICT_RETRY, "429 from X"},
    /* v3 */
    {400, "{\"error\":\"partial write\",\"data\":[{\"line_number\":2}]}",
     VERDICT_HOLD,
     "400 from X: {\"error\":\"partial "
     "write\",\"data\":[{\"line_number\":2}]}"},
    {400, "{\"message\":\"write buffer error: error from wal: disk\"}",
     VERDICT_RETRY, "400 from X: write buffer error: error from wal: disk"},
    /* in between */
    {408, "", VERDICT_RETRY, "408 from X"},
    {425, "", VERDICT_RETRY, "425 from X"},
    {418, "", VERDICT_HOLD, "418 from X"},
    {501, "", VERDICT_RETRY, "501 from X"},
    {502, "<h1>Bad  Gateway</h1>\r\n\t\x1b[2J", VERDICT_RETRY,
     "502 from X: <h1>Bad Gateway</h1> [2J"},
    {504, "caf\xc3\xa9", VERDICT_RETRY, "504 from X: caf??"},
    {599, "", VERDICT_RETRY, "599 from X"},
    {0, "Connection refused", VERDICT_RETRY,
     "no answer from X: Connection refused"},
    {999, "", VERDICT_RETRY, "999 from X"},
    /* JSON that is none */
    {400, "{\"error\":\"cut", VERDICT_HOLD, "400 from X: cut"},
    {400, "{\"error\":\"cut\\", VERDICT_HOLD, "400 from X: cut\\"},
    {400, "{\"error\": 17}", VERDICT_HOLD, "400 from X: {\"error\": 17}"},
};

static void each_answer_means_one_thing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        char reason[512];
        struct text reply = text_of(row->reply);
        print_message("%d %s\n", row->status, row->reply);
        assert_int_equal(verdict_of(row->status, reply, NULL), row->verdict);
        verdict_reason(row->status, TEXT("X"), reply, reason, sizeof reason);
        if (row->reason)
            assert_string_equal(reason, row->reason);
    }
}

static void a_reason_is_cut_and_keeps_its_advice(void **state)
{
    (void)state;
    char reply[3000], reason[512];
    memset(reply, 'x', sizeof reply);
    struct text where = {reply, sizeof reply};
    verdict_reason(401, where, where, reason, sizeof reason);
    assert_in_range(strlen(reason), 400, sizeof reason - 1);
    assert_non_null(strstr(reason, "xx (check the token"));
    verdict_reason(401, where, where, reason, 20);
    assert_int_equal(strlen(reason), 19);
}

static void an_answer_may_hold_any_byte(void **state)
{
    (void)state;
    char reply[256], reason[512];
    for (int i = 0; i < 256; i++)
        reply[i] = (char)i;
    verdict_reason(400, TEXT("X"), (struct text){reply, 256}, reason,
                   sizeof reason);
    for (const char *c = reason; *c; c++)
        assert_in_range(*c, ' ', '~');
}

static void secrets_become_stars(void **state)
{
    (void)state;
    char reply[] = "bad token tok123! tok123!tok123! (tok123)";
    verdict_blank(reply, strlen(reply), "tok123!");
    assert_string_equal(reply, "bad token ******* ************** (tok123)");
    verdict_blank(reply, strlen(reply), NULL);
    verdict_blank(reply, strlen(reply), "bad"); /* too short for a secret */
    assert_memory_equal(reply, "bad", 3);
    verdict_blank(NULL, 0, "tok123!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_means_one_thing),
        cmocka_unit_test(a_reason_is_cut_and_keeps_its_advice),
        cmocka_unit_test(an_answer_may_hold_any_byte),
        cmocka_unit_test(secrets_become_stars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
