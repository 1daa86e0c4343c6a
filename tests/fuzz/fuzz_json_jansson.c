/* Any bytes as JSON, beside jansson: both accept it, with the same values, or
 * both refuse it. The differences that are meant:
 *
 *   whole numbers beyond int64     jansson refuses them, here they are floats
 *   "\u0000" in a name             jansson refuses it
 *   deeper than 64, 100,000 values refused here; jansson's depth is 2048
 *   a NUL byte behind a number     jansson takes it for the end
 *
 * Duplicate names (the last one counts) and lone surrogates (refused) are the
 * same in both. Values are compared as jansson reads what json.encode made of
 * them; fuzz_json.c has the encoder's round trip. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "arena.h"
#include "error.h"
#include "point.h"
#include "script.h"

static const char copy[] =
    "local keep = { null = true }\n"
    "return function(req)\n"
    "  reply(200, json.encode(json.decode(req.text, keep)))\n"
    "end\n";

static json_t *read_text(struct text text, json_error_t *why)
{
    return json_loadb(text.at, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, why);
}

static bool is_meant_by_jansson(const json_error_t *why)
{
    enum json_error_code code = json_error_code(why);
    return code == json_error_numeric_overflow
           || code == json_error_null_byte_in_key
           || code == json_error_null_character
           || code == json_error_stack_overflow;
}

static bool is_bound_of_ours(const char *message)
{
    return strstr(message, "nested deeper") || strstr(message, "more than");
}

/* As json_equal, but 100.0 and 100 are the same number. */
static bool is_same(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_number(a) && json_is_number(b))
        return json_is_integer(a) && json_is_integer(b)
                   ? json_integer_value(a) == json_integer_value(b)
                   : json_number_value(a) == json_number_value(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        bool are_same = json_array_size(a) == json_array_size(b);
        json_array_foreach(a, i, value) are_same =
            are_same && is_same(value, json_array_get(b, i));
        return are_same;
    }
    if (!json_is_object(a))
        return json_equal(a, b);
    bool are_same = json_object_size(a) == json_object_size(b);
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        are_same = are_same && other && is_same(value, other);
    }
    return are_same;
}

static struct {
    struct script *script;
    struct limits limits;
    struct request request;
    struct points points;
} all;

static void set_up(void)
{
    struct error err;
    static struct script_source source = {.name = (char *)"t.lua",
                                          .path = (char *)"t.lua",
                                          .text = (char *)copy,
                                          .len = sizeof copy - 1};
    all.limits = LIMITS_DEFAULT;
    all.limits.time_ns = UINT64_C(10000000000);
    arena_init(&all.request.arena, LIMIT_REQUEST_ARENA_BYTES);
    points_init(&all.points, &all.request.arena, 10);
    json_object_seed(1);
    all.script = script_new(&source, &all.limits, NULL, &err);
    assert(all.script);
}

static void compare(struct text text, bool is_read, struct text ours,
                    const char *message)
{
    json_error_t why;
    json_t *theirs = read_text(text, &why);
    if (!theirs) {
        assert(!is_read || is_meant_by_jansson(&why));
        return;
    }
    assert(is_read || is_bound_of_ours(message));
    if (is_read) {
        json_t *again = read_text(ours, &why);
        assert(again && is_same(theirs, again));
        json_decref(again);
    }
    json_decref(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct script_call call;
    if (!all.script)
        set_up();
    if (size > 0 && memchr(data, 0, size))
        return 0;
    script_call_init(&call);
    call.request = &all.request;
    call.points = &all.points;
    all.request.text = (struct text){size ? (const char *)data : "", size};
    bool is_read = script_handle(all.script, &call, &err);
    assert(is_read || err.kind == ERR_BAD_REQUEST);
    compare(all.request.text, is_read, call.reply.body, err.text);
    script_call_deinit(&call);
    points_reset(&all.points);
    arena_reset(&all.request.arena);
    return 0;
}
