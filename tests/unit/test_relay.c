/* From the journal to a server that takes lines, refuses them, goes away and
 * comes back; nothing is lost, and the order stays. */
#include "unit.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "dead.h"
#include "error.h"
#include "fake_server.h"
#include "file.h"
#include "journal.h"
#include "log.h"
#include "patient.h"
#include "relay.h"
#include "stats.h"

struct fixture {
    char folder[64];
    char url[100];
    char file[100];
    struct journal *journal;
    struct dead *dead;
    struct relay *relay;
    struct relay *other; /* the second output's, if there is one */
    struct relay_options options;
    struct file_system fs;
    struct fake_server *server;
    struct error err;
    int written; /* lines, numbered from 0 */
};

static void open_journal(struct fixture *f)
{
    static const char *const outputs[] = {"influx", "other"};
    struct journal_options options = {.dir = f->folder,
                                      .outputs = outputs,
                                      .output_count = 2,
                                      .max_bytes = 100000000};
    f->journal = journal_open(&options, &f->err);
    assert_non_null(f->journal);
    f->options.journal = f->journal;
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/test_relay.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->file, sizeof f->file, "%s/lines", f->folder);
    f->options = (struct relay_options){
        .name = "influx",
        .influx = {.url = f->url, .bucket = "b"},
        .batch_lines = 1000,
        .batch_bytes = 1 << 20,
        .flush_ns = NS_PER_MS,
    };
    open_journal(f);
    char dead[100];
    snprintf(dead, sizeof dead, "%s/dead", f->folder);
    f->dead = dead_open(&(struct dead_options){.dir = dead}, &f->err);
    assert_non_null(f->dead);
    f->options.dead = f->dead;
    memset(&stats, 0, sizeof stats);
    log_set_level(LOG_ERROR);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[200];
    journal_stop_waiters(f->journal); /* or each stop waits half a second */
    relay_stop(f->relay);
    relay_stop(f->other);
    journal_close(f->journal);
    dead_close(f->dead);
    if (f->server)
        fake_stop(f->server);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Chance, as it is unluckiest: a wait of 59 s where it may be 60. */
static uint64_t unlucky(const struct file_system *self)
{
    (void)self;
    return UINT64_C(59) * NS_PER_S;
}

static void wait_long(struct fixture *f)
{
    f->fs = file_real;
    f->fs.random = unlucky;
    f->options.fs = &f->fs;
    f->options.first_wait_ns = 60 * NS_PER_S;
}

static void serve(struct fixture *f, int port, const char *const *answers,
                  size_t count)
{
    f->server = fake_start(port, answers, count);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%d", f->server->port);
}

/* A port where nobody listens; the url has it. */
static int away(struct fixture *f)
{
    static const char *const none[] = {FAKE_204};
    serve(f, 0, none, 1);
    int port = f->server->port;
    fake_stop(f->server);
    f->server = NULL;
    return port;
}

static void start(struct fixture *f)
{
    f->relay = relay_start(&f->options, &f->err);
    assert_non_null(f->relay);
}

static void append_line(struct buf *out, int number)
{
    buf_printf(out, "m v=%di 1700000000%09d\n", number, number);
}

/* So many lines, durable: each is a request of its own. */
static void add(struct fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t ticket;
        struct buf line;
        buf_init(&line, 1000);
        append_line(&line, f->written++);
        struct journal_lines lines = {.lines = buf_text(&line), .points = 1};
        assert_true(journal_append(
            f->journal,
            &(struct journal_entry){.lines = &lines, .line_count = 1}, -1,
            &ticket, &f->err));
        buf_deinit(&line);
    }
    assert_true(journal_commit(f->journal, &f->err));
}

/* A wait for what a thread will do; fails after a minute. */
#define WAIT_FOR(condition)                                                    \
    do {                                                                       \
        int64_t end_ns_ = patient_ns() + 60 * NS_PER_S;                        \
        while (!(condition)) {                                                 \
            assert_true(patient_ns() < end_ns_);                               \
            poll(NULL, 0, 2);                                                  \
        }                                                                      \
    } while (0)

