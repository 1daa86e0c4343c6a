/* dead_door.h - POST /dead/replay and POST /dead/drop at the admin port: ids in
 * the body, a line each; what became of each in the answer.
 *
 *   {"failed":1,"letters":[{"id":"...","done":true,"what":"2 points"},
 *                          {"id":"...","done":false,"what":"met.lua:3: ..."}]}
 * or, as plain text, "done ID what" and "kept ID what", a line each.
 */
#pragma once

#include "admin.h"

struct dead;
struct server;

struct dead_door {
    struct dead *dead;
    char *dir;             /* its folder; freed by deinit */
    struct server *server; /* whose present scripts run */
    struct admin_post posts[3];
};

/* For the life of the process. posts then stand ready for admin_options. */
void dead_door_init(struct dead_door *door, struct dead *dead, const char *dir,
                    struct server *server);
