/* config_address.h - "127.0.0.1:8580" and "[::1]:8580", checked. */
#pragma once

#include <stdbool.h>

/* False: it is no address with a port from 0 to 65535. */
bool config_address_check(const char *address, bool *is_loopback);
