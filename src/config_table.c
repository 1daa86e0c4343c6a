/* config_table.c - see config_table.h. One function a type; the message says
 * the option, what it must be, and what it is for, but never the value: that
 * could be a secret that was put behind the wrong name. */
#include "config_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "config_tree.h"
#include "error.h"
#include "near.h"
#include "units.h"

static bool must_be(const struct setting *setting,
                    const struct config_option *option, const char *what,
                    struct error *err)
{
    return config_tree_fail(err, setting, "%s must be %s, not %s (%s)",
                            config_tree_name(setting), what,
                            config_tree_type_name(setting), option->text);
}

static bool fail_later(const struct setting *setting, struct error *err)
{
    return config_tree_fail(err, setting, "%s is not available in this version",
                            config_tree_name(setting));
}

static bool copy_text(const struct setting *setting, char **text,
                      struct error *err)
{
    if (setting->len == 0)
        return config_tree_fail(err, setting, "%s is empty",
                                config_tree_name(setting));
    if (memchr(setting->text, '\0', setting->len))
        return config_tree_fail(err, setting, "%s has a NUL byte in it",
                                config_tree_name(setting));
    config_table_free_secret(*text);
    *text = xstrdup(setting->text);
    return true;
}

bool config_table_list(const struct setting *setting, char ***list,
                       struct error *err)
{
    config_table_free_list(*list);
    size_t count = setting->type == SETTING_TEXT ? 1 : setting->count;
    *list = xcalloc(count + 1, sizeof **list);
    if (setting->type == SETTING_TEXT)
        return copy_text(setting, *list, err);
    if (!config_tree_is_list(setting) || count == 0)
        return config_tree_fail(err, setting, "%s must be text or a list of it",
                                config_tree_name(setting));
    for (size_t i = 0; i < count; i++) {
        const struct setting *item = config_tree_at(setting, (int64_t)i + 1);
        if (item->type != SETTING_TEXT)
            return config_tree_fail(
                err, item, "%s: element %zu must be text, not %s",
                config_tree_name(setting), i + 1, config_tree_type_name(item));
        if (!copy_text(item, &(*list)[i], err))
            return false;
    }
    return true;
}

void config_table_free_secret(const char *text)
{
    if (!text)
        return;
    char *bytes = (char *)text;
    explicit_bzero(bytes, strlen(bytes));
    free(bytes);
}

void config_table_free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        config_table_free_secret(list[i]);
    free(list);
}

static bool within(const struct setting *setting,
                   const struct config_option *option, uint64_t value,
                   const char *unit, uint64_t scale, struct error *err)
{
    if (option->max == 0 || (value >= option->min && value <= option->max))
        return true;
    return config_tree_fail(
        err, setting, "%s must be from %" PRIu64 "%s to %" PRIu64 "%s (%s)",
        config_tree_name(setting), option->min / scale, unit,
        option->max / scale, unit, option->text);
}

static bool read_int(const struct setting *setting,
                     const struct config_option *option, unsigned *value,
                     struct error *err)
{
    if (setting->type == SETTING_FLOAT
        || (setting->type == SETTING_INT && setting->integer < 0))
        return config_tree_fail(err, setting,
                                "%s must be a whole number from 0 up (%s)",
                                config_tree_name(setting), option->text);
    if (setting->type != SETTING_INT)
        return must_be(setting, option, "a whole number", err);
    *value = (unsigned)setting->integer;
    return within(setting, option, (uint64_t)setting->integer, "", 1, err);
}

/* As must_be, for a text with a unit: the text itself is the mistake then. */
static bool must_read(const struct setting *setting,
                      const struct config_option *option, const char *what,
                      struct error *err)
{
    if (setting->type != SETTING_TEXT)
        return must_be(setting, option, what, err);
    return config_tree_fail(err, setting, "%s must be %s, not \"%.40s\" (%s)",
                            config_tree_name(setting), what, setting->text,
                            option->text);
}

static bool read_size(const struct setting *setting,
                      const struct config_option *option, uint64_t *bytes,
                      struct error *err)
{
    if (setting->type == SETTING_INT && setting->integer >= 0)
        *bytes = (uint64_t)setting->integer;
    else if (setting->type != SETTING_TEXT
             || !units_size((struct text){setting->text, setting->len}, bytes))
        return must_read(setting, option, "a size such as \"64KB\" or \"1MiB\"",
                         err);
    return within(setting, option, *bytes, " bytes", 1, err);
}

static bool read_time(const struct setting *setting,
                      const struct config_option *option, uint64_t *ns,
                      struct error *err)
{
    if (setting->type != SETTING_TEXT
        || !units_time((struct text){setting->text, setting->len}, ns))
        return must_read(setting, option, "a time such as \"200ms\" or \"10s\"",
                         err);
    return within(setting, option, *ns, "ms", 1000000, err);
}

