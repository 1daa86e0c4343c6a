/* trial.c - see trial.h.
 *
 * A request goes through a struct ingest: the configuration's where its path
 * has a route there, else one made for the script beside the file. That one is
 * kept for the next request as long as script, route and vars stay the same.
 *
 * A file that cannot be read, or whose script does not load, is a failed test
 * with the reason: the other files are run all the same.
 */
#include "trial.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attempt.h"
#include "buf.h"
#include "ceilings.h"
#include "config.h"
#include "error.h"
#include "pulse.h"
#include "scan.h"
#include "store.h"
#include "trial_accept.h"
#include "trial_compare.h"
#include "trial_file.h"
#include "trial_report.h"

enum { REPORT_BYTES = 16 << 20, LINES_BYTES = 256 << 20, PATH_BYTES = 4096 };

/* What requests run through. */
struct bench {
    const struct config *config;
    struct ingest *ingest;
};

struct run {
    const struct trial_options *options;
    struct trial_count *count;
    const char *path; /* of the file under way */
    struct bench configured;
    struct bench own; /* for a script beside the file */
    struct config *own_config;
    struct pulse pulse;  /* of all scripts */
    struct store *store; /* of the file under way: its requests share it */
    char *own_key;       /* script, route and vars that it was made of */
    struct attempt attempt;
    struct buf lines;           /* that the request made */
    struct buf kept;            /* reasons that nobody expected */
    struct buf kept_fates;      /* of the expected ones */
    struct buf report;          /* what is to be said of it */
    struct trial_accept accept; /* of the file under way */
};

/* --------------------------------------------------------- reporting ---- */

static struct trial_report report_of(const struct run *run)
{
    return (struct trial_report){
        .out = run->options->report ? run->options->report : stdout,
        .has_colour = run->options->has_colour};
}

static void tell(struct run *run, enum trial_verdict verdict, unsigned line,
                 const char *title)
{
    struct trial_report report = report_of(run);
    trial_report_case(&report, verdict, run->path, line, title);
    trial_report_lines(&report, buf_text(&run->report));
    buf_clear(&run->report);
}

static void tell_failure(struct run *run, unsigned line, const char *title)
{
    run->count->failed++;
    tell(run, TRIAL_FAILED, line, title);
}

/* With -v, what each request made. */
/* Why the request is kept, a reason a line. */
static struct text kept_of(const struct run *run, const struct bench *bench)
{
    if (run->attempt.receipt.kept_count == 0)
        return (struct text){NULL, 0};
    return buf_text(&ingest_kept(bench->ingest)->lines);
}

static void tell_made(struct run *run, const struct bench *bench)
{
    struct trial_report report = report_of(run);
    if (run->options->is_verbose)
        trial_report_made(&report, run->attempt.status, buf_text(&run->lines),
                          kept_of(run, bench));
}

static void tell_quietly(struct run *run, enum trial_verdict verdict,
                         const struct trial_case *trial)
{
    if (run->options->is_verbose)
        tell(run, verdict, trial->line, trial->title);
}

/* ------------------------------------------------- what to run through -- */

char *trial_script_beside(const char *path)
{
    const size_t ending = sizeof ".http" - 1;
    size_t len = strlen(path);
    if (!text_ends_with(text_of(path), TEXT(".http")))
        return NULL;
    for (size_t cut = len - ending; cut > 0 && path[cut] != '/'; cut--) {
        char script[PATH_BYTES];
        if (cut != len - ending && path[cut] != '_')
            continue;
        int size = snprintf(script, sizeof script, "%.*s.lua", (int)cut, path);
        if (size < PATH_BYTES && access(script, R_OK) == 0)
            return xstrdup(script);
    }
    return NULL;
}

static void drop_own(struct run *run)
{
    ingest_free(run->own.ingest);
    config_free(run->own_config);
    free(run->own_key);
    run->own = (struct bench){0};
    run->own_config = NULL;
    run->own_key = NULL;
}

