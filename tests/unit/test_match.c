/* Patterns over bytes: what the manual says of each item, every fault, the
 * bound on steps. */
#include "unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "match.h"

/* A pattern and a search with it. */
struct trial {
    struct match_program *pattern;
    struct match match;
    struct error err;
};

static bool trial_open(struct trial *trial, const char *pattern,
                       struct text subject)
{
    struct text text = text_of(pattern);
    trial->pattern = malloc(match_program_bytes(text.len));
    if (!match_program_compile(trial->pattern, text, true, &trial->err))
        return false;
    match_init(&trial->match, trial->pattern, subject);
    return true;
}

static void trial_close(struct trial *trial)
{
    free(trial->pattern);
}

/* "1-3 [1-2] [@3]": first and last byte as string.find gives them, then the
 * captures, positions with '@'. */
static void describe(const struct match *match, char out[400])
{
    int len =
        snprintf(out, 400, "%zu-%zu", match->whole.from + 1, match->whole.to);
    for (unsigned i = 0; i < match->pattern->capture_count; i++) {
        struct match_range range = match->captures[i];
        len += range.to == MATCH_POSITION
                   ? snprintf(out + len, 40, " [@%zu]", range.from + 1)
                   : snprintf(out + len, 40, " [%zu-%zu]", range.from + 1,
                              range.to);
    }
}

static void expect(const char *pattern, struct text subject, size_t from,
                   const char *result)
{
    struct trial trial;
    char got[400] = "none";
    if (!trial_open(&trial, pattern, subject))
        fail_msg("%s: %s", pattern, trial.err.text);
    /* in one go, then in slices of one step */
    match_start(&trial.match, from);
    enum match_end end = match_run(&trial.match, UINT64_MAX / 2);
    if (end == MATCH_FOUND)
        describe(&trial.match, got);
    if (end > MATCH_FOUND || strcmp(got, result) != 0)
        fail_msg("%s in %.*s: %s, not %s", pattern, TEXT_ARG(subject), got,
                 result);
    uint64_t steps = trial.match.steps;
    trial.match.ended = SIZE_MAX;
    match_start(&trial.match, from);
    do
        end = match_run(&trial.match, 1);
    while (end == MATCH_PAUSED);
    strcpy(got, "none");
    if (end == MATCH_FOUND)
        describe(&trial.match, got);
    assert_string_equal(got, result);
    assert_int_equal(trial.match.steps, steps);
    trial_close(&trial);
}

struct example {
    const char *pattern, *subject, *result;
};

static void expect_all(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(examples[i].pattern, text_of(examples[i].subject), 0,
               examples[i].result);
}
#define EXPECT_ALL(examples)                                                   \
    expect_all(examples, sizeof examples / sizeof *examples)

static bool has(const char *pattern, int byte)
{
    char subject = (char)byte;
    struct trial trial;
    assert_true(trial_open(&trial, pattern, (struct text){&subject, 1}));
    match_start(&trial.match, 0);
    bool found = match_run(&trial.match, 100) == MATCH_FOUND;
    trial_close(&trial);
    return found;
}

