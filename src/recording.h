/* recording.h - what became of a live request, as a recorder wants it. */
#pragma once

struct error;
struct ingest;
struct receipt;
struct recorder;
struct request;
struct route;

/* Right after ingest_request, whatever it returned; err->kind is ERR_NONE if it
 * stored the request. A journal that was full is no part of a test: the answer
 * is then what it would have been, and the reason says what it was. */
void recording_take(struct recorder *recorder, const struct ingest *ingest,
                    const struct request *request, const struct route *route,
                    const struct receipt *receipt, const struct error *err);
