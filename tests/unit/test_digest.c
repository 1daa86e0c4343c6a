/* Digests: the examples of the standards that define them. */
#include "unit.h"

#include <stdio.h>

#include "digest.h"

static const char *as_hex(const struct digest *digest)
{
    static char hex[DIGEST_MOST_BYTES * 2 + 1];
    hex[0] = '\0';
    for (size_t i = 0; i < digest->len; i++)
        snprintf(hex + i * 2, 3, "%02x", digest->bytes[i]);
    return hex;
}

/* RFC 1321 and FIPS 180-4, "abc" each. */
static void each_algorithm_gives_its_standards_example(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hex;
    } cases[] = {
        {"md5", "900150983cd24fb0d6963f7d28e17f72"},
        {"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
                   "f20015ad"},
        {"sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a"
                   "43ff5bed8086072ba1e7cc2358baeca134c825a7"},
        {"sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee6"
                   "4b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
                   "2a9ac94fa54ca49f"},
    };
    assert_int_equal(sizeof cases / sizeof *cases, DIGEST_ALGORITHMS);
    for (size_t i = 0; i < DIGEST_ALGORITHMS; i++) {
        struct digest digest;
        enum digest_algorithm it = digest_find(text_of(cases[i].name));
        assert_string_equal(digest_name(it), cases[i].name);
        assert_true(digest_of(it, TEXT("abc"), &digest));
        assert_string_equal(as_hex(&digest), cases[i].hex);
    }
}

/* RFC 2202 and RFC 4231, case 2: the key "Jefe". */
static void each_algorithm_takes_a_key(void **state)
{
    (void)state;
    static const char *const hex[DIGEST_ALGORITHMS] = {
        "750c783e6ab0b503eaa86e310a5db738",
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
        "8e2240ca5e69e2c78b3239ecfab21649",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    };
    for (int i = 0; i < DIGEST_ALGORITHMS; i++) {
        struct digest digest;
        assert_true(digest_keyed((enum digest_algorithm)i, TEXT("Jefe"),
                                 TEXT("what do ya want for nothing?"),
                                 &digest));
        assert_string_equal(as_hex(&digest), hex[i]);
    }
}

static void nothing_has_a_digest_too(void **state)
{
    (void)state;
    struct digest digest;
    assert_true(digest_of(DIGEST_MD5, (struct text){NULL, 0}, &digest));
    assert_string_equal(as_hex(&digest), "d41d8cd98f00b204e9800998ecf8427e");
    assert_true(digest_keyed(DIGEST_MD5, (struct text){NULL, 0},
                             (struct text){NULL, 0}, &digest));
    assert_string_equal(as_hex(&digest), "74e6f7298a9c2d168935f58c001bad88");
}

static void an_unknown_name_is_none(void **state)
{
    (void)state;
    static const char *const names[] = {"",      "SHA256",  "sha-256",
                                        "sha25", "sha2567", "crc32"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(digest_find(text_of(names[i])), DIGEST_ALGORITHMS);
    assert_null(digest_name(DIGEST_ALGORITHMS));
}

static void equal_is_so_byte_for_byte(void **state)
{
    (void)state;
    assert_true(digest_equal(TEXT(""), (struct text){NULL, 0}));
    assert_true(digest_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(digest_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_false(digest_equal(TEXT("ab"), TEXT("abc")));
    assert_false(digest_equal(TEXT("xb"), TEXT("ab")));
}

static void wiped_memory_is_zero(void **state)
{
    (void)state;
    char secret[] = "secret";
    digest_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0", sizeof secret);
    assert_non_null(digest_library());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_gives_its_standards_example),
        cmocka_unit_test(each_algorithm_takes_a_key),
        cmocka_unit_test(nothing_has_a_digest_too),
        cmocka_unit_test(an_unknown_name_is_none),
        cmocka_unit_test(equal_is_so_byte_for_byte),
        cmocka_unit_test(wiped_memory_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
