/* Any bytes as JSON: what is read is JSON by a recogniser that follows the
 * grammar of RFC 8259 letter by letter; what that accepts is refused only at a
 * bound of ours; and a value that was written is read as the same value. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "point.h"
#include "script.h"
#include "utf8.h"

enum { MAX_DEPTH = 1000 };

static const char round_trip[] =
    "local keep = { null = true }\n"
    "return function(req)\n"
    "  local text = json.encode(json.decode(req.text, keep))\n"
    "  local again = json.encode(json.decode(text, keep))\n"
    "  if again ~= text then error('not the same') end\n"
    "end\n";

/* The recogniser: each function takes what it is called after, or fails. */
struct reader {
    const char *at, *end;
    int depth;
};

static bool take(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

static void blanks(struct reader *r)
{
    while (take(r, " ") || take(r, "\t") || take(r, "\n") || take(r, "\r"))
        ;
}

static bool one_of(struct reader *r, const char *set)
{
    bool is_there = r->at < r->end && *r->at && strchr(set, *r->at);
    r->at += is_there;
    return is_there;
}

static bool digits(struct reader *r)
{
    bool any = false;
    while (one_of(r, "0123456789"))
        any = true;
    return any;
}

static bool number(struct reader *r)
{
    take(r, "-");
    if (!take(r, "0") && !(one_of(r, "123456789") && (digits(r), true)))
        return false;
    if (take(r, ".") && !digits(r))
        return false;
    if (one_of(r, "eE")) {
        one_of(r, "+-");
        return digits(r);
    }
    return true;
}

static bool hex(struct reader *r)
{
    for (int i = 0; i < 4; i++)
        if (!one_of(r, "0123456789abcdefABCDEF"))
            return false;
    return true;
}

static bool string(struct reader *r)
{
    if (!take(r, "\""))
        return false;
    while (!take(r, "\"")) {
        if (r->at == r->end || (unsigned char)*r->at < 0x20)
            return false;
        if (take(r, "\\")) {
            if (!one_of(r, "\"\\/bfnrt") && !(take(r, "u") && hex(r)))
                return false;
            continue;
        }
        size_t len = utf8_sequence(r->at, r->end);
        if (len == 0)
            return false;
        r->at += len;
    }
    return true;
}

static bool value(struct reader *r);

static bool members(struct reader *r, const char *close, bool are_named)
{
    blanks(r);
    if (take(r, close))
        return true;
    do {
        blanks(r);
        if (are_named
            && !(string(r) && (blanks(r), true) && take(r, ":")
                 && (blanks(r), true)))
            return false;
        if (!value(r))
            return false;
        blanks(r);
    } while (take(r, ","));
    return take(r, close);
}

static bool value(struct reader *r)
{
    if (++r->depth > MAX_DEPTH)
        return false;
    bool is_value =
        take(r, "true") || take(r, "false") || take(r, "null")
        || (take(r, "{") ? members(r, "}", true)
            : take(r, "[")
                ? members(r, "]", false)
                : r->at < r->end && (*r->at == '"' ? string(r) : number(r)));
    r->depth--;
    return is_value;
}

static bool is_json(struct text text)
{
    struct reader r = {text.at, text.at + text.len, 0};
    blanks(&r);
    if (!value(&r))
        return false;
    blanks(&r);
    return r.at == r.end;
}

static bool is_bound(const char *message)
{
    return strstr(message, "nested deeper") || strstr(message, "more than")
           || strstr(message, "beyond what a float")
           || strstr(message, "lone surrogate");
}

static struct script *the_script(void)
{
    static struct script *script;
    static struct limits limits;
    static struct script_source source = {.name = (char *)"t.lua",
                                          .path = (char *)"t.lua",
                                          .text = (char *)round_trip,
                                          .len = sizeof round_trip - 1};
    limits = LIMITS_DEFAULT;
    limits.time_ns = UINT64_C(10000000000);
    if (!script)
        script = script_new(&source, &limits, NULL, NULL);
    assert(script);
    return script;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct request request;
    static struct points points;
    struct error err = {0};
    struct script_call call;
    script_call_init(&call);
    call.request = &request;
    call.points = &points;
    request.text = (struct text){size ? (const char *)data : "", size};
    bool is_read = script_handle(the_script(), &call, &err);
    bool should = is_json(request.text);
    assert(is_read || err.kind == ERR_BAD_REQUEST);
    assert(is_read || strncmp(err.text, "bad JSON at offset ", 19) == 0);
    assert(is_read ? should : !should || is_bound(err.text));
    script_call_deinit(&call);
    return 0;
}
