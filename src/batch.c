/* batch.c - see batch.h.
 *
 * One buf that is appended to at the end and cut at the front. Lines hold no
 * raw newline (the journal sees to that), so a line ends at the next one and
 * its stamp is what stands behind its last space.
 *
 * What can go wrong: the journal skips a frame that it cannot read, and then
 * the numbers of the lines have a hole. Counting lines would be behind the
 * truth from then on, so a batch with a hole takes no more frames until it was
 * sent whole; its last number is right again.
 */
#include "batch.h"

#include <assert.h>
#include <string.h>

#include "ceilings.h"
#include "error.h"
#include "number.h"

void batch_init(struct batch *batch, const struct batch_options *options)
{
    *batch = (struct batch){.options = *options};
    if (batch->options.max_bytes < LIMIT_FRAME_BYTES)
        batch->options.max_bytes = LIMIT_FRAME_BYTES;
    buf_init(&batch->lines, batch->options.max_bytes);
}

void batch_deinit(struct batch *batch)
{
    buf_deinit(&batch->lines);
}

void batch_add(struct batch *batch, uint64_t first_seq, size_t points,
               int64_t now_ns)
{
    if (batch->points == 0) {
        batch->first_seq = first_seq;
        batch->oldest_ns = now_ns;
    } else if (first_seq != batch->next_seq) {
        batch->is_closed = true;
    }
    batch->points += points;
    batch->next_seq = first_seq + points;
    batch->newest_ns = now_ns;
}

bool batch_is_full(const struct batch *batch)
{
    size_t room = batch->options.max_bytes - batch->lines.len;
    size_t max_lines = batch->options.max_lines;
    return batch->is_closed || room < LIMIT_FRAME_BYTES
           || (max_lines > 0 && batch->points >= max_lines);
}

int64_t batch_wait_ns(const struct batch *batch, int64_t now_ns)
{
    if (batch->points == 0)
        return INT64_MAX;
    int64_t due_ns = batch->oldest_ns + batch->options.flush_ns;
    return batch_is_full(batch) || now_ns >= due_ns ? 0 : due_ns - now_ns;
}

/* How many bytes the first so many lines have. */
static size_t bytes_of(const struct buf *lines, size_t count)
{
    const char *at = lines->data, *end = lines->data + lines->len;
    for (; count > 0 && at < end; count--)
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    return (size_t)(at - lines->data);
}

struct text batch_window(const struct batch *batch, size_t *points)
{
    size_t max_lines = batch->options.max_lines;
    *points = batch->points;
    if (max_lines == 0 || batch->points <= max_lines)
        return buf_text(&batch->lines);
    *points = max_lines;
    return (struct text){batch->lines.data, bytes_of(&batch->lines, max_lines)};
}

uint64_t batch_drop(struct batch *batch, size_t points)
{
    assert(points <= batch->points);
    if (points < batch->points) {
        buf_consume(&batch->lines, bytes_of(&batch->lines, points));
        batch->points -= points;
        batch->first_seq += points;
        batch->oldest_ns = batch->newest_ns;
        return batch->first_seq;
    }
    buf_clear(&batch->lines);
    batch->points = 0;
    batch->is_closed = false;
    return batch->next_seq;
}

/* Towards the past, also before 1970, so that order is kept. */
static int64_t divide(int64_t ns, int64_t unit_ns)
{
    int64_t whole = ns / unit_ns;
    return ns % unit_ns < 0 ? whole - 1 : whole;
}

static bool scale_line(struct text line, int64_t unit_ns, struct buf *out,
                       struct error *err)
{
    const char *space = memrchr(line.at, ' ', line.len);
    size_t head = space ? (size_t)(space - line.at) + 1 : 0;
    int64_t stamp_ns;
    if (!number_read_int(text_skip(line, head), &stamp_ns))
        return fail(err, ERR_BAD_REQUEST, "a line without a stamp: %.*s",
                    line.len < 80 ? (int)line.len : 80, line.at);
    char digits[NUMBER_TEXT_BYTES];
    size_t len = number_format_int(divide(stamp_ns, unit_ns), digits);
    buf_append(out, line.at, head);
    buf_append(out, digits, len);
    buf_append_char(out, '\n');
    return true;
}

bool batch_scale(struct text lines, enum precision precision, struct buf *out,
                 struct error *err)
{
    int64_t unit_ns = precision_ns(precision);
    while (lines.len > 0) {
        if (!scale_line(text_cut(&lines, '\n'), unit_ns, out, err))
            return false;
    }
    return !out->has_overflowed
           || fail(err, ERR_TOO_LARGE, "a batch of more than %zu bytes",
                   out->max_bytes);
}
