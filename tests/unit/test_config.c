/* Every option of the configuration: what it becomes, and what is said of a
 * wrong one, to the letter. */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "config_address.h"
#include "error.h"
#include "log.h"

static char folder[] = "/tmp/test_config.XXXXXX";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct config *load(const char *lua)
{
    struct error err;
    write_file("moonline.lua", lua);
    struct config *config = config_load("moonline.lua", &err);
    if (!config)
        fail_msg("%s", err.text);
    return config;
}

static void assert_fails(const char *lua, const char *expected)
{
    struct error err = {0};
    write_file("moonline.lua", lua);
    struct config *config = config_load("moonline.lua", &err);
    if (config)
        fail_msg("accepted: %s", lua);
    assert_int_equal(err.kind, ERR_CONFIG);
    if (strcmp(err.text, expected) != 0)
        fail_msg("got      %s\n       expected %s", err.text, expected);
}

/* Options of the top, with one route. */
static void assert_top_fails(const char *options, const char *expected)
{
    char lua[2000];
    snprintf(lua, sizeof lua,
             "return {\n  routes = { { path = '/a', script = 'a.lua' } },\n%s\n"
             "}",
             options);
    assert_fails(lua, expected);
}

/* Options of one output, which stands on line 3. */
static void assert_output_fails(const char *options, const char *expected)
{
    char lua[2000];
    snprintf(lua, sizeof lua,
             "return {\n  routes = {}, outputs = {\n    db = { %s } } }",
             options);
    assert_fails(lua, expected);
}

/* Options of one route, which stands on line 3. */
static void assert_route_fails(const char *options, const char *expected)
{
    char lua[2000];
    snprintf(lua, sizeof lua,
             "return { outputs = { a = { file = '-' }, b = { file = '-' } },\n"
             "default_output = 'b', routes = {\n  { %s } } }",
             options);
    assert_fails(lua, expected);
}

static void assert_verify_fails(const char *verify, const char *expected)
{
    char lua[2000];
    snprintf(lua, sizeof lua,
             "return { routes = { { path = '/a', script = 'a.lua',\n  verify = "
             "%s } } }",
             verify);
    assert_fails(lua, expected);
}

static void the_least_file_gets_every_default(void **state)
{
    (void)state;
    struct config *config =
        load("return { routes = { { path = '/a', script = 'a.lua' } } }");
    assert_string_equal(config->path, "moonline.lua");
    assert_string_equal(config->dir, ".");
    assert_string_equal(config->listen[0], "127.0.0.1:8580");
    assert_null(config->listen[1]);
    assert_string_equal(config->admin, "127.0.0.1:8581");
    assert_string_equal(config->data, "moonline-data");
    assert_true(config->workers >= 1);
    assert_int_equal(config->journal_max_bytes, UINT64_C(10000000000));
    assert_int_equal(config->journal_min_free_bytes, 1000000000);
    assert_int_equal(config->journal_keep_ns, 0);
    assert_false(config->journal_is_unsynced);
    assert_int_equal(config->outputs.count, 1);
    assert_string_equal(config->outputs.names[0], "stdout");
    assert_string_equal(config->outputs.items[0].relay.file, "-");
    const struct route *route = route_table_at(config->routes, 0);
    assert_string_equal(route->pattern, "/a");
    assert_string_equal(route->where, "moonline.lua:1");
    assert_int_equal(route->methods, METHOD_POST | METHOD_PUT);
    assert_int_equal(route->script, 0);
    assert_int_equal(route->outputs, 1);
    assert_int_equal(route->reply_status, 0); /* none was said */
    assert_int_equal(route->limits.body_bytes, 8000000);
    assert_int_equal(route->limits.points, 100000);
    assert_int_equal(route->limits.time_ns, 10000000);
    assert_int_equal(route->limits.memory_bytes, 32000000);
    assert_int_equal(route->limits.depth, 64);
    assert_null(route->verify);
    assert_null(route_table_at(config->routes, 1));
    config_free(config);
}

static void options_of_the_top_are_taken(void **state)
{
    (void)state;
    struct config *config =
        load("return {\n"
             "  listen = { '127.0.0.1:1', '[::1]:2', '0.0.0.0:3' },\n"
             "  admin = false, data = '/var/lib/moonline', workers = 3,\n"
             "  limits = { body = '64KB', points = 7, time = '20ms',\n"
             "    memory = '8MiB', depth = 9 },\n"
             "  journal = { max = '1GB', min_free = 0, keep = '24h' },\n"
             "  trusted_proxies = { '10.0.0.0/8', '::1' },\n"
             "  routes = { { path = '/a', script = 'a.lua', verify = false,\n"
             "    limits = { depth = 3 } } } }");
    assert_string_equal(config->listen[1], "[::1]:2");
    assert_null(config->listen[3]);
    assert_null(config->admin);
    assert_string_equal(config->data, "/var/lib/moonline");
    assert_int_equal(config->workers, 3);
    assert_int_equal(config->limits.body_bytes, 64000);
    assert_int_equal(config->limits.points, 7);
    assert_int_equal(config->limits.time_ns, 20000000);
    assert_int_equal(config->limits.memory_bytes, 8388608);
    assert_int_equal(config->limits.depth, 9);
    assert_int_equal(config->journal_max_bytes, 1000000000);
    assert_int_equal(config->journal_min_free_bytes, 0);
    assert_int_equal(config->journal_keep_ns, UINT64_C(86400000000000));
    assert_int_equal(config->outputs.items[0].relay.keep_ns,
                     UINT64_C(86400000000000));
    assert_string_equal(config->trusted_proxies[0], "10.0.0.0/8");
    const struct route *route = route_table_at(config->routes, 0);
    assert_int_equal(route->limits.depth, 3);
    assert_int_equal(route->limits.points, 7);
    assert_null(route->verify);
    config_free(config);
}

