/* arena.h - memory that lives as long as one request.
 *
 * Pieces are handed out from blocks that never move, and all given back at
 * once. An arena has a ceiling, since a sender chooses how much of it is used:
 * past it (or past memory) arena_alloc returns NULL and stores nothing.
 * One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* the newest first */
    size_t used_bytes;
    size_t max_bytes;
};

void arena_init(struct arena *arena, size_t max_bytes);
void arena_deinit(struct arena *arena);
/* Takes every piece back. One block is kept, so that steady work allocates
 * nothing. */
void arena_reset(struct arena *arena);

/* Aligned for any type, not zeroed; NULL past the ceiling. size 0 is fine. */
void *arena_alloc(struct arena *arena, size_t size);
/* Copies bytes; false past the ceiling, *copy is then empty. */
bool arena_copy(struct arena *arena, struct text bytes, struct text *copy);
