/* refusal.c - see refusal.h.
 *
 * The claims of the answer go into a table, by text and by number, and one walk
 * over the lines looks each of them up. So what is kept depends on the answer,
 * not on the batch, and thousands of bad lines cost no more than one.
 *
 * What can go wrong: a quoted line may be read in two ways, and lines may fit
 * both. Then none of them is named. Nor is one whose number says something
 * else than the text that is quoted beside it.
 */
#include "refusal.h"

#include <stdlib.h>

#include "ceilings.h"
#include "printable.h"
#include "words.h"

enum { BUCKETS = 1 << 12 };

#define NO_CLAIM UINT32_MAX

struct refusal_match {
    size_t line;
    uint32_t claim;
};

void refusals_init(struct refusals *refusals)
{
    *refusals = (struct refusals){0};
    claims_init(&refusals->claims);
    buf_init(&refusals->texts, 4 * LIMIT_ANSWER_BYTES);
}

void refusals_deinit(struct refusals *refusals)
{
    claims_deinit(&refusals->claims);
    buf_deinit(&refusals->texts);
    free(refusals->items);
    free(refusals->matches);
    free(refusals->heads);
    free(refusals->readings);
}

/* ---- the table of claims ---- */

static uint32_t bucket_of_text(struct text text)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * 16777619u;
    return (hash ^ hash >> 16) % BUCKETS;
}

static uint32_t bucket_of(const struct claim *claim)
{
    return claim->kind == CLAIM_TEXT ? bucket_of_text(claim->text)
                                     : (uint32_t)(claim->number % BUCKETS);
}

/* Put in backwards, so that each list begins with the first. */
static void index_claims(struct refusals *refusals)
{
    struct claims *claims = &refusals->claims;
    if (!refusals->heads)
        refusals->heads = xcalloc(BUCKETS, sizeof *refusals->heads);
    for (size_t i = 0; i < BUCKETS; i++)
        refusals->heads[i] = NO_CLAIM;
    for (size_t i = claims->count; i-- > 0;) {
        uint32_t *head = &refusals->heads[bucket_of(&claims->items[i])];
        claims->items[i].next = *head;
        *head = (uint32_t)i;
    }
    refusals->readings = xrealloc(
        refusals->readings, (claims->entries + 1) * sizeof *refusals->readings);
    memset(refusals->readings, 0,
           (claims->entries + 1) * sizeof *refusals->readings);
}

/* ---- the lines ---- */

static void note(struct refusals *refusals, size_t line, uint32_t index)
{
    struct claim *claim = &refusals->claims.items[index];
    if (refusals->match_count == LIMIT_REFUSALS) {
        refusals->is_incomplete = true;
        return;
    }
    if (!claim->is_found)
        refusals->readings[claim->entry]++;
    claim->is_found = true;
    if (refusals->match_count == refusals->match_capacity) {
        size_t capacity = refusals->match_capacity;
        capacity = capacity ? 2 * capacity : 64;
        refusals->matches =
            xrealloc(refusals->matches, capacity * sizeof *refusals->matches);
        refusals->match_capacity = capacity;
    }
    refusals->matches[refusals->match_count++] =
        (struct refusal_match){.line = line, .claim = index};
}

static bool fits(const struct claim *claim, struct text line, uint64_t number)
{
    switch (claim->kind) {
    case CLAIM_TEXT:
        return text_equal(claim->text, line);
    case CLAIM_NUMBER:
        return claim->number == number && text_starts_with(line, claim->text);
    case CLAIM_LONGER:
        return line.len > claim->number;
    case CLAIM_KINDS:
        break;
    }
    return false;
}

static void look_up(struct refusals *refusals, enum claim_kind kind,
                    uint32_t bucket, struct text line, uint64_t number)
{
    const struct claim *claims = refusals->claims.items;
    for (uint32_t i = refusals->heads[bucket]; i != NO_CLAIM;
         i = claims[i].next)
        if (claims[i].kind == kind && fits(&claims[i], line, number))
            note(refusals, refusals->line_count, i);
}

