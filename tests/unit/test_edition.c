/* What a reload changes, and when the reading before it is given back. */
#include "patient.h"
#include "stage.h"

#include <stdatomic.h>

static struct stage stage;

/* The routes of a reading, and how often readings were released. */
struct reading_owner {
    struct route_table *routes;
};

static atomic_uint released;

static void release(void *context)
{
    struct reading_owner *owner = context;
    route_table_free(owner->routes);
    free(owner);
    atomic_fetch_add(&released, 1);
}

static int set_up(void **state)
{
    (void)state;
    stage_init(&stage);
    stage.commits = true;
    atomic_store(&released, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_deinit(&stage);
    return 0;
}

/* A reading whose one route answers with this status. */
static struct reading_options reading_of(int status)
{
    static char *names[] = {stage_output};
    struct reading_owner *owner = xcalloc(1, sizeof *owner);
    struct route_table *before = stage.routes;
    stage.routes = owner->routes = route_table_new();
    stage_route(&stage, "/write")->reply_status = status;
    stage.routes = before;
    return (struct reading_options){.ingest = {.routes = owner->routes,
                                               .outputs = {names, 1},
                                               .journal = stage.journal},
                                    .release = release,
                                    .owner = owner};
}

static void reload(int status)
{
    struct error err;
    struct reading_options reading = reading_of(status);
    if (!server_reload(stage.server, &reading, &err))
        fail_msg("%s", err.text);
}

static int status_of_write(int fd)
{
    say_write(fd, "/write", "", "m a=1\n");
    return hear(fd)->status;
}

/* A worker changes over between two passes: soon, not at once. */
static void await_status(int fd, int status)
{
    for (int i = 0; i < 10000; i++)
        if (status_of_write(fd) == status)
            return;
    fail_msg("never answered %d", status);
}

static void await_released(unsigned count)
{
    int64_t until_ns = patient_ns() + 60 * NS_PER_S;
    while (atomic_load(&released) < count && patient_ns() < until_ns)
        sched_yield();
    assert_int_equal(atomic_load(&released), count);
}

static void requests_that_begin_later_have_the_new_routes(void **state)
{
    (void)state;
    stage_start(&stage);
    int fd = call(&stage);
    assert_int_equal(status_of_write(fd), 204);
    reload(200);
    await_status(fd, 200);
    reload(201);
    await_status(fd, 201);
    await_released(1);
    close(fd);
}

static void a_request_under_way_ends_as_it_began(void **state)
{
    (void)state;
    stage_start(&stage);
    int other = call(&stage), fd = call(&stage);
    reload(200);
    await_status(other, 200);
    say(fd, "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nm a");
    await_status(other, 200); /* so the head is read, by the same worker */
    reload(201);
    await_status(other, 201);
    assert_int_equal(atomic_load(&released), 0);
    say(fd, "=1\n");
    assert_int_equal(hear(fd)->status, 200);
    await_released(1);
    assert_int_equal(status_of_write(fd), 201);
    close(fd);
    close(other);
}

static void a_reading_that_does_not_load_changes_nothing(void **state)
{
    (void)state;
    static char *const rubbish[] = {(char *)"10.0.0.0/99", NULL};
    struct error err;
    stage.workers = 3;
    stage_start(&stage);
    struct reading_options reading = reading_of(200);
    reading.trusted_proxies = rubbish;
    assert_false(server_reload(stage.server, &reading, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(atomic_load(&released), 1);

    static struct script_source broken = {.name = (char *)"broken.lua",
                                          .path = (char *)"broken.lua",
                                          .text = (char *)"return 1",
                                          .len = 8};
    reading = reading_of(200);
    struct route *route = xcalloc(1, sizeof *route);
    *route = (struct route){.pattern = xstrdup("/x"),
                            .methods = METHOD_POST,
                            .outputs = 1,
                            .limits = LIMITS_DEFAULT};
    struct reading_owner *owner = reading.owner;
    assert_true(route_table_add(owner->routes, route, &err));
    reading.ingest.scripts = &broken;
    reading.ingest.script_count = 1;
    assert_false(server_reload(stage.server, &reading, &err));
    assert_non_null(strstr(err.text, "broken.lua"));
    assert_int_equal(atomic_load(&released), 2);
    int fd = call(&stage);
    assert_int_equal(status_of_write(fd), 204);
    close(fd);
}

static struct script_source loop = {
    .name = (char *)"loop.lua",
    .path = (char *)"loop.lua",
    .text = (char *)"return function() while true do end end",
    .len = 39};

/* A request that is nobody's, run by an edition's ingest. */
static void run_request(struct ingest *ingest, const struct route_match *match)
{
    struct request request;
    struct receipt receipt;
    struct error err;
    request_init(&request);
    request_stamp(&request);
    assert_true(ingest_request(ingest, &request, match, NULL, &receipt, &err));
    assert_int_equal(receipt.kept_count, 1);
    request_deinit(&request);
}

/* The lane's ingest counts for all, or a worker would try again now and then
 * while the senders go on. */
static void a_slow_script_is_slow_for_all_workers(void **state)
{
    (void)state;
    struct error err;
    struct reading_options options = reading_of(204);
    struct route *route = xcalloc(1, sizeof *route);
    *route = (struct route){.pattern = xstrdup("/loop"),
                            .methods = METHOD_POST,
                            .outputs = 1,
                            .limits = LIMITS_DEFAULT,
                            .script = 0};
    struct reading_owner *owner = options.owner;
    assert_true(route_table_add(owner->routes, route, &err));
    options.ingest.journal = NULL;
    options.ingest.scripts = &loop;
    options.ingest.script_count = 1;
    const struct route_match match = {.route = route};
    struct reading *reading = reading_new(&options, &err);
    struct edition *one = edition_new(reading, -1, NULL, &err);
    struct edition *other = edition_new(reading, -1, NULL, &err);
    struct ingest *lane = edition_slow(one, -1, NULL, &err);
    assert_true(one && other && lane);

    assert_false(ingest_is_slow(other->ingest, route, clock_mono_ns()));
    run_request(lane, &match);
    int64_t now_ns = clock_mono_ns();
    assert_true(ingest_is_slow(one->ingest, route, now_ns));
    assert_true(ingest_is_slow(other->ingest, route, now_ns));
    assert_false(ingest_is_slow(other->ingest, route, now_ns + 31 * NS_PER_S));
    edition_free(one);
    edition_free(other);
    reading_release(reading);
}

static void many_reloads_leave_nothing_behind(void **state)
{
    (void)state;
    enum { RELOADS = 200 };
    stage.workers = 2;
    stage_start(&stage);
    int fd = call(&stage);
    for (int i = 0; i < RELOADS; i++) {
        reload(200 + i % 2);
        int status = status_of_write(fd);
        assert_true(status == 200 || status == 201 || status == 204);
    }
    await_status(fd, 201);
    close(fd);
    server_stop(stage.server);
    stage.server = NULL;
    assert_int_equal(atomic_load(&released), RELOADS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(requests_that_begin_later_have_the_new_routes),
        TEST(a_request_under_way_ends_as_it_began),
        TEST(a_reading_that_does_not_load_changes_nothing),
        TEST(a_slow_script_is_slow_for_all_workers),
        TEST(many_reloads_leave_nothing_behind),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
