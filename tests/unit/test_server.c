/* The senders' door, over real sockets. */
#include "stage.h"

#include <pthread.h>

#include "progress.h"
#include "stats.h"

static struct stage stage;

static int set_up(void **state)
{
    (void)state;
    stage_init(&stage);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_deinit(&stage);
    return 0;
}

/* --------------------------------------------------------- the promise --- */

static void an_answer_comes_only_when_it_is_durable(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say_write(fd, "/write", "", "m a=1\nm a=2\n");
    stage_wait_appended(&stage, 2);
    assert_true(is_silent(fd));
    uint64_t acked = stats_get(&stats.acked_points);
    stage_commit(&stage);
    struct heard *heard = hear(fd);
    assert_int_equal(heard->status, 204);
    assert_true(says(heard, "\r\nX-Request-Id: "));
    assert_int_equal(stats_get(&stats.acked_points), acked + 2);
    say_write(fd, "/api/v2/write", "", "m a=3\n");
    stage_wait_appended(&stage, 3);
    stage_commit(&stage);
    assert_int_equal(hear(fd)->status, 204);
    close(fd);
}

static int broken_fdatasync(const struct file_system *fs, int fd)
{
    (void)fs, (void)fd;
    errno = EIO;
    return -1;
}

static void a_failed_sync_is_told_as_503(void **state)
{
    (void)state;
    stage.fs.fdatasync = broken_fdatasync;
    stage_start(&stage);
    int fd = call(&stage);
    say_write(fd, "/api/v2/write", "", "m a=1\n");
    stage_wait_appended(&stage, 1);
    assert_false(journal_commit(stage.journal, NULL));
    struct heard *heard = hear(fd);
    assert_int_equal(heard->status, 503);
    assert_true(says(heard, "\r\nRetry-After: "));
    assert_true(says(heard, "\"code\":\"unavailable\""));
    assert_true(says(heard, "unknown"));
    close(fd);
}

static void a_sync_that_takes_too_long_is_told_as_503(void **state)
{
    (void)state;
    stage.deadlines.commit_ns = 20 * NS_PER_MS;
    stage_start(&stage);
    int fd = call(&stage);
    say_write(fd, "/write", "", "m a=1\n");
    struct heard *heard = hear(fd);
    assert_int_equal(heard->status, 503);
    assert_true(says(heard, "{\"error\":\""));
    stage_commit(&stage);
    say_write(fd, "/ping", "", "");
    assert_int_equal(hear(fd)->status, 404);
    close(fd);
}

/* Whether it was stored is unknown, so its second try is no double. */
static void what_was_not_synced_was_not_first(void **state)
{
    (void)state;
    static char text[] = "return function(req)\n"
                         "  if not store.add('once') then\n"
                         "    return nil, 'a double', 410\n"
                         "  end\n"
                         "  return point('m', nil, { a = 1 })\n"
                         "end\n";
    static const struct script_source source = {.name = (char *)"t.lua",
                                                .path = (char *)"t.lua",
                                                .text = text,
                                                .len = sizeof text - 1,
                                                .dir = (char *)"."};
    stage.script = &source;
    struct route *route = stage_route(&stage, "/once");
    route->line_protocol = false;
    route->script = 0;
    stage.deadlines.commit_ns = 20 * NS_PER_MS;
    stage_start(&stage);
    int fd = call(&stage);
    for (int i = 0; i < 2; i++) {
        say_write(fd, "/once", "", "");
        assert_int_equal(hear(fd)->status, 503);
    }
    assert_int_equal(stage_appended(&stage), 2);
    stage_commit(&stage);
    close(fd);
}

struct two {
    int kept, plain; /* sockets */
};

/* The worker that has both is free meanwhile. */
static bool write_letter(void *self, const struct text *items, size_t count,
                         struct error *err)
{
    const struct two *two = self;
    (void)items, (void)err;
    assert_int_equal(count, 1);
    assert_int_equal(hear(two->plain)->status, 204);
    assert_true(is_silent(two->kept));
    return true;
}

