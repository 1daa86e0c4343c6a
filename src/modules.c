/* modules.c - see modules.h. A list: a script requires a handful, and only
 * while it is loaded. */
#include "modules.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "script_call.h"

struct module {
    struct module *next;
    struct script_source source;
};

struct modules {
    pthread_mutex_t lock; /* of the list; what is in it never changes */
    struct module *first;
};

struct modules *modules_new(void)
{
    struct modules *modules = xcalloc(1, sizeof *modules);
    pthread_mutex_init(&modules->lock, NULL);
    return modules;
}

void modules_free(struct modules *modules)
{
    if (!modules)
        return;
    while (modules->first) {
        struct module *module = modules->first;
        modules->first = module->next;
        script_source_deinit(&module->source);
        free(module);
    }
    pthread_mutex_destroy(&modules->lock);
    free(modules);
}

/* Under the lock. */
static const struct script_source *find(const struct modules *modules,
                                        const char *path)
{
    for (const struct module *module = modules->first; module;
         module = module->next)
        if (strcmp(module->source.path, path) == 0)
            return &module->source;
    return NULL;
}

/* Under the lock. */
static const struct script_source *
read_file(struct modules *modules, const char *path, struct error *err)
{
    if (access(path, F_OK) != 0) {
        fail(err, ERR_NOT_FOUND, "there is no %s", path);
        return NULL;
    }
    struct module *module = xcalloc(1, sizeof *module);
    if (!script_source_load(&module->source, path, NULL, err)) {
        free(module);
        return NULL;
    }
    module->next = modules->first;
    modules->first = module;
    return &module->source;
}

const struct script_source *modules_get(struct modules *modules,
                                        const char *path, struct error *err)
{
    pthread_mutex_lock(&modules->lock);
    const struct script_source *source = find(modules, path);
    if (!source)
        source = read_file(modules, path, err);
    pthread_mutex_unlock(&modules->lock);
    return source;
}

void modules_each(struct modules *modules,
                  void (*each)(const char *path, void *context), void *context)
{
    pthread_mutex_lock(&modules->lock);
    for (const struct module *module = modules->first; module;
         module = module->next)
        each(module->source.path, context);
    pthread_mutex_unlock(&modules->lock);
}
