/* A tight loop of system calls: one CPU, nothing else. Prints, for every round, nanoseconds per call by the wall clock and by
 * the CPU clock of the thread (which other work on the machine does not disturb).
 *
 * spin KIND CALLS ROUNDS CPU [BYTES]   KIND: rw (read /dev/zero and write /dev/null in turn), getppid, socket (both ends) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	const char *kind = argv[1];
	long calls = atol(argv[2]), rounds = atol(argv[3]);
	size_t bytes = argc > 5 ? (size_t)atol(argv[5]) : 1;
	static char text[65536], buffer[65536];
	cpu_set_t cpus;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "GET /index.html HTTP/1.1\r\nHost: localhost\r\n"[i % 43];
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[4]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || bytes > sizeof(text))
		return 3;
	int in = open("/dev/zero", O_RDONLY), out = open("/dev/null", O_WRONLY);
	if (!strcmp(kind, "socket")) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			return 4;
		out = pair[0];
		in = pair[1];
	}
	if (in < 0 || out < 0)
		return 4;
	for (long round = 0; round < rounds; round++) {
		double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
		if (!strcmp(kind, "getppid")) {
			for (long i = 0; i < calls; i++)
				syscall(SYS_getppid);
		} else {
			for (long i = 0; i < calls / 2; i++)
				if (write(out, text, bytes) < 0 || read(in, buffer, bytes) < 0)
					return 5;
		}
		printf("%.2f %.2f\n", (now(CLOCK_MONOTONIC) - wall) / calls, (now(CLOCK_THREAD_CPUTIME_ID) - cpu) / calls);
		fflush(stdout);
	}
	return 0;
}
