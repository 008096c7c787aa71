// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "users.h"

/* What the links of open queues begin with: device nodes, and QUEUE_OPEN. */
static const char *const marks[] = { "/dev/tqueue/", "anon_inode:[tqueue]" };

static int is_queue(const char *target)
{
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!strncmp(target, marks[i], strlen(marks[i])))
			return 1;
	return 0;
}

static void read_comm(const char *pid, char *comm, size_t size)
{
	char path[300];
	FILE *f;

	comm[0] = 0;
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(comm, size, f))
		comm[strcspn(comm, "\n")] = 0;
	fclose(f);
}

static int add(struct users *u, const char *pid, uint32_t queue)
{
	struct user *more;
	size_t i;

	for (i = 0; i < u->n; i++)
		if (u->v[i].pid == atoi(pid) && u->v[i].queue == queue)
			return 0;
	more = realloc(u->v, (u->n + 1) * sizeof(*more));
	if (!more)
		return -1;
	u->v = more;
	more += u->n++;
	more->queue = queue;
	more->pid = atoi(pid);
	read_comm(pid, more->comm, sizeof(more->comm));
	return 0;
}

static uint32_t queue_of(const char *pid, const char *fd)
{
	char path[600], line[128];
	unsigned int id = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!id && fgets(line, sizeof(line), f))
		if (sscanf(line, "tqueue-id: %u", &id) != 1)
			id = 0;
	fclose(f);
	return id;
}

/* -1: no memory; else how many descriptors are of queues. */
static int add_files(struct users *u, const char *pid)
{
	char path[600], target[64];
	struct dirent *e;
	int found = 0;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && found >= 0 && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, e->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		if (is_queue(target))
			found = add(u, pid, queue_of(pid, e->d_name)) ? -1 : found + 1;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* A mapping needs no descriptor. */
static int add_mapping(struct users *u, const char *pid)
{
	char path[300], line[512];
	int ret = 0, found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *name = strpbrk(line, "/[");

		/* anon_inode:[tqueue] is shown with a slash before it. */
		found = name && (is_queue(name) || strstr(name, "[tqueue]"));
	}
	if (f)
		fclose(f);
	if (found)
		ret = add(u, pid, 0);
	return ret;
}

int users_all(struct users *u)
{
	struct dirent *e;
	int ret = 0;
	DIR *dir;

	memset(u, 0, sizeof(*u));
	dir = opendir("/proc");
	if (!dir)
		return -1;
	while (ret >= 0 && (e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		ret = add_files(u, e->d_name);
		if (!ret)
			ret = add_mapping(u, e->d_name);
	}
	closedir(dir);
	if (ret < 0)
		users_free(u);
	return ret < 0 ? -1 : 0;
}

void users_free(struct users *u)
{
	free(u->v);
	u->v = NULL;
	u->n = 0;
}
