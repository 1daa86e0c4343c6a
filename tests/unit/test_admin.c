/* The operators' door: what is well, what is wrong, and the numbers. */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "admin.h"
#include "buf.h"
#include "caller.h"
#include "error.h"
#include "health.h"
#include "journal.h"
#include "json_text.h"
#include "metrics.h"
#include "relay.h"
#include "stats.h"

/* A journal and relays that are in whatever state a test says. */
static struct journal_status journal_now;

struct journal {
    int unused;
};

struct relay {
    struct relay_status now;
};

void journal_status(struct journal *journal, struct journal_status *status)
{
    (void)journal;
    *status = journal_now;
}

void relay_status(struct relay *relay, struct relay_status *status)
{
    *status = relay->now;
}

static struct journal journal;
static struct relay influx, paper;
static struct relay *const relays[] = {&influx, &paper};
static const char *const names[] = {"influx", "pa\"per"};
static const struct watched watched = {&journal, relays, names, 2, NULL};
static struct buf out;

static int set_up(void **state)
{
    (void)state;
    journal_now = (struct journal_status){.max_bytes = 1000};
    influx.now = paper.now = (struct relay_status){.pending_points = 0};
    buf_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_deinit(&out);
    return 0;
}

static void all_is_well(void **state)
{
    (void)state;
    assert_true(health_write(&watched, &out));
    assert_string_equal(buf_string(&out),
                        "{\"status\":\"pass\",\"reasons\":[]}\n");
    buf_clear(&out);
    assert_true(health_write_ready(&watched, &out));
    buf_clear(&out);
    assert_true(health_write(&(struct watched){.journal = NULL}, &out));
}

static void damage_is_a_warning(void **state)
{
    (void)state;
    stats_add(&stats.lost_points, 3);
    stats_add(&stats.quarantined_bytes, 99);
    assert_true(health_write(&watched, &out));
    assert_non_null(strstr(buf_string(&out), "{\"status\":\"warn\""));
    assert_non_null(strstr(buf_string(&out), "3 acknowledged points"));
    journal_now.is_full = true;
    assert_false(health_write(&watched, &out));
    atomic_store(&stats.lost_points, 0);
    atomic_store(&stats.quarantined_bytes, 0);
}

static void each_reason_is_told_in_plain_words(void **state)
{
    (void)state;
    journal_now.is_full = true;
    journal_now.is_failing = true;
    journal_now.bytes = 999;
    influx.now.failing_since_ns = 1767322800000000000;
    influx.now.pending_points = 42;
    strcpy(influx.now.reason, "401 \"unauthorized\"");
    assert_false(health_write(&watched, &out));
    const char *text = buf_string(&out);
    assert_non_null(strstr(text, "\"status\":\"fail\""));
    assert_non_null(strstr(text, "the journal is full: it holds 999 bytes, its"
                                 " limit is 1000"));
    assert_non_null(strstr(text, "\",\"the journal is failing"));
    assert_non_null(
        strstr(text, "output influx has been failing since"
                     " 2026-01-02T03:00:00.000Z: 401 \\\"unauthorized\\\";"
                     " points waiting: 42"));
}

static void an_output_that_fails_does_not_stop_us_being_ready(void **state)
{
    (void)state;
    influx.now.failing_since_ns = 1;
    assert_false(health_write(&watched, &out));
    buf_clear(&out);
    assert_true(health_write_ready(&watched, &out));
    journal_now.is_full = true;
    buf_clear(&out);
    assert_false(health_write_ready(&watched, &out));
}

static void has(const char *line)
{
    const char *found = strstr(buf_string(&out), line);
    if (!found || found[-1] != '\n')
        fail_msg("no line %s in:\n%s", line, buf_string(&out));
}

static void every_counter_is_there_with_its_meaning(void **state)
{
    (void)state;
    stats_add(&stats.acked_points, 7);
    stats_add(&stats.rejected[ERR_FULL], 3);
    stats_add(&stats.outputs[1].delivered_points, 5);
    influx.now.pending_points = 9;
    paper.now.failing_since_ns = 1;
    journal_now.sync_p99_ms = 2.5;
    journal_now.appended_points = 10;
    journal_now.durable_points = 8;
    assert_true(metrics_write(&watched, &out));
    has("# HELP moonline_points_acked_total Points in requests that were"
        " answered 2xx\n");
    has("# TYPE moonline_points_acked_total counter\n"
        "moonline_points_acked_total 7\n");
    has("moonline_requests_rejected_total{reason=\"full\"} 3\n");
    has("moonline_requests_rejected_total{reason=\"bad_request\"} 0\n");
    has("moonline_output_delivered_points_total{output=\"influx\"} 0\n"
        "moonline_output_delivered_points_total{output=\"pa\\\"per\"} 5\n");
    has("moonline_output_pending_points{output=\"influx\"} 9\n");
    has("moonline_output_failing{output=\"pa\\\"per\"} 1\n");
    has("moonline_journal_sync_seconds{quantile=\"0.99\"} 0.0025\n");
    has("moonline_journal_waiting_points 2\n");
    has("moonline_journal_limit_bytes 1000\n");
#define HAS_COUNTER(name, metric, help) has("# TYPE " metric " counter\n");
    STATS_COUNTERS(HAS_COUNTER)
    STATS_OUTPUT_COUNTERS(HAS_COUNTER)
}

