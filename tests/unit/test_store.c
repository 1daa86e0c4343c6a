/* The store: values of each type, their time to live, its bounds, and that
 * threads meet in it without losing a count. */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "store.h"

enum { SECOND = 1000000000 };

static struct store_value text_value(const char *text)
{
    return (struct store_value){STORE_TEXT, .as.text = text_of(text)};
}

static struct store_value integer_value(int64_t integer)
{
    return (struct store_value){STORE_INTEGER, .as.integer = integer};
}

static struct store *open_store(void **state)
{
    struct store *store = store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_BYTES);
    *state = store;
    return store;
}

static int close_store(void **state)
{
    store_free(*state);
    *state = NULL;
    return 0;
}

static void set(struct store *store, const char *name, struct store_value value,
                int64_t now_ns, uint64_t ttl_ns)
{
    struct error err;
    assert_true(store_set(store, text_of(name), &value, now_ns, ttl_ns, &err));
}

/* What is there as text: "t:abc", "i:7", "f:1.5", "b:1", or "none". */
static const char *get(struct store *store, const char *name, int64_t now_ns)
{
    static char shown[100];
    struct store_value value;
    struct buf out;
    buf_init(&out, LIMIT_STORE_ENTRY_BYTES);
    snprintf(shown, sizeof shown, "none");
    if (store_get(store, text_of(name), now_ns, &out, &value))
        switch (value.type) {
        case STORE_TEXT:
            snprintf(shown, sizeof shown, "t:%.*s", TEXT_ARG(value.as.text));
            break;
        case STORE_INTEGER:
            snprintf(shown, sizeof shown, "i:%lld",
                     (long long)value.as.integer);
            break;
        case STORE_FLOAT:
            snprintf(shown, sizeof shown, "f:%g", value.as.number);
            break;
        case STORE_BOOLEAN:
            snprintf(shown, sizeof shown, "b:%d", value.as.truth);
            break;
        }
    buf_deinit(&out);
    return shown;
}

static void every_type_is_given_back(void **state)
{
    struct store *store = open_store(state);
    set(store, "t", text_value("a\nb"), 0, 0);
    set(store, "empty", text_value(""), 0, 0);
    set(store, "i", integer_value(INT64_MIN), 0, 0);
    set(store, "f", (struct store_value){STORE_FLOAT, .as.number = 1.5}, 0, 0);
    set(store, "b", (struct store_value){STORE_BOOLEAN, .as.truth = true}, 0,
        0);
    set(store, "", text_value("no name"), 0, 0);
    assert_string_equal(get(store, "t", 0), "t:a\nb");
    assert_string_equal(get(store, "empty", 0), "t:");
    assert_string_equal(get(store, "i", 0), "i:-9223372036854775808");
    assert_string_equal(get(store, "f", 0), "f:1.5");
    assert_string_equal(get(store, "b", 0), "b:1");
    assert_string_equal(get(store, "", 0), "t:no name");
    assert_string_equal(get(store, "T", 0), "none");
    assert_int_equal(store_count(store), 6);
}

static void a_later_value_replaces(void **state)
{
    struct store *store = open_store(state);
    set(store, "a", text_value("a long text that is replaced"), 0, 0);
    size_t before = store_bytes(store);
    set(store, "a", integer_value(1), 0, 0);
    assert_string_equal(get(store, "a", 0), "i:1");
    assert_int_equal(store_count(store), 1);
    assert_int_equal(before - store_bytes(store), 28);
    assert_true(store_delete(store, TEXT("a"), 0));
    assert_false(store_delete(store, TEXT("a"), 0));
    assert_string_equal(get(store, "a", 0), "none");
    assert_int_equal(store_bytes(store), 0);
    set(store, "a", integer_value(1), 0, 0);
    store_clear(store);
    assert_string_equal(get(store, "a", 0), "none");
}

static void a_value_is_gone_after_its_time(void **state)
{
    struct store *store = open_store(state);
    set(store, "a", integer_value(1), 100, 5 * (uint64_t)SECOND);
    set(store, "b", integer_value(2), 100, UINT64_MAX);
    assert_string_equal(get(store, "a", 99 + 5 * (int64_t)SECOND), "i:1");
    assert_int_equal(store_count(store), 2);
    assert_string_equal(get(store, "a", 100 + 5 * (int64_t)SECOND), "none");
    assert_int_equal(store_count(store), 1);
    assert_string_equal(get(store, "b", INT64_MAX - 1), "i:2");
    set(store, "a", integer_value(1), 0, 1);
    assert_false(store_delete(store, TEXT("a"), 1));
}

