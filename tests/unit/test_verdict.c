/* What each server's answers mean: a row for each row of what they document, or
 * were seen to send. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

#define A "a v=1 1\n"
#define B "b v=2 2\n"
#define C "c v=3 3\n"
#define BAD "bad 4\n"

struct row {
    int status;
    const char *body;
    enum verdict verdict;
    const char *lines; /* NULL: A B C */
    const char *named; /* "1:reason" and so on, joined by | */
    size_t unnamed;
    const char *advice; /* a part of it */
};

/* InfluxDB 1.x */
static const struct row v1[] = {
    {204, "", VERDICT_ACCEPTED, NULL, "", 0, ""},
    {400, "{\"error\":\"unable to parse 'bad 4': missing fields\"}\n",
     VERDICT_REFUSED, BAD, "0:missing fields", 0, ""},
    {400,
     "{\"error\":\"unable to parse 'bad 4': missing fields\\nunable to parse"
     " 'a v=1 1': invalid number\"}\n",
     VERDICT_REFUSED, BAD A, "0:missing fields|1:invalid number", 0, ""},
    {400,
     "{\"error\":\"partial write: unable to parse 'm8 broken': invalid field"
     " format\\nunable to parse 'm8,=x v=1': missing tag key dropped=0\"}\n",
     VERDICT_PARTLY, A "m8 broken\n" B "m8,=x v=1\n",
     "1:invalid field format|3:missing tag key", 0, ""},
    {400,
     "{\"error\":\"partial write: field type conflict: input field \\\"v\\\" on"
     " measurement \\\"m9\\\" is type string, already exists as type float"
     " dropped=2\"}\n",
     VERDICT_PARTLY, NULL, "", 2, ""},
    {400,
     "{\"error\":\"partial write: points beyond retention policy"
     " dropped=2\"}\n",
     VERDICT_PARTLY, NULL, "", 2, ""},
    {400,
     "{\"error\":\"partial write: dropped 2 points outside retention policy of"
     " duration 1h0m0s - oldest point a at 1970-01-01T00:00:00Z, newest point b"
     " at 1970-01-01T00:00:01Z dropped=2 for database: t for retention policy:"
     " autogen\"}\n",
     VERDICT_PARTLY, NULL, "", 2, ""},
    {400,
     "{\"error\":\"partial write: max-values-per-tag limit exceeded (6/3):"
     " measurement=\\\"mv\\\" tag=\\\"h\\\" value=\\\"k0\\\" dropped=3\"}\n",
     VERDICT_PARTLY, A B C BAD, "", 3, ""},
    /* More than there are cannot be meant. */
    {400, "{\"error\":\"partial write: max-values dropped=3000\"}\n",
     VERDICT_PARTLY, NULL, "", 3, ""},
    /* A field was left out, who knows of which point. */
    {400,
     "{\"error\":\"partial write: invalid field name: input field \\\"time\\\""
     " on measurement \\\"m\\\" is invalid dropped=0\"}\n",
     VERDICT_PARTLY, NULL, "", 1, ""},
    {400, "{\"error\":\"gzip: invalid header\"}\n", VERDICT_RETRY_BOUNDED, NULL,
     "", 0, ""},
    {400, "{\"error\":\"gzip: invalid checksum\"}\n", VERDICT_RETRY_BOUNDED,
     NULL, "", 0, ""},
    {400, "{\"error\":\"unexpected EOF\"}\n", VERDICT_RETRY, NULL, "", 0, ""},
    {400, "{\"error\":\"database is required\"}\n", VERDICT_HOLD, NULL, "", 0,
     "settings"},
    {400, "{\"error\":\"invalid consistency level\"}\n", VERDICT_HOLD, NULL, "",
     0, "settings"},
    {400,
     "{\"error\":\"invalid precision \\\"us\\\" (use n, u, ms, s, m or h)\"}\n",
     VERDICT_HOLD, NULL, "", 0, "settings"},
    {401, "{\"error\":\"unable to parse authentication credentials\"}\n",
     VERDICT_HOLD, NULL, "", 0, "check the token"},
    {401, "{\"error\":\"authorization failed\"}\n", VERDICT_HOLD, NULL, "", 0,
     "user and password"},
    {403,
     "{\"error\":\"\\\"rd\\\" user is not authorized to write to database"
     " \\\"t\\\"\"}\n",
     VERDICT_HOLD, NULL, "", 0, "may not write"},
    {403, "{\"error\":\"user is required to write to database \\\"t\\\"\"}\n",
     VERDICT_HOLD, NULL, "", 0, ""},
    {404, "{\"error\":\"database not found: \\\"nope\\\"\"}\n", VERDICT_HOLD,
     NULL, "", 0, "create it"},
    {404, "404 page not found\n", VERDICT_HOLD, NULL, "", 0, "no such API"},
    {405, "Method Not Allowed\n", VERDICT_HOLD, NULL, "", 0, "url"},
    {413, "{\"error\":\"Request Entity Too Large\"}\n", VERDICT_TOO_LARGE, NULL,
     "", 0, ""},
    {500, "{\"error\":\"retention policy not found: nope\"}\n", VERDICT_HOLD,
     NULL, "", 0, "retention_policy"},
    {500,
     "{\"error\":\"engine: unable to parse bool value \\\"a\\\":"
     " strconv.ParseBool: parsing \\\"a\\\": invalid syntax\"}\n",
     VERDICT_REFUSED, NULL, "", 1, ""},
    {500,
     "{\"error\":\"[shard 45] proto: field \\\"tsdb.MeasurementFields.Name\\\""
     " contains invalid UTF-8\"}\n",
     VERDICT_HOLD, NULL, "", 0, "damaged"},
    {500, "{\"error\":\"timeout\"}\n", VERDICT_RETRY, NULL, "", 0, ""},
    {500,
     "{\"error\":\"engine: cache-max-memory-size exceeded: (1073741825/"
     "1073741824)\"}\n",
     VERDICT_RETRY, NULL, "", 0, ""},
    {500, "{\"error\":\"write failed\"}\n", VERDICT_RETRY, NULL, "", 0, ""},
    {500, "{\"error\":\"panic: out of cheese\"}\n", VERDICT_RETRY_BOUNDED, NULL,
     "", 0, ""},
    {503, "request throttled, queue full\n", VERDICT_RETRY, NULL, "", 0, ""},
    {503, "request throttled, exceeds timeout\n", VERDICT_RETRY, NULL, "", 0,
     ""},
};

