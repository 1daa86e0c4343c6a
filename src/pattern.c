/* pattern.c - see pattern.h.
 *
 * match() walks the items of the pattern along the subject. An item that may
 * take more or fewer bytes tries the rest of the pattern once for each number
 * of them, by calling match() again, so a pattern's calls nest as deep as it
 * has such items and parentheses. Every byte that is looked at is a step, and
 * a set costs more of them the longer it is. What is out of steps, nested too
 * deep or no pattern sets problem; then nothing matches any more, and all calls
 * return.
 */
#include "pattern.h"

#include <ctype.h>
#include <string.h>

enum { MAX_DEPTH = 200 };

static bool match(struct pattern *m, size_t s, size_t p, size_t *end);

static bool stop(struct pattern *m, const char *problem)
{
    if (!m->problem)
        m->problem = problem;
    return false;
}

static bool spend(struct pattern *m, size_t steps)
{
    if (m->problem)
        return false;
    if (steps > m->steps_left)
        return stop(m, "the pattern takes too many steps on this text");
    m->steps_left -= (uint32_t)steps;
    return true;
}

/* The byte of the pattern, or 0 behind its end. */
static char item_at(const struct pattern *m, size_t p)
{
    return p < m->text.len ? m->text.at[p] : '\0';
}

static bool is_in_class(unsigned char c, char letter)
{
    bool is_in;
    switch (tolower((unsigned char)letter)) {
    case 'a':
        is_in = isalpha(c);
        break;
    case 'c':
        is_in = iscntrl(c);
        break;
    case 'd':
        is_in = isdigit(c);
        break;
    case 'g':
        is_in = isgraph(c);
        break;
    case 'l':
        is_in = islower(c);
        break;
    case 'p':
        is_in = ispunct(c);
        break;
    case 's':
        is_in = isspace(c);
        break;
    case 'u':
        is_in = isupper(c);
        break;
    case 'w':
        is_in = isalnum(c);
        break;
    case 'x':
        is_in = isxdigit(c);
        break;
    case 'z': /* left over from Lua 5.1 */
        is_in = c == '\0';
        break;
    default:
        return c == (unsigned char)letter;
    }
    return is_in != (isupper((unsigned char)letter) != 0);
}

/* Behind the set whose [ is at p. A ] that comes first is one of the set. */
static bool skip_set(struct pattern *m, size_t p, size_t *after)
{
    bool is_first = true;
    p += item_at(m, p + 1) == '^' ? 2 : 1;
    for (; p < m->text.len; p++, is_first = false) {
        if (m->text.at[p] == ']' && !is_first) {
            *after = p + 1;
            return true;
        }
        if (m->text.at[p] == '%')
            p++;
    }
    return stop(m, "malformed pattern (missing ']')");
}

/* Behind the single character that p describes. */
static bool skip_single(struct pattern *m, size_t p, size_t *after)
{
    char c = m->text.at[p];
    if (c == '[')
        return skip_set(m, p, after);
    *after = p + (c == '%' ? 2 : 1);
    return *after <= m->text.len
           || stop(m, "malformed pattern (ends with '%')");
}

/* The set from its [ at p to its ] at last. */
static bool is_in_set(const struct pattern *m, unsigned char c, size_t p,
                      size_t last)
{
    bool is_wanted = item_at(m, p + 1) != '^';
    const unsigned char *set = (const unsigned char *)m->text.at;
    for (p += is_wanted ? 1 : 2; p < last; p++) {
        if (set[p] == '%' && p + 1 < last) {
            if (is_in_class(c, (char)set[++p]))
                return is_wanted;
        } else if (p + 2 < last && set[p + 1] == '-') {
            if (set[p] <= c && c <= set[p + 2])
                return is_wanted;
            p += 2;
        } else if (set[p] == c) {
            return is_wanted;
        }
    }
    return !is_wanted;
}

static bool is_single(struct pattern *m, unsigned char c, size_t p,
                      size_t after)
{
    switch (m->text.at[p]) {
    case '.':
        return true;
    case '%':
        return is_in_class(c, m->text.at[p + 1]);
    case '[':
        return is_in_set(m, c, p, after - 1);
    default:
        return (unsigned char)m->text.at[p] == c;
    }
}

