/* What became of groups: held against a list that forgets nothing. */
#include "unit.h"

#include "ticket.h"

enum { GROUPS = 1000 };

struct world {
    struct tickets tickets;
    pthread_mutex_t lock;
    uint64_t failed[GROUPS + 1];
};

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){.tickets = {.done_group = 0}};
    pthread_mutex_init(&world.lock, NULL);
    world.tickets.lock = &world.lock;
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    pthread_mutex_destroy(&world->lock);
    return 0;
}

static void what_is_not_done_waits(void **state)
{
    struct world *w = *state;
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 1)), TICKET_WAITS);
    tickets_publish(&w->tickets, 1, 0);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 1)),
                     TICKET_DURABLE);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(2, 1)), TICKET_WAITS);
}

static void a_failure_is_that_of_its_outputs_only(void **state)
{
    struct world *w = *state;
    tickets_publish(&w->tickets, 1, 2 | 8);
    tickets_publish(&w->tickets, 2, 0);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 1)),
                     TICKET_DURABLE);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 2)),
                     TICKET_FAILED);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 1 | 8)),
                     TICKET_FAILED);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 1 | 4)),
                     TICKET_DURABLE);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(2, 2)),
                     TICKET_DURABLE);
}

static void lines_are_done_before_what_rides_with_them(void **state)
{
    struct world *w = *state;
    const uint64_t rider = UINT64_C(1) << LIMIT_OUTPUTS;
    const uint64_t lines = ticket_of(1, 1), both = ticket_of(1, 1 | rider);
    const uint64_t bad = ticket_of(1, 2), alone = ticket_of(1, rider);
    tickets_publish_lines(&w->tickets, 1, 2);
    assert_int_equal(tickets_state(&w->tickets, lines), TICKET_DURABLE);
    assert_int_equal(tickets_state(&w->tickets, bad), TICKET_FAILED);
    assert_int_equal(tickets_state(&w->tickets, both), TICKET_WAITS);
    assert_int_equal(tickets_state(&w->tickets, alone), TICKET_WAITS);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 0)), TICKET_WAITS);
    tickets_publish(&w->tickets, 1, 2 | rider);
    assert_int_equal(tickets_state(&w->tickets, lines), TICKET_DURABLE);
    assert_int_equal(tickets_state(&w->tickets, bad), TICKET_FAILED);
    assert_int_equal(tickets_state(&w->tickets, both), TICKET_FAILED);
    assert_int_equal(tickets_state(&w->tickets, alone), TICKET_FAILED);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, 0)),
                     TICKET_DURABLE);
}

static void the_highest_output_has_its_bit(void **state)
{
    struct world *w = *state;
    uint64_t last = UINT64_C(1) << (LIMIT_OUTPUTS - 1);
    tickets_publish(&w->tickets, 1, last);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, last)),
                     TICKET_FAILED);
    assert_int_equal(tickets_state(&w->tickets, ticket_of(1, last >> 1)),
                     TICKET_DURABLE);
}

/* Nothing that failed is ever called durable; and what is young enough to be
 * waited for is told exactly. */
static void it_never_says_durable_of_what_failed(void **state)
{
    struct world *w = *state;
    uint64_t random = 12345;
    for (uint64_t group = 1; group <= GROUPS; group++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        w->failed[group] = random >> 62 ? 0 : random >> 40 & 3;
        tickets_publish(&w->tickets, group, w->failed[group]);
        for (uint64_t old = 1; old <= group; old++)
            for (uint64_t outputs = 1; outputs <= 3; outputs++) {
                enum ticket_state said =
                    tickets_state(&w->tickets, ticket_of(old, outputs));
                bool has_failed = (w->failed[old] & outputs) != 0;
                if (has_failed)
                    assert_int_equal(said, TICKET_FAILED);
                else if (group - old < TICKET_FAILED_GROUPS)
                    assert_int_equal(said, TICKET_DURABLE);
                else
                    assert_int_not_equal(said, TICKET_WAITS);
            }
    }
}

static void the_newest_groups_are_kept_with_all_their_parts(void **state)
{
    (void)state;
    uint64_t tickets[TICKET_GROUPS] = {0};
    ticket_add(tickets, 0);
    assert_int_equal(tickets[0] | tickets[1], 0);
    ticket_add(tickets, ticket_of(7, 1));
    ticket_add(tickets, ticket_of(8, 2));
    ticket_add(tickets, ticket_of(7, 4));
    ticket_add(tickets, ticket_of(6, 1)); /* done, as there are two later */
    ticket_add(tickets, 0);
    assert_int_equal(tickets[0], ticket_of(7, 1 | 4));
    assert_int_equal(tickets[1], ticket_of(8, 2));
    ticket_add(tickets, ticket_of(9, 1));
    assert_int_equal(tickets[0], ticket_of(9, 1));
    assert_int_equal(tickets[1], ticket_of(8, 2));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_not_done_waits),
        CASE(a_failure_is_that_of_its_outputs_only),
        CASE(lines_are_done_before_what_rides_with_them),
        CASE(the_highest_output_has_its_bit),
        CASE(it_never_says_durable_of_what_failed),
        CASE(the_newest_groups_are_kept_with_all_their_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