static void lines_do_not_wait_behind_a_letter(void **state)
{
    (void)state;
    static char text[] = "return function(req)\n"
                         "  if req.query.keep then keep('to look at') end\n"
                         "  return point('m', nil, { a = 1 })\n"
                         "end\n";
    static const struct script_source source = {.name = (char *)"t.lua",
                                                .path = (char *)"t.lua",
                                                .text = text,
                                                .len = sizeof text - 1,
                                                .dir = (char *)"."};
    struct two two;
    stage.script = &source;
    stage.letters = (struct journal_sink){.self = &two, .write = write_letter};
    struct route *route = stage_route(&stage, "/keep");
    route->line_protocol = false;
    route->script = 0;
    stage_start(&stage);
    two = (struct two){call(&stage), call(&stage)};
    say_write(two.kept, "/keep?keep=1", "", "");
    stage_wait_appended(&stage, 1);
    say_write(two.plain, "/keep", "", "");
    stage_wait_appended(&stage, 2);
    stage_commit(&stage);
    assert_int_equal(hear(two.kept)->status, 202);
    close(two.kept);
    close(two.plain);
}

/* Refusals are kept for those who wait; a wait that never ended would have all
 * of them kept. */
static void a_wait_for_the_output_ends_with_its_answer(void **state)
{
    (void)state;
    struct progress *progress = progress_new();
    const struct stretch later = {.points = 1, .first_seq = 200};
    struct error err;
    stage.progress = progress;
    stage_route(&stage, "/sure")->written_wait_ns = 60 * NS_PER_S;
    stage_start(&stage);
    int fd = call(&stage);
    say_write(fd, "/sure", "", "m a=1\n");
    stage_wait_appended(&stage, 1);
    stage_commit(&stage);
    assert_true(is_silent(fd));
    progress_settle(progress, 0, 100);
    assert_int_equal(hear(fd)->status, 204);
    say_write(fd, "/nowhere", "", "");
    assert_int_equal(hear(fd)->status, 404);
    close(fd);
    progress_refuse(progress, 0, 200, 400, TEXT("no"));
    progress_settle(progress, 0, 300);
    assert_true(progress_look(progress, &later, &err));
    assert_int_equal(err.kind, ERR_NONE);
    server_stop(stage.server);
    stage.server = NULL;
    progress_free(progress);
}

/* The one worker has handled what was sent before: its second answer comes from
 * a pass that began later. */
static void wait_a_pass(void)
{
    int fd = call(&stage);
    for (int i = 0; i < 2; i++) {
        say_write(fd, "/nowhere", "", "");
        assert_int_equal(hear(fd)->status, 404);
    }
    close(fd);
}

/* Stores each id of its senders once. */
static void route_once(void)
{
    static char text[] =
        "return function(req)\n"
        "  if not store.add(req.query.id, 60) then return end\n"
        "  return point('m', nil, { a = 1 })\n"
        "end\n";
    static const struct script_source source = {.name = (char *)"t.lua",
                                                .path = (char *)"t.lua",
                                                .text = text,
                                                .len = sizeof text - 1,
                                                .dir = (char *)"."};
    stage.script = &source;
    struct route *route = stage_route(&stage, "/once");
    route->line_protocol = false;
    route->script = 0;
}

/* A sender that gave up waiting for the first answer tries again on another
 * connection: it is told that all is well when all is, or that it is not. */
static void a_double_waits_for_the_first(void **state)
{
    (void)state;
    route_once();
    stage_start(&stage);
    int first = call(&stage), second = call(&stage);
    for (int fails = 0; fails < 2; fails++) {
        const char *target = fails ? "/once?id=b" : "/once?id=a";
        if (fails) {
            say_write(second, "/once?id=a", "", ""); /* on disk: at once */
            assert_int_equal(hear(second)->status, 204);
            stage.fs.fdatasync = broken_fdatasync;
        }
        say_write(first, target, "", "");
        wait_a_pass();
        say_write(second, target, "", "");
        wait_a_pass();
        assert_true(is_silent(second));
        assert_int_equal(journal_commit(stage.journal, NULL), !fails);
        assert_int_equal(hear(first)->status, fails ? 503 : 204);
        assert_int_equal(hear(second)->status, fails ? 503 : 204);
    }
    close(first);
    close(second);
}