static void outputs_are_taken(void **state)
{
    (void)state;
    struct config *config =
        load("return { routes = {}, outputs = {\n"
             "  cloud = { url = 'http://127.0.0.1:8086', org = 'acme',\n"
             "    bucket = 'iot', token = 't', precision = 'ms',\n"
             "    gzip = false, batch_lines = 10, batch_bytes = '2MB', "
             "parallel = 4,\n"
             "    flush = '1s', timeout = '5s' },\n"
             "  old = { url = 'http://127.0.0.1:8087', database = 'd',\n"
             "    retention_policy = 'r', user = 'u', password = 'p' },\n"
             "  new = { url = 'http://127.0.0.1:8181', database = 'd',\n"
             "    api = 'v3' },\n"
             "  vm = { url = 'http://h:8428', api = 'v2', bucket = 'b' },\n"
             "  paper = { file = 'points.lp' }, }, }");
    assert_int_equal(config->outputs.count, 5);
    const struct config_output *o = config->outputs.items;
    assert_string_equal(o[0].name, "cloud");
    assert_ptr_equal(o[0].relay.name, o[0].name);
    assert_int_equal(o[0].relay.influx.api, INFLUX_V2);
    assert_string_equal(o[0].relay.influx.org, "acme");
    assert_string_equal(o[0].relay.influx.token, "t");
    assert_int_equal(o[0].relay.influx.precision, PRECISION_MS);
    assert_false(o[0].relay.influx.gzip);
    assert_int_equal(o[0].relay.batch_lines, 10);
    assert_int_equal(o[0].relay.batch_bytes, 2000000);
    assert_int_equal(o[0].relay.parallel, 4);
    assert_int_equal(o[1].relay.parallel, 1);
    assert_int_equal(o[0].relay.flush_ns, 1000000000);
    assert_int_equal(o[0].relay.influx.timeout_ns, INT64_C(5000000000));
    assert_int_equal(o[1].relay.influx.api, INFLUX_V1);
    assert_int_equal(o[1].relay.output, 1);
    assert_string_equal(o[1].relay.influx.retention_policy, "r");
    assert_string_equal(o[1].relay.influx.user, "u");
    assert_string_equal(o[1].relay.influx.password, "p");
    assert_true(o[1].relay.influx.gzip);
    assert_int_equal(o[1].relay.batch_lines, 5000);
    assert_int_equal(o[1].relay.batch_bytes, 1000000);
    assert_int_equal(o[1].relay.flush_ns, 200000000);
    assert_int_equal(o[2].relay.influx.api, INFLUX_V3);
    assert_int_equal(o[2].relay.batch_bytes, 8000000);
    assert_int_equal(o[2].relay.batch_lines, 1000000);
    assert_int_equal(o[3].relay.influx.api, INFLUX_V2);
    assert_string_equal(o[4].relay.file, "points.lp");
    assert_string_equal(config->outputs.names[4], "paper");
    assert_null(config->outputs.names[5]);
    const struct ingest_options ingest = config_ingest(config);
    assert_int_equal(ingest.outputs.count, 5);
    assert_ptr_equal(ingest.outputs.names, config->outputs.names);
    assert_null(ingest.journal);
    assert_int_equal(ingest.waker, -1);
    config_free(config);
}

static void options_of_a_route_are_taken(void **state)
{
    (void)state;
    struct config *config =
        load("return { default_output = 'b',\n"
             "  outputs = { a = { file = '-' }, b = { file = '-' },\n"
             "              c = { file = '-' } },\n"
             "  routes = {\n"
             "    { path = '/a/:x', method = { 'GET', 'DELETE' },\n"
             "      script = 'a.lua', output = { 'a', 'c' },\n"
             "      reply = { status = 201, body = 'ok', type = 'text/x' },\n"
             "      on_error = 'refuse', repeats = 'spread',\n"
             "      tags = { site = 'ridge', n = 1, deep = 1.5, on = true },\n"
             "      vars = { zone = '-07:00', list = { 1, 2.5, 3.0, false },\n"
             "        text = 'a\"\\\\\\n', none = {} },\n"
             "      secrets = 'PASSKEY', content_type = 'text/csv',\n"
             "      verify = { scheme = 'bearer', secret = { 'a', 'b' } } },\n"
             "    { path = '/b', line_protocol = true, method = 'POST',\n"
             "      output = 'c', verify = { allow = '10.0.0.0/8' } },\n"
             "    { path = '/c', script = './a.lua', line_protocol = true,\n"
             "      reply = { body = { result = 'ok' } } },\n"
             "    { path = '/d', script = 'a.lua', on_bad_body = 'keep',\n"
             "      ack = 'stored', reply = { body = '[]' } },\n"
             "} }");
    const struct route *a = route_table_at(config->routes, 0);
    const struct route *b = route_table_at(config->routes, 1);
    const struct route *c = route_table_at(config->routes, 2);
    const struct route *d = route_table_at(config->routes, 3);
    assert_string_equal(a->where, "moonline.lua:5");
    assert_int_equal(a->methods, METHOD_GET | METHOD_DELETE);
    assert_int_equal(a->outputs, 5);
    assert_int_equal(a->reply_status, 201);
    assert_string_equal(a->reply_body, "ok");
    assert_string_equal(a->reply_type, "text/x");
    assert_true(a->spread_repeats);
    assert_true(a->refuses_errors);
    assert_false(a->keeps_bad_bodies);
    assert_int_equal(a->tag_count, 4);
    assert_string_equal(a->tags[0].key, "deep");
    assert_string_equal(a->tags[0].value, "1.5");
    assert_string_equal(a->tags[1].value, "1");
    assert_string_equal(a->tags[2].value, "true");
    assert_string_equal(a->tags[3].value, "ridge");
    assert_string_equal(a->vars_json,
                        "{\"list\":[1,2.5,3.0,false],\"zone\":\"-07:00\","
                        "\"none\":{},\"text\":\"a\\\"\\\\\\u000a\"}");
    assert_string_equal(a->content_type, "text/csv");
    assert_non_null(a->verify);
    assert_int_equal(b->script, -1);
    assert_true(b->line_protocol);
    assert_int_equal(b->outputs, 4);
    assert_int_equal(b->methods, METHOD_POST);
    assert_non_null(b->verify);
    assert_int_equal(c->outputs, 2);
    assert_true(c->line_protocol);
    assert_int_equal(c->reply_status, 200);
    assert_string_equal(c->reply_body, "{\"result\":\"ok\"}");
    assert_string_equal(c->reply_type, "application/json");
    assert_string_equal(d->reply_body, "[]");
    assert_null(d->reply_type);
    assert_int_equal(d->script, a->script);
    config_free(config);
}

