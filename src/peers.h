/* peers.h - how many connections each address has open.
 *
 * One table for all workers, behind one lock; it is asked when a connection
 * comes and told when it goes. Loopback is not counted: behind a reverse proxy
 * every sender is that one address. IPv6 is counted by /64, since whoever has
 * one address there has them all.
 */
#pragma once

#include <stdbool.h>

struct address;
struct peers;

struct peers *peers_new(unsigned max_per_address);
void peers_free(struct peers *peers);

/* False: this address has as many as it may. Counts nothing. */
bool peers_may_enter(struct peers *peers, const struct address *address);
void peers_enter(struct peers *peers, const struct address *address);
void peers_leave(struct peers *peers, const struct address *address);
