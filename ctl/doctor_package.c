// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a kernel has no module: the package, its sources, the kernel's headers, and
 * what DKMS made of them.
 */
#define _GNU_SOURCE /* versionsort */
#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libkmod.h>

#include "doctor.h"
#include "run.h"

#define PACKAGE		"tqueue-dkms"

/* ---- commands ---- */

static const char *installer(const struct doctor *d)
{
	static const char *const words[] = {
		[TOOL_NONE] = "install", [TOOL_APT] = "apt install", [TOOL_DNF] = "dnf install", [TOOL_ZYPPER] = "zypper install",
	};

	return words[d->tool];
}

static void headers_command(const struct doctor *d, const char *kver, char *to, size_t size)
{
	const char *flavour = strrchr(kver, '-');

	switch (d->tool) {
	case TOOL_APT:
		snprintf(to, size, "apt install linux-headers-%s", kver);
		break;
	case TOOL_ZYPPER:
		snprintf(to, size, "zypper install kernel-%s-devel", flavour ? flavour + 1 : "default");
		break;
	case TOOL_DNF:
		snprintf(to, size, "dnf install kernel-devel-%s", kver);
		break;
	default:
		snprintf(to, size, "install the headers of kernel %s", kver);
	}
}

/* ---- package ---- */

enum package {
	PACKAGE_UNKNOWN,
	PACKAGE_NO,
	PACKAGE_HALF,
	PACKAGE_YES,
};

static enum package package_state(const struct doctor *d)
{
	static const char *const dpkg[] = { "dpkg-query", "-W", "-f", "${db:Status-Abbrev}", PACKAGE, NULL };
	static const char *const rpm[] = { "rpm", "-q", PACKAGE, NULL };
	char out[256];
	int status;

	if (!d->tool)
		return PACKAGE_UNKNOWN;
	status = run_program(d->tool == TOOL_APT ? dpkg : rpm, out, sizeof(out));
	if (status < 0)
		return PACKAGE_UNKNOWN;
	if (d->tool != TOOL_APT)
		return status ? PACKAGE_NO : PACKAGE_YES;
	/* Wanted, then what is: "ii" is installed, "rc" removed, "iF" half configured. */
	if (status || !out[0] || strchr("nc", out[1]))
		return PACKAGE_NO;
	return out[1] == 'i' ? PACKAGE_YES : PACKAGE_HALF;
}

/* The version of the newest sources that DKMS may build; false: there are none. */
static bool sources(char *version, size_t size)
{
	glob_t g;
	bool found;

	found = !glob("/usr/src/tqueue-*/dkms.conf", 0, NULL, &g);
	if (found) {
		const char *at = g.gl_pathv[g.gl_pathc - 1] + strlen("/usr/src/tqueue-");

		snprintf(version, size, "%.*s", (int)strcspn(at, "/"), at);
	}
	globfree(&g);
	return found;
}

/* Tells and returns false if there is nothing that could be built. */
static bool check_package(struct doctor *d, char *version, size_t size)
{
	static const char *const again[] = {
		[TOOL_APT] = "apt install --reinstall " PACKAGE,
		[TOOL_DNF] = "dnf reinstall " PACKAGE,
		[TOOL_ZYPPER] = "zypper install --force " PACKAGE,
	};
	const enum package package = package_state(d);
	char command[64];

	if (package == PACKAGE_HALF) {
		doctor_tell(d, FINDING_WRONG, "package", "dpkg --configure -a",
			    "package " PACKAGE " is installed by half");
		return false;
	}
	if (sources(version, size))
		return true;
	if (package == PACKAGE_YES) {
		doctor_tell(d, FINDING_WRONG, "package", again[d->tool],
			    "package " PACKAGE " is installed, but its sources in /usr/src are gone");
		return false;
	}
	snprintf(command, sizeof(command), "%s " PACKAGE, installer(d));
	doctor_tell(d, FINDING_WRONG, "package", command,
		    "package " PACKAGE ", which builds the module, is not installed");
	return false;
}

/* ---- DKMS ---- */

/* What dkms says of a version and kernel: "added" if it was never built. */
static bool dkms_state(const char *version, const char *kver, char *state, size_t size)
{
	const char *const argv[] = { "dkms", "status", "-m", "tqueue", "-v", version, NULL };
	char out[8192], *line, *rest = out;

	snprintf(state, size, "absent");
	if (run_program(argv, out, sizeof(out)) < 0)
		return false;
	/* "tqueue/VERSION, KERNEL, ARCH: STATE (...)"; "tqueue/VERSION: added"; before
	 * dkms 3 it was "tqueue, VERSION".
	 */
	while ((line = strsep(&rest, "\n"))) {
		const char *colon = strstr(line, ": "), *name = strstr(line, kver);
		const size_t n = strlen(version);

		if (!colon || (!name && ((size_t)(colon - line) < n || strncmp(colon - n, version, n))))
			continue;
		snprintf(state, size, "%.*s", (int)strcspn(colon + 2, " ("), colon + 2);
		if (name)
			break;
	}
	return true;
}

