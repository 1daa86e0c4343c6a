/* cursor.c - see cursor.h. After a power cut the file may be empty, old or
 * rubbish; the CRC says so, and then the reader starts at the oldest segment.
 */
#include "cursor.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "buf.h"
#include "error.h"
#include "file.h"

enum { LINE_BYTES = 100, PATH_BYTES = 4096 };

bool cursor_parse(struct text line, struct cursor *cursor)
{
    enum { CRC_DIGITS = 8, NAME_BYTES = SEGMENT_NAME_BYTES - 1 };
    struct text rest = line;
    char name[SEGMENT_NAME_BYTES] = "";
    uint32_t crc;
    if (!segment_number_read(&rest, &cursor->seq)
        || rest.len != NAME_BYTES + 1 + CRC_DIGITS + 1
        || rest.at[NAME_BYTES] != ' ' || rest.at[rest.len - 1] != '\n')
        return false;
    memcpy(name, rest.at, NAME_BYTES);
    struct text digits = {rest.at + NAME_BYTES + 1, CRC_DIGITS};
    struct text covered = {line.at, line.len - CRC_DIGITS - 1};
    return segment_name_read(name, &cursor->segment)
           && segment_crc_read(digits, &crc) && segment_crc(covered) == crc
           && cursor->seq >= cursor->segment.seq;
}

bool cursor_read(const struct file_system *fs, const char *dir,
                 struct cursor *cursor)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/cursor", dir);
    struct buf line;
    buf_init(&line, LINE_BYTES);
    bool is_read = file_read(fs, path, &line, NULL)
                   && cursor_parse(buf_text(&line), cursor);
    buf_deinit(&line);
    return is_read;
}

static bool write_beside(const struct file_system *fs, const char *path,
                         struct text line, struct error *err)
{
    int fd = fs->open(fs, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return fail_errno(err, "creating %s", path);
    bool is_written = file_write_all(fs, fd, line.at, line.len, path, err);
    if (fs->close(fs, fd) != 0 && is_written)
        return fail_errno(err, "closing %s", path);
    return is_written;
}

bool cursor_write(const struct file_system *fs, const char *dir,
                  const struct cursor *cursor, struct error *err)
{
    char line[LINE_BYTES], name[SEGMENT_NAME_BYTES];
    char path[PATH_BYTES], beside[PATH_BYTES];
    segment_name_write(cursor->segment, name);
    int len = snprintf(line, sizeof line, "%" PRIu64 " %s ", cursor->seq, name);
    uint32_t crc = segment_crc((struct text){line, (size_t)len});
    len +=
        snprintf(line + len, sizeof line - (size_t)len, "%08" PRIx32 "\n", crc);
    snprintf(path, sizeof path, "%s/cursor", dir);
    snprintf(beside, sizeof beside, "%s/cursor.new", dir);
    return write_beside(fs, beside, (struct text){line, (size_t)len}, err)
           && (fs->rename(fs, beside, path) == 0
               || fail_errno(err, "renaming %s", beside));
}
