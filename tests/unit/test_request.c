/* What came over the wire, decoded. */
#include "unit.h"

#include <stdlib.h>

#include "error.h"
#include "gzip.h"
#include "request.h"
#include "route.h"

static struct request request;
static struct route route;
static struct route_match match;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    request_init(&request);
    route = (struct route){.limits = LIMITS_DEFAULT};
    match = (struct route_match){.route = &route};
    err = (struct error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    request_deinit(&request);
    return 0;
}

static void header(const char *name, const char *value)
{
    assert_true(pairs_add(&request.headers, &request.arena, text_of(name),
                          text_of(value)));
}

/* Starts over with a body of that type (NULL: none said). */
static bool decode(const char *type, struct text body)
{
    request_reset(&request);
    if (type)
        header("Content-Type", type);
    request.raw_body = body;
    return request_decode(&request, &match, &err);
}

static bool decode_encoded(const char *encoding, struct text body)
{
    request_reset(&request);
    header("Content-encoding", encoding);
    request.raw_body = body;
    return request_decode(&request, &match, &err);
}

static void content_types_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *in, *type, *charset;
    } rows[] = {
        {"application/json", "application/json", ""},
        {"Application/JSON; Charset=UTF-8", "application/json", "utf-8"},
        {"text/plain;charset=\"ISO-8859-1\"", "text/plain", "iso-8859-1"},
        {"text/plain ; format=flowed ; charset=utf8", "text/plain", "utf-8"},
        {"text/plain; charset", "text/plain", ""},
        {"text/plain; charset=", "text/plain", ""},
        {"", "", ""},
        {";", "", ""},
        {NULL, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!decode(rows[i].in, TEXT("x")))
            fail_msg("%s: %s", rows[i].in, err.text);
        assert_text(request.media_type, rows[i].type);
        assert_text(request.charset, rows[i].charset);
    }
}

static void the_route_overrules_the_content_type(void **state)
{
    (void)state;
    static char type[] = "application/x-www-form-urlencoded";
    route.content_type = type;
    assert_true(decode("application/json", TEXT("a=1")));
    assert_text(request.media_type, type);
    assert_text(pairs_get(&request.form, TEXT("a")), "1");
}

static void a_plain_body_is_not_copied(void **state)
{
    (void)state;
    struct text body = TEXT("{\"a\":1}");
    assert_true(decode("application/json", body));
    assert_ptr_equal(request.body.at, body.at);
    assert_ptr_equal(request.text.at, body.at);
    assert_int_equal(request.form.count, 0);
}

static void a_byte_order_mark_goes(void **state)
{
    (void)state;
    assert_true(decode("application/json", TEXT("\xef\xbb\xbf{}")));
    assert_text(request.text, "{}");
    assert_int_equal(request.body.len, 5);
    assert_true(decode(NULL, (struct text){"\xff\xfe{\0}\0", 6}));
    assert_text(request.text, "{}");
    assert_true(decode(NULL, TEXT("\xef\xbb\xbf"
                                  "a=1")));
    assert_text(pairs_get(&request.form, TEXT("a")), "1");
}

static void a_charset_becomes_utf8(void **state)
{
    (void)state;
    assert_true(decode("text/plain; charset=iso-8859-1", TEXT("M\xfcnchen")));
    assert_text(request.text, "M\xc3\xbcnchen");
    assert_text(request.body, "M\xfcnchen");
    assert_false(decode("text/plain; charset=klingon", TEXT("x")));
    assert_int_equal(err.kind, ERR_MEDIA_TYPE);
}

static void forms_are_read_by_type_or_by_looks(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
        size_t count;
    } rows[] = {
        {"application/x-www-form-urlencoded", "a=1&b=2", 2},
        {"application/x-www-form-urlencoded; charset=utf-8", "a b c", 1},
        {"application/x-www-form-urlencoded", "{\"a\":1}", 0},
        {"application/x-www-form-urlencoded", " [1]", 0},
        {"application/x-www-form-urlencoded", "json={power:1}", 1},
        {"application/x-www-form-urlencoded", "", 0},
        {NULL, "a=1&b=2", 2},
        {"text/plain", "a=1", 1},
        {"application/json", "a=1", 1},
        {"multipart/form-data; boundary=x", "--x\r\n\r\na=1\r\n--x--", 0},
        {NULL, "weather temp=1", 0},
        {NULL, "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!decode(rows[i].type, text_of(rows[i].body)))
            fail_msg("%s", err.text);
        if (request.form.count != rows[i].count)
            fail_msg("%s: %s", rows[i].type, rows[i].body);
    }
}

