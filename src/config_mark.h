/* config_mark.h - whether two readings of the configuration say the same of an
 * option, without keeping what they say. Secrets (token, password) do not
 * count: they may change at any time. */
#pragma once

#include <stdint.h>

struct setting;

/* The same for settings that say the same, whatever their lines; 0 for NULL. */
uint64_t config_mark(const struct setting *setting);
