/* replay.c - see replay.h.
 *
 *   letters --read--> requests through ingest, lines as they are --> journal
 *   one kick; tickets durable --> letters dropped
 *
 * All letters of one call go into as few groups as the journal makes of them,
 * and are waited for together. What can go wrong: a letter that is not there,
 * or cannot be read; a script that fails again; a journal that is full. Each is
 * said of that letter, and the others go on.
 */
#include "replay.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "attempt.h"
#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "contracts.h"
#include "dead.h"
#include "dead_list.h"
#include "error.h"
#include "fitter.h"
#include "journal.h"
#include "point.h"
#include "pulse.h"
#include "timestamp.h"
#include "trial_file.h"

enum {
    ID_BYTES = 17,
    OUTPUT_BYTES = 100,
    WHAT_BYTES = 1000, /* as an error's text */
    LETTER_BYTES = LIMIT_DEAD_REQUEST_BYTES,
    NAMES_BYTES = 16 << 20,
    PATH_MOST = 200, /* of one that is shown */
    WAIT_MS = 10000,
    STEP_MS = 2
};

enum state { STATE_OPEN, STATE_WAITS, STATE_STORED, STATE_DONE, STATE_FAILED };

/* One letter on its way. */
struct item {
    struct text id;
    struct text output; /* of a point; empty: it is a request */
    struct text name;   /* what stands behind the output */
    char *line;         /* of a point, once it is found */
    enum state state;
    bool is_absent; /* there is no such letter */
    uint64_t ticket;
    struct firsts firsts;
    bool fails_again; /* only in part, and that part is on its way */
    size_t again;     /* how often a request came once more */
    size_t points;    /* of a request, each time that it came */
    char what[WHAT_BYTES];
};

struct replay {
    struct replay_options options;
    struct pulse pulse;
    struct ingest *ingest;
    struct attempt attempt;
    struct buf letter;
    struct arena names; /* of firsts */
    struct buf again;   /* when it came again */
    struct item *items;
    size_t count;
};

/* ---- ids ---- */

static void split_id(struct text id, struct item *item)
{
    const char *slash = memchr(id.at ? id.at : "", '/', id.len);
    *item = (struct item){.id = id, .name = id};
    if (slash) {
        item->output = (struct text){id.at, (size_t)(slash - id.at)};
        item->name = text_skip(id, item->output.len + 1);
    }
}

static bool is_request(const struct item *item)
{
    return item->output.len == 0;
}

static void fail_item(struct item *item, const char *why)
{
    item->state = STATE_FAILED;
    snprintf(item->what, sizeof item->what, "%s", why);
}

static void fail_absent(struct item *item)
{
    fail_item(item, "there is no such dead letter");
    item->is_absent = true;
}

static void fail_reading(struct item *item, const struct error *err)
{
    if (err->kind == ERR_NOT_FOUND)
        fail_absent(item);
    else
        fail_item(item, err->text);
}

static void name_of(const struct item *item, char out[ID_BYTES])
{
    snprintf(out, ID_BYTES, "%.*s", TEXT_ARG(item->name));
}

/* ---- waiting for the journal ---- */

/* Nobody knows whether it is stored; the next try must be no double of it. */
static void fail_waiting(struct item *item, const char *why)
{
    first_settle(&item->firsts, false);
    item->state = STATE_FAILED;
    if (!item->fails_again)
        fail_item(item, why);
}

static void look_at_tickets(struct replay *replay, size_t *waiting)
{
    *waiting = 0;
    for (size_t i = 0; i < replay->count; i++) {
        struct item *item = &replay->items[i];
        if (item->state != STATE_WAITS)
            continue;
        switch (first_state(&item->firsts, replay->options.ingest.journal,
                            item->ticket)) {
        case TICKET_WAITS:
            ++*waiting;
            break;
        case TICKET_DURABLE:
            item->state = item->fails_again ? STATE_FAILED : STATE_STORED;
            first_settle(&item->firsts, true);
            break;
        case TICKET_FAILED:
            fail_waiting(item, "the journal could not be written");
            break;
        }
    }
}

/* We look now and then instead of being woken: what failed again has points on
 * their way too, and nobody waits for those. Woken would be whatever has our
 * descriptor's number by then, which may be a file. */
static void await_tickets(struct replay *replay)
{
    size_t waiting;
    int64_t until_ns = clock_mono_ns() + WAIT_MS * NS_PER_MS;
    journal_kick(replay->options.ingest.journal);
    look_at_tickets(replay, &waiting);
    while (waiting > 0 && clock_mono_ns() < until_ns) {
        poll(NULL, 0, STEP_MS);
        look_at_tickets(replay, &waiting);
    }
    for (size_t i = 0; i < replay->count; i++)
        if (replay->items[i].state == STATE_WAITS)
            fail_waiting(&replay->items[i], "the disk does not answer");
}

