/* What a request was first with: who comes second waits, or has to try again,
 * and is no double of what was not stored. */
#include "unit.h"

#include <stdlib.h>

#include "arena.h"
#include "error.h"
#include "first.h"
#include "journal.h"
#include "request.h"
#include "script_call.h"
#include "store.h"

/* A journal whose tickets are what a test says. */
struct journal {
    uint64_t waiting, failed;
};

enum ticket_state journal_ticket(struct journal *journal, uint64_t ticket)
{
    if (ticket == journal->failed)
        return TICKET_FAILED;
    return ticket == journal->waiting ? TICKET_WAITS : TICKET_DURABLE;
}

/* One request, with a script that asks for a name. */
struct side {
    struct request request;
    struct script_call call;
    struct firsts firsts;
};

struct bench {
    struct store *store;
    struct journal journal;
    struct side first, second;
    struct error err;
};

static void begin(struct bench *bench, struct side *side)
{
    request_init(&side->request);
    side->request.time_ns = 1000;
    script_call_init(&side->call);
    side->call.request = &side->request;
    side->call.store = bench->store;
    side->firsts = (struct firsts){.count = 0};
}

static void end(struct side *side)
{
    script_call_deinit(&side->call);
    request_deinit(&side->request);
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    bench->store = store_new(100, 1 << 20);
    begin(bench, &bench->first);
    begin(bench, &bench->second);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    end(&bench->first);
    end(&bench->second);
    store_free(bench->store);
    free(bench);
    return 0;
}

/* As store.add does it. */
static bool add(struct side *side, const char *name)
{
    struct script_call *call = &side->call;
    const struct store_value value = {STORE_BOOLEAN, .as.truth = true};
    bool added = false;
    struct arena *arena = &side->request.arena;
    struct text copy;
    if (!call->mark)
        call->mark = store_mark(call->store);
    uint64_t ticket = call->mark;
    assert_true(store_add(call->store, text_of(name), &value, 1000, 0, &added,
                          &ticket, NULL));
    ticket_add(call->first_tickets, ticket);
    if (!added)
        return false;
    assert_true(arena_copy(arena, text_of(name), &copy));
    call->added = realloc(call->added, 4 * sizeof copy);
    assert_true(call->added_count < 4);
    call->added[call->added_count++] = copy;
    return true;
}

static bool look(struct bench *bench, struct side *side)
{
    return first_look(&side->firsts, &side->call, &bench->journal, &bench->err);
}

static void wait_for(struct side *side, uint64_t ticket)
{
    first_wait(&side->firsts, &side->call, &side->request.arena, ticket);
}

static void a_double_of_what_is_under_way_tries_again(void **state)
{
    struct bench *bench = *state;
    assert_true(add(&bench->first, "a"));
    assert_false(add(&bench->first, "a")); /* its own, and no harm */
    assert_true(look(bench, &bench->first));
    assert_false(first_must_wait(&bench->first.firsts));
    assert_false(add(&bench->second, "a"));
    assert_false(look(bench, &bench->second));
    assert_int_equal(bench->err.kind, ERR_FULL);
    wait_for(&bench->first, 0); /* nothing was to be stored */
    script_call_reset(&bench->second.call);
    assert_false(add(&bench->second, "a"));
    assert_true(look(bench, &bench->second));
    assert_false(first_must_wait(&bench->second.firsts));
}

static void a_double_waits_for_what_waits(void **state)
{
    struct bench *bench = *state;
    struct journal *journal = &bench->journal;
    const struct firsts *firsts = &bench->second.firsts;
    assert_true(add(&bench->first, "a"));
    wait_for(&bench->first, ticket_of(7, 1));
    journal->waiting = ticket_of(7, 1);
    assert_false(add(&bench->second, "a"));
    assert_true(look(bench, &bench->second));
    assert_true(first_must_wait(firsts));
    assert_int_equal(first_state(firsts, journal, ticket_of(8, 0)),
                     TICKET_WAITS);
    journal->failed = ticket_of(7, 1);
    assert_int_equal(first_state(firsts, journal, ticket_of(8, 0)),
                     TICKET_FAILED);
    *journal = (struct journal){.failed = ticket_of(8, 0)};
    assert_int_equal(first_state(firsts, journal, ticket_of(8, 0)),
                     TICKET_FAILED);
    journal->failed = 0;
    assert_int_equal(first_state(firsts, journal, ticket_of(8, 0)),
                     TICKET_DURABLE);
}

/* The first's worker has not heard yet that the disk failed. */
static void a_double_of_what_has_failed_tries_again(void **state)
{
    struct bench *bench = *state;
    assert_true(add(&bench->first, "a"));
    wait_for(&bench->first, ticket_of(7, 1));
    bench->journal.failed = ticket_of(7, 1);
    assert_false(add(&bench->second, "a"));
    assert_false(look(bench, &bench->second));
    assert_int_equal(bench->err.kind, ERR_FULL);
    first_settle(&bench->first.firsts, false);
    script_call_reset(&bench->second.call);
    assert_true(add(&bench->second, "a"));
    assert_true(look(bench, &bench->second));
}

/* The list of groups that failed is short, and what fell off it counts as
 * failed; that is nothing to whoever has his answer. */
static void what_is_answered_has_no_ticket_any_more(void **state)
{
    struct bench *bench = *state;
    assert_true(add(&bench->first, "a"));
    wait_for(&bench->first, ticket_of(7, 1));
    first_settle(&bench->first.firsts, true);
    bench->journal.failed = ticket_of(7, 1);
    assert_false(add(&bench->second, "a"));
    assert_true(look(bench, &bench->second));
    assert_false(first_must_wait(&bench->second.firsts));
}

static void a_double_of_two_waits_for_both(void **state)
{
    struct bench *bench = *state;
    struct side other;
    begin(bench, &other);
    assert_true(add(&bench->first, "a"));
    wait_for(&bench->first, ticket_of(7, 1));
    assert_true(add(&other, "b"));
    wait_for(&other, ticket_of(8, 2));
    bench->journal.waiting = ticket_of(7, 1);
    assert_false(add(&bench->second, "b"));
    assert_false(add(&bench->second, "a"));
    assert_true(look(bench, &bench->second));
    bench->journal = (struct journal){.failed = ticket_of(7, 1)};
    assert_int_equal(
        first_state(&bench->second.firsts, &bench->journal, ticket_of(8, 0)),
        TICKET_FAILED);
    end(&other);
}

static void a_copy_outlives_the_request(void **state)
{
    struct bench *bench = *state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    assert_true(add(&bench->first, "a"));
    wait_for(&bench->first, ticket_of(7, 1));
    struct firsts copy = bench->first.firsts;
    assert_true(first_copy(&copy, &arena));
    request_reset(&bench->first.request);
    first_settle(&copy, false);
    assert_true(add(&bench->second, "a"));
    arena_deinit(&arena);
    arena_init(&arena, 1);
    wait_for(&bench->second, ticket_of(9, 1));
    copy = bench->second.firsts;
    assert_false(first_copy(&copy, &arena));
    assert_ptr_equal(copy.names, bench->second.firsts.names);
    arena_deinit(&arena);
}

#define FIRST_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIRST_TEST(a_double_of_what_is_under_way_tries_again),
        FIRST_TEST(a_double_waits_for_what_waits),
        FIRST_TEST(a_double_of_what_has_failed_tries_again),
        FIRST_TEST(what_is_answered_has_no_ticket_any_more),
        FIRST_TEST(a_double_of_two_waits_for_both),
        FIRST_TEST(a_copy_outlives_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
