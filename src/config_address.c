/* config_address.c - see config_address.h. Names are refused: what they mean
 * may change while the gateway runs, and with it who may reach it. */
#include "config_address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "text.h"

static bool check_host(const char *host, bool is_v6, bool *is_loopback)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (is_v6) {
        if (inet_pton(AF_INET6, host, &v6) != 1)
            return false;
        *is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
        return true;
    }
    if (inet_pton(AF_INET, host, &v4) != 1)
        return false;
    *is_loopback = ntohl(v4.s_addr) >> 24 == 127;
    return true;
}

bool config_address_check(const char *address, bool *is_loopback)
{
    char host[INET6_ADDRSTRLEN + 1];
    const char *colon = strrchr(address, ':');
    bool is_v6 = address[0] == '[';
    if (!colon || (is_v6 && (colon == address || colon[-1] != ']')))
        return false;
    int64_t port;
    if (!number_read_int(text_of(colon + 1), &port) || port < 0 || port > 65535)
        return false;
    int len = (int)(colon - address) - (is_v6 ? 2 : 0);
    if (len <= 0 || (size_t)len >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", len, address + is_v6);
    return check_host(host, is_v6, is_loopback);
}
