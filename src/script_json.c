/* script_json.c - see script_json.h.
 *
 * A recursive descent that leaves one Lua value on the stack for each JSON
 * value: no tree in between. Depth is bounded, so C's stack is too. A string
 * without escapes is pushed from where it stands; one with escapes, or with
 * bytes that must be checked as UTF-8, is built in the state's scratch buffer,
 * since any call into Lua may leave by longjmp.
 *
 * Numbers: up to 18 digits are an integer as they are counted; a decimal whose
 * digits are below 2^53 and whose power of ten is at most 22 is exact with one
 * multiplication or division; number_read does the rest.
 *
 * Whatever is wrong ends in bad(), which counts lines and columns only then.
 */
#include "script_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "number.h"
#include "script_encode.h"
#include "script_keep.h"
#include "script_lua.h"
#include "utf8.h"

enum {
    SLOTS_PER_LEVEL = 10, /* three values, and what an error needs */
    FIRST_FIELDS = 4,     /* room for an object's first fields: 20 % faster */
    FIRST_ITEMS = 4,      /* and an array's */
    MAX_NUMBER = 1000,    /* characters; no sane sender writes more */
    FAST_DIGITS = 18,     /* surely fit int64_t */
    BAD_LINE_STEPS = 500,
    FAST_POWER = 22 /* 10^22 is the last that a double holds exactly */
};

#define EXACT_LIMIT (UINT64_C(1) << 53)

struct json {
    lua_State *L;
    const char *start, *at, *end;
    struct buf *scratch;
    size_t values;
    unsigned depth, max_depth;
    int null_index, empty_index; /* on the stack: json.null, the metatable */
    bool keep_null;
    const char *whole;   /* what ends at end: "text" or "line" */
    size_t line, offset; /* of start in the sender's text */
};

static void parse_value(struct json *j, bool in_object);

static _Noreturn void bad(struct json *j, const char *at, const char *what)
{
    size_t line = j->line, column = 1;
    for (const char *c = j->start; c < at; c++) {
        if (*c == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*c & 0xc0) != 0x80) {
            column++;
        }
    }
    struct error err;
    fail(&err, ERR_BAD_REQUEST,
         "bad JSON at offset %zu, line %zu, column %zu: %s",
         j->offset + (size_t)(at - j->start), line, column, what);
    script_lua_bad_input(j->L, &err);
}

static bool is_gzip(const struct json *j)
{
    return j->at == j->start && j->offset == 0 && j->end - j->at > 1
           && memcmp(j->at, "\x1f\x8b", 2) == 0;
}

/* For what was expected and something else is there. */
static _Noreturn void bad_here(struct json *j, const char *expected)
{
    char what[100];
    unsigned char c = j->at < j->end ? (unsigned char)*j->at : 0;
    if (j->at == j->end)
        snprintf(what, sizeof what, "%s expected, the %s ends", expected,
                 j->whole);
    else if (c > ' ' && c < 0x7f)
        snprintf(what, sizeof what, "%s expected, not '%c'", expected, c);
    else
        snprintf(what, sizeof what, "%s expected, not byte 0x%02X%s", expected,
                 c, is_gzip(j) ? ": gzip without a Content-Encoding?" : "");
    bad(j, j->at, what);
}

static void skip_blanks(struct json *j)
{
    while (j->at < j->end
           && (*j->at == ' ' || *j->at == '\n' || *j->at == '\r'
               || *j->at == '\t'))
        j->at++;
}

static bool is_digit(const struct json *j)
{
    return j->at < j->end && *j->at >= '0' && *j->at <= '9';
}

/* Takes c if it comes next. */
static bool take(struct json *j, char c)
{
    if (j->at == j->end || *j->at != c)
        return false;
    j->at++;
    return true;
}

static void put(struct json *j, const char *bytes, size_t len)
{
    if (!buf_append(j->scratch, bytes, len))
        bad(j, j->at, "a string is too long");
}

static void put_code_point(struct json *j, uint32_t code)
{
    char out[UTF8_BYTES];
    put(j, out, utf8_put(code, out));
}

/* The four hex digits of a \u; j->at stands behind the u. */
static uint32_t hex4(struct json *j)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        char c = j->at < j->end ? *j->at : '\0';
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            bad_here(j, "a hex digit of \\uXXXX");
        code = code << 4 | digit;
        j->at++;
    }
    return code;
}

