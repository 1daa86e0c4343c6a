/* isolate.c - see isolate.h.
 *
 * Always the first live lines go out, never a later one before an earlier one
 * is settled: so of two lines for one series and time the last one wins, also
 * on a server that wrote some lines of a request that it refused, because what
 * is not settled goes out again behind what was.
 *
 * Lines that an answer names are dead. Where it names none, a bad line is
 * somewhere in what was posted, and half of it goes out, then a half of that
 * half which is bad: log2 n requests find the first bad line, which is refused
 * alone, and by then all before it are written. Of what is behind it nothing
 * is known. As much goes out next as was good before it, and twice as much
 * after each success; so sparse bad lines cost about log2 of their distance
 * each, and a row of them one request each. A server that counts what it
 * dropped, and dropped all, needs not be asked about each.
 *
 * What can go wrong: all are bad, and nothing says so. Then each goes out
 * alone: never more than two requests a line. A server that changes its mind
 * between two requests changes which lines are bad, but a line is dead only if
 * it was named, or refused alone.
 */
#include "isolate.h"

#include <assert.h>
#include <stdlib.h>

#include "buf.h"

void isolate_init(struct isolate *isolate, size_t count)
{
    assert(count > 0);
    *isolate = (struct isolate){.count = count, .group = count};
}

void isolate_deinit(struct isolate *isolate)
{
    free(isolate->is_dead);
    free(isolate->fresh);
    *isolate = (struct isolate){0};
}

bool isolate_is_live(const struct isolate *isolate, size_t line)
{
    return !isolate->is_dead || !isolate->is_dead[line];
}

size_t isolate_live(const struct isolate *isolate, size_t end)
{
    size_t live = 0;
    if (!isolate->is_dead)
        return end - isolate->done;
    for (size_t line = isolate->done; line < end; line++)
        live += !isolate->is_dead[line];
    return live;
}

/* Where so many live lines end, limit at most; dead ones behind them count
 * in. */
static size_t end_of(const struct isolate *isolate, size_t live, size_t limit)
{
    size_t line = isolate->done;
    if (!isolate->is_dead)
        return live < limit - line ? line + live : limit;
    while (line < limit && (live > 0 || isolate->is_dead[line]))
        live -= !isolate->is_dead[line++];
    return line;
}

size_t isolate_next(const struct isolate *isolate)
{
    if (isolate->suspect_end == 0)
        return end_of(isolate, isolate->group, isolate->count);
    size_t live = isolate_live(isolate, isolate->suspect_end);
    return end_of(isolate, live > 1 ? live / 2 : 1, isolate->suspect_end);
}

/* ---- what an answer means ---- */

static void move_on(struct isolate *isolate, size_t end)
{
    isolate->done = end;
    while (isolate->done < isolate->count
           && !isolate_is_live(isolate, isolate->done))
        isolate->done++;
    if (isolate->suspect_end <= isolate->done)
        isolate->suspect_end = 0;
}

static void written(struct isolate *isolate, size_t end)
{
    isolate->run += isolate_live(isolate, end);
    if (isolate->suspect_end == 0 && isolate->group < isolate->count)
        isolate->group *= 2;
    isolate->named_before = 0;
    move_on(isolate, end);
}

static void condemn(struct isolate *isolate, size_t line, struct text reason)
{
    if (isolate->fresh_count == isolate->fresh_room) {
        isolate->fresh_room = isolate->fresh_room ? isolate->fresh_room * 2 : 8;
        isolate->fresh = xrealloc(isolate->fresh,
                                  isolate->fresh_room * sizeof *isolate->fresh);
    }
    isolate->fresh[isolate->fresh_count++] = (struct refusal){line, reason};
}

/* The named ones, or all, in the order of lines. */
static void condemn_posted(struct isolate *isolate,
                           const struct isolate_answer *answer, bool all)
{
    size_t posted = 0, next = 0;
    for (size_t line = isolate->done; line < answer->end; line++) {
        if (!isolate_is_live(isolate, line))
            continue;
        bool is_named = next < answer->refusal_count
                        && answer->refusals[next].line == posted;
        if (is_named)
            condemn(isolate, line, answer->refusals[next++].reason);
        else if (all)
            condemn(isolate, line, answer->reason);
        posted++;
    }
    assert(next == answer->refusal_count);
    if (!isolate->is_dead && isolate->fresh_count > 0)
        isolate->is_dead = xcalloc(isolate->count, sizeof *isolate->is_dead);
    for (size_t i = 0; i < isolate->fresh_count; i++)
        isolate->is_dead[isolate->fresh[i].line] = true;
}

/* All that went out are bad: one alone, or so many that were counted. */
static void all_refused(struct isolate *isolate,
                        const struct isolate_answer *answer, size_t live)
{
    size_t before = isolate->run + 1;
    condemn_posted(isolate, answer, true);
    isolate->suspect_end = 0; /* what made it suspect is found */
    isolate->group =
        isolate->is_counted && before < live * 2 ? live * 2 : before;
    isolate->run = 0;
    isolate->named_before = 0;
    move_on(isolate, answer->end);
}

/* The named ones are out. Of the rest nothing is known: it goes out at once,
 * the server may name all; one that names a few a time gets less each time. */
static void some_named(struct isolate *isolate,
                       const struct isolate_answer *answer, size_t live)
{
    size_t left = live - answer->refusal_count;
    condemn_posted(isolate, answer, false);
    isolate->suspect_end = answer->unnamed > 0 ? answer->end : 0;
    isolate->group = isolate->named_before++ == 0 ? left : left / 2;
    if (isolate->group == 0)
        isolate->group = 1;
    isolate->run = 0;
    move_on(isolate, isolate->done);
}

void isolate_tell(struct isolate *isolate, const struct isolate_answer *answer)
{
    size_t end = answer->end, live = isolate_live(isolate, end);
    assert(live > 0 && answer->refusal_count <= live);
    isolate->fresh_count = 0;
    isolate->is_counted = isolate->is_counted || answer->unnamed > 1;
    size_t refused = answer->refusal_count + answer->unnamed;
    bool is_partly = answer->outcome == ISOLATE_PARTLY;
    if (answer->outcome == ISOLATE_WRITTEN || (is_partly && refused == 0)) {
        written(isolate, end);
    } else if (live == 1 || refused >= live) {
        all_refused(isolate, answer, live);
    } else if (is_partly && answer->unnamed == 0) {
        condemn_posted(isolate, answer, false);
        isolate->suspect_end = 0; /* here is what made it suspect */
        written(isolate, end);
    } else if (answer->refusal_count > 0) {
        some_named(isolate, answer, live);
    } else {
        isolate->suspect_end = end;
    }
}
