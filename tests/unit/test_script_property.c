/* What must hold whatever the values are: written and read back it is the same,
 * and ways through tables lose nothing and make nothing up. The values are
 * made inside Lua, from a seed, so that a failure can be had again. */
#include "script_unit.h"

/* Values from a seed; equal() compares them by meaning. */
static const char prelude[] =
    "local seed\n"
    "local function random(n)\n"
    "  seed = (seed * 1103515245 + 12345) % 2147483648\n"
    "  return (seed >> 8) % n\n"
    "end\n"
    "local texts = { '', 'a', 'a b', '\"', '\\\\', '\\n', '\\0', 'é', '€', '😀',"
    " ',=', '#x', '/', '\\x7f', '{', '[]', 'null', '1' }\n"
    "local function text()\n"
    "  local t = ''\n"
    "  for i = 1, random(4) do t = t .. texts[random(#texts) + 1] end\n"
    "  return t\n"
    "end\n"
    "local function scalar()\n"
    "  local kind = random(6)\n"
    "  if kind == 0 then return random(2) == 0 end\n"
    "  if kind == 1 then return random(1000) - 500 end\n"
    "  if kind == 2 then return (random(1 << 22) << 40) - random(9) end\n"
    "  if kind == 3 then return (random(1 << 22) - 999) / (random(99) + 1) "
    "end\n"
    "  if kind == 4 then return random(1000) * 2.0 ^ (random(200) - 100) end\n"
    "  return text()\n"
    "end\n"
    "local function value(depth)\n"
    "  local kind = depth > 4 and 9 or random(10)\n"
    "  if kind > 3 then return scalar() end\n"
    "  local t = kind > 1 and {} or json.array()\n"
    "  for i = 1, random(5) do\n"
    "    if kind > 1 then t['k' .. text()] = value(depth + 1)\n"
    "    else t[#t + 1] = value(depth + 1) end\n"
    "  end\n"
    "  return t\n"
    "end\n"
    "local function equal(a, b)\n"
    "  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b end\n"
    "  for k, v in pairs(a) do if not equal(v, b[k]) then return false end "
    "end\n"
    "  for k in pairs(b) do if a[k] == nil then return false end end\n"
    "  return json.is_array(a) == json.is_array(b)\n"
    "end\n";

/* body is run for the seeds 1 to 200, `x` being a value; it must not raise. */
static void holds(const char *body)
{
    char script[8192];
    snprintf(script, sizeof script,
             "%sreturn function(req)\n"
             "  for start = 1, 200 do\n"
             "    seed = start * 7919\n"
             "    local x = value(0)\n"
             "    local ok, why = pcall(function() %s end)\n"
             "    if not ok then error('seed ' .. start .. ': ' .. why) end\n"
             "  end\n"
             "end",
             prelude, body);
    struct bench bench;
    if (!bench_load(&bench, script))
        fail_msg("%s", bench.err.text);
    if (!bench_run(&bench, ""))
        fail_msg("%s", bench.err.text);
    bench_free(&bench);
}

static void json_written_and_read_is_the_same(void **state)
{
    (void)state;
    holds("local back = json.decode(json.encode(x))\n"
          "assert(equal(x, back), json.encode(x))");
    /* Again, the text is the same to the byte. */
    holds("local once = json.encode(x)\n"
          "assert(json.encode(json.decode(once)) == once, once)");
}

static void integers_stay_integers_and_floats_floats(void **state)
{
    (void)state;
    holds("local n = scalar()\n"
          "local back = json.decode(json.encode(n))\n"
          "if math.type(n) == 'integer' then\n"
          "  assert(math.type(back) == 'integer')\n"
          "end\n"
          "assert(back == n)");
}

static void a_prefix_of_json_is_no_json(void **state)
{
    (void)state;
    holds("local whole = json.encode({ x, 'end' })\n"
          "local cut = whole:sub(1, random(#whole - 1) + 1)\n"
          "if cut ~= whole then\n"
          "  assert(try(json.decode, cut) == nil, cut)\n"
          "end");
}

static void codecs_written_and_read_are_the_same(void **state)
{
    (void)state;
    holds("local bytes = text() .. string.char(random(256), random(256))\n"
          "for _, codec in pairs({ hex, base64, url }) do\n"
          "  assert(codec.decode(codec.encode(bytes)) == bytes)\n"
          "end\n"
          "assert(#hex.encode(bytes) == 2 * #bytes)\n"
          "assert(not url.encode(bytes):find('[^%w%-._~%%]'))");
}

static void int_and_uint_keep_every_digit(void **state)
{
    (void)state;
    holds("local n = (random(1 << 22) << 42) ~ (random(1 << 22) << 20)\n"
          "  ~ random(1 << 20)\n"
          "for _, n in pairs({ n, -n, math.maxinteger, math.mininteger }) do\n"
          "  assert(tostring(int(n)) == tostring(n))\n"
          "  assert(int(tostring(n)) == int(n))\n"
          "  assert(number(tostring(n)) == n)\n"
          "  local text = string.format('%u', 0) and\n"
          "    (n < 0 and math.ult(0, n)) and\n"
          "    tostring((n >> 1) // 5) .. (n - (n >> 1) // 5 * 10) or nil\n"
          "  if text then\n"
          "    assert(tostring(uint(text)) == text, text)\n"
          "  end\n"
          "end");
}

