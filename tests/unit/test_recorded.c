/* A request written as a recorded test is the same request when it is read. */
#include "unit.h"

#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "gzip.h"
#include "recorded.h"
#include "request.h"
#include "route.h"
#include "trial_file.h"
#include "verify.h"

static struct request request;
static struct route route;
static struct route_match match;
static struct error err;
static struct buf out;
static struct trial_file file;
static char pattern[] = "/met/:station";

static int set_up(void **state)
{
    (void)state;
    request_init(&request);
    route = (struct route){.pattern = pattern, .limits = LIMITS_DEFAULT};
    match = (struct route_match){.route = &route};
    err = (struct error){0};
    buf_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    request_deinit(&request);
    buf_deinit(&out);
    trial_file_deinit(&file);
    return 0;
}

static void begin(const char *method, const char *path, const char *query)
{
    request_reset(&request);
    buf_clear(&out);
    request.method = text_of(method);
    request.path = text_of(path);
    request.query_string = text_of(query);
    request.remote = TEXT("192.0.2.7");
    request.time_ns = INT64_C(1767323045123456789);
    memcpy(request.id, "0123456789abcdef", REQUEST_ID_BYTES);
}

static void header(const char *name, const char *value)
{
    assert_true(pairs_add(&request.headers, &request.arena, text_of(name),
                          text_of(value)));
}

static void write_body(struct text body)
{
    request.raw_body = body;
    request_decode(&request, &match, NULL);
    if (!recorded_write(&out, &request, &route, NULL, &err))
        fail_msg("%s", err.text);
}

/* What was written, read; the one request in it. */
static const struct attempt_request *read_back(void)
{
    trial_file_deinit(&file);
    if (!trial_file_parse("x.http", buf_text(&out), &file, &err))
        fail_msg("%s in\n%.*s", err.text, TEXT_ARG(buf_text(&out)));
    assert_int_equal(file.count, 1);
    return &file.cases[0].request;
}

static void assert_body(struct text body)
{
    struct text got = buf_text(&read_back()->body);
    if (!text_equal(got, body))
        fail_msg("got %zu bytes, wrote %zu:\n%.*s", got.len, body.len,
                 TEXT_ARG(buf_text(&out)));
}

static void assert_has(const char *what)
{
    if (!memmem(out.data, out.len, what, strlen(what)))
        fail_msg("no \"%s\" in\n%.*s", what, TEXT_ARG(buf_text(&out)));
}

static void assert_has_not(const char *what)
{
    if (memmem(out.data, out.len, what, strlen(what)))
        fail_msg("\"%s\" in\n%.*s", what, TEXT_ARG(buf_text(&out)));
}

static void a_form_is_written_as_a_person_would(void **state)
{
    (void)state;
    begin("POST", "/met/ridge", "a=1&b=x+y");
    header("Host", "127.0.0.1:8580");
    header("Content-Type", "application/x-www-form-urlencoded");
    header("Content-Length", "23");
    header("Connection", "close");
    header("Expect", "100-continue");
    write_body(TEXT("tempf=68.5&humidity=41"));
    assert_text(buf_text(&out),
                "### POST /met/:station\n"
                "# @time 2026-01-02T03:04:05.123456789Z\n"
                "# @remote 192.0.2.7\n"
                "# @id 0123456789abcdef\n"
                "# @route /met/:station\n"
                "POST /met/ridge?a=1&b=x+y HTTP/1.1\n"
                "Host: 127.0.0.1:8580\n"
                "Content-Type: application/x-www-form-urlencoded\n"
                "\n"
                "tempf=68.5&humidity=41\n");
    const struct attempt_request *made = read_back();
    assert_int_equal(made->time_ns, request.time_ns);
    assert_string_equal(made->id, "0123456789abcdef");
    assert_string_equal(made->remote, "192.0.2.7");
    assert_string_equal(made->route, "/met/:station");
}

