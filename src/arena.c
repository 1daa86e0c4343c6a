/* arena.c - see arena.h. The first block is small, each further one doubles up
 * to a limit, a piece larger than that gets a block of its own. */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { FIRST_BLOCK_BYTES = 8 << 10, LAST_BLOCK_BYTES = 256 << 10 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max_bytes = max_bytes};
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_deinit(struct arena *arena)
{
    free_blocks(arena->blocks);
    arena_init(arena, arena->max_bytes);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->blocks;
    arena->used_bytes = 0;
    if (!kept)
        return;
    free_blocks(kept->next);
    kept->next = NULL;
    kept->used = 0;
    if (kept->size > LAST_BLOCK_BYTES) {
        free(kept);
        arena->blocks = NULL;
    }
}

static struct arena_block *add_block(struct arena *arena, size_t needed)
{
    size_t size = FIRST_BLOCK_BYTES;
    if (arena->blocks && arena->blocks->size >= size)
        size = arena->blocks->size * 2;
    if (size > LAST_BLOCK_BYTES)
        size = LAST_BLOCK_BYTES;
    if (size < needed)
        size = needed;
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block) {
        memory_was_refused();
        return NULL;
    }
    block->next = arena->blocks;
    block->size = size;
    block->used = 0;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    if (size > arena->max_bytes - arena->used_bytes)
        return NULL;
    struct arena_block *block = arena->blocks;
    if (!block || size > block->size - block->used)
        block = add_block(arena, size);
    if (!block)
        return NULL;
    void *piece = block->bytes + block->used;
    block->used += size;
    arena->used_bytes += size;
    return piece;
}

bool arena_copy(struct arena *arena, struct text bytes, struct text *copy)
{
    *copy = (struct text){NULL, 0};
    if (bytes.len == 0)
        return true;
    char *at = arena_alloc(arena, bytes.len);
    if (!at)
        return false;
    memcpy(at, bytes.at, bytes.len);
    *copy = (struct text){at, bytes.len};
    return true;
}
