/* reload.c - see reload.h.
 *
 * The new configuration is read whole and every script is loaded once for each
 * worker before anything changes; then the workers change over between two
 * passes of their loops. The configuration before it is freed by whichever
 * worker ends the last request that began with it; only the first stays, since
 * the outputs point into it.
 *
 * A change of a file is acted on when nothing more happens for a moment: an
 * editor or a deployment writes several files, and half of them are no reading.
 */
#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "check_scripts.h"
#include "clock.h"
#include "config.h"
#include "config_mistakes.h"
#include "error.h"
#include "log.h"
#include "modules.h"
#include "reload_status.h"
#include "server.h"
#include "stats.h"
#include "trial.h"
#include "watch.h"

#define SETTLE_NS (200 * NS_PER_MS)   /* without a further change */
#define LOST_MS 1000                  /* a folder that is not there */
#define LONGEST_NS (2000 * NS_PER_MS) /* however many there are */

struct reload {
    struct reload_options options;
    struct watch *watch;     /* NULL: nothing can be watched */
    int64_t first_change_ns; /* 0: none */
    int64_t last_change_ns;
};

/* ---- what is watched ---- */

static void watch_file(const char *path, void *context)
{
    static struct log_limit limit;
    struct reload *reload = context;
    struct error err;
    if (!watch_add(reload->watch, path, &err)
        && log_may_say(&limit, 60000, NULL))
        log_line(LOG_WARN, "reload", "%s (SIGHUP still reloads)", err.text);
}

static void watch_scripts(struct reload *reload, const struct config *config)
{
    const struct config_scripts *scripts = &config->scripts;
    if (!reload->watch)
        return;
    for (size_t i = 0; i < scripts->count; i++)
        watch_file(scripts->items[i].path, reload);
    if (scripts->modules)
        modules_each(scripts->modules, watch_file, reload);
}

/* ---- one reload ---- */

/* Outputs and their journals are there for the life of the process; a route can
 * only name those. */
static bool check_outputs(const struct config *running,
                          const struct config *next, struct error *err)
{
    const struct config_outputs *old = &running->outputs, *new = &next->outputs;
    bool same = old->count == new->count;
    for (size_t i = 0; same && i < old->count; i++)
        same = strcmp(old->names[i], new->names[i]) == 0;
    return same
           || fail(err, ERR_CONFIG,
                   "%s: `outputs` names others than before, which needs a "
                   "restart",
                   next->path);
}

static void tell_fixed(const struct config *running, const struct config *next)
{
    for (size_t i = 0; i < CONFIG_FIXED; i++)
        if (running->fixed_marks[i] != next->fixed_marks[i])
            log_line(LOG_WARN, "reload",
                     "%s: `%s` has changed, which needs a restart; it stays as "
                     "it was",
                     next->path, config_fixed_names[i]);
}

static void free_config(void *config)
{
    config_free(config);
}

enum { TELLING_BYTES = 600, SEPARATOR_BYTES = 3, ENDING_BYTES = 4 };

/* It may have been cut in the middle. */
static void drop_last_character(struct buf *out)
{
    while (out->len > 0 && (out->data[out->len - 1] & 0xc0) == 0x80)
        buf_truncate(out, out->len - 1);
    buf_truncate(out, out->len - 1);
}

/* The first lines of what failed, for the log and /health: as one line, which
 * ends in dots where there is more than it has room for. */
static void in_one_line(const char *report, struct buf *out)
{
    bool is_begin = false;
    for (; *report; report++) {
        if (out->len + SEPARATOR_BYTES + ENDING_BYTES >= out->max_bytes) {
            drop_last_character(out);
            buf_append_text(out, TEXT("..."));
            return;
        }
        if (*report == '\n')
            is_begin = true;
        if (*report == '\n' || ((is_begin || out->len == 0) && *report == ' '))
            continue;
        if (is_begin)
            buf_append_text(out, TEXT(" | "));
        is_begin = false;
        buf_append_char(out, *report == '\t' ? ' ' : *report);
    }
}

