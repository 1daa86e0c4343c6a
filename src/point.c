/* point.c - see point.h.
 *
 * A point is built in the draft that struct points holds, and copied to the
 * arena when it ends, so a point that fails half-way costs nothing. Names come
 * from the script: a bad one is an error that its writer must see. Values come
 * from the sender: they are mended, since one odd byte must not cost a point.
 *
 * Which bytes are odd is decided by the servers: InfluxDB 1 and 2 read two
 * backslashes in a tag as two, InfluxDB 3 and VictoriaMetrics as one; a
 * backslash before a blank, comma or equals sign hides it from all of them.
 */
#include "point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "memory.h"
#include "notes.h"
#include "utf8.h"

enum { FIRST_CAPACITY = 16, SHOWN_BYTES = 40 };

static const int64_t last_time_ns = INT64_MAX - 1; /* of InfluxDB 1 and 2 */

void points_init(struct points *points, struct arena *arena, size_t max_count)
{
    memset(points, 0, sizeof *points);
    points->arena = arena;
    points->max_count = max_count;
}

void points_deinit(struct points *points)
{
    free(points->items);
    points->items = NULL;
    points->count = points->capacity = 0;
}

void points_reset(struct points *points)
{
    points->count = 0;
    points->empty_count = 0;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_separator(char c)
{
    return c == ' ' || c == ',' || c == '=';
}

/* A backslash that not every server would read as just that. */
static bool is_loose_backslash(struct text text, size_t i)
{
    return text.at[i] == '\\'
           && (i + 1 == text.len || text.at[i + 1] == '\\'
               || is_separator(text.at[i + 1]));
}

static bool is_reserved(struct text key)
{
    return text_equal(key, TEXT("time")) || text_equal(key, TEXT("_field"))
           || text_equal(key, TEXT("_measurement"));
}

/* Bytes of a name that may be shown in a message. */
static int shown(struct text text)
{
    return (int)(text.len < SHOWN_BYTES ? text.len : SHOWN_BYTES);
}

static bool fail_name(struct error *err, const char *what, struct text name,
                      const char *why)
{
    return fail(err, ERR_SCRIPT, "%s \"%.*s\" %s", what, shown(name),
                name.len ? name.at : "", why);
}

static bool check_name(struct text name, const char *what, struct error *err)
{
    if (name.len == 0)
        return fail(err, ERR_SCRIPT, "a %s has no name", what);
    if (name.at[0] == '#')
        return fail_name(err, what, name, "begins with '#': a comment");
    unsigned char high = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (is_control(name.at[i]))
            return fail(err, ERR_SCRIPT, "%s has a control byte, number %zu",
                        what, i + 1);
        if (is_loose_backslash(name, i))
            return fail_name(err, what, name,
                             "has a backslash that line protocol cannot carry");
        high |= (unsigned char)name.at[i];
    }
    if (high >= 0x80 && !utf8_is_valid(name, NULL))
        return fail(err, ERR_SCRIPT, "%s is not valid UTF-8", what);
    return true;
}

static bool check_key(struct text key, const char *what, struct error *err)
{
    return check_name(key, what, err)
           && (!is_reserved(key)
               || fail_name(err, what, key, "is a name that InfluxDB keeps"));
}

bool point_check_tag_key(struct text key, struct error *err)
{
    return check_key(key, "tag", err);
}

static bool fail_arena(struct error *err)
{
    return fail(err, ERR_TOO_LARGE,
                "the points of this request need more than %d bytes",
                LIMIT_REQUEST_ARENA_BYTES);
}

static bool keep_bytes(struct points *points, struct text bytes,
                       struct text *copy, struct error *err)
{
    return arena_copy(points->arena, bytes, copy) || fail_arena(err);
}