static void notes_are_comments_whatever_is_in_them(void **state)
{
    (void)state;
    const struct recorded_note notes[] = {
        {"reason", TEXT("met.lua:12: a\rnil value")},
        {"traceback", TEXT("met.lua:12\n### expect 204\nmet.lua:3")}};
    const struct recorded_options options = {
        .title = "expect no\ngood", .notes = notes, .note_count = 2};
    begin("PUT", "/met/x", "");
    request.remote = TEXT("::1");
    assert_true(recorded_write(&out, &request, NULL, &options, &err));
    assert_text(buf_text(&out), "### it expect no good\n"
                                "# @time 2026-01-02T03:04:05.123456789Z\n"
                                "# @remote ::1\n"
                                "# @id 0123456789abcdef\n"
                                "# @reason met.lua:12: a nil value\n"
                                "# @traceback met.lua:12\n"
                                "#   ### expect 204\n"
                                "#   met.lua:3\n"
                                "PUT /met/x HTTP/1.1\n"
                                "\n"
                                "\n");
    assert_int_equal(read_back()->body.len, 0);
    assert_false(file.cases[0].has_expect);
}

static void what_came_of_it_is_the_expectation(void **state)
{
    (void)state;
    begin("POST", "/met/x", "");
    write_body(TEXT("a=1\n"));
    assert_true(recorded_write_expect(&out, 200, TEXT("{\"ok\":1}\nmore"),
                                      TEXT("met a=1 1\nmet a=2 2\n"), &err));
    assert_has("a=1\n\n\n### expect 200 {\"ok\":1}\nmet a=1 1\nmet a=2 2\n");
    assert_body(TEXT("a=1\n"));
    const struct trial_case *c = &file.cases[0];
    assert_int_equal(c->status, 200);
    assert_string_equal(c->message, "{\"ok\":1}");
    assert_text(buf_text(&c->lines), "met a=1 1\nmet a=2 2\n");
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char message[700];
    memset(message, 'x', sizeof message);
    memcpy(message + 499, "\xc3\xa9", 2);
    begin("POST", "/met/x", "");
    write_body(TEXT(""));
    assert_true(recorded_write_expect(
        &out, 422, (struct text){message, sizeof message}, TEXT(""), &err));
    read_back();
    assert_int_equal(strlen(file.cases[0].message), 499);
}

static void any_bytes_survive(void **state)
{
    (void)state;
    const struct {
        struct text body;
        bool is_counted;
    } rows[] = {
        {TEXT(""), false},
        {TEXT("a"), false},
        {TEXT("\n"), false},
        {TEXT("\n\n\n"), false},
        {TEXT("{\"a\":1}\n"), false},
        {TEXT("a\n\n"), false},
        {TEXT("# a comment\n// another\nGET /x"), false},
        {TEXT("Name: value\n\nbody"), false},
        {TEXT("### expect 204"), true},
        {TEXT("a\n### expect 204\nmet a=1"), true},
        {TEXT("< /etc/hostname"), true},
        {TEXT("a\r\nb\r\n"), true},
        {TEXT("\r"), true},
        {TEXT("\0"), true},
        {TEXT("a\0b\n###\n\n"), true},
        {TEXT("\xff\xfe"), true},
        {TEXT("\n\n\x1f\x8b\n###"), true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin("POST", "/met/x", "");
        header("Content-Type", "text/plain");
        write_body(rows[i].body);
        assert_body(rows[i].body);
        if (rows[i].is_counted)
            assert_has("\n# @bytes ");
        else
            assert_has_not("@bytes");
        assert_true(recorded_write_expect(&out, 204, TEXT(""), TEXT(""), &err));
        assert_body(rows[i].body);
        assert_true(file.cases[0].has_expect);
    }
}

static void a_compressed_body_is_written_unpacked(void **state)
{
    (void)state;
    struct buf packed;
    buf_init(&packed, 1000);
    assert_true(gzip_deflate(TEXT("{\"a\":1}"), 1, &packed, &err));
    begin("POST", "/met/x", "");
    header("Content-Encoding", "gzip");
    write_body(buf_text(&packed));
    assert_has("\n\n{\"a\":1}\n");
    assert_has_not("Content-Encoding");
    buf_deinit(&packed);
}

static void one_that_does_not_unpack_stays_as_it_came(void **state)
{
    (void)state;
    begin("POST", "/met/x", "");
    header("Content-Encoding", "gzip");
    write_body(TEXT("\x1f\x8b\n###\x00"));
    assert_has("Content-Encoding: gzip\n");
    assert_body(TEXT("\x1f\x8b\n###\x00"));
}

/* ------------------------------------------------------------- secrets --- */

static void headers_with_secrets_are_blanked(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "Authorization",    "proxy-authorization",
        "Cookie",           "Set-Cookie",
        "X-Api-Key",        "X-Gitlab-Token",
        "X-Auth-Token",     "X-Hub-Signature-256",
        "Stripe-Signature", "X-My-Secret",
        "apikey",           NULL};
    static const char *const plain[] = {"Idempotency-Key", "X-Tokens",
                                        "X-Key-Count", "Content-Type", NULL};
    begin("POST", "/met/x", "");
    for (size_t i = 0; secret[i]; i++)
        header(secret[i], "hush");
    for (size_t i = 0; plain[i]; i++)
        header(plain[i], "told");
    write_body(TEXT(""));
    assert_has_not("hush");
    const struct attempt_request *made = read_back();
    for (size_t i = 0; secret[i]; i++)
        assert_text(pairs_get(&made->headers, text_of(secret[i])), "***");
    for (size_t i = 0; plain[i]; i++)
        assert_text(pairs_get(&made->headers, text_of(plain[i])), "told");
}

