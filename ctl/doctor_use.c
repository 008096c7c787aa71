// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is loaded, and what else it takes to use it: the group, the devices, the
 * plugins of iptables, the unit that restores rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libkmod.h>

#include "doctor.h"
#include "run.h"

#define GROUP		"tqueue"
#define UNIT		"tqueue-restore.service"

/* ---- what is loaded ---- */

/* The kernel's last complaint about the module, from its log; false: none is there. */
static bool complaint(char *line, size_t size)
{
	static const char *const texts[] = {
		"disagrees about version", "version magic", "Unknown symbol", "Loading of ",
		"exports duplicate symbol", "no symbol version", "module license", "Unknown error",
	};
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool found = false;
	char record[2048];
	ssize_t n;
	size_t i;

	if (fd < 0)
		return false;
	/* EPIPE: some are gone, the next one is not. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		char *text;

		if (n < 0)
			continue;
		record[n] = 0;
		record[strcspn(record, "\n")] = 0;
		text = strstr(record, ";tqueue: ");
		for (i = 0; text && i < sizeof(texts) / sizeof(texts[0]); i++) {
			if (!strstr(text, texts[i]))
				continue;
			snprintf(line, size, "%s", text + 1);
			found = true;
		}
	}
	close(fd);
	return found;
}

/* Has the list @i, which is given back, an entry of ours?  Its value. */
static bool in_config(struct kmod_config_iter *i, char *value, size_t size)
{
	bool found = false;

	while (i && !found && kmod_config_iter_next(i)) {
		found = !strcmp(kmod_config_iter_get_key(i), "tqueue");
		if (found && value)
			snprintf(value, size, "%s", kmod_config_iter_get_value(i));
	}
	if (i)
		kmod_config_iter_free_iter(i);
	return found;
}

/* What the administrator, or a package of his, told modprobe; false: nothing. */
static bool told_modprobe(const struct doctor *d, char *line, size_t size)
{
	char value[192];

	if (in_config(kmod_config_get_install_commands(d->kmod), value, sizeof(value)))
		snprintf(line, size, "install tqueue %s", value);
	else if (in_config(kmod_config_get_blacklists(d->kmod), NULL, 0))
		snprintf(line, size, "blacklist tqueue");
	else
		return false;
	return true;
}

static void not_loaded(struct doctor *d)
{
	char line[512], told[256], command[400];

	if (doctor_line("/proc/sys/kernel/modules_disabled", line, sizeof(line)) && line[0] == '1') {
		doctor_tell(d, FINDING_WRONG, "loaded", "reboot",
			    "no module can be loaded until then: kernel.modules_disabled is set");
		return;
	}
	if (told_modprobe(d, told, sizeof(told))) {
		snprintf(command, sizeof(command), "grep -rl '%s' /etc/modprobe.d /run/modprobe.d "
			 "/usr/lib/modprobe.d /lib/modprobe.d", told);
		doctor_tell(d, FINDING_WRONG, "loaded", command,
			    "it is not, and modprobe has the line \"%s\"; take it out of this file", told);
		return;
	}
	if (complaint(line, sizeof(line)))
		doctor_tell(d, d->path[0] ? FINDING_NOTE : FINDING_WRONG, "loaded", NULL,
			    "when it last failed, the kernel said \"%s\"", line);
	if (d->path[0])
		doctor_tell(d, FINDING_NOTE, "loaded", "modprobe tqueue",
			    "it is not; the first command of root loads it");
}

void doctor_loaded(struct doctor *d)
{
	char version[64], sum[64], *want;

	if (!d->loaded) {
		not_loaded(d);
		return;
	}
	doctor_line("/sys/module/tqueue/version", version, sizeof(version));
	doctor_line("/sys/module/tqueue/srcversion", sum, sizeof(sum));
	want = doctor_info(d, "srcversion");
	if (d->path[0] && strcmp(version, d->version))
		doctor_tell(d, FINDING_NOTE, "loaded", "tqctl module reload",
			    "version %s runs, version %s is installed", version, d->version);
	else if (want && sum[0] && strcmp(want, sum))
		doctor_tell(d, FINDING_NOTE, "loaded", "tqctl module reload",
			    "version %s runs, the installed one is of other sources", version);
	else
		doctor_tell(d, FINDING_OK, "loaded", NULL, "version %s", version);
	if (strcmp(version, tqctl_version))
		doctor_tell(d, FINDING_NOTE, "tqctl", NULL, "version %s, the loaded module's is %s", tqctl_version,
			    version);
	free(want);
}

/* ---- group and devices ---- */

static bool in_group(gid_t gid)
{
	int n = getgroups(0, NULL), i;
	gid_t *groups;
	bool in = !geteuid() || getegid() == gid;

	groups = n > 0 ? calloc(n, sizeof(*groups)) : NULL;
	if (groups)
		n = getgroups(n, groups);
	for (i = 0; groups && i < n && !in; i++)
		in = groups[i] == gid;
	free(groups);
	return in;
}

/* In a database, but not of this login yet? */
static bool will_be_member(const struct group *g, const char *user)
{
	char **m;

	for (m = g->gr_mem; *m; m++)
		if (!strcmp(*m, user))
			return true;
	return false;
}

static const struct group *check_group(struct doctor *d)
{
	const struct group *g = getgrnam(GROUP);
	const struct passwd *user;
	char command[128];

	if (!g) {
		doctor_tell(d, FINDING_NOTE, "group",
			    access("/usr/lib/sysusers.d/tqueue.conf", F_OK) ? "groupadd -r " GROUP :
			    "systemd-sysusers tqueue.conf",
			    "there is no group " GROUP ": only root can read queues");
		return NULL;
	}
	user = getpwuid(getuid());
	if (in_group(g->gr_gid)) {
		doctor_tell(d, FINDING_OK, "group", NULL, "%s", geteuid() ? "you are in " GROUP : GROUP);
		return g;
	}
	if (user && will_be_member(g, user->pw_name)) {
		doctor_tell(d, FINDING_NOTE, "group", "newgrp " GROUP,
			    "you are in " GROUP " from your next login on");
		return g;
	}
	snprintf(command, sizeof(command), "sudo usermod -aG " GROUP " %s", user ? user->pw_name : "USER");
	doctor_tell(d, FINDING_NOTE, "group", command, "you are not in " GROUP ", and can't read queues");
	return g;
}

/* The device file of a queue: "" fits, or what is wrong with it. */
static const char *device_fault(const char *entry, const struct group *g)
{
	char path[PATH_MAX + 8], line[128];
	unsigned int major, minor;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/dev", entry);
	if (!doctor_line(path, line, sizeof(line)) || sscanf(line, "%u:%u", &major, &minor) != 2)
		return "";
	snprintf(path, sizeof(path), "%s/uevent", entry);
	f = fopen(path, "re");
	snprintf(path, sizeof(path), "/dev/");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "DEVNAME=", 8))
			snprintf(path, sizeof(path), "/dev/%.*s", (int)strcspn(line + 8, "\n"), line + 8);
	}
	if (f)
		fclose(f);
	if (stat(path, &st) || !S_ISCHR(st.st_mode))
		return "has no device file";
	if (g && st.st_gid != g->gr_gid)
		return "has a device file that is not of group " GROUP;
	return (st.st_mode & 0660) == 0660 ? "" : "has a device file that its group may not read and write";
}

