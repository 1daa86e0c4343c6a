/* The table of types and the fitter before it: learnt in order, bounded, the
 * same for all threads. */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "fit.h"
#include "fitter.h"
#include "types.h"

#define LEARNT_NS INT64_C(1767323045678000000) /* 2026-01-02T03:04:05.678Z */

static struct types *new_types(bool learns, bool reads_text)
{
    return types_new(&(struct types_options){
        .output = "db", .learns = learns, .reads_text = reads_text});
}

static struct type_entry *find(const struct types *types,
                               const char *measurement, const char *field)
{
    struct text name = text_of(measurement);
    return types_find(types, types_measurement(types, name), name,
                      text_of(field));
}

static struct type_entry *say(struct types *types, const char *measurement,
                              const char *field, enum value_type type,
                              const char *where)
{
    const struct type_rule rule = {text_of(measurement), text_of(field), type,
                                   where, where ? 0 : LEARNT_NS};
    return types_add(types, &rule, where != NULL);
}

/* ---- the table ---- */

static void who_adds_first_decides(void **state)
{
    (void)state;
    struct types *types = new_types(true, false);
    assert_null(find(types, "soil", "t"));
    struct type_entry *entry = say(types, "soil", "t", VALUE_FLOAT, NULL);
    assert_ptr_equal(say(types, "soil", "t", VALUE_INT, NULL), entry);
    assert_ptr_equal(find(types, "soil", "t"), entry);
    assert_int_equal(entry->rule.type, VALUE_FLOAT);
    assert_int_equal(types_count(types), 1);
    assert_ptr_equal(types_at(types, 0), entry);
    assert_null(types_at(types, 1));
    assert_null(types_at(types, LIMIT_TYPED_FIELDS));
    types_free(types);
}

static void names_are_not_run_together(void **state)
{
    (void)state;
    struct types *types = new_types(true, false);
    say(types, "a.b", "c", VALUE_FLOAT, NULL);
    say(types, "a", "b.c", VALUE_INT, NULL);
    say(types, "ab", "c", VALUE_BOOL, NULL);
    say(types, "a", "bc", VALUE_STRING, NULL);
    assert_int_equal(types_count(types), 4);
    assert_int_equal(find(types, "a.b", "c")->rule.type, VALUE_FLOAT);
    assert_int_equal(find(types, "a", "b.c")->rule.type, VALUE_INT);
    assert_int_equal(find(types, "ab", "c")->rule.type, VALUE_BOOL);
    assert_int_equal(find(types, "a", "bc")->rule.type, VALUE_STRING);
    assert_null(find(types, "c", "a.b"));
    types_free(types);
}

static void a_full_table_still_knows_its_own(void **state)
{
    (void)state;
    char name[20];
    struct types *types =
        types_new(&(struct types_options){.output = "db", .max_fields = 1000});
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof name, "f%d", i);
        bool is_added = say(types, "m", name, VALUE_INT, NULL);
        assert_int_equal(is_added, i < 1000);
    }
    assert_int_equal(types_count(types), 1000);
    assert_int_equal(types_max(types), 1000);
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof name, "f%d", i);
        struct type_entry *entry = find(types, "m", name);
        assert_int_equal(entry != NULL, i < 1000);
        if (entry)
            assert_int_equal(entry->number, i);
    }
    assert_non_null(say(types, "m", "f1", VALUE_INT, NULL));
    types_free(types);
}

static void names_that_are_too_long_are_not_remembered(void **state)
{
    (void)state;
    char name[LIMIT_TYPED_NAME_BYTES + 1];
    struct types *types = new_types(true, false);
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_null(say(types, "m", name, VALUE_INT, NULL));
    assert_non_null(say(types, "m", name + 1, VALUE_INT, NULL));
    types_free(types);
}