static void classes_are_those_of_the_c_locale(void **state)
{
    (void)state;
    static const struct {
        char letter;
        int (*is)(int);
    } classes[] = {{'a', isalpha}, {'c', iscntrl}, {'d', isdigit},
                   {'g', isgraph}, {'l', islower}, {'p', ispunct},
                   {'s', isspace}, {'u', isupper}, {'w', isalnum},
                   {'x', isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char small[] = {'%', classes[i].letter, '\0'};
        char capital[] = {'%', (char)(classes[i].letter - 32), '\0'};
        for (int byte = 0; byte < 256; byte++) {
            bool is_in = classes[i].is(byte) != 0;
            if (has(small, byte) != is_in || has(capital, byte) == is_in)
                fail_msg("byte %d and %s", byte, small);
        }
    }
}

static void bytes_classes_and_sets_match_one_byte(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"b", "abc", "2-2"},
        {"bc", "abc", "2-3"},
        {"bd", "abc", "none"},
        {"abcd", "abc", "none"},
        {"", "abc", "1-0"},
        {"", "", "1-0"},
        {".", "abc", "1-1"},
        {".", "", "none"},
        {"%.", "a.c", "2-2"},
        {"%%", "a%c", "2-2"},
        {"%a%d", "1a2", "2-3"},
        {"%a%.%-", "xa.-", "2-4"},
        {"%D", "12x", "3-3"},
        {"%q", "aq", "2-2"}, /* a letter that is no class stands for itself */
        {"%\xe9", "\xe9", "1-1"},
        {"[bc]", "abc", "2-2"},
        {"[^ab]", "abc", "3-3"},
        {"[b-d]", "abc", "2-2"},
        {"[^a-b]", "abc", "3-3"},
        {"[d-b]", "abcd", "none"}, /* an empty range */
        {"[a-]", "x-", "2-2"},
        {"[-a]", "x-", "2-2"},
        {"[+--]", "x,", "2-2"}, /* from + to - */
        {"[]]", "a]", "2-2"},
        {"[^]]", "]a", "2-2"},
        {"[]-a]", "A^", "2-2"},
        {"[%]a]", "x]", "2-2"},
        {"[%d%s]", "a 1", "2-2"},
        {"[%D]", "1a", "2-2"},
        {"[^%D]", "a1", "2-2"},
        {"[%w_]+", "-a_1-", "2-4"},
        {"[a^]", "x^", "2-2"},
        {"[%^a]", "x^", "2-2"},
        {"[a%-z]", "m-", "2-2"},
        {"[0-9a-f]+", "xyz7fe", "4-6"},
        {"[(]", "a(", "2-2"},
        {"]", "a]", "2-2"},
        {"[\x80-\xff]+", "a\xc3\xa9", "2-3"},
    };
    EXPECT_ALL(examples);
}

static void repetitions_take_what_they_should(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"a*", "aaab", "1-3"},
        {"a*", "baaa", "1-0"},
        {"a+", "baaa", "2-4"},
        {"a+", "bbb", "none"},
        {"a-", "aaa", "1-0"},
        {"a-b", "aaab", "1-4"},
        {"a-$", "aaa", "1-3"},
        {"a?b", "aab", "2-3"},
        {"a?b", "b", "1-1"},
        {"a?a?a?", "aa", "1-2"},
        {"a?ab", "ab", "1-2"},
        {".*b", "abab", "1-4"},
        {".-b", "abab", "1-2"},
        {".+b", "b", "none"},
        {"a*ab", "aaab", "1-4"},
        {"a+a+a+", "aaa", "1-3"},
        {"a+a+a+", "aa", "none"},
        {"%s*x", "  x", "1-3"},
        {"[ab]*c", "abac", "1-4"},
        {"[ab]-c", "xabac", "2-5"},
        {"a*-", "aa-", "1-3"}, /* a second repetition is a byte */
        {"a**", "aa*", "1-3"},
        {"a-b-c", "abc", "1-3"},
        {"x-y?", "xy", "1-0"},
        {"*", "a*", "2-2"}, /* and so is one after nothing */
        {"+a", "+a", "1-2"},
        {"^*", "*", "1-1"},
        {"-", "a-", "2-2"},
        {"%d+%.?%d*", "v 3.25!", "3-6"},
        {"\"[^\"]*\"", "say \"hi\" now", "5-8"},
    };
    EXPECT_ALL(examples);
}

static void anchors_hold_both_ends(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"^a", "ab", "1-1"},   {"^b", "ab", "none"},
        {"^", "ab", "1-0"},    {"b$", "ab", "2-2"},
        {"a$", "ab", "none"},  {"$", "ab", "3-2"},
        {"^$", "", "1-0"},     {"^$", "a", "none"},
        {"^ab$", "ab", "1-2"}, {"a^b", "a^b", "1-3"},
        {"a$b", "a$b", "1-3"}, {"%^a", "^a", "1-2"},
        {"a%$", "a$", "1-2"},  {"($)", "a$", "2-2 [2-2]"},
        {"$$", "a$", "2-2"},   {"^.-$", "a b", "1-3"},
    };
    EXPECT_ALL(examples);
    expect("^b", TEXT("ab"), 1, "2-2");
    expect("a", TEXT("aba"), 1, "3-3");
    expect("$", TEXT("ab"), 2, "3-2");
    expect(".", TEXT("ab"), 2, "none");
    expect("^", TEXT(""), 0, "1-0");
}

