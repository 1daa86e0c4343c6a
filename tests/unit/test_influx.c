/* What goes over the wire for each API, and what comes of each answer. */
#include "unit.h"

#include "clock.h"
#include "error.h"
#include "fake_server.h"
#include "gzip.h"
#include "influx.h"
#include "patient.h"

#define LINES "m,t=a v=1 1700000000123456789\n"

struct fixture {
    struct fake_server *server;
    struct influx *influx;
    struct influx_answer answer;
    struct influx_options options;
    struct error err;
    char url[200];
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->options = (struct influx_options){.url = f->url,
                                         .api = INFLUX_V2,
                                         .org = "acme",
                                         .bucket = "iot",
                                         .token = "s3cret-token"};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    influx_free(f->influx);
    if (f->server)
        fake_stop(f->server);
    free(f);
    return 0;
}

static void serve(struct fixture *f, const char *const *answers, size_t count)
{
    f->server = fake_start(0, answers, count);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%d", f->server->port);
}

static const char *const only_204[] = {FAKE_204};

static void make(struct fixture *f)
{
    f->influx = influx_new(&f->options, &f->err);
    assert_non_null(f->influx);
}

static void post_one(struct fixture *f)
{
    make(f);
    influx_write(f->influx, TEXT(LINES), &f->answer);
}

static void assert_has(const char *head, const char *part)
{
    if (!strstr(head, part))
        fail_msg("\"%s\" has no \"%s\"", head, part);
}

static void assert_starts(const char *head, const char *start)
{
    if (strncmp(head, start, strlen(start)) != 0)
        fail_msg("\"%.200s\" does not start with \"%s\"", head, start);
}

/* ---- what is sent ---- */

static void v2_posts_with_org_bucket_and_token(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
    assert_int_equal(f->answer.status, 204);
    const char *head = fake_head(f->server, 0);
    assert_starts(head, "POST /api/v2/write?org=acme&bucket=iot&precision=ns"
                        " HTTP/1.1\r\n");
    assert_has(head, "\r\nAuthorization: Token s3cret-token\r\n");
    assert_has(head, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    assert_has(head, "\r\nUser-Agent: moonline/");
    assert_null(strstr(head, "Expect"));
    assert_null(strstr(head, "Encoding"));
    assert_text(fake_body(f->server, 0), LINES);
}

static void v1_posts_with_a_password_that_is_not_in_the_url(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    f->options.api = INFLUX_V1;
    f->options.database = "my db";
    f->options.retention_policy = "a&b";
    f->options.user = "me";
    f->options.password = "pa:ss";
    f->options.precision = PRECISION_US;
    post_one(f);
    const char *head = fake_head(f->server, 0);
    assert_starts(head, "POST /write?db=my%20db&rp=a%26b&precision=u ");
    assert_has(head, "\r\nAuthorization: Basic bWU6cGE6c3M=\r\n");
    assert_text(fake_body(f->server, 0), "m,t=a v=1 1700000000123456\n");
}

static void v3_posts_with_a_bearer_token(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    f->options.api = INFLUX_V3;
    f->options.database = "iot";
    post_one(f);
    const char *head = fake_head(f->server, 0);
    assert_starts(head,
                  "POST /api/v3/write_lp?db=iot&precision=nanosecond HTTP");
    assert_has(head, "\r\nAuthorization: Bearer s3cret-token\r\n");
}

static void each_api_spells_its_precision(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum influx_api api;
        enum precision precision;
        const char *spelled;
        const char *line;
    } rows[] = {
        {INFLUX_V2, PRECISION_NS, "precision=ns ", LINES},
        {INFLUX_V2, PRECISION_US, "precision=us ",
         "m,t=a v=1 1700000000123456\n"},
        {INFLUX_V2, PRECISION_MS, "precision=ms ", "m,t=a v=1 1700000000123\n"},
        {INFLUX_V2, PRECISION_S, "precision=s ", "m,t=a v=1 1700000000\n"},
        {INFLUX_V1, PRECISION_NS, "precision=ns ", LINES},
        {INFLUX_V1, PRECISION_MS, "precision=ms ", "m,t=a v=1 1700000000123\n"},
        {INFLUX_V1, PRECISION_S, "precision=s ", "m,t=a v=1 1700000000\n"},
        {INFLUX_V3, PRECISION_US, "precision=microsecond ",
         "m,t=a v=1 1700000000123456\n"},
        {INFLUX_V3, PRECISION_MS, "precision=millisecond ",
         "m,t=a v=1 1700000000123\n"},
        {INFLUX_V3, PRECISION_S, "precision=second ", "m,t=a v=1 1700000000\n"},
    };
    serve(f, only_204, 1);
    f->options.database = "db";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f->options.api = rows[i].api;
        f->options.precision = rows[i].precision;
        post_one(f);
        influx_free(f->influx);
        f->influx = NULL;
        assert_has(fake_head(f->server, i), rows[i].spelled);
        assert_text(fake_body(f->server, i), rows[i].line);
    }
}

