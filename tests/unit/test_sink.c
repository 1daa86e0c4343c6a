/* A sink in a process of its own: what it takes, what it says no to, and what
 * it writes down. */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "file.h"
#include "gzip.h"
#include "sink.h"

struct fixture {
    pid_t child;
    int stderr_fd; /* what the sink says */
    int port;
    char folder[64];
    char file[80];
    struct buf answer;
};

static _Noreturn void be_a_sink(const char *file, int stderr_fd)
{
    struct error err = {0};
    dup2(stderr_fd, STDERR_FILENO);
    bool has_run = sink_run("127.0.0.1:0", file, &err);
    if (!has_run)
        dprintf(STDERR_FILENO, "%s\n", err.text);
    _exit(has_run ? 0 : 1);
}

/* The port is in the first line. */
static int read_port(int fd)
{
    char line[300];
    size_t len = 0;
    while (len + 1 < sizeof line && read(fd, line + len, 1) == 1
           && line[len] != '\n')
        len++;
    line[len] = '\0';
    const char *colon = strrchr(line, ':');
    assert_non_null(colon);
    return atoi(colon + 1);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    int pipe_fds[2];
    strcpy(f->folder, "/tmp/test_sink.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->file, sizeof f->file, "%s/lines", f->folder);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    f->child = fork();
    if (f->child == 0)
        be_a_sink(f->file, pipe_fds[1]);
    close(pipe_fds[1]);
    f->stderr_fd = pipe_fds[0];
    f->port = read_port(f->stderr_fd);
    buf_init(&f->answer, 1 << 20);
    *state = f;
    return 0;
}

static int end_code(struct fixture *f, int signal_number)
{
    int status;
    kill(f->child, signal_number);
    assert_int_equal(waitpid(f->child, &status, 0), f->child);
    f->child = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->child)
        end_code(f, SIGKILL);
    close(f->stderr_fd);
    unlink(f->file);
    rmdir(f->folder);
    buf_deinit(&f->answer);
    free(f);
    return 0;
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr *to = (struct sockaddr *)&address;
    assert_int_equal(connect(fd, to, sizeof address), 0);
    return fd;
}

static void send_all(int fd, struct text bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = text_skip(bytes, (size_t)sent);
    }
}

/* One request on a connection of its own; gives the answer's status, and its
 * body as a string. */
static int ask(struct fixture *f, const char *method, const char *target,
               const char *headers, struct text body, const char **said)
{
    struct buf request;
    buf_init(&request, 100 << 20);
    buf_printf(&request,
               "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s"
               "Content-Length: %zu\r\n\r\n",
               method, target, headers, body.len);
    buf_append_text(&request, body);
    int fd = connect_to(f->port);
    send_all(fd, buf_text(&request));
    buf_deinit(&request);
    buf_clear(&f->answer);
    ssize_t got;
    while ((got = recv(fd, buf_reserve(&f->answer, 65536), 65536, 0)) > 0)
        buf_commit(&f->answer, (size_t)got);
    close(fd);
    const char *answer = buf_string(&f->answer);
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    *said = end + 4;
    return atoi(answer + strlen("HTTP/1.1 "));
}

static void assert_written(struct fixture *f, const char *expected)
{
    struct buf lines;
    buf_init(&lines, 1 << 20);
    assert_true(file_read(&file_real, f->file, &lines, NULL));
    assert_text(buf_text(&lines), expected);
    buf_deinit(&lines);
}

static void the_three_apis_take_lines(void **state)
{
    struct fixture *f = *state;
    const char *said;
    struct text two = TEXT("m,b=2,a=1 v=1 5\n# comment\n\nm s=\"x y\" 6\n");
    assert_int_equal(ask(f, "POST", "/write?db=d&precision=s", "", two, &said),
                     204);
    assert_string_equal(said, "");
    assert_int_equal(ask(f, "POST", "/api/v2/write?org=o&bucket=b&precision=ms",
                         "", TEXT("m v=2 7"), &said),
                     204);
    assert_int_equal(ask(f, "POST",
                         "/api/v3/write_lp?db=d&precision=nanosecond", "",
                         TEXT("m v=3i 8\n"), &said),
                     204);
    assert_written(f, "m,a=1,b=2 v=1 5000000000\nm s=\"x y\" 6000000000\n"
                      "m v=2 7000000\nm v=3i 8\n");
    assert_int_equal(end_code(f, SIGTERM), 0);
}