/* Nobody is there to be told; its second try all the same is no double. */
static void what_a_sender_that_left_was_first_with_is_forgotten(void **state)
{
    (void)state;
    route_once();
    stage_start(&stage);
    int first = call(&stage), second = call(&stage);
    struct linger at_once = {.l_onoff = 1};
    say_write(first, "/once?id=a", "", "");
    wait_a_pass();
    setsockopt(first, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(first);
    stage.fs.fdatasync = broken_fdatasync;
    assert_false(journal_commit(stage.journal, NULL));
    stage.fs.fdatasync = file_real.fdatasync;
    do { /* the journal backs off for a moment */
        say_write(second, "/once?id=a", "", "");
        wait_a_pass();
    } while (!is_silent(second)
             && strstr(hear(second)->text, "cannot be written"));
    assert_true(is_silent(second));
    assert_true(journal_commit(stage.journal, NULL));
    assert_int_equal(hear(second)->status, 204);
    close(second);
}

static void a_sender_that_closed_its_half_is_answered(void **state)
{
    (void)state;
    stage_start(&stage);
    int older = call(&stage), fd = call(&stage);
    say(older, "POST /write HTTP/1.1\r\nHost: x\r\n");
    say_write(fd, "/write", "", "m a=1\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    stage_wait_appended(&stage, 1);
    stage_commit(&stage);
    assert_int_equal(hear(fd)->status, 204);
    assert_true(has_ended(fd));
    close(older);
    close(fd);
}

static void senders_that_leave_while_parked_harm_nobody(void **state)
{
    (void)state;
    stage_start(&stage);
    for (int round = 0; round < 50; round++) {
        int leaves = call(&stage), stays = call(&stage);
        struct linger at_once = {.l_onoff = round % 2};
        say_write(leaves, "/write", "", "m a=1\n");
        say_write(stays, "/write", "", "m a=2\n");
        stage_wait_appended(&stage, (uint64_t)(round + 1) * 2);
        setsockopt(leaves, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(leaves);
        stage_commit(&stage);
        assert_int_equal(hear(stays)->status, 204);
        close(stays);
    }
}

static void pipelined_requests_are_answered_at_once(void **state)
{
    (void)state;
    stage.commits = true;
    stage_start(&stage);
    int fd = call(&stage);
    int64_t begun_ns = patient_ns();
    for (int i = 0; i < 200; i++)
        say_write(fd, i % 10 == 9 ? "/nowhere" : "/write", "", "m a=1\n");
    for (int i = 0; i < 200; i++)
        assert_int_equal(hear(fd)->status, i % 10 == 9 ? 404 : 204);
    assert_true(patient_ns() - begun_ns < 10 * NS_PER_S);
    assert_int_equal(stage_appended(&stage), 180);
    close(fd);
}

static void what_comes_during_a_sync_is_not_forgotten(void **state)
{
    (void)state;
    enum { SENDERS = 40 };
    int fds[SENDERS];
    stage_start(&stage);
    for (int i = 0; i < SENDERS; i++) {
        fds[i] = call(&stage);
        say_write(fds[i], "/write", "Connection: close\r\n", "m a=1\n");
    }
    stage_wait_appended(&stage, SENDERS);
    int64_t begun_ns = patient_ns();
    stage_commit(&stage);
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(hear(fds[i])->status, 204);
        assert_true(has_ended(fds[i]));
        close(fds[i]);
    }
    assert_true(patient_ns() - begun_ns < NS_PER_S / 2);
}

/* ------------------------------------------------------------- refusals -- */

static struct heard *ask(const char *request)
{
    int fd = call(&stage);
    say(fd, request);
    struct heard *heard = hear(fd);
    close(fd);
    return heard;
}

static void each_refusal_has_its_status(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *part;
    } rows[] = {
        {"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not found"},
        {"GET /write HTTP/1.1\r\nHost: x\r\n\r\n", 405,
         "Allow: HEAD, POST, PUT\r\n"},
        {"BREW /write HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: "},
        {"POST /secret HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 401,
         "WWW-Authenticate: Bearer"},
        {"POST /secret HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n"
         "Content-Length: 3\r\n\r\nm a",
         401, "unauthorized"},
        {"POST /inside HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 403,
         "forbidden"},
        {"POST /write HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\n"
         "Content-Length: 1\r\n\r\nx",
         415, "{\"error\":"},
        {"POST /api/v2/write HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
         "\r\nm a",
         400, "\"code\":\"invalid\""},
        {"POST /write HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
         "Content-Length: 3\r\n\r\nabc",
         400, "{\"error\":"},
    };
    stage_start(&stage);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t before = stage_appended(&stage);
        struct heard *heard = ask(rows[i].request);
        if (heard->status != rows[i].status
            || (rows[i].part && !says(heard, rows[i].part))
            || !says(heard, "\r\nX-Request-Id: "))
            fail_msg("row %zu: %s", i, heard->text);
        assert_int_equal(stage_appended(&stage), before);
    }
}

