/* ingest.c - a write's way in, on one screen:
 *
 *   request --decode--> script --> points --> line protocol --> journal
 *
 * ingest_request is that line. Each step either gives the next one what it
 * needs or ends the request with an error; nothing is stored before the last.
 * The buffers are kept from one request to the next, so that steady work
 * allocates nothing.
 *
 * What can go wrong: the sender's bytes (400), the script's no (422), a ceiling
 * (413), a journal that is full or failing (503). When the script fails its
 * points are dropped and the request itself goes to the journal, to be looked
 * at and run again (keeping.c); so it does beside its points when the script
 * says keep(), or a part of it failed. A line that we wrote ourselves and the
 * strict reader refuses is our own mistake; it never gets to the journal, where
 * it could damage its neighbours.
 */
#include "ingest.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "blank.h"
#include "clock.h"
#include "error.h"
#include "journal.h"
#include "keeping.h"
#include "line.h"
#include "log.h"
#include "notes.h"
#include "point.h"
#include "progress.h"
#include "repeats.h"
#include "route.h"
#include "store.h"
#include "typecheck.h"

enum { TRACEBACK_BYTES = 16 << 10 };

/* What a script that misbehaves may cost the workers: one limit in that time,
 * and none while it goes on. */
#define SLOW_FOR_NS (30 * NS_PER_S)

struct ingest {
    struct ingest_options options;
    struct store *own_store; /* NULL: the options brought one */
    struct script **scripts;
    struct script_call call;
    struct points points;
    struct points native;
    struct buf traceback;
    struct keeping keeping;
    struct typecheck *typecheck; /* NULL: outputs take any type */
    struct buf lines[LIMIT_OUTPUTS];
    uint32_t line_counts[LIMIT_OUTPUTS];
};

/* One request on its way. */
struct passage {
    struct ingest *ingest;
    struct request *request;
    const struct route_match *match;
    struct notes *notes;
    struct receipt *receipt;
    bool in_script;
};

static void begin(struct passage *passage);
static bool make_points(struct passage *passage, struct error *err);
static bool write_lines(struct passage *passage, struct error *err);
static bool keep_instead(struct passage *passage, struct error *why);
static bool store(struct passage *passage, struct error *err);
static void finish_reply(struct passage *passage);
static void settle_added(struct passage *passage, bool is_stored);

bool ingest_request(struct ingest *ingest, struct request *request,
                    const struct route_match *match, struct notes *notes,
                    struct receipt *receipt, struct error *err)
{
    struct passage passage = {ingest, request, match, notes, receipt, false};
    begin(&passage);
    bool is_made = request_decode(request, match, err)
                   && make_points(&passage, err) && write_lines(&passage, err);
    bool is_stored =
        (is_made || keep_instead(&passage, err)) && store(&passage, err);
    finish_reply(&passage);
    settle_added(&passage, is_stored);
    return is_stored;
}

static void drop_points(struct ingest *ingest, struct request *request)
{
    ingest->call.stored_count = 0;
    if (ingest->typecheck)
        typecheck_begin(ingest->typecheck, &request->arena, request->id,
                        request->time_ns);
    for (size_t i = 0; i < LIMIT_OUTPUTS; i++) {
        buf_clear(&ingest->lines[i]);
        ingest->line_counts[i] = 0;
    }
}

static void begin(struct passage *passage)
{
    struct ingest *ingest = passage->ingest;
    struct points *sets[] = {&ingest->points, &ingest->native};
    for (int i = 0; i < 2; i++) {
        points_reset(sets[i]);
        sets[i]->arena = &passage->request->arena;
        sets[i]->max_count = passage->match->route->limits.points;
        sets[i]->notes = passage->notes;
    }
    drop_points(ingest, passage->request);
    buf_clear(&ingest->traceback);
    script_call_reset(&ingest->call);
    *passage->receipt = (struct receipt){0};
}

/* ------------------------------------------------- request to points ---- */

