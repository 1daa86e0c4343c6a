/* trial_accept.c - see trial_accept.h.
 *
 * The old text is copied up to an expectation, that is written anew line by
 * line, and so on to the end. A point that came otherwise is replaced where it
 * stands, one that did not come goes, and those that nobody expected follow
 * the last one. The new file is written beside the old one and renamed, so
 * whoever stops us in between still has the old one.
 *
 * What can go wrong: a file that may not be written; and, as a belt, a new text
 * that does not read as so many requests as before is not written at all.
 */
#include "trial_accept.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "recorded.h"
#include "scan.h"
#include "trial_compare.h"
#include "trial_file.h"

enum { NEW_BYTES = 256 << 20, TIME_BYTES = 24 };

void trial_accept_init(struct trial_accept *accept, struct text old)
{
    *accept = (struct trial_accept){.old = old};
    buf_init(&accept->text, NEW_BYTES);
}

void trial_accept_deinit(struct trial_accept *accept)
{
    buf_deinit(&accept->text);
}

/* ----------------------------------------------------------- the title --- */

static bool contains(struct text text, struct text part)
{
    return part.len == 0
           || (text.len >= part.len
               && memmem(text.at, text.len, part.at, part.len));
}

/* The status, and what is to be said of the answer: what was said, if it is
 * still true; and why, if it is a no from now on. */
static void append_title(struct buf *out, const struct trial_case *trial,
                         const struct trial_made *made)
{
    struct text message = text_of(trial->message);
    if (!contains(made->answer, message)
        || (message.len == 0 && made->status >= 400))
        message = recorded_message(made->answer);
    buf_printf(out, "### expect %d%s%.*s", made->status,
               message.len > 0 ? " " : "", TEXT_ARG(message));
}

static bool is_title_right(const struct trial_case *trial,
                           const struct trial_made *made)
{
    return trial->status == made->status
           && contains(made->answer, text_of(trial->message));
}

/* ---------------------------------------------------------- the points --- */

/* The time is what stands behind the last blank. */
static struct text without_receipt(struct text line, int64_t receipt_ns)
{
    char time[TIME_BYTES];
    int len = snprintf(time, sizeof time, " %" PRId64, receipt_ns);
    if (text_ends_with(line, (struct text){time, (size_t)len}))
        line.len -= (size_t)len;
    return line;
}

static void append_point(struct buf *out, struct text line, bool keeps_time,
                         const struct trial_made *made, struct text end)
{
    buf_append_text(out, keeps_time ? line
                                    : without_receipt(line, made->receipt_ns));
    buf_append_text(out, end);
}

/* Reasons that nobody expected, as far as they fit into a line. */
static void append_kept(struct buf *out, struct text kept, struct text end)
{
    while (kept.len > 0) {
        struct text reason = recorded_message(text_cut(&kept, '\n'));
        buf_printf(out, "kept: %.*s%.*s", TEXT_ARG(reason), TEXT_ARG(end));
    }
}

/* What nobody expected, at the place in out. */
static void insert_unforeseen(struct buf *out, size_t at,
                              const struct trial_made *made, struct text end)
{
    const struct trial_difference *difference = made->difference;
    struct buf tail;
    if (difference->unforeseen_count == 0 && made->kept.len == 0)
        return;
    buf_init(&tail, NEW_BYTES);
    buf_append(&tail, out->data + at, out->len - at);
    buf_truncate(out, at);
    if (!text_ends_with(buf_text(out), TEXT("\n")))
        buf_append_text(out, end);
    for (size_t i = 0; i < difference->unforeseen_count; i++)
        append_point(out, difference->unforeseen[i], false, made, end);
    append_kept(out, made->kept, end);
    out->has_overflowed |= tail.has_overflowed;
    buf_append_text(out, buf_text(&tail));
    buf_deinit(&tail);
}

/* Where the walk over the expected lines has come to. */
struct walk {
    size_t point, kept; /* how many there were */
    size_t end;         /* of out, behind the last of them */
};

