/* doubt.h - a server fails over and over at the same lines: is it the server,
 * or the lines?
 *
 * A 500 may pass, or never. Lines are to blame when they failed eight times, or
 * for ten minutes, while a write without lines was taken. A line is not given
 * up for that unless another one went through, or ten minutes have passed: a
 * server may fail at all lines, for want of memory. A value; one thread at a
 * time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct doubt {
    unsigned tries;     /* of the same lines, while the server was well */
    int64_t since_ns;   /* of the first of them */
    bool blames_lines;  /* some of those under way are to blame */
    bool others_passed; /* lines went through since it does */
};

/* The same lines failed once more; how many they are. was_well: a write
 * without lines was taken just now. */
enum doubt_says {
    DOUBT_AGAIN, /* the same lines again, later */
    DOUBT_LINES, /* they are to blame: some of them, or this one */
    DOUBT_OTHERS /* this one is, if another one goes through now */
} doubt_failed(struct doubt *doubt, size_t lines, bool was_well,
               int64_t now_ns);

/* Other lines are next; were those before them written? */
void doubt_move_on(struct doubt *doubt, bool were_written);
