/* tool_dead.c - see tool_dead.h.
 *
 * Reading needs nobody's leave. Replaying and dropping are for one process at a
 * time, the one that has the folder's lock: if a gateway has it, its admin port
 * is asked, at the address that it left in the data folder; else it is done
 * here, with the journal opened as the gateway would.
 *
 * Letters go in rows, a hundred or so at a time, so that a gateway stays ready
 * between them.
 */
#include "tool_dead.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "admin_call.h"
#include "buf.h"
#include "config.h"
#include "contracts.h"
#include "dead.h"
#include "dead_list.h"
#include "dead_report.h"
#include "error.h"
#include "file.h"
#include "help.h"
#include "ingest.h"
#include "journal.h"
#include "replay.h"
#include "scan.h"

enum {
    NOT_ALL = 1,
    PATH_BYTES = 4096,
    REQUESTS_AT_ONCE = 100, /* a large one may run for most of a second */
    ANSWER_BYTES = 4 << 20
};

struct flags {
    const char *verb;
    const char *config;
    const char *data;
    bool is_all;
    bool as_json;
    char **ids;
    size_t id_count;
};

struct place {
    struct config *config; /* NULL: --data */
    struct error unset;    /* what it lacks to do more than look */
    char data[PATH_BYTES];
    char dir[PATH_BYTES]; /* <data>/dead */
};

static int complain(const struct error *err)
{
    fprintf(stderr, "%s\n", err->text);
    return err->kind == ERR_CONFIG ? EX_CONFIG : NOT_ALL;
}

static int fail_usage(const char *why)
{
    help_print(stderr, "dead");
    fprintf(stderr, "\nmoonline dead: %s\n", why);
    return EX_USAGE;
}

/* ---- ls and show ---- */

static int list(const struct place *place, const struct flags *flags)
{
    struct dead_rows rows;
    struct error err;
    if (flags->id_count > 0)
        return fail_usage("ls takes no ID; show does");
    bool is_read = dead_report_read(place->dir, &rows, &err);
    dead_report_list(&rows, flags->as_json);
    dead_report_free(&rows);
    return is_read ? EX_OK : complain(&err);
}

static int show(const struct place *place, const struct flags *flags)
{
    struct error err;
    if (flags->id_count != 1)
        return fail_usage("show takes one ID of those that ls shows");
    return dead_report_show(place->dir, flags->ids[0], &err) ? EX_OK
                                                             : complain(&err);
}

/* ---- replay and drop ---- */

struct count {
    size_t done;
    size_t failed;
    size_t absent;
};

static void tell_result(void *context, const struct replay_result *result)
{
    struct count *count = context;
    count->done += result->is_done;
    count->absent += result->is_absent;
    count->failed += !result->is_done && !result->is_absent;
    fprintf(result->is_done ? stdout : stderr, "%.*s: %s%.*s\n",
            TEXT_ARG(result->id),
            result->is_done || result->is_absent ? "" : "kept: ",
            TEXT_ARG(result->what));
}

/* Of the journal, behind those of the dead letters. */
enum { TYPE_NEWS = DEAD_SINKS, SINKS };

/* By whom the letters are changed. */
struct hands {
    const struct place *place;
    bool is_replay;
    struct dead *dead; /* NULL: the gateway has it */
    struct contracts *contracts;
    struct journal *journal;
    struct replay *replay;
    char address[300]; /* of the gateway */
};

static bool ask_gateway(const struct hands *hands, const struct text *ids,
                        size_t count, struct count *sum, struct error *err)
{
    struct buf body, answer;
    buf_init(&body, ANSWER_BYTES);
    buf_init(&answer, ANSWER_BYTES);
    for (size_t i = 0; i < count; i++)
        buf_printf(&body, "%.*s\n", TEXT_ARG(ids[i]));
    bool is_answered = admin_call(
        hands->address, hands->is_replay ? "/dead/replay" : "/dead/drop",
        buf_text(&body), &answer, err);
    struct text rest = buf_text(&answer);
    while (is_answered && rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        struct text state = text_cut(&line, ' ');
        struct replay_result result = {
            .is_done = text_equal(state, TEXT("done")),
            .is_absent = text_equal(state, TEXT("none")),
            .id = text_cut(&line, ' ')};
        result.what = line;
        tell_result(sum, &result);
    }
    buf_deinit(&body);
    buf_deinit(&answer);
    return is_answered;
}

static bool handle(const struct hands *hands, const struct text *ids,
                   size_t count, struct count *sum, struct error *err)
{
    if (!hands->dead)
        return ask_gateway(hands, ids, count, sum, err);
    if (hands->is_replay)
        replay_letters(hands->replay, ids, count, tell_result, sum);
    else
        replay_drop(hands->dead, ids, count, tell_result, sum);
    return true;
}

