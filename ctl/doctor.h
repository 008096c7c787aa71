/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor.h - what "tqctl doctor" looks at, and how it tells.
 *
 * Each check tells one or more findings; none changes anything.  What can't be
 * found out, because a program or a right is missing, is a finding too.
 */
#ifndef TQCTL_DOCTOR_H
#define TQCTL_DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/utsname.h>

#include "tqctl.h"

enum finding {
	FINDING_OK,
	FINDING_NOTE,		/* may be meant to be so */
	FINDING_WRONG,
};

enum package_tool {
	TOOL_NONE,
	TOOL_APT,
	TOOL_DNF,
	TOOL_ZYPPER,
};

struct kmod_ctx;

/**
 * struct doctor - one visit
 * @uts: of the running kernel
 * @tool: what installs packages here
 * @kmod: libkmod's, of the running kernel
 * @loaded: the module is
 * @path: of the installed module for the running kernel; empty: there is none
 * @version: of that
 * @wrong: something is
 */
struct doctor {
	struct tqctl		*t;
	struct utsname		uts;
	enum package_tool	tool;
	struct kmod_ctx		*kmod;
	bool			loaded;
	char			path[PATH_MAX];
	char			version[64];
	bool			wrong;
};

/* A finding about @what; @mend is the command that mends it, or NULL. */
void doctor_tell(struct doctor *d, enum finding state, const char *what, const char *mend,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A line of a file, without its end; false: there is none. */
bool doctor_line(const char *path, char *line, size_t size);

/* doctor_module.c: what modinfo would print of the module at d->path under @key; to be
 * freed.  NULL: nothing.
 */
char *doctor_info(const struct doctor *d, const char *key);
/* The module's file, and why the kernel may refuse it. */
bool doctor_find_module(struct doctor *d);
void doctor_module(struct doctor *d);
/* doctor_trust.c: signatures, Secure Boot, lockdown. */
void doctor_trust(struct doctor *d);
/* doctor_package.c: package, sources, headers, DKMS; other kernels. */
void doctor_package(struct doctor *d);
void doctor_kernels(struct doctor *d);
/* doctor_use.c: what is loaded, devices, group, plugins, what the log says. */
void doctor_loaded(struct doctor *d);
void doctor_use(struct doctor *d);

#endif
