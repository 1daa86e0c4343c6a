/* batch.c - see batch.h.
 *
 * One parcel that is appended to at the end and taken from at the front. A
 * line's stamp is what stands behind its last space.
 *
 * What can go wrong: the journal skips a frame that it cannot read, and then
 * the numbers of the lines have a gap. A parcel knows one gap, so a batch that
 * has one takes no more frames until it is empty.
 */
#include "batch.h"

#include <string.h>

#include "ceilings.h"
#include "error.h"
#include "number.h"

void batch_init(struct batch *batch, const struct batch_options *options)
{
    *batch = (struct batch){.options = *options};
    if (batch->options.max_bytes < LIMIT_FRAME_BYTES)
        batch->options.max_bytes = LIMIT_FRAME_BYTES;
    parcel_init(&batch->held, batch->options.max_bytes);
}

void batch_deinit(struct batch *batch)
{
    parcel_deinit(&batch->held);
}

void batch_add(struct batch *batch, uint64_t first_seq, size_t points,
               int64_t now_ns)
{
    if (batch->held.count == 0)
        batch->oldest_ns = now_ns;
    batch->newest_ns = now_ns;
    parcel_add(&batch->held, first_seq, points);
}

bool batch_is_full(const struct batch *batch)
{
    size_t room = batch->options.max_bytes - batch->held.lines.len;
    size_t max_lines = batch->options.max_lines;
    return batch->held.gap > 0 || room < LIMIT_FRAME_BYTES
           || (max_lines > 0 && batch->held.count >= max_lines);
}

int64_t batch_wait_ns(const struct batch *batch, int64_t now_ns)
{
    if (batch->held.count == 0)
        return INT64_MAX;
    int64_t due_ns = batch->oldest_ns + batch->options.flush_ns;
    return batch_is_full(batch) || now_ns >= due_ns ? 0 : due_ns - now_ns;
}

void batch_take(struct batch *batch, struct parcel *out)
{
    size_t count = batch->held.count, max_lines = batch->options.max_lines;
    bool is_part = max_lines > 0 && count > max_lines;
    parcel_take(&batch->held, is_part ? max_lines : count, out);
    batch->oldest_ns = batch->newest_ns;
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
