/* Any bytes as a segment: a scan ends, its frames stand inside the bytes, in
 * order, and a second scan says the same. With a frame of ours put in the
 * middle, that frame is found whatever stands around it. And any bytes as a
 * cursor. */
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "cursor.h"
#include "segment.h"

static const struct segment_name name = {.seq = 1, .salt = 0xfeedfacecafebeef};

static void check(bool fact)
{
    if (!fact)
        abort();
}

static bool has_ours(struct text bytes)
{
    struct segment_scan scan, again;
    size_t good_bytes = 0;
    bool is_found = false;
    segment_scan(bytes, name, &scan);
    segment_scan(bytes, name, &again);
    check(scan.frame_count == again.frame_count
          && scan.bad_bytes == again.bad_bytes);
    for (size_t i = 0; i < scan.frame_count; i++) {
        struct text lines = scan.frames[i].lines;
        check(lines.at >= bytes.at
              && lines.at + lines.len <= bytes.at + bytes.len);
        check(i == 0 || scan.frames[i].seq > scan.frames[i - 1].seq);
        good_bytes += lines.len;
        is_found = is_found || text_equal(lines, TEXT("m f=1 1\n"));
    }
    check(good_bytes + scan.bad_bytes <= bytes.len);
    segment_scan_deinit(&scan);
    segment_scan_deinit(&again);
    return is_found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {(const char *)data, size};
    struct cursor cursor;
    cursor_parse(bytes, &cursor);
    has_ours(bytes);

    struct frame frame = {100, 0, 1, TEXT("m f=1 1\n")};
    struct buf around;
    buf_init(&around, 2 * size + 1000);
    buf_append(&around, data, size / 2);
    segment_append_frame(&around, name, &frame);
    buf_append(&around, data + size / 2, size - size / 2);
    check(has_ours(buf_text(&around)));
    buf_deinit(&around);
    return 0;
}
