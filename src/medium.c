/* medium.c - see medium.h. */
#include "medium.h"

#include <stddef.h>
#include <sys/vfs.h>

#include "log.h"

/* As in linux/magic.h, which is not everywhere. */
static const struct {
    unsigned long type;
    enum medium medium;
} known[] = {
    {0x01021994, MEDIUM_MEMORY},  /* tmpfs */
    {0x858458f6, MEDIUM_MEMORY},  /* ramfs */
    {0x00006969, MEDIUM_NETWORK}, /* NFS */
    {0xff534d42, MEDIUM_NETWORK}, /* CIFS */
    {0xfe534d42, MEDIUM_NETWORK}, /* SMB2 */
    {0x01021997, MEDIUM_NETWORK}, /* 9p */
};

enum medium medium_of(const char *dir)
{
    struct statfs st;
    if (statfs(dir, &st) != 0)
        return MEDIUM_DISK;
    unsigned long type = (unsigned long)st.f_type & 0xffffffffUL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].type == type)
            return known[i].medium;
    return MEDIUM_DISK;
}

void medium_warn(const char *dir)
{
    switch (medium_of(dir)) {
    case MEDIUM_MEMORY:
        log_line(LOG_WARN, "journal",
                 "%s is in memory (tmpfs): what is acknowledged survives a "
                 "kill, but no power cut and no restart of the machine; set "
                 "`data` to a folder on a disk",
                 dir);
        break;
    case MEDIUM_NETWORK:
        log_line(LOG_WARN, "journal",
                 "%s is on another machine's disk: whether a sync reaches it "
                 "is up to that machine; a local disk is safer, and faster",
                 dir);
        break;
    case MEDIUM_DISK:
        break;
    }
}
