/* The endings of a request, with a journal that takes letters, one that has no
 * place for them, and as a replay. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceilings.h"
#include "error.h"
#include "ingest.h"
#include "journal.h"
#include "log.h"
#include "memory_disk.h"
#include "request.h"
#include "route.h"
#include "said.h"
#include "verify.h"

static char script_text[] =
    "return function(req)\n"
    "  if not req.query.only then emit('early', nil, { v = 1 }) end\n"
    "  if req.query.once and not store.add(req.query.once, '1h') then\n"
    "    return nil, 'a double', 410\n"
    "  end\n"
    "  if req.query.reply then reply(201, 'thanks') end\n"
    "  if req.query.fail then error('oh no ' .. req.query.fail) end\n"
    "  if req.query.loop then while true do end end\n"
    "  if req.query.bomb then local s = 'x' while true do s = s .. s end end\n"
    "  if req.query.many then while true do emit('m', nil, {v = 1}) end end\n"
    "  if req.query.long then emit('m', nil, { v = ('x'):rep(65000) }) end"
    "  if req.query.wide then for i = 1, 130 do"
    " emit('m', nil, { v = ('x'):rep(60000) }, i) end end\n"
    "  if req.query.refuse then return nil, 'no', 409 end\n"
    "  if req.query.keep then keep(req.query.keep) end\n"
    "  if req.query.only then return keep('only') end\n"
    "  if req.json then each(req.json, function(x)\n"
    "    emit('m', nil, { v = x + 1 })\n"
    "  end) end\n"
    "end\n";

static struct script_source source = {.name = (char *)"t.lua",
                                      .path = (char *)"t.lua",
                                      .text = script_text,
                                      .len = sizeof script_text - 1,
                                      .dir = (char *)"."};
static char output_name[] = "influx";
static char *output_names[] = {output_name};
static char *route_secrets[] = {(char *)"PASSKEY", NULL};

enum { SINKS = 2, LETTERS = 1 };

struct fixture {
    struct memory_disk *disk;
    struct journal *journal;
    struct route_table *table;
    struct ingest *ingest;
    struct ingest_options options;
    struct buf letters; /* what the sink was given and wrote */
    size_t letter_count;
    size_t room;
    bool sink_fails;
    struct request request;
    struct receipt receipt;
    struct error err;
};

static bool write_letters(void *self, const struct text *items, size_t count,
                          struct error *err)
{
    struct fixture *f = self;
    if (f->sink_fails)
        return fail(err, ERR_IO, "the sink is broken");
    for (size_t i = 0; i < count; i++)
        assert_true(buf_append_text(&f->letters, items[i]));
    f->letter_count += count;
    return true;
}

static bool has_room(void *self, size_t count, size_t bytes, struct error *err)
{
    struct fixture *f = self;
    (void)bytes;
    return count <= f->room
           || fail(err, ERR_FULL, "%zu dead letters, the limit", f->room);
}

static struct route *add_route(struct fixture *f, const char *pattern)
{
    struct route *route = calloc(1, sizeof *route);
    *route = (struct route){.pattern = strdup(pattern),
                            .methods = METHOD_POST,
                            .outputs = 1,
                            .limits = LIMITS_DEFAULT};
    if (!route_table_add(f->table, route, &f->err))
        fail_msg("%s", f->err.text);
    return route;
}

static void add_routes(struct fixture *f)
{
    f->table = route_table_new();
    add_route(f, "/t")->limits.points = 1000;
    struct route *said = add_route(f, "/said");
    said->reply_status = 200;
    said->limits.time_ns = 400 * LIMITS_DEFAULT.time_ns; /* slow machines */
    said->reply_body = strdup("ok");
    add_route(f, "/strict")->refuses_errors = true;
    add_route(f, "/bad")->keeps_bad_bodies = true;
    struct route *native = add_route(f, "/native");
    native->line_protocol = true;
    native->script = -1;
    struct route *both = add_route(f, "/both");
    both->line_protocol = true;
    struct route *hush = add_route(f, "/hush");
    const char *const secrets[] = {"key-for-verify", NULL};
    const struct verify_options verify = {
        .scheme = VERIFY_HEADER, .name = "X-Station", .secrets = secrets};
    hush->secrets = calloc(2, sizeof *hush->secrets);
    hush->secrets[0] = strdup(route_secrets[0]);
    hush->verify = verify_new(&verify, &f->err);
    assert_non_null(hush->verify);
}

