/* A crowd that exists before anyone looks: processes that sleep and open files that stay open, until the standard input ends.
 * Prints a line when all are there.
 *
 * crowd PROCESSES FILES_OF_EACH */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int processes = atoi(argv[1]), files = atoi(argv[2]), ready[2], gate[2];
	char byte;

	if (pipe(ready) || pipe(gate))
		return 3;
	for (int i = 0; i < processes; i++) {
		pid_t child = fork();
		if (child < 0)
			return 4;
		if (child == 0) {
			close(gate[1]);
			for (int j = 0; j < files; j++)
				if (open(j & 1 ? "/etc/passwd" : "/dev/null", O_RDONLY) < 0)
					_exit(1);
			if (write(ready[1], "x", 1) != 1 || read(gate[0], &byte, 1) < 0)
				_exit(1);
			_exit(0);
		}
	}
	close(gate[0]);
	for (int i = 0; i < processes; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 5;
	printf("%d processes, %d files\n", processes, processes * files);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	close(gate[1]);
	while (wait(NULL) > 0)
		;
	return 0;
}
