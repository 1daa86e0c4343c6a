/* Work that takes its time is done in turn, and handed back. */
#include "unit.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "desk.h"
#include "error.h"

static sem_t begun, may_end;
static int order;

struct numbered {
    struct desk_job job; /* stands first */
    int number;
};

static void work(struct desk_job *job)
{
    ((struct numbered *)job)->number = ++order;
}

static void work_long(struct desk_job *job)
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

static struct desk open_desk(void)
{
    struct desk desk = {0};
    desk.waker = eventfd(0, EFD_CLOEXEC);
    assert_true(desk.waker >= 0);
    return desk;
}

static void await_one(const struct desk *desk)
{
    struct pollfd fd = {.fd = desk->waker, .events = POLLIN};
    uint64_t wakes;
    assert_int_equal(poll(&fd, 1, 20000), 1);
    assert_int_equal(read(desk->waker, &wakes, sizeof wakes), sizeof wakes);
}

static void what_is_put_is_done_and_comes_back(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    struct numbered job = {.job.work = work};
    struct error err;
    assert_true(desk_open(&desk, desk.waker, &err));
    assert_null(desk_take(&desk));
    desk_put(&desk, &job.job);
    await_one(&desk);
    assert_ptr_equal(desk_take(&desk), &job.job);
    assert_null(desk_take(&desk));
    assert_true(job.job.is_done);
    assert_int_equal(job.number, 1);
    desk_close(&desk);
    close(desk.waker);
}

static void jobs_are_done_in_their_order(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    struct numbered jobs[3] = {
        {.job.work = work_long}, {.job.work = work}, {.job.work = work}};
    struct error err;
    assert_true(desk_open(&desk, desk.waker, &err));
    for (int i = 0; i < 3; i++)
        desk_put(&desk, &jobs[i].job);
    sem_wait(&begun);
    assert_null(desk_take(&desk));
    sem_post(&may_end);
    for (int i = 0; i < 3;) {
        struct desk_job *job = desk_take(&desk);
        if (!job)
            await_one(&desk);
        else
            assert_ptr_equal(job, &jobs[i++].job);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(jobs[i].number, i + 1);
    desk_close(&desk);
    close(desk.waker);
}

static void *let_it_end(void *context)
{
    struct desk *desk = context;
    pthread_mutex_lock(&desk->lock);
    while (!desk->is_closing) {
        pthread_mutex_unlock(&desk->lock);
        poll(NULL, 0, 1);
        pthread_mutex_lock(&desk->lock);
    }
    pthread_mutex_unlock(&desk->lock);
    sem_post(&may_end);
    return NULL;
}

static void closing_ends_one_and_takes_back_the_rest(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    struct numbered first = {.job.work = work_long},
                    second = {.job.work = work};
    struct error err;
    pthread_t helper;
    assert_true(desk_open(&desk, desk.waker, &err));
    desk_put(&desk, &first.job);
    desk_put(&desk, &second.job);
    sem_wait(&begun);
    assert_int_equal(pthread_create(&helper, NULL, let_it_end, &desk), 0);
    desk_close(&desk);
    pthread_join(helper, NULL);
    assert_ptr_equal(desk_take(&desk), &first.job);
    assert_true(first.job.is_done);
    assert_ptr_equal(desk_take(&desk), &second.job);
    assert_false(second.job.is_done);
    assert_int_equal(second.number, 0);
    assert_null(desk_take(&desk));
    desk_close(&desk);
    close(desk.waker);
}

static void one_that_was_never_open_closes(void **state)
{
    (void)state;
    struct desk desk = {0};
    desk_close(&desk);
    assert_false(desk.is_open);
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
