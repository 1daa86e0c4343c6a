/* remote.c - see remote.h. An entry that is no address ends the search: what
 * stands further left was written by nobody we know. */
#include "remote.h"

#include <string.h>

#include "network.h"
#include "pairs.h"
#include "scan.h"

/* "1.2.3.4:80" and "[::1]:80" without port and brackets. */
static struct text without_port(struct text in)
{
    const char *end = in.len ? memchr(in.at, ']', in.len) : NULL;
    if (end && *in.at == '[')
        return (struct text){in.at + 1, (size_t)(end - in.at) - 1};
    const char *colon = in.len ? memchr(in.at, ':', in.len) : NULL;
    if (colon && !memchr(colon + 1, ':', in.len - (size_t)(colon + 1 - in.at)))
        in.len = (size_t)(colon - in.at);
    return in;
}

/* Takes the entry behind the last comma off *list. */
static struct text last_entry(struct text *list)
{
    size_t start = list->len;
    while (start > 0 && list->at[start - 1] != ',')
        start--;
    struct text entry = text_skip(*list, start);
    list->len = start > 0 ? start - 1 : 0;
    return without_port(scan_trim(entry));
}

/* True: *remote is the answer, or nothing further is to be believed. */
static bool walk(const struct networks *trusted, struct text list,
                 struct text *remote)
{
    while (list.len > 0) {
        struct text entry = last_entry(&list);
        struct address address;
        if (!address_read(entry, &address))
            return true;
        *remote = entry;
        if (!networks_have(trusted, &address))
            return true;
    }
    return false;
}

struct text remote_of(const struct networks *trusted,
                      const struct address *peer, struct text peer_text,
                      const struct pairs *headers)
{
    struct text remote = peer_text;
    if (trusted->count == 0 || !networks_have(trusted, peer))
        return remote;
    for (size_t i = headers->count; i > 0; i--) {
        const struct pair *header = &headers->items[i - 1];
        if (text_equal_nocase(header->name, TEXT("X-Forwarded-For"))
            && walk(trusted, header->value, &remote))
            break;
    }
    return remote;
}
