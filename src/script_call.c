/* script_call.c - see script_call.h.
 *
 * A script's text is read once, by the configuration; states are built from
 * that copy, so an editor that saves in between cannot give two workers two
 * versions. A file that everybody may write is refused: whoever can change a
 * script can read every request.
 */
#include "script_call.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "arena.h"
#include "buf.h"
#include "error.h"
#include "file.h"
#include "memory.h"
#include "point.h"
#include "store.h"

enum { SOURCE_BYTES = 1 << 20, FIRST_ADDED = 4 };

/* The part behind the last slash, and the part before it ("." if none). */
static void split_path(const char *path, struct text *dir, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    *dir = !slash          ? TEXT(".")
           : slash == path ? TEXT("/")
                           : (struct text){path, (size_t)(slash - path)};
}

static bool check_mode(const char *path, struct error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(err, ERR_CONFIG, "%s: is not a file", path);
    if (st.st_mode & S_IWOTH)
        return fail(err, ERR_CONFIG,
                    "%s: everybody may write it (chmod o-w %s)", path, path);
    return true;
}

static bool read_text(const char *path, struct buf *text, struct error *err)
{
    struct error why;
    if (file_read(&file_real, path, text, &why))
        return true;
    return fail(err, ERR_CONFIG, "%s", why.text);
}

bool script_source_load(struct script_source *source, const char *path,
                        const char *shipped_dir, struct error *err)
{
    *source = (struct script_source){0};
    struct buf text;
    buf_init(&text, SOURCE_BYTES);
    bool is_read = check_mode(path, err) && read_text(path, &text, err);
    if (is_read) {
        struct text dir;
        const char *name;
        split_path(path, &dir, &name);
        *source = (struct script_source){
            .name = xstrdup(name),
            .path = xstrdup(path),
            .text = xstrndup(text.data, text.len),
            .len = text.len,
            .dir = xstrndup(dir.at, dir.len),
            .shipped_dir = shipped_dir ? xstrdup(shipped_dir) : NULL,
        };
    }
    buf_deinit(&text);
    return is_read;
}

void script_source_deinit(struct script_source *source)
{
    free(source->name);
    free(source->path);
    free(source->text);
    free(source->dir);
    free(source->shipped_dir);
    *source = (struct script_source){0};
}

void script_call_init(struct script_call *call)
{
    *call = (struct script_call){0};
    kept_init(&call->kept);
}

void script_call_deinit(struct script_call *call)
{
    kept_deinit(&call->kept);
    free(call->added);
    free(call->stored);
    script_call_init(call);
}

void script_call_reset(struct script_call *call)
{
    call->reply = (struct reply){0};
    kept_clear(&call->kept);
    call->added_count = 0;
    call->mark = 0;
    for (size_t i = 0; i < TICKET_GROUPS; i++)
        call->first_tickets[i] = 0;
}

bool script_call_note_added(struct script_call *call, struct text name)
{
    struct text copy;
    if (call->added_count == call->added_capacity) {
        size_t capacity = call->added_capacity * 2 + FIRST_ADDED;
        struct text *added =
            realloc(call->added, capacity * sizeof *call->added);
        if (!added) {
            memory_was_refused();
            return false;
        }
        call->added = added;
        call->added_capacity = capacity;
    }
    if (!arena_copy(call->points->arena, name, &copy))
        return false;
    call->added[call->added_count++] = copy;
    return true;
}

void script_call_forget_added(struct script_call *call, size_t count)
{
    while (call->added_count > count)
        store_delete(call->store, call->added[--call->added_count],
                     call->request->time_ns);
}
