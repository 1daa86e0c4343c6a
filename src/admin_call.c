/* admin_call.c - see admin_call.h. One request, one answer until the other side
 * closes: what our own admin port sends, no more HTTP than that. */
#include "admin_call.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "file.h"
#include "listener.h"
#include "number.h"
#include "scan.h"

enum { REQUEST_BYTES = 256 << 10, ANSWER_BYTES = 4 << 20, PATIENCE_S = 120 };

static bool send_all(int fd, struct text bytes, struct error *err)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return fail_errno(err, "asking the gateway");
        bytes = text_skip(bytes, (size_t)sent);
    }
    return true;
}

static bool receive_all(int fd, struct buf *answer, struct error *err)
{
    enum { CHUNK_BYTES = 16 << 10 };
    for (;;) {
        char chunk[CHUNK_BYTES];
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, "waiting for the gateway's answer");
        if (got == 0)
            return true;
        if (!buf_append(answer, chunk, (size_t)got))
            return fail(err, ERR_TOO_LARGE, "the gateway's answer is too long");
    }
}

static bool read_answer(struct text answer, struct buf *out, struct error *err)
{
    struct text line = text_cut(&answer, '\n');
    int64_t status = 0;
    text_cut(&line, ' ');
    number_read_int(text_cut(&line, ' '), &status);
    while (scan_trim(text_cut(&answer, '\n')).len > 0)
        continue;
    if (status != 200)
        return fail(err, ERR_IO, "the gateway answers %d: %.*s", (int)status,
                    TEXT_ARG(scan_trim(answer)));
    return buf_append_text(out, answer)
           || fail(err, ERR_TOO_LARGE, "the gateway's answer is too long");
}

bool admin_call(const char *address, const char *path, struct text body,
                struct buf *out, struct error *err)
{
    int fd;
    struct buf request, answer;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    if (!listener_connect(address, &fd, err))
        return false;
    buf_init(&request, REQUEST_BYTES);
    buf_init(&answer, ANSWER_BYTES);
    buf_printf(&request,
               "POST %s HTTP/1.1\r\nHost: localhost\r\nX-Moonline: 1\r\n"
               "Accept: text/plain\r\nConnection: close\r\n"
               "Content-Length: %zu\r\n\r\n",
               path, body.len);
    buf_append_text(&request, body);
    bool is_answered =
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0
        && (!request.has_overflowed
            || fail(err, ERR_TOO_LARGE, "too much to ask at once"))
        && send_all(fd, buf_text(&request), err)
        && receive_all(fd, &answer, err)
        && read_answer(buf_text(&answer), out, err);
    close(fd);
    buf_deinit(&request);
    buf_deinit(&answer);
    return is_answered;
}