static void gzip_is_one_member_that_says_so(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    f->options.gzip = true;
    f->options.precision = PRECISION_S;
    post_one(f);
    influx_write(f->influx, TEXT("b v=2 2000000000\n"), &f->answer);
    assert_has(fake_head(f->server, 0), "\r\nContent-Encoding: gzip\r\n");
    struct buf plain;
    buf_init(&plain, 1000);
    assert_true(gzip_inflate(fake_body(f->server, 0), GZIP_GZIP, &plain, NULL));
    assert_text(buf_text(&plain), "m,t=a v=1 1700000000\n");
    buf_clear(&plain);
    assert_true(gzip_inflate(fake_body(f->server, 1), GZIP_GZIP, &plain, NULL));
    assert_text(buf_text(&plain), "b v=2 2\n");
    buf_deinit(&plain);
}

static void a_path_behind_the_url_stays(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    strncat(f->url, "/influx/", 20);
    f->options.org = NULL;
    f->options.token = NULL;
    post_one(f);
    const char *head = fake_head(f->server, 0);
    assert_starts(head, "POST /influx/api/v2/write?bucket=iot&precision=ns ");
    assert_null(strstr(head, "Authorization"));
}

static void the_connection_is_kept(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    make(f);
    for (int i = 0; i < 5; i++)
        influx_write(f->influx, TEXT(LINES), &f->answer);
    assert_int_equal(fake_count(f->server), 5);
    assert_int_equal(fake_connections(f->server), 1);
}

static void the_proxy_of_the_environment_is_not_asked(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    post_one(f);
    unsetenv("http_proxy");
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
}

/* ---- what comes back ---- */

#define ANSWER(status, headers, body)                                          \
    "HTTP/1.1 " status "\r\n" headers "Connection: close\r\n\r\n" body

struct row {
    const char *answer;
    enum verdict verdict;
    int status;
    int retry_after_s;
    const char *reason; /* a part of it */
};