static void a_rule_may_be_replaced(void **state)
{
    (void)state;
    struct types *types = new_types(true, false);
    struct type_entry *entry = say(types, "m", "f", VALUE_INT, "x:1");
    const struct type_rule other = {TEXT("m"), TEXT("f"), VALUE_BOOL, NULL, 5};
    types_replace(entry, &other);
    assert_int_equal(find(types, "m", "f")->rule.type, VALUE_BOOL);
    assert_null(entry->rule.where);
    types_free(types);
}

/* ---- one point ---- */

static struct field field_of(const char *key, enum value_type type)
{
    struct field field = {text_of(key), {.type = type}};
    if (type == VALUE_FLOAT)
        field.value.as.number = 20.5;
    else if (type == VALUE_STRING)
        field.value.as.string = TEXT("n/a");
    else
        field.value.as.natural = 1;
    return field;
}

static struct point point_of(struct field *fields, unsigned count)
{
    return (struct point){.measurement = TEXT("soil"),
                          .fields = fields,
                          .field_count = count,
                          .has_time = true,
                          .time_ns = 7};
}

static void expect_misfit(struct fitter *fitter, const struct point *point,
                          const char *why)
{
    assert_null(fitter_fit(fitter, point, true, LEARNT_NS));
    assert_string_equal(fitter_why(fitter), why);
}

static void the_first_value_decides(void **state)
{
    (void)state;
    struct types *types = new_types(true, false);
    struct fitter *fitter = fitter_new(types);
    struct field fields[] = {field_of("t", VALUE_FLOAT),
                             field_of("n", VALUE_INT)};
    struct point point = point_of(fields, 2);
    fitter_begin(fitter);
    assert_ptr_equal(fitter_fit(fitter, &point, true, LEARNT_NS), &point);
    assert_int_equal(find(types, "soil", "t")->rule.type, VALUE_FLOAT);
    assert_int_equal(find(types, "soil", "n")->rule.type, VALUE_INT);
    fields[0] = field_of("t", VALUE_STRING);
    expect_misfit(fitter, &point,
                  "soil.t is text \"n/a\", the contract says float (learnt "
                  "2026-01-02T03:04:05.678Z)");
    fitter_free(fitter);
    types_free(types);
}

static void what_fits_is_converted_and_the_point_left_alone(void **state)
{
    (void)state;
    struct types *types = new_types(false, false);
    struct fitter *fitter = fitter_new(types);
    struct field fields[] = {field_of("x", VALUE_STRING),
                             field_of("t", VALUE_INT)};
    struct point point = point_of(fields, 2);
    say(types, "soil", "t", VALUE_FLOAT, "moonline.lua:12");
    const struct point *fitted = fitter_fit(fitter, &point, true, LEARNT_NS);
    assert_non_null(fitted);
    assert_ptr_not_equal(fitted, &point);
    assert_int_equal(fitted->field_count, 2);
    assert_int_equal(fitted->time_ns, 7);
    assert_text(fitted->fields[0].value.as.string, "n/a");
    assert_int_equal(fitted->fields[1].value.type, VALUE_FLOAT);
    assert_true(fitted->fields[1].value.as.number == 1);
    assert_int_equal(fields[1].value.type, VALUE_INT);
    fields[1] = field_of("t", VALUE_FLOAT);
    assert_ptr_equal(fitter_fit(fitter, &point, true, LEARNT_NS), &point);
    fields[1] = field_of("t", VALUE_BOOL);
    expect_misfit(fitter, &point,
                  "soil.t is bool true, the contract says float "
                  "(moonline.lua:12)");
    fitter_free(fitter);
    types_free(types);
}

