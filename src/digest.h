/* digest.h - digests, keyed or not, and a comparison that tells no more than
 * its result.
 *
 * Reentrant. The digests are those that signatures of webhooks use; md5 and
 * sha1 are there for old senders, not for secrets of ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum digest_algorithm {
    DIGEST_MD5,
    DIGEST_SHA1,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    DIGEST_ALGORITHMS /* how many there are */
};

enum { DIGEST_MOST_BYTES = 64 };

struct digest {
    unsigned char bytes[DIGEST_MOST_BYTES];
    size_t len; /* that the algorithm gives: 16 to 64 */
};

/* "sha256", in lower case; NULL beyond the last. */
const char *digest_name(enum digest_algorithm algorithm);
/* DIGEST_ALGORITHMS if there is none of that name. */
enum digest_algorithm digest_find(struct text name);

/* False only if the library has not got the algorithm (a policy of the system
 * may forbid one); *digest is then of no length. */
bool digest_of(enum digest_algorithm algorithm, struct text bytes,
               struct digest *digest);
bool digest_keyed(enum digest_algorithm algorithm, struct text key,
                  struct text bytes, struct digest *digest);

/* The time it takes depends on the lengths only. */
bool digest_equal(struct text a, struct text b);

/* Zeroes memory such that a compiler does not leave it out. */
void digest_wipe(void *memory, size_t len);

/* The version of the library in use. */
const char *digest_library(void);
