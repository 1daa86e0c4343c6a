/* trial_accept.h - a *.http file again, with what came now as what is expected.
 *
 * Only the expectations that are handed over change, and of these only what
 * differs: titles, comments, points that came as expected, their order and
 * everything else stay byte for byte.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "text.h"

struct error;
struct trial_case;
struct trial_difference;

struct trial_accept {
    struct text old;   /* the file as it is */
    struct buf text;   /* as it shall be, up to copied */
    size_t copied;     /* bytes of old */
    unsigned accepted; /* cases */
};

/* old stays the caller's, and must live as long. */
void trial_accept_init(struct trial_accept *accept, struct text old);
void trial_accept_deinit(struct trial_accept *accept);

/* What a case made. */
struct trial_made {
    int status;
    struct text answer;
    int64_t receipt_ns;
    const struct trial_difference *difference;
    struct text kept;       /* reasons that nobody expected, a line each */
    struct text kept_fates; /* see trial_compare_kept */
};

/* In the order of the file; trial must have an expectation. A made line whose
 * time is the receipt's is written without it, unless the line that it replaces
 * had one. */
void trial_accept_case(struct trial_accept *accept,
                       const struct trial_case *trial,
                       const struct trial_made *made);

/* Puts the new text in the place of the file, as a whole and with its mode;
 * does nothing if no case was accepted. ERR_USAGE names the file. */
bool trial_accept_write(struct trial_accept *accept, const char *path,
                        struct error *err);