static uint64_t delivered(void)
{
    return stats_get(&stats.outputs[0].delivered_points);
}

static uint64_t pending(struct fixture *f)
{
    struct relay_status status;
    relay_status(f->relay, &status);
    return status.pending_points;
}

static bool is_waiting(struct fixture *f)
{
    struct relay_status status;
    relay_status(f->relay, &status);
    return status.failing_since_ns != 0;
}

/* All lines from first on, in order, each once, in the bodies of the requests
 * from the given one on; probes are skipped. */
static void assert_bodies(struct fixture *f, size_t request, int first)
{
    struct buf got, want;
    buf_init(&got, 64 << 20);
    buf_init(&want, 64 << 20);
    size_t count = fake_count(f->server);
    for (; request < count; request++)
        buf_append_text(&got, fake_body(f->server, request));
    for (int i = first; i < f->written; i++)
        append_line(&want, i);
    assert_int_equal(got.len, want.len);
    assert_true(text_equal(buf_text(&got), buf_text(&want)));
    buf_deinit(&got);
    buf_deinit(&want);
}

static const char *const only_204[] = {FAKE_204};

static void lines_arrive_in_order_and_are_settled(void **state)
{
    struct fixture *f = *state;
    serve(f, 0, only_204, 1);
    add(f, 10);
    start(f);
    WAIT_FOR(delivered() == 10);
    add(f, 90);
    WAIT_FOR(pending(f) == 0);
    assert_bodies(f, 0, 0);
    assert_false(is_waiting(f));
    assert_int_equal(stats_get(&stats.outputs[0].retries), 0);
    assert_int_equal(stats_get(&stats.outputs[0].batches),
                     fake_count(f->server));
}

static uint64_t counted_at_rename;

/* The cursor, written anew when lines are settled. */
static int rename_and_look(const struct file_system *self, const char *from,
                           const char *to)
{
    counted_at_rename = delivered();
    return file_real.rename(self, from, to);
}

static void what_is_settled_was_counted_before(void **state)
{
    struct fixture *f = *state;
    serve(f, 0, only_204, 1);
    f->fs = file_real;
    f->fs.rename = rename_and_look;
    f->options.fs = &f->fs;
    counted_at_rename = 0;
    add(f, 10);
    start(f);
    WAIT_FOR(pending(f) == 0);
    assert_int_equal(delivered(), 10);
    relay_stop(f->relay);
    f->relay = NULL;
    assert_int_equal(counted_at_rename, 10);
}

static void what_is_settled_is_not_sent_again(void **state)
{
    struct fixture *f = *state;
    serve(f, 0, only_204, 1);
    add(f, 10);
    start(f);
    WAIT_FOR(pending(f) == 0);
    relay_stop(f->relay);
    size_t before = fake_count(f->server);
    start(f);
    assert_int_equal(pending(f), 0);
    add(f, 5);
    WAIT_FOR(delivered() == 15);
    assert_bodies(f, before, 10);
}

static void a_batch_has_its_limits(void **state)
{
    struct fixture *f = *state;
    serve(f, 0, only_204, 1);
    f->options.batch_lines = 7;
    add(f, 100);
    start(f);
    WAIT_FOR(pending(f) == 0);
    assert_bodies(f, 0, 0);
    assert_int_equal(fake_count(f->server), 15);
    for (size_t i = 0; i < 14; i++) {
        size_t lines = 0;
        struct text body = fake_body(f->server, i);
        for (size_t at = 0; at < body.len; at++)
            lines += body.at[at] == '\n';
        assert_int_equal(lines, 7);
    }
}

