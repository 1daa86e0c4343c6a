/* csv.c - see csv.h.
 *
 * A field is cut out of the text between two separators or quotes, so most cost
 * two scans and no copy. What can go wrong is a quote: in the middle of a field
 * that does not begin with one, or with more behind it than a separator. Some
 * readers guess then; but a guess moves every later field, and a wrong number
 * in the right column is never found again. So it is refused, with line and
 * column (in characters, not bytes), which are counted only then.
 */
#include "csv.h"

#include "error.h"

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static void skip_line_end(struct csv *csv)
{
    struct text rest = text_skip(csv->text, csv->at);
    csv->at += text_starts_with(rest, TEXT("\r\n")) ? 2 : 1;
}

static bool is_at_end(const struct csv *csv)
{
    return csv->at == csv->text.len;
}

static char here(const struct csv *csv)
{
    return csv->text.at[csv->at];
}

char csv_separator_of(struct text text)
{
    static const char candidates[] = "\t;|,";
    bool seen[sizeof candidates] = {false};
    bool is_quoted = false, has_begun = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!is_quoted && is_line_end(c)) {
            if (has_begun)
                break;
            continue;
        }
        has_begun = true;
        if (c == '"')
            is_quoted = !is_quoted;
        const char *candidate = c && !is_quoted ? strchr(candidates, c) : NULL;
        if (candidate)
            seen[candidate - candidates] = true;
    }
    for (size_t i = 0; candidates[i]; i++)
        if (seen[i])
            return candidates[i];
    return '\0';
}

struct text csv_skip_lines(struct text text, size_t lines)
{
    struct csv csv = {.text = text};
    for (; lines > 0 && !is_at_end(&csv); lines--) {
        while (!is_at_end(&csv) && !is_line_end(here(&csv)))
            csv.at++;
        if (!is_at_end(&csv))
            skip_line_end(&csv);
    }
    return text_skip(text, csv.at);
}

void csv_init(struct csv *csv, struct text text, size_t offset, char separator)
{
    *csv = (struct csv){.text = text, .at = offset, .separator = separator};
}

static enum csv_step bad(const struct csv *csv, size_t at, const char *what,
                         struct error *err)
{
    struct csv counted = {.text = {csv->text.at, at}};
    size_t line = 1, column = 1;
    while (!is_at_end(&counted)) {
        if (is_line_end(here(&counted))) {
            skip_line_end(&counted);
            line++;
            column = 1;
        } else {
            column += ((unsigned char)here(&counted) & 0xc0) != 0x80;
            counted.at++;
        }
    }
    fail(err, ERR_BAD_REQUEST, "bad CSV at line %zu, column %zu: %s", line,
         column, what);
    return CSV_BAD;
}

static enum csv_step next_plain(struct csv *csv, struct csv_field *field,
                                struct error *err)
{
    size_t start = csv->at;
    while (!is_at_end(csv) && here(csv) != csv->separator
           && !is_line_end(here(csv))) {
        if (here(csv) == '"')
            return bad(csv, csv->at,
                       "a quote within a field that does not begin with one",
                       err);
        csv->at++;
    }
    field->text = (struct text){csv->text.at + start, csv->at - start};
    return CSV_FIELD;
}

static enum csv_step next_quoted(struct csv *csv, struct csv_field *field,
                                 struct error *err)
{
    size_t open = csv->at++;
    for (;; csv->at++) {
        struct text rest = text_skip(csv->text, csv->at);
        const char *quote = rest.len ? memchr(rest.at, '"', rest.len) : NULL;
        if (!quote)
            return bad(csv, open, "a quote that is never closed", err);
        csv->at += (size_t)(quote - rest.at) + 1;
        if (is_at_end(csv) || here(csv) != '"')
            break;
        field->has_doubled_quotes = true;
    }
    field->text = (struct text){csv->text.at + open + 1, csv->at - open - 2};
    if (!is_at_end(csv) && here(csv) != csv->separator
        && !is_line_end(here(csv)))
        return bad(csv, csv->at, "more text behind a closing quote", err);
    return CSV_FIELD;
}

enum csv_step csv_next(struct csv *csv, struct csv_field *field,
                       struct error *err)
{
    while (!csv->is_within_row && !is_at_end(csv) && is_line_end(here(csv)))
        skip_line_end(csv);
    if (!csv->is_within_row && is_at_end(csv))
        return CSV_END;
    *field = (struct csv_field){.has_doubled_quotes = false};
    enum csv_step step = !is_at_end(csv) && here(csv) == '"'
                             ? next_quoted(csv, field, err)
                             : next_plain(csv, field, err);
    if (step == CSV_BAD)
        return step;
    field->is_last = is_at_end(csv) || is_line_end(here(csv));
    csv->is_within_row = !field->is_last;
    if (csv->is_within_row)
        csv->at++;
    else if (!is_at_end(csv))
        skip_line_end(csv);
    return CSV_FIELD;
}

size_t csv_unquote(struct text text, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        out[len++] = text.at[i];
        if (text.at[i] == '"')
            i++;
    }
    return len;
}
