/* dead_report.c - see dead_report.h. What goes to stdout can be saved or piped
 * as it is; what is said about it goes to stderr. Reasons come from servers and
 * scripts: no byte of them may steer a terminal. */
#include "dead_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "ceilings.h"
#include "dead_list.h"
#include "error.h"
#include "json_text.h"

enum {
    LETTER_BYTES = LIMIT_DEAD_REQUEST_BYTES + (1 << 20),
    ID_BYTES = 200,
    STATUS_BYTES = 20
};

/* ---- the rows ---- */

struct gathering {
    struct dead_rows *rows;
    const char *dir;
    const char *output;
    struct error *err;
    bool is_fine;
};

static char *copy(struct text text)
{
    char *made = xstrndup(text.at ? text.at : "", text.len);
    for (char *c = made; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return made;
}

static void add_row(struct dead_rows *rows, const struct dead_row *row)
{
    rows->items = xrealloc(rows->items, (rows->count + 1) * sizeof *row);
    rows->items[rows->count++] = *row;
}

static void add_request(void *context, const char *id,
                        const struct dead_request *request, uint64_t again)
{
    struct gathering *gathering = context;
    const struct dead_row row = {.id = xstrdup(id),
                                 .time = copy(request->time),
                                 .where = copy(request->route),
                                 .reason = copy(request->reason),
                                 .count = 1 + again};
    add_row(gathering->rows, &row);
}

static bool add_point(void *context, const struct dead_letter *letter)
{
    struct gathering *gathering = context;
    char id[ID_BYTES];
    snprintf(id, sizeof id, "%s/%.*s", gathering->output,
             TEXT_ARG(letter->name));
    const struct dead_row row = {.id = xstrdup(id),
                                 .time = copy(letter->time),
                                 .where = xstrdup(gathering->output),
                                 .status = letter->status,
                                 .reason = copy(letter->reason),
                                 .count = 1,
                                 .is_point = true};
    add_row(gathering->rows, &row);
    return true;
}

static void add_output(const char *name, void *context)
{
    struct gathering *gathering = context;
    gathering->output = name;
    gathering->is_fine =
        gathering->is_fine
        && dead_list_points(NULL, gathering->dir, name, add_point, gathering,
                            gathering->err);
}

/* The first 19 bytes are the seconds; requests have nanoseconds, points
 * milliseconds, both with a Z behind, so that bytes sort as times do. */
static int compare_rows(const void *left, const void *right)
{
    const struct dead_row *a = left, *b = right;
    int order = strcmp(a->time, b->time);
    return order ? order : strcmp(a->id, b->id);
}

bool dead_report_read(const char *dir, struct dead_rows *rows,
                      struct error *err)
{
    struct gathering gathering = {rows, dir, NULL, err, true};
    *rows = (struct dead_rows){NULL, 0};
    bool is_read = dead_list_requests(NULL, dir, add_request, &gathering, err)
                   && dead_list_outputs(NULL, dir, add_output, &gathering, err)
                   && gathering.is_fine;
    if (rows->count > 1)
        qsort(rows->items, rows->count, sizeof *rows->items, compare_rows);
    return is_read;
}

void dead_report_free(struct dead_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->items[i].id);
        free(rows->items[i].time);
        free(rows->items[i].where);
        free(rows->items[i].reason);
    }
    free(rows->items);
}

/* ---- the list ---- */

/* No server has seen it: there is none. */
static void format_status(int status, char out[STATUS_BYTES])
{
    snprintf(out, STATUS_BYTES, "-");
    if (status > 0)
        snprintf(out, STATUS_BYTES, "%d", status);
}

static void print_row(const struct dead_row *row, int id_width, int where_width)
{
    char status[STATUS_BYTES];
    format_status(row->status, status);
    printf("%-*s  %.19sZ  %-*s  %6s  %5llu  %s\n", id_width, row->id, row->time,
           where_width, row->where, status, row->count, row->reason);
}

static void print_json(const struct dead_row *row)
{
    const struct {
        const char *name;
        const char *value;
    } texts[] = {{"id", row->id},
                 {"kind", row->is_point ? "point" : "request"},
                 {"time", row->time},
                 {row->is_point ? "output" : "route", row->where},
                 {"reason", row->reason}};
    struct buf out;
    buf_init(&out, LETTER_BYTES);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buf_printf(&out, "%s\"%s\":\"", i ? "," : "{", texts[i].name);
        json_text_append(&out, text_of(texts[i].value));
        buf_append_char(&out, '"');
    }
    buf_printf(&out, ",\"status\":%d,\"count\":%llu}\n", row->status,
               row->count);
    fwrite(out.data, 1, out.len, stdout);
    buf_deinit(&out);
}

static int widest(const struct dead_rows *rows, bool of_id)
{
    size_t widest = of_id ? 2 : 15;
    for (size_t i = 0; i < rows->count; i++) {
        const char *text = of_id ? rows->items[i].id : rows->items[i].where;
        widest = strlen(text) > widest ? strlen(text) : widest;
    }
    return widest < 60 ? (int)widest : 60;
}

