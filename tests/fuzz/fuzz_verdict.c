/* fuzz_verdict.c - any status and any answer to any lines: there is a verdict,
 * success only for 204 and an empty 200, each named line is one that was sent
 * and named once, reasons are printable, and what is kept is bounded.
 *
 * Two bytes are the status, one is flags; then the lines up to a NUL, then the
 * answer.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ceilings.h"
#include "reason.h"
#include "scan.h"
#include "utf8.h"
#include "verdict.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_success(const struct verdict_ruling *ruling,
                          const struct verdict_reply *reply)
{
    bool is_empty = scan_trim(reply->body).len == 0;
    if (ruling->verdict == VERDICT_ACCEPTED)
        must(reply->status == 204 || (reply->status == 200 && is_empty));
    if (ruling->verdict == VERDICT_PARTLY)
        must(reply->status == 201 || reply->status >= 400);
}

static void check_named(const struct verdict_ruling *ruling)
{
    const struct refusals *refusals = &ruling->refusals;
    bool may_name =
        ruling->verdict == VERDICT_PARTLY || ruling->verdict == VERDICT_REFUSED;
    must(may_name || (refusals->count == 0 && ruling->unnamed == 0));
    must(refusals->count <= LIMIT_REFUSALS);
    must(refusals->count + ruling->unnamed <= refusals->line_count);
    must(!may_name || refusals->line_count == 0
         || refusals->count + ruling->unnamed > 0
         || ruling->verdict == VERDICT_REFUSED);
    for (size_t i = 0; i < refusals->count; i++) {
        const struct refusal *refusal = &refusals->items[i];
        must(refusal->line < refusals->line_count);
        must(i == 0 || refusal->line > refusals->items[i - 1].line);
        must(utf8_is_valid(refusal->reason, NULL));
        must(refusal->reason.len == 0
             || !memchr(refusal->reason.at, '\n', refusal->reason.len));
    }
}

static void check_bounds(const struct verdict_ruling *ruling)
{
    must(ruling->words.decoded.capacity <= LIMIT_ANSWER_BYTES);
    must(ruling->refusals.claims.texts.capacity <= LIMIT_ANSWER_BYTES);
    must(ruling->refusals.texts.capacity <= 4 * LIMIT_ANSWER_BYTES);
    must(ruling->refusals.claims.capacity <= LIMIT_REFUSALS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verdict_ruling ruling;
    char reason[512];
    if (size < 3)
        return 0;
    struct text rest = {(const char *)data + 3, size - 3};
    struct text lines = text_cut(&rest, '\0');
    struct verdict_reply reply = {.status = (data[0] << 8 | data[1]) % 1000,
                                  .body = rest,
                                  .is_cut = data[2] & 1,
                                  .is_packed = data[2] & 2,
                                  .is_untrusted = data[2] & 4,
                                  .lines = lines};
    verdict_init(&ruling);
    for (int i = 0; i < 2; i++) { /* the second time memory is used again */
        verdict_read(&ruling, &reply);
        check_success(&ruling, &reply);
        check_named(&ruling);
        check_bounds(&ruling);
    }
    must(!ruling.blames_packing || reply.is_packed);
    reason_write(reply.status, TEXT("x"), &ruling.words, ruling.advice, reason,
                 sizeof reason);
    must(utf8_is_valid(text_of(reason), NULL));
    verdict_is_alive(&ruling, reply.status);
    verdict_deinit(&ruling);
    return 0;
}