static bool make_own(struct run *run, const struct attempt_request *request,
                     const char *script, struct error *err)
{
    char key[PATH_BYTES * 2];
    snprintf(key, sizeof key, "%s\n%s\n%s", script,
             request->route ? request->route : "",
             request->vars ? request->vars : "");
    if (run->own_key && strcmp(run->own_key, key) == 0)
        return true;
    drop_own(run);
    run->own_config =
        config_for_script(script, request->route, request->vars, err);
    if (!run->own_config)
        return false;
    struct ingest_options options = config_ingest(run->own_config);
    options.store = run->store;
    options.pulse = &run->pulse;
    run->own.config = run->own_config;
    run->own.ingest = ingest_new(&options, err);
    run->own_key = run->own.ingest ? xstrdup(key) : NULL;
    return run->own.ingest != NULL;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0
           && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool has_route(const struct run *run,
                      const struct attempt_request *request, const char *beside)
{
    struct route_match match;
    struct error err;
    if (!run->configured.ingest)
        return false;
    const struct config *config = run->configured.config;
    if (!route_find(config->routes, method_of(text_of(request->method)),
                    attempt_request_path(request), &match, &err))
        return err.kind == ERR_METHOD;
    return !beside || !run->options->prefers_beside || match.route->script < 0
           || is_same_file(beside,
                           config->scripts.items[match.route->script].path);
}

static const struct bench *choose(struct run *run,
                                  const struct attempt_request *request,
                                  struct error *err)
{
    char *script = request->script ? xstrdup(request->script)
                                   : trial_script_beside(run->path);
    bool has_own_vars = request->vars && script; /* a route has others */
    if (!request->script && !has_own_vars && has_route(run, request, script)) {
        free(script);
        return &run->configured;
    }
    bool made = script ? make_own(run, request, script, err)
                       : fail(err, ERR_USAGE,
                              "no script beside it, and no route for %.*s",
                              TEXT_ARG(attempt_request_path(request)));
    free(script);
    return made ? &run->own : NULL;
}

/* -------------------------------------------------------- one request --- */

static struct text answer_of(const struct attempt *attempt)
{
    return attempt->error.kind == ERR_NONE ? attempt->receipt.reply.body
                                           : text_of(attempt->error.text);
}

static void check_answer(struct run *run, const struct trial_case *trial)
{
    struct attempt *attempt = &run->attempt;
    struct text answer = scan_trim(answer_of(attempt));
    struct text wanted = text_of(trial->message);
    if (attempt->status != trial->status)
        buf_printf(&run->report, "- status %d\n+ status %d %.*s\n",
                   trial->status, attempt->status, TEXT_ARG(answer));
    if (wanted.len > 0
        && (answer.len < wanted.len
            || !memmem(answer.at, answer.len, wanted.at, wanted.len)))
        buf_printf(&run->report, "- answer %.*s\n+ answer %.*s\n",
                   TEXT_ARG(wanted), TEXT_ARG(answer));
}

/* Every reason why the request is kept is expected, and the other way round. */
static void check_kept(struct run *run, const struct trial_case *trial,
                       const struct bench *bench)
{
    buf_clear(&run->kept);
    buf_clear(&run->kept_fates);
    buf_append_text(&run->kept, kept_of(run, bench));
    trial_compare_kept(buf_text(&trial->kept), &run->kept, &run->report,
                       &run->kept_fates);
}

/* False: what is expected cannot be read, so it cannot be accepted. */
static bool check_points(struct run *run, const struct trial_case *trial,
                         struct trial_difference *difference)
{
    struct error err;
    return trial_compare(buf_text(&trial->lines), buf_text(&run->lines),
                         run->attempt.request.time_ns, &run->report, difference,
                         &err)
           || (buf_printf(&run->report, "%s\n", err.text), false);
}

/* Of an error that is not what was expected. */
static void report_traceback(struct run *run, const struct bench *bench)
{
    struct text traceback = ingest_traceback(bench->ingest);
    if (traceback.len > 0)
        buf_printf(&run->report, "%.*s\n", TEXT_ARG(traceback));
}

static void accept(struct run *run, const struct trial_case *trial,
                   const struct trial_difference *difference)
{
    const struct trial_made made = {.status = run->attempt.status,
                                    .answer = answer_of(&run->attempt),
                                    .receipt_ns = run->attempt.request.time_ns,
                                    .difference = difference,
                                    .kept = buf_text(&run->kept),
                                    .kept_fates = buf_text(&run->kept_fates)};
    trial_accept_case(&run->accept, trial, &made);
    run->count->accepted++;
    tell(run, TRIAL_ACCEPTED, trial->line, trial->title);
}

static void judge(struct run *run, const struct trial_case *trial,
                  const struct bench *bench)
{
    struct trial_difference difference;
    check_answer(run, trial);
    bool differs = run->report.len > 0;
    bool is_readable = check_points(run, trial, &difference);
    size_t before = run->report.len;
    check_kept(run, trial, bench);
    if (differs || run->report.len > before)
        report_traceback(run, bench);
    if (run->report.len == 0) {
        run->count->passed++;
        tell_quietly(run, TRIAL_PASSED, trial);
    } else if (run->options->accepts && is_readable) {
        accept(run, trial, &difference);
    } else {
        tell_failure(run, trial->line, trial->title);
    }
    trial_difference_deinit(&difference);
}

static void run_case(struct run *run, const struct trial_case *trial)
{
    struct error err;
    const struct bench *bench = choose(run, &trial->request, &err);
    if (!bench) {
        buf_printf(&run->report, "%s\n", err.text);
        tell_failure(run, trial->line, trial->title);
        return;
    }
    attempt_run(&run->attempt, bench->ingest, bench->config->routes,
                &trial->request);
    buf_clear(&run->lines);
    if (!attempt_lines(&run->attempt, bench->ingest, &run->lines, &err))
        buf_printf(&run->report, "%s\n", err.text);
    if (trial->has_expect)
        judge(run, trial, bench);
    else
        tell_quietly(run, TRIAL_SENT, trial);
    tell_made(run, bench);
}

/* -------------------------------------------------- files and folders --- */

/* The configuration's scripts, as they are before any request. */
static bool renew_configured(struct run *run, struct error *err)
{
    ingest_free(run->configured.ingest);
    run->configured = (struct bench){0};
    if (!run->options->config)
        return true;
    struct ingest_options options = config_ingest(run->options->config);
    options.store = run->store;
    options.pulse = &run->pulse;
    run->configured.config = run->options->config;
    run->configured.ingest = ingest_new(&options, err);
    return run->configured.ingest != NULL;
}

static bool run_file(struct run *run, const char *path, struct error *err)
{
    struct trial_file file;
    struct error why;
    run->path = path;
    run->count->files++;
    bool is_read = trial_file_read(path, &file, &why);
    if (!is_read || !file.follows)
        store_clear(run->store);
    if (!renew_configured(run, err)) {
        trial_file_deinit(&file);
        return false;
    }
    trial_accept_init(&run->accept, buf_text(&file.text));
    for (size_t i = 0; is_read && i < file.count; i++)
        run_case(run, &file.cases[i]);
    if (!is_read) {
        buf_printf(&run->report, "%s\n", why.text);
        tell_failure(run, 1, "cannot be read");
    }
    bool is_written = trial_accept_write(&run->accept, path, err);
    trial_accept_deinit(&run->accept);
    trial_file_deinit(&file);
    drop_own(run);
    return is_written;
}

static bool run_path(struct run *run, const char *path, struct error *err);

static int is_of_interest(const struct dirent *entry)
{
    return entry->d_name[0] != '.'
           && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN
               || text_ends_with(text_of(entry->d_name), TEXT(".http")));
}

