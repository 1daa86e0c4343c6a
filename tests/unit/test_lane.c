/* Jobs beside a worker. */
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "lane.h"
#include "unit.h"

/* The system's own, in this program: a job that computes must come by here. */
static atomic_int offers;

int sched_yield(void)
{
    atomic_fetch_add(&offers, 1);
    return 0;
}

static int waker;
static struct lane *lane;

static int set_up(void **state)
{
    (void)state;
    waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lane = lane_new(waker);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lane_stop(lane);
    lane_free(lane);
    close(waker);
    return 0;
}

struct task {
    struct lane_job job;
    pthread_t ran_in;
    bool has_run;
    atomic_bool *gate; /* waits for it; NULL: not at all */
};

static void run(void *context, struct pulse *pulse)
{
    struct task *task = context;
    assert_non_null(pulse);
    while (task->gate && !atomic_load(task->gate))
        ;
    task->ran_in = pthread_self();
    task->has_run = true;
}

static struct task task_of(atomic_bool *gate)
{
    return (struct task){.job = {.run = run}, .gate = gate};
}

static bool send(struct task *task)
{
    task->job.context = task;
    return lane_send(lane, &task->job);
}

static struct lane_job *await_done(void)
{
    struct lane_job *jobs;
    while (!(jobs = lane_take(lane))) {
        struct pollfd fd = {.fd = waker, .events = POLLIN};
        uint64_t count;
        assert_int_equal(poll(&fd, 1, 300000), 1);
        ssize_t ignored = read(waker, &count, sizeof count);
        (void)ignored;
    }
    return jobs;
}

static void a_job_runs_in_another_thread(void **state)
{
    (void)state;
    struct task task = task_of(NULL);
    assert_null(lane_take(lane));
    assert_true(send(&task));
    struct lane_job *done = await_done();
    assert_ptr_equal(done, &task.job);
    assert_null(done->next);
    assert_true(task.has_run);
    assert_false(pthread_equal(task.ran_in, pthread_self()));
}

static void jobs_come_back_in_their_order(void **state)
{
    (void)state;
    enum { TASKS = 500 };
    static struct task tasks[TASKS];
    int taken = 0;
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = task_of(NULL);
        assert_true(send(&tasks[i]));
    }
    while (taken < TASKS)
        for (struct lane_job *job = await_done(); job; job = job->next)
            assert_ptr_equal(job, &tasks[taken++].job);
}

static void too_much_is_not_taken(void **state)
{
    (void)state;
    enum { TASKS = 1100 };
    static struct task tasks[TASKS];
    static atomic_bool gate;
    int sent = 0;
    atomic_store(&gate, false);
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = task_of(&gate);
        sent += send(&tasks[i]);
    }
    assert_true(sent == 500 || sent == 501); /* one may be running */
    atomic_store(&gate, true);
}

static void what_waits_is_run_before_it_stops(void **state)
{
    (void)state;
    static struct task tasks[20];
    for (int i = 0; i < 20; i++) {
        tasks[i] = task_of(NULL);
        assert_true(send(&tasks[i]));
    }
    lane_stop(lane);
    int taken = 0;
    for (struct lane_job *job = lane_take(lane); job; job = job->next)
        taken++;
    assert_int_equal(taken, 20);
    assert_false(send(&tasks[0]));
}

struct manners {
    struct lane_job job;
    int policy;
    int nice;
};

static void compute_until_offered(void *context, struct pulse *pulse)
{
    struct manners *manners = context;
    (void)pulse;
    manners->policy = sched_getscheduler(0);
    manners->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    int before = atomic_load(&offers);
    while (atomic_load(&offers) < before + 3)
        (void)getppid(); /* sanitizers hand signals on in system calls */
}

static void a_job_stands_back(void **state)
{
    (void)state;
    struct manners manners = {.job.run = compute_until_offered};
    manners.job.context = &manners;
    assert_true(lane_send(lane, &manners.job));
    await_done();
    assert_int_equal(manners.policy, SCHED_BATCH);
    assert_int_equal(manners.nice, 19);
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    assert_int_not_equal(getpriority(PRIO_PROCESS, 0), 19);
}

struct toil {
    struct lane_job job;
    int64_t begin_ns;
    int64_t end_ns;
    int64_t worked_ns;
};

static void compute_for_a_while(void *context, struct pulse *pulse)
{
    struct toil *toil = context;
    (void)pulse;
    toil->begin_ns = clock_mono_ns();
    int64_t from_ns = clock_thread_cpu_ns();
    while ((toil->worked_ns = clock_thread_cpu_ns() - from_ns) < 5 * NS_PER_MS)
        ;
    toil->end_ns = clock_mono_ns();
}

static void it_rests_as_long_as_a_job_took(void **state)
{
    (void)state;
    struct toil toils[3];
    size_t taken = 0;
    for (size_t i = 0; i < 3; i++) {
        toils[i] = (struct toil){.job = {compute_for_a_while, &toils[i], NULL}};
        assert_true(lane_send(lane, &toils[i].job));
    }
    while (taken < 3)
        for (struct lane_job *job = await_done(); job; job = job->next)
            taken++;
    for (size_t i = 1; i < 3; i++)
        assert_true(toils[i].begin_ns - toils[i - 1].end_ns
                    >= toils[i - 1].worked_ns);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_job_runs_in_another_thread),
        TEST(jobs_come_back_in_their_order),
        TEST(too_much_is_not_taken),
        TEST(a_job_stands_back),
        TEST(it_rests_as_long_as_a_job_took),
        TEST(what_waits_is_run_before_it_stops),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
