/* tool_journal.c - see tool_journal.h.
 *
 * The configuration says where the journals are and which outputs there should
 * be; the folder says which there are. Whoever looks after an accident may not
 * have the secrets that a configuration wants, so --data names the folder
 * without one.
 */
#include "tool_journal.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "buf.h"
#include "config.h"
#include "error.h"
#include "file.h"
#include "help.h"
#include "journal_list.h"
#include "journal_replay.h"
#include "journal_verify.h"
#include "survey.h"
#include "timestamp.h"

enum { PATH_BYTES = 4096, NOT_FINE = 1 };

struct flags {
    const char *verb;
    const char *output; /* NULL: all */
    const char *config;
    const char *data;
    const char *from; /* NULL: all times */
    const char *to;
    bool wants_all;
};

/* One journal, or an output without one. */
struct place {
    char *name;
    enum journal_standing standing;
    struct survey survey;
};

struct places {
    char dir[PATH_BYTES]; /* <data>/journal */
    struct place *items;
    size_t count;
    bool has_config;
    uint64_t max_bytes;
    uint64_t min_free_bytes;
    uint64_t segment_bytes;
};

/* ---- which journals ---- */

static void add_place(struct places *places, const char *name,
                      enum journal_standing standing)
{
    places->items =
        xrealloc(places->items, (places->count + 1) * sizeof *places->items);
    places->items[places->count++] =
        (struct place){.name = xstrdup(name), .standing = standing};
}

static struct place *find_place(struct places *places, const char *name)
{
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->items[i].name, name) == 0)
            return &places->items[i];
    return NULL;
}

static void add_folder(const char *name, void *context)
{
    struct places *places = context;
    char path[PATH_BYTES + 256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", places->dir, name);
    if (file_real.stat(&file_real, path, &st) != 0 || !S_ISDIR(st.st_mode))
        return;
    struct place *place = find_place(places, name);
    if (place)
        place->standing = JOURNAL_NAMED;
    else
        add_place(places, name,
                  places->has_config ? JOURNAL_UNNAMED : JOURNAL_NAMED);
}

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return strcmp(a->name, b->name);
}

/* The exit code. */
static int find_places(const struct flags *flags, struct places *places)
{
    struct error err, unset;
    struct config *config =
        flags->data ? NULL : config_load_to_look(flags->config, &unset, &err);
    if (!flags->data && !config) {
        fprintf(stderr, "%s\n", err.text);
        return EX_CONFIG;
    }
    snprintf(places->dir, sizeof places->dir, "%s/journal",
             config ? config->data : flags->data);
    places->has_config = config != NULL;
    places->max_bytes = config ? config->journal_max_bytes : INT64_MAX;
    places->min_free_bytes = config ? config->journal_min_free_bytes : 0;
    places->segment_bytes = config ? config->journal_segment_bytes : 0;
    for (size_t i = 0; config && i < config->outputs.count; i++)
        add_place(places, config->outputs.items[i].name, JOURNAL_MISSING);
    config_free(config);
    size_t configured = places->count;
    if (file_real.list(&file_real, places->dir, add_folder, places) == 0) {
        if (places->count > configured)
            qsort(places->items + configured, places->count - configured,
                  sizeof *places->items, compare_places);
        return EX_OK;
    }
    fprintf(stderr, "no journal in %s: %s\n", places->dir, strerror(errno));
    return NOT_FINE;
}

/* Keeps only the one that was asked for. */
static int choose_place(const struct flags *flags, struct places *places)
{
    if (!flags->output)
        return EX_OK;
    struct place *chosen = find_place(places, flags->output);
    if (!chosen) {
        fprintf(stderr, "no output `%.60s` in %s; there %s", flags->output,
                places->dir, places->count == 1 ? "is" : "are");
        for (size_t i = 0; i < places->count; i++)
            fprintf(stderr, "%s %s", i > 0 ? "," : "", places->items[i].name);
        fprintf(stderr, "%s\n", places->count == 0 ? " none" : "");
        return EX_USAGE;
    }
    struct place first = places->items[0];
    places->items[0] = *chosen;
    *chosen = first;
    while (places->count > 1)
        free(places->items[--places->count].name);
    return EX_OK;
}

static int open_surveys(struct places *places)
{
    struct error err;
    int code = EX_OK;
    for (size_t i = 0; i < places->count; i++) {
        char dir[PATH_BYTES + 256];
        struct place *place = &places->items[i];
        snprintf(dir, sizeof dir, "%s/%s", places->dir, place->name);
        if (place->standing == JOURNAL_MISSING
            || survey_open(&place->survey, &file_real, dir, &err))
            continue;
        fprintf(stderr, "%s\n", err.text);
        code = NOT_FINE;
    }
    return code;
}

static void free_places(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        survey_close(&places->items[i].survey);
        free(places->items[i].name);
    }
    free(places->items);
}

/* ---- the four ---- */

static bool is_open(const struct place *place)
{
    return place->survey.fs != NULL;
}

static int show_list(struct places *places, const struct flags *flags)
{
    (void)flags;
    journal_list_begin_outputs();
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->items[i];
        if (is_open(place) || place->standing == JOURNAL_MISSING)
            journal_list_output(place->name, place->standing, &place->survey);
    }
    journal_list_begin_segments();
    for (size_t i = 0; i < places->count; i++)
        if (is_open(&places->items[i]))
            journal_list_segments(places->items[i].name,
                                  &places->items[i].survey);
    return EX_OK;
}