static bool run_folder(struct run *run, const char *path, bool is_deep,
                       struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_of_interest, alphasort);
    bool fine =
        count >= 0
        || fail(err, ERR_USAGE, "reading folder %s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        char inner[PATH_BYTES];
        struct stat st;
        int size =
            snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        bool is_there = size < PATH_BYTES && stat(inner, &st) == 0;
        if (fine && is_there && !S_ISDIR(st.st_mode))
            fine = run_path(run, inner, err);
        else if (fine && is_there && is_deep)
            fine = run_folder(run, inner, true, err);
        free(entries[i]);
    }
    free(entries);
    return fine;
}

static bool run_path(struct run *run, const char *path, struct error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(err, ERR_USAGE, "%s: %s", path, strerror(errno));
    if (text_ends_with(text_of(path), TEXT(".lua")))
        return fail(err, ERR_USAGE,
                    "%s is a script; its tests are in %.*s.http", path,
                    (int)(strlen(path) - 4), path);
    return S_ISDIR(st.st_mode) ? run_folder(run, path, true, err)
                               : run_file(run, path, err);
}

static void begin(struct run *run, const struct trial_options *options,
                  struct trial_count *count)
{
    *run = (struct run){.options = options, .count = count};
    *count = (struct trial_count){0};
    run->store = store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_BYTES);
    pulse_start(&run->pulse);
    attempt_init(&run->attempt);
    buf_init(&run->lines, LINES_BYTES);
    buf_init(&run->kept, LINES_BYTES);
    buf_init(&run->kept_fates, LINES_BYTES);
    buf_init(&run->report, REPORT_BYTES);
}

