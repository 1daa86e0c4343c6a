/* store as scripts see it: each type, times to live, what is shared, and what
 * is the script's fault. */
#include "script_unit.h"

#include "store.h"

#define FUNCTION(body) "return function(req)\n" body "\nend\n"

/* Runs the body of a function on a store; the reason that it refuses with, or
 * its error. */
static const char *answer(struct store *store, const char *body,
                          int64_t time_ns)
{
    static struct error err;
    struct bench bench;
    char text[2000];
    snprintf(text, sizeof text, FUNCTION("%s"), body);
    if (!bench_load(&bench, text))
        fail_msg("%s", bench.err.text);
    bench.call.store = store;
    bench.request.time_ns = time_ns;
    bench_run(&bench, "");
    err = bench.err;
    bench_free(&bench);
    return err.text;
}

static struct store *new_store(void)
{
    return store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_BYTES);
}

static void expect(const char *body, const char *text)
{
    struct store *store = new_store();
    const char *got = answer(store, body, RECEIPT_NS);
    if (strcmp(got, text) != 0)
        fail_msg("%s gives %s, not %s", body, got, text);
    store_free(store);
}

static void every_type_comes_back_as_it_was(void **state)
{
    (void)state;
    expect("store.set('a', 'b\\0c') return nil, '' .. #store.get('a')", "3");
    expect("store.set('a', 9007199254740993)\n"
           "return nil, math.type(store.get('a')) .. store.get('a')",
           "integer9007199254740993");
    expect("store.set('a', 2.0) return nil, math.type(store.get('a'))",
           "float");
    expect("store.set('a', false) return nil, tostring(store.get('a'))",
           "false");
    expect("store.set('a', int('-7')) return nil, '' .. store.get('a')", "-7");
    expect("store.set('a', uint(7)) return nil, '' .. store.get('a')", "7");
    expect("store.set('a', '') return nil, store.get('a') .. '.'", ".");
    expect("return nil, tostring(store.get('a'))", "nil");
    expect("store.set(7, 'n') return nil, store.get('7')", "n");
    expect("store.set('a', 1) store.set('a', nil)\n"
           "return nil, tostring(store.get('a'))",
           "nil");
    expect("store.set('a', 1)\n"
           "local first = store.delete('a')\n"
           "return nil, tostring(first) .. tostring(store.delete('a'))",
           "truefalse");
}

static void add_tells_the_first_from_the_others(void **state)
{
    (void)state;
    expect("local a = store.add('id')\n"
           "return nil, tostring(a) .. tostring(store.add('id', '24h'))",
           "truefalse");
    expect("store.add('id', 'mine', 60) store.add('id', 'other', 60)\n"
           "return nil, store.get('id')",
           "mine");
    expect("store.add('id', 5) return nil, tostring(store.get('id'))", "true");
    expect("store.add('id', 'v', nil) return nil, store.get('id')", "v");
}

static void incr_gives_the_sum(void **state)
{
    (void)state;
    expect("store.incr('n') return nil, json.encode { store.incr('n'),"
           " store.incr('n', 5), store.incr('n', -0.5), store.incr('m', 2) }",
           "[2,7,6.5,2]");
    expect("store.set('n', int(4)) return nil, '' .. store.incr('n', int(2))",
           "6");
}

/* Each on the same store, at that many seconds. */
static void values_live_as_long_as_they_were_told(void **state)
{
    (void)state;
    static const struct {
        int64_t at_s;
        const char *body, *answer;
    } steps[] = {
        {0,
         "store.set('a', 1, 10) store.set('b', 1, '2m')\n"
         "store.incr('c', 1, '10s') store.set('d', 1, 0.5)\n"
         "store.set('e', true, '10s')\n" /* to add is undone by a refusal */
         "return nil, tostring(store.add('f', '10s'))",
         "true"},
        {1, "return nil, tostring(store.get('d'))", "nil"},
        {9,
         "return nil, store.get('a') .. store.get('b')"
         " .. store.incr('c', 1, '10s') .. tostring(store.add('e', '10s'))",
         "112false"},
        {10,
         "return nil, tostring(store.get('a')) .. store.get('b')"
         " .. store.incr('c') .. tostring(store.add('e', '10s'))",
         "nil11true"},
        {120, "return nil, tostring(store.get('b'))", "nil"},
    };
    struct store *store = new_store();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_string_equal(
            answer(store, steps[i].body,
                   RECEIPT_NS + steps[i].at_s * INT64_C(1000000000)),
            steps[i].answer);
    store_free(store);
}

static void what_it_does_not_take_is_the_scripts_fault(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"store.set('a', {})",
         "bad argument #2 to 'set' (a value is text, a number or a boolean,"
         " not a table)"},
        {"store.set('a', json.null)",
         "bad argument #2 to 'set' (a value is text, a number or a boolean,"
         " not null)"},
        {"store.set('a', uint('18446744073709551615'))",
         "bad argument #2 to 'set' (beyond 64 bits; keep it as text)"},
        {"store.set('a')", "bad argument #2 to 'set' (value expected)"},
        {"store.set({}, 1)",
         "bad argument #1 to 'set' (string expected, got table)"},
        {"store.get()",
         "bad argument #1 to 'get' (string expected, got no value)"},
        {"store.set('a', 1, 'soon')",
         "bad argument #3 to 'set' (the time is in seconds, or text as"
         " \"24h\")"},
        {"store.set('a', 1, '10')",
         "bad argument #3 to 'set' (the time is in seconds, or text as"
         " \"24h\")"},
        {"store.set('a', 1, 0)",
         "bad argument #3 to 'set' (the time is more than 0 seconds)"},
        {"store.set('a', 1, 0/0)",
         "bad argument #3 to 'set' (the time is more than 0 seconds)"},
        {"store.add('a', '0')",
         "bad argument #2 to 'add' (the time is more than 0 seconds)"},
        {"store.add('a', true)",
         "bad argument #2 to 'add' (the time is in seconds, or text as"
         " \"24h\")"},
        {"store.incr('a', 'x')",
         "bad argument #2 to 'incr' (a number is wanted)"},
        {"store.set('a', 'x') store.incr('a')",
         "store: the value there is no number"},
        {"store.set('a', ('x'):rep(65536))",
         "store: name and value have 65537 bytes, the limit is 65536"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[300];
        snprintf(message, sizeof message, "t.lua:2: %s", cases[i][1]);
        expect(cases[i][0], message);
    }
}

static void there_is_none_before_a_request(void **state)
{
    (void)state;
    struct bench bench;
    assert_false(bench_load(&bench, "store.set('a', 1)\nreturn print\n"));
    assert_string_equal(bench.err.text,
                        "t.lua:1: store works only inside the function that"
                        " the file returns, once there is a request");
    bench_free(&bench);
    assert_string_equal(answer(NULL, "store.get('a')", RECEIPT_NS),
                        "t.lua:2: there is no store here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_was),
        cmocka_unit_test(add_tells_the_first_from_the_others),
        cmocka_unit_test(incr_gives_the_sum),
        cmocka_unit_test(values_live_as_long_as_they_were_told),
        cmocka_unit_test(what_it_does_not_take_is_the_scripts_fault),
        cmocka_unit_test(there_is_none_before_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
