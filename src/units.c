/* units.c - see units.h. A size or time is a decimal number and
 * a unit from a table. */
#include "units.h"

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

bool units_size(struct text text, uint64_t *bytes)
{
    return text.len > 0 && read_units(text, size_units, bytes);
}

bool units_time(struct text text, uint64_t *ns)
{
    *ns = 0;
    return text_equal(text, TEXT("0"))
           || (text.len > 0 && read_units(text, time_units, ns));
}
