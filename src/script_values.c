/* script_values.c - see script_values.h.
 *
 * Text is read by number.c, so "20" is the integer 20, exact over 64 bits, and
 * "20.5" a float; blanks around it do not count. A decimal comma is read only
 * when the script says that the sender writes one.
 *
 * int() and uint() stay whole: they read the text itself, not a float made of
 * it, and fall back to a float only for spellings such as "1e3" and "12.0".
 */
#include "script_values.h"

#include <math.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "notes.h"
#include "number.h"
#include "request.h"
#include "scan.h"
#include "script_lua.h"
#include "script_whole.h"

enum {
    SHOWN_BYTES = 40,
    MAX_DIGITS = 15,
    TEXT_BYTES = 64,
    LONG_BYTES = 1000, /* a text that takes longer than a moment */
    ENTRY_STEPS = 10,
};

/* The name under which the sender gave this text, if a list has it. */
static struct text name_of_value(const struct pairs *pairs, struct text value)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (text_equal(pairs->items[i].value, value))
            return pairs->items[i].name;
    return (struct text){NULL, 0};
}

/* "t.lua:14: number("--") is nil (lightning)" */
static void note_nil(lua_State *L, int index, const char *function)
{
    struct script_call *call = script_lua_call(L);
    if (!call || !call->notes)
        return;
    if (lua_type(L, index) != LUA_TSTRING) {
        script_lua_note(L, NOTE_NIL, "%s(%s) is nil", function,
                        script_lua_kind(L, index));
        return;
    }
    struct text text = script_lua_string(L, index);
    struct text name = name_of_value(&call->request->form, text);
    if (name.len == 0)
        name = name_of_value(&call->request->query, text);
    int shown = text.len < SHOWN_BYTES ? (int)text.len : SHOWN_BYTES;
    if (name.len > 0)
        script_lua_note(L, NOTE_NIL, "%s(\"%.*s\") is nil (%.*s)", function,
                        shown, text.at, TEXT_ARG(name));
    else
        script_lua_note(L, NOTE_NIL, "%s(\"%.*s\") is nil", function, shown,
                        text.at);
}

/* Puts a point where the comma is; false: a text that then is no number. */
static bool with_point(struct text text, char comma, char out[TEXT_BYTES],
                       struct text *mended)
{
    if (text.len > TEXT_BYTES || memchr(text.at, '.', text.len))
        return false;
    memcpy(out, text.at, text.len);
    char *at = memchr(out, comma, text.len);
    if (at)
        *at = '.';
    *mended = (struct text){out, text.len};
    return true;
}

/* The optional argument for a decimal comma: "," or '\0'. */
static char comma_of(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index))
        return '\0';
    struct text comma = script_lua_text(L, index);
    if (comma.len != 1 || (comma.at[0] != ',' && comma.at[0] != '.'))
        luaL_argerror(L, index, "\",\" or \".\" expected");
    return comma.at[0] == ',' ? ',' : '\0';
}

/* Pushes the number that the text is; false, and nothing pushed: none. */
static bool push_read(lua_State *L, struct text text, char comma)
{
    char mended[TEXT_BYTES];
    int64_t integer;
    double number;
    if (text.len > LONG_BYTES)
        script_lua_spend(L, text.len);
    text = scan_trim(text);
    if (comma && text.len > 0 && !with_point(text, comma, mended, &text))
        return false;
    if (number_read_int(text, &integer))
        lua_pushinteger(L, integer);
    else if (number_read(text, &number))
        lua_pushnumber(L, number);
    else
        return false;
    return true;
}

