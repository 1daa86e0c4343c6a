/* config_units.c - see config_units.h. A size or time is a decimal number and
 * a unit from a table; the nearest name is the one with the fewest letters
 * added, dropped, changed or swapped. */
#include "config_units.h"

#include <ctype.h>
#include <string.h>

#include "number.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KB", 1e3},
    {"kB", 1e3},
    {"MB", 1e6},
    {"GB", 1e9},
    {"TB", 1e12},
    {"KiB", 1024.0},
    {"MiB", 1048576.0},
    {"GiB", 1073741824.0},
    {"TiB", 1099511627776.0},
    {NULL, 0},
};

static const struct unit time_units[] = {
    {"ns", 1},   {"us", 1e3},   {"ms", 1e6},    {"s", 1e9},
    {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {NULL, 0},
};

static bool read_units(struct text text, const struct unit *units,
                       uint64_t *result)
{
    size_t digits = 0;
    while (
        digits < text.len
        && (isdigit((unsigned char)text.at[digits]) || text.at[digits] == '.'))
        digits++;
    double number;
    if (!number_read((struct text){text.at, digits}, &number))
        return false;
    struct text name = text_skip(text, digits);
    while (name.len > 0 && name.at[0] == ' ')
        name = text_skip(name, 1);
    for (; units->name; units++) {
        double value = number * units->factor;
        if (!text_equal(name, text_of(units->name)) || value >= 9e18)
            continue;
        *result = (uint64_t)(value + 0.5);
        return true;
    }
    return false;
}

bool config_units_size(struct text text, uint64_t *bytes)
{
    return text.len > 0 && read_units(text, size_units, bytes);
}

bool config_units_time(struct text text, uint64_t *ns)
{
    *ns = 0;
    return text_equal(text, TEXT("0"))
           || (text.len > 0 && read_units(text, time_units, ns));
}

enum { NAME_BYTES = 40 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters are added, dropped, changed or swapped between a and b. */
static unsigned distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    unsigned cost[NAME_BYTES + 1][NAME_BYTES + 1] = {{0}};
    if (a_len > NAME_BYTES || b_len > NAME_BYTES)
        return NAME_BYTES;
    for (unsigned i = 0; i <= a_len; i++)
        for (unsigned j = 0; j <= b_len; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            unsigned changed = tolower((unsigned char)a[i - 1])
                               != tolower((unsigned char)b[j - 1]);
            unsigned best = least(cost[i - 1][j], cost[i][j - 1]) + 1;
            best = least(best, cost[i - 1][j - 1] + changed);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, cost[i - 2][j - 2] + 1);
            cost[i][j] = best;
        }
    return cost[a_len][b_len];
}

size_t config_units_nearest(const char *wrong, const char *const *names,
                            size_t count)
{
    unsigned tolerated = 1 + (unsigned)strlen(wrong) / 4, nearest = NAME_BYTES;
    size_t found = count;
    for (size_t i = 0; i < count; i++) {
        unsigned far = distance(wrong, names[i]);
        if (far <= tolerated && far < nearest && far < strlen(names[i])) {
            nearest = far;
            found = i;
        }
    }
    return found;
}
