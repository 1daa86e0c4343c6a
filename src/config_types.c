/* config_types.c - see config_types.h.
 *
 * Options and fields stand in one table and are told apart by their looks: a
 * name with a dot is a field, a table is a measurement, all else an option. A
 * table of types is filled and thrown away, so that a field which is said twice
 * is told with its line.
 */
#include "config_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "config_tree.h"
#include "error.h"
#include "fit.h"
#include "near.h"

enum { WHERE_BYTES = 200 };

struct reading {
    struct contract_options *contract;
    struct type_rule *rules;
    struct types *probe; /* what was said so far */
};

/* ---- one field ---- */

static bool read_type(const struct setting *setting, enum value_type *type,
                      struct error *err)
{
    struct near near;
    char hint[2 * NEAR_BYTES];
    const bool is_text = setting->type == SETTING_TEXT;
    const struct text name = {setting->text, is_text ? setting->len : 0};
    if (is_text && fit_type_read(name, type))
        return true;
    near_init(&near, name);
    for (int i = VALUE_FLOAT; i <= VALUE_STRING; i++)
        near_offer(&near, fit_type_name((enum value_type)i));
    return config_tree_fail(
        err, setting,
        "%s must be \"float\", \"int\", \"uint\", "
        "\"bool\" or \"string\", not %s%.40s%s%s",
        config_tree_name(setting), is_text ? "\"" : "",
        is_text ? setting->text : config_tree_type_name(setting),
        is_text ? "\"" : "", is_text ? near_hint(&near, hint) : "");
}

static bool add_rule(struct reading *reading, const struct setting *setting,
                     struct text measurement, struct text field,
                     struct error *err)
{
    struct contract_options *contract = reading->contract;
    char where[WHERE_BYTES];
    const char *slash = strrchr(setting->file, '/');
    snprintf(where, sizeof where, "%s:%u", slash ? slash + 1 : setting->file,
             setting->line);
    struct type_rule rule = {
        .measurement = measurement, .field = field, .where = where};
    if (!read_type(setting, &rule.type, err))
        return false;
    uint32_t before = types_count(reading->probe);
    const struct type_entry *entry = types_add(reading->probe, &rule, true);
    if (!entry)
        return config_tree_fail(err, setting,
                                "%s: more than %u fields, or a name longer "
                                "than %d bytes",
                                config_tree_name(setting),
                                types_max(reading->probe),
                                (int)LIMIT_TYPED_NAME_BYTES);
    if (types_count(reading->probe) == before)
        return config_tree_fail(err, setting,
                                "%s: the same field is said at %s already",
                                config_tree_name(setting), entry->rule.where);
    reading->rules = xrealloc(reading->rules, (contract->rule_count + 1)
                                                  * sizeof *reading->rules);
    contract->rules = reading->rules;
    rule.measurement.at = xstrndup(measurement.at, measurement.len);
    rule.field.at = xstrndup(field.at, field.len);
    rule.where = xstrdup(where);
    reading->rules[contract->rule_count++] = rule;
    return true;
}

static bool read_measurement(struct reading *reading,
                             const struct setting *table, struct error *err)
{
    const struct text measurement = text_of(table->key);
    bool fine = table->count > 0
                || config_tree_fail(err, table, "%s names no field",
                                    config_tree_name(table));
    for (size_t i = 0; fine && i < table->count; i++) {
        const struct setting *item = &table->items[i];
        fine =
            item->key && item->key[0]
                ? add_rule(reading, item, measurement, text_of(item->key), err)
                : config_tree_fail(err, item,
                                   "%s has no name; write [\"%.40s\"] = { "
                                   "field = \"float\" }",
                                   config_tree_name(item), table->key);
    }
    return fine;
}

/* "soil.temperature" */
static bool read_dotted(struct reading *reading, const struct setting *setting,
                        struct error *err)
{
    struct text field = text_of(setting->key);
    const struct text measurement = text_cut(&field, '.');
    if (measurement.len == 0 || field.len == 0)
        return config_tree_fail(err, setting,
                                "%s is not measurement.field, as in "
                                "[\"soil.temperature\"] = \"float\"",
                                config_tree_name(setting));
    if (memchr(field.at, '.', field.len))
        return config_tree_fail(
            err, setting,
            "%s has several dots: which is the measurement? Write "
            "[\"%.*s\"] = { [\"%.60s\"] = ... }, or with another part of it",
            config_tree_name(setting), TEXT_ARG(measurement), field.at);
    return add_rule(reading, setting, measurement, field, err);
}

