/* trial_report.c - see trial_report.h. */
#include "trial_report.h"

#include "printable.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define GREY "\033[90m"

static const struct {
    const char *word, *colour;
} verdicts[] = {
    [TRIAL_PASSED] = {"passed", GREEN},
    [TRIAL_FAILED] = {"FAILED", RED},
    [TRIAL_ACCEPTED] = {"accepted", YELLOW},
    [TRIAL_SENT] = {"sent", GREY},
};

static void paint(const struct trial_report *report, const char *colour,
                  struct text text)
{
    bool is_coloured = report->has_colour && *colour;
    fputs(is_coloured ? colour : "", report->out);
    printable_write(text, report->out);
    fputs(is_coloured ? "\033[0m" : "", report->out);
}

void trial_report_case(const struct trial_report *report,
                       enum trial_verdict verdict, const char *path,
                       unsigned line, const char *title)
{
    paint(report, verdicts[verdict].colour, text_of(verdicts[verdict].word));
    fprintf(report->out, " %s:%u %s\n", path, line, title);
}

void trial_report_lines(const struct trial_report *report, struct text lines)
{
    while (lines.len > 0) {
        struct text line = text_cut(&lines, '\n');
        fputs("    ", report->out);
        paint(report,
              text_starts_with(line, TEXT("-"))   ? RED
              : text_starts_with(line, TEXT("+")) ? GREEN
                                                  : "",
              line);
        fputc('\n', report->out);
    }
}

static void write_lines(const struct trial_report *report, const char *heading,
                        struct text lines)
{
    while (lines.len > 0) {
        fprintf(report->out, "    %s", heading);
        printable_write(text_cut(&lines, '\n'), report->out);
        fputc('\n', report->out);
    }
}

void trial_report_made(const struct trial_report *report, int status,
                       struct text lines, struct text kept)
{
    size_t count = 0;
    for (size_t i = 0; i < lines.len; i++)
        count += lines.at[i] == '\n';
    fprintf(report->out, "    %d, %zu point%s\n", status, count,
            count == 1 ? "" : "s");
    write_lines(report, "", lines);
    write_lines(report, "kept: ", kept);
}
