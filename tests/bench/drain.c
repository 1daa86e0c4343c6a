/* drain.c - how fast a backlog leaves the journal, and how fast it could.
 *
 *   drain fill DIR BYTES                    a journal of so many bytes of lines
 *   drain limit DIR LEVEL LINES BYTES       reads it, compresses, nothing else
 *   drain relay DIR LEVEL LINES BYTES URL   the relay, to whoever is at URL
 *   drain raw                               a server that reads and says 204
 *
 * LEVEL is gzip's, 0: none; LINES and BYTES are a batch's. limit and relay
 * print the seconds they took, and the lines and bytes that went out. raw
 * prints its port, and ends when its stdin does. The level is no option of the
 * program, so the linker puts our function in front of the one that compresses
 * (ld --wrap).
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "gzip.h"
#include "journal.h"
#include "log.h"
#include "relay.h"
#include "stats.h"
#include "tail.h"

enum { GROUP_BYTES = 4 << 20, RAW_BYTES = 1 << 20, PATIENCE_MS = 300000 };

static int gzip_level;

bool __real_gzip_deflate(struct text in, int level, struct buf *out,
                         struct error *err);
bool __wrap_gzip_deflate(struct text in, int level, struct buf *out,
                         struct error *err);

bool __wrap_gzip_deflate(struct text in, int level, struct buf *out,
                         struct error *err)
{
    return __real_gzip_deflate(in, gzip_level > 0 ? gzip_level : level, out,
                               err);
}

static _Noreturn void give_up(const char *text)
{
    fprintf(stderr, "%s\n", text);
    exit(1);
}

static struct journal *open_journal(const char *dir)
{
    static const char *const outputs[] = {"influx"};
    struct error err;
    struct journal *journal =
        journal_open(&(struct journal_options){.dir = dir,
                                               .outputs = outputs,
                                               .output_count = 1,
                                               .max_bytes = UINT64_C(1) << 40,
                                               .is_unsynced = true},
                     &err);
    if (!journal)
        give_up(err.text);
    return journal;
}

/* ---- fill ---- */

static uint64_t next_random(void)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

/* As of a field full of probes: few names, values that differ. */
static void append_line(struct buf *out, uint64_t number)
{
    uint64_t r = next_random();
    buf_printf(out,
               "lorawan,app=farm,device=probe-%03u battery=%u.%02u,frames=%u,"
               "humidity=%u.%u,rssi=-%u,snr=%u.%u,temperature=%u.%02u %" PRIu64
               "\n",
               (unsigned)(r % 500), 3, (unsigned)(r >> 9 & 63),
               (unsigned)(number / 500), (unsigned)(30 + (r >> 15 & 31)),
               (unsigned)(r >> 20 & 7), (unsigned)(60 + (r >> 23 & 63)),
               (unsigned)(r >> 29 & 7), (unsigned)(r >> 32 & 7),
               (unsigned)(10 + (r >> 35 & 15)), (unsigned)(r >> 40 & 63),
               UINT64_C(1773480000000000000) + number * 1000003);
}

static void fill(const char *dir, uint64_t bytes)
{
    struct journal *journal = open_journal(dir);
    struct buf lines;
    struct error err;
    uint64_t ticket, number = 0;
    buf_init(&lines, GROUP_BYTES + 1000);
    for (uint64_t done = 0; done < bytes; done += lines.len) {
        struct journal_lines all = {.points = 0};
        struct journal_entry entry = {.lines = &all, .line_count = 1};
        buf_clear(&lines);
        while (lines.len < GROUP_BYTES) {
            append_line(&lines, number++);
            all.points++;
        }
        all.lines = buf_text(&lines);
        if (!journal_append(journal, &entry, -1, &ticket, &err)
            || !journal_commit(journal, &err))
            give_up(err.text);
    }
    buf_deinit(&lines);
    journal_close(journal);
}

/* ---- limit ---- */

static void report(int64_t begin_ns, uint64_t lines, uint64_t bytes)
{
    printf("%.6f %" PRIu64 " %" PRIu64 "\n",
           (double)(clock_mono_ns() - begin_ns) / NS_PER_S, lines, bytes);
}

static void compress(struct buf *lines, struct buf *packed)
{
    struct error err;
    buf_clear(packed);
    if (gzip_level > 0 && lines->len > 0
        && !gzip_deflate(buf_text(lines), gzip_level, packed, &err))
        give_up(err.text);
    buf_clear(lines);
}

