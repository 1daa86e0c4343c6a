/* network.h - addresses and the networks they are in, IPv4 and IPv6.
 *
 * An IPv4 address and the same one written as IPv6 (::ffff:1.2.3.4) are equal.
 * Values only; reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct error;
struct sockaddr;

struct address {
    unsigned char bytes[16]; /* IPv6, or IPv4 mapped into it */
};

struct network {
    struct address address;
    unsigned bits; /* of the 128 that count */
};

/* "192.168.1.7", "::1", "fe80::1%eth0"; no port. False: none of these. */
bool address_read(struct text text, struct address *address);
/* IPv4 and IPv6; false for another family. */
bool address_of(const struct sockaddr *socket, struct address *address);
/* Writes it as text and returns the length; out holds ADDRESS_TEXT_BYTES. */
enum { ADDRESS_TEXT_BYTES = 48 };
size_t address_format(const struct address *address, char *out);
bool address_is_v4(const struct address *address);
bool address_is_loopback(const struct address *address);

/* "192.168.1.0/24", "2001:db8::/32", or one address. ERR_CONFIG names it. */
bool network_read(struct text text, struct network *network, struct error *err);
bool network_has(const struct network *network, const struct address *address);

/* A list of them, as a configuration gives it. */
struct networks {
    struct network *items; /* malloc'ed */
    size_t count;
};

/* names: NULL-terminated, NULL means none. Empty and ERR_CONFIG if one is bad.
 */
bool networks_init(struct networks *networks, const char *const *names,
                   struct error *err);
void networks_deinit(struct networks *networks);
bool networks_have(const struct networks *networks,
                   const struct address *address);
