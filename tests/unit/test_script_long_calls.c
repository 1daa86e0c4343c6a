/* One call of a function in C that would go on for seconds, or for ever: no
 * instruction of Lua runs meanwhile, so no hook ends it. Each has to look at
 * the clock itself, or be short. Prints what each one took.
 */
#include "attack.h"

#define MEGABYTE "local big = ('x'):rep(1e6) "
#define MEGABYTES MEGABYTE "big = big .. big .. big .. big .. big .. big "
#define MANY_BIG MEGABYTE "local t = {} for i = 1, 9e4 do t[i] = big end "

#define TEN(text) text text text text text text text text text text
#define HUNDRED TEN("((((((((((")
#define TABLES TEN("{{{{{{{{{{")

/* A tree with 2^60 leaves, of 61 tables. */
#define SHARED "local t = {} for i = 1, 60 do t = { t, t } end "

static const struct attack one_call[] = {
    {"flatten of a tree with 2^60 leaves", "", SHARED "flatten(t)", ENDED,
     time_limit},
    {"json.encode of it", "", SHARED "json.encode(t)", ENDED, time_limit},
    {"json.encode of it, caught, again", "",
     SHARED "while true do pcall(json.encode, t) end", ENDED, time_limit},
    {"keep of it", "", SHARED "keep(t)", ENDED, time_limit},
    {"log of it", "", SHARED "log.error(t)", ENDED, time_limit},
    {"reply of it", "", SHARED "reply(200, t)", ENDED, time_limit},
    {"table.sort of long equal texts", "", MANY_BIG "table.sort(t)", ENDED,
     time_limit},
    {"table.sort by a function in C", "",
     MANY_BIG "table.sort(t, string.upper)", ENDED, time_limit},
    {"table.sort by equal", "", MANY_BIG "table.sort(t, equal)", ENDED,
     time_limit},
    {"each with a function in C", "", MANY_BIG "each(t, string.upper)", ENDED,
     time_limit},
    {"numbers of a megabyte each", "",
     "local big = (' '):rep(1e6) local t = {} for i = 1, 9e4 do t[i] = big end"
     " numbers(t)",
     ENDED, time_limit},
    {"merge of one table, 90,000 times", "",
     "local m, t = {}, {} for i = 1, 9e3 do m[i] = i end"
     " for i = 1, 9e4 do t[i] = m end merge(table.unpack(t))",
     ENDED, time_limit},
    {"get by a path of six million dots", "",
     "local t = {} t[''] = t local dots = ('.'):rep(1e6)"
     " get(t, dots .. dots .. dots .. dots .. dots .. dots)",
     ENDED, time_limit},
    {"gsub by three million %%", "",
     "local pairs = ('%'):rep(1e6) pairs = pairs .. pairs .. pairs"
     " for i = 1, 1e6 do ('xxxx'):gsub('x', pairs) end",
     ENDED, time_limit},
};

/* Calls that are done soon, but a thousand of them are not. */
static const struct attack many_calls[] = {
    {"upper, 6 MB", "", MEGABYTES "while true do big:upper() end", ENDED,
     time_limit},
    {"reverse, 6 MB", "", MEGABYTES "while true do big:reverse() end", ENDED,
     time_limit},
    {"concatenation, 6 MB", "",
     MEGABYTES "while true do local x = big .. 'y' end", ENDED, time_limit},
    {"comparison, 6 MB", "",
     MEGABYTES "local b = big .. '' while true do local x = big < b end", ENDED,
     time_limit},
    {"utf8.len, 6 MB", "", MEGABYTES "while true do utf8.len(big) end", ENDED,
     time_limit},
    {"tonumber, 6 MB", "", MEGABYTES "while true do tonumber(big, 36) end",
     ENDED, time_limit},
    {"string.pack to 14 MB", "",
     "while true do pcall(string.pack, 'c14000000', 'x') end", ENDED,
     time_limit},
    {"string.format of 6 MB, quoted", "",
     MEGABYTES "while true do ('%q'):format(big) end", ENDED, "limit"},
    {"string.byte of all", "",
     "local text = ('x'):rep(9e5) while true do text:byte(1, -1) end", ENDED,
     time_limit},
    {"find of 6 MB in a letter", "",
     MEGABYTES "while true do ('y'):find(big) end", ENDED, time_limit},
    {"hmac with a key of 6 MB", "",
     MEGABYTES "while true do hmac('sha256', big, '') end", ENDED, time_limit},
    {"equal, 6 MB", "", MEGABYTES "while true do equal(big, big) end", ENDED,
     time_limit},
    {"url.query of a million names", "",
     "local names = ('a&'):rep(5e5) while true do url.query(names) end", ENDED,
     time_limit},
    {"url.encode, 6 MB", "",
     MEGABYTES "while true do pcall(url.encode, big) end", ENDED, time_limit},
    {"base64.decode, bad at its end", "",
     MEGABYTES "big = big .. '!' while true do pcall(base64.decode, big) end",
     ENDED, time_limit},
    {"time.strptime, a format of a megabyte", "",
     "local long = ('%n'):rep(5e5)"
     " while true do pcall(time.strptime, 'x', long) end",
     ENDED, time_limit},
    {"time.parse, 6 MB", "",
     MEGABYTES "while true do pcall(time.parse, big) end", ENDED, time_limit},
    {"csv, a quote that never ends", "",
     MEGABYTES "while true do pcall(csv.rows, '\"' .. big) end", ENDED,
     time_limit},
    {"csv, names for a hundred thousand columns", "",
     "local names = {} for i = 1, 1e5 do names[i] = 'x' end"
     " csv.records(('1\\n'):rep(1e5), { header = names })",
     ENDED, "limit"},
    {"JSON without its end", "",
     "local text = '[' .. ('1,'):rep(9e4)"
     " while true do pcall(json.decode, text) end",
     ENDED, time_limit},
    {"int of 6 MB", "", MEGABYTES "while true do int(big) end", ENDED,
     time_limit},
    {"a hundred thousand elements that fail", "",
     "local t = {} for i = 1, 1e5 do t[i] = i end while true do each(t,"
     " function(i) emit('m', nil, { x = 1 }, i) error({}) end) end",
     ENDED, time_limit},
    {"a reply of a megabyte, again", "",
     MEGABYTE "while true do pcall(reply, 200, big) end", ENDED, time_limit},
    {"a reason of a megabyte, again", "",
     MEGABYTE "while true do keep(big) end", ENDED, time_limit},
    {"store.set of ever new names", "",
     "local name = ('x'):rep(6e4) for i = 1, 1e9 do"
     " pcall(store.set, name .. i, 1) end",
     ENDED, time_limit},
    {"errors that grow", "",
     "local function f(e) local _, more = pcall(error, e .. e) return f(more)"
     " end f('x')",
     ENDED, "limit"},
    {"points made and left", "", "while true do point('m', nil, { x = 1 }) end",
     ENDED, ""},
    {"names that are near no other", "",
     "while true do pcall(function() return _ENV[('x'):rep(60)] end) end",
     ENDED, time_limit},
    {"a jump to itself", "", "::again:: goto again", ENDED, time_limit},
    {"each in each in each", "",
     "local function f() each({ 1, 2, 3 }, f) end f()", ENDED, ""},
};

