/* try_report.c - see try_report.h.
 *
 *   204, 1 point.  ecowitt.lua:14: number("--") is nil   receipt time: 0 points
 *   warnings: field temp="59.7" is text
 *
 * The first line says what became of the request and what was left behind, the
 * second what looks wrong; then, if it is kept, why. What the script printed
 * comes before all that. Much of it is a sender's, who may have meant it for
 * our terminal.
 */
#include "try_report.h"

#include <stdio.h>

#include "answer.h"
#include "attempt.h"
#include "buf.h"
#include "printable.h"
#include "try_has.h"
#include "verify.h"

static void print_log(const struct notes *notes)
{
    printable_write(buf_text(&notes->lines[NOTE_LOG]), stderr);
}

/* The notes of a kind in one line, with a heading before the first. */
static void print_notes(const struct notes *notes, enum note_kind kind,
                        const char *heading)
{
    struct text rest = buf_text(&notes->lines[kind]);
    for (const char *before = heading; rest.len > 0; before = "   ") {
        struct text line = text_cut(&rest, '\n');
        fputs(before, stderr);
        printable_write(line, stderr);
    }
}

/* No point, or a script that failed: mostly a name was not what it was thought
 * to be. */
static void print_has(const struct attempt *attempt)
{
    bool is_asked = attempt->error.kind == ERR_NONE
                        ? attempt->receipt.point_count == 0
                        : attempt->error.kind == ERR_SCRIPT;
    if (!is_asked)
        return;
    struct buf has;
    buf_init(&has, 64 << 10);
    try_has(&attempt->request, &has);
    fputs("the request has: ", stderr);
    printable_write(buf_text(&has), stderr);
    fputc('\n', stderr);
    buf_deinit(&has);
}

/* curl's rule, which surprises. */
static bool is_bodyless_get(const struct attempt *attempt)
{
    return text_equal(attempt->request.method, TEXT("GET"))
           && attempt->request.raw_body.len == 0;
}

static void print_outcome(const struct attempt *attempt)
{
    const struct receipt *receipt = &attempt->receipt;
    size_t points = receipt->point_count;
    if (attempt->error.kind != ERR_NONE) {
        fprintf(stderr, "%d, nothing stored: ", attempt->status);
        printable_write(text_of(attempt->error.text), stderr);
        if (attempt->error.kind == ERR_METHOD && is_bodyless_get(attempt))
            fprintf(stderr, ", and without a body this is a GET: give -d, a "
                            "file or -X");
        return;
    }
    fprintf(stderr, "%d, %zu point%s%s.", attempt->status, points,
            points == 1 ? "" : "s",
            receipt->kept_count == 0 ? ""
            : points == 0            ? ": only kept"
                                     : ", and kept");
    if (receipt->empty_count > 0)
        fprintf(stderr, "  %zu without any field that has a value: dropped",
                receipt->empty_count);
}

/* The answer that only repeats why it is kept is not shown. */
static void print_answer(const struct attempt *attempt)
{
    const struct reply *reply = &attempt->receipt.reply;
    char ours[REQUEST_ID_BYTES + 10];
    snprintf(ours, sizeof ours, "{\"id\":\"%s\"", attempt->request.id);
    bool is_ours = attempt->receipt.kept_count > 0
                   && text_starts_with(reply->body, text_of(ours));
    if (reply->body.len == 0 || is_ours)
        return;
    fprintf(stderr, "answer: %.*s%s", TEXT_ARG(reply->type),
            reply->type.len ? " " : "");
    printable_write(reply->body, stderr);
    fputc('\n', stderr);
}

/* A recorded request, whose secrets were taken out: nobody sends that. */
static bool is_blanked(const struct request *request)
{
    struct text query = request->query_string;
    bool is_blanked =
        query.len > 0 && memmem(query.at, query.len, "=***", 4) != NULL;
    for (size_t i = 0; !is_blanked && i < request->headers.count; i++)
        is_blanked =
            text_ends_with(request->headers.items[i].value, TEXT("***"));
    return is_blanked;
}

/* Who posts is not checked here; but whoever pastes a line wants to know. */
static void print_verify(const struct attempt *attempt)
{
    struct error err;
    const struct route *route = attempt->match.route;
    const struct verify_claim claim = {.remote = attempt->request.remote,
                                       .headers = &attempt->request.headers,
                                       .query_string =
                                           attempt->request.query_string};
    if (route && route->verify && !is_blanked(&attempt->request)
        && !verify_sender(route->verify, &claim, &err))
        fprintf(stderr,
                "the sender is not checked here; the gateway would say %u: "
                "%s\n",
                answer_status(&err), err.text);
}

/* Why the request is kept, a reason a line. */
static void print_kept(const struct attempt *attempt, const struct kept *kept)
{
    struct text rest = buf_text(&kept->lines);
    size_t shown = 0;
    if (attempt->receipt.kept_count == 0)
        return;
    for (; rest.len > 0; shown++) {
        struct text line = text_cut(&rest, '\n');
        fputs("kept: ", stderr);
        printable_write(line, stderr);
        fputc('\n', stderr);
    }
    if (kept->count > shown)
        fprintf(stderr, "kept: and %zu more\n", kept->count - shown);
}

static void print_traceback(struct text traceback)
{
    printable_write(traceback, stderr);
    if (traceback.len > 0)
        fputc('\n', stderr);
}

void try_report(const struct attempt *attempt, const struct ingest *ingest)
{
    const struct notes *notes = &attempt->notes;
    bool stored = attempt->error.kind == ERR_NONE;
    print_log(notes);
    print_outcome(attempt);
    print_notes(notes, NOTE_NIL, "  ");
    if (stored && attempt->receipt.point_count > 0)
        fprintf(stderr, "   receipt time: %u point%s",
                notes->receipt_time_points,
                notes->receipt_time_points == 1 ? "" : "s");
    print_notes(notes, NOTE_LEFT_OUT, "   left out: ");
    fputc('\n', stderr);
    if (notes->lines[NOTE_WARNING].len > 0) {
        print_notes(notes, NOTE_WARNING, "warnings: ");
        fputc('\n', stderr);
    }
    print_kept(attempt, ingest_kept(ingest));
    if (stored)
        print_answer(attempt);
    if (!stored || attempt->receipt.kept_count > 0)
        print_traceback(ingest_traceback(ingest));
    print_has(attempt);
    print_verify(attempt);
}
