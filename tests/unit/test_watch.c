/* Which changes on disk are told. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "unit.h"
#include "watch.h"

static char folder[64];
static struct watch *watch;

static int set_up(void **state)
{
    (void)state;
    struct error err;
    char inside[128];
    snprintf(folder, sizeof folder, "/tmp/moonline-watch-XXXXXX");
    assert_non_null(mkdtemp(folder));
    watch = watch_new(&err);
    assert_non_null(watch);
    snprintf(inside, sizeof inside, "%s/a.lua", folder);
    assert_true(watch_add(watch, inside, &err));
    assert_true(watch_add(watch, inside, &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    watch_free(watch);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void run(const char *command)
{
    char line[300];
    snprintf(line, sizeof line, "cd %s && %s", folder, command);
    assert_int_equal(system(line), 0);
}

static bool is_readable(void)
{
    struct pollfd fd = {.fd = watch_fd(watch), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void scripts_and_recorded_tests_are_of_interest(void **state)
{
    (void)state;
    assert_false(is_readable());
    assert_false(watch_take(watch));
    run("echo 1 > a.lua");
    assert_true(is_readable());
    assert_true(watch_take(watch));
    assert_false(is_readable());
    assert_false(watch_take(watch));
    run("echo 1 > a_first.http");
    assert_true(watch_take(watch));
    run("rm a.lua");
    assert_true(watch_take(watch));
}

static void a_file_that_is_renamed_over_another_is_told(void **state)
{
    (void)state;
    run("echo 1 > .a.lua.new");
    assert_false(watch_take(watch));
    run("mv .a.lua.new a.lua");
    assert_true(watch_take(watch));
    run("ln -s elsewhere ..data_new && mv -T ..data_new ..data");
    assert_true(watch_take(watch));
}

static void other_files_are_not(void **state)
{
    (void)state;
    run("echo 1 > points.lp; echo 2 > a.lua~; mkdir inside; echo 3 > "
        "inside/b.lua");
    assert_true(is_readable());
    assert_false(watch_take(watch));
}

static void a_file_counts_when_it_is_closed(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/a.lua", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "re", 2), 2);
    assert_false(watch_take(watch));
    close(fd);
    assert_true(watch_take(watch));
}

static void a_link_that_is_made_is_told(void **state)
{
    (void)state;
    run("mkdir far && echo 1 > far/b.lua");
    (void)watch_take(watch);
    run("ln -s far/b.lua a.lua");
    assert_true(watch_take(watch));
    run("rm a.lua");
    assert_true(watch_take(watch));
    run("ln far/b.lua a.lua");
    assert_true(watch_take(watch));
    run("ln -s far/b.lua a.txt");
    assert_false(watch_take(watch));
}

static void what_a_link_leads_to_is_watched(void **state)
{
    (void)state;
    struct error err;
    char inside[128];
    snprintf(inside, sizeof inside, "%s/b.lua", folder);
    run("mkdir -p far/away && echo 1 > far/away/c.lua && ln -s c.lua "
        "far/away/b.lua && ln -s far/away/b.lua b.lua");
    assert_true(watch_add(watch, inside, &err));
    (void)watch_take(watch);
    run("echo 2 > far/away/c.lua");
    assert_true(watch_take(watch));
    run("ln -s nowhere d.lua");
    (void)watch_take(watch);
    snprintf(inside, sizeof inside, "%s/d.lua", folder);
    assert_true(watch_add(watch, inside, &err));
    assert_false(watch_take(watch));
}

static void many_changes_are_one(void **state)
{
    (void)state;
    run("for i in $(seq 1500); do : > script-with-a-long-name-$i.lua; done");
    assert_true(watch_take(watch));
    assert_false(watch_take(watch));
}

/* As a deployment does it that keeps the old one. */
static void a_folder_that_is_changed_over_is_told_and_watched(void **state)
{
    (void)state;
    struct error err;
    char inside[128];
    snprintf(inside, sizeof inside, "%s/now/a.lua", folder);
    run("mkdir now next && echo 1 > next/a.lua");
    assert_true(watch_add(watch, inside, &err));
    (void)watch_take(watch);
    run("mv now old && mv next now");
    assert_true(watch_take(watch));
    assert_false(watch_is_lost(watch));
    run("echo 2 > old/a.lua");
    assert_false(watch_take(watch));
    run("echo 2 > now/a.lua");
    assert_true(watch_take(watch));
}

static void a_folder_that_comes_back_is_watched_again(void **state)
{
    (void)state;
    struct error err;
    char inside[128];
    snprintf(inside, sizeof inside, "%s/now/a.lua", folder);
    run("mkdir now");
    assert_true(watch_add(watch, inside, &err));
    run("rmdir now");
    assert_false(watch_take(watch));
    assert_true(watch_is_lost(watch));
    assert_false(watch_take(watch));
    run("mkdir now");
    assert_true(watch_take(watch));
    assert_false(watch_is_lost(watch));
    run("echo 2 > now/a.lua");
    assert_true(watch_take(watch));
    run("rm -r now");
    (void)watch_take(watch);
    assert_true(watch_is_lost(watch));
    watch_forget_lost(watch);
    assert_false(watch_is_lost(watch));
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct error err;
    assert_false(watch_add(watch, "/nowhere/a.lua", &err));
    assert_non_null(strstr(err.text, "watching /nowhere for changes"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(scripts_and_recorded_tests_are_of_interest),
        TEST(a_file_that_is_renamed_over_another_is_told),
        TEST(other_files_are_not),
        TEST(a_file_counts_when_it_is_closed),
        TEST(a_link_that_is_made_is_told),
        TEST(what_a_link_leads_to_is_watched),
        TEST(many_changes_are_one),
        TEST(a_folder_that_is_changed_over_is_told_and_watched),
        TEST(a_folder_that_comes_back_is_watched_again),
        TEST(a_folder_that_is_not_there_is_told),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
