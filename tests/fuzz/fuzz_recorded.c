/* Any request that could come through a door, written as a recorded test: it
 * reads back as one request, with the same body (but for its secrets), and what
 * is expected of it is found behind it. The input is cut at 0xfe into query,
 * name and value of a header, content type, a secret's name and the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "recorded.h"
#include "request.h"
#include "route.h"
#include "secrets.h"
#include "trial_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_back(struct buf *out, struct text body)
{
    struct trial_file file;
    struct error err;
    check(trial_file_parse("x.http", buf_text(out), &file, &err));
    check(file.count == 1 && file.cases[0].has_expect);
    check(file.cases[0].status == 422);
    check(text_equal(buf_text(&file.cases[0].lines), TEXT("met a=1 1\n")));
    check(text_equal(buf_text(&file.cases[0].request.body), body));
    check(file.cases[0].request.time_ns == 1767323045000000001);
    trial_file_deinit(&file);
}

static void write_it(struct request *request, const struct route *route)
{
    struct buf out, body;
    struct error err;
    buf_init(&out, 1 << 20);
    buf_init(&body, 1 << 20);
    if (recorded_write(&out, request, route, NULL, &err)
        && recorded_write_expect(&out, 422, request->query_string,
                                 TEXT("met a=1 1\n"), &err)) {
        check(secrets_write_body(route, request, &body));
        read_back(&out, buf_text(&body));
    } else {
        check(err.kind == ERR_TOO_LARGE);
    }
    buf_deinit(&out);
    buf_deinit(&body);
}

static void add_header(struct request *request, struct text name,
                       struct text value)
{
    check(pairs_add(&request->headers, &request->arena, name, value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size}, part[5];
    for (int i = 0; i < 5; i++)
        part[i] = text_cut(&rest, '\xfe');
    char pattern[] = "/met/:a",
         *secret = xstrndup(part[4].at ? part[4].at : "", part[4].len);
    char *secrets[] = {secret, NULL};
    struct route route = {
        .pattern = pattern, .secrets = secrets, .limits = LIMITS_DEFAULT};
    struct route_match match = {.route = &route};
    struct request request;
    request_init(&request);
    request.method = TEXT("POST");
    request.path = TEXT("/met/x");
    request.query_string = part[0];
    request.raw_body = rest;
    request.time_ns = 1767323045000000001;
    add_header(&request, part[1], part[2]);
    add_header(&request, TEXT("Content-Type"), part[3]);
    request_decode(&request, &match, NULL);
    write_it(&request, &route);
    request_deinit(&request);
    free(secret);
    return 0;
}
