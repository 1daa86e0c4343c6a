/* serve.c - see serve.h.
 *
 * Start goes from the disk outwards: dead letters, journal, committer, relays,
 * the senders' door, the operators' door. So nothing is taken in before there
 * is a place to keep it. Signals are blocked before the first thread starts;
 * main alone waits for them.
 *
 * Stop is nearly SIGKILL, which must be as safe anyway: senders get 503, what
 * is parked is answered, the relays get a moment and write their cursors, and
 * the process ends without joining the workers. If any of that hangs (a pipe on
 * stdout that nobody reads), an alarm ends it: within two seconds, always.
 */
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "buf.h"
#include "clock.h"
#include "config.h"
#include "contracts.h"
#include "dead.h"
#include "dead_door.h"
#include "dead_file.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "log.h"
#include "medium.h"
#include "progress.h"
#include "recorder.h"
#include "relay.h"
#include "reload.h"
#include "server.h"
#include "store.h"

/* DELIVER_MS: for what waits, where an output takes it; a flush and a post. */
enum {
    STOP_MS = 1900,
    DELIVER_MS = 400,
    LOOK_MS = 500, /* between looks at the workers */
    TEXT_BYTES = 1024,
    ADDRESS_BYTES = 80
};

/* The journal's, behind those of the dead letters. */
enum { TYPE_NEWS = DEAD_SINKS, SINKS };

struct gateway {
    const struct config *config;
    struct dead *dead;
    struct progress *progress; /* the relays', for senders that wait */
    struct dead_door dead_door;
    struct contracts *contracts; /* what types the outputs take */
    struct journal *journal;
    struct store *store; /* what the workers' scripts share */
    struct relay *relays[LIMIT_OUTPUTS];
    size_t relay_count;
    struct server *server;
    struct admin *admin;
    struct reload *reload;
    struct recorder *recorder; /* NULL: nothing is recorded */
};

/* As many connections as we may have, each is a file. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_line(LOG_WARN, "serve", "cannot raise the limit of open files: %s",
                 strerror(errno));
    rlim_t wanted = LIMIT_CONNECTIONS + 100;
    if (limit.rlim_cur < wanted)
        log_line(LOG_WARN, "serve",
                 "%llu files may be open, %llu would be enough for all "
                 "connections",
                 (unsigned long long)limit.rlim_cur,
                 (unsigned long long)wanted);
}

/* ---- signals ---- */

/* Noted by a handler that runs in main only, while it waits or reloads. A
 * signalfd would be woken by every signal of every thread, and scripts are
 * timed with thousands of those a second. */
static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t has_hangup;

/* From the first word on: a reload may be under way, and may hang. */
static void set_alarm(void)
{
    const struct itimerval soon = {
        .it_value = {.tv_sec = STOP_MS / 1000,
                     .tv_usec = STOP_MS % 1000 * 1000}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void note_signal(int number)
{
    if (number == SIGALRM)
        _exit(0);
    if (number == SIGHUP) {
        has_hangup = true;
        return;
    }
    if (!stop_signal)
        set_alarm();
    stop_signal = number;
}

/* SIGTERM, SIGINT and SIGHUP are held until signals are let in, with that mask.
 * Whoever started us may have blocked them, and the alarm. */
static void hold_signals(sigset_t *let_in)
{
    static const int ours[] = {SIGTERM, SIGINT, SIGHUP, SIGALRM};
    struct sigaction action = {.sa_handler = note_signal};
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        sigaddset(&held, ours[i]);
        action.sa_flags = ours[i] == SIGALRM ? 0 : SA_RESTART;
        sigaction(ours[i], &action, NULL);
    }
    pthread_sigmask(SIG_BLOCK, &held, let_in);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigdelset(let_in, ours[i]);
}

static void prepare_process(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    umask(077);
    raise_file_limit();
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core); /* a core would hold the tokens */
}

struct leftovers {
    const struct config_outputs *outputs;
    const char *dir;
};

static void report_leftover(const char *name, void *context)
{
    const struct leftovers *leftovers = context;
    if (config_output_find(leftovers->outputs, name)
        == leftovers->outputs->count)
        log_line(LOG_WARN, "serve",
                 "%s/%s belongs to no output: it is kept, and not sent",
                 leftovers->dir, name);
}

static bool open_dead(struct gateway *gateway, struct error *err)
{
    char dir[4096];
    if (snprintf(dir, sizeof dir, "%s/dead", gateway->config->data)
        >= (int)sizeof dir)
        return fail(err, ERR_CONFIG, "the name of the data folder is too long");
    gateway->dead = dead_open(&(struct dead_options){.dir = dir}, err);
    return gateway->dead != NULL;
}

static bool open_contracts(struct gateway *gateway, struct error *err)
{
    gateway->contracts = config_contracts(gateway->config, err);
    return gateway->contracts != NULL;
}

