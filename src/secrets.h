/* secrets.h - a request's texts without what must not be kept of them.
 *
 * Blanked as "***": headers that carry a secret by their name, what the
 * route's `verify` looks at, the names in the route's `secrets` (query, form,
 * parts, params of the path, headers), names like password and api_key in a
 * query or form, and user:password@ before a host. All other bytes stay as
 * they are; JSON is not looked into. route may be NULL everywhere. Reentrant.
 *
 * Each function appends to out and returns false when its ceiling was reached.
 */
#pragma once

#include <stdbool.h>

#include "text.h"

struct buf;
struct request;
struct route;

#define SECRET_BLANK "***"

bool secrets_is_header(const struct route *route, struct text name);
/* Of a query, a form, or a part of a multipart body. */
bool secrets_is_field(const struct route *route, struct text name);
/* The same of a name as it was sent, with its percent signs. */
bool secrets_is_encoded_field(const struct route *route, struct text name);

bool secrets_write_header(const struct route *route, struct text name,
                          struct text value, struct buf *out);
bool secrets_write_path(const struct route *route, struct text path,
                        struct buf *out);
/* Percent-encoded pairs: a query, or an urlencoded body. */
bool secrets_write_form(const struct route *route, struct text form,
                        struct buf *out);
/* The body after gunzip, once request_decode has seen it (though it may have
 * failed); before that, raw_body. */
bool secrets_write_body(const struct route *route,
                        const struct request *request, struct buf *out);
