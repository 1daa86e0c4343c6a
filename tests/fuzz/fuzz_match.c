/* Any bytes as a pattern and a subject (a zero byte ends the pattern): nothing
 * is read or written out of bounds, a search ends within its budget and finds
 * ranges that are in the subject, in one go as in slices. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum match_end search(struct match *match, size_t from, uint64_t slice)
{
    enum match_end end;
    match_start(match, from);
    match->budget = 20000;
    do
        end = match_run(match, slice);
    while (end == MATCH_PAUSED);
    return end;
}

static void check_range(const struct match *match, struct match_range range)
{
    if (range.to == MATCH_POSITION)
        range.to = range.from;
    assert(range.from <= range.to);
    assert(range.from >= match->whole.from && range.to <= match->whole.to);
}

/* All matches, one after another; each costs a byte or is an empty one. */
static void search_all(struct match *match)
{
    size_t from = 0;
    size_t rounds = 0;
    while (search(match, from, 50) == MATCH_FOUND) {
        struct match_range whole = match->whole;
        assert(whole.from >= from && whole.from <= whole.to);
        assert(whole.to <= match->subject.len);
        for (unsigned i = 0; i < match->pattern->capture_count; i++)
            check_range(match, match->captures[i]);
        from = whole.to;
        assert(++rounds <= 2 * match->subject.len + 2);
    }
}

static void both_ways(struct match *match)
{
    match->ended = SIZE_MAX;
    enum match_end whole = search(match, 0, UINT64_MAX / 2);
    struct match_range found = match->whole;
    uint64_t steps = match->steps;
    match->ended = SIZE_MAX;
    assert(search(match, 0, 1) == whole);
    assert(match->steps == steps);
    assert(whole != MATCH_FOUND
           || (match->whole.from == found.from && match->whole.to == found.to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {size ? (const char *)data : "", size};
    struct text text = text_cut(&rest, '\0');
    struct error err = {0};
    /* copies of their own, so that any byte beyond them is seen */
    char *pattern_text = malloc(text.len + 1);
    char *subject = malloc(rest.len + 1);
    memcpy(pattern_text, text.at, text.len);
    memcpy(subject, rest.at, rest.len);
    pattern_text = realloc(pattern_text, text.len ? text.len : 1);
    subject = realloc(subject, rest.len ? rest.len : 1);
    struct match_program *pattern = malloc(match_program_bytes(text.len));
    struct match match;
    for (int has_anchor = 0; has_anchor < 2; has_anchor++) {
        if (match_program_compile(pattern,
                                  (struct text){pattern_text, text.len},
                                  has_anchor, &err)) {
            match_init(&match, pattern, (struct text){subject, rest.len});
            both_ways(&match);
            match.ended = SIZE_MAX;
            search_all(&match);
        } else {
            assert(strncmp(err.text, "malformed pattern: ", 19) == 0);
        }
    }
    free(pattern);
    free(subject);
    free(pattern_text);
    return 0;
}
