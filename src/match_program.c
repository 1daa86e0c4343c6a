/* match_program.c - see match_program.h.
 *
 * One pass over the text. Every set, every class, '.' and every repeated byte
 * becomes a bitmap of 256 bits; those of classes are constants. Bytes that only
 * stand for themselves are put together: they stay where they are, in the text.
 *
 * Since the list is straight, it is known here which choice is the nearest one
 * before each operation, and whether %1 can be complete where it stands; a
 * matcher has nothing left to check.
 */
#include "match_program.h"

struct compiler {
    struct match_program *pattern;
    const uint8_t *text, *at, *end;
    uint32_t choice; /* the last one */
    uint32_t closed; /* bit per capture that is complete */
    unsigned depth;  /* of open captures */
    uint8_t open[MATCH_CAPTURES];
    struct error *err;
};

/* The operations: one for each byte, with OP_START and OP_FOUND. A set takes
 * two bytes at least, "a*"; only a '[' that ends the pattern takes one. */
static size_t ops_bytes(size_t len)
{
    return sizeof(struct match_program) + (len + 2) * sizeof(struct match_op);
}

size_t match_program_bytes(size_t len)
{
    return ops_bytes(len) + (len + 1) / 2 * sizeof(struct charset);
}

static bool fault(struct compiler *c, const uint8_t *at, const char *what)
{
    return fail(c->err, ERR_SCRIPT, "malformed pattern: %s (byte %zu)", what,
                (size_t)(at - c->text) + 1);
}

static struct match_op *emit(struct compiler *c, enum match_kind kind)
{
    struct match_op *op = &c->pattern->ops[c->pattern->op_count];
    *op = (struct match_op){.kind = (uint8_t)kind, .back = c->choice};
    if (kind >= OP_MAYBE && kind <= OP_LAZY)
        c->choice = c->pattern->op_count;
    c->pattern->op_count++;
    return op;
}

static struct charset *new_set(struct compiler *c)
{
    struct charset *set = &c->pattern->sets[c->pattern->set_count++];
    *set = (struct charset){{0}};
    return set;
}

/* One element of a set: %a, a byte, or a range. */
static bool element(struct compiler *c, struct charset *set)
{
    uint8_t byte = *c->at++;
    if (byte == '%') {
        if (c->at == c->end)
            return false;
        const struct charset *class = charset_class((char)*c->at);
        if (class)
            charset_join(set, class);
        else
            charset_add(set, *c->at);
        c->at++;
        return true;
    }
    uint8_t last = byte;
    if (c->end - c->at >= 2 && c->at[0] == '-' && c->at[1] != ']') {
        last = c->at[1];
        c->at += 2;
    }
    charset_add_range(set, byte, last);
    return true;
}

/* [...], at its '['. A ']' that comes first is an element. */
static const struct charset *bracket(struct compiler *c)
{
    const uint8_t *from = c->at++;
    struct charset *set = new_set(c);
    bool is_complement = c->at < c->end && *c->at == '^';
    c->at += is_complement;
    bool is_whole = c->at < c->end && element(c, set);
    while (is_whole && c->at < c->end && *c->at != ']')
        is_whole = element(c, set);
    if (!is_whole || c->at == c->end) {
        fault(c, from, "'[' without its ']'");
        return NULL;
    }
    c->at++;
    if (is_complement)
        charset_complement(set);
    return set;
}

static bool open_capture(struct compiler *c)
{
    unsigned number = c->pattern->capture_count;
    if (number == MATCH_CAPTURES)
        return fault(c, c->at, "more than 32 captures");
    bool is_position = c->end - c->at >= 2 && c->at[1] == ')';
    c->pattern->capture_count++;
    emit(c, is_position ? OP_POSITION : OP_OPEN)->first = (uint8_t)number;
    if (is_position)
        c->closed |= UINT32_C(1) << number;
    else
        c->open[c->depth++] = (uint8_t)number;
    c->at += is_position ? 2 : 1;
    return true;
}

static bool close_capture(struct compiler *c)
{
    if (c->depth == 0)
        return fault(c, c->at, "')' without its '('");
    uint8_t number = c->open[--c->depth];
    emit(c, OP_CLOSE)->first = number;
    c->closed |= UINT32_C(1) << number;
    c->at++;
    return true;
}

/* %1 */
static bool same_again(struct compiler *c)
{
    unsigned number = (unsigned)(c->at[1] - '1'); /* %0: beyond all */
    if (number >= MATCH_CAPTURES || !(c->closed >> number & 1))
        return fault(c, c->at, "no such capture is complete here");
    emit(c, OP_AGAIN)->first = (uint8_t)number;
    c->at += 2;
    return true;
}