/* The first line of a log that tells of an error; @path: the log that @pattern is of. */
static bool error_in(const char *pattern, char *line, size_t size, char *path, size_t path_size)
{
	bool found = false;
	glob_t g;
	FILE *f;

	if (glob(pattern, 0, NULL, &g)) {
		globfree(&g);
		return false;
	}
	snprintf(path, path_size, "%s", g.gl_pathv[0]);
	globfree(&g);
	f = fopen(path, "re");
	/* Behind "#" stands what dkms has to say, the command among it. */
	while (f && !found && fgets(line, size, f))
		found = line[0] != '#' && (strstr(line, "error:") || strstr(line, "Error ") ||
					   strstr(line, ": not found"));
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
	return found;
}

static bool failed_build(const char *version, const char *kver, char *line, size_t size, char *path,
			 size_t path_size)
{
	char pattern[PATH_MAX];

	/* What dkms-upkeep has kept; of the build that just failed; one kept by kernel. */
	snprintf(pattern, sizeof(pattern), "/var/lib/tqueue-dkms/%s.log", kver);
	if (error_in(pattern, line, size, path, path_size))
		return true;
	snprintf(pattern, sizeof(pattern), "/var/lib/dkms/tqueue/%s/build/make.log", version);
	if (error_in(pattern, line, size, path, path_size))
		return true;
	snprintf(pattern, sizeof(pattern), "/var/lib/dkms/tqueue/%s/%s/*/log/make.log", version, kver);
	return error_in(pattern, line, size, path, path_size);
}

static bool has_headers(const char *kver)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", kver);
	return !access(path, F_OK);
}

/* Why there is no module of @version for @kver; @state: how bad that is. */
static void why_not_built(struct doctor *d, enum finding state, const char *what, const char *version,
			  const char *kver)
{
	char command[256], dkms[32], line[256] = "", path[PATH_MAX];

	if (!has_headers(kver)) {
		headers_command(d, kver, command, sizeof(command));
		doctor_tell(d, state, what, command,
			    "kernel %s has no module, for its headers are not installed", kver);
		return;
	}
	snprintf(command, sizeof(command), "dkms install -m tqueue -v %s -k %s", version, kver);
	if (!dkms_state(version, kver, dkms, sizeof(dkms))) {
		snprintf(command, sizeof(command), "%s dkms", installer(d));
		doctor_tell(d, state, what, command, "kernel %s has no module, for dkms is not installed", kver);
	} else if (!strcmp(dkms, "absent")) {
		snprintf(command, sizeof(command), "dkms add -m tqueue -v %s && dkms install -m tqueue -v %s -k %s",
			 version, version, kver);
		doctor_tell(d, state, what, command,
			    "kernel %s has no module, and dkms does not know of version %s", kver, version);
	} else if (!strcmp(dkms, "installed")) {
		snprintf(command, sizeof(command), "dkms install --force -m tqueue -v %s -k %s", version, kver);
		doctor_tell(d, state, what, command,
			    "kernel %s has no module, though dkms says that it installed one", kver);
	} else if (!strcmp(dkms, "built")) {
		doctor_tell(d, state, what, command, "kernel %s: the module is built, but not installed", kver);
	} else if (failed_build(version, kver, line, sizeof(line), path, sizeof(path))) {
		doctor_tell(d, state, what, command, "kernel %s: version %s did not build: %s (%s)", kver,
			    version, line, path);
	} else {
		doctor_tell(d, state, what, command, "kernel %s: the module was never built", kver);
	}
}

void doctor_package(struct doctor *d)
{
	char version[64];

	if (check_package(d, version, sizeof(version)))
		why_not_built(d, FINDING_WRONG, "module", version, d->uts.release);
}

/* ---- kernels that are not running now ---- */

static bool has_module(const char *dir)
{
	struct kmod_ctx *ctx = kmod_new(dir, NULL);
	struct kmod_list *list = NULL;
	bool found;

	if (!ctx)
		return true;
	kmod_set_log_priority(ctx, 0);
	found = kmod_module_new_from_lookup(ctx, "tqueue", &list) >= 0 && list;
	if (found) {
		struct kmod_module *mod = kmod_module_get_module(list);

		found = !access(kmod_module_get_path(mod), R_OK);
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return found;
}

/* A kernel's own modules, not only a folder that somebody left. */
static bool is_kernel(const char *dir)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/kernel", dir);
	return !access(path, F_OK);
}

void doctor_kernels(struct doctor *d)
{
	struct dirent **names = NULL;
	char dir[PATH_MAX], version[64];
	unsigned int good = 0, bad = 0;
	int n, i;

	if (!sources(version, sizeof(version)))
		return;
	n = scandir("/lib/modules", &names, NULL, versionsort);
	for (i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		snprintf(dir, sizeof(dir), "/lib/modules/%s", name);
		if (name[0] != '.' && strcmp(name, d->uts.release) && is_kernel(dir)) {
			if (has_module(dir)) {
				good++;
			} else {
				bad++;
				why_not_built(d, FINDING_NOTE, "kernels", version, name);
			}
		}
		free(names[i]);
	}
	free(names);
	if (good && !bad)
		doctor_tell(d, FINDING_OK, "kernels", NULL, "the other %u installed %s the module, too", good,
			    good == 1 ? "kernel has" : "kernels have");
}