static bool start_journal(struct gateway *gateway, struct error *err)
{
    const struct config *config = gateway->config;
    char dir[4096];
    if (snprintf(dir, sizeof dir, "%s/journal", config->data)
        >= (int)sizeof dir)
        return fail(err, ERR_CONFIG, "the name of the data folder is too long");
    struct journal_sink sinks[SINKS];
    dead_sinks(gateway->dead, sinks);
    contracts_sink(gateway->contracts, &sinks[TYPE_NEWS]);
    struct journal_options options = config_journal(config);
    options.dir = dir;
    options.sinks = sinks;
    options.sink_count = SINKS;
    if (config->journal_is_unsynced)
        log_line(LOG_WARN, "serve",
                 "the journal is not synced: a power cut loses points");
    gateway->journal = journal_open(&options, err);
    medium_warn(dir);
    struct leftovers leftovers = {&config->outputs, dir};
    file_real.list(&file_real, dir, report_leftover, &leftovers);
    return gateway->journal && journal_start(gateway->journal, err);
}

static bool start_relays(struct gateway *gateway, struct error *err)
{
    gateway->progress = progress_new();
    const struct config_outputs *outputs = &gateway->config->outputs;
    for (size_t i = 0; i < outputs->count; i++) {
        struct relay_options options = outputs->items[i].relay;
        options.journal = gateway->journal;
        options.dead = gateway->dead;
        options.progress = gateway->progress;
        gateway->relays[i] = relay_start(&options, err);
        if (!gateway->relays[i])
            return false;
        gateway->relay_count++;
    }
    return true;
}

/* The configuration's, and what is the gateway's. */
static struct ingest_options ingest_of(void *context,
                                       const struct config *config)
{
    const struct gateway *gateway = context;
    struct ingest_options options = config_ingest(config);
    options.journal = gateway->journal;
    options.has_letters = true;
    options.letters = DEAD_REQUESTS;
    options.contracts = gateway->contracts;
    options.point_letters = DEAD_POINTS;
    options.type_news = TYPE_NEWS;
    options.store = gateway->store;
    return options;
}

static bool start_recorder(struct gateway *gateway, const char *dir,
                           struct error *err)
{
    if (!dir)
        return true;
    const struct recorder_options options = {.dir = dir, .fs = &file_real};
    gateway->recorder = recorder_open(&options, err);
    if (gateway->recorder)
        log_line(LOG_INFO, "serve",
                 "recording requests in %s, secrets taken out: the newest %d "
                 "or %d MiB, what is older goes",
                 dir, RECORDER_FILES, RECORDER_BYTES >> 20);
    return gateway->recorder != NULL;
}

static bool start_server(struct gateway *gateway, struct error *err)
{
    const struct config *config = gateway->config;
    gateway->store = store_new(LIMIT_STORE_ENTRIES, LIMIT_STORE_BYTES);
    struct server_options options = {
        .listen = config->listen,
        .workers = config->workers,
        .recorder = gateway->recorder,
        .progress = gateway->progress,
        .reading = {.ingest = ingest_of(gateway, config),
                    .trusted_proxies = config->trusted_proxies}};
    gateway->server = server_start(&options, err);
    return gateway->server != NULL;
}

static bool start_admin(struct gateway *gateway, struct error *err)
{
    const struct config *config = gateway->config;
    if (!config->admin)
        return true;
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/dead", config->data);
    dead_door_init(&gateway->dead_door, gateway->dead, dir, gateway->server);
    const struct admin_options options = {
        .posts = gateway->dead_door.posts,
        .listen = config->admin,
        .journal = gateway->journal,
        .dead = gateway->dead,
        .relays = gateway->relays,
        .relay_names = (const char *const *)config->outputs.names,
        .relay_count = gateway->relay_count};
    gateway->admin = admin_start(&options, err);
    return gateway->admin != NULL;
}

static void append(char *out, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, TEXT_BYTES - used, "%s%s", used ? ", " : "", text);
}

/* A port 0 is told as the port that it became. */
static void append_address(char *out, const char *address, unsigned port)
{
    char real[ADDRESS_BYTES];
    const char *colon = strrchr(address, ':');
    snprintf(real, sizeof real, "%.*s:%u", (int)(colon - address), address,
             port);
    append(out, real);
}

/* For `moonline dead`, which asks the gateway that has the folder. */
static void leave_admin_address(const struct gateway *gateway)
{
    const struct config *config = gateway->config;
    char address[TEXT_BYTES] = "";
    struct error err;
    if (gateway->admin)
        append_address(address, config->admin, admin_port(gateway->admin));
    const struct text pieces[] = {text_of(address), TEXT("\n")};
    if (!dead_file_put(&file_real, config->data, "admin", pieces, 2, &err))
        log_line(LOG_WARN, "serve", "%s", err.text);
}