static void a_refused_sender_keeps_its_connection(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    for (int i = 0; i < 3; i++) {
        say_write(fd, "/nowhere", "", "some body");
        assert_int_equal(hear(fd)->status, 404);
        say_write(fd, "/secret", "", "m a=1\n");
        assert_int_equal(hear(fd)->status, 401);
    }
    say_write(fd, "/secret", "Authorization: Token s3cret\r\n", "m a=1\n");
    stage_wait_appended(&stage, 1);
    stage_commit(&stage);
    assert_int_equal(hear(fd)->status, 204);
    close(fd);
}

static void probes_are_answered(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "HEAD /write HTTP/1.1\r\nHost: x\r\n\r\n"
            "HEAD /secret HTTP/1.1\r\nHost: x\r\n\r\n"
            "HEAD /nowhere HTTP/1.0\r\n\r\n");
    static const char *const statuses[] = {"200", "200", "404"};
    char all[4096];
    size_t len = 0;
    ssize_t got;
    while ((got = recv(fd, all + len, sizeof all - len - 1, 0)) > 0)
        len += (size_t)got;
    all[len] = '\0';
    const char *at = all;
    for (int i = 0; i < 3; i++) {
        at = strstr(at, "HTTP/1.");
        assert_non_null(at);
        assert_memory_equal(at + 9, statuses[i], 3);
        at++;
    }
    close(fd);
    struct heard *heard = ask("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(heard->status, 204);
    assert_true(says(heard, "X-Influxdb-Version: "));
    heard = ask("GET /health?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(heard->status, 200);
    assert_true(says(heard, "\"status\":\"pass\""));
}

static void ambiguous_requests_are_refused_and_closed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
        "Content-Length: 0\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n"
        "\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n"
        "\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n"
        "\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\n"
        "Transfer-Encoding: chunked, identity\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc",
        "POST /write HTTP/1.1\r\nHost: x\r\nX(Y): 3\r\n\r\n",
        "POST /write HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc",
    };
    stage_start(&stage);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = call(&stage);
        say(fd, rows[i]);
        struct heard *heard = hear(fd);
        if (heard->status != 400)
            fail_msg("row %zu: %s", i, heard->text);
        while (recv(fd, heard->text, sizeof heard->text, 0) > 0)
            ;
        close(fd);
    }
}

static void too_many_headers_and_too_long_paths_are_refused(void **state)
{
    (void)state;
    char request[8192] = "GET /ping HTTP/1.1\r\nHost: x\r\n";
    stage_start(&stage);
    for (int i = 0; i < 64; i++)
        strcat(request, "A: b\r\n");
    strcat(request, "\r\n");
    assert_int_equal(ask(request)->status, 431);
    strcpy(request, "GET /");
    memset(request + 5, 'a', 4096);
    strcpy(request + 5 + 4096, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(ask(request)->status, 414);
}

/* --------------------------------------------------------------- bodies -- */

static void a_length_over_the_limit_is_refused_before_the_body(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "POST /small HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            "Content-Length: 1001\r\n\r\n");
    struct heard *heard = hear(fd);
    assert_int_equal(heard->status, 413);
    assert_true(says(heard, "1001 bytes, the limit is 1000"));
    assert_true(has_ended(fd));
    close(fd);
    fd = call(&stage);
    say(fd, "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n"
            "\r\n");
    assert_int_equal(hear(fd)->status, 413);
    assert_true(has_ended(fd));
    close(fd);
}

static int64_t nothing_free(const struct file_system *fs, const char *path)
{
    (void)fs, (void)path;
    return 0;
}

static void a_full_journal_is_told_before_the_body(void **state)
{
    (void)state;
    stage.fs.free_bytes = nothing_free;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "POST /write HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            "Content-Length: 6\r\n\r\n");
    struct heard *heard = hear(fd);
    assert_int_equal(heard->status, 503);
    assert_true(says(heard, "\r\nRetry-After: "));
    assert_true(has_ended(fd));
    close(fd);
    fd = call(&stage);
    for (int i = 0; i < 3; i++) {
        say_write(fd, "/write", "", "m a=1\n");
        assert_int_equal(hear(fd)->status, 503);
    }
    close(fd);
    assert_int_equal(stage_appended(&stage), 0);
}

static void an_encoding_is_refused_before_its_length(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\n"
            "Content-Length: 900000000\r\n\r\n");
    assert_int_equal(hear(fd)->status, 415);
    assert_true(has_ended(fd));
    close(fd);
}

