/* words.h - what an upstream's answer says, out of the shape it says it in.
 *
 * The texts point into the struct or the body and hold until the next read. One
 * thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "buf.h"
#include "text.h"

enum words_shape {
    WORDS_NONE,     /* nothing but blanks */
    WORDS_INFLUX,   /* {"error":...} or {"code":...,"message":...} */
    WORDS_VICTORIA, /* remoteAddr: "..."; requestURI: ...; words */
    WORDS_HTML,     /* a page, of some proxy */
    WORDS_OTHER
};

struct words {
    enum words_shape shape;
    bool is_cut;         /* there was more than we read */
    struct text message; /* decoded: "error" or "message", else all of it */
    /* What the message begins with, up to the first quotation mark: the
     * server's own words. Behind it may stand what our lines say, and whoever
     * sends us lines must not be able to speak in the server's name. */
    struct text head;
    struct text detail; /* raw: the first "error_message" of InfluxDB 3 */
    struct buf decoded;
};

void words_init(struct words *words);
void words_deinit(struct words *words);
/* body must outlive what is read from it. */
void words_read(struct words *words, struct text body, bool is_cut);

/* The head holds the phrase, in either case. */
bool words_head_has(const struct words *words, const char *phrase);