static void a_script_of_several_routes_is_read_once(void **state)
{
    (void)state;
    struct config *config =
        load("return { routes = { { path = '/a', script = 'a.lua' },\n"
             "  { path = '/b', script = 'b.lua' },\n"
             "  { path = '/c', script = 'a.lua' },\n"
             "  { path = '/d', script = 'shipped' } } }");
    assert_int_equal(config->scripts.count, 3);
    assert_int_equal(route_table_at(config->routes, 0)->script, 0);
    assert_int_equal(route_table_at(config->routes, 1)->script, 1);
    assert_int_equal(route_table_at(config->routes, 2)->script, 0);
    assert_int_equal(route_table_at(config->routes, 3)->script, 2);
    assert_string_equal(config->scripts.items[2].path, "./ours/shipped.lua");
    assert_string_equal(config->scripts.items[2].shipped_dir, "./ours");
    config_free(config);
}

static void names_start_from_the_folder_of_the_file(void **state)
{
    (void)state;
    struct error err;
    write_file("sub/moonline.lua",
               "return { outputs = { paper = { file = 'out.lp' } },\n"
               "  routes = { { path = '/a', script = 'c.lua' } } }");
    struct config *config = config_load("sub/moonline.lua", &err);
    assert_non_null(config);
    assert_string_equal(config->dir, "sub");
    assert_string_equal(config->data, "sub/moonline-data");
    assert_string_equal(config->outputs.items[0].relay.file, "sub/out.lp");
    assert_string_equal(config->scripts.items[0].path, "sub/c.lua");
    config_free(config);
}

static void a_file_needs_its_folder(void **state)
{
    (void)state;
    struct error err;
    write_file("sub/moonline.lua", "return { outputs = { paper = {\n"
                                   "  file = 'no/out.lp' } },\n"
                                   "  routes = {} }");
    assert_null(config_load("sub/moonline.lua", &err));
    assert_string_equal(err.text, "sub/moonline.lua:2: `file` sub/no/out.lp: "
                                  "there is no folder sub/no/");
}

static void an_output_may_have_a_proxy_and_certificates(void **state)
{
    (void)state;
    struct error err;
    write_file("sub/token", "t0ken\n");
    write_file("sub/ca.pem", "x");
    write_file("sub/moonline.lua",
               "return { outputs = { db = { url = 'https://h:1',\n"
               "    database = 'd', proxy = 'socks5h://me:pw@p:1080',\n"
               "    token = file 'token', ca_file = 'ca.pem',\n"
               "    cert_file = 'ca.pem', key_file = 'ca.pem' } },\n"
               "  routes = { { path = '/a', script = 'c.lua' } } }");
    struct config *config = config_load("sub/moonline.lua", &err);
    assert_non_null(config);
    const struct influx_options *influx =
        &config->outputs.items[0].relay.influx;
    assert_string_equal(influx->proxy, "socks5h://me:pw@p:1080");
    assert_string_equal(influx->ca_file, "sub/ca.pem");
    assert_string_equal(influx->cert_file, "sub/ca.pem");
    assert_string_equal(influx->key_file, "sub/ca.pem");
    assert_string_equal(influx->token, "t0ken");
    assert_string_equal(influx->secret_file, "sub/token");
    config_free(config);
}

