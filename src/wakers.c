/* wakers.c - see wakers.h. There are as many as workers, a handful; so a row is
 * searched. */
#include "wakers.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"

void wakers_deinit(struct wakers *wakers)
{
    free(wakers->fds);
    *wakers = (struct wakers){0};
}

void wakers_add(struct wakers *wakers, int fd)
{
    for (size_t i = 0; i < wakers->count; i++)
        if (wakers->fds[i] == fd)
            return;
    if (wakers->count == wakers->capacity) {
        wakers->capacity = wakers->capacity ? 2 * wakers->capacity : 8;
        wakers->fds =
            xrealloc(wakers->fds, wakers->capacity * sizeof *wakers->fds);
    }
    wakers->fds[wakers->count++] = fd;
}

void wakers_call(const struct wakers *wakers)
{
    const uint64_t one = 1;
    for (size_t i = 0; i < wakers->count; i++) {
        ssize_t ignored = write(wakers->fds[i], &one, sizeof one);
        (void)ignored; /* it can only say that the counter is not zero */
    }
}

void wakers_wake(struct wakers *wakers)
{
    wakers_call(wakers);
    wakers->count = 0;
}