static void a_target_may_name_its_host(void **state)
{
    (void)state;
    static const char *const right[] = {
        "GET http://x/ping HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET https://x:80/ping?a HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /ping? HTTP/1.1\r\nHost: x\r\n\r\n"};
    static const char *const wrong[] = {
        "GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET ?a HTTP/1.1\r\nHost: x\r\n\r\n"};
    stage_start(&stage);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(ask(right[i])->status, 204);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ask(wrong[i])->status, 404);
}

static void a_large_body_is_read_to_its_end(void **state)
{
    (void)state;
    static char body[3000000];
    stage.commits = true;
    stage_start(&stage);
    memset(body, '#', sizeof body);
    body[sizeof body - 1] = '\n';
    int fd = call(&stage);
    for (int i = 0; i < 3; i++) {
        char head[200];
        snprintf(head, sizeof head,
                 "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: %zu"
                 "\r\n\r\n",
                 sizeof body);
        say(fd, head);
        for (size_t at = 0; at < sizeof body;) {
            ssize_t sent = send(fd, body + at, sizeof body - at, MSG_NOSIGNAL);
            assert_true(sent > 0);
            at += (size_t)sent;
        }
        assert_int_equal(hear(fd)->status, 204);
    }
    close(fd);
}

static void a_welcome_sender_hears_100_continue(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "POST /small HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            "Content-Length: 6\r\n\r\n");
    assert_int_equal(hear(fd)->status, 100);
    say(fd, "m a=1\n");
    stage_wait_appended(&stage, 1);
    stage_commit(&stage);
    assert_int_equal(hear(fd)->status, 204);
    close(fd);
}

static void say_chunk(int fd, size_t len)
{
    static char chunk[8192];
    size_t head = (size_t)snprintf(chunk, sizeof chunk, "%zx\r\n", len);
    memset(chunk + head, 'x', len);
    memcpy(chunk + head + len, "\r\n", 2);
    send(fd, chunk, head + len + 2, MSG_NOSIGNAL);
}

static const char chunked_head[] = "POST /small HTTP/1.1\r\nHost: x\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n";

static void a_chunked_body_over_the_limit_is_413_at_its_end(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, chunked_head);
    say_chunk(fd, 1500);
    say(fd, "0\r\n\r\n");
    struct heard *heard = hear(fd);
    assert_int_equal(heard->status, 413);
    assert_true(says(heard, "Connection: close"));
    assert_true(has_ended(fd));
    close(fd);
}

static void a_chunked_body_of_twice_the_limit_is_cut_off(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, chunked_head);
    for (int i = 0; i < 5; i++)
        say_chunk(fd, 1000);
    assert_true(has_ended(fd));
    close(fd);
}

static void a_chunked_body_within_the_limit_is_taken(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, chunked_head);
    say(fd, "3\r\nm a\r\n3\r\n=1\n\r\n0\r\n\r\n");
    stage_wait_appended(&stage, 1);
    stage_commit(&stage);
    assert_int_equal(hear(fd)->status, 204);
    close(fd);
}

/* ------------------------------------------------------------ deadlines -- */

static void slow_headers_end_the_connection(void **state)
{
    (void)state;
    stage.deadlines.headers_ns = 20 * NS_PER_MS;
    stage.deadlines.sweep_ns = NS_PER_MS;
    stage_start(&stage);
    int silent = call(&stage), starts = call(&stage);
    say(starts, "POST /write HTTP/1.1\r\nHost: x\r\n");
    assert_true(has_ended(silent));
    struct heard *heard = hear(starts);
    assert_int_equal(heard->status, 408);
    assert_true(says(heard, "X-Request-Id: "));
    assert_true(has_ended(starts));
    close(silent);
    close(starts);
}

