/* Any bytes as line protocol: what is read is written in a form that passes the
 * strict check and reads back as the same line. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "line.h"
#include "point.h"

static void check_one(const struct point *point, struct points *again)
{
    struct buf first, second;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    if (line_append(&first, point, 1, NULL)) {
        struct text line = {first.data, first.len - 1};
        points_reset(again);
        if (!line_check(line, NULL)
            || !line_read(line, PRECISION_NS, again, NULL) || again->count != 1
            || !line_append(&second, again->items, 1, NULL)
            || !text_equal(buf_text(&first), buf_text(&second)))
            abort();
    }
    buf_deinit(&first);
    buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct points points, again;
    struct arena arena;
    struct text body = {(const char *)data, size};
    arena_init(&arena, LIMIT_REQUEST_ARENA_BYTES);
    points_init(&points, &arena, 1000);
    points_init(&again, &arena, 1000);
    bool is_good = line_read_all(body, PRECISION_NS, &points, NULL);
    for (size_t i = 0; is_good && i < points.count; i++)
        check_one(&points.items[i], &again);
    line_check(body, NULL);
    points_deinit(&again);
    points_deinit(&points);
    arena_deinit(&arena);
    return 0;
}