static void unicode_escape(struct json *j, const char *escape)
{
    uint32_t code = hex4(j);
    if (code >= 0xdc00 && code <= 0xdfff)
        bad(j, escape, "a lone surrogate");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (j->end - j->at < 2 || j->at[0] != '\\' || j->at[1] != 'u')
            bad(j, escape, "a lone surrogate");
        j->at += 2;
        uint32_t low = hex4(j);
        if (low < 0xdc00 || low > 0xdfff)
            bad(j, escape, "a lone surrogate");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    put_code_point(j, code);
}

static void escape(struct json *j)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *backslash = j->at++;
    if (take(j, 'u')) {
        unicode_escape(j, backslash);
        return;
    }
    const char *known = j->at < j->end && *j->at ? strchr(from, *j->at) : NULL;
    if (!known)
        bad_here(j, "one of \"\\/bfnrtu after a backslash");
    put(j, &to[known - from], 1);
    j->at++;
}

/* Past the bytes that stand for themselves and need no look. */
static void skip_plain(struct json *j)
{
    const char *at = j->at, *end = j->end;
    while (at < end && *at != '"' && *at != '\\' && (signed char)*at >= ' ')
        at++;
    j->at = at;
}

/* One that has escapes or is not ASCII; the part from from to j->at is plain.
 */
static void parse_odd_string(struct json *j, const char *from)
{
    buf_clear(j->scratch);
    for (;;) {
        put(j, from, (size_t)(j->at - from));
        if (j->at == j->end)
            bad_here(j, "'\"'");
        if (*j->at == '"')
            break;
        from = j->at;
        if (*j->at == '\\') {
            escape(j);
            from = j->at;
        } else if ((unsigned char)*j->at < ' ') {
            bad(j, j->at, "a control byte in a string");
        } else {
            size_t len = utf8_sequence(j->at, j->end);
            if (len == 0)
                bad(j, j->at, "bytes that are not UTF-8");
            j->at += len;
        }
        skip_plain(j);
    }
    j->at++;
    lua_pushlstring(j->L, j->scratch->data ? j->scratch->data : "",
                    j->scratch->len);
}

/* j->at stands behind the opening quote. */
static void parse_string(struct json *j)
{
    const char *from = j->at;
    skip_plain(j);
    if (j->at < j->end && *j->at == '"')
        lua_pushlstring(j->L, from, (size_t)(j->at++ - from));
    else
        parse_odd_string(j, from);
}

struct decimal {
    const char *from;
    uint64_t digits; /* right as long as count is at most FAST_DIGITS */
    size_t count;
    int power; /* of ten */
    bool is_negative;
};

static void take_digits(struct json *j, struct decimal *decimal)
{
    if (!is_digit(j))
        bad_here(j, "a digit");
    for (; is_digit(j); j->at++) {
        decimal->digits = decimal->digits * 10 + (uint64_t)(*j->at - '0');
        decimal->count++;
    }
}

static void take_exponent(struct json *j, struct decimal *decimal)
{
    bool is_negative = take(j, '-');
    if (!is_negative)
        take(j, '+');
    if (!is_digit(j))
        bad_here(j, "a digit of the exponent");
    int power = 0;
    for (; is_digit(j); j->at++)
        if (power < MAX_NUMBER)
            power = power * 10 + (*j->at - '0');
    decimal->power += is_negative ? -power : power;
}