/* As the reader of the file tells them apart. */
static void append_expected(struct buf *out, struct text line,
                            struct text whole, const struct trial_made *made,
                            struct text end, struct walk *walk)
{
    line = scan_trim(line);
    bool is_comment = line.len == 0 || line.at[0] == '#';
    bool is_kept = text_starts_with(line, TEXT("kept:"));
    if (is_comment) {
        buf_append_text(out, whole);
    } else if (is_kept) {
        if (made->kept_fates.at[walk->kept++] == '+')
            buf_append_text(out, whole);
    } else {
        const struct trial_fate *fate = &made->difference->fates[walk->point++];
        if (fate->was_made)
            buf_append_text(out, whole);
        else if (fate->instead.at)
            append_point(out, fate->instead, fate->has_time, made, end);
    }
    if (!is_comment)
        walk->end = out->len;
}

static void append_lines(struct buf *out, struct text block,
                         const struct trial_made *made, struct text end)
{
    struct walk walk = {.end = out->len};
    while (block.len > 0) {
        const char *start = block.at;
        struct text line = text_cut(&block, '\n');
        struct text whole = {start, (size_t)(block.at - start)};
        append_expected(out, line, whole, made, end, &walk);
    }
    insert_unforeseen(out, walk.end, made, end);
}

void trial_accept_case(struct trial_accept *accept,
                       const struct trial_case *trial,
                       const struct trial_made *made)
{
    struct buf *out = &accept->text;
    struct text block = {accept->old.at + trial->expect_at,
                         trial->expect_end - trial->expect_at};
    const char *start = block.at;
    struct text title = text_cut(&block, '\n');
    struct text end =
        text_ends_with(title, TEXT("\r")) ? TEXT("\r\n") : TEXT("\n");
    size_t title_len = (size_t)(block.at - start);
    buf_append(out, accept->old.at + accept->copied,
               trial->expect_at - accept->copied);
    if (is_title_right(trial, made)) {
        buf_append(out, start, title_len);
    } else {
        append_title(out, trial, made);
        buf_append_text(out, end);
    }
    append_lines(out, block, made, end);
    accept->copied = trial->expect_end;
    accept->accepted++;
}

/* ------------------------------------------------------------ the file --- */

static bool reads_back(const struct trial_accept *accept, const char *path,
                       struct error *err)
{
    struct trial_file was, is;
    bool fine = trial_file_parse(path, accept->old, &was, err)
                && trial_file_parse(path, buf_text(&accept->text), &is, err);
    if (fine && was.count != is.count)
        fine = fail(err, ERR_USAGE,
                    "%s: what came cannot be written as an expectation", path);
    trial_file_deinit(&was);
    trial_file_deinit(&is);
    return fine;
}

/* With the mode that the old one has, whatever the umask. */
static bool fill(const struct trial_accept *accept, int fd, mode_t mode,
                 const char *beside, struct error *err)
{
    return (fchmod(fd, mode) == 0 || fail_errno(err, "%s", beside))
           && file_write_all(&file_real, fd, accept->text.data,
                             accept->text.len, beside, err);
}

/* path: of the file itself, not of a link to it. */
static bool replace_file(const struct trial_accept *accept, const char *path,
                         const char *beside, struct error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return fail_errno(err, "%s", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(err, "opening %s", beside);
    bool fine = fill(accept, fd, st.st_mode & 07777, beside, err);
    close(fd);
    if (fine && rename(beside, path) == 0)
        return true;
    if (fine)
        fail_errno(err, "renaming %s", beside);
    unlink(beside);
    return false;
}

bool trial_accept_write(struct trial_accept *accept, const char *path,
                        struct error *err)
{
    if (accept->accepted == 0)
        return true;
    buf_append_text(&accept->text, text_skip(accept->old, accept->copied));
    accept->copied = accept->old.len;
    if (accept->text.has_overflowed)
        return fail(err, ERR_USAGE, "%s: it would be too large", path);
    if (!reads_back(accept, path, err))
        return false;
    char beside[PATH_MAX + 5], *real = realpath(path, NULL);
    snprintf(beside, sizeof beside, "%s.new", real ? real : path);
    bool fine = real ? replace_file(accept, real, beside, err)
                     : fail_errno(err, "%s", path);
    free(real);
    if (!fine)
        err->kind = ERR_USAGE;
    return fine;
}
