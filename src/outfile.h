/* outfile.h - an output that is a file or stdout: line protocol is appended.
 *
 * What was accepted is on disk when the output is a file. One thread at a time,
 * but *stopping may be set from any.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "text.h"

struct error;
struct file_system;
struct outfile;

struct outfile_options {
    const char *path;             /* "-": stdout; outlives the handle */
    const atomic_bool *stopping;  /* set: a write under way ends at once */
    const struct file_system *fs; /* NULL: the real one */
};

/* Makes the file if it is missing; a half line at its end, left by a crash,
 * gets its newline. ERR_IO names the file. */
struct outfile *outfile_open(const struct outfile_options *options,
                             struct error *err);
void outfile_close(struct outfile *outfile);

/* ERR_IO: not all was written. Then the next call must give the same lines
 * again, and goes on where this one ended. */
bool outfile_write(struct outfile *outfile, struct text lines,
                   struct error *err);