/* True if the single character at p is what the subject has at s. */
static bool takes(struct pattern *m, size_t s, size_t p, size_t after)
{
    return spend(m, 1 + (after - p) / 8) && s < m->subject.len
           && is_single(m, (unsigned char)m->subject.at[s], p, after);
}

/* As many as there are, then fewer. */
static bool match_most(struct pattern *m, size_t s, size_t p, size_t after,
                       size_t least, size_t *end)
{
    size_t count = 0;
    while (takes(m, s + count, p, after))
        count++;
    for (; count >= least && !m->problem; count--) {
        if (match(m, s + count, after + 1, end))
            return true;
        if (count == 0)
            break;
    }
    return false;
}

/* None, then more. */
static bool match_least(struct pattern *m, size_t s, size_t p, size_t after,
                        size_t *end)
{
    while (!match(m, s, after + 1, end))
        if (!takes(m, s++, p, after))
            return false;
    return true;
}

/* What stands behind the parenthesis at p. If that fails, it was not opened. */
static bool match_open(struct pattern *m, size_t s, size_t p, size_t *end)
{
    bool is_position = item_at(m, p + 1) == ')';
    if (m->capture_count == PATTERN_CAPTURES)
        return stop(m, "too many captures");
    m->captures[m->capture_count++] = (struct pattern_capture){
        .start = s, .is_open = !is_position, .is_position = is_position};
    if (match(m, s, p + (is_position ? 2 : 1), end))
        return true;
    m->capture_count--;
    return false;
}

static bool match_close(struct pattern *m, size_t s, size_t p, size_t *end)
{
    size_t i = m->capture_count;
    while (i > 0 && !m->captures[i - 1].is_open)
        i--;
    if (i == 0)
        return stop(m, "invalid pattern capture");
    struct pattern_capture *capture = &m->captures[i - 1];
    capture->is_open = false;
    capture->len = s - capture->start;
    if (match(m, s, p + 1, end))
        return true;
    capture->is_open = true;
    return false;
}

/* %bxy: *s goes from the x behind the y that closes it. */
static bool skip_balanced(struct pattern *m, size_t p, size_t *s)
{
    if (p + 3 >= m->text.len)
        return stop(m, "malformed pattern (missing arguments to '%b')");
    char opens = m->text.at[p + 2], closes = m->text.at[p + 3];
    if (*s >= m->subject.len || m->subject.at[*s] != opens)
        return false;
    size_t open = 1, i = *s + 1;
    for (; open > 0; i++) {
        if (!spend(m, 1) || i >= m->subject.len)
            return false;
        if (m->subject.at[i] == closes)
            open--;
        else if (m->subject.at[i] == opens)
            open++;
    }
    *s = i;
    return true;
}

/* %f[set]: between a byte that is not in the set and one that is. */
static bool is_frontier(struct pattern *m, size_t s, size_t p, size_t *after)
{
    const unsigned char *subject = (const unsigned char *)m->subject.at;
    if (item_at(m, p + 2) != '[')
        return stop(m, "missing '[' after '%f' in pattern");
    if (!skip_set(m, p + 2, after) || !spend(m, 1 + (*after - p) / 8))
        return false;
    unsigned char before = s > 0 ? subject[s - 1] : '\0';
    unsigned char here = s < m->subject.len ? subject[s] : '\0';
    return !is_in_set(m, before, p + 2, *after - 1)
           && is_in_set(m, here, p + 2, *after - 1);
}

/* %1 to %9: what that capture took, once more. */
static bool skip_again(struct pattern *m, size_t p, size_t *s)
{
    size_t i = (size_t)(m->text.at[p + 1] - '1');
    if (m->text.at[p + 1] == '0' || i >= m->capture_count
        || m->captures[i].is_open)
        return stop(m, "invalid capture index in pattern");
    if (m->captures[i].is_position)
        return false;
    size_t len = m->captures[i].len;
    if (!spend(m, 1 + len / 8) || m->subject.len - *s < len
        || memcmp(m->subject.at + m->captures[i].start, m->subject.at + *s, len)
               != 0)
        return false;
    *s += len;
    return true;
}

