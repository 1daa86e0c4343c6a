/* scripts/README.md names what scripts have: all of it, and nothing else. */
#include "script_unit.h"

#include <stdlib.h>

#include "file.h"

/* Those a name of which may be followed by a dot; NULL: globals. */
static const char *const libraries[] = {
    NULL,  "req",   "json", "time",   "hex",   "base64", "url",
    "csv", "store", "log",  "string", "table", "math",   "utf8",
};

enum { LIBRARIES = sizeof libraries / sizeof *libraries, NAME_BYTES = 80 };

struct look {
    const char *reference;
    const char *library;
    int missing;
};

static bool is_part_of_a_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* What `name...` begins with: in a heading, or the first cell of a row. */
static struct text name_at(const char *tick)
{
    struct text name = {tick + 1, 0};
    while (is_part_of_a_name(name.at[name.len]))
        name.len++;
    char after = name.at[name.len];
    bool is_name = after == '`' || after == '(' || after == '{';
    return is_name ? name : (struct text){name.at, 0};
}

/* The next name that the text documents, NULL at.at: there is none. */
static struct text next_name(const char **at)
{
    for (; **at; (*at)++) {
        if (**at != '`')
            continue;
        const char *line = *at, *cell_end;
        while (line > *at - 4000 && line[-1] != '\n')
            line--;
        cell_end = strncmp(line, "| ", 2) == 0 ? strchr(line + 1, '|') : NULL;
        bool is_entry =
            strncmp(line, "### ", 4) == 0 || (cell_end && *at < cell_end);
        struct text name = is_entry ? name_at(*at) : (struct text){NULL, 0};
        *at = strchr(*at + 1, '`');
        assert_non_null(*at);
        (*at)++;
        if (name.len > 0)
            return name;
    }
    return (struct text){NULL, 0};
}

static bool documents(const char *reference, const char *wanted)
{
    for (struct text name; (name = next_name(&reference)).at;)
        if (text_equal(name, text_of(wanted)))
            return true;
    return false;
}

static bool is_library(const char *name)
{
    for (int i = 1; i < LIBRARIES; i++)
        if (strcmp(libraries[i], name) == 0)
            return true;
    return false;
}

static void expect_documented(const char *name, void *context)
{
    struct look *look = context;
    char full[NAME_BYTES];
    if (!look->library && is_library(name))
        return;
    snprintf(full, sizeof full, "%s%s%s", look->library ? look->library : "",
             look->library ? "." : "", name);
    if (!documents(look->reference, full)) {
        print_error("scripts/README.md lacks %s\n", full);
        look->missing++;
    }
}

static struct bench bench;
static char *reference;

static void all_that_scripts_have_is_in_the_reference(void **state)
{
    (void)state;
    struct look look = {.reference = reference};
    for (int i = 0; i < LIBRARIES; i++) {
        look.library = libraries[i];
        script_each_name(bench.script, libraries[i], expect_documented, &look);
    }
    assert_int_equal(look.missing, 0);
}

struct search {
    struct text wanted;
    bool is_there;
};

static void compare(const char *name, void *context)
{
    struct search *search = context;
    search->is_there |= text_equal(search->wanted, text_of(name));
}

static bool has(struct text name)
{
    struct text field = name, library = text_cut(&field, '.');
    char owner[NAME_BYTES];
    if (field.len == 0) {
        struct search search = {name, false};
        script_each_name(bench.script, NULL, compare, &search);
        return search.is_there;
    }
    snprintf(owner, sizeof owner, "%.*s", TEXT_ARG(library));
    struct search search = {field, false};
    if (is_library(owner))
        script_each_name(bench.script, owner, compare, &search);
    return search.is_there;
}

/* Words in backquotes that are an entry's, but no name of a script. */
static bool is_other(struct text name)
{
    static const char *const others[] = {"null", "nil", "false", "store", NULL};
    bool is_it = text_starts_with(name, TEXT("limits."))
                 || (name.at[0] >= '0' && name.at[0] <= '9');
    for (const char *const *other = others; *other; other++)
        is_it |= text_equal(name, text_of(*other));
    return is_it;
}

static void all_that_the_reference_names_is_there(void **state)
{
    (void)state;
    int wrong = 0, count = 0;
    const char *at = reference;
    for (struct text name; (name = next_name(&at)).at; count++) {
        if (is_other(name) || has(name))
            continue;
        print_error("scripts/README.md names %.*s, which is not there\n",
                    TEXT_ARG(name));
        wrong++;
    }
    assert_int_equal(wrong, 0);
    assert_true(count > 100);
}

static void what_is_said_not_to_be_there_is_not(void **state)
{
    (void)state;
    const char *at = strstr(reference, "## What is not there");
    assert_non_null(at);
    for (at = strchr(at, '`'); at; at = strchr(strchr(at + 1, '`') + 1, '`')) {
        struct text name = name_at(at);
        if (name.len > 0 && !text_equal(name, TEXT("req.time"))
            && !text_equal(name, TEXT("string.unpack")) && has(name))
            fail_msg("there is %.*s", TEXT_ARG(name));
    }
}

static int set_up(void **state)
{
    (void)state;
    struct buf text;
    struct error err;
    buf_init(&text, 1 << 20);
    if (!bench_load(&bench, "return function(req) end")
        || !file_read(&file_real, SCRIPTS_DIR "/README.md", &text, &err))
        return -1;
    reference = strdup(buf_string(&text));
    buf_deinit(&text);
    return reference ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(reference);
    bench_free(&bench);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_scripts_have_is_in_the_reference),
        cmocka_unit_test(all_that_the_reference_names_is_there),
        cmocka_unit_test(what_is_said_not_to_be_there_is_not),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