static void nothing_is_learnt_unless_told(void **state)
{
    (void)state;
    struct types *types = new_types(false, false);
    struct types *learns = new_types(true, false);
    struct fitter *fitters[] = {fitter_new(types), fitter_new(learns)};
    struct field field = field_of("t", VALUE_FLOAT);
    struct point point = point_of(&field, 1);
    assert_ptr_equal(fitter_fit(fitters[0], &point, true, 1), &point);
    assert_ptr_equal(fitter_fit(fitters[1], &point, false, 1), &point);
    assert_int_equal(types_count(types) + types_count(learns), 0);
    assert_false(fitter_lacks_room(fitters[0]));
    assert_false(fitter_lacks_room(fitters[1]));
    fitter_free(fitters[0]);
    fitter_free(fitters[1]);
    types_free(types);
    types_free(learns);
}

static void a_point_that_does_not_fit_teaches_nothing(void **state)
{
    (void)state;
    struct types *types = new_types(true, false);
    struct fitter *fitter = fitter_new(types);
    struct field fields[] = {field_of("new", VALUE_STRING),
                             field_of("t", VALUE_STRING)};
    struct point point = point_of(fields, 2);
    say(types, "soil", "t", VALUE_FLOAT, "x:1");
    expect_misfit(fitter, &point,
                  "soil.t is text \"n/a\", the contract says float (x:1)");
    assert_null(find(types, "soil", "new"));
    fitter_free(fitter);
    types_free(types);
}

static void text_is_read_when_told(void **state)
{
    (void)state;
    struct types *types = new_types(false, true);
    struct fitter *fitter = fitter_new(types);
    struct field field = field_of("t", VALUE_STRING);
    struct point point = point_of(&field, 1);
    say(types, "soil", "t", VALUE_FLOAT, "x:1");
    field.value.as.string = TEXT("21.5");
    const struct point *fitted = fitter_fit(fitter, &point, true, LEARNT_NS);
    assert_non_null(fitted);
    assert_true(fitted->fields[0].value.as.number == 21.5);
    fitter_free(fitter);
    types_free(types);
}

static void news_are_told_once_a_request_until_they_are_kept(void **state)
{
    (void)state;
    struct types *types = new_types(true, false);
    struct fitter *fitter = fitter_new(types);
    struct field fields[] = {field_of("a", VALUE_FLOAT),
                             field_of("b", VALUE_INT)};
    struct point point = point_of(fields, 2);
    size_t count;
    for (int request = 0; request < 3; request++) {
        fitter_begin(fitter);
        fitter_news(fitter, &count);
        assert_int_equal(count, 0);
        for (int i = 0; i < 3; i++)
            fitter_fit(fitter, &point, true, LEARNT_NS);
        const uint32_t *news = fitter_news(fitter, &count);
        assert_int_equal(count, 2);
        assert_int_equal(news[0], 0);
        assert_int_equal(news[1], 1);
    }
    atomic_store(&types_at(types, 0)->is_kept, true);
    fitter_begin(fitter);
    fitter_fit(fitter, &point, true, LEARNT_NS);
    assert_int_equal(*fitter_news(fitter, &count), 1);
    assert_int_equal(count, 1);
    fitter_free(fitter);
    types_free(types);
}

static void beyond_the_bound_any_type_goes(void **state)
{
    (void)state;
    struct types *types = types_new(&(struct types_options){
        .output = "db", .learns = true, .max_fields = 1});
    struct fitter *fitter = fitter_new(types);
    struct field fields[] = {field_of("a", VALUE_FLOAT),
                             field_of("b", VALUE_INT)};
    struct point point = point_of(fields, 2);
    assert_ptr_equal(fitter_fit(fitter, &point, true, LEARNT_NS), &point);
    assert_true(fitter_lacks_room(fitter));
    fields[1] = field_of("b", VALUE_STRING);
    assert_ptr_equal(fitter_fit(fitter, &point, true, LEARNT_NS), &point);
    fields[0] = field_of("a", VALUE_STRING);
    assert_null(fitter_fit(fitter, &point, true, LEARNT_NS));
    fields[0] = field_of("a", VALUE_FLOAT);
    point.field_count = 1;
    fitter_fit(fitter, &point, true, LEARNT_NS);
    assert_false(fitter_lacks_room(fitter));
    fitter_free(fitter);
    types_free(types);
}