static const struct row rows[] = {
    {FAKE_204, VERDICT_ACCEPTED, 204, 0, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", VERDICT_ACCEPTED, 200, 0,
     ""},
    {ANSWER("200 OK", "", "hello"), VERDICT_HOLD, 200, 0, "hello"},
    {ANSWER("301 Moved", "Location: http://127.0.0.1:1/\r\n", ""), VERDICT_HOLD,
     301, 0, "redirects are not followed"},
    {ANSWER("400 Bad Request", "", "{\"error\":\"bad parse:\\nno fields\"}"),
     VERDICT_REFUSED, 400, 0, ": bad parse: no fields"},
    {ANSWER("401 Unauthorized", "", "{\"error\":\"bad s3cret-token\"}"),
     VERDICT_HOLD, 401, 0, ": bad ************ (check the token"},
    {ANSWER("404 Not Found", "", ""), VERDICT_HOLD, 404, 0, "404 from http"},
    {ANSWER("429 Slow", "Retry-After: 17\r\n", ""), VERDICT_WAIT, 429, 17, ""},
    {ANSWER("503 Busy", "Retry-After: 1000000000\r\n", ""), VERDICT_WAIT, 503,
     600, ""},
    {ANSWER("503 Busy", "Retry-After: 99999999999999999999\r\n", ""),
     VERDICT_WAIT, 503, 600, ""},
    {ANSWER("503 Busy", "Retry-After: -1\r\n", ""), VERDICT_RETRY, 503, 0, ""},
    {ANSWER("503 Busy", "Retry-After: NaN\r\n", ""), VERDICT_RETRY, 503, 0, ""},
    {ANSWER("503 Busy", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n", ""),
     VERDICT_WAIT, 503, 600, ""},
    {ANSWER("503 Busy", "Retry-After: Thu, 01 Jan 1970 00:00:10 GMT\r\n", ""),
     VERDICT_RETRY, 503, 0, ""},
    {ANSWER("500 Oh", "", "panic"), VERDICT_RETRY_BOUNDED, 500, 0, ": panic"},
    {ANSWER("200 OK", "Content-Length: 9\r\n", ""), VERDICT_RETRY, 0, 0,
     "no answer from http://127.0.0.1:"},
    {"rubbish\r\n\r\n", VERDICT_RETRY, 0, 0, "no answer from"},
    {FAKE_CLOSE, VERDICT_RETRY, 0, 0, "no answer from"},
};

enum { ROWS = sizeof rows / sizeof *rows };

static void each_answer_has_its_verdict(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].answer);
        serve(f, &rows[i].answer, 1);
        post_one(f);
        assert_int_equal(f->answer.verdict, rows[i].verdict);
        assert_int_equal(f->answer.status, rows[i].status);
        assert_int_equal(f->answer.retry_after_ns / NS_PER_S,
                         rows[i].retry_after_s);
        assert_has(f->answer.reason, rows[i].reason);
        assert_null(strstr(f->answer.reason, "s3cret"));
        fake_stop(f->server);
        influx_free(f->influx);
    }
    f->server = NULL;
    f->influx = NULL;
}

/* The redirect's target must not see a thing. */
static void a_redirect_does_not_take_the_token_along(void **state)
{
    struct fixture *f = *state;
    struct fake_server *other = fake_start(0, only_204, 1);
    char moved[200];
    snprintf(moved, sizeof moved,
             "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/\r\n"
             "Content-Length: 0\r\n\r\n",
             other->port);
    const char *const answers[] = {moved};
    serve(f, answers, 1);
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_HOLD);
    assert_int_equal(fake_connections(other), 0);
    fake_stop(other);
}

static void nobody_there_is_no_answer(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    fake_stop(f->server);
    f->server = NULL;
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    assert_int_equal(f->answer.status, 0);
    assert_starts(f->answer.reason, "no answer from http://127.0.0.1:");
    assert_has(f->answer.reason, "/api/v2/write: ");
    assert_false(influx_probe(f->influx));
}

static void a_server_that_hangs_ends_at_the_timeout(void **state)
{
    struct fixture *f = *state;
    const char *const hang[] = {FAKE_HANG};
    serve(f, hang, 1);
    f->options.timeout_ns = 150 * NS_PER_MS;
    int64_t start = clock_mono_ns(), patient_start_ns = patient_ns();
    post_one(f);
    assert_true(clock_mono_ns() - start >= 100 * NS_PER_MS);
    assert_true(patient_ns() - patient_start_ns < 10 * NS_PER_S);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    assert_has(f->answer.reason, "no answer from");
}

static void *stop_soon(void *context)
{
    struct fixture *f = context;
    fake_wait(f->server, 1);
    atomic_store((atomic_bool *)f->options.stopping, true);
    return NULL;
}

static void stopping_ends_a_request_under_way(void **state)
{
    struct fixture *f = *state;
    const char *const hang[] = {FAKE_HANG};
    atomic_bool stopping = false;
    pthread_t thread;
    serve(f, hang, 1);
    f->options.stopping = &stopping;
    pthread_create(&thread, NULL, stop_soon, f);
    int64_t start = patient_ns();
    post_one(f);
    assert_true(patient_ns() - start < 10 * NS_PER_S); /* not 30 */
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    assert_has(f->answer.reason, "broken off");
    pthread_join(thread, NULL);
}

