// SPDX-License-Identifier: GPL-2.0-only
/*
 * spend OUTPUT COMMAND [ARGUMENT...]
 *
 * Runs it with its standard output into the file OUTPUT, and prints what it took:
 * its status, nanoseconds, and the most memory that was resident, in bytes.  It is
 * small itself, for a child's memory begins as that of its parent.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int64_t begun;
	int status, fd;
	pid_t pid;

	if (argc < 3)
		errx(2, "spend OUTPUT COMMAND [ARGUMENT...]");
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		err(2, "%s", argv[1]);
	begun = now();
	pid = fork();
	if (!pid) {
		dup2(fd, 1);
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		err(2, "%s", argv[2]);
	printf("%d %" PRId64 " %" PRId64 "\n",
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), now() - begun,
	       (int64_t)usage.ru_maxrss * 1024);
	return 0;
}
