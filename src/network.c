/* network.c - see network.h. Everything is kept as 128 bits, so that a network
 * is one prefix comparison whatever family it came from. */
#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "buf.h"
#include "error.h"

enum { MAPPED_BYTES = 12, ALL_BITS = 128, MAPPED_BITS = 96 };

static const unsigned char mapped_prefix[MAPPED_BYTES] = {
    [10] = 0xff, [11] = 0xff};

bool address_is_v4(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, MAPPED_BYTES) == 0;
}

static void map_v4(struct address *address, const void *v4)
{
    memcpy(address->bytes, mapped_prefix, MAPPED_BYTES);
    memcpy(address->bytes + MAPPED_BYTES, v4, 4);
}

bool address_read(struct text text, struct address *address)
{
    const char *scope = text.len ? memchr(text.at, '%', text.len) : NULL;
    if (scope)
        text.len = (size_t)(scope - text.at);
    char name[INET6_ADDRSTRLEN + 1];
    if (text.len == 0 || text.len >= sizeof name
        || memchr(text.at, '\0', text.len))
        return false;
    memcpy(name, text.at, text.len);
    name[text.len] = '\0';
    struct in_addr v4;
    if (inet_pton(AF_INET, name, &v4) == 1) {
        map_v4(address, &v4);
        return true;
    }
    return inet_pton(AF_INET6, name, address->bytes) == 1;
}

bool address_of(const struct sockaddr *socket, struct address *address)
{
    if (socket->sa_family == AF_INET) {
        const void *at = socket;
        const struct sockaddr_in *v4 = at;
        map_v4(address, &v4->sin_addr);
        return true;
    }
    if (socket->sa_family != AF_INET6)
        return false;
    const void *at = socket;
    const struct sockaddr_in6 *v6 = at;
    memcpy(address->bytes, &v6->sin6_addr, sizeof address->bytes);
    return true;
}

size_t address_format(const struct address *address, char *out)
{
    const char *text =
        address_is_v4(address)
            ? inet_ntop(AF_INET, address->bytes + MAPPED_BYTES, out,
                        ADDRESS_TEXT_BYTES)
            : inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT_BYTES);
    return text ? strlen(text) : 0;
}

bool address_is_loopback(const struct address *address)
{
    static const struct address v6_loopback = {.bytes = {[15] = 1}};
    if (address_is_v4(address))
        return address->bytes[MAPPED_BYTES] == 127;
    return memcmp(address, &v6_loopback, sizeof v6_loopback) == 0;
}

/* At most three digits and no sign, or -1. */
static int read_bits(struct text digits)
{
    int bits = 0;
    if (digits.len == 0 || digits.len > 3)
        return -1;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return -1;
        bits = bits * 10 + (digits.at[i] - '0');
    }
    return bits;
}

bool network_read(struct text text, struct network *network, struct error *err)
{
    struct text name = text;
    const char *slash = text.len ? memchr(text.at, '/', text.len) : NULL;
    if (slash)
        name.len = (size_t)(slash - text.at);
    if (!address_read(name, &network->address))
        return fail(err, ERR_CONFIG,
                    "\"%.*s\" is no network: 192.168.1.0/24 or ::1 would be",
                    TEXT_ARG(text));
    bool is_v4 = !memchr(name.at, ':', name.len);
    int most = is_v4 ? ALL_BITS - MAPPED_BITS : ALL_BITS;
    int bits = slash ? read_bits(text_skip(text, name.len + 1)) : most;
    if (bits < 0 || bits > most)
        return fail(err, ERR_CONFIG,
                    "network \"%.*s\": what follows the / is a number from 0"
                    " to %d",
                    TEXT_ARG(text), most);
    network->bits = (unsigned)bits + (is_v4 ? MAPPED_BITS : 0);
    return true;
}

bool network_has(const struct network *network, const struct address *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    unsigned difference =
        whole < sizeof address->bytes
            ? network->address.bytes[whole] ^ (unsigned)address->bytes[whole]
            : 0;
    return rest == 0 || difference >> (8 - rest) == 0;
}

bool networks_init(struct networks *networks, const char *const *names,
                   struct error *err)
{
    *networks = (struct networks){NULL, 0};
    size_t count = 0;
    while (names && names[count])
        count++;
    if (count == 0)
        return true;
    networks->items = xcalloc(count, sizeof *networks->items);
    for (; networks->count < count; networks->count++)
        if (!network_read(text_of(names[networks->count]),
                          &networks->items[networks->count], err)) {
            networks_deinit(networks);
            return false;
        }
    return true;
}

void networks_deinit(struct networks *networks)
{
    free(networks->items);
    *networks = (struct networks){NULL, 0};
}

bool networks_have(const struct networks *networks,
                   const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_has(&networks->items[i], address))
            return true;
    return false;
}