static void end(struct run *run)
{
    drop_own(run);
    ingest_free(run->configured.ingest);
    store_free(run->store);
    pulse_stop(&run->pulse);
    buf_deinit(&run->report);
    buf_deinit(&run->lines);
    buf_deinit(&run->kept_fates);
    buf_deinit(&run->kept);
    attempt_deinit(&run->attempt);
}

bool trial_run(const struct trial_options *options, char *const *paths,
               size_t path_count, struct trial_count *count, struct error *err)
{
    struct run run;
    bool fine = true;
    begin(&run, options, count);
    for (size_t i = 0; fine && i < path_count; i++)
        fine = run_path(&run, paths[i], err);
    end(&run);
    return fine;
}

bool trial_run_here(const struct trial_options *options, const char *dir,
                    struct trial_count *count, struct error *err)
{
    struct run run;
    struct stat st;
    char scripts[PATH_BYTES];
    int size = snprintf(scripts, sizeof scripts, "%s/scripts", dir);
    bool has_scripts =
        size < PATH_BYTES && stat(scripts, &st) == 0 && S_ISDIR(st.st_mode);
    begin(&run, options, count);
    bool fine = run_folder(&run, dir, !has_scripts, err)
                && (!has_scripts || run_folder(&run, scripts, true, err));
    end(&run);
    return fine;
}

/* Every *.http file of the script's folder whose own script it is. */
static bool run_beside(struct run *run, const struct script_source *script,
                       struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(script->dir, &entries, is_of_interest, alphasort);
    bool fine = count >= 0
                || fail(err, ERR_USAGE, "reading folder %s: %s", script->dir,
                        strerror(errno));
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        int size = snprintf(path, sizeof path, "%s/%s", script->dir,
                            entries[i]->d_name);
        char *own = size < PATH_BYTES ? trial_script_beside(path) : NULL;
        if (fine && own && is_same_file(own, script->path))
            fine = run_file(run, path, err);
        free(own);
        free(entries[i]);
    }
    free(entries);
    return fine;
}

bool trial_run_beside(const struct trial_options *options,
                      struct trial_count *count, struct error *err)
{
    const struct config_scripts *scripts = &options->config->scripts;
    struct run run;
    bool fine = true;
    begin(&run, options, count);
    for (size_t i = 0; fine && i < scripts->count; i++)
        fine = run_beside(&run, &scripts->items[i], err);
    end(&run);
    return fine;
}
