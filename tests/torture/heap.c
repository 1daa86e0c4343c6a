/* heap.c - memory that runs out; for LD_PRELOAD.
 *
 * HEAP_PAGE is a file of 8 numbers of 64 bits, that whoever tests has mapped
 * too and may change at any time:
 *
 *   0 count    allocations so far, of this process
 *   1 fail_at  the one with this number fails; 0: none
 *   2 every    each so-many-th fails; 0: none
 *   3 spare    failures are only for callers elsewhere than in
 *   4 spare_len    this stretch of the program
 *   5 failed   how many failed so far
 *   6 blocks   allocated and not freed
 *   7 bytes    in them
 *
 * Threads share the count. Without HEAP_PAGE nothing is counted and none fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

enum {
    COUNT,
    FAIL_AT,
    EVERY,
    SPARE,
    SPARE_LEN,
    FAILED,
    BLOCKS,
    BYTES,
    NUMBERS
};

static _Atomic int64_t none[NUMBERS];
static _Atomic int64_t *page = none;
static uintptr_t base; /* of the program */

static int find_base(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    base = info->dlpi_addr;
    return 1; /* the program is the first */
}

__attribute__((constructor(101))) static void init(void)
{
    const char *path = getenv("HEAP_PAGE");
    long fd =
        path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, NUMBERS * sizeof *page, PROT_READ | PROT_WRITE,
                    MAP_SHARED, (int)fd, 0);
    syscall(SYS_close, fd);
    dl_iterate_phdr(find_base, NULL);
    if (at != MAP_FAILED)
        page = at;
}

static bool is_spared(const void *caller)
{
    uintptr_t at = (uintptr_t)caller - base;
    return at - (uintptr_t)page[SPARE] < (uintptr_t)page[SPARE_LEN];
}

static bool is_due(const void *caller)
{
    int64_t number = ++page[COUNT];
    bool fails = number == page[FAIL_AT]
                 || (page[EVERY] > 0 && number % page[EVERY] == 0);
    if (!fails || is_spared(caller))
        return false;
    page[FAILED]++;
    errno = ENOMEM;
    return true;
}

static void *counted(void *memory)
{
    if (memory) {
        page[BLOCKS]++;
        page[BYTES] += (int64_t)malloc_usable_size(memory);
    }
    return memory;
}

static void uncount(void *memory)
{
    if (memory) {
        page[BLOCKS]--;
        page[BYTES] -= (int64_t)malloc_usable_size(memory);
    }
}

void *malloc(size_t size)
{
    return is_due(__builtin_return_address(0)) ? NULL
                                               : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return is_due(__builtin_return_address(0))
               ? NULL
               : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
    if (is_due(__builtin_return_address(0)))
        return NULL;
    int64_t had = memory ? (int64_t)malloc_usable_size(memory) : 0;
    void *moved = __libc_realloc(memory, size);
    if (!moved && size > 0)
        return NULL;
    page[BLOCKS] += (moved != NULL) - (memory != NULL);
    page[BYTES] += (moved ? (int64_t)malloc_usable_size(moved) : 0) - had;
    return moved;
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (is_due(__builtin_return_address(0)))
        return ENOMEM;
    *memory = counted(__libc_memalign(alignment, size));
    return *memory ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return is_due(__builtin_return_address(0))
               ? NULL
               : counted(__libc_memalign(alignment, size));
}

void free(void *memory)
{
    uncount(memory);
    __libc_free(memory);
}
