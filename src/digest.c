/* digest.c - see digest.h. GnuTLS does the work; the rest is a table from our
 * names to its numbers. What can go wrong: a system's policy forbids an
 * algorithm, md5 first of all; then the caller is told, and nothing matches.
 */
#include "digest.h"

#include <assert.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

static const struct algorithm {
    const char *name;
    gnutls_digest_algorithm_t plain;
    gnutls_mac_algorithm_t keyed;
    size_t len;
} algorithms[DIGEST_ALGORITHMS] = {
    [DIGEST_MD5] = {"md5", GNUTLS_DIG_MD5, GNUTLS_MAC_MD5, 16},
    [DIGEST_SHA1] = {"sha1", GNUTLS_DIG_SHA1, GNUTLS_MAC_SHA1, 20},
    [DIGEST_SHA256] = {"sha256", GNUTLS_DIG_SHA256, GNUTLS_MAC_SHA256, 32},
    [DIGEST_SHA384] = {"sha384", GNUTLS_DIG_SHA384, GNUTLS_MAC_SHA384, 48},
    [DIGEST_SHA512] = {"sha512", GNUTLS_DIG_SHA512, GNUTLS_MAC_SHA512, 64},
};

const char *digest_name(enum digest_algorithm algorithm)
{
    return algorithm < DIGEST_ALGORITHMS ? algorithms[algorithm].name : NULL;
}

enum digest_algorithm digest_find(struct text name)
{
    unsigned found = 0;
    while (found < DIGEST_ALGORITHMS
           && !text_equal(name, text_of(algorithms[found].name)))
        found++;
    return (enum digest_algorithm)found;
}

static const void *bytes_of(struct text text)
{
    return text.at ? text.at : "";
}

bool digest_of(enum digest_algorithm algorithm, struct text bytes,
               struct digest *digest)
{
    assert(algorithm < DIGEST_ALGORITHMS);
    const struct algorithm *it = &algorithms[algorithm];
    bool done =
        gnutls_hash_fast(it->plain, bytes_of(bytes), bytes.len, digest->bytes)
        == 0;
    digest->len = done ? it->len : 0;
    return done;
}

bool digest_keyed(enum digest_algorithm algorithm, struct text key,
                  struct text bytes, struct digest *digest)
{
    assert(algorithm < DIGEST_ALGORITHMS);
    const struct algorithm *it = &algorithms[algorithm];
    bool done = gnutls_hmac_fast(it->keyed, bytes_of(key), key.len,
                                 bytes_of(bytes), bytes.len, digest->bytes)
                == 0;
    digest->len = done ? it->len : 0;
    return done;
}

bool digest_equal(struct text a, struct text b)
{
    return a.len == b.len
           && (a.len == 0 || gnutls_memcmp(a.at, b.at, a.len) == 0);
}

void digest_wipe(void *memory, size_t len)
{
    gnutls_memset(memory, 0, len);
}

const char *digest_library(void)
{
    return gnutls_check_version(NULL);
}
