// Tasks starts threads, which all wait on one condition variable, and lets them
// go on when it is told to. It reads commands from its standard input and answers
// each with a line; see README.md.
//
//	-stack=BYTES     size of a thread's stack, instead of the default
//	-touch=BYTES     how much of its stack each thread writes to before it waits
//	-start=uncached  give the threads of the command start stacks of 64 MiB: the
//	                 C library keeps no more than 40 MiB of stacks for reuse
//	-pinned          keep both threads of a round trip on one CPU
#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake_all = PTHREAD_COND_INITIALIZER;
static pthread_cond_t counted_all = PTHREAD_COND_INITIALIZER;
static long counted, expected, sum;
static int released;

static pthread_t *threads; // not yet joined
static long thread_count;

static long stack, touch;
static int uncached, pinned;

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// seen has a bit for each thread id there can be: pid_max is at most 1 << 22.
static atomic_ulong seen[(1 << 22) / 64];

static void see_thread(void) {
#ifdef __linux__
	long id = syscall(SYS_gettid);
	atomic_fetch_or(&seen[id / 64], 1UL << (id % 64));
#endif
}

static long threads_seen(void) {
	long n = 0;
	for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
		if (seen[i] != 0) {
			n += __builtin_popcountl(seen[i]);
			seen[i] = 0;
		}
	return n;
}

static void *task(void *unused) {
	if (touch > 0) {
		volatile char *bytes = alloca(touch);
		for (long i = 0; i < touch; i += 1024)
			bytes[i] = 1;
	}
	see_thread();
	pthread_mutex_lock(&lock);
	if (++counted == expected)
		pthread_cond_signal(&counted_all);
	while (!released)
		pthread_cond_wait(&wake_all, &lock);
	sum++;
	pthread_mutex_unlock(&lock);
	return unused;
}

static void check(int error, const char *what) {
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(error));
		exit(2);
	}
}

static void attributes(pthread_attr_t *attr, long size) {
	pthread_attr_init(attr);
	if (size > 0)
		check(pthread_attr_setstacksize(attr, size), "stack size");
}

static void park(long n) {
	pthread_t *more = realloc(threads, (thread_count + n) * sizeof *threads);
	if (more == NULL) {
		printf("refused 0 %s\n", strerror(ENOMEM));
		return;
	}
	threads = more;
	pthread_attr_t attr;
	attributes(&attr, stack);
	long made = 0;
	int error = 0;
	expected = counted + n;
	long long begin = now();
	while (made < n && error == 0) {
		error = pthread_create(&threads[thread_count], &attr, task, NULL);
		if (error == 0)
			made++, thread_count++;
	}
	pthread_mutex_lock(&lock);
	expected += made - n;
	while (counted < expected)
		pthread_cond_wait(&counted_all, &lock);
	pthread_mutex_unlock(&lock);
	long long took = now() - begin;
	pthread_attr_destroy(&attr);
	long distinct = threads_seen();
	if (error != 0)
		printf("refused %ld pthread_create: %s\n", made, strerror(error));
	else
		printf("parked %ld %lld %ld\n", made, took, distinct);
}

static void wake(void) {
	long long begin = now();
	pthread_mutex_lock(&lock);
	released = 1;
	pthread_cond_broadcast(&wake_all);
	pthread_mutex_unlock(&lock);
	while (thread_count > 0)
		check(pthread_join(threads[--thread_count], NULL), "pthread_join");
	printf("woken %ld %lld\n", sum, now() - begin);
	released = sum = counted = 0;
}

static void *nothing(void *unused) { return unused; }

static void start(long n) {
	pthread_attr_t attr;
	attributes(&attr, uncached ? 64 << 20 : stack);
	long long begin = now();
	for (long i = 0; i < n; i++) {
		pthread_t thread;
		check(pthread_create(&thread, &attr, nothing, NULL), "pthread_create");
		check(pthread_join(thread, NULL), "pthread_join");
	}
	printf("started %lld\n", (now() - begin) / n);
	pthread_attr_destroy(&attr);
}

// A player waits for its turn and then gives it to the other one.
struct player {
	pthread_cond_t cond;
	int turn;
	struct player *other;
	long trips;
};

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

static void pin(void) {
#ifdef __linux__
	cpu_set_t all, first;
	check(sched_getaffinity(0, sizeof all, &all) == 0 ? 0 : errno, "sched_getaffinity");
	int cpu = 0;
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&first);
	CPU_SET(cpu, &first);
	check(sched_setaffinity(0, sizeof first, &first) == 0 ? 0 : errno, "sched_setaffinity");
#else
	check(ENOSYS, "-pinned");
#endif
}

static void *play(void *of) {
	struct player *me = of;
	if (pinned)
		pin();
	pthread_mutex_lock(&table);
	for (long i = 0; i < me->trips; i++) {
		while (!me->turn)
			pthread_cond_wait(&me->cond, &table);
		me->turn = 0;
		me->other->turn = 1;
		pthread_cond_signal(&me->other->cond);
	}
	pthread_mutex_unlock(&table);
	return NULL;
}

static void round_trip(long n) {
	struct player a = {PTHREAD_COND_INITIALIZER, 0, NULL, n}, b = {PTHREAD_COND_INITIALIZER, 0, &a, n};
	a.other = &b;
	pthread_t one, two;
	check(pthread_create(&one, NULL, play, &a), "pthread_create");
	check(pthread_create(&two, NULL, play, &b), "pthread_create");
	long long begin = now();
	pthread_mutex_lock(&table);
	a.turn = 1;
	pthread_cond_signal(&a.cond);
	pthread_mutex_unlock(&table);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	printf("roundtrip %lld\n", (now() - begin) / n);
}

static int argument(const char *arg) {
	if (strncmp(arg, "-stack=", 7) == 0)
		return (stack = atol(arg + 7)) > 0;
	if (strncmp(arg, "-touch=", 7) == 0)
		return (touch = atol(arg + 7)) > 0;
	if (strcmp(arg, "-start=uncached") == 0)
		return uncached = 1;
	if (strcmp(arg, "-start=cached") == 0)
		return 1;
	if (strcmp(arg, "-pinned") == 0)
		return pinned = 1;
	return 0;
}

int main(int argc, char **argv) {
	for (int i = 1; i < argc; i++)
		if (!argument(argv[i])) {
			fprintf(stderr, "unknown argument: %s\n", argv[i]);
			return 2;
		}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ready ");
#if defined __clang__
	printf("Clang %d.%d.%d", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined __GNUC__
	printf("GCC %d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
	printf("C");
#endif
#ifdef __GLIBC__
	printf(", glibc %s", gnu_get_libc_version());
#endif
	printf("\n");
	char line[64];
	while (fgets(line, sizeof line, stdin) != NULL) {
		char command[16];
		long n = 0;
		int words = sscanf(line, "%15s %ld", command, &n);
		if (words == 1 && strcmp(command, "wake") == 0)
			wake();
		else if (words == 2 && n > 0 && strcmp(command, "park") == 0)
			park(n);
		else if (words == 2 && n > 0 && strcmp(command, "start") == 0)
			start(n);
		else if (words == 2 && n > 0 && strcmp(command, "roundtrip") == 0)
			round_trip(n);
		else
			printf("unknown command\n");
	}
	return 0;
}
