/* Reads and writes at a steady rate: so many calls in every millisecond, on one CPU. Prints how many calls it made and in how
 * many nanoseconds; a machine that cannot keep the rate shows in that.
 *
 * paced RATE SECONDS CPU [BYTES]   RATE: calls per second; 0: as many as possible */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	long rate = atol(argv[1]);
	double seconds = atof(argv[2]);
	size_t bytes = argc > 4 ? (size_t)atol(argv[4]) : 1;
	static char text[65536], buffer[65536];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[3]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || bytes > sizeof(text))
		return 3;
	int in = open("/dev/zero", O_RDONLY), out = open("/dev/null", O_WRONLY);
	if (in < 0 || out < 0)
		return 4;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "GET /index.html HTTP/1.1\r\nHost: localhost\r\n"[i % 43];
	long start = now(), end = start + (long)(seconds * 1e9), made = 0, step = rate ? rate / 1000 : 1000;
	for (long tick = 1; now() < end; tick++) {
		for (long i = 0; i < step; i += 2)
			if (write(out, text, bytes) < 0 || read(in, buffer, bytes) < 0)
				return 5;
		made += (step + 1) / 2 * 2;
		if (rate)
			while (now() < start + tick * 1000000L)
				;
	}
	printf("%ld %ld\n", made, now() - start);
	return 0;
}
