/* Work that takes its time is done in turn, and handed back. */
#include "unit.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clerk.h"
#include "error.h"

static sem_t begun, may_end;
static int order;

struct numbered {
    struct clerk_job job; /* stands first */
    int number;
};

static void work(struct clerk_job *job)
{
    ((struct numbered *)job)->number = ++order;
}

static void work_long(struct clerk_job *job)
{
    sem_post(&begun);
    sem_wait(&may_end);
    work(job);
}

static int set_up(void **state)
{
    (void)state;
    order = 0;
    sem_init(&begun, 0, 0);
    return sem_init(&may_end, 0, 0);
}

static struct clerk open_clerk(void)
{
    struct clerk clerk = {0};
    clerk.waker = eventfd(0, EFD_CLOEXEC);
    assert_true(clerk.waker >= 0);
    return clerk;
}

static void await_one(const struct clerk *clerk)
{
    struct pollfd fd = {.fd = clerk->waker, .events = POLLIN};
    uint64_t wakes;
    assert_int_equal(poll(&fd, 1, 300000), 1);
    assert_int_equal(read(clerk->waker, &wakes, sizeof wakes), sizeof wakes);
}

static void what_is_put_is_done_and_comes_back(void **state)
{
    (void)state;
    struct clerk clerk = open_clerk();
    struct numbered job = {.job.work = work};
    struct error err;
    assert_true(clerk_open(&clerk, clerk.waker, &err));
    assert_null(clerk_take(&clerk));
    clerk_put(&clerk, &job.job);
    await_one(&clerk);
    assert_ptr_equal(clerk_take(&clerk), &job.job);
    assert_null(clerk_take(&clerk));
    assert_true(job.job.is_done);
    assert_int_equal(job.number, 1);
    clerk_close(&clerk);
    close(clerk.waker);
}

static void jobs_are_done_in_their_order(void **state)
{
    (void)state;
    struct clerk clerk = open_clerk();
    struct numbered jobs[3] = {
        {.job.work = work_long}, {.job.work = work}, {.job.work = work}};
    struct error err;
    assert_true(clerk_open(&clerk, clerk.waker, &err));
    for (int i = 0; i < 3; i++)
        clerk_put(&clerk, &jobs[i].job);
    sem_wait(&begun);
    assert_null(clerk_take(&clerk));
    sem_post(&may_end);
    for (int i = 0; i < 3;) {
        struct clerk_job *job = clerk_take(&clerk);
        if (!job)
            await_one(&clerk);
        else
            assert_ptr_equal(job, &jobs[i++].job);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(jobs[i].number, i + 1);
    clerk_close(&clerk);
    close(clerk.waker);
}

static void *let_it_end(void *context)
{
    struct clerk *clerk = context;
    pthread_mutex_lock(&clerk->lock);
    while (!clerk->is_closing) {
        pthread_mutex_unlock(&clerk->lock);
        poll(NULL, 0, 1);
        pthread_mutex_lock(&clerk->lock);
    }
    pthread_mutex_unlock(&clerk->lock);
    sem_post(&may_end);
    return NULL;
}

static void closing_ends_one_and_takes_back_the_rest(void **state)
{
    (void)state;
    struct clerk clerk = open_clerk();
    struct numbered first = {.job.work = work_long},
                    second = {.job.work = work};
    struct error err;
    pthread_t helper;
    assert_true(clerk_open(&clerk, clerk.waker, &err));
    clerk_put(&clerk, &first.job);
    clerk_put(&clerk, &second.job);
    sem_wait(&begun);
    assert_int_equal(pthread_create(&helper, NULL, let_it_end, &clerk), 0);
    clerk_close(&clerk);
    pthread_join(helper, NULL);
    assert_ptr_equal(clerk_take(&clerk), &first.job);
    assert_true(first.job.is_done);
    assert_ptr_equal(clerk_take(&clerk), &second.job);
    assert_false(second.job.is_done);
    assert_int_equal(second.number, 0);
    assert_null(clerk_take(&clerk));
    clerk_close(&clerk);
    close(clerk.waker);
}

static void one_that_was_never_open_closes(void **state)
{
    (void)state;
    struct clerk clerk = {0};
    clerk_close(&clerk);
    assert_false(clerk.is_open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_put_is_done_and_comes_back, set_up),
        cmocka_unit_test_setup(jobs_are_done_in_their_order, set_up),
        cmocka_unit_test_setup(closing_ends_one_and_takes_back_the_rest,
                               set_up),
        cmocka_unit_test_setup(one_that_was_never_open_closes, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