static bool read_native(struct passage *passage, struct error *err)
{
    struct text name = pairs_get(&passage->request->query, TEXT("precision"));
    enum precision precision = PRECISION_NS;
    if (name.len > 0 && !precision_read(name, &precision))
        return fail(err, ERR_BAD_REQUEST,
                    "invalid precision \"%.*s\": use ns, us, ms, s, m or h",
                    TEXT_ARG(name));
    return line_read_all(passage->request->text, precision,
                         &passage->ingest->native, err);
}

static bool store_all(struct script_call *call, size_t count, struct error *err)
{
    if (count > call->stored_capacity) {
        size_t *stored = realloc(call->stored, count * sizeof *stored);
        if (!stored)
            return fail(err, ERR_FULL, "no memory for %zu points", count);
        call->stored = stored;
        call->stored_capacity = count;
    }
    for (size_t i = 0; i < count; i++)
        call->stored[i] = i;
    call->stored_count = count;
    return true;
}

/* Without a script a native write's points are stored as they came. */
static bool take_native(struct passage *passage, struct error *err)
{
    struct script_call *call = &passage->ingest->call;
    call->points = &passage->ingest->native;
    return store_all(call, passage->ingest->native.count, err);
}

static bool run_script(struct passage *passage, struct error *err)
{
    struct ingest *ingest = passage->ingest;
    const struct route *route = passage->match->route;
    struct script_call *call = &ingest->call;
    call->request = passage->request;
    call->route = route;
    call->native_points = route->line_protocol ? &ingest->native : NULL;
    call->notes = passage->notes;
    call->traceback = &ingest->traceback;
    call->points = &ingest->points;
    passage->in_script = true;
    struct script *script = ingest->scripts[route->script];
    bool has_run = script_handle(script, call, err);
    if (script_was_stopped(script) && ingest->options.stops_ns)
        atomic_store_explicit(&ingest->options.stops_ns[route->script],
                              clock_mono_ns(), memory_order_relaxed);
    return has_run;
}

static bool make_points(struct passage *passage, struct error *err)
{
    const struct route *route = passage->match->route;
    return (!route->line_protocol || read_native(passage, err))
           && (route->script >= 0 ? run_script(passage, err)
                                  : take_native(passage, err));
}

/* --------------------------------------------- points to line protocol -- */

static bool write_checked(struct buf *lines, const struct point *point,
                          int64_t receipt_ns, struct error *err)
{
    size_t before = lines->len;
    struct error why;
    if (!line_append(lines, point, receipt_ns, err))
        return false;
    struct text line = {lines->data + before, lines->len - before - 1};
    if (line_check(line, &why))
        return true;
    buf_truncate(lines, before);
    log_line(LOG_ERROR, "ingest",
             "a line of ours is no line protocol (%s);"
             " please report it: %.*s",
             why.text, TEXT_ARG(line));
    return fail(err, ERR_SCRIPT,
                "a point of %.*s could not be written as line"
                " protocol: %s",
                TEXT_ARG(point->measurement), why.text);
}

/* The output does not take it: its line becomes a letter. */
static bool bury(struct passage *passage, unsigned output,
                 const struct point *point, size_t number, const char *why,
                 struct error *err)
{
    struct ingest *ingest = passage->ingest;
    struct buf *lines = &ingest->lines[output];
    size_t before = lines->len;
    note(passage->notes, NOTE_WARNING, "output %s would not take it: %s",
         ingest->options.outputs.names[output], why);
    if (!write_checked(lines, point, passage->request->time_ns, err))
        return false;
    const struct text line = {lines->data + before, lines->len - before - 1};
    bool is_buried =
        typecheck_bury(ingest->typecheck, output, line, number, err);
    buf_truncate(lines, before);
    return is_buried;
}

static bool write_to(struct passage *passage, unsigned output,
                     const struct point *point, size_t number,
                     struct error *err)
{
    struct ingest *ingest = passage->ingest;
    const struct point *fitted = point;
    const char *why;
    if (ingest->typecheck)
        fitted = typecheck_point(ingest->typecheck, output, point, &why);
    if (!fitted)
        return bury(passage, output, point, number, why, err);
    ingest->line_counts[output]++;
    return write_checked(&ingest->lines[output], fitted,
                         passage->request->time_ns, err);
}

