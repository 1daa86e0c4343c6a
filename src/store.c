/* store.c - see store.h.
 *
 * A table of chains that is made once, large enough for the most entries, and a
 * list of all entries from the last used to the one that goes first. An entry
 * and its name and text are one piece of memory; a number changes in place.
 * One that has expired is dropped by whoever finds it, or when its turn in the
 * list comes.
 *
 * What can go wrong: names are a sender's (a delivery's id), so the hash is
 * keyed; a sender with ever new names pushes out what others keep, which is
 * what the bound means. No memory for an entry is an error for that script.
 */
#include "store.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "file.h"
#include "siphash.h"

struct entry {
    struct entry *next;          /* in its chain */
    struct entry *newer, *older; /* by use */
    uint64_t hash;
    int64_t expires_ns; /* INT64_MAX: never */
    uint64_t ticket;    /* or a mark: see store_settle; 0: none */
    struct store_value value;
    size_t name_len;
    char bytes[]; /* the name, then the text */
};

struct store {
    size_t max_entries, max_bytes;
    size_t chain_count; /* a power of two */
    struct siphash_key key;
    atomic_uint_least64_t marks;

    pthread_mutex_t lock; /* guards all below */
    struct entry **chains;
    struct entry *newest, *oldest;
    size_t count, bytes;
};

static size_t bytes_of(const struct entry *entry)
{
    return sizeof *entry + entry->name_len
           + (entry->value.type == STORE_TEXT ? entry->value.as.text.len : 0);
}

struct store *store_new(size_t max_entries, size_t max_bytes)
{
    assert(max_entries > 0 && max_bytes >= LIMIT_STORE_ENTRY_BYTES);
    struct store *store = xcalloc(1, sizeof *store);
    store->max_entries = max_entries;
    store->max_bytes = max_bytes;
    store->chain_count = 1;
    while (store->chain_count < max_entries)
        store->chain_count *= 2;
    for (int i = 0; i < 2; i++)
        store->key.halves[i] = file_real.random(&file_real);
    store->chains = xcalloc(store->chain_count, sizeof(struct entry *));
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

static struct entry **chain_of(struct store *store, uint64_t hash)
{
    return &store->chains[hash & (store->chain_count - 1)];
}

static void unlink_use(struct store *store, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &store->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &store->oldest) = entry->newer;
}

static void link_newest(struct store *store, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = store->newest;
    *(store->newest ? &store->newest->newer : &store->oldest) = entry;
    store->newest = entry;
}

static void drop(struct store *store, struct entry *entry)
{
    struct entry **at = chain_of(store, entry->hash);
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    unlink_use(store, entry);
    store->count--;
    store->bytes -= bytes_of(entry);
    free(entry);
}

static void drop_all(struct store *store)
{
    while (store->oldest)
        drop(store, store->oldest);
}

void store_free(struct store *store)
{
    if (!store)
        return;
    drop_all(store);
    pthread_mutex_destroy(&store->lock);
    free(store->chains);
    free(store);
}

void store_clear(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    drop_all(store);
    pthread_mutex_unlock(&store->lock);
}

/* The entry of that name, now the last used; NULL if there is none, or none
 * any more. */
static struct entry *find(struct store *store, struct text name, uint64_t hash,
                          int64_t now_ns)
{
    struct entry *entry = *chain_of(store, hash);
    while (entry
           && (entry->hash != hash || entry->name_len != name.len
               || (name.len && memcmp(entry->bytes, name.at, name.len) != 0)))
        entry = entry->next;
    if (entry && entry->expires_ns <= now_ns) {
        drop(store, entry);
        return NULL;
    }
    if (entry) {
        unlink_use(store, entry);
        link_newest(store, entry);
    }
    return entry;
}

static int64_t expiry(int64_t now_ns, uint64_t ttl_ns)
{
    bool is_never = ttl_ns == 0 || ttl_ns >= (uint64_t)(INT64_MAX - now_ns);
    return is_never ? INT64_MAX : now_ns + (int64_t)ttl_ns;
}

/* An entry that is in no list yet. Made before the lock is taken. */
static struct entry *make(const struct store *store, struct text name,
                          const struct store_value *value, int64_t expires_ns,
                          struct error *err)
{
    struct text text = {NULL, 0};
    if (value->type == STORE_TEXT)
        text = value->as.text;
    if (name.len + text.len > LIMIT_STORE_ENTRY_BYTES) {
        fail(err, ERR_SCRIPT,
             "store: name and value have %zu bytes, the limit is %d",
             name.len + text.len, LIMIT_STORE_ENTRY_BYTES);
        return NULL;
    }
    struct entry *entry = malloc(sizeof *entry + name.len + text.len);
    if (!entry) {
        fail(err, ERR_SCRIPT, "store: no memory for %zu bytes",
             name.len + text.len);
        return NULL;
    }
    *entry = (struct entry){.hash = siphash(&store->key, name),
                            .expires_ns = expires_ns,
                            .value = *value,
                            .name_len = name.len};
    if (name.len > 0)
        memcpy(entry->bytes, name.at, name.len);
    if (text.len > 0)
        memcpy(entry->bytes + name.len, text.at, text.len);
    if (value->type == STORE_TEXT)
        entry->value.as.text = (struct text){entry->bytes + name.len, text.len};
    return entry;
}

