// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings.h"
#include "tqctl.h"

#define FOLDER	"/sys/module/tqueue/parameters"
#define VALUE	128

/* 0, or an errno. */
static int get(int folder, const char *name, char *value, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return errno;
	n = read(fd, value, size - 1);
	err = n < 0 ? errno : 0;
	close(fd);
	value[n < 0 ? 0 : n] = 0;
	value[strcspn(value, "\n")] = 0;
	return err;
}

static int set(int folder, const char *name, const char *value)
{
	int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		err = errno;
	close(fd);
	return err;
}

static bool can_be_set(int folder, const char *name)
{
	struct stat st;

	return !fstatat(folder, name, &st, 0) && S_ISREG(st.st_mode) && st.st_mode & S_IWUSR;
}

static int save(DIR *dir, FILE *f)
{
	const struct dirent *e;
	char value[VALUE];
	int err = 0;

	while (!err && (e = readdir(dir))) {
		if (!can_be_set(dirfd(dir), e->d_name))
			continue;
		err = get(dirfd(dir), e->d_name, value, sizeof(value));
		if (!err)
			fprintf(f, "%s %s\n", e->d_name, value);
	}
	return err;
}

int settings_save(const char *path)
{
	DIR *dir = opendir(FOLDER);
	FILE *f;
	int err;

	if (!dir)
		return errno;
	f = fopen(path, "we");
	if (f) {
		err = save(dir, f);
		if (fclose(f) && !err)
			err = errno;
	} else {
		err = errno;
	}
	closedir(dir);
	return err;
}

static int apply_one(struct tqctl *t, int folder, const char *name, const char *want)
{
	char is[VALUE];
	int err = get(folder, name, is, sizeof(is));

	if (err == ENOENT || (!err && !strcmp(is, want)))
		return 0;
	err = set(folder, name, want);
	if (err)
		tqctl_say(t, "parameter %s is %s, and could not be set to %s again: %s", name, is, want,
			  strerror(err));
	return err;
}

int settings_apply(struct tqctl *t, const char *path)
{
	int folder = open(FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0, one;
	char name[64], value[VALUE];
	FILE *f;

	if (folder < 0)
		return errno;
	f = fopen(path, "re");
	if (!f) {
		err = errno;
		close(folder);
		return err;
	}
	while (fscanf(f, "%63s %127s", name, value) == 2) {
		one = apply_one(t, folder, name, value);
		err = one ? one : err;
	}
	fclose(f);
	close(folder);
	return err;
}
