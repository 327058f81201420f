/* What the C programs share: clocks, and rounds at the wish of benchmarks/run.py.
 * With FFWEBCODECS_BENCH_SERVED in the environment a program measures once for each line it reads; otherwise once.
 * Each measurement prints {"frames": N, "seconds": S, "cpu": S, "peak": KiB}. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    long frames;
    double seconds, cpu;
} Measured;

static inline double time_of(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static Measured measured;

static inline void begin(void) {
    measured.frames = 0;
    measured.cpu = -time_of(CLOCK_PROCESS_CPUTIME_ID); /* of all threads: other load hardly changes it */
    measured.seconds = -time_of(CLOCK_MONOTONIC);
}

static inline void end(void) {
    measured.seconds += time_of(CLOCK_MONOTONIC);
    measured.cpu += time_of(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void need(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

static inline long peak(void) {
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static inline int serve(void (*measure)(char **), char **arguments) {
    char line[64];
    int served = getenv("FFWEBCODECS_BENCH_SERVED") != NULL;
    while (!served || fgets(line, sizeof line, stdin)) {
        measure(arguments);
        printf("{\"frames\": %ld, \"seconds\": %.9f, \"cpu\": %.9f, \"peak\": %ld}\n", measured.frames,
               measured.seconds, measured.cpu, peak());
        fflush(stdout);
        if (!served)
            break;
    }
    return 0;
}
