/* said.h - what was written to stderr meanwhile: log lines, complaints. */
#pragma once

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SAID_ROOM = 8192 };

/* Between said_begin and said_end stderr goes to memory. One at a time. */
struct said {
    int real_fd;
    int memory_fd;
    char text[SAID_ROOM];
};

static inline void said_begin(struct said *said)
{
    fflush(stderr);
    said->real_fd = dup(STDERR_FILENO);
    said->memory_fd = memfd_create("said", 0);
    dup2(said->memory_fd, STDERR_FILENO);
}

static inline const char *said_end(struct said *said)
{
    fflush(stderr);
    ssize_t got = pread(said->memory_fd, said->text, SAID_ROOM - 1, 0);
    said->text[got > 0 ? got : 0] = '\0';
    dup2(said->real_fd, STDERR_FILENO);
    close(said->real_fd);
    close(said->memory_fd);
    return said->text;
}