static void a_body_that_never_ends_is_told_408(void **state)
{
    (void)state;
    stage.deadlines.body_ns = 20 * NS_PER_MS;
    stage.deadlines.sweep_ns = NS_PER_MS;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nm");
    assert_int_equal(hear(fd)->status, 408);
    assert_true(has_ended(fd));
    assert_int_equal(stage_appended(&stage), 0);
    close(fd);
}

static void a_body_that_drips_is_told_408(void **state)
{
    (void)state;
    stage.deadlines.slow_body_ns = 50 * NS_PER_MS;
    stage.deadlines.body_bytes_per_s = 1000000;
    stage.deadlines.sweep_ns = NS_PER_MS;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nm");
    assert_int_equal(hear(fd)->status, 408);
    assert_true(has_ended(fd));
    close(fd);
}

static void an_idle_connection_ends(void **state)
{
    (void)state;
    stage.deadlines.idle_ns = 20 * NS_PER_MS;
    stage.deadlines.sweep_ns = NS_PER_MS;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hear(fd)->status, 204);
    assert_true(has_ended(fd));
    close(fd);
}

/* ---------------------------------------------------- start, drain, stop - */

static void *drain(void *unused)
{
    server_drain(stage.server);
    return unused;
}

static void wait_until_closed(unsigned port)
{
    int fd;
    while ((fd = call_port(port)) >= 0) {
        close(fd);
        sched_yield();
    }
}

static void a_drain_finishes_what_is_under_way(void **state)
{
    (void)state;
    pthread_t thread;
    stage_start(&stage);
    int parked = call(&stage), idle = call(&stage);
    say(idle, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hear(idle)->status, 204);
    say_write(parked, "/write", "", "m a=1\n");
    stage_wait_appended(&stage, 1);
    int64_t begun_ns = patient_ns();
    assert_int_equal(pthread_create(&thread, NULL, drain, NULL), 0);
    wait_until_closed(server_port(stage.server));
    assert_true(is_silent(parked));
    stage_commit(&stage);
    struct heard *heard = hear(parked);
    assert_int_equal(heard->status, 204);
    assert_true(says(heard, "Connection: close"));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(patient_ns() - begun_ns < NS_PER_S);
    say_write(idle, "/write", "", "m a=1\n");
    heard = hear(idle);
    assert_int_equal(heard->status, 503);
    assert_true(says(heard, "Connection: close"));
    assert_true(has_ended(idle));
    assert_int_equal(stage_appended(&stage), 1);
    close(parked);
    close(idle);
}

static void a_drain_waits_only_so_long_for_half_a_request(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say(fd, "POST /write HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            "Content-Length: 6\r\n\r\n");
    assert_int_equal(hear(fd)->status, 100);
    int64_t begun_ns = clock_mono_ns(), patient_begun_ns = patient_ns();
    server_drain(stage.server);
    assert_true(clock_mono_ns() - begun_ns >= NS_PER_S);
    assert_true(patient_ns() - patient_begun_ns < 2 * NS_PER_S);
    close(fd);
}

static void stopping_answers_what_is_parked(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say_write(fd, "/write", "", "m a=1\n");
    stage_wait_appended(&stage, 1);
    server_stop(stage.server);
    stage.server = NULL;
    struct heard *heard = hear(fd);
    assert_int_equal(heard->status, 503);
    assert_true(says(heard, "unknown"));
    close(fd);
}

static void a_second_gateway_on_the_port_is_refused(void **state)
{
    (void)state;
    stage.workers = 3;
    stage_start(&stage);
    struct stage second;
    struct error err;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u",
             server_port(stage.server));
    stage_init(&second);
    second.workers = 2;
    assert_false(stage_try_start(&second, address, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_non_null(strstr(err.text, address));
    second.workers = 1;
    assert_false(stage_try_start(&second, address, &err));
    stage_deinit(&second);
}

static void addresses_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "8580",       "127.0.0.1", ":8580",          "::1:80",
        "127.0.0.1:", "[::1]",     "127.0.0.1:http", "127.0.0.1:123456"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = {0};
        if (stage_try_start(&stage, bad[i], &err))
            fail_msg("took %s", bad[i]);
        assert_non_null(strstr(err.text, bad[i]));
    }
}

