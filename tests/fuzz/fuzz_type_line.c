/* A line of learnt types of any bytes: told, or read, and then written so that
 * it reads the same again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "type_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct type_rule *rule)
{
    struct buf out, room;
    struct type_rule again;
    struct error err;
    buf_init(&out, 1 << 16);
    buf_init(&room, 1 << 16);
    if (!type_line_write(&out, rule)
        || !type_line_read((struct text){out.data, out.len - 1}, &room, &again,
                           &err)
        || !text_equal(again.measurement, rule->measurement)
        || !text_equal(again.field, rule->field) || again.type != rule->type
        || (rule->learnt_ns > 0
            && again.learnt_ns / NS_PER_MS != rule->learnt_ns / NS_PER_MS))
        abort();
    buf_deinit(&out);
    buf_deinit(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    struct buf room;
    struct type_rule rule;
    struct error err;
    buf_init(&room, 1 << 16);
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        if (type_line_read(line, &room, &rule, &err)
            && rule.measurement.len > 0)
            check_again(&rule);
    }
    buf_deinit(&room);
    return 0;
}
