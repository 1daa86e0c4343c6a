/* try_has.h - what a request came with, by name: for whoever got no point.
 *
 * "JSON temp, humidity", "form tempf   query a, b", "no body". Values are left
 * out: the reader has them, and some are secret.
 */
#pragma once

struct buf;
struct request;

/* Appends to out what the decoded request has, on one line. */
void try_has(const struct request *request, struct buf *out);
