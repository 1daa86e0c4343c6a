/* csv.h - comma-separated values (RFC 4180), a field at a time.
 *
 * A row ends at LF, CR LF or CR; a row without any byte is none. A field that
 * begins with a quote ends at its closing one and may hold separators, line
 * ends, and quotes that are doubled. Nothing is copied: the text must stay
 * where it is. A struct csv is its user's; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct error;

struct csv {
    struct text text;
    size_t at;
    char separator;
    bool is_within_row;
};

struct csv_field {
    struct text text;        /* without the quotes around it */
    bool has_doubled_quotes; /* csv_unquote makes them single */
    bool is_last;            /* of its row */
};

/* The first of tab, semicolon, bar and comma that the first row has outside
 * quotes; '\0' if it has none of them. */
char csv_separator_of(struct text text);

/* Leaves out that many lines, whatever they hold. */
struct text csv_skip_lines(struct text text, size_t lines);

/* offset: where reading begins, so that places count from the text's start. */
void csv_init(struct csv *csv, struct text text, size_t offset, char separator);

enum csv_step { CSV_FIELD, CSV_END, CSV_BAD };

/* The next field. CSV_BAD fills *err: ERR_BAD_REQUEST "line 3, column 8: ..."
 * for a quote where none may stand, or one that is never closed. */
enum csv_step csv_next(struct csv *csv, struct csv_field *field,
                       struct error *err);

/* Writes the text with its doubled quotes single; out needs text.len bytes.
 * Returns the length. */
size_t csv_unquote(struct text text, char *out);
