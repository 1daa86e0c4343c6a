/* fuzz_csv.c - any bytes as CSV: no crash, every field inside the text, and
 * what was read, written with quotes around each field, reads the same. The
 * first byte is the separator.
 */
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "csv.h"
#include "error.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(struct text text, const struct csv_field *field)
{
    must(field->text.at >= text.at
         && field->text.at + field->text.len <= text.at + text.len);
}

static void write_quoted(struct text field, struct buf *out)
{
    buf_append_char(out, '"');
    for (size_t i = 0; i < field.len; i++) {
        buf_append_char(out, field.at[i]);
        if (field.at[i] == '"')
            buf_append_char(out, '"');
    }
    buf_append_char(out, '"');
}

/* Every field of text, quoted, into out; false if it is no CSV. */
static bool rewrite(struct text text, char separator, struct buf *out)
{
    struct csv csv;
    struct csv_field field;
    struct error err = {0};
    enum csv_step step;
    csv_init(&csv, text, 0, separator);
    while ((step = csv_next(&csv, &field, &err)) == CSV_FIELD) {
        char *plain = malloc(field.text.len + 1);
        check_inside(text, &field);
        size_t len = csv_unquote(field.text, plain);
        must(field.has_doubled_quotes ? len < field.text.len
                                      : len == field.text.len);
        write_quoted((struct text){plain, len}, out);
        buf_append_char(out, field.is_last ? '\n' : separator);
        free(plain);
    }
    must(step == CSV_END || (err.kind == ERR_BAD_REQUEST && err.text[0]));
    return step == CSV_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || data[0] == '"' || data[0] == '\n' || data[0] == '\r')
        return 0;
    struct text text = {(const char *)data + 1, size - 1};
    struct buf once, twice;
    buf_init(&once, SIZE_MAX);
    buf_init(&twice, SIZE_MAX);
    if (rewrite(text, (char)data[0], &once)) {
        must(rewrite(buf_text(&once), (char)data[0], &twice));
        must(text_equal(buf_text(&once), buf_text(&twice)));
    }
    must(csv_separator_of(text) != '"');
    csv_skip_lines(text, data[0]);
    buf_deinit(&once);
    buf_deinit(&twice);
    return 0;
}
