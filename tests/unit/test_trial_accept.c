/* --accept: what came is expected from now on, all else stays as it was. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "file.h"
#include "trial_accept.h"
#include "trial_compare.h"
#include "trial_file.h"

enum { RECEIPT_NS = 1000 };

static char folder[] = "/tmp/test_trial_accept.XXXXXX";

/* The nth case of the file made these lines. */
struct now {
    size_t n;
    int status;
    const char *answer;
    const char *lines;
    const char *kept; /* NULL: none */
};

static void accept_all(const char *old, const struct now *now, size_t count,
                       struct buf *result)
{
    struct trial_file file;
    struct trial_accept accept;
    struct error err;
    struct buf report;
    buf_init(&report, 1 << 20);
    if (!trial_file_parse("x.http", text_of(old), &file, &err))
        fail_msg("%s", err.text);
    trial_accept_init(&accept, text_of(old));
    for (size_t i = 0; i < count; i++) {
        const struct trial_case *trial = &file.cases[now[i].n];
        struct trial_difference difference;
        if (!trial_compare(buf_text(&trial->lines), text_of(now[i].lines),
                           RECEIPT_NS, &report, &difference, &err))
            fail_msg("%s", err.text);
        struct buf kept, fates;
        buf_init(&kept, 1000);
        buf_init(&fates, 1000);
        buf_append_text(&kept, text_of(now[i].kept));
        trial_compare_kept(buf_text(&trial->kept), &kept, &report, &fates);
        const struct trial_made made = {.status = now[i].status,
                                        .answer = text_of(now[i].answer),
                                        .receipt_ns = RECEIPT_NS,
                                        .difference = &difference,
                                        .kept = buf_text(&kept),
                                        .kept_fates = buf_text(&fates)};
        trial_accept_case(&accept, trial, &made);
        buf_deinit(&kept);
        buf_deinit(&fates);
        trial_difference_deinit(&difference);
    }
    assert_int_equal(accept.accepted, count);
    buf_append_text(result, buf_text(&accept.text));
    buf_append_text(result, text_skip(accept.old, accept.copied));
    trial_accept_deinit(&accept);
    trial_file_deinit(&file);
    buf_deinit(&report);
}

static void assert_becomes(const char *old, const struct now *now, size_t count,
                           const char *wanted)
{
    struct buf result;
    buf_init(&result, 1 << 20);
    accept_all(old, now, count, &result);
    assert_text(buf_text(&result), wanted);
    buf_deinit(&result);
}

#define ASSERT_BECOMES(old, status, answer, lines, wanted)                     \
    assert_becomes(old, &(struct now){0, status, answer, lines, NULL}, 1,      \
                   wanted)

static void a_point_is_replaced_where_it_stands(void **state)
{
    (void)state;
    ASSERT_BECOMES("POST /x\n"
                   "### expect 204\n"
                   "# the indoor one\n"
                   "m,at=in a=1.50 5\n"
                   "\n"
                   "  m,at=out a=2 5   \n"
                   "# the end\n"
                   "m,at=top a=3 5\n"
                   "\n"
                   "### next\n"
                   "POST /y\n",
                   204, "", "m,at=top a=3 5\nm,at=out a=9 5\nm,at=in a=1.5 5\n",
                   "POST /x\n"
                   "### expect 204\n"
                   "# the indoor one\n"
                   "m,at=in a=1.50 5\n"
                   "\n"
                   "m,at=out a=9 5\n"
                   "# the end\n"
                   "m,at=top a=3 5\n"
                   "\n"
                   "### next\n"
                   "POST /y\n");
}

static void one_that_did_not_come_goes(void **state)
{
    (void)state;
    ASSERT_BECOMES("POST /x\n### expect\nm a=1 5\n# a note\nn a=1 5\n", 204, "",
                   "m a=1 5\n", "POST /x\n### expect\nm a=1 5\n# a note\n");
}

static void those_that_nobody_expected_follow_the_last_one(void **state)
{
    (void)state;
    ASSERT_BECOMES(
        "POST /x\n### expect\nm a=1 5\n\n# a note\n### next\n/y\n", 204, "",
        "m a=1 5\nn b=1 5\no c=1 6\n",
        "POST /x\n### expect\nm a=1 5\nn b=1 5\no c=1 6\n\n# a note\n"
        "### next\n/y\n");
    ASSERT_BECOMES("POST /x\n### expect\n# none\n", 204, "", "m a=1 5\n",
                   "POST /x\n### expect\nm a=1 5\n# none\n");
    ASSERT_BECOMES("POST /x\n### expect", 204, "", "m a=1 5\n",
                   "POST /x\n### expect\nm a=1 5\n");
    ASSERT_BECOMES("POST /x\n### expect\nm a=1 5", 204, "",
                   "m a=1 5\nm a=2 6\n",
                   "POST /x\n### expect\nm a=1 5\nm a=2 6\n");
}

static void the_receipt_time_is_left_out_unless_it_was_said(void **state)
{
    (void)state;
    ASSERT_BECOMES("POST /x\n### expect\nm a=1\nn a=1 1000\n", 204, "",
                   "m a=2 1000\nn a=2 1000\no s=\"x 1000\" 1000\n"
                   "p s=\"a 1000\" 7\n",
                   "POST /x\n### expect\nm a=2\nn a=2 1000\no s=\"x 1000\"\n"
                   "p s=\"a 1000\" 7\n");
}

