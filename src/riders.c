/* riders.c - see riders.h. The copies are made before the lock is taken, for
 * they may be large; under it only pointers move. Between its write and its
 * publication a row counts both for the sink and here, so that a sink that is
 * nearly full may refuse one too early, never one too late. */
#include "riders.h"

#include <assert.h>
#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "log.h"

/* ---- rows ---- */

static void push(struct rider_row *row, struct text item)
{
    if (row->count == row->capacity) {
        row->capacity = row->capacity ? 2 * row->capacity : 8;
        row->items = xrealloc(row->items, row->capacity * sizeof *row->items);
    }
    row->items[row->count++] = item;
    row->bytes += item.len;
}

static bool push_copy(struct rider_row *row, struct text bytes)
{
    char *copy = malloc(bytes.len ? bytes.len : 1);
    if (!copy)
        return false;
    if (bytes.len > 0)
        memcpy(copy, bytes.at, bytes.len);
    push(row, (struct text){copy, bytes.len});
    return true;
}

static void move(struct rider_row *to, struct rider_row *from)
{
    for (size_t i = 0; i < from->count; i++)
        push(to, from->items[i]);
    from->count = 0;
    from->bytes = 0;
}

static void clear(struct rider_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        free((char *)row->items[i].at);
    row->count = 0;
    row->bytes = 0;
}

static void row_deinit(struct rider_row *row)
{
    clear(row);
    free(row->items);
    *row = (struct rider_row){0};
}

bool rider_rows_copy(struct rider_row rows[LIMIT_SINKS],
                     const struct journal_rider *items, size_t count,
                     struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        assert(items[i].sink < LIMIT_SINKS);
        if (!push_copy(&rows[items[i].sink], items[i].bytes))
            return fail(err, ERR_FULL, "no memory for %zu bytes to keep",
                        items[i].bytes.len);
    }
    return true;
}

void rider_rows_deinit(struct rider_row rows[LIMIT_SINKS])
{
    for (size_t i = 0; i < LIMIT_SINKS; i++)
        row_deinit(&rows[i]);
}

/* ---- the open rows ---- */

static uint64_t part_of(size_t sink)
{
    return UINT64_C(1) << (LIMIT_OUTPUTS + sink);
}

static bool has_room(const struct riders *riders, size_t at,
                     const struct rider_row *more, struct error *err)
{
    const struct journal_sink *to = &riders->sinks[at].to;
    const struct rider_row *open = &riders->sinks[at].open;
    if (open->count > 0 && open->bytes + more->bytes > LIMIT_GROUP_BYTES)
        return fail(err, ERR_FULL,
                    "%zu bytes to keep wait for the disk, the limit is %d",
                    open->bytes, (int)LIMIT_GROUP_BYTES);
    size_t count = riders->sinks[at].busy_count + open->count + more->count;
    size_t bytes = riders->sinks[at].busy_bytes + open->bytes + more->bytes;
    return !to->has_room || to->has_room(to->self, count, bytes, err);
}

bool riders_have_room(const struct riders *riders, const struct rider_row *rows,
                      struct error *err)
{
    for (size_t i = 0; rows && i < LIMIT_SINKS; i++) {
        assert(rows[i].count == 0 || i < riders->sink_count);
        if (rows[i].count > 0 && !has_room(riders, i, &rows[i], err))
            return false;
    }
    return true;
}

uint64_t riders_take(struct riders *riders, struct rider_row *rows)
{
    uint64_t parts = 0;
    for (size_t i = 0; rows && i < riders->sink_count; i++) {
        if (rows[i].count == 0)
            continue;
        parts |= part_of(i);
        riders->open_count += rows[i].count;
        move(&riders->sinks[i].open, &rows[i]);
    }
    return parts;
}

/* ---- the busy rows ---- */

void riders_swap(struct riders *riders)
{
    if (riders->open_count == 0)
        return;
    for (size_t i = 0; i < riders->sink_count; i++) {
        struct rider_row row = riders->sinks[i].busy;
        riders->sinks[i].busy = riders->sinks[i].open;
        riders->sinks[i].open = row;
        riders->sinks[i].busy_count = riders->sinks[i].busy.count;
        riders->sinks[i].busy_bytes = riders->sinks[i].busy.bytes;
    }
    riders->open_count = 0;
}

static bool write_row(const struct journal_sink *to,
                      const struct rider_row *row, struct error *err)
{
    struct error why = {.kind = ERR_NONE};
    if (to->write(to->self, row->items, row->count, &why))
        return true;
    log_line(LOG_ERROR, "journal", "%s; its senders get 503", why.text);
    return fail(err, why.kind, "%s", why.text);
}

uint64_t riders_write(struct riders *riders, bool is_first, struct error *err)
{
    uint64_t failed = 0;
    for (size_t i = 0; i < riders->sink_count; i++) {
        struct rider_row *row = &riders->sinks[i].busy;
        if (riders->sinks[i].to.is_first != is_first)
            continue;
        if (row->count > 0 && !write_row(&riders->sinks[i].to, row, err))
            failed |= part_of(i);
        clear(row);
    }
    return failed;
}

bool riders_follow(const struct riders *riders)
{
    for (size_t i = 0; i < riders->sink_count; i++)
        if (!riders->sinks[i].to.is_first && riders->sinks[i].busy.count > 0)
            return true;
    return false;
}

void riders_publish(struct riders *riders)
{
    for (size_t i = 0; i < riders->sink_count; i++) {
        riders->sinks[i].busy_count = 0;
        riders->sinks[i].busy_bytes = 0;
    }
}

/* ---- init and deinit ---- */

void riders_init(struct riders *riders, const struct journal_sink *sinks,
                 size_t count)
{
    assert(count <= LIMIT_SINKS);
    *riders = (struct riders){.sink_count = count};
    for (size_t i = 0; i < count; i++)
        riders->sinks[i].to = sinks[i];
}

void riders_deinit(struct riders *riders)
{
    for (size_t i = 0; i < riders->sink_count; i++) {
        row_deinit(&riders->sinks[i].busy);
        row_deinit(&riders->sinks[i].open);
    }
}