static bool add(struct store *store, const char *name, int64_t now_ns,
                uint64_t ttl_ns)
{
    bool added = false;
    uint64_t ticket = store_mark(store);
    struct error err;
    struct store_value value = integer_value(now_ns);
    assert_true(store_add(store, text_of(name), &value, now_ns, ttl_ns, &added,
                          &ticket, &err));
    return added;
}

static uint64_t ticket_of_first(struct store *store, const char *name,
                                int64_t now_ns)
{
    bool added;
    const uint64_t mark = store_mark(store);
    uint64_t ticket = mark;
    struct error err;
    struct store_value value = integer_value(1);
    assert_true(store_add(store, text_of(name), &value, now_ns, 10, &added,
                          &ticket, &err));
    assert_int_equal(added, ticket == 0);
    if (added)
        store_settle(store, text_of(name), now_ns, mark, 5);
    return ticket;
}

static void a_double_learns_the_ticket_of_the_first(void **state)
{
    struct store *store = open_store(state);
    assert_int_equal(ticket_of_first(store, "a", 1), 0);
    store_settle(store, TEXT("a"), 1, 5, 7);
    store_settle(store, TEXT("a"), 1, 5, 6); /* it has another by now */
    store_settle(store, TEXT("nobody"), 1, 5, 8);
    assert_int_equal(ticket_of_first(store, "a", 2), 7);
    assert_int_equal(ticket_of_first(store, "a", 11), 0);
    store_settle(store, TEXT("a"), 11, 5, 9);
    assert_int_equal(ticket_of_first(store, "a", 12), 9);
    assert_true(store_delete(store, TEXT("a"), 12));
    assert_int_equal(ticket_of_first(store, "a", 12), 0);
}

static void add_is_true_once(void **state)
{
    struct store *store = open_store(state);
    assert_true(add(store, "id", 1, 10));
    assert_false(add(store, "id", 2, 10));
    assert_true(add(store, "other", 2, 0));
    assert_string_equal(get(store, "id", 2), "i:1");
    /* the time runs from the first, not from the last try */
    assert_false(add(store, "id", 10, 10));
    assert_true(add(store, "id", 11, 10));
    assert_string_equal(get(store, "id", 12), "i:11");
}

static const char *incr(struct store *store, const char *name,
                        struct store_value by)
{
    static char shown[1000];
    struct store_value sum;
    struct error err;
    if (!store_incr(store, text_of(name), &by, 0, 10, &sum, &err))
        snprintf(shown, sizeof shown, "%s", err.text);
    else if (sum.type == STORE_INTEGER)
        snprintf(shown, sizeof shown, "i:%lld", (long long)sum.as.integer);
    else
        snprintf(shown, sizeof shown, "f:%g", sum.as.number);
    return shown;
}

static void incr_counts_exactly(void **state)
{
    struct store *store = open_store(state);
    struct store_value half = {STORE_FLOAT, .as.number = 0.5};
    assert_string_equal(incr(store, "n", integer_value(3)), "i:3");
    assert_string_equal(incr(store, "n", integer_value(-5)), "i:-2");
    assert_string_equal(incr(store, "n", half), "f:-1.5");
    assert_string_equal(incr(store, "n", integer_value(1)), "f:-0.5");
    assert_string_equal(incr(store, "f", half), "f:0.5");
    set(store, "big", integer_value(INT64_C(9007199254740993)), 0, 0);
    assert_string_equal(incr(store, "big", integer_value(1)),
                        "i:9007199254740994");
    assert_int_equal(store_count(store), 3);
    /* only the first says how long */
    assert_string_equal(get(store, "n", 10), "none");
    assert_string_equal(get(store, "big", 10), "i:9007199254740994");
}

static void incr_of_what_cannot_count_changes_nothing(void **state)
{
    struct store *store = open_store(state);
    set(store, "t", text_value("7"), 0, 0);
    set(store, "max", integer_value(INT64_MAX), 0, 0);
    set(store, "min", integer_value(INT64_MIN), 0, 0);
    assert_string_equal(incr(store, "t", integer_value(1)),
                        "store: the value there is no number");
    assert_string_equal(incr(store, "max", integer_value(1)),
                        "store: 9223372036854775807 and 1 are more than 64"
                        " bits");
    assert_string_equal(incr(store, "min", integer_value(-1)),
                        "store: -9223372036854775808 and -1 are more than 64"
                        " bits");
    assert_string_equal(get(store, "t", 0), "t:7");
    assert_string_equal(get(store, "max", 0), "i:9223372036854775807");
    assert_string_equal(incr(store, "max", integer_value(0)),
                        "i:9223372036854775807");
}