static bool write_point(struct passage *passage, const struct point *point,
                        size_t number, struct error *err)
{
    uint64_t outputs =
        point->outputs ? point->outputs : passage->match->route->outputs;
    for (unsigned output = 0; outputs >> output; output++)
        if (outputs >> output & 1
            && !write_to(passage, output, point, number, err))
            return false;
    return true;
}

/* Also if the script fell back on req.time: the sender's was not used. */
static bool has_receipt_time(const struct point *point, int64_t receipt_ns)
{
    return !point->has_time || point->time_ns == receipt_ns;
}

static bool write_lines(struct passage *passage, struct error *err)
{
    struct script_call *call = &passage->ingest->call;
    bool spread = passage->match->route->spread_repeats;
    if (passage->notes)
        for (size_t i = 0; i < call->stored_count; i++)
            passage->notes->receipt_time_points +=
                has_receipt_time(&call->points->items[call->stored[i]],
                                 passage->request->time_ns);
    if (spread || passage->notes)
        repeats_find(call->points, call->stored, call->stored_count,
                     passage->request->time_ns, spread);
    for (size_t i = 0; i < call->stored_count; i++)
        if (!write_point(passage, &call->points->items[call->stored[i]], i + 1,
                         err))
            return false;
    passage->receipt->point_count = call->stored_count;
    passage->receipt->empty_count = call->points->empty_count;
    return true;
}

/* ------------------------------------- the request itself to journal ---- */

static struct keepsake keepsake_of(const struct passage *passage)
{
    const struct ingest *ingest = passage->ingest;
    return (struct keepsake){passage->request, passage->match->route,
                             &ingest->call.kept, buf_text(&ingest->traceback)};
}

/* True: nothing of it is stored, for that reason, but all of it kept. */
static bool keep_instead(struct passage *passage, struct error *why)
{
    struct ingest *ingest = passage->ingest;
    const struct ingest_options *options = &ingest->options;
    bool has_place = options->has_letters || !options->journal;
    blank_error(passage->match->route, passage->request, why);
    if (!has_place || options->is_replay
        || !keeping_takes(passage->match->route, why, passage->in_script))
        return false;
    drop_points(ingest, passage->request);
    kept_clear(&ingest->call.kept);
    kept_add(&ingest->call.kept, TEXT(""), text_of(why->text));
    why->kind = ERR_NONE;
    return true;
}

/* What a request keeps of itself; *count 0: nothing. */
static bool write_letter(struct passage *passage, struct journal_rider *rider,
                         size_t *count, struct error *err)
{
    struct ingest *ingest = passage->ingest;
    const struct ingest_options *options = &ingest->options;
    struct kept *kept = &ingest->call.kept;
    struct keepsake keepsake = keepsake_of(passage);
    passage->receipt->kept_count = kept->count;
    *count = 0;
    if (kept->count == 0)
        return true;
    keeping_blank(&ingest->keeping, &keepsake, kept);
    if (!options->journal || options->is_replay)
        return true;
    if (!options->has_letters)
        return fail(err, ERR_SCRIPT, "no place to keep this request: %.*s",
                    TEXT_ARG(buf_text(&kept->lines)));
    *rider = (struct journal_rider){.sink = options->letters};
    *count = 1;
    return keeping_write(&ingest->keeping, &keepsake, &rider->bytes, err);
}

/* -------------------------------------------- line protocol to journal -- */

static void say_kept(struct passage *passage)
{
    struct keepsake keepsake = keepsake_of(passage);
    keeping_say(&passage->ingest->keeping, &keepsake);
}

