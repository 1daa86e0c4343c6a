/* JSON that somebody else wrote, also when its end is missing. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "json_walk.h"

/* The walk as text: depth, kind, key and raw bytes of each value. */
static void describe(const char *json, char *out, size_t size)
{
    static const char kinds[] = {[JSON_OPEN] = '<',
                                 [JSON_CLOSE] = '>',
                                 [JSON_STRING] = 's',
                                 [JSON_OTHER] = 'o'};
    struct json_walk walk = {.rest = text_of(json)};
    struct json_value value;
    size_t used = 0;
    out[0] = '\0';
    while (json_walk_next(&walk, &value))
        used += (size_t)snprintf(out + used, size - used, "%u%c%.*s=%.*s%s ",
                                 value.depth, kinds[value.kind],
                                 TEXT_ARG(value.key), TEXT_ARG(value.raw),
                                 value.is_cut ? "!" : "");
}

static void values_come_with_key_and_depth(void **state)
{
    static const struct {
        const char *json;
        const char *walk;
    } rows[] = {
        {"", ""},
        {"  ", ""},
        {"{}", "0<= 0>= "},
        {"[]", "0<= 0>= "},
        {"{\"a\":1}", "0<= 1oa=1 0>= "},
        {" { \"a\" : \"b\" , \"c\" : [ true , null ] } ",
         "0<= 1sa=b 1<c= 2o=true 2o=null 1>= 0>= "},
        {"[\"a\",\"b\"]", "0<= 1s=a 1s=b 0>= "},
        {"{\"a\":{\"b\":{}},\"c\":-1.5e3}",
         "0<= 1<a= 2<b= 2>= 1>= 1oc=-1.5e3 0>= "},
        {"{\"a\\\"b\":\"c\\\\\"}", "0<= 1sa\\\"b=c\\\\ 0>= "},
        {"\"top\"", "0s=top "},
        {"17", "0o=17! "},
        /* cut anywhere */
        {"{\"a\":\"b", "0<= 1sa=b! "},
        {"{\"a\":\"b\\", "0<= 1sa=b\\! "},
        {"{\"a\":1", "0<= 1oa=1! "},
        {"{\"a\":", "0<= "},
        {"{\"a\"", "0<= 1s=a "},
        {"{\"a", "0<= 1s=a! "},
        {"{\"a\":[1,", "0<= 1<a= 2o=1 "},
        /* what is none */
        {"]", ""},
        {"}{", ""},
        {"{\"a\":\"b\":1}", "0<= 1sa=b 1o=1 0>= "},
        {"hello world", "0o=hello 0o=world! "},
        {"{\"line\nbreak\":\"x\ny\"}", "0<= 1sline\nbreak=x\ny 0>= "},
    };
    char walk[500];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].json);
        describe(rows[i].json, walk, sizeof walk);
        assert_string_equal(walk, rows[i].walk);
    }
}

static void a_walk_ends_wherever_it_is_cut(void **state)
{
    static const char json[] =
        "{\"error\":\"a\\u00e9\\\"b\",\"data\":[{\"n\":12,\"x\":null},[]]}";
    (void)state;
    for (size_t len = 0; len < sizeof json; len++) {
        struct json_walk walk = {.rest = {json, len}};
        struct json_value value;
        size_t count = 0;
        while (json_walk_next(&walk, &value))
            assert_true(++count <= len);
    }
}

static void escapes_mean_what_they_say(void **state)
{
    static const struct {
        const char *raw;
        const char *plain;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u0041\\u00e9\\u20ac", "A\xc3\xa9\xe2\x82\xac"},
        {"\\u003cb\\u003E", "<b>"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
        {"\\ud83d", "\xef\xbf\xbd"},
        {"\\ud83dx", "\xef\xbf\xbdx"},
        {"\\ud83d\\u0041", "\xef\xbf\xbd"
                           "A"},
        {"\\ude00", "\xef\xbf\xbd"},
        {"\\u12", "\\u12"},
        {"\\uzzzz", "\\uzzzz"},
        {"\\q", "\\q"},
        {"end\\", "end\\"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[40];
        struct text raw = text_of(rows[i].raw);
        size_t len = json_walk_unescape(raw, out);
        assert_true(len <= raw.len);
        assert_text(((struct text){out, len}), rows[i].plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_with_key_and_depth),
        cmocka_unit_test(a_walk_ends_wherever_it_is_cut),
        cmocka_unit_test(escapes_mean_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