static void mistakes_of_the_top_are_told(void **state)
{
    (void)state;
    assert_fails("return {}", "moonline.lua:1: no `routes`: which path means "
                              "which script");
    assert_top_fails("  lisen = 'x'",
                     "moonline.lua:3: unknown option `lisen` (did you mean "
                     "`listen`?)");
    assert_top_fails("\n  colour = 1",
                     "moonline.lua:4: unknown option `colour`");
    assert_top_fails("  'x'", "moonline.lua:3: element 1 has no name; each "
                              "option is name = value");
    assert_top_fails("  listen = 8580",
                     "moonline.lua:3: `listen` must be text or a list of it");
    assert_top_fails("  listen = {}",
                     "moonline.lua:3: `listen` must be text or a list of it");
    assert_top_fails(
        "  listen = { 1 }",
        "moonline.lua:3: `listen`: element 1 must be text, not a number");
    assert_top_fails("  listen = ''", "moonline.lua:3: `listen` is empty");
    assert_top_fails("  listen = 'localhost:80'",
                     "moonline.lua:3: `listen`: \"localhost:80\" is no address "
                     "like \"127.0.0.1:8580\" or \"[::1]:8580\"");
    assert_top_fails("  admin = 'x'",
                     "moonline.lua:3: `admin` must be an address like "
                     "\"127.0.0.1:8581\", or false (none)");
    assert_top_fails("  admin = true",
                     "moonline.lua:3: `admin` must be an address like "
                     "\"127.0.0.1:8581\", or false (none)");
    assert_top_fails("  listen = '127.0.0.1:9',\n  admin = '127.0.0.1:9'",
                     "moonline.lua:4: `admin` and `listen` are both "
                     "127.0.0.1:9; health and metrics need an address of their "
                     "own");
    assert_top_fails("  listen = { '127.0.0.1:9', '127.0.0.1:8581' }",
                     "moonline.lua:3: `admin` and `listen` are both "
                     "127.0.0.1:8581; health and metrics need an address of "
                     "their own");
    assert_top_fails("  data = {}",
                     "moonline.lua:3: `data` must be text, not a table (the "
                     "folder of the journals)");
    assert_top_fails("  data = 'a\\0b'",
                     "moonline.lua:3: `data` has a NUL byte in it");
    assert_top_fails("  workers = 0",
                     "moonline.lua:3: `workers` must be from 1 to 64 (threads "
                     "that take requests)");
    assert_top_fails(
        "  workers = 1.5",
        "moonline.lua:3: `workers` must be a whole number from 0 up "
        "(threads that take requests)");
    assert_top_fails(
        "  workers = -1",
        "moonline.lua:3: `workers` must be a whole number from 0 up "
        "(threads that take requests)");
    assert_top_fails("  workers = 4294967297",
                     "moonline.lua:3: `workers` must be from 1 to 64 (threads "
                     "that take requests)");
    assert_top_fails("  limits = 5",
                     "moonline.lua:3: `limits` must be a table, not a number");
    assert_top_fails("  limits = {\n    body = 'big' }",
                     "moonline.lua:4: `body` must be a size such as \"64KB\" "
                     "or \"1MiB\", not \"big\" (of a request, also unpacked)");
    assert_top_fails("  limits = { time = '1us' }",
                     "moonline.lua:3: `time` must be from 1ms to 10000ms (a "
                     "script's CPU time)");
    assert_top_fails("  limits = { time = 10 }",
                     "moonline.lua:3: `time` must be a time such as \"200ms\" "
                     "or \"10s\", not a number (a script's CPU time)");
    assert_top_fails("  limits = { point = 1 }",
                     "moonline.lua:3: unknown option `point` (did you mean "
                     "`points`?)");
    assert_top_fails("  journal = { max = '1MB' }",
                     "moonline.lua:3: `max` must be from 16777216 bytes to "
                     "1000000000000000 bytes (all journals together)");
    assert_top_fails("  journal = { sync = false }",
                     "moonline.lua:3: the journal is always synced: a 2xx "
                     "means that it is on disk");
    assert_top_fails("  journal = { sync = 1 }",
                     "moonline.lua:3: `sync` must be true or false, not a "
                     "number (for the benchmark only)");
    assert_top_fails(
        "  trusted_proxies = '10.0.0.0/99'",
        "moonline.lua:3: network \"10.0.0.0/99\": what follows the / "
        "is a number from 0 to 32");
    assert_top_fails("  tls = { cert = 'x' }",
                     "moonline.lua:3: `tls` is not available in this version");
    assert_top_fails("  include = 'routes.d/*.lua'",
                     "moonline.lua:3: `include` is not available in this "
                     "version");
    assert_top_fails("  default_output = 'x'",
                     "moonline.lua:3: there is no output \"x\"");
}