static void a_multipart_body_is_parts_and_form(void **state)
{
    (void)state;
    static const char body[] =
        "--aB\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n21.5\r\n"
        "--aB\r\nContent-Disposition: form-data; name=\"f\";"
        " filename=\"x.csv\"\r\n\r\na,b\r\n--aB\r\n\r\nno name\r\n--aB--\r\n";
    assert_true(decode("Multipart/Form-Data; boundary=\"aB\"", text_of(body)));
    assert_int_equal(request.parts.count, 3);
    assert_text(request.parts.items[1].filename, "x.csv");
    assert_int_equal(request.form.count, 1);
    assert_text(pairs_get(&request.form, TEXT("t")), "21.5");
    assert_text(request.body, body);
    /* the next request has none of it */
    assert_true(decode("multipart/form-data", TEXT("")));
    assert_int_equal(request.parts.count, 0);
    assert_int_equal(request.form.count, 0);
}

static void a_multipart_body_that_is_none_is_refused(void **state)
{
    (void)state;
    assert_false(decode("multipart/form-data", TEXT("--x\r\n\r\n--x--")));
    assert_int_equal(err.kind, ERR_BAD_REQUEST);
    assert_string_equal(err.text, "Content-Type: multipart without a boundary");
    assert_false(decode("multipart/form-data; boundary=x", TEXT("a=1")));
    assert_int_equal(err.kind, ERR_BAD_REQUEST);
    assert_string_equal(err.text,
                        "offset 0: the body has no line with its boundary");
}

static void a_latin1_form_is_read_with_its_charset(void **state)
{
    (void)state;
    assert_true(decode("application/x-www-form-urlencoded; charset=ISO-8859-1",
                       TEXT("ort=M%FCnchen&roh=M\xfc")));
    assert_text(pairs_get(&request.form, TEXT("ort")), "M\xc3\xbcnchen");
    assert_text(pairs_get(&request.form, TEXT("roh")), "M\xc3\xbc");
}

static void a_form_of_binary_is_refused_with_the_place(void **state)
{
    (void)state;
    assert_false(decode("application/x-www-form-urlencoded",
                        (struct text){"ab\0\1", 4}));
    assert_int_equal(err.kind, ERR_BAD_REQUEST);
    assert_non_null(strstr(err.text, "offset 2"));
}

static void a_native_route_reads_no_form(void **state)
{
    (void)state;
    route.line_protocol = true;
    assert_true(decode("application/x-www-form-urlencoded", TEXT("m a=1\nx")));
    assert_int_equal(request.form.count, 0);
}

static void the_query_and_the_params_are_decoded(void **state)
{
    (void)state;
    request.query_string = TEXT("a=1&b=x%20y&a=2&c");
    match.param_count = 2;
    match.params[0] = (struct route_param){TEXT("station"), TEXT("g%C3%A4r")};
    match.params[1] = (struct route_param){TEXT("n"), TEXT("a+b")};
    assert_true(request_decode(&request, &match, &err));
    assert_int_equal(request.query.count, 4);
    assert_text(pairs_get(&request.query, TEXT("a")), "2");
    assert_text(pairs_get(&request.query, TEXT("b")), "x y");
    assert_text(pairs_get(&request.params, TEXT("station")), "g\xc3\xa4r");
    assert_text(pairs_get(&request.params, TEXT("n")), "a+b");
}

static void compressed_bodies_come_out_whole(void **state)
{
    (void)state;
    struct buf packed;
    buf_init(&packed, 1 << 20);
    assert_true(gzip_deflate(TEXT("{\"a\":1}"), 6, &packed, &err));
    static const char *const names[] = {"gzip", "GZIP", "x-gzip", " gzip "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(decode_encoded(names[i], buf_text(&packed)));
        assert_text(request.text, "{\"a\":1}");
    }
    assert_true(decode_encoded("identity", TEXT("x")));
    assert_text(request.body, "x");
    assert_true(decode_encoded("gzip", TEXT("")));
    assert_int_equal(request.body.len, 0);
    static const unsigned char raw[] = {0x4b, 0x4c, 0x02, 0x00};
    assert_true(decode_encoded("deflate", (struct text){(const char *)raw, 4}));
    assert_text(request.body, "ab");
    for (size_t cut = 1; cut < packed.len; cut++) {
        assert_false(decode_encoded("gzip", (struct text){packed.data, cut}));
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
    }
    buf_deinit(&packed);
}