static void say_listening(const struct gateway *gateway)
{
    const struct config *config = gateway->config;
    char addresses[TEXT_BYTES] = "", outputs[TEXT_BYTES] = "";
    char admin[TEXT_BYTES] = "";
    append_address(addresses, config->listen[0], server_port(gateway->server));
    for (size_t i = 1; config->listen[i]; i++)
        append(addresses, config->listen[i]);
    if (gateway->admin)
        append_address(admin, config->admin, admin_port(gateway->admin));
    for (size_t i = 0; i < config->outputs.count; i++)
        append(outputs, config->outputs.names[i]);
    log_line(LOG_INFO, "serve",
             "listening on %s, admin on %s, %u worker%s, data in %s, output to "
             "%s",
             addresses, gateway->admin ? admin : "no address", config->workers,
             config->workers == 1 ? "" : "s", config->data, outputs);
}

static void start_reload(struct gateway *gateway)
{
    gateway->reload =
        reload_new(&(struct reload_options){.running = gateway->config,
                                            .server = gateway->server,
                                            .ingest = ingest_of,
                                            .gateway = gateway});
}

/* A script that nothing ends holds up its worker, and everybody who is there.
 * Ending is as safe as SIGKILL, and whoever started us starts us again. */
static void end_if_it_hangs(struct gateway *gateway)
{
    char what[TEXT_BYTES];
    if (!server_hangs(gateway->server, what, sizeof what))
        return;
    log_line(LOG_ERROR, "serve",
             "%s: has run for more than a second beyond its limit, where no "
             "limit reaches; ending, what was acknowledged is in the journal",
             what);
    _exit(EX_SOFTWARE);
}

static void reload(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->relay_count; i++)
        relay_token_changed(gateway->relays[i]);
    reload_now(gateway->reload);
}

/* Until something happens, or it is time to look. */
static void nap(struct gateway *gateway, const sigset_t *let_in)
{
    struct pollfd changes = {.fd = reload_fd(gateway->reload),
                             .events = POLLIN};
    int wait_ms = has_hangup ? 0 : reload_wait_ms(gateway->reload);
    bool is_soon = wait_ms >= 0 && wait_ms < LOOK_MS;
    const struct timespec wait = {.tv_nsec = (is_soon ? wait_ms : LOOK_MS)
                                             * NS_PER_MS};
    ppoll(&changes, 1, &wait, let_in);
}

/* Reloads meanwhile: recorded tests may take long, and a log that nobody reads
 * for ever; a stop is in time all the same. */
static void wait_for_stop(struct gateway *gateway, const sigset_t *let_in)
{
    while (!stop_signal) {
        sigset_t held;
        nap(gateway, let_in);
        end_if_it_hangs(gateway);
        if (stop_signal)
            break;
        pthread_sigmask(SIG_SETMASK, let_in, &held);
        if (has_hangup) {
            has_hangup = false;
            reload(gateway);
        }
        reload_look(gateway->reload);
        pthread_sigmask(SIG_SETMASK, &held, NULL);
    }
}

/* A stop for an upgrade should not leave points in the journal that need not
 * be there; those of an output that is away stay, and wait. */
static void deliver_the_rest(struct gateway *gateway)
{
    int64_t until_ns = clock_mono_ns() + DELIVER_MS * NS_PER_MS;
    for (size_t i = 0; i < gateway->relay_count; i++) {
        int64_t left_ns = until_ns - clock_mono_ns();
        relay_await_settled(gateway->relays[i],
                            left_ns > 0 ? (int)(left_ns / NS_PER_MS) : 0);
    }
}

static void stop(struct gateway *gateway, const sigset_t *let_in)
{
    int64_t begin_ns = clock_mono_ns();
    pthread_sigmask(SIG_SETMASK, let_in, NULL); /* the alarm */
    log_line(LOG_INFO, "serve", "%s: stopping",
             stop_signal == SIGINT ? "SIGINT" : "SIGTERM");
    server_drain(gateway->server);
    admin_stop(gateway->admin); /* it looks at the relays */
    deliver_the_rest(gateway);
    recorder_stop(gateway->recorder);
    journal_stop_waiters(gateway->journal);
    for (size_t i = 0; i < gateway->relay_count; i++)
        relay_stop(gateway->relays[i]);
    log_line(LOG_INFO, "serve", "stopped in %lld ms",
             (long long)((clock_mono_ns() - begin_ns) / NS_PER_MS));
}

int serve_run(struct config *config, const char *record_dir)
{
    struct gateway gateway = {.config = config};
    struct error err = {0};
    sigset_t let_in;
    prepare_process();
    hold_signals(&let_in);
    if (!start_recorder(&gateway, record_dir, &err)
        || !open_dead(&gateway, &err) || !open_contracts(&gateway, &err)
        || !start_journal(&gateway, &err) || !start_relays(&gateway, &err)
        || !start_server(&gateway, &err) || !start_admin(&gateway, &err)) {
        log_line(LOG_ERROR, "serve", "%s", err.text);
        return error_exit_code(&err);
    }
    start_reload(&gateway);
    leave_admin_address(&gateway);
    say_listening(&gateway);
    wait_for_stop(&gateway, &let_in);
    stop(&gateway, &let_in);
    return EX_OK;
}
