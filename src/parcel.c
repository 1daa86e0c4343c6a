/* parcel.c - see parcel.h.
 *
 * Lines hold no raw newline (the journal sees to that), so a line ends at the
 * next one. To take all, which is the common case, swaps two pointers.
 */
#include "parcel.h"

#include <assert.h>
#include <string.h>

void parcel_init(struct parcel *parcel, size_t max_bytes)
{
    *parcel = (struct parcel){0};
    buf_init(&parcel->lines, max_bytes);
}

void parcel_deinit(struct parcel *parcel)
{
    size_t max_bytes = parcel->lines.max_bytes;
    buf_deinit(&parcel->lines);
    parcel_init(parcel, max_bytes);
}

void parcel_add(struct parcel *parcel, uint64_t first_seq, size_t count)
{
    if (parcel->count == 0) {
        parcel->first_seq = first_seq;
    } else if (first_seq != parcel->end_seq) {
        assert(parcel->gap == 0 && first_seq > parcel->end_seq);
        parcel->gap_at = parcel->count;
        parcel->gap = first_seq - parcel->end_seq;
    }
    parcel->count += count;
    parcel->end_seq = first_seq + count;
}

uint64_t parcel_seq(const struct parcel *parcel, size_t line)
{
    bool is_behind = parcel->gap > 0 && line >= parcel->gap_at;
    assert(line <= parcel->count);
    return parcel->first_seq + line + (is_behind ? parcel->gap : 0);
}

/* How many bytes the first so many lines have. */
static size_t bytes_of(const struct buf *lines, size_t count)
{
    const char *at = lines->data, *end = lines->data + lines->len;
    for (; count > 0 && at < end; count--)
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    return (size_t)(at - lines->data);
}

static void empty(struct parcel *parcel)
{
    struct buf lines = parcel->lines;
    buf_clear(&lines);
    *parcel = (struct parcel){.lines = lines};
}

/* The numbers of the lines from count on; the bytes are there already. */
static void add_rest(struct parcel *rest, const struct parcel *of, size_t count)
{
    size_t left = of->count - count;
    size_t behind = of->count - of->gap_at;
    bool is_split = of->gap > 0 && count < of->gap_at;
    if (is_split)
        parcel_add(rest, parcel_seq(of, count), left - behind);
    parcel_add(rest, of->end_seq - (is_split ? behind : left),
               is_split ? behind : left);
}

void parcel_take(struct parcel *parcel, size_t count, struct parcel *out)
{
    assert(count <= parcel->count);
    struct parcel whole = *parcel;
    empty(out);
    *parcel = *out;
    *out = whole;
    if (count == whole.count)
        return;
    size_t bytes = bytes_of(&whole.lines, count);
    /* They are read already: without memory for them we stop, as xcalloc does,
     * and read them again. */
    if (!buf_append(&parcel->lines, whole.lines.data + bytes,
                    whole.lines.len - bytes))
        xgiven(NULL);
    add_rest(parcel, &whole, count);
    buf_truncate(&out->lines, bytes);
    out->count = count;
    out->end_seq = parcel->first_seq;
}