/* For whoever waits until they are written: where the points of entry go. */
static bool append_and_tell(struct passage *passage,
                            struct journal_entry *entry, struct error *err)
{
    const struct ingest_options *options = &passage->ingest->options;
    struct receipt *receipt = passage->receipt;
    struct journal_place places[LIMIT_OUTPUTS];
    struct stretch *stretches = arena_alloc(
        &passage->request->arena, entry->line_count * sizeof *stretches);
    entry->places = places;
    if (!stretches)
        return fail(err, ERR_FULL, "no memory for a request that waits");
    if (!journal_append(options->journal, entry, options->waker,
                        &receipt->ticket, err))
        return false;
    for (size_t i = 0; i < entry->line_count; i++)
        stretches[i] = (struct stretch){.output = entry->lines[i].output,
                                        .points = entry->lines[i].points,
                                        .first_seq = places[i].seq,
                                        .failures = places[i].failures};
    receipt->stretches = stretches;
    receipt->stretch_count = entry->line_count;
    return true;
}

static bool append(struct passage *passage, struct journal_entry *entry,
                   struct error *err)
{
    const struct ingest_options *options = &passage->ingest->options;
    if (passage->match->route->written_wait_ns > 0 && entry->line_count > 0)
        return append_and_tell(passage, entry, err);
    return journal_append(options->journal, entry, options->waker,
                          &passage->receipt->ticket, err);
}

/* All that rides with the lines: what the output's types say, the letter. */
static bool write_riders(struct passage *passage, struct journal_rider *riders,
                         size_t *count, struct error *err)
{
    struct ingest *ingest = passage->ingest;
    size_t letters;
    *count = 0;
    if (ingest->typecheck && ingest->options.journal
        && !typecheck_riders(ingest->typecheck, riders, count, err))
        return false;
    if (ingest->typecheck)
        passage->receipt->misfit = typecheck_refusal(ingest->typecheck);
    if (!write_letter(passage, riders + *count, &letters, err))
        return false;
    *count += letters;
    return true;
}

static bool store(struct passage *passage, struct error *err)
{
    struct ingest *ingest = passage->ingest;
    struct receipt *receipt = passage->receipt;
    struct journal_lines lines[LIMIT_OUTPUTS];
    struct journal_rider riders[TYPECHECK_RIDERS + 1];
    struct journal_entry entry = {.lines = lines, .riders = riders};
    if (!write_riders(passage, riders, &entry.rider_count, err))
        return false;
    for (unsigned i = 0; i < ingest->options.outputs.count; i++)
        if (ingest->line_counts[i] > 0)
            lines[entry.line_count++] = (struct journal_lines){
                i, buf_text(&ingest->lines[i]), ingest->line_counts[i]};
    if (!ingest->options.journal)
        return true;
    if (!first_look(&receipt->firsts, &ingest->call, ingest->options.journal,
                    err))
        return false;
    receipt->must_wait = entry.line_count + entry.rider_count > 0
                         || first_must_wait(&receipt->firsts);
    if (!receipt->must_wait)
        return true;
    if (!append(passage, &entry, err))
        return false;
    if (receipt->kept_count > 0 && !ingest->options.is_replay)
        say_kept(passage);
    if (ingest->typecheck)
        typecheck_say(ingest->typecheck);
    return true;
}

/* What reply() said, else what the route says, else 202 for what is kept, else
 * 204. */
static void finish_reply(struct passage *passage)
{
    const struct route *route = passage->match->route;
    struct receipt *receipt = passage->receipt;
    struct keepsake keepsake = keepsake_of(passage);
    receipt->reply = passage->ingest->call.reply;
    if (receipt->reply.status != 0)
        return;
    if (route->reply_status == 0 && receipt->kept_count > 0)
        receipt->reply = keeping_reply(&passage->ingest->keeping, &keepsake,
                                       &passage->request->arena);
    else
        receipt->reply = (struct reply){
            .status = route->reply_status ? route->reply_status : 204,
            .body = text_of(route->reply_body),
            .type = text_of(route->reply_type)};
}

/* ------------------------------------- what store.add was first with ---- */

