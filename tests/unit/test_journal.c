/* What is acknowledged, what is refused, and what is known after a failure. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "journal.h"
#include "tail.h"

static void lines_come_back_after_a_restart(void **state)
{
    (void)state;
    char dir[] = "/tmp/moonline-journal-XXXXXX";
    assert_non_null(mkdtemp(dir));
    const char *outputs[] = {"influx"};
    struct journal_options options = {.dir = dir,
                                      .outputs = outputs,
                                      .output_count = 1,
                                      .max_bytes = 1 << 30};
    struct error err = {0};
    struct journal *journal = journal_open(&options, &err);
    assert_non_null(journal);
    struct journal_lines lines = {0, TEXT("m f=1 1\nm f=2 2\n"), 2};
    uint64_t ticket;
    assert_true(journal_append(journal, &lines, 1, -1, &ticket, &err));
    assert_int_equal(journal_ticket(journal, ticket), TICKET_WAITS);
    assert_true(journal_commit(journal, &err));
    assert_int_equal(journal_ticket(journal, ticket), TICKET_DURABLE);
    journal_close(journal);

    journal = journal_open(&options, &err);
    struct tail_options tail_options = {.journal = journal};
    struct tail *tail = tail_open(&tail_options, &err);
    struct buf out;
    buf_init(&out, 1 << 20);
    uint64_t seq;
    uint32_t points;
    assert_true(tail_next(tail, 0, &out, &seq, &points, &err));
    assert_int_equal(seq, 1);
    assert_int_equal(points, 2);
    assert_text(buf_text(&out), "m f=1 1\nm f=2 2\n");
    assert_false(tail_next(tail, 0, &out, &seq, &points, &err));
    assert_int_equal(err.kind, ERR_NONE);
    tail_settle(tail, 3);
    assert_int_equal(tail_pending(tail), 0);
    tail_close(tail);
    journal_close(journal);
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