/* ---- several threads ---- */

enum { THREADS = 4, FIELDS = 2000 };

struct runner {
    struct types *types;
    enum value_type type;         /* that this one sends */
    enum value_type seen[FIELDS]; /* that it was held to */
    size_t news;
    pthread_t thread;
};

static void *run(void *context)
{
    struct runner *runner = context;
    struct fitter *fitter = fitter_new(runner->types);
    char key[20];
    fitter_begin(fitter);
    for (int i = 0; i < FIELDS; i++) {
        snprintf(key, sizeof key, "f%d", i);
        struct field field = field_of(key, runner->type);
        const struct point point = point_of(&field, 1);
        const struct point *fitted =
            fitter_fit(fitter, &point, true, LEARNT_NS);
        runner->seen[i] = find(runner->types, "soil", key)->rule.type;
        if (fitted && fitted->fields[0].value.type != runner->seen[i])
            runner->seen[i] = (enum value_type)99;
    }
    fitter_news(fitter, &runner->news);
    fitter_free(fitter);
    return NULL;
}

static void all_threads_see_the_same(void **state)
{
    (void)state;
    static struct runner runners[THREADS];
    struct types *types = new_types(true, false);
    for (int i = 0; i < THREADS; i++) {
        runners[i].types = types;
        runners[i].type = i % 2 ? VALUE_STRING : VALUE_FLOAT;
        assert_int_equal(
            pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(runners[i].thread, NULL);
    assert_int_equal(types_count(types), FIELDS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(runners[i].news, FIELDS);
        assert_memory_equal(runners[i].seen, runners[0].seen,
                            sizeof runners[0].seen);
    }
    types_free(types);
}

/* ---- what it costs; printed, never judged ---- */

static void a_point_of_five_fields_is_measured(void **state)
{
    (void)state;
    enum { TURNS = 200000 };
    struct types *types = new_types(true, false);
    struct fitter *fitter = fitter_new(types);
    struct field fields[] = {
        field_of("temperature", VALUE_FLOAT), field_of("humidity", VALUE_FLOAT),
        field_of("battery", VALUE_FLOAT), field_of("frames", VALUE_INT),
        field_of("status", VALUE_STRING)};
    const struct point point = point_of(fields, 5);
    fitter_begin(fitter);
    fitter_fit(fitter, &point, true, LEARNT_NS);
    for (uint32_t i = 0; i < types_count(types); i++)
        atomic_store(&types_at(types, i)->is_kept, true);
    int64_t begin_ns = clock_thread_cpu_ns();
    for (int i = 0; i < TURNS; i++)
        assert_ptr_equal(fitter_fit(fitter, &point, true, LEARNT_NS), &point);
    int64_t spent_ns = clock_thread_cpu_ns() - begin_ns;
    printf("a point of five fields: %.0f ns\n", (double)spent_ns / TURNS);
    fitter_free(fitter);
    types_free(types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_adds_first_decides),
        cmocka_unit_test(names_are_not_run_together),
        cmocka_unit_test(a_full_table_still_knows_its_own),
        cmocka_unit_test(names_that_are_too_long_are_not_remembered),
        cmocka_unit_test(a_rule_may_be_replaced),
        cmocka_unit_test(the_first_value_decides),
        cmocka_unit_test(what_fits_is_converted_and_the_point_left_alone),
        cmocka_unit_test(nothing_is_learnt_unless_told),
        cmocka_unit_test(a_point_that_does_not_fit_teaches_nothing),
        cmocka_unit_test(text_is_read_when_told),
        cmocka_unit_test(news_are_told_once_a_request_until_they_are_kept),
        cmocka_unit_test(beyond_the_bound_any_type_goes),
        cmocka_unit_test(all_threads_see_the_same),
        cmocka_unit_test(a_point_of_five_fields_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
