/* remote.h - whom a request came from, when proxies stand in front.
 *
 * X-Forwarded-For is believed as far as those who wrote it are trusted: from
 * the right, the first address that is none of the trusted proxies'. Reentrant.
 */
#pragma once

#include "text.h"

struct address;
struct networks;
struct pairs;

/* The sender's address as text: peer_text, or a part of a header's value. */
struct text remote_of(const struct networks *trusted,
                      const struct address *peer, struct text peer_text,
                      const struct pairs *headers);