/* InfluxDB OSS 2.x, and what the cloud has of its own */
static const struct row v2[] = {
    {204, "", VERDICT_ACCEPTED, NULL, "", 0, ""},
    {400,
     "{\"code\":\"invalid\",\"message\":\"unable to parse 'bad 4': missing"
     " fields\"}",
     VERDICT_REFUSED, A BAD B, "1:missing fields", 0, ""},
    {400,
     "{\"code\":\"invalid\",\"message\":\"unable to parse 'bad 4': missing"
     " fields\\nunable to parse 'c v=3 3': no\"}",
     VERDICT_REFUSED, A BAD B C, "1:missing fields|3:no", 0, ""},
    {400,
     "{\"code\":\"invalid\",\"message\":\"invalid precision; valid precision"
     " units are ns, us, ms, and s\"}",
     VERDICT_HOLD, NULL, "", 0, "settings"},
    {400,
     "{\"code\":\"invalid\",\"message\":\"unable to read data: gzip: invalid"
     " checksum\"}",
     VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {401, "{\"code\":\"unauthorized\",\"message\":\"unauthorized access\"}",
     VERDICT_HOLD, NULL, "", 0, "check the token"},
    {403,
     "{\"code\":\"forbidden\",\"message\":\"insufficient permissions for"
     " write\"}",
     VERDICT_HOLD, NULL, "", 0, "may not write"},
    {403, "{\"code\":\"forbidden\",\"message\":\"User is inactive\"}",
     VERDICT_HOLD, NULL, "", 0, ""},
    {404, "{\"code\":\"not found\",\"message\":\"bucket \\\"x\\\" not found\"}",
     VERDICT_HOLD, NULL, "", 0, "create it"},
    {404, "{\"code\":\"not found\",\"message\":\"organization not found\"}",
     VERDICT_HOLD, NULL, "", 0, "create it"},
    {404, "{\"code\":\"not found\",\"message\":\"no dbrp mapping found\"}",
     VERDICT_HOLD, NULL, "", 0, ""},
    {405, "{\"code\":\"method not allowed\",\"message\":\"allow: POST\"}",
     VERDICT_HOLD, NULL, "", 0, "url"},
    {413,
     "{\"code\":\"request too large\",\"message\":\"unable to read data: points"
     " batch is too large\"}",
     VERDICT_TOO_LARGE, NULL, "", 0, ""},
    {413, "<html><h1>413 Request Entity Too Large</h1></html>",
     VERDICT_TOO_LARGE, NULL, "", 0, ""},
    {422,
     "{\"code\":\"unprocessable entity\",\"message\":\"failure writing points"
     " to database: partial write: field type conflict: input field \\\"v\\\""
     " on measurement \\\"m\\\" is type string, already exists as type float"
     " dropped=1 for database: 0a1b2c3d4e5f6071 for retention policy:"
     " autogen\"}",
     VERDICT_PARTLY, NULL, "", 1, ""},
    {500,
     "{\"code\":\"internal error\",\"message\":\"unexpected error writing"
     " points to database: timeout\"}",
     VERDICT_RETRY, NULL, "", 0, ""},
    {500,
     "{\"code\":\"internal error\",\"message\":\"unexpected error writing"
     " points to database: engine: no such shard\"}",
     VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {500,
     "{\"code\":\"internal error\",\"message\":\"An internal error has occurred"
     " - check server logs\"}",
     VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {500,
     "{\"code\":\"internal error\",\"message\":\"unable to read data:"
     " unexpected EOF\"}",
     VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {503, "{\"status\":\"starting\"}", VERDICT_RETRY, NULL, "", 0, ""},
    {408, "", VERDICT_RETRY, NULL, "", 0, ""},
    {499, "", VERDICT_RETRY, NULL, "", 0, ""},
    /* Cloud: the first one is named, nobody says whether it is the only one. */
    {400,
     "{\"code\":\"invalid\",\"message\":\"partial write error (2 written):"
     " unable to parse 'air,sensor=L1 temperature=\\\"90.5\\\" 7': schema: "
     "field"
     " type for field \\\"temperature\\\" not permitted by schema; got String"
     " but expected Float\"}",
     VERDICT_REFUSED, A "air,sensor=L1 temperature=\"90.5\" 7\n",
     "1:schema: field type for field \"temperature\" not permitted by schema;"
     " got String but expected Float",
     0, ""},
    {400,
     "{\"code\":\"invalid\",\"message\":\"partial write error (5 accepted): 1"
     " out of 6 points rejected (check rejected_points in your _monitoring"
     " bucket for further information)\"}",
     VERDICT_PARTLY, NULL, "", 1, ""},
    {429, "", VERDICT_RETRY, NULL, "", 0, ""},
    {503, "", VERDICT_RETRY, NULL, "", 0, ""},
    /* Serverless, with line breaks as its documentation shows them. */
    {400,
     "{\"code\":\"invalid\",\"line\":2,\"message\":\"failed to parse line"
     " protocol:\n  errors encountered on line(s):\n  error parsing line 2"
     " (1-based): Invalid measurement was provided\n  error parsing line 4"
     " (1-based): Unable to parse timestamp value '12346'\"}",
     VERDICT_REFUSED, A BAD B C,
     "1:Invalid measurement was provided|3:Unable to parse timestamp value"
     " '12346'",
     0, ""},
    {400,
     "{\"code\":\"invalid\",\"line\":2,\"message\":\"partial write: errors"
     " encountered on line(s):\\nerror parsing line 2 (1-based): no\"}",
     VERDICT_PARTLY, A BAD B C, "1:no", 0, ""},
    {400, "{\"code\":\"invalid\",\"line\":2,\"message\":\"failed to parse\"}",
     VERDICT_REFUSED, A BAD B C, "1:failed to parse", 0, ""},
    /* Dedicated and Clustered */
    {201,
     "{\"code\":\"invalid\",\"line\":2,\"message\":\"failed to parse line"
     " protocol: errors encountered on line(s):\\nerror parsing line 2"
     " (1-based): no\"}",
     VERDICT_PARTLY, A BAD B C, "1:no", 0, ""},
    {201, "", VERDICT_HOLD, NULL, "", 0, "no InfluxDB"},
};

#define V3_CONFLICT                                                            \
    "invalid column type for column 'temp', expected"                          \
    " iox::column_type::field::float, got iox::column_type::field::string"

/* InfluxDB 3 Core and Enterprise, on all three APIs */
static const struct row v3[] = {
    {204, "", VERDICT_ACCEPTED, NULL, "", 0, ""},
    {400,
     "{\"error\":\"partial write of line protocol occurred\",\"data\":["
     "{\"error_message\":\"" V3_CONFLICT "\",\"line_number\":2,"
     "\"original_line\":\"home,room=Sunroom te\"}]}",
     VERDICT_PARTLY, A "home,room=Sunroom temp=\"hi\" 7\n" B, "1:" V3_CONFLICT,
     0, ""},
    /* before 3.10 the line is whole */
    {400,
     "{\"error\":\"partial write of line protocol occurred\",\"data\":["
     "{\"original_line\":\"a v=1 "
     "1\",\"line_number\":1,\"error_message\":\"x\"},"
     "{\"original_line\":\"c v=3 3\",\"line_number\":3,\"error_message\":"
     "\"y\"}]}",
     VERDICT_PARTLY, NULL, "0:x|2:y", 0, ""},
    {400,
     "{\"error\":\"line protocol parsing error\",\"data\":{\"error_message\":"
     "\"no fields\",\"line_number\":2,\"original_line\":\"b v=2 2\"}}",
     VERDICT_REFUSED, NULL, "1:no fields", 0, ""},
    {400,
     "{\"error\":\"parsing failed for write_lp endpoint\",\"data\":{"
     "\"error_message\":\"no fields\",\"line_number\":2,\"original_line\":\"b"
     " v=2 2\"}}",
     VERDICT_REFUSED, NULL, "1:no fields", 0, ""},
    {400,
     "{\"code\":\"invalid\",\"message\":\"write buffer error: line protocol"
     " parse failed: no fields\"}",
     VERDICT_REFUSED, NULL, "", 1, ""},
    {400, "incoming write was empty", VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {400, "body content is not valid utf8: invalid byte", VERDICT_REFUSED, NULL,
     "", 1, ""},
    {400, "error decoding gzip stream: invalid gzip header",
     VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {400, "unacceptable content-encoding: x-gzip", VERDICT_HOLD, NULL, "", 0,
     "gzip = false"},
    {400, "missing query parameter 'db'", VERDICT_HOLD, NULL, "", 0,
     "settings"},
    {400, "{\"error\":\"db name did not start with a number or letter\"}",
     VERDICT_HOLD, NULL, "", 0, "name"},
    {400,
     "{\"code\":\"invalid\",\"message\":\"write buffer error: error from wal:"
     " object store is away\"}",
     VERDICT_RETRY, NULL, "", 0, ""},
    {401, "{\"error\": \"the request was not authenticated\"}", VERDICT_HOLD,
     NULL, "", 0, "check the token"},
    {403, "", VERDICT_HOLD, NULL, "", 0, "may not write"},
    {403, "{\"error\": \"the request was not authorized\"}", VERDICT_HOLD, NULL,
     "", 0, ""},
    {403, "{\"code\":\"forbidden\",\"message\":\"no\"}", VERDICT_HOLD, NULL, "",
     0, ""},
    {404, "Not found", VERDICT_HOLD, NULL, "", 0, "url"},
    {413, "max request size (10485760 bytes) exceeded", VERDICT_TOO_LARGE, NULL,
     "", 0, ""},
    {413, "{\"code\":\"request too large\",\"message\":\"x\"}",
     VERDICT_TOO_LARGE, NULL, "", 0, ""},
    {500, "max request size (10485760 bytes) exceeded", VERDICT_TOO_LARGE, NULL,
     "", 0, ""},
    {422,
     "{\"error\":\"partial write of line protocol occurred\",\"data\":["
     "{\"error_message\":\"table limit\",\"line_number\":3,\"original_line\":"
     "\"c v=3 3\"}]}",
     VERDICT_PARTLY, NULL, "2:table limit", 0, ""},
    {500, "{\"error\":\"internal\"}", VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {503, "{\"error\":\"stopped\"}", VERDICT_RETRY, NULL, "", 0, ""},
};

#define VM "remoteAddr: \"127.0.0.1:37800\"; requestURI: /write?db=t; "

/* VictoriaMetrics, old and new */
static const struct row victoria[] = {
    {204, "", VERDICT_ACCEPTED, NULL, "", 0, ""},
    {400,
     VM "cannot read gzipped influx line protocol data: gzip: invalid header\n",
     VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {400, VM "cannot read a block of data in 0.000s: unexpected EOF\n",
     VERDICT_RETRY, NULL, "", 0, ""},
    {400, VM "cannot read a block of data in 0.000s: gzip: invalid checksum\n",
     VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {400, VM "cannot read: too long line: more than 8 bytes\n", VERDICT_REFUSED,
     A "long v=2 2\n" C, "1:too long line: more than 8 bytes", 0, ""},
    {400, VM "cannot read: too long line: more than 262144 bytes\n",
     VERDICT_REFUSED, NULL, "", 1, ""},
    {400, VM "unsupported path requested: \"/api/v3/write_lp\"\n", VERDICT_HOLD,
     NULL, "", 0, "url"},
    {401, "\n", VERDICT_HOLD, NULL, "", 0, "user and password"},
    {503, VM "cannot handle more than 1 concurrent inserts during 300ms; x\n",
     VERDICT_RETRY, NULL, "", 0, ""},
    /* It quotes all that comes, from the bad line on. */
    {400,
     VM "cannot process influx line protocol data: incorrect influx line \"bad"
        " 4\\nb v=2 2\\nc v=3 3\": missing field\n",
     VERDICT_REFUSED, A BAD B C, "1:incorrect influx line", 0, ""},
    {400,
     VM "cannot process influx line protocol data: incorrect influx line \"x,"
        "t=\\\\ v=\\\"a\\\" 4\": missing field\n",
     VERDICT_REFUSED, A "x,t=\\ v=\"a\" 4\n", "1:incorrect influx line", 0, ""},
};

/* Whatever stands in between, and what is no answer. */
static const struct row others[] = {
    {200, "", VERDICT_ACCEPTED, NULL, "", 0, ""},
    {200, "\r\n", VERDICT_ACCEPTED, NULL, "", 0, ""},
    {200, "<html>welcome</html>", VERDICT_HOLD, NULL, "", 0, "no InfluxDB"},
    {200, "ok", VERDICT_HOLD, NULL, "", 0, "no InfluxDB"},
    {202, "{}", VERDICT_HOLD, NULL, "", 0, "no InfluxDB"},
    {301, "", VERDICT_HOLD, NULL, "", 0, "redirects are not followed"},
    {308, "", VERDICT_HOLD, NULL, "", 0, "redirects are not followed"},
    {400, "<html>400 Bad Request</html>", VERDICT_HOLD, NULL, "", 0,
     "no InfluxDB"},
    {400, "Client sent an HTTP request to an HTTPS server.\n", VERDICT_HOLD,
     NULL, "", 0, "https://"},
    {400, "", VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {400, "{\"message\":\"Bad Request\"}", VERDICT_RETRY_BOUNDED, NULL, "", 0,
     ""},
    {407, "", VERDICT_HOLD, NULL, "", 0, "proxy"},
    {415, "", VERDICT_HOLD, NULL, "", 0, "gzip = false"},
    {418, "", VERDICT_HOLD, NULL, "", 0, ""},
    {422, "<html>", VERDICT_HOLD, NULL, "", 0, "no InfluxDB"},
    {422, "{\"errors\":[]}", VERDICT_RETRY_BOUNDED, NULL, "", 0, ""},
    {425, "", VERDICT_RETRY, NULL, "", 0, ""},
    {500, "<html>oh</html>", VERDICT_RETRY, NULL, "", 0, ""},
    {501, "", VERDICT_RETRY, NULL, "", 0, ""},
    {502, "<h1>Bad Gateway</h1>", VERDICT_RETRY, NULL, "", 0, ""},
    {504, "", VERDICT_RETRY, NULL, "", 0, ""},
    {599, "", VERDICT_RETRY, NULL, "", 0, ""},
    {999, "", VERDICT_RETRY, NULL, "", 0, ""},
    {0, "Connection refused", VERDICT_RETRY, NULL, "", 0, ""},
    {INT32_MAX, "", VERDICT_RETRY, NULL, "", 0, ""},
    {INT32_MIN, "", VERDICT_RETRY, NULL, "", 0, ""},
};

static void assert_named(const struct verdict_ruling *ruling, const char *want)
{
    char got[1000] = "";
    for (size_t i = 0; i < ruling->refusals.count; i++) {
        const struct refusal *refusal = &ruling->refusals.items[i];
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%zu:%.*s", i ? "|" : "",
                 refusal->line, TEXT_ARG(refusal->reason));
    }
    assert_string_equal(got, want);
}

static void assert_row(struct verdict_ruling *ruling, const struct row *row)
{
    struct verdict_reply reply = {.status = row->status,
                                  .body = text_of(row->body),
                                  .lines =
                                      text_of(row->lines ? row->lines : A B C)};
    print_message("%d %s\n", row->status, row->body);
    verdict_read(ruling, &reply);
    assert_int_equal(ruling->verdict, row->verdict);
    assert_named(ruling, row->named);
    assert_int_equal(ruling->unnamed, row->unnamed);
    assert_false(ruling->blames_packing);
    if (!strstr(ruling->advice, row->advice))
        fail_msg("\"%s\" has no \"%s\"", ruling->advice, row->advice);
}

static void assert_rows(const struct row *rows, size_t count)
{
    struct verdict_ruling ruling;
    verdict_init(&ruling);
    for (size_t i = 0; i < count; i++)
        assert_row(&ruling, &rows[i]);
    verdict_deinit(&ruling);
}

#define ROWS(rows) assert_rows(rows, sizeof(rows) / sizeof *(rows))

static void influxdb_1(void **state)
{
    (void)state;
    ROWS(v1);
}

static void influxdb_2_and_the_cloud(void **state)
{
    (void)state;
    ROWS(v2);
}

static void influxdb_3(void **state)
{
    (void)state;
    ROWS(v3);
}

static void victoria_metrics(void **state)
{
    (void)state;
    ROWS(victoria);
}

static void what_stands_in_between(void **state)
{
    (void)state;
    ROWS(others);
}

/* ---- beyond the rows ---- */

struct fixture {
    struct verdict_ruling ruling;
    struct verdict_reply reply;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.reply = {.lines = TEXT(A B C)}};
    verdict_init(&fixture.ruling);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    verdict_deinit(&f->ruling);
    return 0;
}

static enum verdict read(struct fixture *f, int status, const char *body)
{
    f->reply.status = status;
    f->reply.body = text_of(body);
    verdict_read(&f->ruling, &f->reply);
    return f->ruling.verdict;
}

static void compression_is_blamed_only_if_there_was_some(void **state)
{
    static const struct {
        int status;
        const char *body;
        bool is_blamed;
    } rows[] = {
        {400, "{\"error\":\"gzip: invalid header\"}", true},
        {400, "{\"error\":\"gzip: invalid checksum\"}", true},
        {400, "{\"error\":\"unexpected EOF\"}", true},
        {400,
         "{\"code\":\"invalid\",\"message\":\"unable to read data: gzip:"
         " invalid checksum\"}",
         true},
        {500,
         "{\"code\":\"internal error\",\"message\":\"An internal error has"
         " occurred - check server logs\"}",
         true},
        {500,
         "{\"code\":\"internal error\",\"message\":\"unable to read data:"
         " unexpected EOF\"}",
         true},
        {400, "error decoding gzip stream: x", true},
        {400, "unacceptable content-encoding: gzip", true},
        {400,
         VM "cannot read gzipped influx line protocol data: gzip: invalid"
            " header\n",
         true},
        {400, VM "cannot read a block of data in 0.000s: unexpected EOF\n",
         true},
        {400,
         "{\"error\":\"unable to parse '\\u001f\\ufffd\\u0008': missing"
         " fields\"}",
         true},
        {415, "", true},
        {400, "Unsupported Content-Encoding", true},
        {400, "{\"error\":\"unable to parse 'gzip v=': missing\"}", false},
        {400, "{\"error\":\"database is required\"}", false},
        {413, "", false},
        {500, "{\"error\":\"timeout\"}", false},
        {503, "gzip", false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%d %s\n", rows[i].status, rows[i].body);
        f->reply.is_packed = true;
        read(f, rows[i].status, rows[i].body);
        assert_int_equal(f->ruling.blames_packing, rows[i].is_blamed);
        f->reply.is_packed = false;
        read(f, rows[i].status, rows[i].body);
        assert_false(f->ruling.blames_packing);
    }
}

/* Whoever can put a line into a batch must not be able to choose what becomes
 * of it: words count only where the server speaks. */
static void a_line_cannot_speak_for_the_server(void **state)
{
    struct fixture *f = *state;
    f->reply.lines = TEXT(A "m v=\"error from wal\n" B);
    assert_int_equal(
        read(f, 400,
             "{\"error\":\"unable to parse 'm v=\\\"error from wal': x\"}"),
        VERDICT_REFUSED);
    assert_named(&f->ruling, "1:x");
    assert_int_equal(
        read(
            f, 400,
            "{\"error\":\"unable to parse 'm v=partial write dropped=9': x\"}"),
        VERDICT_REFUSED);
    assert_int_equal(read(f, 500, "{\"error\":\"engine: no \\\"timeout\\\"\"}"),
                     VERDICT_RETRY_BOUNDED);
    /* A field whose name is a complaint about another line. */
    assert_int_equal(
        read(f, 400,
             "{\"error\":\"partial write: field type conflict: input field"
             " \\\"unable to parse 'a v=1 1': \\\" on measurement \\\"dropped=9"
             "\\\" is type string dropped=1\"}"),
        VERDICT_PARTLY);
    assert_named(&f->ruling, "");
    assert_int_equal(f->ruling.unnamed, 1);
}

static void an_answer_that_was_cut_is_not_the_whole_truth(void **state)
{
    struct fixture *f = *state;
    f->reply.is_cut = true;
    assert_int_equal(read(f, 400,
                          "{\"error\":\"partial write: unable to parse 'a v=1"
                          " 1': x\\nunable to parse 'b v=2 2': y"),
                     VERDICT_REFUSED);
    assert_named(&f->ruling, "0:x");
    assert_int_equal(f->ruling.unnamed, 0);
    assert_int_equal(read(f, 400,
                          "{\"error\":\"partial write of line protocol"
                          " occurred\",\"data\":[{\"error_message\":\"x\","
                          "\"line_number\":2,\"original_line\":\"b v=2 2\"},"
                          "{\"error_message\":\"y\",\"line_number\":3"),
                     VERDICT_REFUSED);
    assert_named(&f->ruling, "1:x");
}

static void a_line_that_is_refused_alone_is_named(void **state)
{
    struct fixture *f = *state;
    f->reply.lines = TEXT(A);
    assert_int_equal(read(f, 400,
                          "{\"error\":\"partial write: points beyond retention"
                          " policy dropped=1\"}"),
                     VERDICT_PARTLY);
    assert_named(&f->ruling,
                 "0:partial write: points beyond retention policy dropped=1");
    assert_int_equal(f->ruling.unnamed, 0);
    f->reply.lines = TEXT("");
    assert_int_equal(read(f, 400, "{\"error\":\"unable to parse\"}"),
                     VERDICT_REFUSED);
    assert_named(&f->ruling, "");
    assert_int_equal(f->ruling.unnamed, 0);
}

static void a_certificate_is_for_the_operator(void **state)
{
    struct fixture *f = *state;
    f->reply.is_untrusted = true;
    assert_int_equal(read(f, 0, "certificate has expired"), VERDICT_HOLD);
    assert_non_null(strstr(f->ruling.advice, "ca_file"));
    assert_int_equal(read(f, 204, ""), VERDICT_ACCEPTED);
}

static void an_empty_write_tells_who_is_alive(void **state)
{
    static const struct {
        int status;
        const char *body;
        bool is_alive;
    } rows[] = {
        {204, "", true},
        {200, "", true},
        {200, "hello", false},
        {400, "incoming write was empty", true},
        {400, "{\"error\":\"incoming write was empty\"}", true},
        {400, "{\"code\":\"invalid\",\"message\":\"incoming write was empty\"}",
         true},
        {400,
         "{\"code\":\"invalid\",\"message\":\"write buffer error: error"
         " from wal: x\"}",
         false},
        {400, "{\"error\":\"database is required\"}", false},
        {400, "", false},
        {401, "", false},
        {404, "", false},
        {500, "incoming write was empty", false},
        {503, "", false},
        {0, "", false},
    };
    struct fixture *f = *state;
    f->reply.lines = TEXT("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read(f, rows[i].status, rows[i].body);
        assert_int_equal(verdict_is_alive(&f->ruling, rows[i].status),
                         rows[i].is_alive);
    }
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(influxdb_1),
        cmocka_unit_test(influxdb_2_and_the_cloud),
        cmocka_unit_test(influxdb_3),
        cmocka_unit_test(victoria_metrics),
        cmocka_unit_test(what_stands_in_between),
        ROW(compression_is_blamed_only_if_there_was_some),
        ROW(a_line_cannot_speak_for_the_server),
        ROW(an_answer_that_was_cut_is_not_the_whole_truth),
        ROW(a_line_that_is_refused_alone_is_named),
        ROW(a_certificate_is_for_the_operator),
        ROW(an_empty_write_tells_who_is_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