static bool run_tests(const struct config *config, struct error *err)
{
    char *report = NULL;
    size_t len = 0;
    struct trial_count count;
    if (!config->tests_on_reload)
        return true;
    FILE *out = open_memstream(&report, &len);
    if (!out)
        return fail_errno(err, "a report of the recorded tests");
    const struct trial_options options = {
        .config = config, .prefers_beside = true, .report = out};
    bool fine = trial_run_beside(&options, &count, err);
    fclose(out);
    if (fine && count.failed > 0) {
        struct buf line;
        buf_init(&line, TELLING_BYTES);
        in_one_line(report, &line);
        fine =
            fail(err, ERR_CONFIG,
                 "%u of %u recorded tests beside the scripts failed "
                 "(`moonline test` shows them): %s",
                 count.failed, count.failed + count.passed, buf_string(&line));
        buf_deinit(&line);
    }
    free(report);
    return fine;
}

static void warn(const char *mistake, void *context)
{
    (void)context;
    log_line(LOG_WARN, "script", "%s", mistake);
}

/* What may be a mistake and need not be: a name that is not there, in a branch
 * that is never taken. */
static bool warn_of_scripts(const struct config *config)
{
    check_scripts(config, warn, NULL);
    return true;
}

/* The config is the server's from here on. */
static bool hand_over(struct reload *reload, struct config *config,
                      struct error *err)
{
    const struct reload_options *options = &reload->options;
    const struct reading_options reading = {
        .ingest = options->ingest(options->gateway, config),
        .trusted_proxies = config->trusted_proxies,
        .release = free_config,
        .owner = config};
    return server_reload(options->server, &reading, err);
}

/* The log and /health have room for one mistake. */
static struct config *load_config(const char *path, struct error *err)
{
    struct config_mistakes mistakes = {.goes_on = true};
    struct config *config = config_load_all(path, &mistakes, err);
    size_t count = mistakes.count;
    if (count > 1)
        fail(err, err->kind, "%s (and %zu more: `moonline check` tells all)",
             mistakes.items[0].text, count - 1);
    config_mistakes_deinit(&mistakes);
    return config;
}

static bool read_all(struct reload *reload, struct error *err)
{
    const struct config *running = reload->options.running;
    struct config *config = load_config(running->path, err);
    if (!config)
        return false;
    if (reload->watch)
        watch_forget_lost(reload->watch);
    watch_scripts(reload, config);
    if (!check_outputs(running, config, err) || !run_tests(config, err)) {
        config_free(config);
        return false;
    }
    tell_fixed(running, config);
    return hand_over(reload, config, err) && warn_of_scripts(config);
}

void reload_now(struct reload *reload)
{
    struct error err;
    int64_t begin_ns = clock_mono_ns();
    reload->first_change_ns = 0;
    if (read_all(reload, &err)) {
        stats_add(&stats.reloads, 1);
        reload_status_set(NULL);
        log_line(LOG_INFO, "reload", "%s and its scripts, in %lld ms",
                 reload->options.running->path,
                 (long long)((clock_mono_ns() - begin_ns) / NS_PER_MS));
        return;
    }
    stats_add(&stats.reload_failures, 1);
    reload_status_set(err.text);
    log_line(LOG_ERROR, "reload", "%s; everything stays as it was", err.text);
}

/* ---- changes of files ---- */

int reload_fd(const struct reload *reload)
{
    return reload->watch ? watch_fd(reload->watch) : -1;
}

static int64_t due_ns(const struct reload *reload)
{
    int64_t settled_ns = reload->last_change_ns + SETTLE_NS;
    int64_t latest_ns = reload->first_change_ns + LONGEST_NS;
    return settled_ns < latest_ns ? settled_ns : latest_ns;
}

int reload_wait_ms(const struct reload *reload)
{
    if (reload->first_change_ns == 0)
        return reload->watch && watch_is_lost(reload->watch) ? LOST_MS : -1;
    int64_t left_ns = due_ns(reload) - clock_mono_ns();
    return left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0;
}

void reload_look(struct reload *reload)
{
    int64_t now_ns = clock_mono_ns();
    if (reload->watch && watch_take(reload->watch)) {
        if (reload->first_change_ns == 0)
            reload->first_change_ns = now_ns;
        reload->last_change_ns = now_ns;
    }
    if (reload->first_change_ns != 0 && now_ns >= due_ns(reload))
        reload_now(reload);
}

/* ---- new ---- */

struct reload *reload_new(const struct reload_options *options)
{
    struct reload *reload = xcalloc(1, sizeof *reload);
    struct error err;
    reload->options = *options;
    reload->watch = watch_new(&err);
    if (!reload->watch)
        log_line(LOG_WARN, "reload", "%s (SIGHUP still reloads)", err.text);
    watch_scripts(reload, options->running);
    warn_of_scripts(options->running);
    return reload;
}