/* Pushes the number that the value at index is; false: none. */
static bool push_number(lua_State *L, int index, char comma)
{
    const struct value *whole = script_whole(L, index);
    int type = lua_type(L, index);
    if (whole && (whole->type == VALUE_INT || whole->as.integer >= 0))
        lua_pushinteger(L, whole->as.integer);
    else if (whole)
        lua_pushnumber(L, (double)whole->as.natural);
    else if (type == LUA_TNUMBER
             && lua_tonumber(L, index) - lua_tonumber(L, index) == 0)
        lua_pushvalue(L, index);
    else
        return type == LUA_TSTRING
               && push_read(L, script_lua_string(L, index), comma);
    return true;
}

static void push_nil_noted(lua_State *L, int index, const char *function)
{
    if (!lua_isnoneornil(L, index))
        note_nil(L, index, function);
    lua_pushnil(L);
}

/* number(x [, ","]) */
static int api_number(lua_State *L)
{
    char comma = comma_of(L, 2);
    if (!push_number(L, 1, comma))
        push_nil_noted(L, 1, "number");
    return 1;
}

static _Noreturn void raise_range(lua_State *L, int index, const char *function,
                                  const char *why)
{
    struct error err;
    const char *shown = luaL_tolstring(L, index, NULL);
    fail(&err, ERR_SCRIPT, "%s(%.40s): %s", function, shown, why);
    script_lua_raise(L, &err);
}

/* A float as a whole value; raises for a fraction or if it does not fit. */
static struct value whole_of_float(lua_State *L, double number,
                                   enum value_type type)
{
    const char *function = type == VALUE_INT ? "int" : "uint";
    struct value value = {.type = type};
    if (number != floor(number))
        raise_range(L, 1, function, "has a fraction; use round()");
    double least = type == VALUE_INT ? -0x1p63 : 0;
    double beyond = type == VALUE_INT ? 0x1p63 : 0x1p64;
    /* What 18446744073709551615 in JSON has become, digits lost. */
    if (number == 0x1p64 && lua_type(L, 1) == LUA_TNUMBER)
        raise_range(L, 1, function,
                    "does not fit (a whole number beyond int64 is a float in "
                    "JSON; as text it is exact)");
    if (number < least || number >= beyond)
        raise_range(L, 1, function, "does not fit");
    if (type == VALUE_INT)
        value.as.integer = (int64_t)number;
    else
        value.as.natural = (uint64_t)number;
    return value;
}

static struct value whole_of_integer(lua_State *L, int64_t integer,
                                     enum value_type type)
{
    if (type == VALUE_UINT && integer < 0)
        raise_range(L, 1, "uint", "is negative");
    return (struct value){.type = type, .as.integer = integer};
}

/* False: not a number. */
static bool whole_of_text(lua_State *L, struct text text, enum value_type type,
                          struct value *value)
{
    int64_t integer;
    double number;
    if (text.len > LONG_BYTES)
        script_lua_spend(L, text.len);
    text = scan_trim(text);
    value->type = type;
    if (type == VALUE_UINT && number_read_uint(text, &value->as.natural))
        return true;
    if (number_read_int(text, &integer))
        *value = whole_of_integer(L, integer, type);
    else if (number_read(text, &number))
        *value = whole_of_float(L, number, type);
    else
        return false;
    return true;
}

/* An int as a uint and back; raises if it does not fit. */
static struct value whole_of_whole(lua_State *L, const struct value *whole,
                                   enum value_type type)
{
    if (whole->type != type && whole->as.integer < 0)
        raise_range(L, 1, type == VALUE_INT ? "int" : "uint", "does not fit");
    return (struct value){.type = type, .as.natural = whole->as.natural};
}

static int push_whole(lua_State *L, enum value_type type)
{
    struct value value = {.type = type};
    const struct value *whole = script_whole(L, 1);
    int kind = lua_type(L, 1);
    double number = kind == LUA_TNUMBER ? lua_tonumber(L, 1) : 0;
    bool is_number = true;
    if (whole)
        value = whole_of_whole(L, whole, type);
    else if (kind == LUA_TNUMBER && lua_isinteger(L, 1))
        value = whole_of_integer(L, lua_tointeger(L, 1), type);
    else if (kind == LUA_TNUMBER && !isnan(number))
        value = whole_of_float(L, number, type);
    else
        is_number = kind == LUA_TSTRING
                    && whole_of_text(L, script_lua_string(L, 1), type, &value);
    if (is_number)
        script_whole_push(L, value);
    else
        push_nil_noted(L, 1, type == VALUE_INT ? "int" : "uint");
    return 1;
}