static void the_status_and_why_change(void **state)
{
    (void)state;
    ASSERT_BECOMES("POST /x\n###  expect   204\nm a=1 5\n", 422,
                   "no station\nat all", "",
                   "POST /x\n### expect 422 no station\n");
    ASSERT_BECOMES("POST /x\n### expect 422 no station\n", 204, "", "m a=1 5\n",
                   "POST /x\n### expect 204\nm a=1 5\n");
    ASSERT_BECOMES("POST /x\n### expect 422 station\n", 400, "no station", "",
                   "POST /x\n### expect 400 station\n");
    ASSERT_BECOMES("POST /x\n### expect 200 {\"a\":1}\n", 200, "{\"a\":2}", "",
                   "POST /x\n### expect 200 {\"a\":2}\n");
    ASSERT_BECOMES("POST /x\n### expect  200  ok\n", 200, "ok", "m a=1 5\n",
                   "POST /x\n### expect  200  ok\nm a=1 5\n");
}

static void reasons_why_it_is_kept_change_like_points(void **state)
{
    (void)state;
    static const char old[] = "POST /x\n### expect 202\n"
                              "kept: element 1\n# why\nm a=1 5\n"
                              "kept: element 9\n\n### next\n/y\n";
    const struct now now = {0, 202, "", "m a=1 5\nn a=1 5\n",
                            "element 1: x.lua:3: oh\nelement 2: no\n"};
    assert_becomes(old, &now, 1,
                   "POST /x\n### expect 202\n"
                   "kept: element 1\n# why\nm a=1 5\n"
                   "n a=1 5\nkept: element 2: no\n\n### next\n/y\n");
}

static void line_ends_stay_as_they_are(void **state)
{
    (void)state;
    ASSERT_BECOMES("POST /x\r\n### expect 200\r\nm a=1 5\r\nn a=1 5\r\n", 204,
                   "", "m a=2 5\nn a=1 5\no a=1 5\n",
                   "POST /x\r\n### expect 204\r\nm a=2 5\r\nn a=1 5\r\n"
                   "o a=1 5\r\n");
}

static void only_the_cases_handed_over_change(void **state)
{
    (void)state;
    static const char old[] =
        "\xef\xbb\xbf### one\nPOST /x\n### expect\nm a=1\n"
        "### two\n# @bytes 13\nPOST /y\n\n### expect 2\n"
        "\n### expect\nm a=2\n"
        "### three\nPOST /z\n### expect\nm a=3\n";
    const struct now now[] = {{0, 204, "", "m a=7 5\n", NULL},
                              {2, 204, "", "m a=9 5\n", NULL}};
    assert_becomes(old, now, 2,
                   "\xef\xbb\xbf### one\nPOST /x\n### expect\nm a=7 5\n"
                   "### two\n# @bytes 13\nPOST /y\n\n### expect 2\n"
                   "\n### expect\nm a=2\n"
                   "### three\nPOST /z\n### expect\nm a=9 5\n");
}

/* ------------------------------------------------------------- the file -- */

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static bool accept_file(const char *path, struct error *err)
{
    struct trial_file file;
    struct trial_accept accept;
    struct trial_difference difference = {.is_equal = true};
    const struct trial_made made = {
        .status = 201, .answer = TEXT(""), .difference = &difference};
    assert_true(trial_file_read(path, &file, err));
    trial_accept_init(&accept, buf_text(&file.text));
    trial_accept_case(&accept, &file.cases[0], &made);
    bool fine = trial_accept_write(&accept, path, err);
    trial_accept_deinit(&accept);
    trial_file_deinit(&file);
    return fine;
}

static void the_file_keeps_its_mode_and_a_link_its_file(void **state)
{
    (void)state;
    struct error err;
    struct stat st;
    struct buf text;
    buf_init(&text, 1000);
    write_file("x.http", "POST /x\n### expect\n");
    assert_int_equal(chmod("x.http", 0640), 0);
    assert_int_equal(symlink("x.http", "link.http"), 0);
    assert_true(accept_file("link.http", &err));
    assert_true(file_read(&file_real, "x.http", &text, &err));
    assert_text(buf_text(&text), "POST /x\n### expect 201\n");
    assert_int_equal(lstat("link.http", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat("x.http", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_not_equal(access("x.http.new", F_OK), 0);
    buf_deinit(&text);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    struct error err;
    write_file("y.http", "POST /y\n### expect\n");
    write_file("y.http.new", "somebody's own");
    assert_false(accept_file("y.http", &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_non_null(strstr(err.text, "y.http.new: File exists"));
    assert_int_equal(access("y.http.new", F_OK), 0);
}

static void without_a_case_nothing_is_written(void **state)
{
    (void)state;
    struct trial_accept accept;
    struct error err;
    trial_accept_init(&accept, TEXT("POST /x\n"));
    assert_true(trial_accept_write(&accept, "absent.http", &err));
    assert_int_not_equal(access("absent.http", F_OK), 0);
    trial_accept_deinit(&accept);
}

static int enter(void **state)
{
    (void)state;
    umask(022);
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    static const char *const names[] = {"x.http", "link.http", "y.http",
                                        "y.http.new"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove(names[i]);
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_replaced_where_it_stands),
        cmocka_unit_test(one_that_did_not_come_goes),
        cmocka_unit_test(those_that_nobody_expected_follow_the_last_one),
        cmocka_unit_test(the_receipt_time_is_left_out_unless_it_was_said),
        cmocka_unit_test(the_status_and_why_change),
        cmocka_unit_test(reasons_why_it_is_kept_change_like_points),
        cmocka_unit_test(line_ends_stay_as_they_are),
        cmocka_unit_test(only_the_cases_handed_over_change),
        cmocka_unit_test(the_file_keeps_its_mode_and_a_link_its_file),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told),
        cmocka_unit_test(without_a_case_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