/* "a, b or c" of the names that this version has. */
static void list_names(const struct config_name *names, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (const struct config_name *n = names; n->name; n++)
        if (!n->is_later && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s\"%s\"",
                                     used ? ", " : "", n->name);
}

static bool read_name(const struct setting *setting,
                      const struct config_option *option, int *value,
                      struct error *err)
{
    char known[200];
    list_names(option->names, known, sizeof known);
    if (setting->type != SETTING_TEXT)
        return must_be(setting, option, known, err);
    for (const struct config_name *n = option->names; n->name; n++) {
        if (strcmp(n->name, setting->text) != 0)
            continue;
        *value = n->value;
        return !n->is_later
               || config_tree_fail(err, setting,
                                   "%s = \"%s\" is not available in this "
                                   "version, which has %s",
                                   config_tree_name(setting), n->name, known);
    }
    return config_tree_fail(err, setting, "%s must be one of %s (%s)",
                            config_tree_name(setting), known, option->text);
}

static bool read_value(const struct setting *setting,
                       const struct config_option *option, void *out,
                       struct error *err)
{
    void *slot = (char *)out + option->offset;
    switch (option->type) {
    case CONFIG_TEXT:
        return setting->type == SETTING_TEXT
                   ? copy_text(setting, slot, err)
                   : must_be(setting, option, "text", err);
    case CONFIG_LIST:
        return config_table_list(setting, slot, err);
    case CONFIG_BOOL:
        *(bool *)slot = setting->truth;
        return setting->type == SETTING_BOOL
               || must_be(setting, option, "true or false", err);
    case CONFIG_INT:
        return read_int(setting, option, slot, err);
    case CONFIG_SIZE:
        return read_size(setting, option, slot, err);
    case CONFIG_TIME:
        return read_time(setting, option, slot, err);
    case CONFIG_NAME:
        return read_name(setting, option, slot, err);
    case CONFIG_ANY:
        *(const struct setting **)slot = setting;
        return true;
    case CONFIG_LATER:
        return fail_later(setting, err);
    }
    return false;
}

/* No name is near; a few are told. */
static bool unknown_among(const struct setting *setting,
                          const struct config_option *options, size_t count,
                          struct error *err)
{
    enum { TOLD_NAMES = 8 };
    char known[300] = "";
    size_t used = 0, told = 0;
    for (size_t i = 0; i < count && used < sizeof known; i++) {
        if (options[i].type == CONFIG_LATER)
            continue;
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                 told++ > 0 ? ", " : "", options[i].name);
    }
    if (told > TOLD_NAMES || used >= sizeof known)
        return config_tree_fail(err, setting, "unknown option %s",
                                config_tree_name(setting));
    return config_tree_fail(err, setting, "unknown option %s (there are %s)",
                            config_tree_name(setting), known);
}

static bool unknown(const struct setting *setting,
                    const struct config_option *options, size_t count,
                    struct error *err)
{
    if (!setting->key)
        return config_tree_fail(err, setting,
                                "%s has no name; each option is name = value",
                                config_tree_name(setting));
    struct near near;
    near_init(&near, text_of(setting->key));
    for (size_t i = 0; i < count; i++)
        near_offer(&near, options[i].name);
    if (!near.name[0])
        return unknown_among(setting, options, count, err);
    return config_tree_fail(err, setting,
                            "unknown option %s (did you mean `%s`?)",
                            config_tree_name(setting), near.name);
}

static bool read_item(const struct setting *item,
                      const struct config_option *options, size_t count,
                      void *out, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (item->key && strcmp(options[i].name, item->key) == 0)
            return read_value(item, &options[i], out, err);
    return unknown(item, options, count, err);
}

bool config_table_read(const struct setting *table,
                       const struct config_option *options, size_t count,
                       void *out, struct error *err)
{
    if (table->type != SETTING_TABLE)
        return config_tree_fail(err, table, "%s must be a table, not %s",
                                config_tree_name(table),
                                config_tree_type_name(table));
    bool fine = true;
    for (size_t i = 0; i < table->count && (fine || config_tree_goes_on(table));
         i++)
        fine &= read_item(&table->items[i], options, count, out, err);
    return fine;
}

/* A fallback is read as if it stood in the file. */
static void read_fallback(const struct config_option *option, void *out)
{
    struct setting setting = {.file = "default",
                              .key = (char *)option->name,
                              .type = SETTING_TEXT,
                              .text = (char *)option->fallback,
                              .len = strlen(option->fallback)};
    if (option->type == CONFIG_INT) {
        setting.type = SETTING_INT;
        setting.integer = strtoll(option->fallback, NULL, 10);
    } else if (option->type == CONFIG_BOOL) {
        setting.type = SETTING_BOOL;
        setting.truth = strcmp(option->fallback, "true") == 0;
    }
    struct error err;
    if (!read_value(&setting, option, out, &err))
        abort(); /* the array itself is wrong; any test finds it */
}

void config_table_default(const struct config_option *options, size_t count,
                          void *out)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].fallback)
            read_fallback(&options[i], out);
}