static void several_workers_share_the_senders(void **state)
{
    (void)state;
    enum { SENDERS = 64 };
    int fds[SENDERS];
    stage.workers = 4;
    stage.commits = true;
    stage_start(&stage);
    for (int i = 0; i < SENDERS; i++) {
        fds[i] = call(&stage);
        say_write(fds[i], "/write", "", "m a=1\n");
    }
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(hear(fds[i])->status, 204);
        close(fds[i]);
    }
    assert_int_equal(stage_appended(&stage), SENDERS);
}

static void a_trusted_proxy_says_who_it_was(void **state)
{
    (void)state;
    static char network[] = "127.0.0.0/8";
    static char *trusted[] = {network, NULL};
    stage.trusted_proxies = trusted;
    stage.commits = true;
    stage_start(&stage);
    int fd = call(&stage);
    say_write(fd, "/inside", "X-Forwarded-For: 10.9.9.9\r\n", "m a=1\n");
    assert_int_equal(hear(fd)->status, 204);
    say_write(fd, "/inside", "X-Forwarded-For: 10.9.9.9, 11.1.1.1\r\n",
              "m a=1\n");
    assert_int_equal(hear(fd)->status, 403);
    close(fd);
}

static void a_stranger_may_say_what_it_wants(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    say_write(fd, "/inside", "X-Forwarded-For: 10.9.9.9\r\n", "m a=1\n");
    assert_int_equal(hear(fd)->status, 403);
    close(fd);
}

#define SERVER_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(an_answer_comes_only_when_it_is_durable),
        SERVER_TEST(a_failed_sync_is_told_as_503),
        SERVER_TEST(a_sync_that_takes_too_long_is_told_as_503),
        SERVER_TEST(what_was_not_synced_was_not_first),
        SERVER_TEST(lines_do_not_wait_behind_a_letter),
        SERVER_TEST(a_wait_for_the_output_ends_with_its_answer),
        SERVER_TEST(a_double_waits_for_the_first),
        SERVER_TEST(what_a_sender_that_left_was_first_with_is_forgotten),
        SERVER_TEST(a_sender_that_closed_its_half_is_answered),
        SERVER_TEST(senders_that_leave_while_parked_harm_nobody),
        SERVER_TEST(pipelined_requests_are_answered_at_once),
        SERVER_TEST(what_comes_during_a_sync_is_not_forgotten),
        SERVER_TEST(each_refusal_has_its_status),
        SERVER_TEST(a_refused_sender_keeps_its_connection),
        SERVER_TEST(probes_are_answered),
        SERVER_TEST(ambiguous_requests_are_refused_and_closed),
        SERVER_TEST(too_many_headers_and_too_long_paths_are_refused),
        SERVER_TEST(a_length_over_the_limit_is_refused_before_the_body),
        SERVER_TEST(a_full_journal_is_told_before_the_body),
        SERVER_TEST(an_encoding_is_refused_before_its_length),
        SERVER_TEST(a_target_may_name_its_host),
        SERVER_TEST(a_large_body_is_read_to_its_end),
        SERVER_TEST(a_welcome_sender_hears_100_continue),
        SERVER_TEST(a_chunked_body_over_the_limit_is_413_at_its_end),
        SERVER_TEST(a_chunked_body_of_twice_the_limit_is_cut_off),
        SERVER_TEST(a_chunked_body_within_the_limit_is_taken),
        SERVER_TEST(slow_headers_end_the_connection),
        SERVER_TEST(a_body_that_never_ends_is_told_408),
        SERVER_TEST(a_body_that_drips_is_told_408),
        SERVER_TEST(an_idle_connection_ends),
        SERVER_TEST(a_drain_finishes_what_is_under_way),
        SERVER_TEST(a_drain_waits_only_so_long_for_half_a_request),
        SERVER_TEST(stopping_answers_what_is_parked),
        SERVER_TEST(a_second_gateway_on_the_port_is_refused),
        SERVER_TEST(addresses_that_are_none_are_refused),
        SERVER_TEST(several_workers_share_the_senders),
        SERVER_TEST(a_trusted_proxy_says_who_it_was),
        SERVER_TEST(a_stranger_may_say_what_it_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
