/* match.c - see match.h.
 *
 * A pattern has no alternatives and no loops around groups, so it is a straight
 * list of operations, and whatever can be matched in more than one way is one
 * operation in it: a repeated set. Such a choice keeps the subject's range that
 * is still open to it in itself; when a later operation finds nothing, the
 * search goes back to the nearest choice before it, which gives a byte back
 * (or, if lazy, takes one more) and all after it starts anew. Each operation
 * knows that choice since it was compiled. So the state of a search is one
 * range an operation: no stack grows with the subject, and a search can pause
 * between any two steps.
 *
 * Captures need no undoing. On the way to the end each is passed again.
 *
 * Where a match must begin with a certain byte or set, places that do not have
 * it are skipped in one go.
 *
 * What costs more than a moment is counted in steps: an operation, a way back,
 * 4 bytes looked at one by one, 16 compared at once.
 */
#include "match.h"

#include <assert.h>
#include <string.h>

enum { SCANNED_PER_STEP = 4, COMPARED_PER_STEP = 16 };

static const uint8_t *subject_begin(const struct match *m)
{
    return (const uint8_t *)m->subject.at;
}

static const uint8_t *subject_end(const struct match *m)
{
    return (const uint8_t *)m->subject.at + m->subject.len;
}

static size_t offset(const struct match *m, const uint8_t *at)
{
    return (size_t)(at - subject_begin(m));
}

/* Each of the following gives the place behind what it matched, or NULL. */

static const uint8_t *same(struct match *m, const uint8_t *at,
                           const uint8_t *bytes, size_t len)
{
    if (len > (size_t)(subject_end(m) - at))
        return NULL;
    m->steps += len / COMPARED_PER_STEP;
    return memcmp(at, bytes, len) == 0 ? at + len : NULL;
}

static const uint8_t *captured_again(struct match *m, const uint8_t *at,
                                     unsigned number)
{
    const struct match_range *range = &m->captures[number];
    if (range->to == MATCH_POSITION)
        return NULL; /* a position is no text that could come again */
    return same(m, at, subject_begin(m) + range->from, range->to - range->from);
}

/* As many of the set as there are. */
static const uint8_t *scan(struct match *m, const uint8_t *at,
                           const struct charset *set)
{
    const uint8_t *from = at, *end = subject_end(m);
    if (set == &charset_any)
        return end;
    while (at < end && charset_has(set, *at))
        at++;
    m->steps += (uint64_t)(at - from) / SCANNED_PER_STEP;
    return at;
}

static const uint8_t *balance(struct match *m, const uint8_t *at,
                              const struct match_op *op)
{
    const uint8_t *from = at, *end = subject_end(m);
    if (at == end || *at != op->first)
        return NULL;
    size_t depth = 1;
    for (at++; at < end && depth > 0; at++) {
        if (*at == op->last) /* before first: they may be equal */
            depth--;
        else if (*at == op->first)
            depth++;
    }
    m->steps += (uint64_t)(at - from) / SCANNED_PER_STEP;
    return depth == 0 ? at : NULL;
}

static bool is_frontier(const struct match *m, const uint8_t *at,
                        const struct charset *set)
{
    uint8_t before = at > subject_begin(m) ? at[-1] : 0;
    uint8_t after = at < subject_end(m) ? *at : 0;
    return !charset_has(set, before) && charset_has(set, after);
}

static const uint8_t *repeat(struct match *m, const uint8_t *at,
                             struct match_op *op)
{
    bool is_there = at < subject_end(m) && charset_has(op->set, *at);
    if (op->kind == OP_PLUS && !is_there)
        return NULL;
    op->low = at + (op->kind == OP_PLUS);
    if (op->kind == OP_MAYBE)
        op->high = at + is_there;
    else
        op->high = is_there ? scan(m, at + 1, op->set) : at;
    return op->high;
}

/* The rarer operations. */
static const uint8_t *step_aside(struct match *m, const uint8_t *at,
                                 const struct match_op *op)
{
    switch ((enum match_kind)op->kind) {
    case OP_POSITION:
        m->captures[op->first] =
            (struct match_range){offset(m, at), MATCH_POSITION};
        return at;
    case OP_AGAIN:
        return captured_again(m, at, op->first);
    case OP_BALANCED:
        return balance(m, at, op);
    case OP_FRONTIER:
        return is_frontier(m, at, op->set) ? at : NULL;
    case OP_END:
        return at == subject_end(m) ? at : NULL;
    case OP_START:
    case OP_LITERAL:
    case OP_ONE:
    case OP_MAYBE:
    case OP_STAR:
    case OP_PLUS:
    case OP_LAZY:
    case OP_OPEN:
    case OP_CLOSE:
    case OP_FOUND:
        break;
    }
    assert(false); /* step did these, and walk ends at OP_FOUND */
    return NULL;
}