/* A family may be announced once only, and every sample follows its type. */
static void the_format_is_what_prometheus_reads(void **state)
{
    (void)state;
    char seen[100][64], family[64] = "";
    size_t count = 0;
    assert_true(metrics_write(&watched, &out));
    char *rest = strdup(buf_string(&out)), *text = rest, *line;
    while ((line = strsep(&text, "\n")) && *line) {
        if (sscanf(line, "# TYPE %63s", family) == 1) {
            for (size_t i = 0; i < count; i++)
                assert_string_not_equal(seen[i], family);
            strcpy(seen[count++], family);
        } else if (*line != '#') {
            size_t len = strlen(family);
            assert_memory_equal(line, family, len);
            assert_true(line[len] == ' ' || line[len] == '{');
            assert_non_null(strrchr(line, ' '));
        }
    }
    assert_true(count > 15);
    free(rest);
}

static void a_full_buffer_is_told(void **state)
{
    (void)state;
    struct buf small;
    buf_init(&small, 100);
    assert_false(metrics_write(&watched, &small));
    buf_deinit(&small);
}

static void texts_are_escaped_for_json(void **state)
{
    (void)state;
    assert_true(json_text_append(&out, TEXT("a\"b\\c\n\x01\xc3\xa9")));
    assert_string_equal(buf_string(&out), "a\\\"b\\\\c\\u000a\\u0001\xc3\xa9");
    buf_clear(&out);
    assert_true(json_text_append(&out, TEXT("a\xff\xc3")));
    assert_string_equal(buf_string(&out), "a??");
}

static struct heard *ask(const struct admin *admin, const char *first_line)
{
    char request[200];
    int fd = call_port(admin_port(admin));
    assert_true(fd >= 0);
    snprintf(request, sizeof request,
             "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", first_line);
    say(fd, request);
    struct heard *heard = hear(fd);
    close(fd);
    return heard;
}

static struct admin *start(void)
{
    struct error err;
    struct admin *admin =
        admin_start(&(struct admin_options){.listen = "127.0.0.1:0",
                                            .journal = &journal,
                                            .relays = relays,
                                            .relay_names = names,
                                            .relay_count = 2},
                    &err);
    if (!admin)
        fail_msg("%s", err.text);
    return admin;
}

static void the_pages_are_served(void **state)
{
    (void)state;
    struct admin *admin = start();
    assert_int_equal(ask(admin, "GET /health")->status, 200);
    assert_int_equal(ask(admin, "GET /ready")->status, 200);
    struct heard *heard = ask(admin, "GET /metrics");
    assert_int_equal(heard->status, 200);
    assert_true(says(heard, "Content-Type: text/plain; version=0.0.4"));
    assert_non_null(strstr(heard->body, "moonline_requests_total "));
    journal_now.is_failing = true;
    heard = ask(admin, "GET /health");
    assert_int_equal(heard->status, 503);
    assert_true(says(heard, "Content-Type: application/json"));
    assert_non_null(strstr(heard->body, "failing"));
    assert_int_equal(ask(admin, "GET /ready")->status, 503);
    admin_stop(admin);
}

static void nothing_else_is_served(void **state)
{
    (void)state;
    struct admin *admin = start();
    assert_int_equal(ask(admin, "GET /")->status, 404);
    assert_int_equal(ask(admin, "GET /metrics/x")->status, 404);
    struct heard *heard = ask(admin, "DELETE /metrics");
    assert_int_equal(heard->status, 405);
    assert_true(says(heard, "Allow: GET, HEAD"));
    int fd = call_port(admin_port(admin));
    say_write(fd, "/health", "", "a body that nobody reads");
    assert_int_equal(hear(fd)->status, 405);
    close(fd);
    admin_stop(admin);
}

static sem_t begun, may_end;

static unsigned take_long(void *self, struct text body, bool wants_text,
                          struct buf *answer)
{
    (void)self, (void)wants_text;
    sem_post(&begun);
    sem_wait(&may_end);
    buf_append_text(answer, body);
    return 200;
}

static const struct admin_post posts[] = {{"/long", take_long, NULL},
                                          {NULL, NULL, NULL}};

static struct admin *start_with_posts(void)
{
    struct error err;
    struct admin *admin = admin_start(
        &(struct admin_options){
            .listen = "127.0.0.1:0", .journal = &journal, .posts = posts},
        &err);
    assert_non_null(admin);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    return admin;
}

