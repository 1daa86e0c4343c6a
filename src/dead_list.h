/* dead_list.h - reads dead letters, also while another process writes them.
 *
 * Files appear and vanish whole, so what is read is a letter or nothing; one
 * that goes meanwhile is passed over. dir is the <dir> of dead.h; fs may be
 * NULL. All texts are views that live during the call. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dead_letter.h"

struct buf;
struct error;
struct file_system;

/* The heads of all kept requests, in no order; again: how often the same came
 * once more. A body is there only if it is short. A folder that is not there
 * has none; ERR_IO. */
bool dead_list_requests(const struct file_system *fs, const char *dir,
                        void (*each)(void *context, const char *id,
                                     const struct dead_request *request,
                                     uint64_t again),
                        void *context, struct error *err);

/* The outputs that have, or had, refused points. */
bool dead_list_outputs(const struct file_system *fs, const char *dir,
                       void (*each)(const char *name, void *context),
                       void *context, struct error *err);
/* The refused points of one output, oldest first, until each says false. After
 * a crash a name may come twice, with the same line. */
bool dead_list_points(const struct file_system *fs, const char *dir,
                      const char *output,
                      bool (*each)(void *context,
                                   const struct dead_letter *letter),
                      void *context, struct error *err);

/* The letter that a request of this id, told to its sender, is kept as: of
 * equal ones the first. False: there is none. */
enum { DEAD_LIST_ID_BYTES = 17 };
bool dead_list_kept_as(const struct file_system *fs, const char *dir,
                       const char *id, char first[DEAD_LIST_ID_BYTES]);

/* When it came again, for dead_again_next; nothing if it did not. */
void dead_list_again(const struct file_system *fs, const char *dir,
                     const char *id, struct buf *out);

/* The whole letter of a request, as it is on disk. ERR_NOT_FOUND. */
bool dead_list_load(const struct file_system *fs, const char *dir,
                    const char *id, struct buf *out, uint64_t *again,
                    struct error *err);