/* An item that takes one byte, or as its suffix says. True: *s and *p went on
 * to the next item. False: *is_over says whether *end is the end of a match. */
static bool pass_single(struct pattern *m, size_t *s, size_t *p, size_t *end,
                        bool *is_over)
{
    size_t after;
    *is_over = false;
    if (!skip_single(m, *p, &after))
        return false;
    switch (item_at(m, after)) {
    case '*':
    case '+':
        *is_over = match_most(m, *s, *p, after, item_at(m, after) == '+', end);
        return false;
    case '-':
        *is_over = match_least(m, *s, *p, after, end);
        return false;
    case '?':
        if (takes(m, *s, *p, after) && match(m, *s + 1, after + 1, end)) {
            *is_over = true;
            return false;
        }
        *p = after + 1;
        return !m->problem;
    default:
        if (!takes(m, *s, *p, after))
            return false;
        ++*s;
        *p = after;
        return true;
    }
}

/* The items that begin with %, but for classes. *is_one: it is none of them. */
static bool pass_percent(struct pattern *m, size_t *s, size_t *p, bool *is_one)
{
    char letter = item_at(m, *p + 1);
    *is_one = false;
    if (letter == 'b') {
        bool is_balanced = skip_balanced(m, *p, s);
        *p += 4;
        return is_balanced;
    }
    if (letter == 'f')
        return is_frontier(m, *s, *p, p);
    if (isdigit((unsigned char)letter)) {
        bool is_same = skip_again(m, *p, s);
        *p += 2;
        return is_same;
    }
    *is_one = true;
    return true;
}

static bool match_items(struct pattern *m, size_t s, size_t p, size_t *end)
{
    while (p < m->text.len) {
        char c = m->text.at[p];
        bool is_one = true, is_over = false;
        if (!spend(m, 1))
            return false;
        if (c == '(')
            return match_open(m, s, p, end);
        if (c == ')')
            return match_close(m, s, p, end);
        if (c == '$' && p + 1 == m->text.len) {
            *end = s;
            return s == m->subject.len;
        }
        if (c == '%' && !pass_percent(m, &s, &p, &is_one))
            return false;
        if (is_one && !pass_single(m, &s, &p, end, &is_over))
            return is_over;
    }
    *end = s;
    return true;
}

static bool match(struct pattern *m, size_t s, size_t p, size_t *end)
{
    if (m->depth >= MAX_DEPTH)
        return stop(m, "pattern too complex");
    m->depth++;
    bool is_match = match_items(m, s, p, end);
    m->depth--;
    return is_match;
}

void pattern_init(struct pattern *pattern, struct text text,
                  struct text subject, size_t at, bool ignores_anchor)
{
    bool is_anchored = !ignores_anchor && text.len > 0 && text.at[0] == '^';
    *pattern = (struct pattern){.text = text,
                                .subject = subject,
                                .at = at,
                                .last_end = SIZE_MAX,
                                .is_anchored = is_anchored,
                                .steps_left = PATTERN_STEPS};
}

static bool has_open_capture(const struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->capture_count; i++)
        if (pattern->captures[i].is_open)
            return true;
    return false;
}

bool pattern_next(struct pattern *pattern, struct text *whole)
{
    size_t end;
    while (pattern->at <= pattern->subject.len && !pattern->problem) {
        size_t start = pattern->at++;
        pattern->capture_count = 0;
        bool is_match = match(pattern, start, pattern->is_anchored, &end)
                        && end != pattern->last_end;
        if (pattern->is_anchored)
            pattern->at = SIZE_MAX;
        if (!is_match)
            continue;
        if (has_open_capture(pattern))
            return stop(pattern, "unfinished capture");
        *whole = (struct text){pattern->subject.at + start, end - start};
        pattern->last_end = end;
        if (!pattern->is_anchored)
            pattern->at = end;
        return true;
    }
    return false;
}
