/* Bodies that come in pieces. */
#include <stdlib.h>

#include "body.h"
#include "ceilings.h"
#include "error.h"
#include "unit.h"

enum { LIMIT = 100, LARGE = 100 << 10 };

static const char bytes[LARGE];

struct fixture {
    atomic_size_t held_bytes;
    struct body body;
    struct error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    body_init(&f->body, &f->held_bytes);
    f->body.max_bytes = LIMIT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    body_deinit(&f->body);
    assert_int_equal(f->held_bytes, 0);
    free(f);
    return 0;
}

static bool come(struct fixture *f, const char *piece, size_t len)
{
    assert_true(body_see(&f->body, len));
    return body_keep(&f->body, piece, len, &f->err);
}

static void pieces_become_a_body(void **state)
{
    struct fixture *f = *state;
    assert_true(come(f, "{\"a\"", 4));
    assert_true(come(f, ":1}", 3));
    assert_text(buf_text(&f->body.bytes), "{\"a\":1}");
    assert_int_equal(f->held_bytes, 7);
}

static void up_to_the_limit_and_no_further(void **state)
{
    struct fixture *f = *state;
    assert_true(come(f, bytes, LIMIT));
    assert_false(come(f, "!", 1));
    assert_int_equal(f->err.kind, ERR_TOO_LARGE);
    assert_string_equal(f->err.text,
                        "the body has more than 100 bytes, the limit");
    assert_int_equal(f->held_bytes, 0);
    assert_int_equal(f->body.bytes.capacity, 0);
}

static void what_is_not_kept_ends_at_twice_the_limit(void **state)
{
    struct fixture *f = *state;
    assert_true(body_see(&f->body, LIMIT));
    assert_true(body_see(&f->body, LIMIT + 1));
    assert_false(body_see(&f->body, 1));
}

static void all_bodies_share_the_memory(void **state)
{
    struct fixture *f = *state;
    const size_t others = LIMIT_BODIES_IN_FLIGHT_BYTES - 10;
    assert_true(come(f, "12345", 5));
    f->held_bytes += others;
    assert_true(body_has_room(&f->body, 5, &f->err));
    assert_false(body_has_room(&f->body, 6, &f->err));
    assert_int_equal(f->err.kind, ERR_FULL);
    assert_true(come(f, "12345", 5));
    assert_false(come(f, "6", 1));
    assert_int_equal(f->err.kind, ERR_FULL);
    assert_int_equal(f->held_bytes, others);
    f->held_bytes -= others;
}

static void a_reset_body_is_a_new_one(void **state)
{
    struct fixture *f = *state;
    assert_true(come(f, bytes, LIMIT));
    size_t usual = f->body.bytes.capacity;
    body_reset(&f->body);
    assert_int_equal(f->held_bytes, 0);
    assert_int_equal(f->body.bytes.capacity, usual);
    assert_true(come(f, bytes, LIMIT));
    assert_int_equal(f->body.bytes.len, LIMIT);
}

static void the_memory_of_a_large_one_is_given_back(void **state)
{
    struct fixture *f = *state;
    f->body.max_bytes = LARGE;
    assert_true(come(f, bytes, LARGE));
    assert_int_equal(f->held_bytes, LARGE);
    body_reset(&f->body);
    assert_int_equal(f->body.bytes.capacity, 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(pieces_become_a_body),
        ROW(up_to_the_limit_and_no_further),
        ROW(what_is_not_kept_ends_at_twice_the_limit),
        ROW(all_bodies_share_the_memory),
        ROW(a_reset_body_is_a_new_one),
        ROW(the_memory_of_a_large_one_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