static void names_of_the_route_are_blanked_everywhere(void **state)
{
    (void)state;
    char *names[] = {(char[]){"PASSKEY"}, (char[]){"station"}, NULL};
    route.secrets = names;
    begin("POST", "/met/hush/", "PASSKEY=hush&a=1&&pass%6Bey=hush&PASSKEY");
    header("passkey", "hush");
    header("Content-Type", "application/x-www-form-urlencoded");
    write_body(TEXT("x=1&PASSKEY=hush%20hush&y=2&%50ASSKEY=hush\n"));
    assert_has_not("hush");
    assert_has("POST /met/***/?PASSKEY=***&a=1&&pass%6Bey=***&PASSKEY HTTP");
    assert_has("\npasskey: ***\n");
    assert_body(TEXT("x=1&PASSKEY=***&y=2&%50ASSKEY=***\n"));
}

static void the_rest_of_a_path_may_be_secret(void **state)
{
    (void)state;
    char *names[] = {(char[]){"key"}, NULL};
    char rest[] = "/hooks/*key";
    route.secrets = names;
    route.pattern = rest;
    begin("POST", "/hooks/T0/hush/hush", "");
    write_body(TEXT(""));
    assert_has("POST /hooks/*** HTTP/1.1\n");
}

static void what_verify_looks_at_is_blanked(void **state)
{
    (void)state;
    const char *const secrets[] = {"hush", NULL};
    struct verify_options options = {
        .scheme = VERIFY_HEADER, .name = "X-Station", .secrets = secrets};
    route.verify = verify_new(&options, &err);
    begin("POST", "/met/x", "X-Station=told");
    header("x-station", "hush");
    write_body(TEXT(""));
    assert_has("x-station: ***\n");
    assert_has("X-Station=told");
    verify_free(route.verify);
    options.scheme = VERIFY_QUERY;
    options.name = "k";
    route.verify = verify_new(&options, &err);
    begin("POST", "/met/x", "kk=told&k=hush");
    header("k", "told");
    write_body(TEXT(""));
    assert_has("?kk=told&k=*** ");
    assert_has("k: told\n");
    verify_free(route.verify);
}