static void start(struct fixture *f)
{
    ingest_free(f->ingest);
    f->ingest = ingest_new(&f->options, &f->err);
    if (!f->ingest)
        fail_msg("%s", f->err.text);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    static const char *const names[] = {output_name};
    struct fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    log_set_level(LOG_ERROR);
    f->room = 100;
    f->disk = memory_disk_new(1);
    f->disk->free_bytes = INT64_C(1) << 40;
    buf_init(&f->letters, 64 << 20);
    struct journal_sink sinks[SINKS] = {{f, write_letters, NULL, false},
                                        {f, write_letters, has_room, false}};
    const struct journal_options journal = {.dir = "/data/journal",
                                            .outputs = names,
                                            .output_count = 1,
                                            .sinks = sinks,
                                            .sink_count = SINKS,
                                            .max_bytes = 1 << 30,
                                            .min_free_bytes = 1,
                                            .fs = &f->disk->fs};
    f->journal = journal_open(&journal, &f->err);
    if (!f->journal)
        fail_msg("%s", f->err.text);
    add_routes(f);
    f->options = (struct ingest_options){.routes = f->table,
                                         .scripts = &source,
                                         .script_count = 1,
                                         .outputs = {output_names, 1},
                                         .journal = f->journal,
                                         .waker = -1,
                                         .has_letters = true,
                                         .letters = LETTERS};
    request_init(&f->request);
    start(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    ingest_free(f->ingest);
    route_table_free(f->table);
    request_deinit(&f->request);
    journal_close(f->journal);
    buf_deinit(&f->letters);
    memory_disk_free(f->disk);
    return 0;
}

static void add_header(struct fixture *f, const char *name, const char *value)
{
    assert_true(pairs_add(&f->request.headers, &f->request.arena, text_of(name),
                          text_of(value)));
}

/* One POST with these headers ("Name", "value", ... NULL), at receipt time
 * 1000; what rides with it is committed. */
static bool post_with(struct fixture *f, const char *path, const char *query,
                      const char *body, const char *const *headers)
{
    struct request *request = &f->request;
    struct route_match match;
    request_reset(request);
    request_stamp(request);
    request->time_ns = 1000;
    memcpy(request->id, "0123456789abcdef", REQUEST_ID_BYTES);
    request->method = TEXT("POST");
    request->path = text_of(path);
    request->query_string = text_of(query);
    request->remote = TEXT("192.0.2.7");
    request->raw_body = text_of(body);
    for (; headers && *headers; headers += 2)
        add_header(f, headers[0], headers[1]);
    f->err = (struct error){0};
    assert_true(
        route_find(f->table, METHOD_POST, request->path, &match, &f->err));
    bool is_stored =
        ingest_request(f->ingest, request, &match, NULL, &f->receipt, &f->err);
    buf_clear(&f->letters);
    f->letter_count = 0;
    struct error ignored;
    journal_commit(f->journal, &ignored);
    return is_stored;
}

static bool post(struct fixture *f, const char *path, const char *query,
                 const char *body)
{
    return post_with(f, path, query, body, NULL);
}

static enum ticket_state ticket(struct fixture *f)
{
    return journal_ticket(f->journal, f->receipt.ticket);
}

/* It is a letter now, on disk, with that reason; and so many points. */
static void assert_kept(struct fixture *f, const char *reason, size_t points)
{
    char note[600];
    snprintf(note, sizeof note, "# @reason %s\n", reason);
    assert_int_equal(f->err.kind, ERR_NONE);
    assert_true(f->receipt.must_wait);
    assert_int_equal(ticket(f), TICKET_DURABLE);
    assert_int_equal(f->letter_count, 1);
    if (!strstr(buf_string(&f->letters), note))
        fail_msg("%s not in %s", note, buf_string(&f->letters));
    assert_non_null(
        strstr(buf_string(&f->letters), "# @id 0123456789abcdef\n"));
    assert_int_equal(f->receipt.point_count, points);
}

static void assert_not_kept(struct fixture *f)
{
    assert_int_equal(f->letter_count, 0);
    assert_int_equal(f->receipt.kept_count, 0);
}

static uint64_t durable(struct fixture *f)
{
    return journal_durable(f->journal, 0, UINT64_MAX - 1, 0);
}

/* ---- the four endings ---- */

static void points_alone_keep_nothing(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/t", "", ""));
    assert_not_kept(f);
    assert_int_equal(f->receipt.reply.status, 204);
    assert_int_equal(f->receipt.point_count, 1);
}

static void a_refusal_keeps_nothing(void **state)
{
    struct fixture *f = *state;
    assert_false(post(f, "/t", "refuse", ""));
    assert_int_equal(f->err.status, 409);
    assert_not_kept(f);
    assert_false(post(f, "/t", "refuse&keep=me", ""));
    assert_not_kept(f);
    assert_int_equal(durable(f), 1);
}

static void
a_body_that_is_none_is_refused_unless_the_route_keeps_it(void **state)
{
    struct fixture *f = *state;
    static const char *const gzip[] = {"Content-Encoding", "gzip", NULL};
    assert_false(post(f, "/t", "", "{"));
    assert_int_equal(f->err.kind, ERR_BAD_REQUEST);
    assert_not_kept(f);
    assert_true(post(f, "/bad", "", "{"));
    assert_kept(
        f,
        "bad JSON at offset 1, line 1, column 2: a name in quotes expected, the"
        " text ends",
        0);
    assert_int_equal(f->receipt.reply.status, 202);
    assert_true(post_with(f, "/bad", "", "not packed", gzip));
    assert_int_equal(f->letter_count, 1);
    assert_non_null(strstr(buf_string(&f->letters), "\n\nnot packed"));
    assert_int_equal(durable(f), 1);
}

static void a_failed_script_is_kept_and_its_points_are_not(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/t", "fail=here", ""));
    assert_kept(f, "t.lua:7: oh no here", 0);
    assert_non_null(
        strstr(buf_string(&f->letters), "# @traceback stack traceback:\n"));
    assert_non_null(strstr(buf_string(&f->letters), "POST /t?fail=here HTTP"));
    assert_int_equal(f->receipt.reply.status, 202);
    assert_text(f->receipt.reply.type, "application/json");
    assert_text(f->receipt.reply.body,
                "{\"id\":\"0123456789abcdef\",\"kept\":\"t.lua:7: oh no"
                " here\"}\n");
    assert_int_equal(durable(f), 1);
}

static void so_is_one_that_ran_into_a_limit(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/t", "loop", ""));
    assert_kept(f, "t.lua:8: time limit of 10 ms reached", 0);
    assert_true(post(f, "/t", "bomb", ""));
    assert_kept(f, "t.lua: memory limit of 32000000 bytes reached", 0);
    assert_true(post(f, "/t", "many", ""));
    assert_kept(f, "more than 1000 points from one request (limits.points)", 0);
    assert_true(post(f, "/t", "long", ""));
    assert_kept(f,
                "a point of m takes 65012 bytes as a line, the limit is"
                " 61440",
                0);
    assert_true(post(f, "/said", "wide", ""));
    assert_kept(f, "the line protocol of this request passes 7340032 bytes", 0);
    assert_int_equal(durable(f), 1);
}

static void the_sender_is_told_in_its_own_words(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/t", "fail&reply", ""));
    assert_int_equal(f->receipt.reply.status, 201);
    assert_text(f->receipt.reply.body, "thanks");
    assert_true(post(f, "/said", "fail", ""));
    assert_int_equal(f->receipt.reply.status, 200);
    assert_text(f->receipt.reply.body, "ok");
    assert_true(post(f, "/said", "fail&reply", ""));
    assert_int_equal(f->receipt.reply.status, 201);
    assert_int_equal(f->letter_count, 1);
}

static void a_strict_route_refuses_a_failed_script(void **state)
{
    struct fixture *f = *state;
    assert_false(post(f, "/strict", "fail", ""));
    assert_int_equal(f->err.kind, ERR_SCRIPT);
    assert_not_kept(f);
    assert_false(post(f, "/strict", "long", ""));
    assert_int_equal(f->err.kind, ERR_TOO_LARGE);
    assert_not_kept(f);
}

/* What a script kept on purpose is no failure. */
static void a_strict_route_keeps_what_the_script_keeps(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/strict", "keep=odd", "[1,[],3]"));
    assert_kept(f, "t.lua:13: odd (and 1 more)", 3);
}

static void a_part_that_failed_is_kept_beside_the_others(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/t", "", "[1,[],3,{}]"));
    assert_kept(f,
                "element 2: t.lua:16: attempt to perform arithmetic on a array"
                " value (local 'x') (and 1 more)",
                3);
    assert_non_null(strstr(buf_string(&f->letters),
                           "# @kept element 2: t.lua:16: attempt"));
    assert_non_null(
        strstr(buf_string(&f->letters), "\n#   element 4: t.lua:16: attempt"));
    assert_int_equal(f->receipt.kept_count, 2);
    assert_int_equal(f->receipt.reply.status, 202);
    assert_int_equal(durable(f), 4);
}

static void a_native_write_is_as_it_was(void **state)
{
    struct fixture *f = *state;
    assert_false(post(f, "/native", "", "m v=oops"));
    assert_int_equal(f->err.kind, ERR_BAD_REQUEST);
    assert_not_kept(f);
    char *body = calloc(1, 70000);
    memset(body, 'x', 69000);
    memcpy(body, "m v=\"", 5);
    body[68999] = '"';
    assert_false(post(f, "/native", "", body));
    assert_int_equal(f->err.kind, ERR_TOO_LARGE);
    assert_not_kept(f);
    free(body);
    assert_true(post(f, "/both", "fail=native", "m v=1"));
    assert_kept(f, "t.lua:7: oh no native", 0);
}

/* ---- where letters go ---- */

static void without_room_nothing_is_stored(void **state)
{
    struct fixture *f = *state;
    f->room = 0;
    assert_false(post(f, "/t", "fail", ""));
    assert_int_equal(f->err.kind, ERR_FULL);
    assert_string_equal(f->err.text, "0 dead letters, the limit");
    assert_false(post(f, "/t", "", "[1,[]]"));
    assert_int_equal(f->err.kind, ERR_FULL);
    assert_int_equal(f->letter_count, 0);
    assert_int_equal(durable(f), 1);
    assert_true(post(f, "/t", "", "[1]"));
    assert_int_equal(durable(f), 3);
}

static void a_letter_that_was_not_written_is_no_2xx(void **state)
{
    struct fixture *f = *state;
    log_set_level(LOG_ERROR + 1);
    f->sink_fails = true;
    assert_true(post(f, "/t", "fail", ""));
    assert_true(f->receipt.must_wait);
    assert_int_equal(ticket(f), TICKET_FAILED);
    assert_true(post(f, "/t", "", "[1,[]]"));
    assert_int_equal(ticket(f), TICKET_FAILED);
}

static void a_journal_without_letters_refuses(void **state)
{
    struct fixture *f = *state;
    f->options.has_letters = false;
    start(f);
    assert_false(post(f, "/t", "fail", ""));
    assert_int_equal(f->err.kind, ERR_SCRIPT);
    assert_string_equal(f->err.text, "t.lua:7: oh no ");
    assert_false(post(f, "/t", "", "[1,[]]"));
    assert_int_equal(f->err.kind, ERR_SCRIPT);
    assert_non_null(strstr(f->err.text, "no place to keep this request: "));
    assert_int_equal(durable(f), 1);
}

static void without_a_journal_it_is_said_what_would_be(void **state)
{
    struct fixture *f = *state;
    f->options.journal = NULL;
    f->options.has_letters = false;
    start(f);
    assert_true(post(f, "/t", "fail=so", ""));
    assert_int_equal(f->receipt.kept_count, 1);
    assert_int_equal(f->receipt.reply.status, 202);
    assert_false(f->receipt.must_wait);
    assert_text(buf_text(&ingest_kept(f->ingest)->lines),
                "t.lua:7: oh no so\n");
    assert_int_equal(f->letter_count, 0);
}

static void a_replay_makes_no_second_letter(void **state)
{
    struct fixture *f = *state;
    f->options.is_replay = true;
    start(f);
    assert_false(post(f, "/t", "fail", ""));
    assert_int_equal(f->err.kind, ERR_SCRIPT);
    assert_int_equal(f->letter_count, 0);
    assert_true(post(f, "/t", "", "[1,[],3]"));
    assert_int_equal(f->letter_count, 0);
    assert_int_equal(f->receipt.kept_count, 1);
    assert_int_equal(f->receipt.point_count, 3);
    assert_int_equal(ticket(f), TICKET_DURABLE);
    assert_int_equal(durable(f), 4);
    assert_true(post(f, "/t", "", "[1]"));
    assert_int_equal(f->receipt.kept_count, 0);
}

/* ---- what store.add was first with ---- */

static bool is_double(struct fixture *f, const char *query)
{
    bool is_stored = post(f, "/t", query, "");
    return !is_stored && f->err.status == 410;
}

static void a_double_is_known_once_the_first_is_stored(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/t", "once=a", ""));
    assert_int_equal(f->receipt.firsts.count, 1);
    assert_text(f->receipt.firsts.names[0], "a");
    assert_true(is_double(f, "once=a"));
    assert_true(post(f, "/t", "once=b&keep=b", ""));
    assert_true(is_double(f, "once=b"));
}

/* Else the second try, or the replay, would be dropped. */
static void what_was_not_stored_is_no_double_later(void **state)
{
    struct fixture *f = *state;
    static const char *const lost[] = {"once=a&fail", "once=a&bomb",
                                       "once=a&long", "once=a&refuse",
                                       "once=a&only"};
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        post(f, "/t", lost[i], "");
        assert_int_equal(f->receipt.point_count, 0);
        assert_int_equal(f->receipt.firsts.count, 0);
        assert_false(is_double(f, "once=a&fail"));
    }
    f->room = 0;
    assert_false(post(f, "/t", "once=a&keep=x", ""));
    assert_int_equal(f->err.kind, ERR_FULL);
    assert_false(is_double(f, "once=a"));
    assert_true(is_double(f, "once=a"));
}