static void mistakes_of_an_output_are_told(void **state)
{
    (void)state;
    assert_top_fails("  outputs = {}",
                     "moonline.lua:3: `outputs` must be a table with a name "
                     "for each output");
    assert_top_fails("  outputs = { { file = '-' } }",
                     "moonline.lua:3: an output needs a name: outputs = { "
                     "influx = { ... } }");
    assert_top_fails("  outputs = { ['a/b'] = { file = '-' } }",
                     "moonline.lua:3: an output's name is made of letters, "
                     "digits, - and _, at most 64 of them");
    assert_top_fails("  outputs = { a = 'x' }",
                     "moonline.lua:3: each output is a table with a name: "
                     "outputs = { influx = { a = ... } }");
    assert_top_fails("  outputs = { url = 'http://h:1', database = 'd' }",
                     "moonline.lua:3: each output is a table with a name: "
                     "outputs = { influx = { database = ... } }");
    assert_output_fails("url = 'http://h:1/write', database = 'd'",
                        "moonline.lua:3: `url` is the server's address alone, "
                        "as http://127.0.0.1:8086; what writes need is added");
    assert_output_fails("", "moonline.lua:3: output `db` needs `url` or "
                            "`file`");
    assert_output_fails("url = 'http://h:1'",
                        "moonline.lua:3: output `db` needs `org` and `bucket` "
                        "(v2), or `database` (v1)");
    assert_output_fails("url = 'http://h:1', org = 'o'",
                        "moonline.lua:3: output `db` needs `org` and `bucket` "
                        "(v2), or `database` (v1)");
    assert_output_fails("url = 'http://h:1', org = 'o', database = 'd'",
                        "moonline.lua:3: output `db` has `database` (v1, v3) "
                        "beside `org` and `bucket` (v2)");
    assert_output_fails("url = 'http://h:1', api = 'v3'",
                        "moonline.lua:3: output `db` needs `database`");
    assert_output_fails("url = 'http://h:1', api = 'v2', database = 'd'",
                        "moonline.lua:3: output `db` has `database`, which v2 "
                        "does not know");
    assert_output_fails("url = 'http://h:1', api = 'v4'",
                        "moonline.lua:3: `api` must be one of \"v1\", \"v2\", "
                        "\"v3\" (which write API it speaks)");
    assert_output_fails("file = '-', url = 'http://h:1'",
                        "moonline.lua:3: output `db` has a `file` and a "
                        "server; make them two outputs");
    assert_output_fails("file = '-', precision = 'm'",
                        "moonline.lua:3: `precision` must be one of \"ns\", "
                        "\"us\", \"ms\", \"s\" (of the stamps that are sent)");
    assert_output_fails("file = '-', precision = 1",
                        "moonline.lua:3: `precision` must be \"ns\", \"us\", "
                        "\"ms\", \"s\", not a number (of the stamps that are "
                        "sent)");
    assert_output_fails("file = '-', parallel = 2",
                        "moonline.lua:3: output `db` is a file: `parallel` is "
                        "for servers");
    assert_output_fails("file = '-', batch_lines = 0",
                        "moonline.lua:3: `batch_lines` must be from 1 to "
                        "1000000 (lines in one write)");
    assert_output_fails("file = '-', flush = '2m'",
                        "moonline.lua:3: `flush` must be from 0ms to 60000ms "
                        "(how long a write waits to fill)");
    assert_output_fails("url = 'http://h:1', buckets = 'b'",
                        "moonline.lua:3: unknown option `buckets` (did you "
                        "mean `bucket`?)");
    assert_output_fails("url = 'http://h:1', token = 7",
                        "moonline.lua:3: `token` must be text, not a number "
                        "(v2 and v3)");
    assert_output_fails("url = 'http://h:1', database = 'd', proxy = 'p:1'",
                        "moonline.lua:3: `proxy` is no proxy's address; one "
                        "is http://proxy:3128");
    assert_output_fails("url = 'https://h:1', database = 'd',\n"
                        " ca_file = '/no/such'",
                        "moonline.lua:4: `ca_file` /no/such: No such file or "
                        "directory");
    assert_output_fails("url = 'http://h:1', database = 'd',"
                        " ca_file = '/dev/null'",
                        "moonline.lua:3: ca_file is for a url that begins with "
                        "https:");
    assert_output_fails("url = 'https://h:1', database = 'd',"
                        " cert_file = '/dev/null'",
                        "moonline.lua:3: cert_file and key_file belong "
                        "together (they may be the same file)");
    assert_output_fails("url = 'http://h:1', token = ''",
                        "moonline.lua:3: `token` is empty");
}