static inline const uint8_t *step(struct match *m, const uint8_t *at,
                                  struct match_op *op)
{
    switch (op->kind) {
    case OP_LITERAL:
        if (at == subject_end(m) || *at != *op->low)
            return NULL;
        return op->high - op->low == 1
                   ? at + 1
                   : same(m, at, op->low, (size_t)(op->high - op->low));
    case OP_ONE:
        return at < subject_end(m) && charset_has(op->set, *at) ? at + 1 : NULL;
    case OP_MAYBE:
    case OP_STAR:
    case OP_PLUS:
        return repeat(m, at, op);
    case OP_LAZY:
        op->low = at;
        return at;
    case OP_OPEN:
        m->captures[op->first].from = offset(m, at);
        return at;
    case OP_CLOSE:
        m->captures[op->first].to = offset(m, at);
        return at;
    default:
        return step_aside(m, at, op);
    }
}

/* Back to the nearest choice that is left, and past it: the operation to go
 * on with, or NULL if there is none. */
static inline struct match_op *go_back(struct match *m, struct match_op *op,
                                       const uint8_t **at)
{
    struct match_op *ops = m->pattern->ops;
    for (op = ops + op->back; op->kind != OP_START; op = ops + op->back) {
        m->steps++;
        if (op->kind != OP_LAZY && op->high > op->low && !op->is_last) {
            *at = --op->high;
            return op + 1;
        }
        if (op->kind == OP_LAZY && op->low < subject_end(m)
            && charset_has(op->set, *op->low)) {
            *at = ++op->low;
            return op + 1;
        }
    }
    return NULL;
}

/* From where the search stands to a match, or to no way on from m->start. */
static enum match_end walk(struct match *m)
{
    struct match_op *op = m->op;
    const uint8_t *at = m->at;
    while (op->kind != OP_FOUND) {
        m->steps++;
        const uint8_t *next = step(m, at, op);
        if (next) {
            at = next;
            op++;
            continue;
        }
        op = go_back(m, op, &at);
        if (!op)
            return MATCH_NONE;
        if (m->steps >= m->stop_at) {
            m->op = op;
            m->at = at;
            return MATCH_PAUSED;
        }
    }
    m->whole = (struct match_range){offset(m, m->start), offset(m, at)};
    return MATCH_FOUND;
}

/* From m->start to where a match could begin. */
static bool seek(struct match *m)
{
    const struct match_op *begin = m->pattern->begin;
    const uint8_t *at = m->start, *end = subject_end(m);
    if (begin && begin->kind == OP_LITERAL) {
        at = at < end ? memchr(at, *begin->low, (size_t)(end - at)) : NULL;
        m->steps += (uint64_t)((at ? at : end) - m->start) / COMPARED_PER_STEP;
    } else if (begin) {
        while (at < end && !charset_has(begin->set, *at))
            at++;
        m->steps += (uint64_t)(at - m->start) / SCANNED_PER_STEP;
        at = at < end ? at : NULL;
    }
    m->op = &m->pattern->ops[1];
    m->start = m->at = at;
    return at != NULL;
}

static bool seek_next(struct match *m)
{
    if (m->pattern->is_anchored || m->start == subject_end(m)) {
        m->start = NULL;
        return false;
    }
    m->start++;
    return seek(m);
}

void match_init(struct match *match, struct match_program *pattern,
                struct text subject)
{
    match->pattern = pattern;
    match->subject = subject;
    if (!subject.at)
        match->subject.at = "";
    match->budget = MATCH_STEPS + (uint64_t)subject.len * MATCH_STEPS_PER_BYTE;
    match->ended = SIZE_MAX;
    match->start = NULL;
}

void match_start(struct match *match, size_t from)
{
    assert(from <= match->subject.len);
    match->steps = 0;
    match->start = subject_begin(match) + from;
    seek(match);
}

static bool counts(const struct match *m)
{
    return m->whole.from < m->whole.to || m->whole.to != m->ended;
}

enum match_end match_run(struct match *match, uint64_t steps)
{
    match->stop_at = match->steps + steps;
    if (match->stop_at > match->budget)
        match->stop_at = match->budget;
    while (match->start) {
        enum match_end end = walk(match);
        if (end == MATCH_FOUND && counts(match)) {
            match->ended = match->whole.to;
            return MATCH_FOUND;
        }
        if (end != MATCH_PAUSED && !seek_next(match))
            break;
        if (match->steps >= match->budget)
            return MATCH_TOO_LONG;
        if (match->steps >= match->stop_at)
            return MATCH_PAUSED;
    }
    return MATCH_NONE;
}
