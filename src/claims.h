/* claims.h - what an answer says of single lines, before it is known which
 * lines these are.
 *
 * Servers name a line by its text, by its number, or say that one is too long.
 * Each complaint is an entry; one that quotes a line which itself holds
 * quotation marks can be read in several ways, and each is a claim of the same
 * entry. The texts point into the struct or into what was read, and hold until
 * the next read. What is kept is bounded by what was read. One thread at a
 * time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "text.h"

struct words;

enum claim_kind {
    CLAIM_TEXT,   /* the line is text */
    CLAIM_NUMBER, /* the line is the number-th, counted from 1 and without blank
                     ones, and begins with text */
    CLAIM_LONGER, /* lines of more than number bytes; the only one, then */
    CLAIM_KINDS
};

struct claim {
    enum claim_kind kind;
    unsigned entry;
    struct text text;
    uint64_t number;
    struct text reason;
    bool is_found; /* for whoever looks for the lines */
    uint32_t next;
};

struct claims {
    struct claim *items;
    size_t count;
    size_t capacity;
    unsigned entries;   /* those that name no line at all, too */
    bool is_incomplete; /* there are more than could be read */
    struct buf texts;
};

void claims_init(struct claims *claims);
void claims_deinit(struct claims *claims);
void claims_read(struct claims *claims, const struct words *words,
                 struct text body);