/* ---- requests ---- */

static bool is_about_the_request(const struct error *err)
{
    return err->kind == ERR_SCRIPT || err->kind == ERR_REFUSED
           || err->kind == ERR_BAD_REQUEST || err->kind == ERR_TOO_LARGE;
}

/* It failed again: the letter says how. */
static void note_reason(struct replay *replay, const struct item *item,
                        struct text reason)
{
    char id[ID_BYTES];
    struct dead_request held;
    struct buf text;
    name_of(item, id);
    if (dead_request_read(buf_text(&replay->letter), &held)
        && text_equal(held.reason, reason))
        return;
    buf_init(&text, LETTER_BYTES);
    if (dead_request_rewrite(&text, buf_text(&replay->letter), reason,
                             ingest_traceback(replay->ingest)))
        dead_replace_request(replay->options.dead, id, buf_text(&text), NULL);
    buf_deinit(&text);
}

/* What fails again waits only for what it was first with. */
static void wait_for(struct replay *replay, struct item *item)
{
    const struct receipt *receipt = &replay->attempt.receipt;
    item->firsts = receipt->firsts;
    if (!receipt->must_wait || (item->fails_again && item->firsts.count == 0))
        return;
    item->ticket = receipt->ticket;
    item->state = STATE_WAITS;
    if (!first_copy(&item->firsts, &replay->names))
        await_tickets(replay); /* while the request has them */
}

static void take_receipt(struct replay *replay, struct item *item)
{
    const struct receipt *receipt = &replay->attempt.receipt;
    if (receipt->kept_count > 0) {
        struct buf reason;
        buf_init(&reason, KEPT_REASON_BYTES);
        kept_summary(ingest_kept(replay->ingest), &reason);
        fail_item(item, buf_string(&reason));
        note_reason(replay, item, buf_text(&reason));
        buf_deinit(&reason);
        item->fails_again = true;
        wait_for(replay, item);
        return;
    }
    item->state = STATE_STORED;
    item->points += receipt->point_count;
    snprintf(item->what, sizeof item->what, "%zu point%s", item->points,
             item->points == 1 ? "" : "s");
    wait_for(replay, item);
}

/* ERR_FULL may be only for what waits: once more when that is durable. */
static bool run_request(struct replay *replay,
                        const struct attempt_request *request)
{
    const struct route_table *routes = replay->options.ingest.routes;
    struct attempt *attempt = &replay->attempt;
    if (attempt_run(attempt, replay->ingest, routes, request))
        return true;
    if (attempt->error.kind != ERR_FULL)
        return false;
    await_tickets(replay);
    return attempt_run(attempt, replay->ingest, routes, request);
}

static bool load_request(struct replay *replay, const struct item *item,
                         struct trial_file *file, struct error *err)
{
    char id[ID_BYTES];
    uint64_t again;
    name_of(item, id);
    buf_clear(&replay->letter);
    if (item->name.len != ID_BYTES - 1)
        return fail(err, ERR_NOT_FOUND, "there is no such dead letter");
    return dead_list_load(replay->options.fs, replay->options.dir, id,
                          &replay->letter, &again, err)
           && trial_file_parse(id, buf_text(&replay->letter), file, err);
}

/* Its route has another path now, or is gone: the letter is a text that may be
 * changed. */
static void fail_lost(const struct replay *replay, struct item *item,
                      const struct attempt_request *request)
{
    struct text path = text_of(request->target);
    path = text_cut(&path, '?');
    if (path.len > PATH_MOST)
        path.len = PATH_MOST;
    item->state = STATE_FAILED;
    snprintf(item->what, sizeof item->what,
             "no route has its path %.*s: give it one, or change the path in "
             "%s/requests/%.*s.http",
             TEXT_ARG(path), replay->options.dir, TEXT_ARG(item->name));
}

static void run_once(struct replay *replay, struct item *item,
                     const struct attempt_request *request)
{
    const struct error *why = &replay->attempt.error;
    if (run_request(replay, request)) {
        take_receipt(replay, item);
        return;
    }
    fail_item(item, why->text);
    if (why->kind == ERR_NOT_FOUND)
        fail_lost(replay, item, request);
    if (is_about_the_request(why))
        note_reason(replay, item, text_of(why->text));
}

/* As it came again, when it did: a point may have no other time. One after the
 * other is on disk, for an item waits for one ticket. */
