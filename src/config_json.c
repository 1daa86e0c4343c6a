/* config_json.c - see config_json.h. Numbers keep their kind: 1 stays an
 * integer for the script, 1.0 a float. Appends are not checked one by one: out
 * keeps the mark of an overflow, and it is asked at the end. */
#include "config_json.h"

#include <math.h>

#include "buf.h"
#include "config_tree.h"
#include "error.h"
#include "json_text.h"
#include "number.h"
#include "utf8.h"

static bool write_text(const struct setting *setting, struct text text,
                       struct buf *out, struct error *err)
{
    size_t offset;
    if (!utf8_is_valid(text, &offset))
        return config_tree_fail(err, setting, "%s is not UTF-8",
                                config_tree_name(setting));
    buf_append_char(out, '"');
    json_text_append(out, text);
    buf_append_char(out, '"');
    return true;
}

static bool write_float(const struct setting *setting, struct buf *out,
                        struct error *err)
{
    char digits[NUMBER_TEXT_BYTES];
    if (!isfinite(setting->number))
        return config_tree_fail(err, setting, "%s is not a finite number",
                                config_tree_name(setting));
    struct text text = {digits, number_format(setting->number, digits)};
    buf_append_text(out, text);
    if (!memchr(digits, '.', text.len) && !memchr(digits, 'e', text.len))
        buf_append_text(out, TEXT(".0"));
    return true;
}

static bool write_int(const struct setting *setting, struct buf *out)
{
    char digits[NUMBER_TEXT_BYTES];
    struct text text = {digits, number_format_int(setting->integer, digits)};
    buf_append_text(out, text);
    return true;
}

static bool write_bool(const struct setting *setting, struct buf *out)
{
    buf_append_text(out, text_of(setting->truth ? "true" : "false"));
    return true;
}

static bool write_value(const struct setting *setting, struct buf *out,
                        struct error *err);

static bool write_item(const struct setting *item, bool is_list,
                       struct buf *out, struct error *err)
{
    if (is_list)
        return write_value(item, out, err);
    if (!item->key)
        return config_tree_fail(err, item,
                                "%s stands beside names; a table is a list or "
                                "has names",
                                config_tree_name(item));
    if (!write_text(item, text_of(item->key), out, err))
        return false;
    buf_append_char(out, ':');
    return write_value(item, out, err);
}

static bool write_table(const struct setting *table, struct buf *out,
                        struct error *err)
{
    bool is_list = table->count > 0 && config_tree_is_list(table);
    buf_append_char(out, is_list ? '[' : '{');
    for (size_t i = 0; i < table->count; i++) {
        const struct setting *item =
            is_list ? config_tree_at(table, (int64_t)i + 1) : &table->items[i];
        if (i > 0)
            buf_append_char(out, ',');
        if (!write_item(item, is_list, out, err))
            return false;
    }
    buf_append_char(out, is_list ? ']' : '}');
    return true;
}

static bool write_value(const struct setting *setting, struct buf *out,
                        struct error *err)
{
    switch (setting->type) {
    case SETTING_BOOL:
        return write_bool(setting, out);
    case SETTING_INT:
        return write_int(setting, out);
    case SETTING_FLOAT:
        return write_float(setting, out, err);
    case SETTING_TEXT:
        return write_text(setting, (struct text){setting->text, setting->len},
                          out, err);
    case SETTING_TABLE:
        return write_table(setting, out, err);
    case SETTING_OTHER:
        break;
    }
    return config_tree_fail(err, setting, "%s is a function; JSON has none",
                            config_tree_name(setting));
}

bool config_json_write(const struct setting *setting, struct buf *out,
                       struct error *err)
{
    return write_value(setting, out, err)
           && (!out->has_overflowed
               || config_tree_fail(err, setting, "%s is larger than %zu bytes",
                                   config_tree_name(setting), out->max_bytes));
}