/* ---- options ---- */

static bool read_convert(const struct setting *setting, bool *reads_text,
                         struct error *err)
{
    *reads_text =
        setting->type == SETTING_TEXT && strcmp(setting->text, "text") == 0;
    return *reads_text
           || config_tree_fail(err, setting,
                               "`convert` must be \"text\": what is written as "
                               "text counts as the number that it reads as");
}

static bool read_learn(const struct setting *setting, bool *learns,
                       struct error *err)
{
    *learns = setting->type == SETTING_BOOL && setting->truth;
    return setting->type == SETTING_BOOL
           || config_tree_fail(err, setting,
                               "`learn` must be true or false, not %s",
                               config_tree_type_name(setting));
}

static bool fail_unknown(const struct setting *setting, struct error *err)
{
    struct near near;
    char hint[2 * NEAR_BYTES];
    near_init(&near, text_of(setting->key));
    near_offer(&near, "learn");
    near_offer(&near, "convert");
    return config_tree_fail(err, setting,
                            "%s has no measurement: write "
                            "[\"measurement.%.40s\"] = \"float\"%s",
                            config_tree_name(setting), setting->key,
                            near_hint(&near, hint));
}

static bool read_item(struct reading *reading, const struct setting *item,
                      struct error *err)
{
    struct types_options *types = &reading->contract->types;
    if (!item->key)
        return config_tree_fail(err, item,
                                "%s has no name; write "
                                "[\"measurement.field\"] = \"float\"",
                                config_tree_name(item));
    if (item->type == SETTING_TABLE)
        return read_measurement(reading, item, err);
    if (strchr(item->key, '.'))
        return read_dotted(reading, item, err);
    if (strcmp(item->key, "learn") == 0)
        return read_learn(item, &types->learns, err);
    if (strcmp(item->key, "convert") == 0)
        return read_convert(item, &types->reads_text, err);
    return fail_unknown(item, err);
}

/* ---- all of it ---- */

static bool read_all(struct reading *reading, const struct setting *setting,
                     struct error *err)
{
    struct contract_options *contract = reading->contract;
    bool is_text = setting->type == SETTING_TEXT;
    contract->types.learns = is_text && strcmp(setting->text, "learn") == 0;
    if (contract->types.learns)
        return true;
    if (setting->type != SETTING_TABLE)
        return config_tree_fail(err, setting,
                                "`types` must be \"learn\" or a table such as "
                                "{ [\"soil.temperature\"] = \"float\", learn = "
                                "true }");
    bool fine = true;
    for (size_t i = 0;
         i < setting->count && (fine || config_tree_goes_on(setting)); i++)
        fine = read_item(reading, &setting->items[i], err) && fine;
    if (!fine)
        return false;
    return contract->rule_count > 0 || contract->types.learns
           || config_tree_fail(err, setting,
                               "`types` names no field; write "
                               "[\"measurement.field\"] = \"float\", or learn "
                               "= true");
}

struct contract_options *config_types_read(const struct setting *setting,
                                           struct error *err)
{
    struct reading reading = {
        .contract = xcalloc(1, sizeof *reading.contract),
        .probe = types_new(&(struct types_options){.output = "probe"})};
    bool fine = read_all(&reading, setting, err);
    types_free(reading.probe);
    if (fine)
        return reading.contract;
    config_types_free(reading.contract);
    return NULL;
}

void config_types_free(struct contract_options *contract)
{
    if (!contract)
        return;
    for (size_t i = 0; i < contract->rule_count; i++) {
        free((char *)contract->rules[i].measurement.at);
        free((char *)contract->rules[i].field.at);
        free((char *)contract->rules[i].where);
    }
    free((struct type_rule *)contract->rules);
    free(contract);
}