static void well_known_names_of_fields_are_blanked(void **state)
{
    (void)state;
    begin("GET", "/met/x", "ID=ridge&PASSWORD=hush&token=hush&tokens=15");
    write_body(TEXT(""));
    assert_has("?ID=ridge&PASSWORD=***&token=***&tokens=15 ");
    route.line_protocol = true;
    begin("POST", "/write", "db=a&u=admin&p=hush");
    write_body(TEXT("met,p=1 password=3\n"));
    assert_has("?db=a&u=admin&p=*** ");
    assert_body(TEXT("met,p=1 password=3\n"));
}

static void a_user_before_a_host_is_blanked(void **state)
{
    (void)state;
    begin("POST", "/met/x", "");
    header("Referer", "see https://ann:hush@example.org/a@b, http://x/y@z");
    header("Origin", "http://ann@:hush@example.org");
    write_body(TEXT(""));
    assert_has("Referer: see https://***@example.org/a@b, http://x/y@z\n");
    assert_has("Origin: http://***@example.org\n");
}

static void parts_are_blanked_by_their_names(void **state)
{
    (void)state;
    begin("POST", "/met/x", "");
    header("Content-Type", "multipart/form-data; boundary=token");
    write_body(TEXT("--token\r\n"
                    "Content-Disposition: form-data; name=\"a\"\r\n\r\n"
                    "told\r\n--token\r\n"
                    "Content-Disposition: form-data; name=\"token\"\r\n\r\n"
                    "hush\r\n--token--\r\n"));
    assert_body(TEXT("--token\r\n"
                     "Content-Disposition: form-data; name=\"a\"\r\n\r\n"
                     "told\r\n--token\r\n"
                     "Content-Disposition: form-data; name=\"token\"\r\n\r\n"
                     "***\r\n--token--\r\n"));
}

static void what_could_not_be_read_of_parts_is_cut_at_a_secret(void **state)
{
    (void)state;
    begin("POST", "/met/x", "");
    header("Content-Type", "multipart/form-data; boundary=x");
    write_body(TEXT("--x\nContent-Disposition: form-data; name=a\n\ntold\n"
                    "--x\nContent-Disposition: form-data; name=PassWord\n\n"
                    "hush\n"));
    assert_has("told");
    assert_has("name=***");
    assert_has_not("hush");
    assert_int_equal(request.parts.count, 1);
}

static void json_is_left_as_it_is(void **state)
{
    (void)state;
    begin("POST", "/met/x", "");
    header("Content-Type", "application/x-www-form-urlencoded");
    write_body(TEXT("{\"token\":\"a=1&token=2\"}"));
    assert_body(TEXT("{\"token\":\"a=1&token=2\"}"));
}

/* --------------------------------------------------- what a sender tries -- */

static void a_sender_cannot_write_our_marks(void **state)
{
    (void)state;
    begin("POST", "/met/a b\n### expect 204", "x\r\ny HTTP/1.1");
    header("###evil", "1");
    header("bad name", "1");
    header("X-A", "1\n### expect 204\nmet a=1");
    header("#fine", "1");
    write_body(TEXT("a"));
    const struct attempt_request *made = read_back();
    assert_string_equal(made->target,
                        "/met/a%20b%0A###%20expect%20204?x%0D%0Ay%20HTTP/1.1");
    assert_int_equal(made->headers.count, 2);
    assert_text(pairs_get(&made->headers, TEXT("X-A")),
                "1 ### expect 204 met a=1");
    assert_text(pairs_get(&made->headers, TEXT("#fine")), "1");
    assert_text(buf_text(&made->body), "a");
}

static void what_no_route_can_have_is_refused(void **state)
{
    (void)state;
    begin("BREW", "/met/x", "");
    assert_false(recorded_write(&out, &request, &route, NULL, &err));
    assert_int_equal(err.kind, ERR_BAD_REQUEST);
    begin("POST", "met", "");
    assert_false(recorded_write(&out, &request, &route, NULL, &err));
    assert_int_equal(out.len, 0);
}