static void an_endless_answer_is_cut(void **state)
{
    enum { LONG = 1 << 20 };
    static char body[LONG + 1], head[LONG + 1];
    static const char *const answers[] = {body, head};
    struct fixture *f = *state;
    memset(body, 'x', LONG);
    memcpy(body, "HTTP/1.1 400 No\r\n\r\n", 19);
    memset(head, 'x', LONG);
    memcpy(head, "HTTP/1.1 401 No\r\nA:", 19);
    for (size_t i = 100; i < LONG; i += 100)
        memcpy(head + i, "\r\nA: x", 6);
    serve(f, answers, 2);
    post_one(f);
    assert_int_equal(f->answer.status, 400);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY_BOUNDED);
    influx_write(f->influx, TEXT(LINES), &f->answer);
    assert_int_equal(f->answer.status, 401);
}

/* Whoever sent them did not come to the end of its answer, which may be that
 * it died of the write. */
static void a_yes_with_endless_headers_is_none(void **state)
{
    enum { LONG = 1 << 20 };
    static char head[LONG + 1];
    static const char *const answers[] = {head, FAKE_204};
    struct fixture *f = *state;
    memset(head, 'x', LONG);
    memcpy(head, "HTTP/1.1 204 No Content\r\nA:", 27);
    for (size_t i = 100; i < LONG; i += 100)
        memcpy(head + i, "\r\nA: x", 6);
    serve(f, answers, 2);
    post_one(f);
    assert_int_equal(f->answer.status, 0);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    influx_write(f->influx, TEXT(LINES), &f->answer);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
}

static void append_many(struct buf *lines)
{
    while (lines->len < 8 << 20)
        buf_append_text(lines, TEXT(LINES));
}

/* The server says no and closes while most of the body is still unsent. How far
 * we are then is chance, so often. */
static void an_early_no_is_read(void **state)
{
    static const char *const answers[] = {
        FAKE_EARLY ANSWER("413 Too Large", "Content-Length: 7\r\n", "too big"),
        FAKE_EARLY ANSWER("401 No", "", "who are you"),
        FAKE_EARLY ANSWER("404 No", "Content-Length: 0\r\n", "")};
    static const int statuses[] = {413, 401, 404};
    struct fixture *f = *state;
    struct buf lines;
    buf_init(&lines, 64 << 20);
    append_many(&lines);
    for (size_t i = 0; i < 3; i++) {
        serve(f, &answers[i], 1);
        make(f);
        for (int n = 0; n < 200; n++) {
            influx_write(f->influx, buf_text(&lines), &f->answer);
            assert_string_equal(f->answer.status ? "" : f->answer.reason, "");
            assert_int_equal(f->answer.status, statuses[i]);
        }
        fake_stop(f->server);
        influx_free(f->influx);
    }
    f->server = NULL;
    f->influx = NULL;
    buf_deinit(&lines);
}

static void a_probe_is_an_empty_write(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *answer;
        bool is_up;
    } probes[] = {
        {FAKE_204, true},
        {ANSWER("400 Bad", "", "incoming write was empty"), true},
        {ANSWER("400 Bad", "", "nothing I know"), false},
        {ANSWER("400 Bad", "", "error from wal"), false},
        {ANSWER("401 No", "", ""), false},
        {ANSWER("404 No", "", ""), false},
        {ANSWER("503 No", "", ""), false},
        {FAKE_CLOSE, false},
    };
    f->options.gzip = true;
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        serve(f, &probes[i].answer, 1);
        make(f);
        assert_int_equal(influx_probe(f->influx), probes[i].is_up);
        assert_has(fake_head(f->server, 0), "\r\nContent-Length: 0\r\n");
        assert_null(strstr(fake_head(f->server, 0), "Content-Encoding"));
        fake_stop(f->server);
        influx_free(f->influx);
    }
    f->server = NULL;
    f->influx = NULL;
}

/* ---- what is not about the lines ---- */

static const char *const no_gzip[] = {
    ANSWER("400 Bad", "", "{\"error\":\"gzip: invalid header\"}"), FAKE_204};
static const char *const no_encoding[] = {ANSWER("415 No", "", ""), FAKE_204};
static const char *const still_bad[] = {
    ANSWER("415 No", "", ""),
    ANSWER("400 Bad", "", "{\"error\":\"unable to parse 'm': x\"}"),
    ANSWER("503 No", "", "")};

