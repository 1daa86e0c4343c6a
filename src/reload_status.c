/* reload_status.c - see reload_status.h. */
#include "reload_status.h"

#include <pthread.h>
#include <stdio.h>

#include "clock.h"

static struct {
    pthread_mutex_t lock;
    bool has_failed;
    int64_t since_ns;
    char reason[RELOAD_REASON_BYTES];
} status = {.lock = PTHREAD_MUTEX_INITIALIZER};

void reload_status_set(const char *reason)
{
    pthread_mutex_lock(&status.lock);
    status.has_failed = reason != NULL;
    status.since_ns = clock_wall_ns();
    snprintf(status.reason, sizeof status.reason, "%s", reason ? reason : "");
    pthread_mutex_unlock(&status.lock);
}

bool reload_status_look(int64_t *since_ns, char reason[RELOAD_REASON_BYTES])
{
    pthread_mutex_lock(&status.lock);
    bool is_well = !status.has_failed;
    *since_ns = status.since_ns;
    snprintf(reason, RELOAD_REASON_BYTES, "%s", status.reason);
    pthread_mutex_unlock(&status.lock);
    return is_well;
}