static int api_int(lua_State *L)
{
    return push_whole(L, VALUE_INT);
}

static int api_uint(lua_State *L)
{
    return push_whole(L, VALUE_UINT);
}

/* 1, 0, or -1 for a text that is neither yes nor no. */
static int truth_of(struct text text)
{
    static const char *const words[] = {"false", "true", "no", "yes",
                                        "off",   "on",   "0",  "1"};
    text = scan_trim(text);
    for (int i = 0; i < 8; i++)
        if (text_equal_nocase(text, text_of(words[i])))
            return i & 1;
    return -1;
}

/* bool(x) */
static int api_bool(lua_State *L)
{
    int truth = -1;
    const struct value *whole = script_whole(L, 1);
    if (lua_isboolean(L, 1))
        truth = lua_toboolean(L, 1);
    else if (lua_type(L, 1) == LUA_TSTRING)
        truth = truth_of(script_lua_string(L, 1));
    else if (lua_type(L, 1) == LUA_TNUMBER)
        truth = lua_tonumber(L, 1) == 0 ? 0 : lua_tonumber(L, 1) == 1 ? 1 : -1;
    else if (whole && whole->as.natural <= 1)
        truth = (int)whole->as.natural;
    if (truth >= 0)
        lua_pushboolean(L, truth);
    else
        push_nil_noted(L, 1, "bool");
    return 1;
}

/* The nearest decimal with that many digits, then the nearest double to it:
 * so what is printed has no tail of nines. */
static double round_to(double number, lua_Integer digits)
{
    double scale = pow(10, (double)llabs(digits));
    double scaled = digits < 0 ? number / scale : number * scale;
    if (fabs(scaled) >= 0x1p52 && digits >= 0)
        return number;
    return digits < 0 ? round(scaled) * scale : round(scaled) / scale;
}

/* round(x [, digits]) */
static int api_round(lua_State *L)
{
    lua_Integer digits = luaL_optinteger(L, 2, 0);
    luaL_argcheck(L, digits >= -MAX_DIGITS && digits <= MAX_DIGITS, 2,
                  "between -15 and 15 expected");
    if (!push_number(L, 1, '\0'))
        push_nil_noted(L, 1, "round");
    else if (!lua_isinteger(L, -1) || digits < 0)
        lua_pushnumber(L, round_to(lua_tonumber(L, -1), digits));
    return 1;
}

/* numbers(t [, ","]): the entries of t that read as a number */
static int api_numbers(lua_State *L)
{
    char comma = comma_of(L, 2);
    script_lua_check_time(L);
    lua_settop(L, 1);
    lua_newtable(L);
    if (lua_isnil(L, 1))
        return 1;
    luaL_checktype(L, 1, LUA_TTABLE);
    unsigned entries = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1), entries++) {
        if (!push_number(L, lua_gettop(L), comma))
            continue;
        lua_pushvalue(L, -3);
        lua_insert(L, -2);
        lua_rawset(L, 2);
    }
    script_lua_spend(L, entries * ENTRY_STEPS);
    return 1;
}

void script_values_open(lua_State *L)
{
    static const struct script_function functions[] = {
        {"number", api_number}, {"int", api_int},     {"uint", api_uint},
        {"bool", api_bool},     {"round", api_round}, {"numbers", api_numbers},
        {NULL, NULL},
    };
    lua_pushglobaltable(L);
    script_lua_set_functions(L, functions);
    lua_pop(L, 1);
}
