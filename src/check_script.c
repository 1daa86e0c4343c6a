/* check_script.c - see check_script.h.
 *
 * lua_globals walks the text; what it finds is compared with the names that the
 * loaded script really has. So a global that the file defines while it is
 * loaded is known, and so is everything that a later version adds.
 */
#include "check_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "lua_globals.h"
#include "near.h"
#include "script.h"

enum { MESSAGE_BYTES = 1000, NAME_BYTES = 80 };

/* A script may put what it likes into a table of its own; these are ours. */
static const char *const libraries[] = {
    "json",   "time",  "hex",  "base64", "url", "csv", "store",
    "string", "table", "math", "utf8",   "log", NULL};

struct inspection {
    const struct check_script *check;
    struct text *written; /* entries of req that the script itself sets */
    size_t written_count;
};

struct look_up {
    struct text name;
    struct near near;
    bool is_known;
};

static void offer(const char *name, void *context)
{
    struct look_up *look_up = context;
    look_up->is_known |= text_equal(look_up->name, text_of(name));
    near_offer(&look_up->near, name);
}

/* library NULL: a global. */
static bool is_known(const struct inspection *inspection, const char *library,
                     struct text name, struct look_up *look_up)
{
    const struct check_script *check = inspection->check;
    *look_up = (struct look_up){.name = name};
    near_init(&look_up->near, name);
    for (size_t i = 0; i < check->script_count; i++)
        script_each_name(check->scripts[i], library, offer, look_up);
    if (!library)
        near_offer_elsewhere(&look_up->near);
    return look_up->is_known;
}

static void tell(const struct inspection *inspection, const struct lua_use *use,
                 const char *message)
{
    char text[MESSAGE_BYTES];
    snprintf(text, sizeof text, "%.300s:%u: %.600s", inspection->check->path,
             use->line, message);
    inspection->check->tell(text, inspection->check->context);
}

static bool was_written(const struct inspection *inspection, struct text name)
{
    for (size_t i = 0; i < inspection->written_count; i++)
        if (text_equal(inspection->written[i], name))
            return true;
    return false;
}

static void inspect_request(const struct inspection *inspection,
                            const struct lua_use *use)
{
    char message[MESSAGE_BYTES], hint[NEAR_BYTES * 2];
    struct look_up look_up;
    if (inspection->check->is_module
        || is_known(inspection, "req", use->field, &look_up)
        || was_written(inspection, use->field))
        return;
    snprintf(message, sizeof message, "%.*s has no %.*s%s", TEXT_ARG(use->name),
             TEXT_ARG(use->field), near_hint(&look_up.near, hint));
    tell(inspection, use, message);
}

static void inspect_field(const struct inspection *inspection,
                          const struct lua_use *use)
{
    char message[MESSAGE_BYTES], hint[NEAR_BYTES * 2];
    struct look_up look_up;
    const char *const *library = libraries;
    while (*library && !text_equal(use->name, text_of(*library)))
        library++;
    if (!*library || is_known(inspection, *library, use->field, &look_up))
        return;
    snprintf(message, sizeof message, "there is no %s.%.*s%s", *library,
             TEXT_ARG(use->field), near_hint(&look_up.near, hint));
    tell(inspection, use, message);
}

static void inspect_read(const struct inspection *inspection,
                         const struct lua_use *use)
{
    char message[MESSAGE_BYTES], hint[NEAR_BYTES * 2];
    struct look_up look_up;
    if (!is_known(inspection, NULL, use->name, &look_up)) {
        snprintf(message, sizeof message, "there is no global %.*s%s",
                 TEXT_ARG(use->name), near_hint(&look_up.near, hint));
        tell(inspection, use, message);
    } else if (use->kind == LUA_USE_FIELD) {
        inspect_field(inspection, use);
    } else if (use->is_in_function && text_equal(use->name, TEXT("require"))) {
        tell(inspection, use,
             "require belongs at the top of the file, not inside a function");
    }
}

static void inspect_write(const struct inspection *inspection,
                          const struct lua_use *use)
{
    char message[MESSAGE_BYTES];
    if (!use->is_in_function)
        return;
    snprintf(message, sizeof message,
             "global %.*s is set while a request runs: it would be seen by "
             "the next one; write local %.*s",
             TEXT_ARG(use->name), TEXT_ARG(use->name));
    tell(inspection, use, message);
}

/* `each` returns what its function returns; others may do as they like. */
static void inspect_dropped(const struct inspection *inspection,
                            const struct lua_use *use)
{
    if (!text_equal(use->name, TEXT("point")))
        return;
    if (use->within.len == 0)
        tell(inspection, use,
             "this point goes nowhere: return it, or say emit(...) in place of "
             "point(...)");
    else if (text_equal(use->within, TEXT("each")))
        tell(inspection, use,
             "this point goes nowhere: `return each(...)` returns what the "
             "function does, or say emit(...) in place of return point(...)");
}

static void inspect(const struct lua_use *use, void *context)
{
    const struct inspection *inspection = context;
    switch (use->kind) {
    case LUA_USE_READ:
    case LUA_USE_FIELD:
        inspect_read(inspection, use);
        break;
    case LUA_USE_WRITE:
        inspect_write(inspection, use);
        break;
    case LUA_USE_REQUEST:
        inspect_request(inspection, use);
        break;
    case LUA_USE_REQUEST_WRITE:
        break;
    case LUA_USE_DROPPED:
        inspect_dropped(inspection, use);
        break;
    }
}

static void collect_written(const struct lua_use *use, void *context)
{
    struct inspection *inspection = context;
    if (use->kind != LUA_USE_REQUEST_WRITE)
        return;
    inspection->written =
        xrealloc(inspection->written,
                 (inspection->written_count + 1) * sizeof *inspection->written);
    inspection->written[inspection->written_count++] = use->field;
}

void check_script(const struct check_script *check)
{
    struct inspection inspection = {.check = check};
    lua_globals_find(check->text, collect_written, &inspection);
    lua_globals_find(check->text, inspect, &inspection);
    free(inspection.written);
}