static bool open_journal(struct hands *hands, struct error *err)
{
    const struct config *config = hands->place->config;
    char dir[PATH_BYTES + 20];
    struct journal_sink sinks[SINKS];
    if (hands->place->unset.kind != ERR_NONE) {
        *err = hands->place->unset;
        return false;
    }
    snprintf(dir, sizeof dir, "%s/journal", config->data);
    hands->contracts = config_contracts(config, err);
    if (!hands->contracts)
        return false;
    dead_sinks(hands->dead, sinks);
    contracts_sink(hands->contracts, &sinks[TYPE_NEWS]);
    struct journal_options options = config_journal(config);
    options.dir = dir;
    options.sinks = sinks;
    options.sink_count = SINKS;
    hands->journal = journal_open(&options, err);
    if (!hands->journal || !journal_start(hands->journal, err))
        return false;
    struct replay_options replay = {.dead = hands->dead,
                                    .dir = hands->place->dir,
                                    .ingest = config_ingest(config)};
    replay.ingest.journal = hands->journal;
    replay.ingest.contracts = hands->contracts;
    replay.ingest.point_letters = DEAD_POINTS;
    replay.ingest.type_news = TYPE_NEWS;
    hands->replay = replay_new(&replay, err);
    return hands->replay != NULL;
}

static bool find_gateway(struct hands *hands, struct error *err)
{
    char path[PATH_BYTES + 20];
    struct buf address;
    snprintf(path, sizeof path, "%s/admin", hands->place->data);
    buf_init(&address, sizeof hands->address - 1);
    bool is_read = file_read(&file_real, path, &address, err);
    snprintf(hands->address, sizeof hands->address, "%.*s",
             TEXT_ARG(scan_trim(buf_text(&address))));
    buf_deinit(&address);
    return is_read
           && (hands->address[0]
               || fail(err, ERR_IO,
                       "a gateway has %s, and no admin port to ask: set `admin`"
                       " in its configuration, or stop it",
                       hands->place->dir));
}

static bool open_hands(struct hands *hands, struct error *err)
{
    const struct dead_options options = {.dir = hands->place->dir};
    hands->dead = dead_open(&options, err);
    if (hands->dead)
        return !hands->is_replay || open_journal(hands, err);
    return err->kind == ERR_CONFIG && find_gateway(hands, err);
}

static void close_hands(struct hands *hands)
{
    replay_free(hands->replay);
    journal_close(hands->journal);
    contracts_close(hands->contracts);
    dead_close(hands->dead);
}

/* How many of the ids go at once: points are quick, requests run scripts. */
static size_t row_of(const struct text *ids, size_t count)
{
    size_t row = 0, requests = 0;
    while (row < count && row < REPLAY_MOST && requests < REQUESTS_AT_ONCE) {
        requests += memchr(ids[row].at, '/', ids[row].len) == NULL;
        row++;
    }
    return row;
}

static int handle_all(struct hands *hands, const struct text *ids, size_t count)
{
    struct count sum = {0};
    struct error err;
    bool is_fine = open_hands(hands, &err);
    for (size_t at = 0, row; is_fine && at < count; at += row) {
        row = row_of(ids + at, count - at);
        is_fine = handle(hands, ids + at, row, &sum, &err);
    }
    close_hands(hands);
    if (!is_fine)
        return complain(&err);
    printf("%zu %s, %zu kept", sum.done,
           hands->is_replay ? "replayed" : "dropped", sum.failed);
    if (sum.absent > 0)
        printf(", %zu not there", sum.absent);
    printf("\n");
    return sum.failed + sum.absent > 0 ? NOT_ALL : EX_OK;
}

static int handle_listed(struct hands *hands)
{
    struct dead_rows rows;
    struct error err;
    int code = NOT_ALL;
    if (dead_report_read(hands->place->dir, &rows, &err)) {
        struct text *ids = xcalloc(rows.count + 1, sizeof *ids);
        for (size_t i = 0; i < rows.count; i++)
            ids[i] = text_of(rows.items[i].id);
        code = handle_all(hands, ids, rows.count);
        free(ids);
    } else {
        complain(&err);
    }
    dead_report_free(&rows);
    return code;
}

/* What was asked for by the id that a sender was told, each letter once. */
static size_t letters_of(const struct place *place, const struct flags *flags,
                         char (*first)[DEAD_LIST_ID_BYTES], struct text *ids)
{
    size_t count = 0;
    for (size_t i = 0; i < flags->id_count; i++) {
        const char *id = flags->ids[i];
        if (dead_list_kept_as(NULL, place->dir, id, first[i]))
            id = first[i];
        size_t at = 0;
        while (at < count && !text_equal(ids[at], text_of(id)))
            at++;
        if (at == count)
            ids[count++] = text_of(id);
    }
    return count;
}

