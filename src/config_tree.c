/* config_tree.c - see config_tree.h. A table's items are in the order of the
 * file once config_place has been here, so the first mistake of a file is the
 * one that is told. */
#include "config_tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_mistakes.h"
#include "error.h"

void config_tree_deinit(struct setting *setting)
{
    for (size_t i = 0; i < setting->count; i++)
        config_tree_deinit(&setting->items[i]);
    free(setting->items);
    free(setting->key);
    free(setting->source);
    if (setting->text)
        explicit_bzero(setting->text, setting->len);
    free(setting->text);
    memset(setting, 0, sizeof *setting);
}

struct setting *config_tree_get(const struct setting *table, struct text name)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i].key
            && text_equal(text_of(table->items[i].key), name))
            return &table->items[i];
    return NULL;
}

struct setting *config_tree_at(const struct setting *table, int64_t index)
{
    for (size_t i = 0; i < table->count; i++)
        if (!table->items[i].key && table->items[i].index == index)
            return &table->items[i];
    return NULL;
}

bool config_tree_is_list(const struct setting *setting)
{
    if (setting->type != SETTING_TABLE)
        return false;
    for (size_t i = 0; i < setting->count; i++)
        if (!config_tree_at(setting, (int64_t)i + 1))
            return false;
    return true;
}

const char *config_tree_type_name(const struct setting *setting)
{
    switch (setting->type) {
    case SETTING_BOOL:
        return setting->truth ? "true" : "false";
    case SETTING_INT:
    case SETTING_FLOAT:
        return "a number";
    case SETTING_TEXT:
        return "text";
    case SETTING_TABLE:
        return "a table";
    case SETTING_OTHER:
        break;
    }
    return "a function";
}

const char *config_tree_name(const struct setting *setting)
{
    static _Thread_local char name[80];
    if (setting->key)
        snprintf(name, sizeof name, "`%.60s`", setting->key);
    else if (setting->index)
        snprintf(name, sizeof name, "element %" PRId64, setting->index);
    else
        snprintf(name, sizeof name, "what the file returns");
    return name;
}

bool config_tree_fail(struct error *err, const struct setting *setting,
                      const char *format, ...)
{
    char sentence[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    struct config_mistakes *mistakes = setting->mistakes;
    struct error told;
    if (mistakes)
        config_mistakes_blank(mistakes, sentence);
    fail(&told, ERR_CONFIG, "%s:%u: %s", setting->file, setting->line,
         sentence);
    if (mistakes && mistakes->goes_on)
        mistakes->goes_on =
            config_mistakes_add(mistakes, setting->line, told.text);
    if (err)
        *err = told;
    return false;
}

bool config_tree_goes_on(const struct setting *setting)
{
    return setting->mistakes && setting->mistakes->goes_on;
}

bool config_tree_blame(struct error *err, const struct setting *setting)
{
    char sentence[sizeof err->text];
    snprintf(sentence, sizeof sentence, "%s", err->text);
    return config_tree_fail(err, setting, "%s", sentence);
}
