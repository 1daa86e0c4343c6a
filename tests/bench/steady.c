/* steady.c - senders that do not wait for one another: posts leave at times of
 * chance, so many a second on average, over connections that stay open.
 *
 * A latency counts from when its post should have left, so that a sender that
 * was held up does not ask less often and hides nothing. The times are those of
 * many independent senders (a Poisson process, of a fixed seed); a regular beat
 * would fall into step with what else is regular on the machine.
 *
 *     steady PORT PATH BODY-FILE STATUS CONNECTIONS A-SECOND SECONDS
 *
 * A-SECOND 0: each connection posts as soon as it has its answer. Latencies in
 * microseconds on stdout, a line each. Any other answer than STATUS ends it
 * with 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1000, MOST_BYTES = 1 << 16, NS_PER_US = 1000 };
#define NS_PER_S INT64_C(1000000000)

struct sender {
    int fd;
    int64_t due_ns;
    size_t got_bytes;
    char got[1024];
};

static struct sender senders[MOST_CONNECTIONS];
static struct sender *idle[MOST_CONNECTIONS];
static size_t idle_count;
static char post[2 * MOST_BYTES];
static size_t post_bytes;
static char status[32];

static void end(const char *what)
{
    fprintf(stderr, "steady: %s\n", what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void read_post(const char *path, const char *body_file)
{
    static char body[MOST_BYTES];
    FILE *file = fopen(body_file, "rb");
    if (!file)
        end("cannot open the file of the body");
    size_t bytes = fread(body, 1, sizeof body, file);
    fclose(file);
    int head = snprintf(post, MOST_BYTES,
                        "POST %s HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        path, bytes);
    memcpy(post + head, body, bytes);
    post_bytes = (size_t)head + bytes;
}

static void open_senders(int epoll_fd, uint16_t port, size_t count)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < count; i++) {
        struct sender *sender = &senders[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = sender};
        sender->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(sender->fd, (struct sockaddr *)&to, sizeof to) != 0)
            end("cannot connect");
        setsockopt(sender->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, sender->fd, &event);
        idle[idle_count++] = sender;
    }
}

/* By chance one of those that are idle, so that none stays with one worker. */
static void send_post(int64_t due_ns)
{
    size_t at = (size_t)lrand48() % idle_count;
    struct sender *sender = idle[at];
    idle[at] = idle[--idle_count];
    sender->due_ns = due_ns;
    sender->got_bytes = 0;
    if (send(sender->fd, post, post_bytes, MSG_NOSIGNAL) != (ssize_t)post_bytes)
        end("cannot send");
}

static bool is_whole(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    const char *length = strcasestr(answer, "\r\nContent-Length:");
    if (!end || !length || length > end)
        return end != NULL;
    return strlen(end + 4) >= strtoul(length + 17, NULL, 10);
}

static void read_answer(struct sender *sender)
{
    size_t room = sizeof sender->got - 1 - sender->got_bytes;
    ssize_t more = recv(sender->fd, sender->got + sender->got_bytes, room, 0);
    if (more <= 0)
        end("a connection was closed");
    sender->got_bytes += (size_t)more;
    sender->got[sender->got_bytes] = '\0';
    if (!is_whole(sender->got))
        return;
    if (strncmp(sender->got, status, strlen(status)) != 0)
        end(sender->got);
    printf("%lld\n", (long long)((now_ns() - sender->due_ns) / NS_PER_US));
    idle[idle_count++] = sender;
}

static void wait_until(int epoll_fd, int64_t until_ns)
{
    struct epoll_event events[64];
    int64_t wait_ns = until_ns - now_ns();
    if (wait_ns < 0)
        wait_ns = 0;
    struct timespec wait = {wait_ns / NS_PER_S, wait_ns % NS_PER_S};
    int count = epoll_pwait2(epoll_fd, events, 64, &wait, NULL);
    for (int i = 0; i < count; i++)
        read_answer(events[i].data.ptr);
}

static void run(int epoll_fd, size_t connections, double a_second,
                double seconds)
{
    int64_t due_ns = now_ns();
    int64_t end_ns = due_ns + (int64_t)(seconds * NS_PER_S);
    while (due_ns < end_ns || idle_count < connections) {
        if (a_second <= 0)
            due_ns = now_ns();
        bool may_send = due_ns < end_ns && idle_count > 0;
        if (!may_send || now_ns() < due_ns) {
            wait_until(epoll_fd, may_send ? due_ns : now_ns() + NS_PER_S);
            continue;
        }
        send_post(due_ns);
        if (a_second > 0)
            due_ns += (int64_t)(-log(1 - drand48()) / a_second * NS_PER_S);
    }
}

int main(int argc, char **argv)
{
    size_t connections = argc == 8 ? strtoul(argv[5], NULL, 10) : 0;
    if (connections == 0 || connections > MOST_CONNECTIONS) {
        fprintf(stderr, "usage: steady PORT PATH BODY-FILE STATUS"
                        " CONNECTIONS A-SECOND SECONDS\n");
        return 64;
    }
    int epoll_fd = epoll_create1(0);
    prctl(PR_SET_TIMERSLACK, 1);
    srand48(20261122);
    snprintf(status, sizeof status, "HTTP/1.1 %.10s ", argv[4]);
    read_post(argv[2], argv[3]);
    open_senders(epoll_fd, (uint16_t)strtoul(argv[1], NULL, 10), connections);
    run(epoll_fd, connections, strtod(argv[6], NULL), strtod(argv[7], NULL));
    return 0;
}