static void a_backlog_makes_batches_full_and_no_larger(void **state)
{
    enum { BATCH_BYTES = 200000 };
    struct fixture *f = *state;
    serve(f, 0, only_204, 1);
    f->options.batch_lines = 0;
    f->options.batch_bytes = BATCH_BYTES;
    f->options.flush_ns = 10 * NS_PER_S;
    add(f, 20000);
    start(f);
    fake_wait(f->server, 3);
    for (size_t i = 0; i < 3; i++)
        assert_in_range(fake_body(f->server, i).len, BATCH_BYTES / 2,
                        BATCH_BYTES);
}

/* Nothing to wait for: what is there is taken, and sent. */
static void a_backlog_fills_batches_that_are_due(void **state)
{
    struct fixture *f = *state;
    serve(f, 0, only_204, 1);
    f->options.flush_ns = 0;
    f->options.batch_lines = 400;
    add(f, 10000);
    start(f);
    WAIT_FOR(pending(f) == 0);
    assert_int_equal(fake_count(f->server), 25);
    assert_bodies(f, 0, 0);
}

#define ANSWER(status, headers)                                                \
    "HTTP/1.1 " status "\r\n" headers "Content-Length: 0\r\n\r\n"

static void the_same_lines_until_they_are_accepted(void **state)
{
    static const char *const answers[] = {FAKE_CLOSE,
                                          ANSWER("502 Oh", ""),
                                          ANSWER("503 No", ""),
                                          ANSWER("401 No", ""),
                                          ANSWER("403 No", ""),
                                          ANSWER("404 No", ""),
                                          FAKE_204};
    struct fixture *f = *state;
    serve(f, 0, answers, 7);
    f->options.first_wait_ns = 1; /* waits stay at their least */
    f->options.batch_lines = 3;
    add(f, 5);
    start(f);
    WAIT_FOR(pending(f) == 0);
    for (size_t i = 1; i < 7; i++)
        assert_true(
            text_equal(fake_body(f->server, i), fake_body(f->server, 0)));
    assert_bodies(f, 6, 0);
    assert_int_equal(stats_get(&stats.outputs[0].retries), 6);
    assert_int_equal(stats_get(&stats.outputs[0].batches), 2);
}

static void what_is_wrong_can_be_asked(void **state)
{
    static const char *const answers[] = {ANSWER("403 No", "")};
    struct fixture *f = *state;
    struct relay_status status;
    serve(f, 0, answers, 1);
    add(f, 3);
    start(f);
    WAIT_FOR(is_waiting(f));
    relay_status(f->relay, &status);
    assert_int_equal(status.pending_points, 3);
    assert_non_null(strstr(status.reason, "403 from http://127.0.0.1:"));
    assert_true(clock_wall_ns() - status.failing_since_ns < 20 * NS_PER_S);
}

static void a_server_that_asks_for_time_gets_it(void **state)
{
    static const char *const answers[] = {
        ANSWER("429 Slow", "Retry-After: 2\r\n"), FAKE_204};
    struct fixture *f = *state;
    serve(f, 0, answers, 2);
    add(f, 3);
    start(f);
    fake_wait(f->server, 1);
    int64_t start_ns = clock_mono_ns();
    fake_wait(f->server, 2);
    assert_true(clock_mono_ns() - start_ns >= 1900 * NS_PER_MS);
    WAIT_FOR(pending(f) == 0);
    assert_int_equal(fake_count(f->server), 2); /* no probe in between */
}

/* The wait would be a minute; a probe ends it. */
static void a_server_that_is_back_gets_its_lines_at_once(void **state)
{
    struct fixture *f = *state;
    int port = away(f);
    wait_long(f);
    add(f, 3);
    start(f);
    WAIT_FOR(is_waiting(f));
    serve(f, port, only_204, 1);
    int64_t start_ns = patient_ns();
    WAIT_FOR(pending(f) == 0);
    assert_true(patient_ns() - start_ns < 2 * NS_PER_S);
    assert_bodies(f, 0, 0);
    WAIT_FOR(!is_waiting(f));
}

