/* file.h - the seam to the file system, so that a test can be the disk.
 *
 * A table of functions with the meaning and errno of the system calls of the
 * same name. Whatever touches the journal's files goes through one; file_real
 * is the operating system. self is the table itself, so that a test can keep
 * its disk behind it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct buf;
struct error;

struct file_system {
    int (*open)(const struct file_system *self, const char *path, int flags,
                mode_t mode);
    int (*close)(const struct file_system *self, int fd);
    ssize_t (*write)(const struct file_system *self, int fd, const void *bytes,
                     size_t len);
    ssize_t (*pread)(const struct file_system *self, int fd, void *bytes,
                     size_t len, off_t offset);
    int (*fdatasync)(const struct file_system *self, int fd);
    int (*ftruncate)(const struct file_system *self, int fd, off_t length);
    int (*fstat)(const struct file_system *self, int fd, struct stat *st);
    int (*stat)(const struct file_system *self, const char *path,
                struct stat *st);
    int (*sync_dir)(const struct file_system *self, const char *path);
    int (*mkdir)(const struct file_system *self, const char *path, mode_t mode);
    int (*rename)(const struct file_system *self, const char *from,
                  const char *to);
    int (*unlink)(const struct file_system *self, const char *path);
    /* Calls each(name, context) for every entry but . and ..; -1 and errno. */
    int (*list)(const struct file_system *self, const char *dir,
                void (*each)(const char *name, void *context), void *context);
    /* An exclusive lock that does not wait; held until close. */
    int (*lock)(const struct file_system *self, int fd);
    /* Bytes that an unprivileged process may still use; -1 and errno. */
    int64_t (*free_bytes)(const struct file_system *self, const char *path);
    /* 64 random bits. */
    uint64_t (*random)(const struct file_system *self);
    void *disk; /* a test's own; NULL in file_real */
};

extern const struct file_system file_real;

/* Writes all of it, over short writes and EINTR. ERR_IO names what. */
bool file_write_all(const struct file_system *fs, int fd, const void *bytes,
                    size_t len, const char *what, struct error *err);
/* Makes dir and what is missing above it, mode 0700, and syncs each parent. */
bool file_make_dirs(const struct file_system *fs, const char *dir,
                    struct error *err);
/* What name means to somebody in dir, malloc'ed: itself if it is absolute. */
char *file_beside(const char *dir, const char *name);
/* Reads a whole file, at most what out may hold; ERR_IO or ERR_TOO_LARGE. */
bool file_read(const struct file_system *fs, const char *path, struct buf *out,
               struct error *err);
