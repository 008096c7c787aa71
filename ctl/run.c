// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

extern char **environ;

/* The environment, but in English.  To be freed; the strings are not its own. */
static char **english(void)
{
	size_t n = 0, i;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (!env)
		return NULL;
	for (i = 0, n = 0; environ[i]; i++)
		if (strncmp(environ[i], "LC_", 3) && strncmp(environ[i], "LANG", 4))
			env[n++] = environ[i];
	env[n] = "LC_ALL=C";
	return env;
}

static void keep(int fd, char *out, size_t size)
{
	char rest[512] = "";
	size_t n = 0;
	ssize_t got;

	/* Read to its end, or the program would be killed by the pipe. */
	do {
		bool room = n + 1 < size;

		got = read(fd, room ? out + n : rest, room ? size - 1 - n : sizeof(rest));
		if (got > 0 && room)
			n += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	out[n] = 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_quietly(const char *const argv[], char *out, size_t size)
{
	posix_spawn_file_actions_t todo;
	char **env = english();
	int fd[2], err;
	pid_t pid;

	out[0] = 0;
	if (!env)
		return -1;
	if (pipe2(fd, O_CLOEXEC)) {
		free(env);
		return -1;
	}
	posix_spawn_file_actions_init(&todo);
	posix_spawn_file_actions_addopen(&todo, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&todo, fd[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&todo, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(&pid, argv[0], &todo, NULL, (char *const *)argv, env);
	posix_spawn_file_actions_destroy(&todo);
	free(env);
	close(fd[1]);
	if (!err)
		keep(fd[0], out, size);
	close(fd[0]);
	if (err) {
		errno = err;
		return -1;
	}
	return wait_for(pid);
}

int run_program(const char *const argv[], char *out, size_t size)
{
	pid_t pid;
	int err;

	if (out)
		return run_quietly(argv, out, size);
	err = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);
	if (err) {
		errno = err;
		return -1;
	}
	return wait_for(pid);
}
