/* verify.c - see verify.h.
 *
 * A claimed secret is hashed and its digest compared with the digest of every
 * secret that will do, all of them each time: neither the length of a secret
 * nor how much of it was guessed shows in the time it takes. What a sender
 * claims is at most a header long, so hashing costs it more than us.
 */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "codec.h"
#include "digest.h"
#include "error.h"
#include "form.h"
#include "network.h"
#include "pairs.h"

enum { CLAIM_BYTES = 8 << 10 };

struct verify {
    enum verify_scheme scheme;
    char *name;
    struct digest *secrets;
    size_t secret_count;
    struct networks allow;
};

static const char *const scheme_names[] = {
    [VERIFY_NONE] = "allow",  [VERIFY_BEARER] = "bearer",
    [VERIFY_BASIC] = "basic", [VERIFY_HEADER] = "header",
    [VERIFY_QUERY] = "query",
};

static bool has_name(enum verify_scheme scheme)
{
    return scheme == VERIFY_HEADER || scheme == VERIFY_QUERY;
}

static bool take_secrets(struct verify *verify, const char *const *secrets,
                         struct error *err)
{
    const char *scheme = scheme_names[verify->scheme];
    size_t count = 0;
    while (secrets && secrets[count])
        count++;
    if (count == 0)
        return fail(err, ERR_CONFIG, "verify: %s without its secret", scheme);
    verify->secrets = xcalloc(count, sizeof *verify->secrets);
    for (; verify->secret_count < count; verify->secret_count++) {
        struct text secret = text_of(secrets[verify->secret_count]);
        if (secret.len == 0)
            return fail(err, ERR_CONFIG, "verify: %s with an empty secret",
                        scheme);
        if (verify->scheme == VERIFY_BASIC
            && !memchr(secret.at, ':', secret.len))
            return fail(err, ERR_CONFIG,
                        "verify: the secret of basic is \"user:password\"");
        if (!digest_of(DIGEST_SHA256, secret,
                       &verify->secrets[verify->secret_count]))
            return fail(err, ERR_CONFIG, "verify: SHA-256 is not available");
    }
    return true;
}

static bool take_name(struct verify *verify, const char *name,
                      struct error *err)
{
    if (!name || !*name)
        return fail(err, ERR_CONFIG, "verify: %s without a name",
                    scheme_names[verify->scheme]);
    if (verify->scheme == VERIFY_HEADER && strpbrk(name, " \t\r\n:,;\""))
        return fail(err, ERR_CONFIG, "verify: \"%s\" is no name of a header",
                    name);
    verify->name = xstrdup(name);
    return true;
}

static bool fill(struct verify *verify, const struct verify_options *options,
                 struct error *err)
{
    verify->scheme = options->scheme;
    if (!networks_init(&verify->allow, options->allow, err))
        return false;
    if (options->scheme == VERIFY_NONE)
        return verify->allow.count > 0
               || fail(err, ERR_CONFIG,
                       "verify says neither a scheme nor whom to allow");
    return (!has_name(options->scheme) || take_name(verify, options->name, err))
           && take_secrets(verify, options->secrets, err);
}

struct verify *verify_new(const struct verify_options *options,
                          struct error *err)
{
    struct verify *verify = xcalloc(1, sizeof *verify);
    if (fill(verify, options, err))
        return verify;
    verify_free(verify);
    return NULL;
}

void verify_free(struct verify *verify)
{
    if (!verify)
        return;
    if (verify->secrets)
        digest_wipe(verify->secrets,
                    verify->secret_count * sizeof *verify->secrets);
    free(verify->secrets);
    networks_deinit(&verify->allow);
    free(verify->name);
    free(verify);
}

static struct text text_of_digest(const struct digest *digest)
{
    return (struct text){(const char *)digest->bytes, digest->len};
}

static bool is_secret(const struct verify *verify, struct text claimed)
{
    struct digest digest;
    bool found = false;
    if (!digest_of(DIGEST_SHA256, claimed, &digest))
        return false;
    for (size_t i = 0; i < verify->secret_count; i++)
        found |= digest_equal(text_of_digest(&digest),
                              text_of_digest(&verify->secrets[i]));
    return found;
}

/* "Bearer abc" without "Bearer ". */
static bool take_scheme(struct text *credentials, struct text scheme)
{
    struct text head = {credentials->at, scheme.len};
    if (credentials->len <= scheme.len || credentials->at[scheme.len] != ' '
        || !text_equal_nocase(head, scheme))
        return false;
    *credentials = text_skip(*credentials, scheme.len);
    while (credentials->len > 0 && *credentials->at == ' ')
        *credentials = text_skip(*credentials, 1);
    return true;
}

static bool has_bearer(const struct verify *verify, struct text credentials)
{
    return (take_scheme(&credentials, TEXT("Bearer"))
            || take_scheme(&credentials, TEXT("Token")))
           && is_secret(verify, credentials);
}

