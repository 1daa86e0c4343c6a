/* tzif.c - see tzif.h.
 *
 * A file is a header and a block with 32-bit times for old readers, then the
 * same again with 64-bit times, then a line with the POSIX rule. We skip the
 * first block, copy transitions and their offsets out of the second, and keep
 * the rule. A question is a binary search; before the first transition the
 * first offset holds that is no summer time.
 *
 * What can go wrong: a file cut short, counts that promise more than there is,
 * an index out of range, times out of order, an offset beyond a day. All are
 * refused while parsing, so that asking cannot fail. Leap seconds (the "right"
 * zones) count another kind of second and are refused too.
 */
#include "tzif.h"

#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "posix_tz.h"

enum {
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    LEAP_BYTES = 12,
    MAX_OFFSET_S = 93599
};

struct change {
    int64_t utc_s;
    int32_t offset_s;
};

struct tzif {
    struct change *changes;
    size_t count;
    int32_t first_offset_s;
    bool has_rule;
    struct posix_tz rule;
};

/* What a header counts, in its order. */
struct counts {
    size_t utc_marks, standard_marks, leaps, changes, types, name_bytes;
};

static uint32_t read_be32(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16
           | (uint32_t)byte[2] << 8 | byte[3];
}

static int64_t read_be64(const char *at)
{
    return (int64_t)((uint64_t)read_be32(at) << 32 | read_be32(at + 4));
}

static bool take_header(struct text *bytes, char *version,
                        struct counts *counts)
{
    if (bytes->len < HEADER_BYTES || memcmp(bytes->at, "TZif", 4) != 0)
        return false;
    const char *at = bytes->at + 20;
    *version = bytes->at[4];
    *counts = (struct counts){
        .utc_marks = read_be32(at),
        .standard_marks = read_be32(at + 4),
        .leaps = read_be32(at + 8),
        .changes = read_be32(at + 12),
        .types = read_be32(at + 16),
        .name_bytes = read_be32(at + 20),
    };
    *bytes = text_skip(*bytes, HEADER_BYTES);
    return true;
}

/* Counts are 32 bits, so this cannot overflow. */
static size_t block_bytes(const struct counts *counts, size_t time_bytes)
{
    return counts->changes * (time_bytes + 1) + counts->types * TYPE_BYTES
           + counts->name_bytes + counts->leaps * (time_bytes + 4)
           + counts->standard_marks + counts->utc_marks;
}

static bool read_offset(const char *type, int32_t *offset_s)
{
    *offset_s = (int32_t)read_be32(type);
    return *offset_s >= -MAX_OFFSET_S && *offset_s <= MAX_OFFSET_S;
}

/* The fifth byte of a type says summer time. */
static bool read_first_offset(const char *types, size_t count,
                              int32_t *offset_s)
{
    for (size_t i = 0; i < count; i++)
        if (types[i * TYPE_BYTES + 4] == 0)
            return read_offset(types + i * TYPE_BYTES, offset_s);
    return read_offset(types, offset_s);
}

static bool read_changes(struct tzif *zone, const char *block,
                         const struct counts *counts)
{
    const char *indices = block + counts->changes * sizeof(int64_t);
    const char *types = indices + counts->changes;
    zone->changes = xcalloc(counts->changes, sizeof *zone->changes);
    zone->count = counts->changes;
    for (size_t i = 0; i < counts->changes; i++) {
        struct change *change = &zone->changes[i];
        size_t index = (unsigned char)indices[i];
        change->utc_s = read_be64(block + i * sizeof(int64_t));
        if (index >= counts->types
            || !read_offset(types + index * TYPE_BYTES, &change->offset_s)
            || (i > 0 && change->utc_s <= change[-1].utc_s))
            return false;
    }
    return read_first_offset(types, counts->types, &zone->first_offset_s);
}

/* "\n<rule>\n"; an empty rule means the last offset holds for ever. */
static bool read_footer(struct tzif *zone, struct text footer)
{
    if (footer.len < 2 || footer.at[0] != '\n')
        return false;
    const char *end = memchr(footer.at + 1, '\n', footer.len - 1);
    if (!end)
        return false;
    struct text rule = {footer.at + 1, (size_t)(end - footer.at - 1)};
    zone->has_rule = rule.len > 0;
    return !zone->has_rule || posix_tz_parse(rule, &zone->rule);
}

static bool parse(struct tzif *zone, struct text bytes)
{
    struct counts counts;
    char version;
    if (!take_header(&bytes, &version, &counts) || version < '2'
        || block_bytes(&counts, 4) > bytes.len)
        return false;
    bytes = text_skip(bytes, block_bytes(&counts, 4));
    if (!take_header(&bytes, &version, &counts) || counts.types == 0
        || counts.leaps > 0 || block_bytes(&counts, 8) > bytes.len)
        return false;
    return read_changes(zone, bytes.at, &counts)
           && read_footer(zone, text_skip(bytes, block_bytes(&counts, 8)));
}

struct tzif *tzif_new(struct text bytes, struct error *err)
{
    struct tzif *zone = xcalloc(1, sizeof *zone);
    if (parse(zone, bytes))
        return zone;
    fail(err, ERR_CONFIG, "%zu bytes are no compiled time zone", bytes.len);
    tzif_free(zone);
    return NULL;
}

void tzif_free(struct tzif *zone)
{
    if (!zone)
        return;
    free(zone->changes);
    free(zone);
}

/* The last change at or before utc_s; there is one. */
static size_t change_before(const struct tzif *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].utc_s <= utc_s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t tzif_offset_s(const struct tzif *zone, int64_t utc_s)
{
    size_t last = zone->count;
    if (zone->has_rule && (last == 0 || utc_s >= zone->changes[last - 1].utc_s))
        return posix_tz_offset_s(&zone->rule, utc_s);
    if (last == 0 || utc_s < zone->changes[0].utc_s)
        return zone->first_offset_s;
    return zone->changes[change_before(zone, utc_s)].offset_s;
}
