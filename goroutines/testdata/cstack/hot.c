// Hot measures what a call costs at each of so many depths of a stack, and
// prints at how many it is slow again and again: the hot splits. It is built
// with gcc -fsplit-stack, or without for comparison.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

enum { depths = 4000, rounds = 9, calls = 20 };

static uint64_t least[depths]; // cycles of so many calls
static uintptr_t at[depths];    // addresses of the frames
static int moved;              // frames found at another address than before

// leaf needs more room than a frame of descend, so a call of it may be the one
// that needs a segment more, and gives it back.
__attribute__((noinline)) static int leaf(int n) {
	volatile char room[512];
	room[0] = (char)n;
	return room[0];
}

// descend measures at its depth and goes on. What it calls is built with split
// stacks, too: for other code it would need a large segment.
__attribute__((noinline)) static int descend(int depth) {
	volatile char frame[48];
	at[depth] = (uintptr_t)frame;
	int sum = 0;
	for (int round = 0; round < rounds; round++) {
		uint64_t start = __rdtsc();
		for (int i = 0; i < calls; i++) {
			sum += leaf(i);
		}
		uint64_t took = __rdtsc() - start;
		if (took < least[depth]) {
			least[depth] = took;
		}
	}
	if (depth + 1 < depths) {
		sum += descend(depth + 1);
	}
	if (at[depth] != (uintptr_t)frame) {
		moved++;
	}
	frame[0] = (char)sum;
	return frame[0];
}

static void *measure(void *unused) {
	for (int i = 0; i < depths; i++) {
		least[i] = UINT64_MAX;
	}
	descend(0);
	return unused;
}

static int ascending(const void *a, const void *b) {
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv) {
	(void)argv;
	pthread_attr_t attr;
	pthread_t thread;
	pthread_attr_init(&attr);
	// Without split stacks the first segment must do for all depths.
	pthread_attr_setstacksize(&attr, argc > 1 ? 4 << 20 : 64 << 10);
	if (pthread_create(&thread, &attr, measure, NULL) != 0) {
		return 1;
	}
	pthread_join(thread, NULL);
	uint64_t sorted[depths];
	for (int i = 0; i < depths; i++) {
		sorted[i] = least[i];
	}
	qsort(sorted, depths, sizeof sorted[0], ascending);
	uint64_t median = sorted[depths / 2];
	int hot = 0;
	for (int i = 0; i < depths; i++) {
		hot += least[i] > 20 * median;
	}
	int jumps = 0;
	for (int i = 2; i < depths; i++) {
		jumps += at[i] - at[i - 1] != at[1] - at[0];
	}
	printf("%d hot %llu worst %d moved %d jumps\n", hot, (unsigned long long)(sorted[depths - 1] / median), moved, jumps);
}
