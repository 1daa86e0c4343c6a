/* What kind of file system is told of. */
#include <mntent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "medium.h"
#include "unit.h"

/* The first tmpfs that is mounted anywhere here. */
static bool find_memory(char *place, size_t size)
{
    struct mntent *mount;
    bool found = false;
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    assert_non_null(mounts);
    while (!found && (mount = getmntent(mounts))) {
        struct stat st;
        found = strcmp(mount->mnt_type, "tmpfs") == 0
                && stat(mount->mnt_dir, &st) == 0 && S_ISDIR(st.st_mode);
        if (found)
            snprintf(place, size, "%s", mount->mnt_dir);
    }
    endmntent(mounts);
    return found;
}

static void memory_is_known(void **state)
{
    (void)state;
    char place[4096];
    if (!find_memory(place, sizeof place))
        skip();
    assert_int_equal(medium_of(place), MEDIUM_MEMORY);
}

static void nothing_is_said_of_what_is_not_known(void **state)
{
    (void)state;
    assert_int_equal(medium_of("/proc"), MEDIUM_DISK);
    assert_int_equal(medium_of("/nowhere/at/all"), MEDIUM_DISK);
    medium_warn("/proc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_known),
        cmocka_unit_test(nothing_is_said_of_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