static int post_long(const struct admin *admin, const char *body)
{
    char request[200];
    int fd = call_port(admin_port(admin));
    assert_true(fd >= 0);
    snprintf(request, sizeof request,
             "POST /long HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Moonline: 1\r\n"
             "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    say(fd, request);
    return fd;
}

static void questions_are_answered_while_a_post_takes_long(void **state)
{
    (void)state;
    struct admin *admin = start_with_posts();
    int first = post_long(admin, "first"), second = post_long(admin, "second");
    sem_wait(&begun);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask(admin, "GET /health")->status, 200);
    assert_int_equal(ask(admin, "GET /metrics")->status, 200);
    assert_true(is_silent(first));
    assert_true(is_silent(second));
    sem_post(&may_end);
    sem_post(&may_end);
    assert_string_equal(hear(first)->body, "first");
    assert_string_equal(hear(second)->body, "second");
    close(first);
    close(second);
    admin_stop(admin);
}

static void who_went_away_meanwhile_harms_nobody(void **state)
{
    (void)state;
    struct admin *admin = start_with_posts();
    int gone = post_long(admin, "gone");
    sem_wait(&begun);
    close(gone);
    int half = post_long(admin, "half");
    shutdown(half, SHUT_WR);
    sem_post(&may_end);
    sem_post(&may_end);
    assert_string_equal(hear(half)->body, "half");
    assert_int_equal(ask(admin, "GET /health")->status, 200);
    close(half);
    admin_stop(admin);
}

/* Two of them, and only the first has begun: each has an answer. */
static void a_stop_leaves_no_post_without_an_answer(void **state)
{
    (void)state;
    struct admin *admin = start_with_posts();
    int first = post_long(admin, "first");
    sem_wait(&begun);
    int second = post_long(admin, "second");
    assert_int_equal(ask(admin, "GET /health")->status, 200);
    sem_post(&may_end);
    sem_post(&may_end);
    admin_stop(admin);
    assert_string_equal(hear(first)->body, "first");
    struct heard *heard = hear(second);
    assert_true(heard->status == 200 || heard->status == 503);
    close(first);
    close(second);
}

static void *stop(void *admin)
{
    admin_stop(admin);
    return NULL;
}

/* The loop has ended, and all that is left is a last look at who has asked. */
static void a_post_that_comes_while_it_stops_is_refused(void **state)
{
    (void)state;
    struct admin *admin = start_with_posts();
    static const char question[] = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    pthread_t stopper;
    int first = post_long(admin, "first"), late = call_port(admin_port(admin)),
        probe = call_port(admin_port(admin));
    sem_wait(&begun);
    say(late, question);
    assert_int_equal(hear(late)->status, 200);
    assert_int_equal(pthread_create(&stopper, NULL, stop, admin), 0);
    do
        say(probe, question);
    while (poll(&(struct pollfd){.fd = probe, .events = POLLIN}, 1, 200) > 0
           && hear(probe)->status == 200);
    say(late, "POST /long HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Moonline: 1\r\n"
              "Connection: close\r\nContent-Length: 4\r\n\r\nlate");
    sem_post(&may_end);
    assert_int_equal(pthread_join(stopper, NULL), 0);
    assert_string_equal(hear(first)->body, "first");
    assert_int_equal(hear(late)->status, 503);
    close(first);
    close(late);
    close(probe);
}

static void an_address_in_use_is_told(void **state)
{
    (void)state;
    struct admin *admin = start();
    struct error err;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", admin_port(admin));
    assert_null(admin_start(&(struct admin_options){.listen = address}, &err));
    assert_non_null(strstr(err.text, address));
    assert_null(admin_start(&(struct admin_options){.listen = "x"}, &err));
    admin_stop(admin);
    admin_stop(NULL);
}

#define ADMIN_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADMIN_TEST(all_is_well),
        ADMIN_TEST(damage_is_a_warning),
        ADMIN_TEST(each_reason_is_told_in_plain_words),
        ADMIN_TEST(an_output_that_fails_does_not_stop_us_being_ready),
        ADMIN_TEST(every_counter_is_there_with_its_meaning),
        ADMIN_TEST(the_format_is_what_prometheus_reads),
        ADMIN_TEST(a_full_buffer_is_told),
        ADMIN_TEST(texts_are_escaped_for_json),
        ADMIN_TEST(the_pages_are_served),
        ADMIN_TEST(nothing_else_is_served),
        ADMIN_TEST(questions_are_answered_while_a_post_takes_long),
        ADMIN_TEST(who_went_away_meanwhile_harms_nobody),
        ADMIN_TEST(a_stop_leaves_no_post_without_an_answer),
        ADMIN_TEST(a_post_that_comes_while_it_stops_is_refused),
        ADMIN_TEST(an_address_in_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
