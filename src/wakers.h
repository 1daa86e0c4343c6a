/* wakers.h - the eventfds of those who wait for a group.
 *
 * One owner, or under its lock. A zeroed one is empty.
 */
#pragma once

#include <stddef.h>

struct wakers {
    int *fds; /* each once */
    size_t count;
    size_t capacity;
};

void wakers_deinit(struct wakers *wakers);
void wakers_add(struct wakers *wakers, int fd);
/* Writes to each. */
void wakers_call(const struct wakers *wakers);
/* The same, and forgets them. */
void wakers_wake(struct wakers *wakers);