static void mistakes_of_a_route_are_told(void **state)
{
    (void)state;
    assert_fails("return { routes = 5 }",
                 "moonline.lua:1: `routes` must be a list: { { path = ... }, "
                 "... }");
    assert_fails("return { routes = { path = '/a', script = 'a.lua' } }",
                 "moonline.lua:1: `routes` must be a list: { { path = ... }, "
                 "... }");
    assert_fails("return { routes = {\n  'x' } }",
                 "moonline.lua:2: element 1 must be a table, not text");
    assert_route_fails("script = 'a.lua'",
                       "moonline.lua:3: a route needs `path`");
    assert_route_fails("path = '/a'",
                       "moonline.lua:3: route /a needs `script`, or "
                       "line_protocol = true");
    assert_route_fails("path = '/a', scripts = 'a.lua'",
                       "moonline.lua:3: unknown option `scripts` (did you mean "
                       "`script`?)");
    assert_route_fails("path = '/a',\n  script = 'x.lua'",
                       "moonline.lua:4: there is no script x.lua");
    assert_route_fails("path = '/a',\n  script = 'shiped'",
                       "moonline.lua:4: no shipped script \"shiped\" (did you "
                       "mean \"shipped\"?)");
    assert_route_fails("path = '/a', script = 'nothing'",
                       "moonline.lua:3: no shipped script \"nothing\" in "
                       "./ours (a file beside the configuration is "
                       "\"nothing.lua\")");
    assert_route_fails("path = '/a', script = 'a.lua', method = 'post'",
                       "moonline.lua:3: no such method \"post\" (GET, POST, "
                       "PUT, PATCH or DELETE, in capitals)");
    assert_route_fails("path = '/a', script = 'a.lua', output = 'x'",
                       "moonline.lua:3: there is no output \"x\"");
    assert_route_fails("path = '/a', script = 'a.lua', output = true",
                       "moonline.lua:3: `output` must be text or a list of "
                       "it");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  reply = { status = 404 }",
                       "moonline.lua:4: `status` must be from 200 to 299 (of "
                       "an accepted request)");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  reply = { body = 1 }",
                       "moonline.lua:4: `body` must be text or a table, not a "
                       "number");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  reply = { status = 204, body = 'x' }",
                       "moonline.lua:4: a reply of 204 has no body; use 200");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  reply = { body = 'x', type = 'a\\r\\nX: y' }",
                       "moonline.lua:4: `type` has a control byte");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  tags = { ['a\\n'] = 'x' }",
                       "moonline.lua:4: tag has a control byte, number 2");
    assert_route_fails("path = '/a', script = 'a.lua', tags = { time = 'x' }",
                       "moonline.lua:3: tag \"time\" is a name that InfluxDB "
                       "keeps");
    assert_route_fails("path = '/a', script = 'a.lua', on_error = 'drop'",
                       "moonline.lua:3: `on_error` must be one of \"keep\", "
                       "\"refuse\" (when the script fails)");
    assert_route_fails("path = '/a', script = 'a.lua', on_bad_body = 'kept'",
                       "moonline.lua:3: `on_bad_body` must be one of "
                       "\"refuse\", \"keep\" (when a body is unreadable)");
    assert_route_fails("path = '/a', script = 'a.lua', ack_timeout = '1ms'",
                       "moonline.lua:3: `ack_timeout` must be from 100ms to "
                       "600000ms (the longest wait of ack = \"written\")");
    assert_route_fails("path = '/a', script = 'a.lua', ack = 'now'",
                       "moonline.lua:3: `ack` must be one of \"stored\", "
                       "\"written\" (when a sender is answered)");
    assert_route_fails("path = '/a', script = 'a.lua', tags = 'x'",
                       "moonline.lua:3: `tags` must be a table, not text");
    assert_route_fails("path = '/a', script = 'a.lua', tags = { 'x' }",
                       "moonline.lua:3: a tag is name = value");
    assert_route_fails("path = '/a', script = 'a.lua', tags = { x = {} }",
                       "moonline.lua:3: tag `x` must be text, not a table");
    assert_route_fails("path = '/a', script = 'a.lua', vars = 'x'",
                       "moonline.lua:3: `vars` must be a table, not text");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  vars = { f = function() end }",
                       "moonline.lua:4: `f` is a function; JSON has none");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  vars = { x = 1 / 0 }",
                       "moonline.lua:4: `x` is not a finite number");
    assert_route_fails("path = '/a', script = 'a.lua',\n"
                       "  vars = { x = 1, 2 }",
                       "moonline.lua:4: element 1 stands beside names; a table "
                       "is a list or has names");
    assert_route_fails("path = '/a', script = 'a.lua', limits = { depth = 0 }",
                       "moonline.lua:3: `depth` must be from 1 to 200 (of "
                       "nested JSON)");
    assert_route_fails("path = '/a', script = 'a.lua', line_protocol = 'x'",
                       "moonline.lua:3: `line_protocol` must be true or false, "
                       "not text (a native write)");
}

static void a_route_among_outputs_must_choose(void **state)
{
    (void)state;
    assert_fails("return { outputs = { a = { file = '-' }, b = { file = '-' "
                 "} },\n  routes = { { path = '/a', script = 'a.lua' } } }",
                 "moonline.lua:2: route /a must say its `output`: there are "
                 "several, and no `default_output`");
}

static void two_equal_routes_are_told_with_both_places(void **state)
{
    (void)state;
    struct error err = {0};
    write_file("moonline.lua", "return { routes = {\n"
                               "  { path = '/a/:x', script = 'a.lua' },\n"
                               "  { path = '/a/:y/', script = 'a.lua' } } }");
    assert_null(config_load("moonline.lua", &err));
    assert_non_null(strstr(err.text, "moonline.lua:2"));
    assert_int_equal(strncmp(err.text, "moonline.lua:3: ", 16), 0);
}

static void mistakes_of_verify_are_told(void **state)
{
    (void)state;
    assert_verify_fails("true", "moonline.lua:2: `verify` must be a table, or "
                                "false (anybody may post), not true");
    assert_verify_fails("'s3cret'",
                        "moonline.lua:2: `verify` must be a table, or false "
                        "(anybody may post), not text");
    assert_verify_fails("{}", "moonline.lua:2: `verify` says nothing; give "
                              "`scheme` or `allow`, or write verify = false");
    assert_verify_fails("{ secret = 's3cret' }",
                        "moonline.lua:2: a secret without `scheme`: "
                        "\"bearer\", \"basic\", \"header\" or \"query\"");
    assert_verify_fails("{ scheme = 'barer', secret = 's3cret' }",
                        "moonline.lua:2: `scheme` must be one of \"bearer\", "
                        "\"basic\", \"header\", \"query\" (how a sender proves "
                        "who it is)");
    assert_verify_fails("{ scheme = 'github', secret = 's3cret' }",
                        "moonline.lua:2: `scheme` = \"github\" is not "
                        "available in this version, which has \"bearer\", "
                        "\"basic\", \"header\", \"query\"");
    assert_verify_fails("{ scheme = 'bearer', secret = 's', value = 't' }",
                        "moonline.lua:2: `secret` and `value` are the same; "
                        "give one");
    assert_verify_fails("{ scheme = 'bearer', user = 'u', password = 'p' }",
                        "moonline.lua:2: `user` and `password` belong "
                        "together, to scheme = \"basic\", and replace "
                        "`secret`");
    assert_verify_fails("{ scheme = 'basic', user = 'u' }",
                        "moonline.lua:2: `user` and `password` belong "
                        "together, to scheme = \"basic\", and replace "
                        "`secret`");
    assert_verify_fails("{ scheme = 'hmac' }",
                        "moonline.lua:2: `scheme` = \"hmac\" is not available "
                        "in this version, which has \"bearer\", \"basic\", "
                        "\"header\", \"query\"");
    assert_verify_fails("{ prefix = 'sha256=' }",
                        "moonline.lua:2: `prefix` is not available in this "
                        "version");
    assert_verify_fails("{ scheme = 'header', name = 'X-Key:', secret = 's' }",
                        "moonline.lua:2: verify: \"X-Key:\" is no name of a "
                        "header");
    assert_verify_fails("{ scheme = 'bearer', secret = '' }",
                        "moonline.lua:2: `secret` is empty");
    assert_verify_fails("{ scheme = 'bearer', token = 's3cret' }",
                        "moonline.lua:2: unknown option `token` (there are "
                        "scheme, name, secret, value, user, password, allow)");
    assert_verify_fails("{ scheme = 'bearer', secrets = 's3cret' }",
                        "moonline.lua:2: unknown option `secrets` (did you "
                        "mean `secret`?)");
}