/* What a script could do to its state for those that come after. */
static const struct attack lasting[] = {
    {"an array made of the globals", "", "json.array(_ENV) leaked = 1", RAISES,
     "a meaning of its own"},
    {"an array made of the library", "", "json.array(string)", RAISES,
     "a meaning of its own"},
    {"an array made of the request", "", "json.array(req)", RAISES,
     "a meaning of its own"},
    {"three hundred parentheses", "local x = " HUNDRED HUNDRED HUNDRED, "",
     REFUSED_AT, "overflow"},
    {"three hundred tables in one another", "local x = " TABLES TABLES TABLES,
     "", REFUSED_AT, "overflow"},
    {"other globals", "", "_ENV = { error = error } error('x')", RAISES, "x"},
    {"other globals, kept", "", "_ENV = { x = 1 } while true do end", ENDED,
     time_limit},
    {"a loop's value to be closed", "",
     "for k in next, {}, nil, { __close = 1 } do end", RAISES, "non-closable"},
    {"an error that is null", "", "error(json.null)", RAISES, "not text"},
    {"an error that is a whole number", "", "error(int(5))", RAISES,
     "not text"},
    {"an error that is a point", "", "error(point('m', nil, { x = 1 }))",
     RAISES, "not text"},
    {"an error that is a function", "", "error(error)", RAISES, "not text"},
    {"an error within an error's catcher", "",
     "pcall(pcall, error) error(select(2, pcall(error, json.null)))", RAISES,
     "not text"},
    {"a module of another folder", "", "require('../t')", RAISES, "module"},
    {"a module with a zero in its name", "", "require('t\\0/../x')", RAISES,
     "module"},
    {"a zone that is a path", "",
     "time.parse('2026-01-02 03:04', '../../../etc/passwd')", RAISES, "zone"},
    {"pack, an alignment that is none", "", "string.pack('!17 i4', 1)", RAISES,
     "out of limits"},
    {"unpack, far behind the end", "", "string.unpack('s8', ('\\255'):rep(8))",
     RAISES, "too short"},
    {"packsize of too much", "", "string.packsize(('c1000000000'):rep(3))",
     RAISES, "too large"},
    {"format, a pointer to a number", "", "('%y'):format(1)", RAISES,
     "invalid conversion"},
    {"a reply's type of 20,000 bytes", "", "reply(200, '', ('x'):rep(2e4))",
     RAISES, "the type has 20000 bytes"},
    {"a reply's type of two lines", "", "reply(200, '', 'a\\r\\nb: c')", RAISES,
     "control byte"},
    {"a status of 2^53", "", "reply(2^53, '')", RAISES, "200 to 299"},
    {"a status that is no number", "", "return nil, 'x', 0/0", RAISES,
     "none of 400 to 599"},
    {"a list with a gap of 2^53", "", "return { [2^53 | 0] = false }", RAISES,
     "too wide"},
    {"a list with an element 0", "", "return { [0] = false }", RAISES,
     "lists begin at 1"},
    {"a ttl that is no number", "", "store.set('x', 1, 0/0)", RAISES, ""},
    {"a store's name of 64 KB", "", "store.get(nil)", RAISES, ""},
};

#define TRY(attacks, pulse)                                                    \
    try_attacks(attacks, sizeof attacks / sizeof *attacks, pulse)

static void one_long_call_is_ended_within_it(void **state)
{
    (void)state;
    TRY(one_call, NULL);
    TRY(lasting, NULL);
}

/* By the hook alone a thousand calls are only seconds: that will do for `try`.
 * The gateway has a pulse, and then it is milliseconds. */
static void a_thousand_calls_are_ended_by_the_pulse(void **state)
{
    (void)state;
    try_attacks_beating(many_calls, sizeof many_calls / sizeof *many_calls);
    try_attacks_beating(one_call, sizeof one_call / sizeof *one_call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_long_call_is_ended_within_it),
        cmocka_unit_test(a_thousand_calls_are_ended_by_the_pulse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