static void check_devices(struct doctor *d, const struct group *g)
{
	unsigned int good = 0, bad = 0;
	const char *fault = "", *first = NULL;
	size_t i;
	glob_t l;

	if (!d->loaded)
		return;
	if (glob("/sys/class/tqueue/*", 0, NULL, &l)) {
		doctor_tell(d, FINDING_OK, "devices", NULL, "there is no queue");
		globfree(&l);
		return;
	}
	for (i = 0; i < l.gl_pathc; i++) {
		const char *what = device_fault(l.gl_pathv[i], g);

		if (*what && !bad++) {
			fault = what;
			first = strrchr(l.gl_pathv[i], '/') + 1;
		}
		good += !*what;
	}
	if (bad)
		doctor_tell(d, FINDING_WRONG, "devices", "udevadm trigger --subsystem-match=tqueue --action=add",
			    "%s %s%s", first, fault, bad > 1 ? ", and it is not the only one" : "");
	else
		doctor_tell(d, FINDING_OK, "devices", NULL, "of %u queue%s", good, good == 1 ? "" : "s");
	globfree(&l);
}

/* ---- iptables ---- */

static void check_plugins(struct doctor *d)
{
	static const char *const iptables[] = { "iptables", "-V", NULL };
	static const char *const plugins[] = { "libxt_tqueue.so", "libxt_TQUEUE.so" };
	static const char *const mend[] = {
		[TOOL_APT] = "apt install --reinstall tqctl", [TOOL_DNF] = "dnf reinstall tqctl",
		[TOOL_ZYPPER] = "zypper install --force tqctl",
	};
	const char *dir = getenv("XTABLES_LIBDIR");
	char version[128], path[PATH_MAX];
	size_t i;

	if (run_program(iptables, version, sizeof(version)) < 0) {
		doctor_tell(d, FINDING_OK, "iptables", NULL, "is not installed; hooks do without");
		return;
	}
	version[strcspn(version, "\n")] = 0;
	dir = dir ? dir : XTLIBDIR;
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, plugins[i]);
		if (!access(path, R_OK))
			continue;
		doctor_tell(d, FINDING_WRONG, "iptables", mend[d->tool], "%s is not there: iptables can't use %s",
			    path, i ? "target TQUEUE" : "match tqueue");
		return;
	}
	doctor_tell(d, FINDING_OK, "iptables", NULL, "%s, plugins in %s", version, dir);
}

/* ---- restore at boot ---- */

static void check_restore(struct doctor *d)
{
	static const char *const enabled[] = { "systemctl", "is-enabled", UNIT, NULL };
	static const char *const failed[] = { "systemctl", "is-failed", UNIT, NULL };
	char out[64];
	glob_t g;
	bool any;

	any = !glob("/etc/tqueue/*.conf", 0, NULL, &g);
	globfree(&g);
	if (!any || access("/run/systemd/system", F_OK))
		return;
	if (run_program(enabled, out, sizeof(out)) > 0)
		doctor_tell(d, FINDING_NOTE, "restore", "systemctl enable " UNIT,
			    "/etc/tqueue has files, but they are not applied at boot");
	else if (!run_program(failed, out, sizeof(out)))
		doctor_tell(d, FINDING_WRONG, "restore", "journalctl -b -u " UNIT,
			    "the files of /etc/tqueue could not be applied; the log says why");
	else
		doctor_tell(d, FINDING_OK, "restore", NULL, "the files of /etc/tqueue are applied at boot");
}

void doctor_use(struct doctor *d)
{
	const struct group *g = check_group(d);

	check_devices(d, g);
	check_plugins(d);
	check_restore(d);
}