static void a_line_without_a_stamp_gets_one(void **state)
{
    struct fixture *f = *state;
    const char *said;
    assert_int_equal(ask(f, "POST", "/write?db=d", "", TEXT("m v=1"), &said),
                     204);
    struct buf lines;
    buf_init(&lines, 1000);
    assert_true(file_read(&file_real, f->file, &lines, NULL));
    assert_true(lines.len == strlen("m v=1 1700000000000000000\n"));
    buf_deinit(&lines);
    assert_int_equal(end_code(f, SIGINT), 0);
}

static void a_bad_line_takes_its_body_along(void **state)
{
    struct fixture *f = *state;
    const char *said;
    struct text bad = TEXT("m v=1 1\nm v= 2\nm v=3 3\n");
    assert_int_equal(ask(f, "POST", "/write?db=d", "", bad, &said), 400);
    assert_ptr_equal(strstr(said, "{\"error\":\"line 2, column "), said);
    assert_int_equal(
        ask(f, "POST", "/api/v2/write?org=o&bucket=b", "", bad, &said), 400);
    assert_ptr_equal(
        strstr(said, "{\"code\":\"invalid\",\"message\":\"line 2, column "),
        said);
    assert_int_equal(
        ask(f, "POST", "/api/v3/write_lp?db=d&precision=ns", "", bad, &said),
        400);
    assert_ptr_equal(strstr(said, "{\"error\":\"line 2, column "), said);
    assert_written(f, "");
}

static void gzip_is_read(void **state)
{
    struct fixture *f = *state;
    const char *said, *gzip = "Content-Encoding: gzip\r\n";
    struct buf packed;
    buf_init(&packed, 1000);
    gzip_deflate(TEXT("m v=1 1\n"), 1, &packed, NULL);
    assert_int_equal(
        ask(f, "POST", "/write?db=d", gzip, buf_text(&packed), &said), 204);
    packed.len -= 2;
    assert_int_equal(
        ask(f, "POST", "/write?db=d", gzip, buf_text(&packed), &said), 400);
    assert_non_null(strstr(said, "cut short"));
    assert_written(f, "m v=1 1\n");
    buf_deinit(&packed);
}

static void each_mistake_has_its_status(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        const char *headers;
        int status;
        const char *said;
    } rows[] = {
        {"POST", "/write", "", 400, "{\"error\":\"database is required: db="},
        {"POST", "/api/v3/write_lp", "", 400, "{\"error\":\"missing query"},
        {"POST", "/api/v2/write?bucket=b", "", 404,
         "{\"code\":\"not found\",\"message\":\"organization not found"},
        {"POST", "/api/v2/write?org=o", "", 404,
         "{\"code\":\"not found\",\"message\":\"bucket not found"},
        {"POST", "/write?db=d&precision=us", "", 400, "invalid precision"},
        {"POST", "/write?db=d&precision=second", "", 400, "invalid precision"},
        {"POST", "/api/v2/write?org=o&bucket=b&precision=n", "", 400,
         "valid precision units are"},
        {"POST", "/api/v2/write?org=o&bucket=b&precision=%22x%22", "", 400,
         "invalid precision \\\"\\\"x\\\"\\\";"},
        {"POST", "/api/v3/write_lp?db=d", "", 400, "precision=nanosecond"},
        {"POST", "/api/v3/write_lp?db=d&precision=auto", "", 400, "auto"},
        {"POST", "/write?db=d", "Content-Encoding: zstd\r\n", 415, "zstd"},
        {"POST", "/elsewhere", "", 404, "path not found: /elsewhere"},
        {"GET", "/write?db=d", "", 405, "takes POST, not GET"},
        {"POST", "/ping", "", 405, "takes GET, not POST"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *said;
        print_message("%s %s\n", rows[i].method, rows[i].target);
        int status = ask(f, rows[i].method, rows[i].target, rows[i].headers,
                         TEXT("m v=1 1\n"), &said);
        assert_int_equal(status, rows[i].status);
        assert_non_null(strstr(said, rows[i].said));
    }
    assert_written(f, "");
}

