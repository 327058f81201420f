/* Makes FFmpeg's n-th allocation fail, and counts what FFmpeg has not freed. For LD_PRELOAD.

   FFmpeg allocates with posix_memalign and realloc only (libavutil/mem.c), so these two are replaced, for
   callers whose code lies in a library named libav* or libsw*; everybody else is passed on to glibc. */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_memalign(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

#define MAX_RANGES 64
#define SLOTS (1u << 20)
static uintptr_t starts[MAX_RANGES], ends[MAX_RANGES];
static int ranges;
static void *table[SLOTS]; /* open addressing, linear probing */
static long live_count;
static long allocations, fail_at, failed;
static int fail_all_after;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int visit(struct dl_phdr_info *info, size_t size, void *unused) {
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash ? slash + 1 : info->dlpi_name;
    if (strncmp(name, "libav", 5) && strncmp(name, "libsw", 5)) return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || ranges == MAX_RANGES) continue;
        starts[ranges] = info->dlpi_addr + segment->p_vaddr;
        ends[ranges] = starts[ranges] + segment->p_memsz;
        ranges++;
    }
    return 0;
}

/* Call it when all libraries are loaded. */
int fault_init(void) {
    ranges = 0;
    dl_iterate_phdr(visit, NULL);
    return ranges;
}

/* The n-th allocation from now on fails (0: none), and with `all` every one after it. */
void fault_arm(long n, int all) {
    pthread_mutex_lock(&lock);
    allocations = failed = 0;
    fail_at = n;
    fail_all_after = all;
    pthread_mutex_unlock(&lock);
}

long fault_allocations(void) { return allocations; }
long fault_failed(void) { return failed; }
long fault_live(void) { return live_count; }

static int from_ffmpeg(void *caller) {
    uintptr_t address = (uintptr_t)caller;
    for (int i = 0; i < ranges; i++)
        if (address >= starts[i] && address < ends[i]) return 1;
    return 0;
}

/* The rest is called with the lock held. */
static uint32_t home(void *ptr) { return (uint32_t)(((uintptr_t)ptr >> 4) * 2654435761u) & (SLOTS - 1); }

static void add(void *ptr) {
    uint32_t slot = home(ptr);
    while (table[slot]) slot = (slot + 1) & (SLOTS - 1);
    table[slot] = ptr;
    live_count++;
}

static int drop(void *ptr) {
    uint32_t slot = home(ptr);
    while (table[slot] != ptr) {
        if (!table[slot]) return 0;
        slot = (slot + 1) & (SLOTS - 1);
    }
    live_count--;
    /* Close the gap: move back whatever probing would no longer find. */
    for (uint32_t next = (slot + 1) & (SLOTS - 1); table[next]; next = (next + 1) & (SLOTS - 1)) {
        uint32_t wanted = home(table[next]);
        if (((next - wanted) & (SLOTS - 1)) >= ((next - slot) & (SLOTS - 1))) {
            table[slot] = table[next];
            slot = next;
        }
    }
    table[slot] = NULL;
    return 1;
}

static int fails(void) {
    allocations++;
    if (!fail_at || (fail_all_after ? allocations < fail_at : allocations != fail_at)) return 0;
    failed++;
    return 1;
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    int ours = from_ffmpeg(__builtin_return_address(0));
    if (ours) {
        pthread_mutex_lock(&lock);
        int no = fails();
        pthread_mutex_unlock(&lock);
        if (no) return ENOMEM;
    }
    void *ptr = __libc_memalign(alignment, size);
    if (!ptr) return ENOMEM;
    if (ours) {
        pthread_mutex_lock(&lock);
        add(ptr);
        pthread_mutex_unlock(&lock);
    }
    *result = ptr;
    return 0;
}

void *realloc(void *old, size_t size) {
    if (!from_ffmpeg(__builtin_return_address(0))) return __libc_realloc(old, size);
    pthread_mutex_lock(&lock);
    void *ptr = NULL;
    /* The lock is held across it: another thread may get the old address at once. */
    if (!fails()) {
        int known = old ? drop(old) : 0;
        ptr = __libc_realloc(old, size);
        if (ptr && (known || !old)) add(ptr);
    }
    pthread_mutex_unlock(&lock);
    return ptr;
}

void free(void *ptr) {
    if (!ptr) return;
    if (live_count) {
        pthread_mutex_lock(&lock);
        drop(ptr);
        pthread_mutex_unlock(&lock);
    }
    __libc_free(ptr);
}