static void push_float(struct json *j, const struct decimal *decimal)
{
    static const double powers[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double value = (double)decimal->digits;
    if (decimal->count > FAST_DIGITS || decimal->digits > EXACT_LIMIT
        || decimal->power > FAST_POWER || decimal->power < -FAST_POWER) {
        struct text text = {decimal->from, (size_t)(j->at - decimal->from)};
        if (!number_read(text, &value))
            bad(j, decimal->from, "a number beyond what a float can hold");
    } else {
        value = decimal->power < 0 ? value / powers[-decimal->power]
                                   : value * powers[decimal->power];
        if (decimal->is_negative)
            value = -value;
    }
    lua_pushnumber(j->L, value);
}

static void push_integer(struct json *j, const struct decimal *decimal)
{
    struct text text = {decimal->from, (size_t)(j->at - decimal->from)};
    int64_t value = (int64_t)decimal->digits;
    if (decimal->count <= FAST_DIGITS)
        lua_pushinteger(j->L, decimal->is_negative ? -value : value);
    else if (number_read_int(text, &value))
        lua_pushinteger(j->L, value);
    else
        push_float(j, decimal);
}

static void parse_number(struct json *j)
{
    struct decimal decimal = {.from = j->at, .is_negative = take(j, '-')};
    const char *first = j->at;
    take_digits(j, &decimal);
    if (*first == '0' && decimal.count > 1)
        bad(j, first, "a number that begins with 0");
    bool is_integer = true;
    if (take(j, '.')) {
        const char *fraction = j->at;
        take_digits(j, &decimal);
        decimal.power = -(int)(j->at - fraction);
        is_integer = false;
    }
    if (take(j, 'e') || take(j, 'E')) {
        take_exponent(j, &decimal);
        is_integer = false;
    }
    if (j->at - decimal.from > MAX_NUMBER)
        bad(j, decimal.from, "a number of more than 1000 characters");
    if (is_integer)
        push_integer(j, &decimal);
    else
        push_float(j, &decimal);
}

static void enter(struct json *j)
{
    if (++j->depth > j->max_depth) {
        char what[80];
        snprintf(what, sizeof what, "nested deeper than %u (limits.depth)",
                 j->max_depth);
        bad(j, j->at, what);
    }
    /* Not for the deepest level at once: Lua would grow its stack for every
     * body and its collector would shrink it again. */
    luaL_checkstack(j->L, SLOTS_PER_LEVEL, NULL);
    j->at++;
    skip_blanks(j);
}

static void parse_object(struct json *j)
{
    enter(j);
    if (take(j, '}')) {
        lua_createtable(j->L, 0, 0);
        j->depth--;
        return;
    }
    lua_createtable(j->L, 0, FIRST_FIELDS);
    do {
        skip_blanks(j);
        if (!take(j, '"'))
            bad_here(j, "a name in quotes");
        parse_string(j);
        skip_blanks(j);
        if (!take(j, ':'))
            bad_here(j, "':'");
        skip_blanks(j);
        parse_value(j, true);
        lua_rawset(j->L, -3);
        skip_blanks(j);
    } while (take(j, ','));
    if (!take(j, '}'))
        bad_here(j, "',' or '}'");
    j->depth--;
}

static void parse_array(struct json *j)
{
    enter(j);
    if (take(j, ']')) {
        lua_createtable(j->L, 0, 0);
        lua_pushvalue(j->L, j->empty_index);
        lua_setmetatable(j->L, -2);
        j->depth--;
        return;
    }
    lua_createtable(j->L, FIRST_ITEMS, 0);
    lua_Integer count = 0;
    do {
        skip_blanks(j);
        parse_value(j, false);
        lua_rawseti(j->L, -2, ++count);
        skip_blanks(j);
    } while (take(j, ','));
    if (!take(j, ']'))
        bad_here(j, "',' or ']'");
    j->depth--;
}

static void parse_word(struct json *j, struct text word)
{
    if ((size_t)(j->end - j->at) < word.len
        || memcmp(j->at, word.at, word.len) != 0)
        bad_here(j, "a value");
    j->at += word.len;
}

static void parse_null(struct json *j, bool in_object)
{
    parse_word(j, TEXT("null"));
    if (in_object && !j->keep_null)
        lua_pushnil(j->L);
    else
        lua_pushvalue(j->L, j->null_index);
}

static void parse_bool(struct json *j)
{
    bool is_true = *j->at == 't';
    parse_word(j, is_true ? TEXT("true") : TEXT("false"));
    lua_pushboolean(j->L, is_true);
}

static void parse_value(struct json *j, bool in_object)
{
    if (j->values++ >= LIMIT_JSON_VALUES)
        bad(j, j->at, "more than 100000 values in one text");
    switch (j->at < j->end ? *j->at : '\0') {
    case '{':
        parse_object(j);
        break;
    case '[':
        parse_array(j);
        break;
    case '"':
        j->at++;
        parse_string(j);
        break;
    case 't':
    case 'f':
        parse_bool(j);
        break;
    case 'n':
        parse_null(j, in_object);
        break;
    default:
        if (!is_digit(j) && (j->at == j->end || *j->at != '-'))
            bad_here(j, "a value");
        parse_number(j);
        break;
    }
}

/* Two values stay on the stack below what is read: see null_index. */
static struct json begin(lua_State *L, struct text text, bool keep_null)
{
    struct script_lua *lua = script_lua_of(L);
    struct json j = {
        .L = L,
        .start = text.at,
        .at = text.at,
        .end = text.at + text.len,
        .scratch = &lua->scratch,
        .max_depth = lua->limits.depth,
        .keep_null = keep_null,
        .whole = "text",
        .line = 1,
    };
    luaL_checkstack(L, SLOTS_PER_LEVEL, NULL);
    script_lua_push_null(L);
    script_encode_push_empty(L);
    j.null_index = lua_gettop(L) - 1;
    j.empty_index = lua_gettop(L);
    return j;
}

/* The one value from at to end, with blanks around it. */
static void parse_whole(struct json *j, bool in_object)
{
    skip_blanks(j);
    parse_value(j, in_object);
    skip_blanks(j);
    if (j->at < j->end)
        bad_here(j, strcmp(j->whole, "line") == 0 ? "the end of the line"
                                                  : "the end of the text");
}

/* Takes what begin left out from below the result. */
static void finish(struct json *j)
{
    lua_replace(j->L, j->null_index);
    lua_settop(j->L, j->null_index);
}

void script_json_decode(lua_State *L, struct text text, bool keep_null)
{
    struct json j = begin(L, text, keep_null);
    parse_whole(&j, true);
    finish(&j);
}

/* The lines of a text. A bad one ends a protected call, so what the next one
 * needs to know is here, in the frame around it. */
struct lines {
    struct json j;
    const char *start; /* of the first line */
    struct text rest;
    lua_Integer count; /* of values so far */
    size_t bad_count;
    struct error first_bad;
};

/* Decodes the next line into the list at 2, if there is something in it. A
 * record separator before it is what JSON text sequences have. */
static void decode_line(struct lines *lines)
{
    struct json *j = &lines->j;
    struct text line = text_cut(&lines->rest, '\n');
    j->line++;
    j->offset = (size_t)(line.at - lines->start);
    j->start = j->at = line.at;
    j->end = line.at + line.len;
    if (text_starts_with(line, TEXT("\x1e")))
        j->at++;
    skip_blanks(j);
    if (j->at == j->end)
        return;
    parse_whole(j, false);
    lua_rawseti(j->L, 2, ++lines->count);
}

/* (lines, list): all lines up to the next bad one. */
static int decode_some(lua_State *L)
{
    struct lines *lines = lua_touserdata(L, 1);
    size_t values = lines->j.values, line = lines->j.line;
    lines->j = begin(L, lines->rest, false);
    lines->j.values = values;
    lines->j.line = line;
    lines->j.whole = "line";
    while (lines->rest.len > 0)
        decode_line(lines);
    return 0;
}

/* Its error is on top. Too many values are no fault of one line. */
static void keep_bad_line(lua_State *L, int status, struct lines *lines)
{
    const struct error *err = script_lua_error(L, -1);
    char reason[sizeof err->text + 40];
    script_lua_rethrow(L, status);
    if (!err || lines->j.values > LIMIT_JSON_VALUES)
        lua_error(L);
    if (lines->bad_count++ == 0)
        lines->first_bad = *err;
    const char *column = strstr(err->text, "column ");
    snprintf(reason, sizeof reason, "line %zu: %s", lines->j.line,
             column ? column : err->text);
    script_keep(L, "", text_of(reason));
    script_lua_spend(L, BAD_LINE_STEPS);
}

void script_json_decode_lines(lua_State *L, struct text text)
{
    struct lines lines = {.start = text.at, .rest = text};
    struct kept *kept = &script_lua_call(L)->kept;
    struct kept_mark before = kept_mark(kept);
    lua_newtable(L);
    int list = lua_gettop(L);
    while (lines.rest.len > 0) {
        lua_pushcfunction(L, decode_some);
        lua_pushlightuserdata(L, &lines);
        lua_pushvalue(L, list);
        int status = script_lua_pcall(L, 2, 0, 0);
        if (status != LUA_OK)
            keep_bad_line(L, status, &lines);
        lua_settop(L, list);
    }
    if (lines.count == 0 && lines.bad_count > 0) {
        kept_take_back(kept, before);
        script_lua_bad_input(L, &lines.first_bad);
    }
    if (lines.count == 0) {
        script_encode_push_empty(L);
        lua_setmetatable(L, -2);
    }
}
