/* type_line.c - see type_line.h. People edit these lines and disks tear them,
 * so nothing is taken for granted. A line that was torn never reads as another
 * type: no type's name begins another's, and the names stand before it. */
#include "type_line.h"

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "fit.h"
#include "printable.h"
#include "scan.h"
#include "timestamp.h"
#include "utf8.h"

enum { SHOWN_BYTES = 60 };

static void write_name(struct buf *out, struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == ' ')
            buf_append_char(out, '\\');
        buf_append_char(out, name.at[i]);
    }
    buf_append_char(out, ' ');
}

bool type_line_write(struct buf *out, const struct type_rule *rule)
{
    char time[CLOCK_TEXT_BYTES];
    size_t before = out->len;
    write_name(out, rule->measurement);
    write_name(out, rule->field);
    buf_append_text(out, text_of(fit_type_name(rule->type)));
    if (rule->learnt_ns != 0) {
        clock_format(rule->learnt_ns, time);
        buf_append_char(out, ' ');
        buf_append_text(out, text_of(time));
    }
    buf_append_char(out, '\n');
    if (out->has_overflowed)
        buf_truncate(out, before);
    return !out->has_overflowed;
}

/* ---- read ---- */

/* Up to a blank that has no backslash, unescaped into room; the blanks behind
 * it are taken too. */
static struct text take_name(struct text *rest, struct buf *room)
{
    size_t start = room->len, i = 0;
    for (; i < rest->len && rest->at[i] != ' ' && rest->at[i] != '\t'; i++) {
        if (rest->at[i] == '\\' && i + 1 < rest->len && rest->at[i + 1] == ' ')
            i++;
        buf_append_char(room, rest->at[i]);
    }
    *rest = text_skip(*rest, i);
    scan_blanks(rest);
    return (struct text){NULL, room->len - start};
}

/* No point has a name like that; before a tab it can still be typed, and would
 * hide the blank that is written there. */
static bool ends_in_backslash(struct text name)
{
    return name.len > 0 && name.at[name.len - 1] == '\\';
}

static bool fail_line(struct error *err, const char *what, struct text of)
{
    char shown[SHOWN_BYTES + 1];
    printable(of, shown, sizeof shown);
    return fail(err, ERR_CONFIG, "%s: \"%s\"", what, shown);
}

static bool check_text(struct text line, struct error *err)
{
    if (line.len > 2 * LIMIT_TYPED_NAME_BYTES + SHOWN_BYTES)
        return fail_line(err, "it is too long", line);
    for (size_t i = 0; i < line.len; i++)
        if (((unsigned char)line.at[i] < ' ' && line.at[i] != '\t')
            || line.at[i] == 0x7f)
            return fail_line(err, "it has a control byte", line);
    return utf8_is_valid(line, NULL)
           || fail_line(err, "it is not valid UTF-8", line);
}

static bool read_time(struct text text, struct type_rule *rule,
                      struct error *err)
{
    struct error why;
    return text.len == 0
           || timestamp_parse(text, TEXT(""), &rule->learnt_ns, &why)
           || fail_line(err, "what stands behind the type is no time", text);
}

bool type_line_read(struct text line, struct buf *room, struct type_rule *rule,
                    struct error *err)
{
    struct text rest = scan_trim(line);
    *rule = (struct type_rule){.learnt_ns = 0};
    buf_clear(room);
    if (rest.len == 0 || rest.at[0] == '#')
        return true;
    if (!check_text(rest, err))
        return false;
    struct text measurement = take_name(&rest, room);
    struct text field = take_name(&rest, room);
    struct text type = rest;
    for (type.len = 0; type.len < rest.len; type.len++)
        if (rest.at[type.len] == ' ' || rest.at[type.len] == '\t')
            break;
    if (measurement.len == 0 || field.len == 0 || type.len == 0
        || room->has_overflowed)
        return fail_line(err, "it is not: measurement field type", line);
    if (!fit_type_read(type, &rule->type))
        return fail_line(err, "no type (float, int, uint, bool or string)",
                         type);
    rest = scan_trim(text_skip(rest, type.len));
    rule->measurement = (struct text){room->data, measurement.len};
    rule->field = (struct text){room->data + measurement.len, field.len};
    if (ends_in_backslash(rule->measurement) || ends_in_backslash(rule->field))
        return fail_line(err, "a name ends in a backslash", line);
    return read_time(rest, rule, err);
}