static void flatten_keeps_every_scalar(void **state)
{
    (void)state;
    holds("local scalars = 0\n"
          "local function count(t)\n"
          "  for _, v in pairs(t) do\n"
          "    if type(v) == 'table' then count(v) else scalars = scalars + 1 "
          "end\n"
          "  end\n"
          "end\n"
          "local t = { value(1), value(1), deep = value(2) }\n"
          "count(t)\n"
          /* a separator that no name holds keeps names apart */
          "local flat, seen = flatten(t, '\\1'), 0\n"
          "for k, v in pairs(flat) do\n"
          "  seen = seen + 1\n"
          "  assert(type(v) ~= 'table')\n"
          "  assert(get(flat, k) == v or k:find('%.'))\n"
          "end\n"
          "assert(seen == scalars, seen .. ' of ' .. scalars)");
}

static void merge_is_what_assignment_would_be(void **state)
{
    (void)state;
    holds("local a, b, both = {}, {}, {}\n"
          "for i = 1, random(8) do a['k' .. random(9)] = scalar() end\n"
          "for i = 1, random(8) do b['k' .. random(9)] = scalar() end\n"
          "for k, v in pairs(a) do both[k] = v end\n"
          "for k, v in pairs(b) do both[k] = v end\n"
          "local merged = merge(a, nil, b)\n"
          "assert(equal(merged, both))\n"
          "assert(merged ~= a and merged ~= b)");
}

static void each_sees_what_ipairs_sees(void **state)
{
    (void)state;
    holds("local list = {}\n"
          "for i = 1, random(9) + 1 do list[i] = scalar() end\n"
          "local seen = {}\n"
          "for element, index in each(list) do\n"
          "  assert(list[index] == element)\n"
          "  seen[#seen + 1] = element\n"
          "end\n"
          "assert(equal(seen, list))\n"
          "local single = { only = x }\n"
          "local count = 0\n"
          "for element in each(single) do\n"
          "  count = count + 1\n"
          "  assert(element == single)\n"
          "end\n"
          "assert(count == 1)");
}

static void numbers_are_those_that_number_reads(void **state)
{
    (void)state;
    holds("local t = {}\n"
          "for i = 1, 9 do t['k' .. i] = scalar() end\n"
          "local read = numbers(t)\n"
          "for k, v in pairs(t) do assert(read[k] == number(v)) end\n"
          "for k in pairs(read) do assert(t[k] ~= nil) end");
}

static void rounding_twice_is_rounding_once(void **state)
{
    (void)state;
    holds("local n, digits = (random(1 << 22) - 2000000) / 1024, random(7)\n"
          "local once = round(n, digits)\n"
          "assert(round(once, digits) == once)\n"
          "assert(math.abs(once - n) <= 0.5 / 10 ^ digits + 1e-9)");
}

/* Whatever goes into a point, its line is read back as one point. */
static void every_point_is_one_line(void **state)
{
    (void)state;
    char script[8192];
    struct bench bench;
    snprintf(script, sizeof script,
             "%sreturn function(req)\n"
             "  for start = 1, 300 do\n"
             "    seed = start * 104729\n"
             "    local tags, fields = {}, { n = start }\n"
             "    for i = 1, random(5) do tags['t' .. i] = scalar() end\n"
             "    for i = 1, random(5) do fields['f' .. i] = scalar() end\n"
             "    emit('m ,=' .. start, tags, fields)\n"
             "  end\n"
             "end",
             prelude);
    assert_true(bench_load(&bench, script));
    if (!bench_run(&bench, ""))
        fail_msg("%s", bench.err.text);
    struct arena arena;
    static struct points points;
    arena_init(&arena, 16 << 20);
    points_init(&points, &arena, 1000);
    size_t count = 0;
    for (struct text rest = buf_text(&bench.lines); rest.len > 0; count++) {
        struct text line = text_cut(&rest, '\n');
        struct error err;
        if (!line_check(line, &err)
            || !line_read(line, PRECISION_NS, &points, &err))
            fail_msg("%s: %.*s", err.text, TEXT_ARG(line));
        assert_int_equal(points.count, count + 1);
        assert_int_equal(points.items[count].time_ns, RECEIPT_NS);
    }
    assert_int_equal(count, 300);
    points_deinit(&points);
    arena_deinit(&arena);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_written_and_read_is_the_same),
        cmocka_unit_test(integers_stay_integers_and_floats_floats),
        cmocka_unit_test(a_prefix_of_json_is_no_json),
        cmocka_unit_test(codecs_written_and_read_are_the_same),
        cmocka_unit_test(int_and_uint_keep_every_digit),
        cmocka_unit_test(flatten_keeps_every_scalar),
        cmocka_unit_test(merge_is_what_assignment_would_be),
        cmocka_unit_test(each_sees_what_ipairs_sees),
        cmocka_unit_test(numbers_are_those_that_number_reads),
        cmocka_unit_test(rounding_twice_is_rounding_once),
        cmocka_unit_test(every_point_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