static int show_verified(struct places *places, const struct flags *flags)
{
    (void)flags;
    int code = EX_OK;
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->items[i];
        if (place->standing == JOURNAL_MISSING)
            printf("%s: no journal yet\n", place->name);
        else if (is_open(place) && !journal_verify(place->name, &place->survey))
            code = NOT_FINE;
    }
    return code;
}

/* Journals are never mixed: each is for a destination of its own. */
static int show_lines(struct places *places, const struct flags *flags)
{
    if (places->count != 1) {
        fprintf(stderr, "cat of which output?");
        for (size_t i = 0; i < places->count; i++)
            fprintf(stderr, "%s %s", i > 0 ? "," : "", places->items[i].name);
        fprintf(stderr, "\n");
        return EX_USAGE;
    }
    struct place *place = &places->items[0];
    if (!is_open(place) || place->survey.list.count == 0)
        return EX_OK;
    signal(SIGPIPE, SIG_IGN);
    uint64_t seq = flags->wants_all ? place->survey.list.names[0].seq
                                    : place->survey.settled_seq;
    errno = 0;
    enum journal_written written =
        journal_write(place->name, &place->survey, seq);
    if (written == JOURNAL_WRITTEN
        || (written == JOURNAL_CLOSED && errno == EPIPE))
        return EX_OK;
    if (written == JOURNAL_CLOSED)
        fprintf(stderr, "writing to stdout: %s\n", strerror(errno));
    return NOT_FINE;
}

static bool read_window(const struct flags *flags,
                        struct journal_replay *replay, struct error *err)
{
    replay->from_ns = INT64_MIN;
    replay->to_ns = INT64_MAX;
    return (!flags->from
            || timestamp_parse(text_of(flags->from), TEXT(""), &replay->from_ns,
                               err))
           && (!flags->to
               || timestamp_parse(text_of(flags->to), TEXT(""), &replay->to_ns,
                                  err));
}

static int tell_replayed(const struct journal_replay *replay, bool is_done,
                         const struct error *err)
{
    printf("%s: %" PRIu64 " points are journalled again; they are delivered"
           " when the gateway runs\n",
           replay->output, replay->points);
    if (replay->bad_bytes > 0)
        fprintf(stderr,
                "%s: %" PRIu64 " bytes could not be read; see moonline"
                " journal verify\n",
                replay->output, replay->bad_bytes);
    if (!is_done)
        fprintf(stderr, "%s: %s; do it again later, twice is harmless\n",
                replay->output, err->text);
    return is_done && replay->bad_bytes == 0 ? EX_OK : NOT_FINE;
}

static int send_again(struct places *places, const struct flags *flags)
{
    struct error err = {.kind = ERR_NONE};
    struct place *place = &places->items[0];
    struct journal_replay replay = {
        .fs = &file_real,
        .dir = places->dir,
        .output = place->name,
        .max_bytes = places->max_bytes,
        .min_free_bytes = places->min_free_bytes,
        .segment_bytes = places->segment_bytes,
    };
    if (!flags->output) {
        fprintf(stderr, "replay of which output?\n");
        return EX_USAGE;
    }
    if (!read_window(flags, &replay, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return EX_USAGE;
    }
    if (place->standing != JOURNAL_NAMED) {
        fprintf(stderr, "%s: %s\n", place->name,
                place->standing == JOURNAL_MISSING
                    ? "no journal yet"
                    : "no output has this name, so nobody would deliver it");
        return NOT_FINE;
    }
    bool is_done = journal_replay(&replay, &err);
    if (is_done || err.kind != ERR_CONFIG)
        return tell_replayed(&replay, is_done, &err);
    fprintf(stderr, "%s; stop the gateway, replay, start it again\n", err.text);
    return NOT_FINE;
}

static const struct action {
    const char *verb;
    int (*run)(struct places *places, const struct flags *flags);
} actions[] = {{"ls", show_list},
               {"verify", show_verified},
               {"cat", show_lines},
               {"replay", send_again}};

static const struct action *find_action(const struct flags *flags)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (flags->verb && strcmp(flags->verb, actions[i].verb) == 0)
            return &actions[i];
    return NULL;
}

/* ---- the command line ---- */

static bool read_flags(int argc, char **argv, struct flags *flags)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, 'a'},
        {"data", required_argument, NULL, 'd'},
        {"from", required_argument, NULL, 'f'},
        {"to", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0}};
    *flags = (struct flags){0};
    for (int option;
         (option = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (option == 'c')
            flags->config = optarg;
        else if (option == 'd')
            flags->data = optarg;
        else if (option == 'f')
            flags->from = optarg;
        else if (option == 't')
            flags->to = optarg;
        else if (option == 'a')
            flags->wants_all = true;
        else
            return false;
    }
    if (optind == argc || argc - optind > 2)
        return false;
    flags->verb = argv[optind];
    flags->output = argv[optind + 1]; /* or argv's closing NULL */
    return !(flags->config && flags->data)
           && (!flags->wants_all || strcmp(flags->verb, "cat") == 0)
           && (!(flags->from || flags->to)
               || strcmp(flags->verb, "replay") == 0);
}

int tool_journal_run(int argc, char **argv)
{
    struct flags flags;
    struct places places = {0};
    const struct action *action =
        read_flags(argc, argv, &flags) ? find_action(&flags) : NULL;
    if (!action) {
        help_print(stderr, "journal");
        return EX_USAGE;
    }
    int code = find_places(&flags, &places);
    if (code == EX_OK)
        code = choose_place(&flags, &places);
    if (code == EX_OK) {
        int opened = open_surveys(&places);
        code = action->run(&places, &flags);
        code = code == EX_OK ? opened : code;
    }
    free_places(&places);
    return code;
}