/* Without a point on its way to the disk it is forgotten at once. */
static void settle_added(struct passage *passage, bool is_stored)
{
    struct script_call *call = &passage->ingest->call;
    struct receipt *receipt = passage->receipt;
    if (call->added_count == 0)
        return;
    if (!is_stored || (receipt->kept_count > 0 && receipt->point_count == 0))
        script_call_forget_added(call, 0);
    first_wait(&receipt->firsts, call, &passage->request->arena,
               is_stored && receipt->must_wait ? receipt->ticket : 0);
}

/* ------------------------------------------------------- new and free --- */

static bool load_scripts(struct ingest *ingest, struct error *err)
{
    const struct ingest_options *options = &ingest->options;
    ingest->scripts = xcalloc(options->script_count, sizeof *ingest->scripts);
    const struct route *route;
    for (size_t i = 0; (route = route_table_at(options->routes, i)); i++) {
        if (route->script < 0 || ingest->scripts[route->script])
            continue;
        ingest->scripts[route->script] =
            script_new(&options->scripts[route->script], &route->limits,
                       &options->outputs, err);
        if (!ingest->scripts[route->script])
            return false;
    }
    return true;
}

struct ingest *ingest_new(const struct ingest_options *options,
                          struct error *err)
{
    struct ingest *ingest = xcalloc(1, sizeof *ingest);
    ingest->options = *options;
    script_call_init(&ingest->call);
    if (!options->store)
        ingest->own_store = store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_BYTES);
    ingest->call.pulse = options->pulse;
    ingest->call.store = options->store ? options->store : ingest->own_store;
    points_init(&ingest->points, NULL, 0);
    points_init(&ingest->native, NULL, 0);
    buf_init(&ingest->traceback, TRACEBACK_BYTES);
    keeping_init(&ingest->keeping, options->routes);
    ingest->typecheck = typecheck_new(
        &(struct typecheck_options){.contracts = options->contracts,
                                    .outputs = options->outputs.names,
                                    .output_count = options->outputs.count,
                                    .letters = options->point_letters,
                                    .news = options->type_news});
    for (size_t i = 0; i < LIMIT_OUTPUTS; i++)
        buf_init(&ingest->lines[i], LIMIT_REQUEST_LINES_BYTES);
    if (load_scripts(ingest, err))
        return ingest;
    ingest_free(ingest);
    return NULL;
}

void ingest_free(struct ingest *ingest)
{
    if (!ingest)
        return;
    for (size_t i = 0; ingest->scripts && i < ingest->options.script_count; i++)
        script_free(ingest->scripts[i]);
    free(ingest->scripts);
    for (size_t i = 0; i < LIMIT_OUTPUTS; i++)
        buf_deinit(&ingest->lines[i]);
    buf_deinit(&ingest->traceback);
    keeping_deinit(&ingest->keeping);
    typecheck_free(ingest->typecheck);
    points_deinit(&ingest->native);
    points_deinit(&ingest->points);
    script_call_deinit(&ingest->call);
    store_free(ingest->own_store);
    free(ingest);
}

bool ingest_is_slow(const struct ingest *ingest, const struct route *route,
                    int64_t now_ns)
{
    if (route->script < 0 || !ingest->options.stops_ns)
        return false;
    int64_t stopped_ns = atomic_load_explicit(
        &ingest->options.stops_ns[route->script], memory_order_relaxed);
    return stopped_ns != 0 && now_ns - stopped_ns < SLOW_FOR_NS;
}

struct text ingest_lines(const struct ingest *ingest, unsigned output)
{
    return buf_text(&ingest->lines[output]);
}

bool ingest_points(const struct ingest *ingest, int64_t receipt_ns,
                   struct buf *lines, struct error *err)
{
    const struct script_call *call = &ingest->call;
    for (size_t i = 0; i < call->stored_count; i++)
        if (!line_append(lines, &call->points->items[call->stored[i]],
                         receipt_ns, err))
            return false;
    return true;
}

const struct kept *ingest_kept(const struct ingest *ingest)
{
    return &ingest->call.kept;
}

struct text ingest_traceback(const struct ingest *ingest)
{
    return buf_text(&ingest->traceback);
}
