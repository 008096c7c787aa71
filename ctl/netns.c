// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/nsfs.h>
#include <linux/sched.h>

#include "netns.h"

#define OWN	"/proc/thread-self/ns/net"
#define NAMED	"/run/netns"

/* Takes over @fd. */
static int add(struct netns_list *l, int fd, const char *name)
{
	struct netns *more;
	struct stat st;
	size_t i;

	/* What "ip netns" was killed over is a plain file. */
	if (fstat(fd, &st) || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		goto close;
	for (i = 0; i < l->n; i++)
		if (l->v[i].dev == st.st_dev && l->v[i].ino == st.st_ino)
			goto close;
	more = realloc(l->v, (l->n + 1) * sizeof(*more));
	if (!more) {
		close(fd);
		return -1;
	}
	l->v = more;
	more += l->n++;
	more->fd = fd;
	more->dev = st.st_dev;
	more->ino = st.st_ino;
	snprintf(more->name, sizeof(more->name), "%s", name);
	snprintf(more->path, sizeof(more->path), "/proc/self/fd/%d", fd);
	return 0;
close:
	close(fd);
	return 0;
}

static int add_path(struct netns_list *l, const char *path, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? 0 : add(l, fd, name);
}

static int add_named(struct netns_list *l)
{
	DIR *dir = opendir(NAMED);
	struct dirent *e;
	char path[300];
	int ret = 0;

	while (dir && !ret && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), NAMED "/%s", e->d_name);
		ret = add_path(l, path, e->d_name);
	}
	if (dir)
		closedir(dir);
	return ret;
}

static int add_process(struct netns_list *l, const char *pid)
{
	char path[300], name[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = 0;
		fclose(f);
	}
	snprintf(name, sizeof(name), "of process %.10s (%s)", pid, comm);
	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return add_path(l, path, name);
}

static int add_processes(struct netns_list *l)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int ret = 0;

	if (!dir)
		return -1;
	while (!ret && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			ret = add_process(l, e->d_name);
	closedir(dir);
	return ret;
}

int netns_all(struct netns_list *l)
{
	memset(l, 0, sizeof(*l));
	if (add_path(l, OWN, "") || add_named(l) || add_processes(l)) {
		netns_free(l);
		return -1;
	}
	return 0;
}

void netns_free(struct netns_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		close(l->v[i].fd);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}