static void walk_lines(struct refusals *refusals, struct text lines)
{
    bool has_kind[CLAIM_KINDS] = {false};
    uint64_t number = 0; /* blank lines have none */
    for (size_t i = 0; i < refusals->claims.count; i++)
        has_kind[refusals->claims.items[i].kind] = true;
    for (; lines.len > 0; refusals->line_count++) {
        struct text line = text_cut(&lines, '\n');
        number += line.len > 0;
        if (has_kind[CLAIM_TEXT])
            look_up(refusals, CLAIM_TEXT, bucket_of_text(line), line, number);
        if (has_kind[CLAIM_NUMBER] && line.len > 0)
            look_up(refusals, CLAIM_NUMBER, (uint32_t)(number % BUCKETS), line,
                    number);
        if (has_kind[CLAIM_LONGER]) /* the only one, then */
            look_up(refusals, CLAIM_LONGER, bucket_of(refusals->claims.items),
                    line, number);
    }
}

/* ---- what comes of it ---- */

/* Its room was reserved at the start, so what is there does not move. */
static struct text keep_printable(struct refusals *refusals, struct text text)
{
    char *out = buf_reserve(&refusals->texts, text.len + 1);
    if (!out)
        return (struct text){NULL, 0};
    size_t len = printable(text, out, text.len + 1);
    buf_commit(&refusals->texts, len);
    return (struct text){out, len};
}

static void add(struct refusals *refusals, size_t line, struct text reason)
{
    refusals->items[refusals->count++] =
        (struct refusal){.line = line, .reason = reason};
}

/* A reason is made printable once, however many lines it is for. */
static struct text reason_of(struct refusals *refusals, struct claim *claim)
{
    if (claim->is_found)
        claim->reason = keep_printable(refusals, claim->reason);
    claim->is_found = false;
    return claim->reason;
}

static void collect(struct refusals *refusals)
{
    struct claims *claims = &refusals->claims;
    refusals->items = xrealloc(refusals->items, (refusals->match_count + 1)
                                                    * sizeof *refusals->items);
    for (size_t i = 0; i < refusals->match_count; i++) {
        const struct refusal_match *match = &refusals->matches[i];
        struct claim *claim = &claims->items[match->claim];
        bool is_sure = refusals->readings[claim->entry] == 1;
        bool is_new =
            refusals->count == 0
            || refusals->items[refusals->count - 1].line != match->line;
        if (is_sure && is_new)
            add(refusals, match->line, reason_of(refusals, claim));
    }
    for (unsigned i = 0; i < claims->entries; i++)
        refusals->unclear += refusals->readings[i] != 1;
}

static void start(struct refusals *refusals)
{
    refusals->count = 0;
    refusals->match_count = 0;
    refusals->line_count = 0;
    refusals->unclear = 0;
    refusals->is_incomplete = false;
    buf_clear(&refusals->texts);
}

void refusals_read(struct refusals *refusals, const struct words *words,
                   struct text body, struct text lines)
{
    start(refusals);
    claims_read(&refusals->claims, words, body);
    refusals->is_incomplete = refusals->claims.is_incomplete;
    if (!buf_reserve(&refusals->texts, 2 * body.len + 1)) {
        refusals->claims.count = 0;
        refusals->is_incomplete = true;
    }
    index_claims(refusals);
    walk_lines(refusals, lines);
    collect(refusals);
}

void refusals_clear(struct refusals *refusals)
{
    start(refusals);
}

void refusals_name_only(struct refusals *refusals, const struct words *words)
{
    refusals->items = xrealloc(refusals->items, sizeof *refusals->items);
    refusals->count = 0;
    buf_clear(&refusals->texts);
    add(refusals, 0, keep_printable(refusals, words->message));
}