static int change(const struct place *place, const struct flags *flags,
                  bool is_replay)
{
    struct hands hands = {.place = place, .is_replay = is_replay};
    bool wants_all = flags->is_all && flags->id_count == 0 && is_replay;
    if (flags->is_all && !wants_all)
        return fail_usage(is_replay ? "either --all or IDs"
                                    : "drop has no --all: give IDs");
    if (!wants_all && flags->id_count == 0)
        return fail_usage("which? Give IDs of those that ls shows");
    if (wants_all)
        return handle_listed(&hands);
    struct text *ids = xcalloc(flags->id_count, sizeof *ids);
    char(*first)[DEAD_LIST_ID_BYTES] = xcalloc(flags->id_count, sizeof *first);
    size_t count = letters_of(place, flags, first, ids);
    int code = handle_all(&hands, ids, count);
    free(first);
    free(ids);
    return code;
}

static int replay(const struct place *place, const struct flags *flags)
{
    return place->config
               ? change(place, flags, true)
               : fail_usage("replay needs the configuration: -c FILE in place "
                            "of --data");
}

static int drop(const struct place *place, const struct flags *flags)
{
    return change(place, flags, false);
}

/* ---- the command line ---- */

static const struct action {
    const char *verb;
    int (*run)(const struct place *place, const struct flags *flags);
} actions[] = {
    {"ls", list}, {"show", show}, {"replay", replay}, {"drop", drop}};

static const struct action *find_action(const struct flags *flags)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (flags->verb && strcmp(flags->verb, actions[i].verb) == 0)
            return &actions[i];
    return NULL;
}

static bool read_flags(int argc, char **argv, struct flags *flags)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {"data", required_argument, NULL, 'd'},
        {NULL, 0, NULL, 0}};
    *flags = (struct flags){0};
    for (int option;
         (option = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (option == 'c')
            flags->config = optarg;
        else if (option == 'd')
            flags->data = optarg;
        else if (option == 'a')
            flags->is_all = true;
        else if (option == 'j')
            flags->as_json = true;
        else
            return false;
    }
    if (optind < argc) {
        flags->verb = argv[optind];
        flags->ids = argv + optind + 1;
        flags->id_count = (size_t)(argc - optind - 1);
    }
    return true;
}

/* NULL: nothing is wrong so far. */
static const char *complaint(const struct flags *flags,
                             const struct action *action)
{
    if (!flags->verb)
        return "ls, show, replay or drop?";
    if (!action)
        return "there is ls, show, replay and drop";
    if (flags->config && flags->data)
        return "either -c or --data";
    if (flags->as_json && strcmp(flags->verb, "ls") != 0)
        return "--json goes with ls";
    return NULL;
}

/* influx/42 is what people type of influx/00000000000000000042. malloc'ed. */
static char *whole_id(const char *id)
{
    enum { DIGITS = 20 };
    const char *slash = strrchr(id, '/');
    const char *number = slash ? slash + 1 : "";
    size_t len = strlen(number), before = (size_t)(number - id);
    if (len == 0 || len >= DIGITS || number[strspn(number, "0123456789")])
        return xstrdup(id);
    char *whole = xcalloc(1, before + DIGITS + 1);
    memcpy(whole, id, before);
    memset(whole + before, '0', DIGITS - len);
    memcpy(whole + before + DIGITS - len, number, len);
    return whole;
}

static int run(const struct action *action, const struct place *place,
               struct flags flags)
{
    char **given = flags.ids;
    flags.ids = xcalloc(flags.id_count + 1, sizeof *flags.ids);
    for (size_t i = 0; i < flags.id_count; i++)
        flags.ids[i] = whole_id(given[i]);
    int code = action->run(place, &flags);
    for (size_t i = 0; i < flags.id_count; i++)
        free(flags.ids[i]);
    free(flags.ids);
    return code;
}

int tool_dead_run(int argc, char **argv)
{
    struct flags flags;
    struct place place = {0};
    struct error err;
    if (!read_flags(argc, argv, &flags))
        return fail_usage("what does it mean?");
    const struct action *action = find_action(&flags);
    const char *wrong = complaint(&flags, action);
    if (wrong)
        return fail_usage(wrong);
    if (!flags.data) {
        place.config = config_load_to_look(flags.config, &place.unset, &err);
        if (!place.config)
            return complain(&err);
    }
    signal(SIGPIPE, SIG_IGN);
    snprintf(place.data, sizeof place.data, "%s",
             place.config ? place.config->data : flags.data);
    if (snprintf(place.dir, sizeof place.dir, "%.*s/dead", PATH_BYTES - 10,
                 place.data)
        >= PATH_BYTES - 1)
        return EX_CONFIG;
    int code = run(action, &place, flags);
    config_free(place.config);
    return code;
}