/* %bxy */
static bool balanced(struct compiler *c)
{
    if (c->end - c->at < 4)
        return fault(c, c->at, "two bytes must follow %b");
    struct match_op *op = emit(c, OP_BALANCED);
    op->first = c->at[2];
    op->last = c->at[3];
    c->at += 4;
    return true;
}

/* %f[...] */
static bool frontier(struct compiler *c)
{
    if (c->end - c->at < 3 || c->at[2] != '[')
        return fault(c, c->at, "a set must follow %f");
    c->at += 2;
    const struct charset *set = bracket(c);
    if (set)
        emit(c, OP_FRONTIER)->set = set;
    return set != NULL;
}

/* A byte that stands for itself; it may lengthen the literal before it. */
static void literal(struct compiler *c, const uint8_t *byte)
{
    struct match_op *op = &c->pattern->ops[c->pattern->op_count - 1];
    if (op->kind != OP_LITERAL || op->high != byte) {
        op = emit(c, OP_LITERAL);
        op->low = byte;
    }
    op->high = byte + 1;
}

static enum match_kind repetition(const struct compiler *c)
{
    if (c->at == c->end)
        return OP_ONE;
    switch (*c->at) {
    case '*':
        return OP_STAR;
    case '+':
        return OP_PLUS;
    case '-':
        return OP_LAZY;
    case '?':
        return OP_MAYBE;
    default:
        return OP_ONE;
    }
}

/* A byte, a class or a set, and how often. */
static bool single(struct compiler *c)
{
    const struct charset *set = NULL;
    const uint8_t *byte = c->at;
    if (*byte == '[') {
        set = bracket(c);
        if (!set)
            return false;
    } else if (*byte == '.') {
        set = &charset_any;
        c->at++;
    } else {
        byte += *byte == '%';
        if (byte == c->end)
            return fault(c, c->at, "nothing follows the '%'");
        set = byte > c->at ? charset_class((char)*byte) : NULL;
        c->at = byte + 1;
    }
    enum match_kind kind = repetition(c);
    if (kind == OP_ONE && !set) {
        literal(c, byte);
        return true;
    }
    if (!set) {
        struct charset *only = new_set(c);
        charset_add(only, *byte);
        set = only;
    }
    emit(c, kind)->set = set;
    c->at += kind != OP_ONE;
    return true;
}

/* The last '$'. If a repetition stands right before it, fewer of its bytes are
 * never better. */
static bool finish(struct compiler *c)
{
    struct match_op *op = emit(c, OP_END) - 1;
    while (op->kind >= OP_OPEN && op->kind <= OP_POSITION)
        op--;
    op->is_last = op->kind >= OP_MAYBE && op->kind <= OP_PLUS;
    c->at++;
    return true;
}

static bool item(struct compiler *c)
{
    uint8_t next = c->end - c->at >= 2 ? c->at[1] : 0;
    if (*c->at == '(')
        return open_capture(c);
    if (*c->at == ')')
        return close_capture(c);
    if (*c->at == '$' && c->at + 1 == c->end) {
        return finish(c);
    }
    if (*c->at != '%')
        return single(c);
    if (next == 'b')
        return balanced(c);
    if (next == 'f')
        return frontier(c);
    return next >= '0' && next <= '9' ? same_again(c) : single(c);
}

/* What a match must begin with, if that is a byte or a set. */
static const struct match_op *beginning(const struct match_program *pattern)
{
    const struct match_op *op = &pattern->ops[1];
    while (op->kind == OP_OPEN || op->kind == OP_POSITION)
        op++;
    bool is_needed =
        op->kind == OP_LITERAL || op->kind == OP_ONE || op->kind == OP_PLUS;
    return is_needed && !pattern->is_anchored ? op : NULL;
}

bool match_program_compile(struct match_program *pattern, struct text text,
                           bool has_anchor, struct error *err)
{
    const uint8_t *at = (const uint8_t *)(text.len ? text.at : "");
    bool is_anchored = has_anchor && text.len > 0 && *at == '^';
    struct compiler c = {.pattern = pattern,
                         .text = at,
                         .at = at + is_anchored,
                         .end = at + text.len,
                         .err = err};
    pattern->op_count = pattern->set_count = pattern->capture_count = 0;
    pattern->is_anchored = is_anchored;
    pattern->sets = (struct charset *)((char *)pattern + ops_bytes(text.len));
    emit(&c, OP_START);
    while (c.at < c.end)
        if (!item(&c))
            return false;
    if (c.depth > 0)
        return fault(&c, c.end, "'(' without its ')'");
    emit(&c, OP_FOUND);
    pattern->begin = beginning(pattern);
    return true;
}