static void packed_lines_go_out_again_as_they_are(void **state)
{
    static const char *const *const lists[] = {no_gzip, no_encoding};
    struct fixture *f = *state;
    f->options.gzip = true;
    for (size_t i = 0; i < 2; i++) {
        serve(f, lists[i], 2);
        post_one(f);
        assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
        assert_has(fake_head(f->server, 0), "\r\nContent-Encoding: gzip\r\n");
        assert_null(strstr(fake_head(f->server, 1), "Content-Encoding"));
        assert_text(fake_body(f->server, 1), LINES);
        influx_write(f->influx, TEXT(LINES), &f->answer);
        assert_int_equal(fake_count(f->server),
                         3); /* not tried again at once */
        assert_text(fake_body(f->server, 2), LINES);
        fake_stop(f->server);
        influx_free(f->influx);
    }
    f->server = NULL;
    f->influx = NULL;
}

/* The second answer is what counts. */
static void lines_that_are_refused_unpacked_are_refused(void **state)
{
    struct fixture *f = *state;
    f->options.gzip = true;
    serve(f, still_bad, 3);
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_REFUSED);
    assert_int_equal(f->answer.refusal_count, 1);
}

/* Nothing says that it was the compression, so it stays. */
static void a_server_that_is_away_does_not_end_compression(void **state)
{
    static const char *const answers[] = {ANSWER("415 No", "", ""),
                                          ANSWER("503 No", "", ""), FAKE_204};
    struct fixture *f = *state;
    f->options.gzip = true;
    serve(f, answers, 3);
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    influx_write(f->influx, TEXT(LINES), &f->answer);
    assert_has(fake_head(f->server, 2), "\r\nContent-Encoding: gzip\r\n");
}

static void lines_that_are_named_come_with_their_number(void **state)
{
    static const char *const answers[] = {ANSWER(
        "400 Bad", "X-Request-Id:  7f3a \r\nX-Influxdb-Version: 1.8.10\r\n",
        "{\"error\":\"partial write: unable to parse 'b v= 2': missing field"
        " value dropped=0\"}")};
    struct fixture *f = *state;
    serve(f, answers, 1);
    f->options.precision = PRECISION_S;
    make(f);
    influx_write(f->influx, TEXT("a v=1 1000000000\nb v= 2000000000\n"),
                 &f->answer);
    assert_int_equal(f->answer.verdict, VERDICT_PARTLY);
    assert_string_equal(f->answer.request_id, "7f3a");
    assert_int_equal(f->answer.refusal_count, 1);
    assert_int_equal(f->answer.refusals[0].line, 1);
    assert_text(f->answer.refusals[0].reason, "missing field value");
    assert_int_equal(f->answer.unnamed, 0);
}

/* ---- tokens ---- */

/* A ~ is written as a NUL. */
static void write_token(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (const char *c = text; *c; c++)
        putc(*c == '~' ? '\0' : *c, file);
    assert_int_equal(fclose(file), 0);
}

static const char *const one_401[] = {ANSWER("401 No", "", ""), FAKE_204};

static void token_file(struct fixture *f, char path[40])
{
    snprintf(path, 40, "/tmp/test_influx.XXXXXX");
    close(mkstemp(path));
    f->options.secret_file = path;
}

static void after_a_401_the_token_file_is_read_again(void **state)
{
    struct fixture *f = *state;
    char path[40];
    token_file(f, path);
    write_token(path, "new-token\r\n");
    serve(f, one_401, 2);
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
    assert_has(fake_head(f->server, 0), "Authorization: Token s3cret-token\r");
    assert_has(fake_head(f->server, 1), "Authorization: Token new-token\r");
    assert_int_equal(fake_count(f->server), 2);
    unlink(path);
}