static void limit(const char *dir, size_t max_lines, size_t max_bytes)
{
    struct journal *journal = open_journal(dir);
    struct error err = {0};
    struct buf lines, packed;
    uint64_t first_seq, all_lines = 0, all_bytes = 0, in_batch = 0;
    uint32_t points;
    buf_init(&lines, max_bytes + (64 << 10));
    buf_init(&packed, max_bytes + (1 << 20));
    int64_t begin_ns = clock_mono_ns();
    struct tail *tail =
        tail_open(&(struct tail_options){.journal = journal}, &err);
    while (tail && tail_next(tail, 0, &lines, &first_seq, &points, &err)) {
        all_lines += points;
        in_batch += points;
        if (lines.len < max_bytes && in_batch < max_lines)
            continue;
        all_bytes += lines.len;
        in_batch = 0;
        compress(&lines, &packed);
    }
    if (!tail || err.kind != ERR_NONE)
        give_up(err.text);
    all_bytes += lines.len;
    compress(&lines, &packed);
    report(begin_ns, all_lines, all_bytes);
    tail_close(tail);
    journal_close(journal);
    buf_deinit(&lines);
    buf_deinit(&packed);
}

/* ---- relay ---- */

static void drain(const char *dir, size_t max_lines, size_t max_bytes,
                  const char *url)
{
    struct journal *journal = open_journal(dir);
    struct error err;
    struct relay_options options = {.name = "influx",
                                    .journal = journal,
                                    .influx = {.url = url,
                                               .org = "bench",
                                               .bucket = "bench",
                                               .gzip = gzip_level > 0},
                                    .batch_lines = (unsigned)max_lines,
                                    .batch_bytes = max_bytes,
                                    .flush_ns = 200 * NS_PER_MS};
    int64_t begin_ns = clock_mono_ns();
    struct relay *relay = relay_start(&options, &err);
    if (!relay)
        give_up(err.text);
    if (!relay_await_settled(relay, PATIENCE_MS)) {
        struct relay_status status;
        relay_status(relay, &status);
        give_up(status.reason);
    }
    report(begin_ns, stats_get(&stats.outputs[0].delivered_points),
           stats_get(&stats.outputs[0].sent_bytes));
    relay_stop(relay);
    journal_close(journal);
}

/* ---- raw ---- */

/* Bytes of the request that begins at head, all of it; 0: no whole head. */
static size_t request_bytes(struct text head)
{
    static const char name[] = "\r\nContent-Length: ";
    const char *end = memmem(head.at, head.len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head_len = (size_t)(end - head.at) + 4;
    const char *length = memmem(head.at, head_len, name, sizeof name - 1);
    return head_len
           + (length ? strtoul(length + sizeof name - 1, NULL, 10) : 0);
}

/* Only the head is looked at, what follows is counted. */
static void converse(int fd)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
    static char bytes[RAW_BYTES + 1];
    size_t held = 0, left = 0;
    for (;;) {
        ssize_t got = recv(fd, bytes + held, RAW_BYTES - held, 0);
        if (got <= 0)
            return;
        held += (size_t)got;
        if (left == 0)
            left = request_bytes((struct text){bytes, held});
        if (left == 0)
            continue;
        left -= held < left ? held : left;
        held = 0;
        if (left == 0 && send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) <= 0)
            return;
    }
}

static void raw(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, len) != 0
        || listen(listener, 10) != 0)
        give_up("cannot listen");
    getsockname(listener, (struct sockaddr *)&address, &len);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct pollfd fds[] = {{.fd = listener, .events = POLLIN},
                               {.fd = STDIN_FILENO, .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents)
            return;
        int fd = accept(listener, NULL, NULL);
        converse(fd);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    uint64_t numbers[6] = {0};
    for (int i = 3; i < argc && i < 6; i++)
        numbers[i] = strtoull(argv[i], NULL, 10);
    gzip_level = (int)numbers[3];
    log_set_level(LOG_ERROR);
    if (strcmp(verb, "fill") == 0 && argc == 4)
        fill(argv[2], numbers[3]);
    else if (strcmp(verb, "limit") == 0 && argc == 6)
        limit(argv[2], numbers[4], numbers[5]);
    else if (strcmp(verb, "relay") == 0 && argc == 7)
        drain(argv[2], numbers[4], numbers[5], argv[6]);
    else if (strcmp(verb, "raw") == 0 && argc == 2)
        raw();
    else
        give_up("drain fill|limit|relay|raw: see drain.c");
    return 0;
}
