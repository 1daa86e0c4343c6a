/* fuzz_gate.c - any headers at the gate: what is let in can be read in one way
 * only, by rules written here a second time. A line of the input is a header,
 * its name before the first colon.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "gate.h"
#include "network.h"
#include "pairs.h"
#include "remote.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void split(struct text in, struct pairs *headers, struct arena *arena)
{
    while (in.len > 0) {
        const char *end = memchr(in.at, '\n', in.len);
        size_t len = end ? (size_t)(end - in.at) : in.len;
        const char *colon = len ? memchr(in.at, ':', len) : NULL;
        size_t name = colon ? (size_t)(colon - in.at) : len;
        struct text value = {in.at + name, 0};
        if (colon)
            value = (struct text){colon + 1, len - name - 1};
        must(pairs_add(headers, arena, (struct text){in.at, name}, value));
        in = text_skip(in, end ? len + 1 : len);
    }
}

static size_t count(const struct pairs *headers, const char *name)
{
    size_t found = 0;
    for (size_t i = 0; i < headers->count; i++)
        found += text_equal_nocase(headers->items[i].name, text_of(name));
    return found;
}

/* Only digits, and the number that they say. */
static void check_length(struct text value, uint64_t length)
{
    char digits[32];
    must(value.len > 0 && value.len < sizeof digits);
    memcpy(digits, value.at, value.len);
    digits[value.len] = '\0';
    must(strspn(digits, "0123456789") == value.len);
    must(strtoull(digits, NULL, 10) == length);
}

static void check_clear(const struct pairs *headers,
                        const struct gate_body *body)
{
    size_t lengths = count(headers, "Content-Length");
    size_t encodings = count(headers, "Transfer-Encoding");
    must(lengths + encodings <= 1 && count(headers, "Host") <= 1);
    must(body->has_length == (lengths == 1));
    must(body->is_chunked == (encodings == 1));
    if (body->has_length)
        check_length(pairs_get_nocase(headers, TEXT("Content-Length")),
                     body->length);
    if (body->is_chunked)
        must(text_equal_nocase(
            pairs_get_nocase(headers, TEXT("Transfer-Encoding")),
            TEXT("chunked")));
    for (size_t i = 0; i < headers->count; i++) {
        struct text name = headers->items[i].name;
        must(name.len > 0 && !memchr(name.at, ' ', name.len)
             && !memchr(name.at, '\t', name.len)
             && !memchr(name.at, '\0', name.len));
    }
}

static void check_remote(const struct pairs *headers)
{
    static const char *const trusted[] = {"10.0.0.0/8", NULL};
    struct networks networks;
    struct address peer, found;
    must(networks_init(&networks, trusted, NULL));
    must(address_read(TEXT("10.0.0.1"), &peer));
    must(address_read(remote_of(&networks, &peer, TEXT("10.0.0.1"), headers),
                      &found));
    networks_deinit(&networks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct pairs headers = {0};
    struct gate_body body;
    struct error err = {0};
    arena_init(&arena, 64 << 20);
    split((struct text){(const char *)data, size}, &headers, &arena);
    if (gate_check_headers(&headers, TEXT("HTTP/1.1"), &body, &err))
        check_clear(&headers, &body);
    else
        must(err.kind == ERR_BAD_REQUEST || err.kind == ERR_HEADERS);
    check_remote(&headers);
    arena_deinit(&arena);
    return 0;
}
