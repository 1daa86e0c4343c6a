/* Points that are stored + elements that are kept = all there were: for
 * elements that fail at random, and for scripts made at random. */
#include "script_unit.h"

#define FUNCTION(body) "return function(req)\n" body "\nend"

static void nothing_is_lost_by_half(void **state)
{
    (void)state;
    static const char text[] =
        FUNCTION("each(req.json, function(x, i)\n"
                 "  emit('m', { i = i }, { v = 1 })\n"
                 "  if x == 1 then error('plain') end\n"
                 "  if x == 2 then json.decode('{') end\n"
                 "  if x == 3 then time.parse('soon') end\n"
                 "  if x == 4 then point('m', {}, { f = {} }) end\n"
                 "  if x == 5 then local t = nil; t.x = 1 end\n"
                 "  if x == 6 then error({}) end\n"
                 "  if x == 7 then each({ 1 }, error) keep('inner') end\n"
                 "  if x == 8 then try(error, 'no') end\n"
                 "end)");
    struct bench bench;
    unsigned random = 42;
    assert_true(bench_load(&bench, text));
    for (int round = 0; round < 500; round++) {
        char body[300] = "[";
        size_t failing = 0, extra = 0, count = 1 + (unsigned)round % 100;
        for (size_t i = 0; i < count; i++) {
            random = random * 1103515245 + 12345;
            unsigned kind = (random >> 16) % 10;
            failing += kind >= 1 && kind <= 6;
            extra += kind == 7 ? 2 : 0;
            snprintf(body + strlen(body), 8, "%s%u", i ? "," : "", kind);
        }
        strcat(body, "]");
        assert_true(bench_run(&bench, body));
        assert_int_equal(bench.call.stored_count, count - failing);
        assert_int_equal(bench.call.kept.count, failing + extra);
        points_reset(&bench.points);
        arena_reset(&bench.request.arena);
    }
    bench_free(&bench);
}

/* ---- the same of scripts made at random, elements within elements ---- */

static unsigned next_random(unsigned *random)
{
    *random = *random * 1103515245 + 12345;
    return *random >> 16;
}

/* The body of an element: gives how many of its points should be stored. */
static void write_body(struct buf *out, unsigned *random, int depth)
{
    static const char *const statements[] = {
        "emit('m', { n = n }, { v = 1 }) n = n + 1\n",
        "if chance() then error('plain') end\n",
        "if chance() then json.decode('{') end\n",
        "if chance() then point('m', {}, { f = {} }) end\n",
        "if chance() then local t = nil; t.x = 1 end\n",
        "pcall(error, 'caught') try(time.parse, 'soon')\n",
        "local p = point('m', nil, { v = 2 }) emit(p) emit(p) n = n + 1\n",
    };
    enum { STATEMENTS = sizeof statements / sizeof *statements };
    buf_printf(out, "local n = 0\n");
    for (unsigned i = 1 + next_random(random) % 4; i > 0; i--) {
        unsigned kind = next_random(random) % (STATEMENTS + 2);
        if (kind < STATEMENTS) {
            buf_printf(out, "do %s end\n", statements[kind]);
        } else if (depth < 4) {
            buf_printf(out, "n = n + walk(%u, function()\n",
                       next_random(random) % 5);
            write_body(out, random, depth + 1);
            buf_printf(out, "end)\n");
        }
    }
    buf_printf(out, "return n\n");
}

/* walk sums what the elements that went well gave, and counts the others. */
static void write_script(struct buf *out, unsigned *random)
{
    buf_clear(out);
    buf_printf(out, "local failed, seed\n"
                    "local function chance()\n"
                    "  seed = (seed * 1103515245 + 12345) %% 2147483648\n"
                    "  return seed // 65536 %% 4 == 0\n"
                    "end\n"
                    "local function walk(count, f)\n"
                    "  local list, n = {}, 0\n"
                    "  for i = 1, count do list[i] = i end\n"
                    "  local results = each(list, f)\n"
                    "  failed = failed + count - #results\n"
                    "  for _, v in ipairs(results) do n = n + v end\n"
                    "  return n\n"
                    "end\n"
                    "return function(req)\n"
                    "  failed, seed = 0, req.json\n"
                    "  local n = walk(5, function()\n");
    write_body(out, random, 0);
    buf_printf(out, "  end)\n"
                    "  reply(200, n .. ' ' .. failed)\n"
                    "end\n");
}

static void nothing_is_lost_by_any_script(void **state)
{
    (void)state;
    struct buf text;
    unsigned random = 2026;
    size_t points = 0, failed = 0;
    buf_init(&text, 1 << 20);
    for (int script = 0; script < 200; script++) {
        struct bench bench;
        write_script(&text, &random);
        if (!bench_load(&bench, buf_string(&text)))
            fail_msg("%s\n%s", bench.err.text, buf_string(&text));
        for (int run = 0; run < 5; run++) {
            char body[20], counts[60];
            snprintf(body, sizeof body, "%d", run * 7 + script);
            if (!bench_run(&bench, body))
                fail_msg("%s\n%s", bench.err.text, buf_string(&text));
            snprintf(counts, sizeof counts, "%zu %zu", bench.call.stored_count,
                     bench.call.kept.count);
            assert_text(bench.call.reply.body, counts);
            points += bench.call.stored_count;
            failed += bench.call.kept.count;
            arena_reset(&bench.request.arena);
        }
        bench_free(&bench);
    }
    assert_true(points > 1000 && failed > 1000);
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_by_half),
        cmocka_unit_test(nothing_is_lost_by_any_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