static void so_is_the_file_of_a_password(void **state)
{
    struct fixture *f = *state;
    char path[40];
    token_file(f, path);
    write_token(path, "pa:ss\n");
    serve(f, one_401, 2);
    f->options.api = INFLUX_V1;
    f->options.database = "iot";
    f->options.user = "me";
    f->options.password = "old";
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
    assert_has(fake_head(f->server, 0), "Authorization: Basic bWU6b2xk\r");
    assert_has(fake_head(f->server, 1), "Authorization: Basic bWU6cGE6c3M=\r");
    assert_int_equal(fake_count(f->server), 2);
    unlink(path);
}

static void a_probe_finds_the_new_token_too(void **state)
{
    struct fixture *f = *state;
    char path[40];
    token_file(f, path);
    write_token(path, "new-token");
    serve(f, one_401, 2);
    make(f);
    assert_true(influx_probe(f->influx));
    unlink(path);
}

/* The same, none, or one that is none: no second request for it. */
static void a_token_that_did_not_change_is_not_tried_twice(void **state)
{
    static const char *const files[] = {"s3cret-token\n", "", "two\nlines\n",
                                        "a~NUL"};
    struct fixture *f = *state;
    char path[40];
    for (size_t i = 0; i < 4; i++) {
        token_file(f, path);
        write_token(path, files[i]);
        serve(f, one_401, 2);
        post_one(f);
        assert_int_equal(f->answer.verdict, VERDICT_HOLD);
        unlink(path);
        influx_write(f->influx, TEXT(LINES), &f->answer);
        assert_has(fake_head(f->server, 1), "Token s3cret-token\r");
        assert_int_equal(fake_count(f->server), 2);
        fake_stop(f->server);
        influx_free(f->influx);
    }
    f->server = NULL;
    f->influx = NULL;
}

static void
a_token_that_may_have_changed_is_read_before_it_is_needed(void **state)
{
    struct fixture *f = *state;
    char path[40];
    token_file(f, path);
    write_token(path, "new-token");
    serve(f, only_204, 1);
    post_one(f);
    influx_secret_changed(f->influx);
    influx_write(f->influx, TEXT(LINES), &f->answer);
    assert_has(fake_head(f->server, 0), "Token s3cret-token\r");
    assert_has(fake_head(f->server, 1), "Token new-token\r");
    unlink(path);
}

/* ---- connections ---- */

static const char *const stale[] = {FAKE_204, FAKE_CLOSE, FAKE_204};

static void a_connection_that_went_stale_does_not_count(void **state)
{
    struct fixture *f = *state;
    serve(f, stale, 3);
    post_one(f);
    influx_write(f->influx, TEXT(LINES), &f->answer);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
    assert_int_equal(fake_count(f->server), 3);
    assert_int_equal(fake_connections(f->server), 2);
}

static void a_new_connection_that_dies_counts(void **state)
{
    static const char *const answers[] = {FAKE_CLOSE, FAKE_204};
    struct fixture *f = *state;
    serve(f, answers, 2);
    post_one(f);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    assert_int_equal(f->answer.status, 0);
    assert_int_equal(fake_count(f->server), 1);
}

static void a_proxy_is_asked_if_it_is_configured(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    f->options.url = "http://nowhere.invalid:8086";
    f->options.proxy = f->url;
    setenv("no_proxy", "nowhere.invalid", 1);
    post_one(f);
    unsetenv("no_proxy");
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
    assert_starts(fake_head(f->server, 0),
                  "POST http://nowhere.invalid:8086/api/v2/write?");
}

/* What it is asked is the way; what is said there is not its business. */
static void a_proxy_does_not_see_the_token(void **state)
{
    static const char *const answers[] = {
        ANSWER("407 No", "Retry-After: 9\r\nContent-Length: 3\r\n", "who")};
    struct fixture *f = *state;
    serve(f, answers, 1);
    f->options.url = "https://nowhere.invalid:8086";
    f->options.proxy = f->url;
    post_one(f);
    const char *head = fake_head(f->server, 0);
    assert_starts(head, "CONNECT nowhere.invalid:8086 HTTP/1.1\r\n");
    assert_null(strstr(head, "Authorization"));
    assert_null(strstr(head, "s3cret"));
    assert_int_equal(f->answer.status, 0);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    assert_int_equal(f->answer.retry_after_ns, 0);
    assert_has(f->answer.reason, "407");
}