static void a_failed_ticket_can_be_forgotten(void **state)
{
    struct fixture *f = *state;
    assert_true(post(f, "/t", "once=a", ""));
    first_settle(&f->receipt.firsts, false);
    assert_false(is_double(f, "once=a"));
    first_settle(&(struct firsts){.count = 0}, false);
    assert_true(is_double(f, "once=a"));
}

/* ---- secrets, and the log ---- */

static void no_secret_gets_into_letter_answer_or_log(void **state)
{
    struct fixture *f = *state;
    static const char *const headers[] = {
        "Authorization", "Bearer hush-token", "X-Station", "key-for-verify",
        "X-Plain",       "to be seen",        NULL};
    struct said said;
    log_set_level(LOG_INFO);
    said_begin(&said);
    assert_true(post_with(f, "/hush",
                          "PASSKEY=hush-pass&fail=hush-pass+hush-token+"
                          "key-for-verify",
                          "", headers));
    const char *log = said_end(&said);
    const char *const secrets[] = {"hush-pass", "hush-token", "key-for-verify"};
    for (int i = 0; i < 3; i++) {
        assert_null(strstr(log, secrets[i]));
        assert_null(memmem(f->receipt.reply.body.at, f->receipt.reply.body.len,
                           secrets[i], strlen(secrets[i])));
    }
    assert_non_null(strstr(log,
                           "POST /hush from 192.0.2.7 is kept as"
                           " 0123456789abcdef: t.lua:7: oh no *** *** ***"));
    const char *letter = buf_string(&f->letters);
    assert_non_null(strstr(letter, "Authorization: ***\n"));
    assert_non_null(strstr(letter, "X-Station: ***\n"));
    assert_non_null(strstr(letter, "X-Plain: to be seen\n"));
    assert_non_null(strstr(letter, "PASSKEY=***&"));
    assert_non_null(strstr(letter, "# @reason t.lua:7: oh no *** *** ***\n"));
}