static bool has_basic(const struct verify *verify, struct text credentials)
{
    struct buf plain;
    buf_init(&plain, CLAIM_BYTES);
    bool is_right = take_scheme(&credentials, TEXT("Basic"))
                    && codec_base64_decode(credentials, &plain, NULL)
                    && is_secret(verify, buf_text(&plain));
    if (plain.data)
        digest_wipe(plain.data, plain.capacity);
    buf_deinit(&plain);
    return is_right;
}

static bool has_query(const struct verify *verify, struct text rest)
{
    char name_bytes[CLAIM_BYTES], value_bytes[CLAIM_BYTES];
    struct text name, value;
    bool is_right = false;
    if (rest.len > CLAIM_BYTES)
        return false;
    while (form_next(&rest, &name, &value)) {
        name.len = codec_url_decode(name, true, name_bytes);
        name.at = name_bytes;
        if (!text_equal(name, text_of(verify->name)))
            continue;
        value.len = codec_url_decode(value, true, value_bytes);
        value.at = value_bytes;
        is_right = is_secret(verify, value);
    }
    return is_right;
}

static bool has_secret(const struct verify *verify,
                       const struct verify_claim *claim)
{
    struct text credentials =
        pairs_get_nocase(claim->headers, TEXT("Authorization"));
    switch (verify->scheme) {
    case VERIFY_NONE:
        return true;
    case VERIFY_BEARER:
        return has_bearer(verify, credentials);
    case VERIFY_BASIC:
        return has_basic(verify, credentials);
    case VERIFY_HEADER:
        credentials = pairs_get_nocase(claim->headers, text_of(verify->name));
        return credentials.at && is_secret(verify, credentials);
    case VERIFY_QUERY:
        return has_query(verify, claim->query_string);
    }
    return false;
}

static bool comes_from_allowed(const struct verify *verify, struct text remote)
{
    struct address address;
    return verify->allow.count == 0
           || (address_read(remote, &address)
               && networks_have(&verify->allow, &address));
}

static bool query_has_name(const struct verify *verify, struct text rest)
{
    char bytes[CLAIM_BYTES];
    struct text name, value;
    if (rest.len > CLAIM_BYTES)
        return true; /* nobody looks into that one */
    while (form_next(&rest, &name, &value)) {
        name.len = codec_url_decode(name, true, bytes);
        name.at = bytes;
        if (text_equal(name, text_of(verify->name)))
            return true;
    }
    return false;
}

/* Something stands where the secret should: it is another one. */
static bool has_claim(const struct verify *verify,
                      const struct verify_claim *claim)
{
    if (verify->scheme == VERIFY_QUERY)
        return query_has_name(verify, claim->query_string);
    struct text header = verify->scheme == VERIFY_HEADER
                             ? text_of(verify->name)
                             : TEXT("Authorization");
    return pairs_get_nocase(claim->headers, header).at != NULL;
}

static bool unauthorized(const struct verify *verify,
                         const struct verify_claim *claim, struct error *err)
{
    const char *came = has_claim(verify, claim) ? "another came" : "none came";
    switch (verify->scheme) {
    case VERIFY_BEARER:
        return fail(err, ERR_UNAUTHORIZED,
                    "Authorization: Bearer with the right token is wanted; %s",
                    came);
    case VERIFY_BASIC:
        return fail(err, ERR_UNAUTHORIZED,
                    "Authorization: Basic with the right user and password is"
                    " wanted; %s",
                    came);
    case VERIFY_HEADER:
        return fail(err, ERR_UNAUTHORIZED,
                    "the header %s with the right value is wanted; %s",
                    verify->name, came);
    case VERIFY_QUERY:
        return fail(err, ERR_UNAUTHORIZED,
                    "the query parameter %s with the right value is wanted; %s",
                    verify->name, came);
    case VERIFY_NONE:
        break;
    }
    return fail(err, ERR_UNAUTHORIZED, "not authorized");
}

bool verify_sender(const struct verify *verify,
                   const struct verify_claim *claim, struct error *err)
{
    if (!comes_from_allowed(verify, claim->remote))
        return fail(err, ERR_FORBIDDEN,
                    "this address may not send to this route");
    return has_secret(verify, claim) || unauthorized(verify, claim, err);
}

bool verify_reads_header(const struct verify *verify, struct text name)
{
    return verify->scheme == VERIFY_HEADER
           && text_equal_nocase(name, text_of(verify->name));
}

bool verify_reads_query(const struct verify *verify, struct text name)
{
    return verify->scheme == VERIFY_QUERY
           && text_equal_nocase(name, text_of(verify->name));
}

const char *verify_challenge(const struct verify *verify)
{
    if (verify->scheme == VERIFY_BEARER)
        return "Bearer realm=\"moonline\"";
    return verify->scheme == VERIFY_BASIC ? "Basic realm=\"moonline\"" : NULL;
}