/* ---- what is refused at the start ---- */

static void a_wrong_configuration_is_told(void **state)
{
    (void)state;
    const struct influx_options good = {
        .url = "http://h:8086", .bucket = "b", .database = "d"};
    static const struct {
        const char *url;
        const char *token;
        const char *text;
    } wrong[] = {
        {NULL, NULL, "`url` is no server's address"},
        {"", NULL, "`url` is no server's address"},
        {"h:8086", NULL, "http://"},
        {"ftp://h/", NULL, "http://"},
        {"http://me:pw@h/", NULL, "user or password"},
        {"http://h/?db=x", NULL, "url holds a query"},
        {"http://h/#x", NULL, "url holds a query"},
        {"http://h:99999/", NULL, "`url` is no server's address"},
        {"http://h:8086/write", NULL, "is the server's address alone"},
        {"http://h/api/v2/write", NULL, "is the server's address alone"},
        {"http://h/p/api/v3/write_lp", NULL, "is the server's address alone"},
        {"http://h/", "tok\n", "token has a control byte at position 4"},
        {"http://h/", "a\r\nX: y", "token has a control byte at position 2"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error err = {0};
        struct influx_options options = good;
        options.url = wrong[i].url;
        options.token = wrong[i].token;
        assert_null(influx_new(&options, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_has(err.text, wrong[i].text);
        assert_null(strstr(err.text, "pw"));
    }
}

static void a_place_is_needed(void **state)
{
    (void)state;
    struct error err;
    struct influx_options options = {.url = "http://h:8086"};
    assert_null(influx_new(&options, &err));
    assert_string_equal(err.text, "bucket is missing");
    options.api = INFLUX_V1;
    assert_null(influx_new(&options, &err));
    assert_string_equal(err.text, "database is missing");
    options.api = INFLUX_V3;
    assert_null(influx_new(&options, &err));
    assert_string_equal(err.text, "database is missing");
}

static void a_line_without_a_stamp_is_kept(void **state)
{
    struct fixture *f = *state;
    serve(f, only_204, 1);
    f->options.precision = PRECISION_S;
    make(f);
    influx_write(f->influx, TEXT("m v=1\n"), &f->answer);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
    assert_has(f->answer.reason, "without a stamp");
    assert_int_equal(fake_count(f->server), 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(v2_posts_with_org_bucket_and_token),
        ROW(v1_posts_with_a_password_that_is_not_in_the_url),
        ROW(v3_posts_with_a_bearer_token),
        ROW(each_api_spells_its_precision),
        ROW(gzip_is_one_member_that_says_so),
        ROW(a_path_behind_the_url_stays),
        ROW(the_connection_is_kept),
        ROW(the_proxy_of_the_environment_is_not_asked),
        ROW(each_answer_has_its_verdict),
        ROW(a_redirect_does_not_take_the_token_along),
        ROW(nobody_there_is_no_answer),
        ROW(a_server_that_hangs_ends_at_the_timeout),
        ROW(stopping_ends_a_request_under_way),
        ROW(an_endless_answer_is_cut),
        ROW(a_yes_with_endless_headers_is_none),
        ROW(an_early_no_is_read),
        ROW(a_probe_is_an_empty_write),
        ROW(packed_lines_go_out_again_as_they_are),
        ROW(lines_that_are_refused_unpacked_are_refused),
        ROW(a_server_that_is_away_does_not_end_compression),
        ROW(lines_that_are_named_come_with_their_number),
        ROW(after_a_401_the_token_file_is_read_again),
        ROW(so_is_the_file_of_a_password),
        ROW(a_probe_finds_the_new_token_too),
        ROW(a_token_that_did_not_change_is_not_tried_twice),
        ROW(a_token_that_may_have_changed_is_read_before_it_is_needed),
        ROW(a_connection_that_went_stale_does_not_count),
        ROW(a_new_connection_that_dies_counts),
        ROW(a_proxy_is_asked_if_it_is_configured),
        ROW(a_proxy_does_not_see_the_token),
        ROW(a_wrong_configuration_is_told),
        ROW(a_place_is_needed),
        ROW(a_line_without_a_stamp_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
