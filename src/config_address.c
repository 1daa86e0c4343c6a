/* config_address.c - see config_address.h. Names are refused: what they mean
 * may change while the gateway runs, and with it who may reach it. */
#include "config_address.h"

#include <stdint.h>
#include <string.h>

#include "network.h"
#include "number.h"
#include "text.h"

bool config_address_check(const char *address, bool *is_loopback)
{
    const char *colon = strrchr(address, ':');
    bool is_v6 = address[0] == '[';
    if (!colon || (is_v6 && (colon == address || colon[-1] != ']')))
        return false;
    int64_t port;
    if (!number_read_int(text_of(colon + 1), &port) || port < 0 || port > 65535)
        return false;
    struct text host = {address, (size_t)(colon - address)};
    if (is_v6)
        host = (struct text){host.at + 1, host.len - 2};
    struct address read;
    if (!address_read(host, &read) || is_v6 == !memchr(host.at, ':', host.len))
        return false;
    *is_loopback = address_is_loopback(&read);
    return true;
}
