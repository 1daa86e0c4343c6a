/* shim.c - faults in the system calls that touch one folder; for LD_PRELOAD.
 *
 *   SHIM_UNDER   the folder; calls on other files are left alone
 *   SHIM_CALLS   which calls count, with commas: write,fdatasync,...; or all
 *   SHIM_N       the fault happens at the n-th call that counts
 *   SHIM_ACT     an errno's number: the call is not made, and fails with it;
 *                done:NUMBER: it is made and fails all the same;
 *                kill: SIGKILL before the call; killed: after it;
 *                short: a write that takes half;
 *                held:PATH: it is made once that file is gone
 *   SHIM_WHILE   a path: from the n-th call on, as long as that file exists
 *   SHIM_LOG     gets a line for each fault
 *   SHIM_CLOCK   a file of 8 bytes: so many seconds are added to the wall clock
 *
 * Threads share the count. Nothing here may call what it replaces.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_int count;
static const char *under, *calls, *act, *log_path, *while_path;
static int n;
static const volatile long long *clock_offset_s;

__attribute__((constructor)) static void init(void)
{
    under = getenv("SHIM_UNDER");
    calls = getenv("SHIM_CALLS");
    act = getenv("SHIM_ACT");
    log_path = getenv("SHIM_LOG");
    while_path = getenv("SHIM_WHILE");
    if (getenv("SHIM_CLOCK")) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, getenv("SHIM_CLOCK"),
                              O_RDONLY | O_CLOEXEC);
        clock_offset_s =
            mmap(NULL, sizeof *clock_offset_s, PROT_READ, MAP_SHARED, fd, 0);
        syscall(SYS_close, fd);
    }
    n = getenv("SHIM_N") ? atoi(getenv("SHIM_N")) : 0;
}

static bool is_listed(const char *call)
{
    size_t len = strlen(call);
    if (strcmp(calls, "all") == 0)
        return true;
    for (const char *at = calls; (at = strstr(at, call)); at += len)
        if ((at == calls || at[-1] == ',') && (!at[len] || at[len] == ','))
            return true;
    return false;
}

static void note(const char *call, const char *path)
{
    char line[600];
    int len = snprintf(line, sizeof line, "%s %.500s\n", call, path);
    long fd = syscall(SYS_openat, AT_FDCWD, log_path,
                      O_WRONLY | O_CREAT | O_APPEND, 0600);
    syscall(SYS_write, fd, line, len);
    syscall(SYS_close, fd);
}

static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        syscall(SYS_pause);
}

static void wait_until_gone(const char *path)
{
    struct timespec pause = {.tv_nsec = 10000000};
    while (syscall(SYS_access, path, F_OK) == 0)
        nanosleep(&pause, NULL);
}

/* True: this call is the one. */
static bool is_due(const char *call, const char *path)
{
    if (!under || !calls || !act || !log_path
        || strncmp(path, under, strlen(under)) != 0 || !is_listed(call))
        return false;
    int number = atomic_fetch_add(&count, 1) + 1;
    if (while_path ? number < n || syscall(SYS_access, while_path, F_OK) != 0
                   : number != n)
        return false;
    note(call, path);
    return true;
}

static const char *path_of(int fd, char path[4096])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long len = syscall(SYS_readlinkat, AT_FDCWD, link, path, 4095);
    path[len > 0 ? len : 0] = '\0';
    return path;
}

/* The call, with its fault if it is due. */
#define CALL(type, name, path, real)                                           \
    do {                                                                       \
        if (!is_due(name, path))                                               \
            return (real);                                                     \
        if (strcmp(act, "kill") == 0)                                          \
            die();                                                             \
        if (strncmp(act, "held:", 5) == 0)                                     \
            wait_until_gone(act + 5);                                          \
        bool is_made = !(act[0] >= '0' && act[0] <= '9');                      \
        type result = is_made ? (type)(real) : (type)-1;                       \
        if (strcmp(act, "killed") == 0)                                        \
            die();                                                             \
        if (!is_made)                                                          \
            errno = atoi(act);                                                 \
        if (strncmp(act, "done:", 5) == 0) {                                   \
            errno = atoi(act + 5);                                             \
            result = (type)-1;                                                 \
        }                                                                      \
        return result;                                                         \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t len)
{
    char path[4096];
    if (!under || fd <= 2)
        return syscall(SYS_write, fd, bytes, len);
    if (act && strcmp(act, "short") == 0) {
        if (len > 1 && is_due("write", path_of(fd, path)))
            len /= 2;
        return syscall(SYS_write, fd, bytes, len);
    }
    CALL(ssize_t, "write", path_of(fd, path),
         syscall(SYS_write, fd, bytes, len));
}

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    char path[4096];
    CALL(ssize_t, "pread", path_of(fd, path),
         syscall(SYS_pread64, fd, bytes, len, offset));
}

int fdatasync(int fd)
{
    char path[4096];
    CALL(int, "fdatasync", path_of(fd, path), (int)syscall(SYS_fdatasync, fd));
}

int fsync(int fd)
{
    char path[4096];
    CALL(int, "fsync", path_of(fd, path), (int)syscall(SYS_fsync, fd));
}

int ftruncate(int fd, off_t length)
{
    char path[4096];
    CALL(int, "ftruncate", path_of(fd, path),
         (int)syscall(SYS_ftruncate, fd, length));
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = flags & O_CREAT ? va_arg(more, int) : 0;
    va_end(more);
    CALL(int, "open", path,
         (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int rename(const char *from, const char *to)
{
    CALL(int, "rename", from, (int)syscall(SYS_rename, from, to));
}

int unlink(const char *path)
{
    CALL(int, "unlink", path, (int)syscall(SYS_unlink, path));
}

int mkdir(const char *path, mode_t mode)
{
    CALL(int, "mkdir", path, (int)syscall(SYS_mkdir, path, mode));
}

int flock(int fd, int operation)
{
    char path[4096];
    CALL(int, "flock", path_of(fd, path),
         (int)syscall(SYS_flock, fd, operation));
}

int stat(const char *restrict path, struct stat *restrict st)
{
    CALL(int, "stat", path,
         (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0));
}

int fstat(int fd, struct stat *st)
{
    char path[4096];
    CALL(int, "fstat", path_of(fd, path),
         (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH));
}

DIR *opendir(const char *path)
{
    DIR *(*real)(const char *) =
        (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
    if (is_due("opendir", path)) {
        if (strncmp(act, "kill", 4) == 0)
            die();
        errno = atoi(act);
        return NULL;
    }
    return real(path);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME && clock_offset_s)
        now->tv_sec += (time_t)*clock_offset_s;
    return result;
}
