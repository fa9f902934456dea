/* A tight loop of system calls: one CPU, nothing else. Prints, for every round, nanoseconds per call by the wall clock and by
 * the CPU clock of the thread (which other work on the machine does not disturb).
 *
 * spin KIND CALLS ROUNDS CPU [BYTES]
 * KIND: rw (read /dev/zero and write /dev/null in turn), getppid, socket (read and write of a pair), tcp (sendto and recvfrom
 * of a connection to itself), epoll_ctl, epoll_wait (with one event), fstat, openat (and close) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
	if (!strcmp(kind, "tcp")) {
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t length = sizeof(address);
		int listener = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(listener, (void *)&address, length) || listen(listener, 1) || getsockname(listener, (void *)&address, &length))
			return 4;
		out = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(out, (void *)&address, length))
			return 4;
		in = accept(listener, NULL, NULL);
	}
	if (in < 0 || out < 0)
		return 4;
	int epoll = epoll_create1(0), event = eventfd(1, 0);
	struct epoll_event interest = {.events = EPOLLIN, .data.fd = event};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, event, &interest))
		return 4;
	for (long round = 0; round < rounds; round++) {
		double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
		if (!strcmp(kind, "getppid")) {
			for (long i = 0; i < calls; i++)
				syscall(SYS_getppid);
		} else if (!strcmp(kind, "epoll_ctl")) {
			for (long i = 0; i < calls; i++)
				epoll_ctl(epoll, EPOLL_CTL_MOD, event, &interest);
		} else if (!strcmp(kind, "epoll_wait")) {
			struct epoll_event happened[64];
			for (long i = 0; i < calls; i++)
				if (epoll_wait(epoll, happened, 64, -1) != 1)
					return 5;
		} else if (!strcmp(kind, "fstat")) {
			struct stat status;
			for (long i = 0; i < calls; i++)
				fstat(in, &status);
		} else if (!strcmp(kind, "openat")) {
			for (long i = 0; i < calls / 2; i++)
				close(open("/dev/null", O_RDONLY));
		} else if (!strcmp(kind, "tcp")) {
			for (long i = 0; i < calls / 2; i++)
				if (send(out, text, bytes, 0) < 0 || recv(in, buffer, bytes, 0) < 0)
					return 5;
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