/* Probes are answered well all along, so they prove nothing. */
static void a_yes_to_probes_does_not_end_a_wait(void **state)
{
    static const char *const answers[] = {ANSWER("500 Oh", ""), FAKE_204,
                                          FAKE_204, FAKE_204, FAKE_CLOSE};
    struct fixture *f = *state;
    serve(f, 0, answers, 5);
    wait_long(f);
    add(f, 3);
    start(f);
    fake_wait(f->server, 3);
    for (size_t i = 1; i < 3; i++)
        assert_non_null(
            strstr(fake_head(f->server, i), "\r\nContent-Length: 0\r\n"));
    assert_int_equal(delivered(), 0);
}

static void stopping_does_not_wait_for_a_server_that_hangs(void **state)
{
    static const char *const answers[] = {FAKE_HANG};
    struct fixture *f = *state;
    serve(f, 0, answers, 1);
    add(f, 3);
    start(f);
    fake_wait(f->server, 1);
    int64_t start_ns = patient_ns();
    relay_stop(f->relay);
    f->relay = NULL;
    assert_true(patient_ns() - start_ns < NS_PER_S);
    assert_int_equal(delivered(), 0);
}

static void a_stop_can_wait_for_what_is_on_its_way(void **state)
{
    struct fixture *f = *state;
    serve(f, 0, only_204, 1);
    start(f);
    add(f, 3);
    assert_true(relay_await_settled(f->relay, 20000));
    assert_int_equal(delivered(), 3);
    assert_true(relay_await_settled(f->relay, 0));
}

static void nobody_waits_for_an_output_that_fails(void **state)
{
    struct fixture *f = *state;
    away(f);
    wait_long(f);
    start(f);
    add(f, 3);
    assert_false(relay_await_settled(f->relay, 600000));
    assert_true(is_waiting(f));
    assert_int_equal(pending(f), 3);
}

static void what_was_not_accepted_comes_again_after_a_restart(void **state)
{
    static const char *const hang[] = {FAKE_204, FAKE_HANG};
    struct fixture *f = *state;
    serve(f, 0, hang, 2);
    f->options.batch_lines = 4;
    add(f, 10);
    start(f);
    fake_wait(f->server, 2);
    relay_stop(f->relay);
    f->relay = NULL;
    fake_stop(f->server);
    journal_close(f->journal);
    open_journal(f);
    serve(f, 0, only_204, 1);
    start(f);
    add(f, 5);
    WAIT_FOR(pending(f) == 0);
    struct text first = fake_body(f->server, 0);
    int number = -1; /* some may come twice, none may be missing */
    assert_int_equal(sscanf(first.at, "m v=%di", &number), 1);
    assert_in_range(number, 0, 4);
    assert_bodies(f, 0, number);
}

static void a_file_gets_lines_too(void **state)
{
    struct fixture *f = *state;
    f->options.file = f->file;
    add(f, 50);
    start(f);
    WAIT_FOR(pending(f) == 0);
    struct buf got, want;
    buf_init(&got, 1 << 20);
    buf_init(&want, 1 << 20);
    assert_true(file_read(&file_real, f->file, &got, &f->err));
    for (int i = 0; i < 50; i++)
        append_line(&want, i);
    assert_true(text_equal(buf_text(&got), buf_text(&want)));
    buf_deinit(&got);
    buf_deinit(&want);
}

static void a_full_disk_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct relay_status status;
    f->options.file = "/dev/full";
    add(f, 3);
    start(f);
    WAIT_FOR(stats_get(&stats.outputs[0].retries) >= 2);
    relay_status(f->relay, &status);
    assert_non_null(strstr(status.reason, "/dev/full"));
    assert_int_equal(status.pending_points, 3);
}

static void an_output_that_cannot_be_is_told(void **state)
{
    struct fixture *f = *state;
    assert_null(relay_start(&f->options, &f->err)); /* no url */
    assert_int_equal(f->err.kind, ERR_CONFIG);
    f->options.file = "/nowhere/at/all";
    assert_null(relay_start(&f->options, &f->err));
    assert_int_equal(f->err.kind, ERR_IO);
    relay_stop(NULL);
}

/* ---- what is refused ---- */

