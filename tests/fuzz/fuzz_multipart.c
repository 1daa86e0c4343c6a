/* fuzz_multipart.c - any bytes as a multipart body: no crash, every part inside
 * the body, and an error has a kind and a text.
 * The first byte says how many of the next are the boundary.
 */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "ceilings.h"
#include "error.h"
#include "multipart.h"

enum { BOUNDARY_MASK = 7 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(struct text body, struct text text)
{
    must(!text.at
         || (text.at >= body.at && text.at + text.len <= body.at + body.len));
}

static void check_part(struct text body, const struct part *part)
{
    check_inside(body, part->body);
    check_inside(body, part->type);
    must(part->headers.count <= LIMIT_PART_HEADERS);
    for (size_t i = 0; i < part->headers.count; i++) {
        check_inside(body, part->headers.items[i].name);
        check_inside(body, part->headers.items[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len = size > 0 ? (data[0] & BOUNDARY_MASK) + 1u : 0;
    if (size < len + 1)
        return 0;
    struct text boundary = {(const char *)data + 1, len};
    struct text body = {(const char *)data + 1 + len, size - 1 - len};
    struct text found;
    struct arena arena;
    struct parts parts = {.count = 0};
    struct error err = {0};
    arena_init(&arena, LIMIT_REQUEST_ARENA_BYTES);
    if (!multipart_read(body, boundary, &parts, &arena, &err))
        must(err.kind != ERR_NONE && err.text[0]);
    must(parts.count <= LIMIT_PARTS);
    for (size_t i = 0; i < parts.count; i++)
        check_part(body, &parts.items[i]);
    if (!multipart_boundary(body, &arena, &found, &err))
        must(err.kind == ERR_BAD_REQUEST);
    arena_deinit(&arena);
    return 0;
}