static void past_the_ceiling_nothing_is_written(void **state)
{
    (void)state;
    for (size_t max_bytes = 1; max_bytes < 190; max_bytes += 7) {
        begin("POST", "/met/a b", "c=d e");
        header("X-A", "b");
        request.raw_body = TEXT("one\r\ntwo\r\nthree\r\nfour\r\nfive");
        buf_deinit(&out);
        buf_init(&out, max_bytes);
        assert_false(recorded_write(&out, &request, &route, NULL, &err));
        assert_int_equal(err.kind, ERR_TOO_LARGE);
        assert_int_equal(out.len, 0);
    }
    buf_deinit(&out);
    buf_init(&out, 1 << 20);
}

/* ------------------------------------------------------------- property --- */

static unsigned seed;

static unsigned below(unsigned limit)
{
    seed = seed * 1103515245 + 12345;
    return seed / 65536 % limit;
}

static struct text draw(const char *const *words, size_t count, char *to,
                        size_t size)
{
    size_t len = 0;
    for (unsigned n = below(8); n > 0; n--) {
        const char *word = words[below((unsigned)count)];
        /* "\\0" stands for a NUL. */
        struct text bytes = strcmp(word, "\\0") ? text_of(word) : TEXT("\0");
        if (len + bytes.len > size)
            break;
        memcpy(to + len, bytes.at, bytes.len);
        len += bytes.len;
    }
    return (struct text){to, len};
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    static const char *const bytes[] = {
        "###",       "\n",   "\r",   "< x", " ",  "\\0",        "\xff",
        "expect",    " 204", "a=1",  "&",   "\t", "# @bytes 3", "\xc3\xa9",
        "POST /x\n", "{\"}", "name", ":",   "//"};
    static const char *const values[] = {"a", "://", "@", " b", "#", ":", "/"};
    static const char *const targets[] = {"/", "a",   "%20",      "&", "=",
                                          ":", "://", "\xc3\xa9", "#"};
    for (seed = 1; seed < 20001; seed++) {
        unsigned start = seed;
        char body[100], value[100], query[100];
        begin(below(2) ? "POST" : "GET", "/met/x", "");
        request.query_string = draw(targets, 9, query, sizeof query);
        struct text text = draw(values, 7, value, sizeof value);
        bool has_user = memmem(text.at, text.len, "://", 3);
        while (text.len > 0 && *text.at == ' ')
            text = text_skip(text, 1);
        pairs_add(&request.headers, &request.arena, TEXT("X-Any"), text);
        header("Content-Type", "text/csv");
        write_body(draw(bytes, 19, body, sizeof body));
        assert_body(request.raw_body);
        const struct attempt_request *made = &file.cases[0].request;
        struct text target = attempt_request_target(made);
        text_cut(&target, '?');
        assert_true(text_equal(target, request.query_string));
        assert_true(
            has_user
            || text_equal(pairs_get(&made->headers, TEXT("X-Any")), text));
        seed = start;
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_form_is_written_as_a_person_would),
        CASE(notes_are_comments_whatever_is_in_them),
        CASE(what_came_of_it_is_the_expectation),
        CASE(a_long_message_is_cut_between_characters),
        CASE(any_bytes_survive),
        CASE(a_compressed_body_is_written_unpacked),
        CASE(one_that_does_not_unpack_stays_as_it_came),
        CASE(headers_with_secrets_are_blanked),
        CASE(names_of_the_route_are_blanked_everywhere),
        CASE(the_rest_of_a_path_may_be_secret),
        CASE(what_verify_looks_at_is_blanked),
        CASE(well_known_names_of_fields_are_blanked),
        CASE(a_user_before_a_host_is_blanked),
        CASE(parts_are_blanked_by_their_names),
        CASE(what_could_not_be_read_of_parts_is_cut_at_a_secret),
        CASE(json_is_left_as_it_is),
        CASE(a_sender_cannot_write_our_marks),
        CASE(what_no_route_can_have_is_refused),
        CASE(past_the_ceiling_nothing_is_written),
        CASE(what_is_written_reads_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