/* Puts it in, and out what there is then no room for. */
static void put(struct store *store, struct entry *entry)
{
    struct entry **chain = chain_of(store, entry->hash);
    entry->next = *chain;
    *chain = entry;
    link_newest(store, entry);
    store->count++;
    store->bytes += bytes_of(entry);
    while (store->oldest != entry
           && (store->count > store->max_entries
               || store->bytes > store->max_bytes))
        drop(store, store->oldest);
}

static struct text name_of(const struct entry *entry)
{
    return (struct text){entry->bytes, entry->name_len};
}

bool store_set(struct store *store, struct text name,
               const struct store_value *value, int64_t now_ns, uint64_t ttl_ns,
               struct error *err)
{
    struct entry *entry = make(store, name, value, expiry(now_ns, ttl_ns), err);
    if (!entry)
        return false;
    pthread_mutex_lock(&store->lock);
    struct entry *old = find(store, name, entry->hash, now_ns);
    if (old)
        drop(store, old);
    put(store, entry);
    pthread_mutex_unlock(&store->lock);
    return true;
}

uint64_t store_mark(struct store *store)
{
    return STORE_MARK | atomic_fetch_add(&store->marks, 1);
}

bool store_add(struct store *store, struct text name,
               const struct store_value *value, int64_t now_ns, uint64_t ttl_ns,
               bool *added, uint64_t *ticket, struct error *err)
{
    struct entry *entry = make(store, name, value, expiry(now_ns, ttl_ns), err);
    if (!entry)
        return false;
    entry->ticket = *ticket;
    pthread_mutex_lock(&store->lock);
    const struct entry *first =
        find(store, name_of(entry), entry->hash, now_ns);
    *added = !first;
    *ticket = first && first->ticket != *ticket ? first->ticket : 0;
    if (*added)
        put(store, entry);
    pthread_mutex_unlock(&store->lock);
    if (!*added)
        free(entry);
    return true;
}

void store_settle(struct store *store, struct text name, int64_t now_ns,
                  uint64_t had, uint64_t ticket)
{
    uint64_t hash = siphash(&store->key, name);
    pthread_mutex_lock(&store->lock);
    struct entry *entry = find(store, name, hash, now_ns);
    if (entry && entry->ticket == had)
        entry->ticket = ticket;
    pthread_mutex_unlock(&store->lock);
}

bool store_get(struct store *store, struct text name, int64_t now_ns,
               struct buf *out, struct store_value *value)
{
    uint64_t hash = siphash(&store->key, name);
    buf_clear(out);
    pthread_mutex_lock(&store->lock);
    const struct entry *entry = find(store, name, hash, now_ns);
    bool is_there = entry != NULL;
    if (is_there) {
        *value = entry->value;
        if (value->type == STORE_TEXT)
            is_there = buf_append_text(out, value->as.text);
    }
    pthread_mutex_unlock(&store->lock);
    if (is_there && value->type == STORE_TEXT)
        value->as.text = buf_text(out);
    return is_there;
}

static double as_float(const struct store_value *value)
{
    return value->type == STORE_INTEGER ? (double)value->as.integer
                                        : value->as.number;
}

static bool is_number(const struct store_value *value)
{
    return value->type == STORE_INTEGER || value->type == STORE_FLOAT;
}

static bool add_up(const struct store_value *a, const struct store_value *b,
                   struct store_value *sum, struct error *err)
{
    if (!is_number(a))
        return fail(err, ERR_SCRIPT, "store: the value there is no number");
    sum->type = STORE_FLOAT;
    if (a->type == STORE_FLOAT || b->type == STORE_FLOAT) {
        sum->as.number = as_float(a) + as_float(b);
        return true;
    }
    int64_t x = a->as.integer, y = b->as.integer;
    if (y > 0 ? x > INT64_MAX - y : x < INT64_MIN - y)
        return fail(err, ERR_SCRIPT,
                    "store: %" PRId64 " and %" PRId64 " are more than 64 bits",
                    x, y);
    *sum = (struct store_value){STORE_INTEGER, .as.integer = x + y};
    return true;
}

bool store_incr(struct store *store, struct text name,
                const struct store_value *by, int64_t now_ns, uint64_t ttl_ns,
                struct store_value *sum, struct error *err)
{
    assert(is_number(by));
    bool done = true;
    struct entry *entry = make(store, name, by, expiry(now_ns, ttl_ns), err);
    if (!entry)
        return false;
    pthread_mutex_lock(&store->lock);
    struct entry *old = find(store, name, entry->hash, now_ns);
    if (old) {
        done = add_up(&old->value, by, sum, err);
        if (done)
            old->value = *sum;
    } else {
        *sum = *by;
        put(store, entry);
    }
    pthread_mutex_unlock(&store->lock);
    if (old)
        free(entry);
    return done;
}

bool store_delete(struct store *store, struct text name, int64_t now_ns)
{
    uint64_t hash = siphash(&store->key, name);
    pthread_mutex_lock(&store->lock);
    struct entry *entry = find(store, name, hash, now_ns);
    if (entry)
        drop(store, entry);
    pthread_mutex_unlock(&store->lock);
    return entry != NULL;
}

size_t store_count(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t count = store->count;
    pthread_mutex_unlock(&store->lock);
    return count;
}

size_t store_bytes(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t bytes = store->bytes;
    pthread_mutex_unlock(&store->lock);
    return bytes;
}
