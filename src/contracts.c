/* contracts.c - see contracts.h.
 *
 * A file is appended to, a line a field, and synced; each line stands for
 * itself, so a torn one costs nothing but itself, and the next begins on a line
 * of its own. An entry counts as kept only then. Until it does, every request
 * that relies on it brings it along: one that failed is thus tried again.
 *
 * What can go wrong: the disk. Then those who brought the lines get 503, as if
 * the journal had failed. Lines that a person or a disk spoilt are told with
 * their number, and the rest counts.
 */
#include "contracts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "error.h"
#include "file.h"
#include "fit.h"
#include "log.h"
#include "type_line.h"

enum {
    PATH_BYTES = 4096,
    LINE_BYTES = 4 << 10,
    TOLD_LINES = 20 /* of one file that cannot be read, one by one */
};

static const char head[] =
    "# What was learnt: measurement, field, type (float, int, uint, bool,\n"
    "# string), since when. To change it: stop the gateway, edit, start it.\n";

struct contract {
    struct types *types; /* NULL: there is none */
    char *path;
    struct buf lines;  /* on their way to the file */
    bool is_made;      /* the file's name is there for good */
    bool is_begun;     /* there is something in it */
    bool ends_in_line; /* the last byte may be no newline */
};

struct contracts {
    const struct file_system *fs;
    char *dir;
    size_t count;
    struct contract items[LIMIT_OUTPUTS];
};

struct types *contracts_of(const struct contracts *contracts, unsigned output)
{
    return contracts && output < contracts->count
               ? contracts->items[output].types
               : NULL;
}

/* ---- written ---- */

static bool append_to(struct contracts *contracts, struct contract *contract,
                      int fd, struct error *err)
{
    const struct file_system *fs = contracts->fs;
    struct text before = TEXT("");
    if (!contract->is_begun)
        before = text_of(head);
    else if (contract->ends_in_line)
        before = TEXT("\n");
    contract->is_begun = contract->ends_in_line = true;
    if (!file_write_all(fs, fd, before.at, before.len, contract->path, err)
        || !file_write_all(fs, fd, contract->lines.data, contract->lines.len,
                           contract->path, err))
        return false;
    if (fs->fdatasync(fs, fd) != 0)
        return fail_errno(err, "syncing %s", contract->path);
    contract->ends_in_line = false;
    return true;
}

static bool append(struct contracts *contracts, struct contract *contract,
                   struct error *err)
{
    const struct file_system *fs = contracts->fs;
    if (!contract->is_made && !file_make_dirs(fs, contracts->dir, err))
        return false;
    int fd = fs->open(fs, contract->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0)
        return fail_errno(err, "opening %s", contract->path);
    bool is_done = append_to(contracts, contract, fd, err);
    fs->close(fs, fd);
    if (is_done && !contract->is_made && fs->sync_dir(fs, contracts->dir) != 0)
        return fail_errno(err, "syncing folder %s", contracts->dir);
    contract->is_made = contract->is_made || is_done;
    return is_done;
}

/* The bytes of an item may stand anywhere in memory. */
static bool take_number(struct text *rest, uint32_t *number)
{
    *number = 0;
    if (rest->len < sizeof *number)
        return false;
    memcpy(number, rest->at, sizeof *number);
    *rest = text_skip(*rest, sizeof *number);
    return true;
}

static void list_entry(struct contract *contract, uint32_t number)
{
    struct type_entry *entry = types_at(contract->types, number);
    if (entry->is_listed || atomic_load(&entry->is_kept))
        return;
    entry->is_listed = type_line_write(&contract->lines, &entry->rule);
}

static void settle_entry(struct contract *contract, uint32_t number,
                         bool is_kept)
{
    struct type_entry *entry = types_at(contract->types, number);
    if (!entry->is_listed)
        return;
    entry->is_listed = false;
    atomic_store_explicit(&entry->is_kept, is_kept, memory_order_release);
}

static void list_all(struct contracts *contracts, const struct text *items,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text rest = items[i];
        uint32_t output, number;
        take_number(&rest, &output);
        while (take_number(&rest, &number))
            list_entry(&contracts->items[output], number);
    }
}

static void settle_all(struct contracts *contracts, const struct text *items,
                       size_t count, uint64_t failed)
{
    for (size_t i = 0; i < count; i++) {
        struct text rest = items[i];
        uint32_t output, number;
        take_number(&rest, &output);
        while (take_number(&rest, &number))
            settle_entry(&contracts->items[output], number,
                         !(failed >> output & 1));
    }
}

static bool write_news(void *self, const struct text *items, size_t count,
                       struct error *err)
{
    struct contracts *contracts = self;
    uint64_t failed = 0;
    list_all(contracts, items, count);
    for (size_t i = 0; i < contracts->count; i++) {
        struct contract *contract = &contracts->items[i];
        if (contract->lines.len > 0 && !append(contracts, contract, err))
            failed |= UINT64_C(1) << i;
        buf_clear(&contract->lines);
    }
    settle_all(contracts, items, count, failed);
    return failed == 0;
}