static void run_repetitions(struct replay *replay, struct item *item,
                            struct attempt_request *request)
{
    char id[ID_BYTES];
    struct dead_again again;
    struct error ignored;
    name_of(item, id);
    item->again = dead_repetitions(replay->options.dead, id);
    dead_list_again(replay->options.fs, replay->options.dir, id,
                    &replay->again);
    struct text rest = buf_text(&replay->again);
    request->has_time = true;
    while (dead_again_next(&rest, &again)) {
        await_tickets(replay);
        if (item->state == STATE_FAILED)
            return;
        if (!timestamp_parse(again.time, (struct text){0}, &request->time_ns,
                             &ignored))
            continue;
        free(request->id);
        request->id = xstrndup(again.id.at, again.id.len);
        run_once(replay, item, request);
    }
}

static void replay_request(struct replay *replay, struct item *item)
{
    struct trial_file file = {0};
    struct error err;
    if (load_request(replay, item, &file, &err)) {
        struct attempt_request *request = &file.cases[0].request;
        run_once(replay, item, request);
        run_repetitions(replay, item, request);
    } else {
        fail_reading(item, &err);
    }
    trial_file_deinit(&file);
}

/* ---- points ---- */

static bool find_output(const struct replay *replay, struct text name,
                        unsigned *output)
{
    const struct script_outputs *outputs = &replay->options.ingest.outputs;
    for (*output = 0; *output < outputs->count; ++*output)
        if (text_equal(text_of(outputs->names[*output]), name))
            return true;
    return false;
}

struct search {
    struct replay *replay;
    struct text output;
    size_t missing;
};

static bool take_line(void *context, const struct dead_letter *letter)
{
    struct search *search = context;
    for (size_t i = 0; i < search->replay->count; i++) {
        struct item *item = &search->replay->items[i];
        if (item->line || !text_equal(item->name, letter->name)
            || !text_equal(item->output, search->output))
            continue;
        item->line = xstrndup(letter->line.at, letter->line.len);
        search->missing--;
    }
    return search->missing > 0;
}

static bool fit_line(const struct replay *replay, struct text line,
                     unsigned output, struct buf *out, struct error *err)
{
    struct types *types =
        contracts_of(replay->options.ingest.contracts, output);
    if (types)
        return fitter_fit_line(types, line, out, err);
    return (buf_append_text(out, line) && buf_append_char(out, '\n'))
           || fail(err, ERR_TOO_LARGE, "its line is too long");
}

static void append_line(struct replay *replay, struct item *item,
                        unsigned output)
{
    struct error err = {0};
    struct buf line;
    buf_init(&line, LIMIT_LINE_BYTES + 2);
    if (!fit_line(replay, text_of(item->line), output, &line, &err)) {
        fail_item(item, err.text);
        buf_deinit(&line);
        return;
    }
    const struct journal_lines lines = {output, buf_text(&line), 1};
    const struct journal_entry entry = {.lines = &lines, .line_count = 1};
    struct journal *journal = replay->options.ingest.journal;
    bool is_appended = journal_append(journal, &entry, -1, &item->ticket, &err);
    if (!is_appended && err.kind == ERR_FULL) {
        await_tickets(replay);
        is_appended = journal_append(journal, &entry, -1, &item->ticket, &err);
    }
    item->state = STATE_WAITS;
    snprintf(item->what, sizeof item->what, "1 point");
    if (!is_appended)
        fail_item(item, err.text);
    buf_deinit(&line);
}

/* All points of the output of this one. */
static void replay_points(struct replay *replay, const struct item *first)
{
    char output[OUTPUT_BYTES];
    struct search search = {replay, first->output, 0};
    struct error err = {0};
    unsigned number;
    snprintf(output, sizeof output, "%.*s", TEXT_ARG(first->output));
    bool is_known = find_output(replay, first->output, &number);
    for (size_t i = 0; i < replay->count; i++)
        search.missing += text_equal(replay->items[i].output, first->output);
    if (is_known)
        dead_list_points(replay->options.fs, replay->options.dir, output,
                         take_line, &search, &err);
    for (size_t i = 0; i < replay->count; i++) {
        struct item *item = &replay->items[i];
        if (item->state != STATE_OPEN
            || !text_equal(item->output, search.output))
            continue;
        if (item->line)
            append_line(replay, item, number);
        else if (!is_known || err.text[0])
            fail_item(item, is_known ? err.text : "there is no such output");
        else
            fail_absent(item);
    }
}

/* ---- done with ---- */

static void drop_request(struct dead *dead, struct item *item)
{
    char id[ID_BYTES];
    struct error err;
    /* What is dropped unread is dropped with all that came. */
    size_t again = item->state == STATE_OPEN ? SIZE_MAX : item->again;
    name_of(item, id);
    /* A name that is too long is not meant for the letter it begins like. */
    if (item->name.len >= ID_BYTES)
        fail_absent(item);
    else if (dead_drop_request(dead, id, again, &err))
        item->state = STATE_DONE;
    else
        fail_reading(item, &err);
}