static void what_comes_out_has_a_ceiling(void **state)
{
    (void)state;
    struct buf packed;
    char *zeros = calloc(1, 100001);
    buf_init(&packed, 1 << 20);
    assert_true(gzip_deflate((struct text){zeros, 100001}, 6, &packed, &err));
    route.limits.body_bytes = 100000;
    assert_false(decode_encoded("gzip", buf_text(&packed)));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    route.limits.body_bytes = 100001;
    assert_true(decode_encoded("gzip", buf_text(&packed)));
    assert_int_equal(request.body.len, 100001);
    route.limits.body_bytes = 3;
    assert_false(decode(NULL, TEXT("abcd")));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    free(zeros);
    buf_deinit(&packed);
}

static void encodings_that_nobody_reads_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"br", "gzip, gzip", "zstd", "gzip;q=1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(decode_encoded(names[i], TEXT("x")));
        assert_int_equal(err.kind, ERR_MEDIA_TYPE);
        assert_false(request_knows_encoding(text_of(names[i])));
    }
    assert_true(request_knows_encoding(TEXT("")));
}

static void steady_work_keeps_its_memory(void **state)
{
    (void)state;
    assert_true(decode("text/plain; charset=latin1", TEXT("M\xfc")));
    const struct arena_block *block = request.arena.blocks;
    char *converted = request.converted.data;
    for (int i = 0; i < 10; i++) {
        assert_true(decode("text/plain; charset=latin1", TEXT("M\xfc")));
        assert_ptr_equal(request.arena.blocks, block);
        assert_ptr_equal(request.converted.data, converted);
    }
}

static void a_large_body_does_not_stay_in_memory(void **state)
{
    (void)state;
    struct buf packed;
    char *zeros = calloc(1, 1000000);
    buf_init(&packed, 1 << 20);
    assert_true(gzip_deflate((struct text){zeros, 1000000}, 1, &packed, &err));
    assert_true(decode_encoded("gzip", buf_text(&packed)));
    assert_true(request.inflated.capacity >= 1000000);
    request_reset(&request);
    assert_int_equal(request.inflated.capacity, 0);
    free(zeros);
    buf_deinit(&packed);
}

static void ids_and_times_differ(void **state)
{
    (void)state;
    char last_id[REQUEST_ID_BYTES] = "";
    int64_t last_ns = 0;
    for (int i = 0; i < 1000; i++) {
        request_stamp(&request);
        assert_int_equal(strspn(request.id, "0123456789abcdef"), 16);
        assert_string_not_equal(request.id, last_id);
        assert_true(request.time_ns > last_ns);
        memcpy(last_id, request.id, sizeof last_id);
        last_ns = request.time_ns;
    }
}

static void a_full_arena_is_an_answer(void **state)
{
    (void)state;
    for (size_t room = 0; room < 4000; room += 16) {
        request_deinit(&request);
        request_init(&request);
        request.arena.max_bytes = room;
        request.query_string = TEXT("a=%20");
        match.param_count = 1;
        match.params[0] = (struct route_param){TEXT("p"), TEXT("%20")};
        bool done = request_decode(&request, &match, &err);
        assert_true(done || err.kind == ERR_TOO_LARGE);
        assert_true(done || room < 3000);
    }
}

#define REQUEST_TEST(name)                                                     \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REQUEST_TEST(content_types_are_taken_apart),
        REQUEST_TEST(a_multipart_body_is_parts_and_form),
        REQUEST_TEST(a_multipart_body_that_is_none_is_refused),
        REQUEST_TEST(the_route_overrules_the_content_type),
        REQUEST_TEST(a_plain_body_is_not_copied),
        REQUEST_TEST(a_byte_order_mark_goes),
        REQUEST_TEST(a_charset_becomes_utf8),
        REQUEST_TEST(forms_are_read_by_type_or_by_looks),
        REQUEST_TEST(a_latin1_form_is_read_with_its_charset),
        REQUEST_TEST(a_form_of_binary_is_refused_with_the_place),
        REQUEST_TEST(a_native_route_reads_no_form),
        REQUEST_TEST(the_query_and_the_params_are_decoded),
        REQUEST_TEST(compressed_bodies_come_out_whole),
        REQUEST_TEST(what_comes_out_has_a_ceiling),
        REQUEST_TEST(encodings_that_nobody_reads_are_refused),
        REQUEST_TEST(steady_work_keeps_its_memory),
        REQUEST_TEST(a_large_body_does_not_stay_in_memory),
        REQUEST_TEST(ids_and_times_differ),
        REQUEST_TEST(a_full_arena_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
