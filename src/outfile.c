/* outfile.c - see outfile.h.
 *
 * A file is written in one go and synced, since a batch that is settled is
 * deleted from the journal. Pipes and terminals get a piece at a time, and only
 * when poll says that it will not block: whoever reads them may be slow, and
 * stopping must not wait for that.
 *
 * What can go wrong: the disk is full in the middle of a line. How far we came
 * is remembered, so the same lines again continue there and nothing stands in
 * the file twice. Only a crash in between leaves half a line and its batch
 * again behind it.
 */
#include "outfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "file.h"

enum {
    PIECE_BYTES = 4096, /* PIPE_BUF: poll promises that this does not block */
    LOOK_MS = 100       /* how often we look whether we are stopping */
};

struct outfile {
    struct outfile_options options;
    int fd;
    bool is_file;   /* and no pipe, terminal or socket */
    size_t written; /* of the lines that were given last */
};

static bool is_stdout(const struct outfile *outfile)
{
    return strcmp(outfile->options.path, "-") == 0;
}

static const char *name_of(const struct outfile *outfile)
{
    return is_stdout(outfile) ? "stdout" : outfile->options.path;
}

static bool end_half_line(struct outfile *outfile, off_t size,
                          struct error *err)
{
    const struct file_system *fs = outfile->options.fs;
    const char *path = outfile->options.path;
    char last = '\n';
    int fd = fs->open(fs, path, O_RDONLY, 0);
    bool is_read = fd >= 0 && fs->pread(fs, fd, &last, 1, size - 1) == 1;
    if (!is_read)
        fail_errno(err, "reading the end of %s", path);
    if (fd >= 0)
        fs->close(fs, fd);
    return is_read
           && (last == '\n'
               || file_write_all(fs, outfile->fd, "\n", 1, path, err));
}

static bool open_fd(struct outfile *outfile, struct error *err)
{
    const struct file_system *fs = outfile->options.fs;
    const char *path = outfile->options.path;
    struct stat st;
    outfile->fd = is_stdout(outfile)
                      ? STDOUT_FILENO
                      : fs->open(fs, path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (outfile->fd < 0 || fs->fstat(fs, outfile->fd, &st) != 0)
        return fail_errno(err, "opening %s", name_of(outfile));
    outfile->is_file = S_ISREG(st.st_mode);
    return is_stdout(outfile) || !outfile->is_file || st.st_size == 0
           || end_half_line(outfile, st.st_size, err);
}

struct outfile *outfile_open(const struct outfile_options *options,
                             struct error *err)
{
    struct outfile *outfile = xcalloc(1, sizeof *outfile);
    outfile->options = *options;
    outfile->fd = -1;
    if (!outfile->options.fs)
        outfile->options.fs = &file_real;
    if (open_fd(outfile, err))
        return outfile;
    outfile_close(outfile);
    return NULL;
}

void outfile_close(struct outfile *outfile)
{
    if (!outfile)
        return;
    if (outfile->fd >= 0 && !is_stdout(outfile))
        outfile->options.fs->close(outfile->options.fs, outfile->fd);
    free(outfile);
}

static bool wait_until_writable(const struct outfile *outfile,
                                struct error *err)
{
    const atomic_bool *stopping = outfile->options.stopping;
    struct pollfd fd = {.fd = outfile->fd, .events = POLLOUT};
    while (!stopping || !atomic_load(stopping)) {
        if (poll(&fd, 1, LOOK_MS) > 0)
            return true; /* POLLERR too: write says what it is */
    }
    return fail(err, ERR_IO, "writing %s: broken off", name_of(outfile));
}

static bool write_some(struct outfile *outfile, struct text rest,
                       struct error *err)
{
    const struct file_system *fs = outfile->options.fs;
    if (!outfile->is_file && !wait_until_writable(outfile, err))
        return false;
    if (!outfile->is_file && rest.len > PIECE_BYTES)
        rest.len = PIECE_BYTES;
    ssize_t written = fs->write(fs, outfile->fd, rest.at, rest.len);
    if (written < 0)
        return errno == EINTR
               || fail_errno(err, "writing %s", name_of(outfile));
    outfile->written += (size_t)written;
    return true;
}

/* After a sync that failed a second one says yes, though the bytes may be gone:
 * they are written again instead. Twice in the file is better than never. */
static bool sync_file(struct outfile *outfile, struct error *err)
{
    const struct file_system *fs = outfile->options.fs;
    if (!outfile->is_file || fs->fdatasync(fs, outfile->fd) == 0)
        return true;
    fail_errno(err, "syncing %s", name_of(outfile));
    outfile->written = 0;
    return false;
}

bool outfile_write(struct outfile *outfile, struct text lines,
                   struct error *err)
{
    assert(outfile->written <= lines.len);
    while (outfile->written < lines.len)
        if (!write_some(outfile, text_skip(lines, outfile->written), err))
            return false;
    if (!sync_file(outfile, err))
        return false;
    outfile->written = 0;
    return true;
}
