/* dead_report.h - dead letters as people want to see them: a list, or one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

struct dead_row {
    char *id; /* as `dead show` takes it */
    char *time;
    char *where; /* the route, or the output */
    int status;  /* 0: none */
    char *reason;
    unsigned long long count; /* how often it came */
    bool is_point;
};

struct dead_rows {
    struct dead_row *items; /* oldest first */
    size_t count;
};

/* All letters in dir, see dead.h. */
bool dead_report_read(const char *dir, struct dead_rows *rows,
                      struct error *err);
void dead_report_free(struct dead_rows *rows);

/* A line each to stdout and the total below it; or a JSON object each. */
void dead_report_list(const struct dead_rows *rows, bool as_json);
/* A request as the recorded test that it is, a point as its line, to stdout;
 * what happened to it to stderr. ERR_NOT_FOUND. */
bool dead_report_show(const char *dir, const char *id, struct error *err);