static void captures_hold_texts_and_positions(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"(a)(b)", "ab", "1-2 [1-1] [2-2]"},
        {"(a(b)c)", "xabc", "2-4 [2-4] [3-3]"},
        {"((a)(b))", "ab", "1-2 [1-2] [1-1] [2-2]"},
        {"()b()", "abc", "2-2 [@2] [@3]"},
        {"(a*)b", "aab", "1-3 [1-2]"},
        {"(a*)", "b", "1-0 [1-0]"},
        {"(a*(.)%w(%s*))", "aab1  c", "1-6 [1-6] [3-3] [5-6]"},
        {"(.-)=(.*)", "k=v=w", "1-5 [1-1] [3-5]"},
        {"(%a+)%s+(%a+)", "hello  world", "1-12 [1-5] [8-12]"},
        {"(a-)(a*)b", "aab", "1-3 [1-0] [1-2]"},
        {"^(%a[%w_]-)(%d+)f?$", "temp1f", "1-6 [1-4] [5-5]"},
        {"(a)*", "a*", "1-2 [1-1]"}, /* a capture cannot be repeated */
        {"(.)%1", "abba", "2-3 [2-2]"},
        {"(.)(.)%2%1", "abba", "1-4 [1-1] [2-2]"},
        {"([\"'])(.-)%1", "a='x\"y'", "3-7 [3-3] [4-6]"},
        {"(a+)b%1", "aaba", "2-4 [2-2]"},
        {"(a*)%1$", "aaa", "2-3 [2-2]"},
        {"(a)%1*", "aa*", "1-3 [1-1]"}, /* %1 cannot be repeated, either */
        {"()%1", "a", "none"},          /* a position is no text */
        {"(b?)%1c", "abbc", "2-4 [2-2]"},
    };
    EXPECT_ALL(examples);
}

static void balanced_texts_and_frontiers(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"%b()", "f(a(b)c)d)", "2-8"},
        {"%b()", "((a)", "2-4"},
        {"%b()", "(((", "none"},
        {"%b<>x", "<a><b>x", "4-7"},
        {"%b''", "a 'b' c", "3-5"},
        {"%b()*", "()*", "1-3"},
        {"%b%a", "x%ba", "2-4"},
        {"%f[%w]%w+", "  ab cd", "3-4"},
        {"%w+%f[%W]", "ab cd", "1-2"},
        {"%f[%a]%a+%f[%A]", "1a ab", "2-2"},
        {"%f[a]a", "ba", "2-2"},
        {"%f[^a]", "aab", "3-2"},
        {"b%f[^%w]", "ab", "2-2"}, /* the end counts as a zero byte */
        {"%f[^%w]", "ab", "3-2"},
        {"THE%f[%A]", "THEN THE", "6-8"},
        {"%f[%w]", "", "none"},
        {"%f[^x]", "a", "none"}, /* so does the place before the begin */
    };
    EXPECT_ALL(examples);
    expect("%f[b]b", TEXT("bb"), 1, "none"); /* it sees what is before init */
}

static void zero_bytes_are_bytes(void **state)
{
    (void)state;
    static const char pattern[] = {'a', '\0', '+', '[', '\0', 'x', ']'};
    char room[1000] __attribute__((aligned(16)));
    struct match_program *compiled = (struct match_program *)(void *)room;
    struct match match;
    struct error err;
    assert_true(match_program_compile(
        compiled, (struct text){pattern, sizeof pattern}, true, &err));
    match_init(&match, compiled, TEXT("ba\0\0xx"));
    match_start(&match, 0);
    assert_int_equal(match_run(&match, 1000), MATCH_FOUND);
    assert_int_equal(match.whole.from, 1);
    assert_int_equal(match.whole.to, 5);
    expect("%z", TEXT("az\0"), 0, "3-3");
    expect("a.b", TEXT("a\0b"), 0, "1-3");
    expect("%c", TEXT("a\0"), 0, "2-2");
    expect("", (struct text){NULL, 0}, 0, "1-0");
    expect("a", (struct text){NULL, 0}, 0, "none");
}

