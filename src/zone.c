/* zone.c - see zone.h.
 *
 * A name that is an offset is computed; any other is looked up in a list of
 * zones already read, which only grows at its head and whose entries never
 * change, so that readers need no lock. Two threads that read the same zone at
 * the same time may both add it; one entry is then never found again.
 *
 * Local time to UTC: the offsets a day before and a day after are the only two
 * that can hold. Each gives one answer, which is right if that offset really
 * holds then. Both right: the hour comes twice. None: it is skipped.
 *
 * What can go wrong: names come from scripts and so may come from senders. Only
 * letters, digits and _ + - between single slashes are looked for, so that no
 * name leaves the folder, has two spellings, or fills the list.
 */
#include "zone.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "buf.h"
#include "error.h"
#include "file.h"
#include "tzif.h"

enum { MAX_NAME = 48, MAX_FILE_BYTES = 1 << 20, DAY_S = 86400 };

#define ZONE_DIR "/usr/share/zoneinfo/"

struct entry {
    struct entry *next;
    struct tzif *zone;
    struct text name;
};

static struct entry *_Atomic entries;

static bool two_digits(const char *at, int most, int *value)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return false;
    *value = (at[0] - '0') * 10 + (at[1] - '0');
    return *value <= most;
}

/* +hh, +hhmm or +hh:mm */
static bool read_offset(struct text name, int64_t *offset_s)
{
    int hours = 0, minutes = 0;
    bool is_short = name.len == 3;
    bool has_colon = name.len == 6 && name.at[3] == ':';
    if ((!is_short && !has_colon && name.len != 5)
        || (name.at[0] != '+' && name.at[0] != '-')
        || !two_digits(name.at + 1, 23, &hours)
        || (!is_short && !two_digits(name.at + 3 + has_colon, 59, &minutes)))
        return false;
    *offset_s = hours * 3600 + minutes * 60;
    if (name.at[0] == '-')
        *offset_s = -*offset_s;
    return true;
}

bool zone_fixed_offset(struct text name, int64_t *offset_s)
{
    static const char *const words[] = {"", "Z", "UTC", "GMT", "UT"};
    *offset_s = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal_nocase(name, text_of(words[i])))
            return true;
    return read_offset(name, offset_s);
}

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
}

static bool is_name(struct text name)
{
    char before = '/';
    if (name.len == 0 || name.len > MAX_NAME)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_char(name.at[i]) && (name.at[i] != '/' || before == '/'))
            return false;
        before = name.at[i];
    }
    return before != '/';
}

static struct tzif *find(struct text name)
{
    for (struct entry *e = atomic_load(&entries); e; e = e->next)
        if (text_equal(e->name, name))
            return e->zone;
    return NULL;
}

static struct tzif *keep(struct text name, struct tzif *zone)
{
    struct entry *entry = xcalloc(1, sizeof *entry);
    entry->name = (struct text){xstrndup(name.at, name.len), name.len};
    entry->zone = zone;
    entry->next = atomic_load(&entries);
    while (!atomic_compare_exchange_weak(&entries, &entry->next, entry))
        ;
    return zone;
}

static struct tzif *read_zone(struct text name, struct error *err)
{
    char path[sizeof ZONE_DIR + MAX_NAME] = ZONE_DIR;
    struct buf bytes;
    struct tzif *zone = NULL;
    buf_init(&bytes, MAX_FILE_BYTES);
    memcpy(path + sizeof ZONE_DIR - 1, name.at, name.len);
    if (file_read(&file_real, path, &bytes, err))
        zone = tzif_new(buf_text(&bytes), err);
    buf_deinit(&bytes);
    return zone ? keep(name, zone) : NULL;
}

static struct tzif *zone_of(struct text name, struct error *err)
{
    struct tzif *zone = find(name);
    if (!zone && is_name(name))
        zone = read_zone(name, err);
    if (zone)
        return zone;
    if (name.len > MAX_NAME)
        name.len = MAX_NAME;
    fail(err, ERR_CONFIG, "there is no time zone \"%.*s\" in " ZONE_DIR,
         TEXT_ARG(name));
    return NULL;
}

static int64_t to_utc(const struct tzif *zone, int64_t local_s)
{
    int64_t before_s = tzif_offset_s(zone, local_s - DAY_S);
    int64_t after_s = tzif_offset_s(zone, local_s + DAY_S);
    int64_t first = local_s - before_s, second = local_s - after_s;
    bool first_holds = tzif_offset_s(zone, first) == before_s;
    bool second_holds = tzif_offset_s(zone, second) == after_s;
    if (first_holds && second_holds)
        return first < second ? first : second;
    return second_holds ? second : first;
}

bool zone_to_utc(struct text name, int64_t local_s, int64_t *utc_s,
                 struct error *err)
{
    int64_t offset_s;
    if (zone_fixed_offset(name, &offset_s)) {
        *utc_s = local_s - offset_s;
        return true;
    }
    struct tzif *zone = zone_of(name, err);
    if (!zone)
        return false;
    *utc_s = to_utc(zone, local_s);
    return true;
}
