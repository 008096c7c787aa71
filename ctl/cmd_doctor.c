// SPDX-License-Identifier: GPL-2.0-only
/* "doctor": what keeps tqueue from working here, and the command that mends it. */
#define _GNU_SOURCE /* vasprintf */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>
#include <libkmod.h>

#include "doctor.h"

static const char *const states[] = {
	[FINDING_OK]	= "ok",
	[FINDING_NOTE]	= "note",
	[FINDING_WRONG]	= "wrong",
};

void doctor_tell(struct doctor *d, enum finding state, const char *what, const char *mend,
		 const char *fmt, ...)
{
	json_object *obj;
	char *text;
	va_list ap;
	int len;

	if (state == FINDING_WRONG)
		d->wrong = true;
	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if (d->t->out.json) {
		obj = json_object_new_object();
		json_object_object_add(obj, "about", json_object_new_string(what));
		json_object_object_add(obj, "state", json_object_new_string(states[state]));
		json_object_object_add(obj, "text", json_object_new_string(text));
		if (mend)
			json_object_object_add(obj, "mend", json_object_new_string(mend));
		out_json(&d->t->out, obj);
	} else {
		fprintf(d->t->out.file, "%-6s%-13s%s\n", states[state], what, text);
		if (mend)
			fprintf(d->t->out.file, "%-19s%s: %s\n", "", state == FINDING_WRONG ? "mend it" : "to do so",
				mend);
	}
	free(text);
}

bool doctor_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	line[0] = 0;
	if (!f)
		return false;
	ok = fgets(line, size, f);
	fclose(f);
	if (!ok)
		return false;
	line[strcspn(line, "\n")] = 0;
	return true;
}

/* By os-release(5): many have the packages of other systems' tools. */
static enum package_tool package_tool(void)
{
	static const struct {
		const char		*id;
		enum package_tool	tool;
	} ids[] = {
		{ "debian", TOOL_APT }, { "ubuntu", TOOL_APT },
		{ "fedora", TOOL_DNF }, { "rhel", TOOL_DNF },
		{ "suse", TOOL_ZYPPER }, { "opensuse", TOOL_ZYPPER },
	};
	enum package_tool tool = TOOL_NONE;
	char line[256], *word, *rest;
	FILE *f = fopen("/etc/os-release", "re");
	size_t i;

	if (!f)
		f = fopen("/usr/lib/os-release", "re");
	while (f && !tool && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "ID=", 3) && strncmp(line, "ID_LIKE=", 8))
			continue;
		word = strtok_r(strchr(line, '=') + 1, " \"'\n", &rest);
		for (; word && !tool; word = strtok_r(NULL, " \"'\n", &rest))
			for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
				if (!strcmp(word, ids[i].id))
					tool = ids[i].tool;
	}
	if (f)
		fclose(f);
	return tool;
}

int cmd_doctor(struct tqctl *t, struct parse *p)
{
	struct doctor d = { .t = t };

	if (parse_end(p))
		return tqctl_usage(t, p);
	if (uname(&d.uts))
		return tqctl_errno(t, errno, "uname");
	d.tool = package_tool();
	d.loaded = !access("/sys/module/tqueue", F_OK);
	d.kmod = kmod_new(NULL, NULL);
	if (!d.kmod)
		return tqctl_errno(t, errno, "libkmod");
	kmod_set_log_priority(d.kmod, 0);

	out_list_begin(&t->out);
	if (doctor_find_module(&d)) {
		doctor_module(&d);
		doctor_trust(&d);
	} else {
		doctor_package(&d);
	}
	doctor_kernels(&d);
	doctor_loaded(&d);
	doctor_use(&d);
	out_list_end(&t->out);
	kmod_unref(d.kmod);
	return d.wrong ? TQCTL_REFUSED : TQCTL_OK;
}
