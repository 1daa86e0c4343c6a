/* answer.c - see answer.h. */
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "arena.h"
#include "buf.h"
#include "error.h"
#include "json_text.h"
#include "route.h"

enum { ERROR_BODY_BYTES = 8 << 10, HEADER_VALUE_BYTES = 256 };

static const unsigned status_of[ERR_KINDS] = {
    [ERR_NONE] = 500,      [ERR_BAD_REQUEST] = 400, [ERR_UNAUTHORIZED] = 401,
    [ERR_FORBIDDEN] = 403, [ERR_NOT_FOUND] = 404,   [ERR_METHOD] = 405,
    [ERR_TIMEOUT] = 408,   [ERR_TOO_LARGE] = 413,   [ERR_MEDIA_TYPE] = 415,
    [ERR_HEADERS] = 431,   [ERR_REFUSED] = 422,     [ERR_SCRIPT] = 500,
    [ERR_FULL] = 503,      [ERR_IO] = 503,          [ERR_CONFIG] = 500,
    [ERR_USAGE] = 500,
};

unsigned answer_status(const struct error *err)
{
    return err->status >= 400 && err->status <= 599 ? (unsigned)err->status
                                                    : status_of[err->kind];
}

/* InfluxDB's word for a status; its clients look at it. */
static const char *code_of(unsigned status)
{
    switch (status) {
    case 401:
        return "unauthorized";
    case 403:
        return "forbidden";
    case 404:
        return "not found";
    case 405:
        return "method not allowed";
    case 413:
        return "request too large";
    case 415:
        return "unsupported media type";
    case 422:
        return "unprocessable entity";
    case 429:
        return "too many requests";
    case 503:
        return "unavailable";
    default:
        return status < 500 ? "invalid" : "internal error";
    }
}

void answer_from_error(struct answer *answer, const struct error *err,
                       bool is_v1, struct arena *arena)
{
    struct buf json;
    buf_init(&json, ERROR_BODY_BYTES);
    answer->status = answer_status(err);
    if (is_v1)
        buf_printf(&json, "{\"error\":\"");
    else
        buf_printf(&json, "{\"code\":\"%s\",\"message\":\"",
                   code_of(answer->status));
    json_text_append(&json, text_of(err->text));
    buf_append_text(&json, TEXT("\"}\n"));
    arena_copy(arena, buf_text(&json), &answer->body);
    answer->type = TEXT("application/json");
    buf_deinit(&json);
}

static void add_header(struct MHD_Response *response, const char *name,
                       struct text value)
{
    char string[HEADER_VALUE_BYTES];
    if (value.len == 0 || value.len >= sizeof string)
        return;
    memcpy(string, value.at, value.len);
    string[value.len] = '\0';
    MHD_add_response_header(response, name, string);
}

static void add_allow(struct MHD_Response *response, unsigned allowed)
{
    char list[METHODS_BYTES];
    method_list(allowed, list);
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, list);
}

static void add_headers(struct MHD_Response *response,
                        const struct answer *answer)
{
    MHD_add_response_header(response, "X-Request-Id", answer->id);
    if (answer->body.len > 0)
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    if (answer->status == 503)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    if (answer->challenge)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                answer->challenge);
    if (answer->allowed)
        add_allow(response, answer->allowed);
    if (answer->is_influx) {
        /* Old clients read a number here; this is whose API we speak. */
        MHD_add_response_header(response, "X-Influxdb-Version", "1.8.0");
        MHD_add_response_header(response, "X-Influxdb-Build", "OSS");
    }
    if (answer->closes)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

bool answer_queue(struct MHD_Connection *connection,
                  const struct answer *answer)
{
    bool has_body =
        answer->status != 204 && answer->status != 205 && answer->status != 304;
    size_t len = has_body ? answer->body.len : 0;
    /* The cast only drops const: nothing writes to a persistent buffer. */
    void *body = len > 0 ? (void *)(uintptr_t)answer->body.at : NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return false;
    add_headers(response, answer);
    bool queued =
        MHD_queue_response(connection, answer->status, response) == MHD_YES;
    MHD_destroy_response(response);
    return queued;
}

const char *answer_library(void)
{
    return MHD_get_version();
}