/* All points in that state of the output of this one. */
static void drop_points(struct dead *dead, struct item *items, size_t count,
                        const struct item *first)
{
    char output[OUTPUT_BYTES];
    struct error err = {0};
    struct text *names = xcalloc(count, sizeof *names), of = first->output;
    enum state state = first->state;
    bool *found = xcalloc(count, sizeof *found);
    size_t name_count = 0, at = 0;
    snprintf(output, sizeof output, "%.*s", TEXT_ARG(of));
    for (size_t i = 0; i < count; i++)
        if (items[i].state == state && text_equal(items[i].output, of))
            names[name_count++] = items[i].name;
    bool is_dropped =
        dead_drop_points(dead, output, names, name_count, found, &err);
    for (size_t i = 0; i < count; i++) {
        if (items[i].state != state || !text_equal(items[i].output, of))
            continue;
        items[i].state = STATE_DONE;
        if (!is_dropped)
            fail_item(&items[i], err.text);
        else if (!found[at++])
            fail_absent(&items[i]);
    }
    free(found);
    free(names);
}

static void drop_all(struct dead *dead, struct item *items, size_t count,
                     enum state state)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].state != state)
            continue;
        if (is_request(&items[i]))
            drop_request(dead, &items[i]);
        else
            drop_points(dead, items, count, &items[i]);
    }
    dead_sync_drops(dead, NULL);
}

/* ---- the two stories ---- */

static struct item *items_of(const struct text *ids, size_t count)
{
    assert(count <= REPLAY_MOST);
    struct item *items = xcalloc(count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        split_id(ids[i], &items[i]);
    return items;
}

/* Tells, and frees. */
static bool finish(struct item *items, size_t count,
                   void (*tell)(void *context,
                                const struct replay_result *result),
                   void *context)
{
    bool are_done = true;
    for (size_t i = 0; i < count; i++) {
        const struct replay_result result = {.id = items[i].id,
                                             .is_done =
                                                 items[i].state == STATE_DONE,
                                             .is_absent = items[i].is_absent,
                                             .what = text_of(items[i].what)};
        are_done = are_done && result.is_done;
        tell(context, &result);
        free(items[i].line);
    }
    free(items);
    return are_done;
}

bool replay_letters(struct replay *replay, const struct text *ids, size_t count,
                    void (*tell)(void *context,
                                 const struct replay_result *result),
                    void *context)
{
    replay->items = items_of(ids, count);
    replay->count = count;
    for (size_t i = 0; i < count; i++) {
        struct item *item = &replay->items[i];
        if (item->state != STATE_OPEN)
            continue;
        if (is_request(item))
            replay_request(replay, item);
        else
            replay_points(replay, item);
    }
    await_tickets(replay);
    arena_reset(&replay->names);
    drop_all(replay->options.dead, replay->items, count, STATE_STORED);
    return finish(replay->items, count, tell, context);
}

bool replay_drop(struct dead *dead, const struct text *ids, size_t count,
                 void (*tell)(void *context,
                              const struct replay_result *result),
                 void *context)
{
    struct item *items = items_of(ids, count);
    drop_all(dead, items, count, STATE_OPEN);
    for (size_t i = 0; i < count; i++)
        if (items[i].state == STATE_DONE)
            snprintf(items[i].what, sizeof items[i].what, "dropped");
    return finish(items, count, tell, context);
}

/* ---- new and free ---- */

struct replay *replay_new(const struct replay_options *options,
                          struct error *err)
{
    struct replay *replay = xcalloc(1, sizeof *replay);
    replay->options = *options;
    replay->options.ingest.is_replay = true;
    attempt_init(&replay->attempt);
    buf_init(&replay->letter, LETTER_BYTES);
    arena_init(&replay->names, NAMES_BYTES);
    buf_init(&replay->again, DEAD_AGAIN_FILE_BYTES);
    replay->options.ingest.waker = -1;
    replay->options.ingest.pulse = &replay->pulse;
    pulse_start(&replay->pulse);
    replay->ingest = ingest_new(&replay->options.ingest, err);
    if (replay->ingest)
        return replay;
    replay_free(replay);
    return NULL;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    ingest_free(replay->ingest);
    pulse_stop(&replay->pulse);
    attempt_deinit(&replay->attempt);
    buf_deinit(&replay->letter);
    arena_deinit(&replay->names);
    buf_deinit(&replay->again);
    free(replay);
}