/* Valid UTF-8 as it is, or with U+FFFD for each byte that is none. */
static bool mend_utf8(struct points *points, struct text bytes,
                      struct text *mended, struct error *err)
{
    static const char replacement[] = "\xef\xbf\xbd";
    size_t bad;
    *mended = bytes;
    if (utf8_is_valid(bytes, &bad))
        return true;
    char *to = arena_alloc(points->arena, bytes.len * 3);
    if (!to)
        return fail_arena(err);
    mended->at = to;
    for (bool is_valid = false; !is_valid;) {
        is_valid = utf8_is_valid(bytes, &bad);
        size_t good = is_valid ? bytes.len : bad;
        memcpy(to, bytes.at, good);
        to += good;
        if (!is_valid) {
            memcpy(to, replacement, 3);
            to += 3;
            bytes = text_skip(bytes, bad + 1);
        }
    }
    mended->len = (size_t)(to - mended->at);
    return true;
}

enum text_state { TEXT_CLEAN, TEXT_ODD, TEXT_HIGH /* also not ASCII */ };

static enum text_state look_at(struct text text, bool is_tag)
{
    unsigned char high = 0;
    bool is_odd = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        high |= (unsigned char)c;
        is_odd |= is_control(c) || (is_tag && is_loose_backslash(text, i));
    }
    return high >= 0x80 ? TEXT_HIGH : is_odd ? TEXT_ODD : TEXT_CLEAN;
}

/* Control bytes to blanks (a string keeps its newlines, without the carriage
 * return before them), and from a tag the loose backslashes. Backwards, since
 * whether a backslash is loose depends on what follows it in the result. */
static struct text scrub(struct text text, bool is_tag, char *room)
{
    char *to = room + text.len;
    char *end = to;
    for (size_t i = text.len; i-- > 0;) {
        char c = text.at[i];
        char next = to < end ? *to : '\0';
        if (is_tag && c == '\\'
            && (to == end || next == '\\' || is_separator(next)))
            continue;
        if (!is_tag && c == '\r' && next == '\n')
            continue;
        *--to = is_control(c) && (is_tag || c != '\n') ? ' ' : c;
    }
    return (struct text){to, (size_t)(end - to)};
}

static void tell_mended(struct points *points, struct text key, bool is_tag)
{
    note(points->notes, NOTE_WARNING,
         "%s %.*s was no UTF-8, U+FFFD stands there: which charset is it? (the "
         "route's content_type can say so)",
         is_tag ? "tag" : "field", shown(key), key.at);
}

/* A value that every server reads alike, copied to the arena. */
static bool clean(struct points *points, struct text key, struct text value,
                  bool is_tag, struct text *cleaned, struct error *err)
{
    const char *given = value.at;
    enum text_state state = look_at(value, is_tag);
    if (state == TEXT_CLEAN)
        return keep_bytes(points, value, cleaned, err);
    if (state == TEXT_HIGH && !mend_utf8(points, value, &value, err))
        return false;
    if (value.at != given)
        tell_mended(points, key, is_tag);
    char *room = arena_alloc(points->arena, value.len);
    if (!room)
        return fail_arena(err);
    *cleaned = scrub(value, is_tag, room);
    return true;
}

bool point_begin(struct points *points, struct text measurement,
                 struct error *err)
{
    struct point *draft = &points->draft;
    *draft = (struct point){.tags = points->draft_tags,
                            .fields = points->draft_fields};
    return check_name(measurement, "measurement", err)
           && keep_bytes(points, measurement, &draft->measurement, err);
}

static bool has_room(const struct point *draft, struct text key,
                     struct error *err)
{
    if (draft->tag_count + draft->field_count < LIMIT_POINT_ITEMS)
        return true;
    return fail(err, ERR_TOO_LARGE,
                "a point has more than %d tags and fields, at \"%.*s\"",
                LIMIT_POINT_ITEMS, shown(key), key.at);
}

/* Where a tag of that key stands, or would stand. */
static unsigned find_tag(const struct point *draft, struct text key,
                         bool *is_there)
{
    *is_there = false;
    unsigned at = draft->tag_count;
    while (at > 0) {
        int order = text_compare(draft->tags[at - 1].key, key);
        if (order == 0)
            *is_there = true;
        if (order < 0)
            break;
        at--;
    }
    return at;
}

static bool insert_tag(struct points *points, unsigned at, struct text key,
                       struct text value, struct error *err)
{
    struct point *draft = &points->draft;
    struct tag tag;
    if (!has_room(draft, key, err) || !keep_bytes(points, key, &tag.key, err))
        return false;
    tag.value = value;
    memmove(draft->tags + at + 1, draft->tags + at,
            (draft->tag_count - at) * sizeof tag);
    draft->tags[at] = tag;
    draft->tag_count++;
    return true;
}