void dead_report_list(const struct dead_rows *rows, bool as_json)
{
    size_t points = 0;
    int id_width = widest(rows, true), where_width = widest(rows, false);
    if (!as_json && rows->count > 0)
        printf("%-*s  %-20s  %-*s  %6s  %5s  %s\n", id_width, "ID", "TIME",
               where_width, "ROUTE OR OUTPUT", "STATUS", "COUNT", "REASON");
    for (size_t i = 0; i < rows->count; i++) {
        points += rows->items[i].is_point;
        if (as_json)
            print_json(&rows->items[i]);
        else
            print_row(&rows->items[i], id_width, where_width);
    }
    if (!as_json)
        printf("%zu dead letter%s: %zu request%s, %zu point%s\n", rows->count,
               rows->count == 1 ? "" : "s", rows->count - points,
               rows->count - points == 1 ? "" : "s", points,
               points == 1 ? "" : "s");
}

/* ---- one letter ---- */

/* The comments of a head that tell what happened, without their marks. */
static void print_head(struct text text)
{
    if (text_starts_with(text, TEXT("###")))
        text_cut(&text, '\n');
    while (text_starts_with(text, TEXT("#"))) {
        struct text line = text_cut(&text, '\n');
        if (text_starts_with(line, TEXT("# @key")))
            continue;
        char *clean = copy(text_skip(line, 1));
        fprintf(stderr, "  %s\n",
                clean + (clean[0] == ' ' ? 1 : 0)
                    + (clean[0] == ' ' && clean[1] == '@'));
        free(clean);
    }
}

static bool show_request(const char *dir, const char *id, struct error *err)
{
    struct buf letter, plain;
    char first[DEAD_LIST_ID_BYTES];
    uint64_t again;
    if (dead_list_kept_as(NULL, dir, id, first))
        id = first; /* what the sender was told is as good */
    buf_init(&letter, LETTER_BYTES);
    buf_init(&plain, LETTER_BYTES);
    bool is_read = dead_list_load(NULL, dir, id, &letter, &again, err)
                   && (dead_request_plain(&plain, buf_text(&letter))
                       || fail(err, ERR_TOO_LARGE, "%s is too large", id));
    if (is_read) {
        fprintf(stderr, "A request that its script could not finish, kept");
        if (again > 0)
            fprintf(stderr, "; the same came %llu times in all",
                    (unsigned long long)again + 1);
        fprintf(stderr, ":\n");
        print_head(buf_text(&letter));
        fprintf(stderr,
                "As a test: moonline dead show %s > NAME.http\n"
                "           moonline test --accept NAME.http   (mended)\n"
                "Run again: moonline dead replay %s\n",
                id, id);
        fwrite(plain.data, 1, plain.len, stdout);
        fputs("\n### expect\n", stdout); /* for --accept to fill in */
    }
    buf_deinit(&letter);
    buf_deinit(&plain);
    return is_read;
}

struct finding {
    struct text name;
    struct dead_letter letter; /* its texts are in held */
    struct buf held;
    bool is_found;
};

static bool find_letter(void *context, const struct dead_letter *letter)
{
    struct finding *finding = context;
    if (!text_equal(letter->name, finding->name))
        return true;
    finding->is_found = buf_append_text(&finding->held, letter->whole);
    return false;
}

static bool show_point(const char *dir, const char *id, const char *slash,
                       struct error *err)
{
    char output[ID_BYTES];
    struct finding finding = {.name = text_of(slash + 1)};
    snprintf(output, sizeof output, "%.*s", (int)(slash - id), id);
    buf_init(&finding.held, LETTER_BYTES);
    bool is_read =
        dead_list_points(NULL, dir, output, find_letter, &finding, err);
    if (is_read && !finding.is_found)
        is_read = fail(err, ERR_NOT_FOUND, "there is no dead letter %s", id);
    struct text rest = buf_text(&finding.held);
    if (is_read && dead_letter_next(&rest, &finding.letter)) {
        char *reason = copy(finding.letter.reason), status[STATUS_BYTES];
        format_status(finding.letter.status, status);
        fprintf(stderr,
                "A point that the output %s did not take\n"
                "  at        %.*s\n  status    %s\n  answer id %.*s\n"
                "  reason    %s\n"
                "Send again: moonline dead replay %s\n",
                output, TEXT_ARG(finding.letter.time), status,
                TEXT_ARG(finding.letter.request_id), reason, id);
        printf("%.*s\n", TEXT_ARG(finding.letter.line));
        free(reason);
    }
    buf_deinit(&finding.held);
    return is_read;
}

bool dead_report_show(const char *dir, const char *id, struct error *err)
{
    const char *slash = strchr(id, '/');
    return slash ? show_point(dir, id, slash, err) : show_request(dir, id, err);
}
