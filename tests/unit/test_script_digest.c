/* hash, hmac, equal and gunzip as scripts call them. */
#include "script_unit.h"

#include "gzip.h"

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

static void expect_script_error(const char *body, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, FUNCTION("%s"), body);
    expect_failure(text, "", ERR_SCRIPT, message);
}

static void digests_are_raw_bytes(void **state)
{
    (void)state;
    expect_result("#hash('md5', 'abc')", "", "16");
    expect_result("hex.encode(hash('md5', 'abc'))", "",
                  "\"900150983cd24fb0d6963f7d28e17f72\"");
    expect_result("hex.encode(hash('sha1', ''))", "",
                  "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"");
    expect_result("base64.encode(hmac('sha256', 'Jefe',"
                  " 'what do ya want for nothing?'))",
                  "", "\"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=\"");
    expect_result("{ #hash('sha256', req.body), #hash('sha384', req.body),"
                  " #hmac('sha512', 'k', req.body) }",
                  "body", "[32,48,64]");
}

static void an_unknown_algorithm_is_the_scripts_fault(void **state)
{
    (void)state;
    expect_script_error("hash('SHA256', 'x')",
                        "t.lua:2: bad argument #1 to 'hash' (there is none of"
                        " that name, but md5 sha1 sha256 sha384 sha512)");
    expect_script_error("hmac('crc', 'k', 'x')",
                        "t.lua:2: bad argument #1 to 'hmac' (there is none of"
                        " that name, but md5 sha1 sha256 sha384 sha512)");
    expect_script_error("hmac('md5', 'k')",
                        "t.lua:2: bad argument #3 to 'hmac' (string expected,"
                        " got no value)");
    expect_script_error("hash('md5', {})",
                        "t.lua:2: bad argument #2 to 'hash' (string expected,"
                        " got table)");
}

static void equal_compares_texts(void **state)
{
    (void)state;
    expect_result("equal('abc', 'abc')", "", "true");
    expect_result("equal('abc', 'abd')", "", "false");
    expect_result("equal('abc', 'ab')", "", "false");
    expect_result("equal('', '')", "", "true");
    expect_result("equal(nil, 'a')", "", "false");
    expect_result("equal(nil, nil)", "", "false");
    expect_result("equal(req.headers['x-signature'], 'a')", "", "false");
    expect_script_error("equal('a')",
                        "t.lua:2: bad argument #2 to 'equal' (value expected)");
    expect_script_error("equal('a', {})",
                        "t.lua:2: bad argument #2 to 'equal' (string expected,"
                        " got table)");
}

/* The text's gzip as a body; false when the script fails with bench->err. */
static bool run_gzipped(struct bench *bench, const char *script,
                        struct text plain, size_t cut)
{
    struct buf packed;
    struct error err;
    buf_init(&packed, 1 << 20);
    assert_true(gzip_deflate(plain, 6, &packed, &err));
    assert_true(bench_load(bench, script));
    struct text body = buf_text(&packed);
    body.len -= cut;
    bool done = bench_run_text(bench, body);
    buf_deinit(&packed);
    return done;
}

static const char unpack[] = FUNCTION("local text = gunzip(req.body)\n"
                                      "return nil, #text .. text:sub(1, 9)");

static void gunzip_gives_what_was_packed(void **state)
{
    (void)state;
    struct bench bench;
    run_gzipped(&bench, unpack, TEXT("temp=21.5"), 0);
    assert_string_equal(bench.err.text, "9temp=21.5");
    bench_free(&bench);
    run_gzipped(&bench, unpack, TEXT(""), 0);
    assert_string_equal(bench.err.text, "0");
    bench_free(&bench);
}

static void gzip_that_is_none_is_the_senders_fault(void **state)
{
    (void)state;
    struct bench bench;
    for (size_t cut = 1; cut < 29; cut++) {
        assert_false(run_gzipped(&bench, unpack, TEXT("temp=21.5"), cut));
        assert_int_equal(bench.err.kind, ERR_BAD_REQUEST);
        bench_free(&bench);
    }
    expect_failure(unpack, "plain text", ERR_BAD_REQUEST,
                   "compressed body is damaged at byte 2: incorrect"
                   " header check");
    expect_failure(FUNCTION("return nil, pcall(gunzip, 'x') and 'a' or 'b'"),
                   "", ERR_REFUSED, "b");
}

static void a_bomb_ends_at_the_scripts_memory(void **state)
{
    (void)state;
    static char zeros[40 << 20];
    struct bench bench;
    assert_false(
        run_gzipped(&bench, unpack, (struct text){zeros, sizeof zeros}, 0));
    assert_int_equal(bench.err.kind, ERR_TOO_LARGE);
    /* and the state serves the next request */
    assert_false(bench_run(&bench, "x"));
    assert_int_equal(bench.err.kind, ERR_BAD_REQUEST);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_raw_bytes),
        cmocka_unit_test(an_unknown_algorithm_is_the_scripts_fault),
        cmocka_unit_test(equal_compares_texts),
        cmocka_unit_test(gunzip_gives_what_was_packed),
        cmocka_unit_test(gzip_that_is_none_is_the_senders_fault),
        cmocka_unit_test(a_bomb_ends_at_the_scripts_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