static void the_least_recently_used_goes_first(void **state)
{
    struct store *store = *state = store_new(3, LIMIT_STORE_BYTES);
    set(store, "a", integer_value(1), 0, 0);
    set(store, "b", integer_value(2), 0, 0);
    set(store, "c", integer_value(3), 0, 0);
    assert_string_equal(get(store, "a", 0), "i:1");
    set(store, "d", integer_value(4), 0, 0);
    assert_int_equal(store_count(store), 3);
    assert_string_equal(get(store, "b", 0), "none");
    assert_string_equal(get(store, "a", 0), "i:1");
    assert_string_equal(get(store, "c", 0), "i:3");
    assert_string_equal(get(store, "d", 0), "i:4");
    set(store, "a", integer_value(5), 0, 0); /* replacing pushes nothing out */
    assert_int_equal(store_count(store), 3);
    assert_string_equal(get(store, "c", 0), "i:3");
}

static void bytes_are_bounded_too(void **state)
{
    struct store *store = *state =
        store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_ENTRY_BYTES * 4);
    struct error err;
    char *bytes = calloc(1, LIMIT_STORE_ENTRY_BYTES);
    struct store_value value = {
        STORE_TEXT, .as.text = {bytes, LIMIT_STORE_ENTRY_BYTES - 1}};
    for (int i = 0; i < 20; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        set(store, name, value, 0, 0);
        assert_true(store_bytes(store) <= LIMIT_STORE_ENTRY_BYTES * 4);
    }
    assert_int_equal(store_count(store), 3);
    value.as.text.len++;
    assert_false(store_set(store, TEXT("t"), &value, 0, 0, &err));
    assert_string_equal(err.text, "store: name and value have 65537 bytes, the"
                                  " limit is 65536");
    assert_int_equal(err.kind, ERR_SCRIPT);
    assert_int_equal(store_count(store), 3);
    free(bytes);
}

static void many_names_are_all_found(void **state)
{
    struct store *store = open_store(state);
    char name[20];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        set(store, name, integer_value(i), 0, 0);
    }
    for (int i = 0; i < 20000; i += 7) {
        char value[20];
        snprintf(name, sizeof name, "n%d", i);
        snprintf(value, sizeof value, "i:%d", i);
        assert_string_equal(get(store, name, 0), value);
    }
}

enum { THREADS = 4, ROUNDS = 3000 };

/* Counts up one name, and others that are pushed out all the time. */
static void *count_up(void *context)
{
    struct store *store = context;
    struct store_value one = integer_value(1), sum;
    struct buf out;
    struct error err;
    size_t added_count = 0;
    buf_init(&out, LIMIT_STORE_ENTRY_BYTES);
    for (int i = 0; i < ROUNDS; i++) {
        char name[20];
        bool added;
        uint64_t ticket = 1;
        snprintf(name, sizeof name, "n%d", i);
        if (!store_incr(store, TEXT("sum"), &one, i, 0, &sum, &err)
            || !store_add(store, text_of(name), &one, 0, 0, &added, &ticket,
                          &err))
            break;
        added_count += added;
        store_get(store, text_of(name), 0, &out, &sum);
        store_delete(store, TEXT("n1"), 0);
    }
    buf_deinit(&out);
    return (void *)added_count;
}

static void threads_meet_without_losing_a_count(void **state)
{
    struct store *store = *state = store_new(100, LIMIT_STORE_BYTES);
    pthread_t threads[THREADS];
    char value[30];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, store), 0);
    size_t added_count = 0;
    for (int i = 0; i < THREADS; i++) {
        void *added;
        pthread_join(threads[i], &added);
        added_count += (size_t)added;
    }
    assert_true(added_count >= ROUNDS);
    snprintf(value, sizeof value, "i:%d", THREADS * ROUNDS);
    assert_string_equal(get(store, "sum", 0), value);
    assert_true(store_count(store) <= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_type_is_given_back, close_store),
        cmocka_unit_test_teardown(a_later_value_replaces, close_store),
        cmocka_unit_test_teardown(a_value_is_gone_after_its_time, close_store),
        cmocka_unit_test_teardown(add_is_true_once, close_store),
        cmocka_unit_test_teardown(a_double_learns_the_ticket_of_the_first,
                                  close_store),
        cmocka_unit_test_teardown(incr_counts_exactly, close_store),
        cmocka_unit_test_teardown(incr_of_what_cannot_count_changes_nothing,
                                  close_store),
        cmocka_unit_test_teardown(the_least_recently_used_goes_first,
                                  close_store),
        cmocka_unit_test_teardown(bytes_are_bounded_too, close_store),
        cmocka_unit_test_teardown(many_names_are_all_found, close_store),
        cmocka_unit_test_teardown(threads_meet_without_losing_a_count,
                                  close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