void contracts_sink(struct contracts *contracts, struct journal_sink *sink)
{
    *sink = (struct journal_sink){
        .self = contracts, .write = write_news, .is_first = true};
}

/* ---- read ---- */

/* The file, as it is read. */
struct reading {
    struct contract *contract;
    unsigned line;
    size_t bad;
    size_t overruled; /* by the configuration, with another type */
};

static void tell_bad(struct reading *reading, const char *why)
{
    if (++reading->bad <= TOLD_LINES)
        log_line(LOG_WARN, "types", "%s:%u: %s; the line is skipped",
                 reading->contract->path, reading->line, why);
}

/* The later of two lines counts, so a correction may be put at the end. */
static void take_rule(struct reading *reading, struct type_rule *rule)
{
    char where[PATH_BYTES + 20];
    struct types *types = reading->contract->types;
    snprintf(where, sizeof where, "%s:%u", reading->contract->path,
             reading->line);
    if (rule->learnt_ns == 0)
        rule->where = where;
    uint32_t before = types_count(types);
    struct type_entry *entry = types_add(types, rule, true);
    if (!entry)
        tell_bad(reading, "no more fields, or so long a name, are kept");
    else if (types_count(types) > before)
        entry->is_from_file = true;
    else if (entry->is_from_file)
        types_replace(entry, rule);
    else
        reading->overruled += entry->rule.type != rule->type;
}

static void read_lines(struct reading *reading, struct text rest)
{
    struct buf room;
    struct type_rule rule;
    struct error err;
    buf_init(&room, LINE_BYTES);
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        reading->line++;
        if (!type_line_read(line, &room, &rule, &err))
            tell_bad(reading, err.text);
        else if (rule.measurement.len > 0)
            take_rule(reading, &rule);
    }
    buf_deinit(&room);
}

static void tell_all(const struct reading *reading)
{
    const char *path = reading->contract->path;
    if (reading->bad > TOLD_LINES)
        log_line(LOG_WARN, "types", "%s: %zu lines were skipped in all", path,
                 reading->bad);
    if (reading->overruled > 0)
        log_line(LOG_WARN, "types",
                 "%s: of %zu fields it says another type than the "
                 "configuration, which counts",
                 path, reading->overruled);
}

static bool read_file(struct contracts *contracts, struct contract *contract,
                      struct error *err)
{
    struct buf text;
    struct error why;
    struct reading reading = {.contract = contract};
    struct stat st;
    buf_init(&text, LIMIT_TYPES_FILE_BYTES);
    bool is_there =
        contracts->fs->stat(contracts->fs, contract->path, &st) == 0;
    bool is_none = !is_there && errno == ENOENT;
    bool is_read = file_read(contracts->fs, contract->path, &text, &why);
    if (is_read) {
        contract->is_begun = text.len > 0;
        contract->ends_in_line =
            text.len > 0 && text.data[text.len - 1] != '\n';
        read_lines(&reading, buf_text(&text));
        tell_all(&reading);
    }
    buf_deinit(&text);
    return is_read || is_none || fail(err, why.kind, "%s", why.text);
}

/* ---- open and close ---- */

static bool open_contract(struct contracts *contracts, const char *output,
                          const struct contract_options *options, size_t at,
                          struct error *err)
{
    struct contract *contract = &contracts->items[at];
    struct types_options types = options->types;
    types.output = output;
    contract->types = types_new(&types);
    contract->path = file_beside(contracts->dir, output);
    buf_init(&contract->lines, LIMIT_TYPES_FILE_BYTES);
    for (size_t i = 0; i < options->rule_count; i++)
        if (!types_add(contract->types, &options->rules[i], true))
            return fail(err, ERR_CONFIG,
                        "output %s: the contract has more than %" PRIu32
                        " fields, or too long a name",
                        output, types_max(contract->types));
    return !types.learns || read_file(contracts, contract, err);
}

struct contracts *contracts_open(const struct contracts_options *options,
                                 struct error *err)
{
    struct contracts *contracts = xcalloc(1, sizeof *contracts);
    contracts->fs = options->fs ? options->fs : &file_real;
    contracts->dir = xstrdup(options->dir);
    contracts->count = options->count;
    for (size_t i = 0; i < options->count; i++)
        if (options->items[i]
            && !open_contract(contracts, options->outputs[i], options->items[i],
                              i, err)) {
            contracts_close(contracts);
            return NULL;
        }
    return contracts;
}

void contracts_close(struct contracts *contracts)
{
    if (!contracts)
        return;
    for (size_t i = 0; i < contracts->count; i++) {
        types_free(contracts->items[i].types);
        free(contracts->items[i].path);
        buf_deinit(&contracts->items[i].lines);
    }
    free(contracts->dir);
    free(contracts);
}