#define REFUSAL(text)                                                          \
    "HTTP/1.1 400 Bad\r\nX-Request-Id: them-1\r\n"                             \
    "Content-Type: application/json\r\n"                                       \
    "Content-Length: 58\r\n\r\n{\"code\":\"invalid\",\"message\":\"unable to " \
    "parse " text

/* 58 bytes with what stands before it. */
#define BAD_LINE REFUSAL("'x': bad   \"}")

/* The whole of the file of dead letters that was written first. */
static void read_letters(struct fixture *f, struct buf *out)
{
    char command[200];
    buf_init(out, 1 << 20);
    snprintf(command, sizeof command, "cat %s/dead/points/influx/*.lp",
             f->folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    for (int c; (c = fgetc(pipe)) != EOF;)
        buf_append_char(out, (char)c);
    assert_int_equal(pclose(pipe), 0);
}

static void a_refused_point_is_a_dead_letter(void **state)
{
    /* both, the first alone, the second */
    static const char *const answers[] = {BAD_LINE, BAD_LINE, FAKE_204};
    struct fixture *f = *state;
    struct buf letters;
    serve(f, 0, answers, 3);
    add(f, 2);
    start(f);
    WAIT_FOR(pending(f) == 0);
    assert_int_equal(fake_count(f->server), 3);
    assert_int_equal(delivered(), 1);
    assert_int_equal(stats_get(&stats.outputs[0].dead_points), 1);
    assert_int_equal(stats_get(&stats.outputs[0].isolated_batches), 1);
    assert_int_equal(stats_get(&stats.outputs[0].isolating_requests), 2);
    assert_int_equal(dead_points(f->dead, "influx"), 1);
    assert_false(is_waiting(f));
    read_letters(f, &letters);
    const char *text = buf_string(&letters);
    assert_non_null(strstr(text, "#dead 00000000000000000001 "));
    assert_non_null(strstr(text, " 400 them-1 "));
    assert_non_null(strstr(text, "unable to parse"));
    assert_non_null(strstr(text, "\nm v=0i 1700000000000000000\n"));
    buf_deinit(&letters);
}

static void what_is_settled_in_the_middle_is_not_sent_again(void **state)
{
    static const char *const answers[] = {BAD_LINE, BAD_LINE, FAKE_HANG};
    struct fixture *f = *state;
    serve(f, 0, answers, 3);
    add(f, 2);
    start(f);
    fake_wait(f->server, 3);
    relay_stop(f->relay);
    f->relay = NULL;
    assert_int_equal(dead_points(f->dead, "influx"), 1);
    fake_stop(f->server);
    serve(f, 0, only_204, 1);
    start(f);
    assert_int_equal(pending(f), 1);
    add(f, 1);
    WAIT_FOR(pending(f) == 0);
    assert_int_equal(dead_points(f->dead, "influx"), 1);
}

/* ---- several at once ---- */

/* The server has one connection at a time; so all have their turn. */
#define AND_CLOSE "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

static const char *const only_close[] = {AND_CLOSE};

static void hands_take_turns_and_lose_nothing(void **state)
{
    struct fixture *f = *state;
    serve(f, 0, only_close, 1);
    f->options.parallel = 4;
    f->options.batch_lines = 10;
    start(f);
    add(f, 500);
    WAIT_FOR(pending(f) == 0);
    add(f, 300);
    WAIT_FOR(pending(f) == 0);
    assert_int_equal(delivered(), 800);
    static bool seen[800];
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < fake_count(f->server); i++) {
        struct text body = fake_body(f->server, i);
        while (body.len > 0) {
            int number = (int)strtol(text_cut(&body, '\n').at + 4, NULL, 10);
            assert_in_range(number, 0, 799);
            assert_false(seen[number]);
            seen[number] = true;
        }
    }
    for (int i = 0; i < 800; i++)
        assert_true(seen[i]);
}

