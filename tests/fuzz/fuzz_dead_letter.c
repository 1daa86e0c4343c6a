/* Files of dead letters with any bytes in them: what is read lies within them,
 * and a letter that was written reads back as it was. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "ceilings.h"
#include "dead_letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_so)
{
    if (!is_so)
        abort();
}

static bool lies_in(struct text part, struct text whole)
{
    return part.len == 0
           || (part.at >= whole.at
               && part.at + part.len <= whole.at + whole.len);
}

static void read_request(struct text text)
{
    struct dead_request request, plain_request;
    struct buf plain, rewritten;
    bool is_read = dead_request_read(text, &request);
    check(lies_in(request.id, text) && lies_in(request.body, text)
          && lies_in(request.line, text) && lies_in(request.title, text));
    buf_init(&plain, 4 << 20);
    buf_init(&rewritten, 4 << 20);
    check(dead_request_plain(&plain, text));
    check(dead_request_read(buf_text(&plain), &plain_request) == is_read);
    check(text_equal(plain_request.body, request.body));
    check(dead_request_rewrite(&rewritten, text, TEXT("why"), TEXT("a\nb")));
    struct dead_request again;
    check(dead_request_read(buf_text(&rewritten), &again) == is_read);
    check(text_equal(again.body, request.body)
          && text_equal(again.line, request.line));
    if (is_read)
        check(text_equal(again.reason, TEXT("why")));
    check(dead_request_key(&plain_request) == dead_request_key(&request));
    buf_deinit(&plain);
    buf_deinit(&rewritten);
}

static void read_letters(struct text text)
{
    struct dead_letter letter;
    uint64_t count;
    int64_t wall_ns;
    struct text rest = text;
    dead_head_read(text, &count, &wall_ns);
    while (dead_letter_next(&rest, &letter)) {
        check(lies_in(letter.whole, text)
              && lies_in(letter.line, letter.whole));
        check(letter.name.len < DEAD_NAME_BYTES && letter.line.len > 0);
    }
}

static void read_repetitions(struct text text)
{
    struct dead_request request;
    struct dead_again again;
    char line[DEAD_AGAIN_BYTES + 1];
    struct text rest = text;
    size_t count = 0;
    while (dead_again_next(&rest, &again)) {
        check(dead_is_id(again.id) && lies_in(again.id, text));
        check(again.time.len > 0 && lies_in(again.time, text));
        count++;
    }
    check(count <= text.len / DEAD_AGAIN_BYTES && rest.len < DEAD_AGAIN_BYTES);
    dead_request_read(text, &request);
    if (!dead_is_id(request.id))
        return;
    dead_again_write(&request, line);
    rest = (struct text){line, DEAD_AGAIN_BYTES};
    if (dead_again_next(&rest, &again))
        check(text_equal(again.id, request.id));
    else
        check(request.time.len == 0 || request.time.at[0] <= ' ');
}

/* Any reason, and any line without a newline that is no comment. */
static void write_letter(struct text text)
{
    struct text rest = text;
    struct text line = text_cut(&rest, '\n');
    struct dead_letter letter;
    struct buf out;
    const struct dead_point point = {.seq = 7, .line = line, .reason = rest};
    if (line.len == 0 || line.at[0] == '#')
        return;
    buf_init(&out, 4 << 20);
    check(dead_letter_write(&out, &point, 0));
    struct text written = buf_text(&out);
    check(dead_letter_next(&written, &letter) && written.len == 0);
    check(text_equal(letter.line, line));
    check(letter.reason.len <= LIMIT_DEAD_REASON_BYTES);
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {(const char *)data, size};
    if (size == 0)
        return 0;
    read_request(text);
    read_letters(text);
    read_repetitions(text);
    write_letter(text);
    return 0;
}