static void an_empty_write_asks_whether_one_would_do(void **state)
{
    struct fixture *f = *state;
    const char *said;
    assert_int_equal(
        ask(f, "POST", "/api/v2/write?org=o&bucket=b", "", TEXT(""), &said),
        204);
    assert_int_equal(ask(f, "POST", "/api/v3/write_lp?db=d&precision=ns", "",
                         TEXT(""), &said),
                     400);
    assert_non_null(strstr(said, "incoming write was empty"));
}

static void ping_and_health_answer(void **state)
{
    struct fixture *f = *state;
    const char *said;
    assert_int_equal(ask(f, "GET", "/ping", "", TEXT(""), &said), 204);
    assert_non_null(strstr(buf_string(&f->answer), "X-Influxdb-Version: "));
    assert_int_equal(ask(f, "GET", "/health", "", TEXT(""), &said), 200);
    assert_non_null(strstr(said, "\"status\":\"pass\""));
    assert_int_equal(ask(f, "HEAD", "/ping", "", TEXT(""), &said), 204);
}

static void a_body_past_the_ceiling_is_413(void **state)
{
    struct fixture *f = *state;
    const char *said;
    size_t len = (64 << 20) + 1;
    char *body = xcalloc(len, 1);
    memset(body, '\n', len);
    assert_int_equal(
        ask(f, "POST", "/write?db=d", "", (struct text){body, len}, &said),
        413);
    free(body);
    assert_int_equal(
        ask(f, "POST", "/write?db=d", "", TEXT("m v=1 1\n"), &said), 204);
}

static void many_requests_on_one_connection(void **state)
{
    enum { COUNT = 300 };
    static const char request[] =
        "POST /write?db=d HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n"
        "m v=1 1\n";
    struct fixture *f = *state;
    int fd = connect_to(f->port);
    struct buf all;
    buf_init(&all, 1 << 20);
    for (int i = 0; i < COUNT; i++)
        buf_append(&all, request, sizeof request - 1);
    send_all(fd, buf_text(&all));
    static const char yes[] = "HTTP/1.1 204 No Content\r\n";
    int answers = 0;
    buf_clear(&f->answer);
    while (answers < COUNT) {
        ssize_t got = recv(fd, buf_reserve(&f->answer, 65536), 65536, 0);
        assert_true(got > 0);
        buf_commit(&f->answer, (size_t)got);
        answers = 0;
        const char *at = buf_string(&f->answer);
        for (; (at = strstr(at, yes)); at += sizeof yes - 1)
            answers++;
    }
    close(fd);
    buf_deinit(&all);
}

static void an_address_that_is_none_is_told(void **state)
{
    static const char *const wrong[] = {"",           "8086",           ":8086",
                                        "127.0.0.1:", "127.0.0.1:none", "[::1"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error err = {0};
        assert_false(sink_run(wrong[i], NULL, &err));
        assert_int_equal(err.kind, ERR_USAGE);
    }
    struct error err = {0};
    assert_false(sink_run("127.0.0.1:0", "/nowhere/at/all", &err));
    assert_int_equal(err.kind, ERR_IO);
}

static void a_taken_port_is_told(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    char name[40];
    snprintf(name, sizeof name, "127.0.0.1:%d", f->port);
    assert_false(sink_run(name, NULL, &err));
    assert_non_null(strstr(err.text, name));
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(the_three_apis_take_lines),
        ROW(a_line_without_a_stamp_gets_one),
        ROW(a_bad_line_takes_its_body_along),
        ROW(gzip_is_read),
        ROW(each_mistake_has_its_status),
        ROW(an_empty_write_asks_whether_one_would_do),
        ROW(ping_and_health_answer),
        ROW(a_body_past_the_ceiling_is_413),
        ROW(many_requests_on_one_connection),
        cmocka_unit_test(an_address_that_is_none_is_told),
        ROW(a_taken_port_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