bool point_add_tag(struct points *points, struct text key, struct text value,
                   struct error *err)
{
    struct text cleaned;
    if (!check_key(key, "tag", err)
        || !clean(points, key, value, true, &cleaned, err))
        return false;
    if (cleaned.len == 0) {
        note(points->notes, NOTE_LEFT_OUT, "tag %.*s \"\"", shown(key), key.at);
        return true;
    }
    bool is_there;
    unsigned at = find_tag(&points->draft, key, &is_there);
    if (!is_there)
        return insert_tag(points, at, key, cleaned, err);
    points->draft.tags[at].value = cleaned;
    return true;
}

bool point_add_default_tag(struct points *points, struct text key,
                           struct text value, struct error *err)
{
    bool is_there;
    find_tag(&points->draft, key, &is_there);
    return is_there || point_add_tag(points, key, value, err);
}

static bool has_value(struct points *points, struct text key,
                      const struct value *value)
{
    if (value->type != VALUE_FLOAT || isfinite(value->as.number))
        return true;
    note(points->notes, NOTE_LEFT_OUT, "field %.*s %s", shown(key), key.at,
         isnan(value->as.number) ? "NaN" : "infinite");
    return false;
}

static struct field *find_field(const struct point *draft, struct text key)
{
    for (unsigned i = 0; i < draft->field_count; i++)
        if (text_equal(draft->fields[i].key, key))
            return &draft->fields[i];
    return NULL;
}

bool point_add_field(struct points *points, struct text key, struct value value,
                     struct error *err)
{
    struct point *draft = &points->draft;
    if (!check_key(key, "field", err))
        return false;
    if (!has_value(points, key, &value))
        return true;
    if (value.type == VALUE_STRING
        && !clean(points, key, value.as.string, false, &value.as.string, err))
        return false;
    struct field *field = find_field(draft, key);
    if (!field) {
        field = &draft->fields[draft->field_count];
        if (!has_room(draft, key, err)
            || !keep_bytes(points, key, &field->key, err))
            return false;
        draft->field_count++;
    }
    field->value = value;
    return true;
}

void point_set_time(struct points *points, int64_t time_ns)
{
    points->draft.has_time = true;
    points->draft.time_ns = time_ns;
}

static bool grow(struct points *points, struct error *err)
{
    if (points->count >= points->max_count)
        return fail(err, ERR_TOO_LARGE,
                    "more than %zu points from one request (limits.points)",
                    points->max_count);
    if (points->count < points->capacity)
        return true;
    size_t capacity = points->capacity ? points->capacity * 2 : FIRST_CAPACITY;
    struct point *items =
        realloc(points->items, capacity * sizeof *points->items);
    if (!items) {
        memory_was_refused();
        return fail_arena(err);
    }
    points->items = items;
    points->capacity = capacity;
    return true;
}

static bool copy_items(struct arena *arena, const void *items, size_t size,
                       void **copy)
{
    *copy = arena_alloc(arena, size);
    if (*copy && size > 0)
        memcpy(*copy, items, size);
    return *copy != NULL;
}

bool point_end(struct points *points, size_t *index, struct error *err)
{
    struct point *draft = &points->draft;
    *index = SIZE_MAX;
    if (draft->has_time
        && (draft->time_ns > last_time_ns || draft->time_ns < -last_time_ns))
        return fail(err, ERR_SCRIPT, "time %lld is beyond what InfluxDB takes",
                    (long long)draft->time_ns);
    if (draft->field_count == 0) {
        points->empty_count++;
        return true;
    }
    void *tags, *fields;
    if (!grow(points, err))
        return false;
    if (!copy_items(points->arena, draft->tags,
                    draft->tag_count * sizeof *draft->tags, &tags)
        || !copy_items(points->arena, draft->fields,
                       draft->field_count * sizeof *draft->fields, &fields))
        return fail_arena(err);
    *index = points->count++;
    points->items[*index] = *draft;
    points->items[*index].tags = tags;
    points->items[*index].fields = fields;
    return true;
}
