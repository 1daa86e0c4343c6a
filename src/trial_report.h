/* trial_report.h - what is said of a recorded test: its name, and the points
 * or the difference below it. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "text.h"

enum trial_verdict {
    TRIAL_PASSED,
    TRIAL_FAILED,
    TRIAL_ACCEPTED, /* it failed; the file expects it so from now on */
    TRIAL_SENT      /* nothing was expected of it */
};

struct trial_report {
    FILE *out;
    bool has_colour;
};

/* "FAILED path:line title". */
void trial_report_case(const struct trial_report *report,
                       enum trial_verdict verdict, const char *path,
                       unsigned line, const char *title);
/* A line each, indented; one that begins with - is red, with + green. */
void trial_report_lines(const struct trial_report *report, struct text lines);
/* What it made: "204, 2 points", the points, and why it is kept, a reason a
 * line. */
void trial_report_made(const struct trial_report *report, int status,
                       struct text lines, struct text kept);
