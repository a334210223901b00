// Overflow recurses in a thread whose stack has a fixed size: its arguments are
// the number of frames, of more than 100 bytes each, and the size in bytes.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int descend(int depth) {
	volatile char frame[100];
	frame[depth % 100] = 1;
	if (depth == 0) {
		return 0;
	}
	return descend(depth - 1) + frame[depth % 100];
}

static void *recurse(void *depth) {
	printf("frames: %d\n", descend(*(int *)depth));
	return NULL;
}

int main(int argc, char **argv) {
	if (argc != 3) {
		return 1;
	}
	int depth = atoi(argv[1]);
	pthread_attr_t attr;
	pthread_t thread;
	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, strtoul(argv[2], NULL, 10)) != 0 ||
	    pthread_create(&thread, &attr, recurse, &depth) != 0) {
		return 1;
	}
	pthread_join(thread, NULL);
	return 0;
}