/* The query that was sent stands in the letter only where it is secret by name;
 * an error of a strict route is clean too. */
static void no_secret_gets_into_a_refusal(void **state)
{
    struct fixture *f = *state;
    assert_false(post(f, "/strict", "token=hush-token&fail=hush-token", ""));
    assert_string_equal(f->err.text, "t.lua:7: oh no ***");
}

static void the_log_has_a_few_lines_a_second_of_each_route(void **state)
{
    struct fixture *f = *state;
    struct said said;
    log_set_level(LOG_INFO);
    said_begin(&said);
    for (int i = 0; i < 20; i++)
        assert_true(post(f, "/t", "fail=often", ""));
    assert_true(post(f, "/said", "fail=once", ""));
    const char *log = said_end(&said);
    int lines = 0;
    for (const char *at = log; (at = strstr(at, "often")); at++)
        lines++;
    assert_in_range(lines, 10, 19);
    assert_non_null(strstr(log, "POST /said from 192.0.2.7 is kept as"));
}

/* ---- every ending, at random, in a row: stored + kept = all ---- */

static void nothing_is_lost_whatever_comes(void **state)
{
    struct fixture *f = *state;
    unsigned random = 99;
    uint64_t points = 1;
    for (int round = 0; round < 400; round++) {
        random = random * 1103515245 + 12345;
        unsigned kind = (random >> 16) % 8, bad = 0, count = random >> 24;
        char body[600] = "[";
        for (unsigned i = 0; i < count % 50; i++) {
            random = random * 1103515245 + 12345;
            bool is_bad = (random >> 16) % 4 == 0;
            bad += is_bad;
            snprintf(body + strlen(body), 9, "%s%s", i ? "," : "",
                     is_bad ? "[]" : "7");
        }
        strcat(body, "]");
        const char *query = kind == 0   ? "fail"
                            : kind == 1 ? "refuse"
                            : kind == 2 ? "keep"
                                        : "";
        bool ok = post(f, "/t", query, body);
        unsigned good = kind < 2 ? 0 : 1 + count % 50 - bad;
        points += good;
        assert_int_equal(ok, kind != 1);
        assert_int_equal(durable(f), points);
        if (kind == 1)
            continue;
        assert_int_equal(f->receipt.point_count, good);
        assert_int_equal(f->receipt.kept_count,
                         kind == 0 ? 1 : bad + (kind == 2));
        assert_int_equal(f->letter_count, f->receipt.kept_count > 0);
        assert_int_equal(ticket(f), TICKET_DURABLE);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(points_alone_keep_nothing),
        CASE(a_refusal_keeps_nothing),
        CASE(a_body_that_is_none_is_refused_unless_the_route_keeps_it),
        CASE(a_failed_script_is_kept_and_its_points_are_not),
        CASE(so_is_one_that_ran_into_a_limit),
        CASE(the_sender_is_told_in_its_own_words),
        CASE(a_strict_route_refuses_a_failed_script),
        CASE(a_strict_route_keeps_what_the_script_keeps),
        CASE(a_part_that_failed_is_kept_beside_the_others),
        CASE(a_native_write_is_as_it_was),
        CASE(without_room_nothing_is_stored),
        CASE(a_letter_that_was_not_written_is_no_2xx),
        CASE(a_journal_without_letters_refuses),
        CASE(without_a_journal_it_is_said_what_would_be),
        CASE(a_replay_makes_no_second_letter),
        CASE(a_double_is_known_once_the_first_is_stored),
        CASE(what_was_not_stored_is_no_double_later),
        CASE(a_failed_ticket_can_be_forgotten),
        CASE(no_secret_gets_into_letter_answer_or_log),
        CASE(no_secret_gets_into_a_refusal),
        CASE(the_log_has_a_few_lines_a_second_of_each_route),
        CASE(nothing_is_lost_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
