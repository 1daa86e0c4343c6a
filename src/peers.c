/* peers.c - see peers.h. A table of chains, hashed with a secret that is drawn
 * at start, so that no choice of addresses makes one chain long. It holds an
 * entry per address that is connected now, so it is as large as the number of
 * connections at most. */
#include "peers.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "file.h"
#include "network.h"

enum { CHAINS = 4096, V6_PREFIX_BYTES = 8 };

struct peer {
    struct peer *next;
    struct address address;
    unsigned count;
};

struct peers {
    pthread_mutex_t lock; /* guards chains */
    struct peer *chains[CHAINS];
    uint64_t secret[2];
    unsigned max_per_address;
};

struct peers *peers_new(unsigned max_per_address)
{
    struct peers *peers = xcalloc(1, sizeof *peers);
    pthread_mutex_init(&peers->lock, NULL);
    peers->secret[0] = file_real.random(&file_real);
    peers->secret[1] = file_real.random(&file_real) | 1;
    peers->max_per_address = max_per_address;
    return peers;
}

void peers_free(struct peers *peers)
{
    if (!peers)
        return;
    for (size_t i = 0; i < CHAINS; i++)
        while (peers->chains[i]) {
            struct peer *peer = peers->chains[i];
            peers->chains[i] = peer->next;
            free(peer);
        }
    pthread_mutex_destroy(&peers->lock);
    free(peers);
}

/* What is counted together. */
static struct address key_of(const struct address *address)
{
    struct address key = *address;
    if (!address_is_v4(address))
        memset(key.bytes + V6_PREFIX_BYTES, 0,
               sizeof key.bytes - V6_PREFIX_BYTES);
    return key;
}

static struct peer **find(struct peers *peers, const struct address *key)
{
    uint64_t half[2];
    memcpy(half, key->bytes, sizeof half);
    uint64_t hash = (half[0] ^ peers->secret[0]) * peers->secret[1];
    hash = (hash ^ hash >> 29 ^ half[1]) * peers->secret[1];
    struct peer **at = &peers->chains[hash >> 52];
    while (*at && memcmp(&(*at)->address, key, sizeof *key) != 0)
        at = &(*at)->next;
    return at;
}

bool peers_may_enter(struct peers *peers, const struct address *address)
{
    if (address_is_loopback(address))
        return true;
    struct address key = key_of(address);
    pthread_mutex_lock(&peers->lock);
    const struct peer *peer = *find(peers, &key);
    bool may = !peer || peer->count < peers->max_per_address;
    pthread_mutex_unlock(&peers->lock);
    return may;
}

void peers_enter(struct peers *peers, const struct address *address)
{
    if (address_is_loopback(address))
        return;
    struct address key = key_of(address);
    pthread_mutex_lock(&peers->lock);
    struct peer **at = find(peers, &key);
    if (!*at) {
        *at = xcalloc(1, sizeof **at);
        (*at)->address = key;
    }
    (*at)->count++;
    pthread_mutex_unlock(&peers->lock);
}

void peers_leave(struct peers *peers, const struct address *address)
{
    if (address_is_loopback(address))
        return;
    struct address key = key_of(address);
    pthread_mutex_lock(&peers->lock);
    struct peer **at = find(peers, &key), *peer = *at;
    if (peer && --peer->count == 0) {
        *at = peer->next;
        free(peer);
    }
    pthread_mutex_unlock(&peers->lock);
}
