/* burial.h - refused lines until they are on disk as dead letters.
 *
 * They are collected, so that many go there at once. The lines themselves stay
 * where they are, in the parcel; all else is copied. A value; one thread at a
 * time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "dead.h"

struct burial {
    struct dead_point *points;
    size_t count;
    size_t room;
    int64_t since_ns; /* monotonic: the oldest waits since then */
    struct arena texts;
};

void burial_init(struct burial *burial);
/* Frees the memory; it is then as after burial_init. */
void burial_deinit(struct burial *burial);

/* Copies request_id and reason. */
void burial_add(struct burial *burial, const struct dead_point *point,
                int64_t now_ns);
/* It is time, though more may come. */
bool burial_is_due(const struct burial *burial, int64_t now_ns);
/* They are on disk. */
void burial_done(struct burial *burial);