static void an_open_address_wants_verify(void **state)
{
    (void)state;
    assert_fails("return { listen = { '127.0.0.1:1', '0.0.0.0:2' },\n"
                 "  routes = { { path = '/a', script = 'a.lua',\n"
                 "      verify = false },\n"
                 "    { path = '/b', script = 'a.lua' } } }",
                 "moonline.lua:4: route /b has no `verify`, and 0.0.0.0:2 is "
                 "not loopback: say who may post, or write verify = false");
}

static void addresses_are_numbers_with_a_port(void **state)
{
    (void)state;
    bool is_loopback = false;
    assert_true(config_address_check("127.0.0.1:8580", &is_loopback));
    assert_true(is_loopback);
    assert_true(config_address_check("127.9.9.9:0", &is_loopback));
    assert_true(is_loopback);
    assert_true(config_address_check("[::1]:65535", &is_loopback));
    assert_true(is_loopback);
    assert_true(config_address_check("0.0.0.0:1", &is_loopback));
    assert_false(is_loopback);
    assert_true(config_address_check("[::]:1", &is_loopback));
    assert_false(is_loopback);
    static const char *const wrong[] = {"",
                                        "8580",
                                        ":8580",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "[::1]",
                                        "::1:80",
                                        "[::1:80",
                                        "[]:80",
                                        "127.0.0.1:65536",
                                        "host:80",
                                        "127.0.0.1:x",
                                        "127.0.0.1:-1",
                                        "[",
                                        "[127.0.0.1]:80",
                                        "1.2.3:80",
                                        "[:80"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (config_address_check(wrong[i], &is_loopback))
            fail_msg("%s is an address", wrong[i]);
}

static void without_outputs_the_environment_names_one(void **state)
{
    (void)state;
    struct error err = {0};
    const char *lua = "return { routes = {} }";
    setenv("INFLUX_HOST", "http://127.0.0.1:8086", 1);
    write_file("moonline.lua", lua);
    assert_null(config_load("moonline.lua", &err));
    assert_non_null(strstr(err.text, "INFLUX_HOST is set, but not INFLUX_ORG"));
    setenv("INFLUX_ORG", "acme", 1);
    assert_null(config_load("moonline.lua", &err));
    assert_non_null(strstr(err.text, "but not INFLUX_BUCKET"));
    setenv("INFLUX_BUCKET", "iot", 1);
    setenv("INFLUX_TOKEN", "s3cret", 1);
    struct config *config = load(lua);
    const struct relay_options *relay = &config->outputs.items[0].relay;
    assert_string_equal(config->outputs.names[0], "influx");
    assert_string_equal(relay->influx.url, "http://127.0.0.1:8086");
    assert_string_equal(relay->influx.org, "acme");
    assert_string_equal(relay->influx.bucket, "iot");
    assert_string_equal(relay->influx.token, "s3cret");
    assert_null(relay->file);
    assert_int_equal(relay->batch_lines, 5000);
    config_free(config);
    setenv("INFLUX_HOST", "no url", 1);
    assert_null(config_load("moonline.lua", &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_null(strstr(err.text, "s3cret"));
    unsetenv("INFLUX_HOST");
    config = load(lua);
    assert_string_equal(config->outputs.names[0], "stdout");
    config_free(config);
}

static void the_benchmark_alone_may_leave_the_sync_out(void **state)
{
    (void)state;
    const char *lua = "return { routes = {}, journal = { sync = false } }";
    setenv("MOONLINE_BENCH", "1", 1);
    struct config *config = load(lua);
    assert_true(config->journal_is_unsynced);
    config_free(config);
    setenv("MOONLINE_BENCH", "0", 1);
    assert_fails(lua, "moonline.lua:1: the journal is always synced: a 2xx "
                      "means that it is on disk");
    unsetenv("MOONLINE_BENCH");
}

static void only_a_test_may_size_segments(void **state)
{
    (void)state;
    const char *lua = "return { routes = {}, journal = { segment = '64KiB' } }";
    setenv("MOONLINE_BENCH", "1", 1);
    struct config *config = load(lua);
    assert_int_equal(config->journal_segment_bytes, 64 << 10);
    config_free(config);
    unsetenv("MOONLINE_BENCH");
    assert_fails(lua, "moonline.lua:1: segments are always of one size");
    config = load("return { routes = {} }");
    assert_int_equal(config->journal_segment_bytes, 0); /* as fits */
    config_free(config);
}

static void the_file_is_looked_for_in_three_places(void **state)
{
    (void)state;
    struct error err;
    write_file("other.lua", "return { routes = {}, data = 'other' }");
    write_file("moonline.lua", "return { routes = {}, data = 'beside' }");
    setenv("MOONLINE_CONFIG", "other.lua", 1);
    assert_string_equal(config_find(), "other.lua");
    struct config *config = config_load(NULL, &err);
    assert_string_equal(config->data, "other");
    config_free(config);
    unsetenv("MOONLINE_CONFIG");
    config = config_load(NULL, &err);
    assert_string_equal(config->data, "beside");
    config_free(config);
    unlink("moonline.lua");
    if (access("/etc/moonline/moonline.lua", F_OK) != 0) {
        assert_null(config_find());
        assert_null(config_load(NULL, &err));
        assert_non_null(strstr(err.text, "no configuration: give one with -c"));
    }
}

static void who_only_looks_needs_no_secrets(void **state)
{
    (void)state;
    struct error unset, err;
    unsetenv("NOT_THERE");
    write_file("look.lua", "return { data = 'there', routes = {},\n"
                           "  outputs = { p = { file = env 'NOT_THERE' } } }");
    assert_null(config_load("look.lua", &err));
    struct config *config = config_load_to_look("look.lua", &unset, &err);
    assert_non_null(config);
    assert_string_equal(config->data, "there");
    assert_string_equal(config->outputs.names[0], "p");
    assert_int_equal(unset.kind, ERR_CONFIG);
    assert_string_equal(unset.text, "look.lua:2: the environment variable "
                                    "NOT_THERE is not set");
    config_free(config);
    setenv("NOT_THERE", "now", 1);
    config = config_load_to_look("look.lua", &unset, &err);
    assert_int_equal(unset.kind, ERR_NONE);
    config_free(config);
    unsetenv("NOT_THERE");
    /* What cannot be guessed is told as it is, not as what came of it. */
    write_file("look.lua", "return { routes = {}, admin = env 'NOT_THERE' }");
    assert_null(config_load_to_look("look.lua", &unset, &err));
    assert_string_equal(err.text, "look.lua:1: the environment variable "
                                  "NOT_THERE is not set");
    unlink("look.lua");
}

static void a_script_alone_is_a_configuration(void **state)
{
    (void)state;
    struct error err;
    struct config *config =
        config_for_script("sub/c.lua", "/x/:y", "{\"z\":1}", &err);
    assert_non_null(config);
    const struct route *route = route_table_at(config->routes, 0);
    assert_string_equal(route->pattern, "/x/:y");
    assert_string_equal(route->vars_json, "{\"z\":1}");
    assert_string_equal(config->outputs.names[0], "stdout");
    assert_int_equal(route->outputs, 1);
    assert_true(route->methods & METHOD_GET);
    config_free(config);
    config = config_for_script("shipped", NULL, NULL, &err);
    assert_non_null(config);
    config_free(config);
    assert_null(config_for_script("absent.lua", NULL, NULL, &err));
    assert_string_equal(err.text, "there is no script absent.lua");
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_null(config_for_script("a.lua", "no/slash", NULL, &err));
    config_free(NULL);
}

static int enter(void **state)
{
    (void)state;
    static const char *const names[] = {"INFLUX_HOST",    "INFLUX_ORG",
                                        "INFLUX_BUCKET",  "INFLUX_TOKEN",
                                        "MOONLINE_BENCH", "MOONLINE_CONFIG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    log_set_level(LOG_ERROR);
    umask(077);
    setenv("MOONLINE_SCRIPTS", "./ours", 1);
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("ours", 0700) != 0
        || mkdir("sub", 0700) != 0)
        return -1;
    static const char *const scripts[] = {"a.lua", "b.lua", "sub/c.lua",
                                          "ours/shipped.lua"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        write_file(scripts[i], "return function(req) end\n");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a.lua",     "b.lua",        "sub/c.lua",        "ours/shipped.lua",
        "other.lua", "moonline.lua", "sub/moonline.lua", "sub/token",
        "sub/ca.pem"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
    rmdir("sub");
    rmdir("ours");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_file_gets_every_default),
        cmocka_unit_test(options_of_the_top_are_taken),
        cmocka_unit_test(outputs_are_taken),
        cmocka_unit_test(options_of_a_route_are_taken),
        cmocka_unit_test(a_script_of_several_routes_is_read_once),
        cmocka_unit_test(names_start_from_the_folder_of_the_file),
        cmocka_unit_test(a_file_needs_its_folder),
        cmocka_unit_test(an_output_may_have_a_proxy_and_certificates),
        cmocka_unit_test(mistakes_of_the_top_are_told),
        cmocka_unit_test(mistakes_of_an_output_are_told),
        cmocka_unit_test(mistakes_of_a_route_are_told),
        cmocka_unit_test(a_route_among_outputs_must_choose),
        cmocka_unit_test(two_equal_routes_are_told_with_both_places),
        cmocka_unit_test(mistakes_of_verify_are_told),
        cmocka_unit_test(an_open_address_wants_verify),
        cmocka_unit_test(addresses_are_numbers_with_a_port),
        cmocka_unit_test(without_outputs_the_environment_names_one),
        cmocka_unit_test(the_benchmark_alone_may_leave_the_sync_out),
        cmocka_unit_test(only_a_test_may_size_segments),
        cmocka_unit_test(the_file_is_looked_for_in_three_places),
        cmocka_unit_test(who_only_looks_needs_no_secrets),
        cmocka_unit_test(a_script_alone_is_a_configuration),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