static void every_fault_is_told_with_its_place(void **state)
{
    (void)state;
    static const char *const faults[][2] = {
        {"%", "nothing follows the '%' (byte 1)"},
        {"ab%", "nothing follows the '%' (byte 3)"},
        {"a*%", "nothing follows the '%' (byte 3)"},
        {"[", "'[' without its ']' (byte 1)"},
        {"[]", "'[' without its ']' (byte 1)"},
        {"[^", "'[' without its ']' (byte 1)"},
        {"[^]", "'[' without its ']' (byte 1)"},
        {"a[b", "'[' without its ']' (byte 2)"},
        {"a[b%", "'[' without its ']' (byte 2)"},
        {"a[b%]", "'[' without its ']' (byte 2)"},
        {"[a-", "'[' without its ']' (byte 1)"},
        {"(a", "'(' without its ')' (byte 3)"},
        {"(", "'(' without its ')' (byte 2)"},
        {"((a)", "'(' without its ')' (byte 5)"},
        {")", "')' without its '(' (byte 1)"},
        {"(a))", "')' without its '(' (byte 4)"},
        {"%b", "two bytes must follow %b (byte 1)"},
        {"a%bx", "two bytes must follow %b (byte 2)"},
        {"%f", "a set must follow %f (byte 1)"},
        {"%fa", "a set must follow %f (byte 1)"},
        {"%f[a", "'[' without its ']' (byte 3)"},
        {"%1", "no such capture is complete here (byte 1)"},
        {"(a%1)", "no such capture is complete here (byte 3)"},
        {"(a)%2", "no such capture is complete here (byte 4)"},
        {"(a)%0", "no such capture is complete here (byte 4)"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct trial trial;
        char expected[200];
        snprintf(expected, sizeof expected, "malformed pattern: %s",
                 faults[i][1]);
        assert_false(trial_open(&trial, faults[i][0], TEXT("")));
        assert_int_equal(trial.err.kind, ERR_SCRIPT);
        assert_string_equal(trial.err.text, expected);
        trial_close(&trial);
    }
}

static void there_are_32_captures(void **state)
{
    (void)state;
    char pattern[200] = "";
    for (int i = 0; i < 32; i++)
        strcat(pattern, i % 2 ? "()" : "(a)");
    struct trial trial;
    char subject[] = "aaaaaaaaaaaaaaaa", got[400];
    assert_true(trial_open(&trial, pattern, text_of(subject)));
    match_start(&trial.match, 0);
    assert_int_equal(match_run(&trial.match, 1000), MATCH_FOUND);
    describe(&trial.match, got);
    assert_non_null(strstr(got, " [16-16] [@17]"));
    trial_close(&trial);
    strcat(pattern, "(a)");
    assert_false(trial_open(&trial, pattern, text_of(subject)));
    assert_string_equal(trial.err.text,
                        "malformed pattern: more than 32 captures (byte 81)");
    trial_close(&trial);
}

static void a_search_from_the_end_of_a_match_finds_the_next(void **state)
{
    (void)state;
    struct trial trial;
    assert_true(trial_open(&trial, "a*", TEXT("aaba")));
    match_start(&trial.match, 0);
    size_t found = 0;
    /* the empty one before b is where the first ended, so it is none */
    static const char *const all[] = {"1-2", "4-4"};
    for (; match_run(&trial.match, 1000) == MATCH_FOUND; found++) {
        char got[400];
        describe(&trial.match, got);
        assert_true(found < 2);
        assert_string_equal(got, all[found]);
        match_start(&trial.match, trial.match.whole.to);
    }
    assert_int_equal(found, 2);
    assert_int_equal(match_run(&trial.match, 1000), MATCH_NONE);
    trial_close(&trial);
}

/* What hangs a matcher that has no bound. */
static void exploding_patterns_end_by_steps(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        ".-.-.-.-b",     "a.-a.-a.-b",           "a*a*a*a*b",
        "(a*)(a*)*%1b",  "^(.-)(.-)(.-)%1%2%3b", "[ab]-[ab]-[ab]-c",
        "a?a?a?.*.*.*c", "%f[a].-.-.-b",         "(.-)(.-)%2%1%2b",
        "((.*).*.*)%2b"};
    char subject[3000];
    memset(subject, 'a', sizeof subject);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct trial trial;
        enum match_end end;
        unsigned slices = 0;
        assert_true(trial_open(&trial, patterns[i],
                               (struct text){subject, sizeof subject}));
        match_start(&trial.match, 0);
        do
            end = match_run(&trial.match, 20000);
        while (end == MATCH_PAUSED && slices++ < 100000);
        if (end != MATCH_TOO_LONG)
            fail_msg("%s ended as %d", patterns[i], end);
        assert_true(trial.match.steps >= trial.match.budget);
        assert_true(trial.match.steps < trial.match.budget + 10000);
        assert_true(trial.match.budget == 1000000 + 64 * 3000);
        trial_close(&trial);
    }
}

