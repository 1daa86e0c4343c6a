/* dead_door.c - see dead_door.h. Each replay loads the scripts that new
 * requests run through at that moment, for itself alone: a state costs some 20
 * us, and no worker is held up.
 */
#include "dead_door.h"

#include <stdlib.h>

#include "buf.h"
#include "edition.h"
#include "error.h"
#include "json_text.h"
#include "replay.h"
#include "scan.h"
#include "server.h"

struct telling {
    struct buf *out;
    bool wants_text;
    size_t count;
    size_t failed;
};

static void tell(void *context, const struct replay_result *result)
{
    struct telling *telling = context;
    struct buf *out = telling->out;
    telling->failed += !result->is_done;
    if (telling->wants_text) {
        buf_printf(out, "%s %.*s %.*s\n",
                   result->is_done     ? "done"
                   : result->is_absent ? "none"
                                       : "kept",
                   TEXT_ARG(result->id), TEXT_ARG(result->what));
        return;
    }
    buf_append_text(out, telling->count++ ? TEXT(",\n{\"id\":\"")
                                          : TEXT("{\"id\":\""));
    json_text_append(out, result->id);
    buf_printf(out, "\",\"done\":%s,\"what\":\"",
               result->is_done ? "true" : "false");
    json_text_append(out, result->what);
    buf_append_text(out, TEXT("\"}"));
}

static size_t read_ids(struct text body, struct text ids[REPLAY_MOST])
{
    size_t count = 0;
    while (body.len > 0 && count < REPLAY_MOST) {
        struct text id = scan_trim(text_cut(&body, '\n'));
        if (id.len > 0)
            ids[count++] = id;
    }
    return count;
}

static bool replay_all(struct dead_door *door, const struct text *ids,
                       size_t count, struct telling *telling, struct error *err)
{
    struct reading *reading = server_reading(door->server);
    const struct replay_options options = {.dead = door->dead,
                                           .dir = door->dir,
                                           .ingest = *reading_ingest(reading)};
    struct replay *replay = replay_new(&options, err);
    if (replay)
        replay_letters(replay, ids, count, tell, telling);
    replay_free(replay);
    reading_release(reading);
    return replay != NULL;
}

static bool drop_all(struct dead_door *door, const struct text *ids,
                     size_t count, struct telling *telling, struct error *err)
{
    (void)err;
    replay_drop(door->dead, ids, count, tell, telling);
    return true;
}

static unsigned answer(struct dead_door *door, struct text body,
                       bool wants_text, struct buf *out,
                       bool (*act)(struct dead_door *door,
                                   const struct text *ids, size_t count,
                                   struct telling *telling, struct error *err))
{
    struct text *ids = xcalloc(REPLAY_MOST, sizeof *ids);
    struct buf results;
    struct error err;
    buf_init(&results, out->max_bytes);
    struct telling telling = {.out = &results, .wants_text = wants_text};
    unsigned status = 200;
    if (!act(door, ids, read_ids(body, ids), &telling, &err)) {
        status = 503;
        buf_append_text(out, TEXT("{\"code\":\"unavailable\",\"message\":\""));
        json_text_append(out, text_of(err.text));
        buf_append_text(out, TEXT("\"}\n"));
    } else if (wants_text) {
        buf_append_text(out, buf_text(&results));
    } else {
        buf_printf(out, "{\"failed\":%zu,\"letters\":[", telling.failed);
        buf_append_text(out, buf_text(&results));
        buf_append_text(out, TEXT("]}\n"));
    }
    buf_deinit(&results);
    free(ids);
    return status;
}

static unsigned answer_replay(void *self, struct text body, bool wants_text,
                              struct buf *out)
{
    return answer(self, body, wants_text, out, replay_all);
}

static unsigned answer_drop(void *self, struct text body, bool wants_text,
                            struct buf *out)
{
    return answer(self, body, wants_text, out, drop_all);
}

void dead_door_init(struct dead_door *door, struct dead *dead, const char *dir,
                    struct server *server)
{
    *door = (struct dead_door){.dead = dead,
                               .dir = xstrdup(dir),
                               .server = server,
                               .posts = {{"/dead/replay", answer_replay, door},
                                         {"/dead/drop", answer_drop, door},
                                         {NULL, NULL, NULL}}};
}
