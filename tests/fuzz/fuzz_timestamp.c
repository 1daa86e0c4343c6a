/* Any bytes as a time: the first byte chooses the reader. A time that is read
 * must come back the same when it is written plainly and read again. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"
#include "timeformat.h"
#include "timestamp.h"
#include "tzif.h"

static void check_again(int64_t ns)
{
    char text[32];
    int64_t again;
    snprintf(text, sizeof text, "%" PRId64, ns);
    if (!timestamp_scale(text_of(text), 1, &again, NULL) || again != ns)
        abort();
}

/* The part before the first newline, and what is behind it. */
static struct text split(struct text *rest)
{
    const char *at = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    struct text first = {rest->at, at ? (size_t)(at - rest->at) : rest->len};
    *rest = text_skip(*rest, at ? first.len + 1 : first.len);
    return first;
}

static void read_zone_file(struct text bytes)
{
    struct tzif *zone = tzif_new(bytes, NULL);
    for (int64_t s = -10; zone && s < 10; s++) {
        int64_t offset_s = tzif_offset_s(zone, s * INT64_C(1000000000));
        if (offset_s > 700000 || offset_s < -700000)
            abort();
    }
    tzif_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    int64_t ns = 0;
    if (size == 0)
        return 0;
    char reader = rest.at[0];
    rest = text_skip(rest, 1);
    if (reader == 'z') {
        read_zone_file(rest);
        return 0;
    }
    struct text first = split(&rest);
    bool is_read =
        reader == 'f'   ? timeformat_read(first, rest, TEXT(""), &ns, NULL)
        : reader == 's' ? timestamp_scale(first, INT64_C(1000000000), &ns, NULL)
                        : timestamp_parse(first, rest, &ns, NULL);
    if (is_read)
        check_again(ns);
    return 0;
}