/* One fails, then all; the outage is over when all are well. */
static void hands_that_fail_are_one_outage(void **state)
{
    struct fixture *f = *state;
    int port = away(f);
    wait_long(f);
    f->options.parallel = 3;
    f->options.batch_lines = 5;
    add(f, 40);
    start(f);
    WAIT_FOR(is_waiting(f));
    assert_int_equal(pending(f), 40);
    serve(f, port, only_close, 1);
    WAIT_FOR(pending(f) == 0);
    WAIT_FOR(!is_waiting(f));
    assert_int_equal(delivered(), 40);
}

static void a_stop_with_many_hands_loses_nothing(void **state)
{
    static const char *const hang[] = {AND_CLOSE, FAKE_HANG};
    struct fixture *f = *state;
    serve(f, 0, hang, 2);
    f->options.parallel = 4;
    f->options.batch_lines = 10;
    add(f, 200);
    start(f);
    fake_wait(f->server, 2);
    WAIT_FOR(delivered() == 10);
    relay_stop(f->relay);
    f->relay = NULL;
    fake_stop(f->server);
    serve(f, 0, only_close, 1);
    start(f);
    WAIT_FOR(pending(f) == 0);
    assert_true(delivered() >= 200);
}

/* ---- several outputs ---- */

static void one_that_is_away_does_not_touch_the_other(void **state)
{
    struct fixture *f = *state;
    struct relay_status status;
    serve(f, 0, only_204, 1);
    start(f);
    struct relay_options away_options = f->options;
    away_options.name = "other";
    away_options.output = 1;
    away_options.influx.url = "http://127.0.0.1:1";
    f->other = relay_start(&away_options, &f->err);
    assert_non_null(f->other);
    for (int round = 0; round < 20; round++) {
        uint64_t ticket;
        struct buf lines;
        buf_init(&lines, 1 << 20);
        for (int i = 0; i < 50; i++)
            append_line(&lines, f->written++);
        struct journal_lines both[] = {
            {.output = 0, .lines = buf_text(&lines), .points = 50},
            {.output = 1, .lines = buf_text(&lines), .points = 50}};
        const struct journal_entry entry = {.lines = both, .line_count = 2};
        assert_true(journal_append(f->journal, &entry, -1, &ticket, &f->err));
        assert_true(journal_commit(f->journal, &f->err));
        buf_deinit(&lines);
        WAIT_FOR(pending(f) == 0);
        assert_false(is_waiting(f));
    }
    WAIT_FOR((relay_status(f->other, &status), status.failing_since_ns != 0));
    assert_int_equal(status.pending_points, 1000);
    assert_bodies(f, 0, 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(lines_arrive_in_order_and_are_settled),
        ROW(what_is_settled_was_counted_before),
        ROW(what_is_settled_is_not_sent_again),
        ROW(a_batch_has_its_limits),
        ROW(a_backlog_makes_batches_full_and_no_larger),
        ROW(a_backlog_fills_batches_that_are_due),
        ROW(the_same_lines_until_they_are_accepted),
        ROW(what_is_wrong_can_be_asked),
        ROW(a_server_that_asks_for_time_gets_it),
        ROW(a_server_that_is_back_gets_its_lines_at_once),
        ROW(a_yes_to_probes_does_not_end_a_wait),
        ROW(stopping_does_not_wait_for_a_server_that_hangs),
        ROW(a_stop_can_wait_for_what_is_on_its_way),
        ROW(nobody_waits_for_an_output_that_fails),
        ROW(what_was_not_accepted_comes_again_after_a_restart),
        ROW(a_file_gets_lines_too),
        ROW(a_full_disk_is_waited_for),
        ROW(an_output_that_cannot_be_is_told),
        ROW(a_refused_point_is_a_dead_letter),
        ROW(what_is_settled_in_the_middle_is_not_sent_again),
        ROW(hands_take_turns_and_lose_nothing),
        ROW(hands_that_fail_are_one_outage),
        ROW(a_stop_with_many_hands_loses_nothing),
        ROW(one_that_is_away_does_not_touch_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