static void honest_work_on_a_long_text_is_not_cut(void **state)
{
    (void)state;
    static const char *const patterns[] = {"x",      "x+",   "a*$", ".-x",
                                           "^(.*)x", "[^a]", "%s+", "(%w+)$"};
    enum { LEN = 4000000 };
    char *subject = malloc(LEN);
    memset(subject, 'a', LEN);
    for (size_t i = 0; i < LEN; i += 80)
        subject[i] = '\n';
    subject[LEN - 1] = 'x';
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct trial trial;
        assert_true(
            trial_open(&trial, patterns[i], (struct text){subject, LEN}));
        match_start(&trial.match, 0);
        enum match_end end = match_run(&trial.match, UINT64_MAX / 2);
        if (end == MATCH_TOO_LONG)
            fail_msg("%s took %llu steps", patterns[i],
                     (unsigned long long)trial.match.steps);
        trial_close(&trial);
    }
    free(subject);
}

/* No operation may hide its work: a long literal, a long capture, a long
 * balanced text, each tried at every byte. */
static void what_is_compared_is_counted(void **state)
{
    (void)state;
    enum { LEN = 200000 };
    char *subject = malloc(LEN), *pattern = malloc(LEN);
    memset(subject, 'a', LEN);
    memset(pattern, 'a', LEN / 2);
    strcpy(pattern + LEN / 2, "b");
    struct trial trial;
    assert_true(trial_open(&trial, pattern, (struct text){subject, LEN}));
    match_start(&trial.match, 0);
    assert_int_equal(match_run(&trial.match, UINT64_MAX / 2), MATCH_TOO_LONG);
    trial_close(&trial);
    memset(subject, '(', LEN);
    assert_true(trial_open(&trial, "%b()", (struct text){subject, LEN}));
    match_start(&trial.match, 0);
    assert_int_equal(match_run(&trial.match, UINT64_MAX / 2), MATCH_TOO_LONG);
    trial_close(&trial);
    free(subject);
    free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_those_of_the_c_locale),
        cmocka_unit_test(bytes_classes_and_sets_match_one_byte),
        cmocka_unit_test(repetitions_take_what_they_should),
        cmocka_unit_test(anchors_hold_both_ends),
        cmocka_unit_test(captures_hold_texts_and_positions),
        cmocka_unit_test(balanced_texts_and_frontiers),
        cmocka_unit_test(zero_bytes_are_bytes),
        cmocka_unit_test(every_fault_is_told_with_its_place),
        cmocka_unit_test(there_are_32_captures),
        cmocka_unit_test(a_search_from_the_end_of_a_match_finds_the_next),
        cmocka_unit_test(exploding_patterns_end_by_steps),
        cmocka_unit_test(honest_work_on_a_long_text_is_not_cut),
        cmocka_unit_test(what_is_compared_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
